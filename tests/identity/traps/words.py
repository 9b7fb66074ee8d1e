"""The names, streets and slips that the trap set is made of ."""


def words(text: str, between: str = " ") -> list[str]:
    return text.split(between)


SOUNDS = [
    ("eau", "o"), ("au", "o"), ("o", "au"), ("ph", "f"), ("f", "ph"), ("ck", "k"), ("qu", "k"), ("c", "k"), ("y", "i"),
    ("i", "y"), ("ll", "l"), ("l", "ll"), ("tt", "t"), ("t", "tt"), ("nn", "n"), ("n", "nn"), ("ez", "er"), ("er", "ez"),
    ("et", "ay"), ("ss", "c"), ("th", "t"), ("d", "t"), ("b", "p"), ("s", "z"), ("ain", "in"), ("in", "ain"), ("an", "en"),
]  # fmt: skip
SHORT = {"rue ": "r. ", "avenue": "av.", "boulevard": "bd", "place": "pl.", "impasse": "imp.", "chemin": "ch.",
         "allée": "all.", "Saint-": "St ", "Général": "Gal", "Maréchal": "Mal"}  # fmt: skip
DOMAINS = ["gmail.com", "orange.fr", "hotmail.fr", "free.fr", "yahoo.fr", "outlook.com", "laposte.net", "wanadoo.fr",
           "sfr.fr", "icloud.com", "hotmail.com", "live.fr"]  # fmt: skip
DOMAIN_WEIGHTS = [38, 13, 10, 8, 8, 6, 5, 4, 3, 3, 1, 1]
MISTYPED = {
    "gmail.com": ["gmial.com", "gamil.com", "gmail.fr", "gmail.co", "gmai.com"], "orange.fr": ["oragne.fr", "orange.com"],
    "hotmail.fr": ["hotmial.fr", "hotmail.f", "hotmil.fr"], "free.fr": ["fre.fr", "free.com"],
    "yahoo.fr": ["yaho.fr", "yahoo.f", "yahou.fr"], "outlook.com": ["outlok.com", "outlook.fr"],
    "laposte.net": ["laposte.fr", "lapost.net"], "wanadoo.fr": ["wanado.fr"],
}  # fmt: skip
HOBBIES = ["soleil", "chat", "moto", "rugby", "jardin", "lolo", "titi", "doudou", "etoile", "loulou", "breizh", "surf"]
MEN = words(
    "Jean Michel Pierre Philippe Alain Nicolas Christophe Patrick Daniel Christian Bernard Frédéric Laurent Thomas Julien "
    "Eric David Olivier Stéphane Pascal Gérard Jacques Sébastien Alexandre Maxime Antoine Vincent Jérôme Kevin Guillaume "
    "François Romain Thierry Lucas Hugo Louis Paul Mathieu Bruno Anthony Benjamin Clément Quentin Florian Marc Dominique "
    "Didier Serge Gilles Fabrice Franck Arnaud Cédric Mohamed Ludovic Adrien Arthur Xavier Damien Yves Jonathan Benoît "
    "Claude Hervé Denis Raphaël Nathan Théo Rémi Samuel Simon Gabriel Emmanuel Joël Valentin Alexis Jules Ahmed Karim "
    "Rachid Youssef Mehdi Ali Omar Samir Victor Baptiste Robin Dylan Enzo Loïc Yann Gaël Erwan Tristan Corentin Fabien "
    "Grégory Mickaël Sylvain Régis Roland Roger René André Robert Raymond Marcel Henri Georges Maurice Lucien Albert "
    "William James Oliver George Harry Jack Charlie Edward Mario Luca Marco Pedro José Manuel Carlos Antonio"
)
WOMEN = words(
    "Marie Nathalie Isabelle Sylvie Catherine Françoise Christine Valérie Sandrine Monique Martine Stéphanie Céline "
    "Véronique Sophie Julie Aurélie Brigitte Patricia Jacqueline Nicole Anne Laura Camille Léa Manon Sarah Émilie Pauline "
    "Chantal Annie Laurence Christelle Virginie Delphine Corinne Dominique Karine Florence Hélène Élodie Marine Mélanie "
    "Laetitia Caroline Charlotte Mathilde Lucie Marion Clara Inès Chloé Emma Jade Louise Alice Juliette Claire Audrey "
    "Amandine Agnès Cécile Michèle Danielle Josiane Denise Yvette Simone Jeanne Marguerite Suzanne Madeleine Odette "
    "Fatima Nadia Samira Yasmine Leïla Amina Khadija Myriam Sabrina Jessica Cindy Vanessa Jennifer Mélissa Océane Anaïs "
    "Noémie Margaux Elsa Lola Zoé Romane Lisa Eva Ambre Rose Anna Agathe Victoire Clémence Constance Solène Maëlle "
    "Gaëlle Annick Ghislaine Évelyne Bernadette Colette Geneviève Olivia Amelia Emily Maria Ana Carla Paola Elena"
)
NICKNAMES = {
    "Alexandre": ["Alex"], "Christophe": ["Chris"], "Frédéric": ["Fred"], "Nicolas": ["Nico"], "Philippe": ["Phil"],
    "Stéphane": ["Steph"], "Sébastien": ["Seb"], "Benjamin": ["Ben"], "Thomas": ["Tom"], "Mathieu": ["Matt"],
    "Maxime": ["Max"], "Guillaume": ["Guigui", "Will"], "Antoine": ["Tonio"], "Emmanuel": ["Manu"], "Gabriel": ["Gab"],
    "Daniel": ["Dan"], "Samuel": ["Sam"], "Jonathan": ["Jo"], "Victor": ["Vic"], "William": ["Bill", "Will"],
    "Edward": ["Ed", "Ted"], "James": ["Jim", "Jamie"], "Robert": ["Bob", "Rob"], "Dominique": ["Dom"],
    "Patricia": ["Pat", "Patou"], "Catherine": ["Cathy", "Kate"], "Stéphanie": ["Steph"], "Christine": ["Chris"],
    "Véronique": ["Véro"], "Isabelle": ["Isa"], "Nathalie": ["Nath", "Nat"], "Sandrine": ["Sand"], "Françoise": ["Fanfan"],
    "Valérie": ["Val"], "Virginie": ["Virg"], "Delphine": ["Del"], "Caroline": ["Caro"], "Charlotte": ["Charlie"],
    "Mathilde": ["Math"], "Élodie": ["Elo"], "Aurélie": ["Lily"], "Jacqueline": ["Jacquie"], "Josiane": ["Josy"],
    "Laetitia": ["Laeti"], "Mélanie": ["Mel"], "Jennifer": ["Jenny"], "Jessica": ["Jess"], "Victoire": ["Vic"],
    "Émilie": ["Milie"], "Margaux": ["Margot"], "Geneviève": ["Ginette"], "Elena": ["Lena"], "Mohamed": ["Momo"],
}  # fmt: skip
SURNAMES = words(
    "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux David "
    "Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller Lefèvre Faure André Mercier "
    "Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Garcia Perrin Robin Clément Morin Nicolas Henry "
    "Roussel Mathieu Gautier Masson Marchand Duval Denis Dumont Marie Lemaire Noël Meyer Dufour Meunier Brun Blanchard "
    "Giraud Joly Rivière Lucas Brunet Gaillard Barbier Arnaud Martinez Gérard Roche Renard Schmitt Roy Leroux Colin Vidal "
    "Caron Picard Roger Fabre Aubert Lemoine Renaud Dumas Lacroix Olivier Philippe Bourgeois Pierre Benoît Rey Leclerc "
    "Payet Rolland Leclercq Guillaume Lecomte Lopez Jean Dupuy Guillot Hubert Berger Carpentier Sanchez Dupuis Moulin "
    "Louis Deschamps Huet Vasseur Perez Boucher Fleury Royer Klein Jacquet Adam Paris Poirier Marty Aubry Guyot Carré "
    "Charles Renault Charpentier Ménard Maillard Baron Bertin Bailly Hervé Schneider Fernandez Le-Gall Collet Léger "
    "Bouvier Julien Prévost Millet Perrot Daniel Le-Roux Cousin Germain Breton Besson Langlois Rémy Le-Goff Pelletier "
    "Lévêque Perrier Leblanc Barré Lebrun Marchal Weber Mallet Hamon Boulanger Jacob Monnier Michaud Rodriguez Guichard "
    "Gillet Étienne Grondin Poulain Tessier Chevallier Collin Chauvin Da-Silva Bouchet Gay Lemaître Bénard Maréchal "
    "Humbert Reynaud Antoine Hoarau Perret Barthélemy Cordier Pichon Lejeune Gilbert Lamy Delaunay Pasquier Carlier"
)
ONSETS = words(
    "Ba Be Bou Bra Ca Cha Che Co Cou Da De Di Du Fa Fe Fo Ga Gau Ge Gi Go Gra Gui Ha Hu Ja Jo La Le Li Lo Ma Me Mi Mo Na Ne Pa Pe Pi Po Pra Ra Re Ri Ro Sa Se Si Sou Ta Te Ti Tou Tra Va Ve Vi Wa Ya Ze Zou"
)
MIDDLES = words(
    "bar ber bi cha che co da de du fa fi ga gno la le li lo ma mi mon na no pa pi que ra ri ro sa so ta ti to va vi zi lan ran man tan quin ller"
)
ENDINGS = words(
    "ch court di dot eau el er et euil ez gnac ier in is lle lli lon mont n nd neau nier non rd ret rin ron rt s sson t tier ton u ville xe y z zac"
)
CITIES = [
    ("Paris", "75001"), ("Marseille", "13001"), ("Lyon", "69001"), ("Toulouse", "31000"), ("Nice", "06000"),
    ("Nantes", "44000"), ("Montpellier", "34000"), ("Strasbourg", "67000"), ("Bordeaux", "33000"), ("Lille", "59000"),
    ("Rennes", "35000"), ("Reims", "51100"), ("Toulon", "83000"), ("Saint-Étienne", "42000"), ("Le Havre", "76600"),
    ("Grenoble", "38000"), ("Dijon", "21000"), ("Angers", "49000"), ("Nîmes", "30000"), ("Villeurbanne", "69100"),
    ("Clermont-Ferrand", "63000"), ("Aix-en-Provence", "13100"), ("Brest", "29200"), ("Tours", "37000"),
    ("Amiens", "80000"), ("Annecy", "74000"), ("Limoges", "87000"), ("Metz", "57000"), ("Besançon", "25000"),
    ("Perpignan", "66000"), ("Orléans", "45000"), ("Mulhouse", "68100"), ("Rouen", "76000"), ("Caen", "14000"),
    ("Nancy", "54000"), ("Saint-Denis", "93200"), ("Montreuil", "93100"), ("Avignon", "84000"), ("Poitiers", "86000"),
    ("Bourg-en-Bresse", "01000"), ("Laon", "02000"), ("Moulins", "03000"), ("Digne", "04000"), ("Gap", "05000"),
    ("Cannes", "06400"), ("Antibes", "06600"), ("Privas", "07000"), ("Troyes", "10000"), ("Béziers", "34500"),
    ("Pau", "64000"), ("Bayonne", "64100"), ("La Rochelle", "17000"), ("Valence", "26000"), ("Chambéry", "73000"),
]  # fmt: skip
VILLAGES = ["Saint-Martin", "Villeneuve", "Montigny", "Beaumont", "Saint-Pierre", "Châteauneuf", "Bellerive", "Fontenay",
            "Saint-Germain", "La Chapelle", "Neuville", "Roquefort", "Aubigny", "Sainte-Marie"]  # fmt: skip
STREETS = words(
    "de la République|Victor Hugo|du Général de Gaulle|Pasteur|Jean Jaurès|de l'Église|du Moulin|des Écoles|de la Gare|"
    "Saint-Michel|de Verdun|Gambetta|des Lilas|du Château|de la Mairie|Émile Zola|Voltaire|de la Paix|Jules Ferry|"
    "des Acacias|du Maréchal Foch|de la Liberté|Anatole France|des Roses|du Stade|Carnot|Saint-Jean|des Vignes|du Lavoir|"
    "de la Fontaine|Marcel Pagnol|Pierre Curie|des Tilleuls|Louis Aragon|du Port|des Jardins|de Bretagne|de Lyon|"
    "Jean Moulin|du Bois|de la Croix|des Peupliers|Molière|Lamartine|des Prés|du 8 Mai 1945|du 11 Novembre|Balzac|"
    "George Sand|des Cerisiers|de la Poste|du Four|des Marronniers|Berthelot|de la Forêt|Racine|Diderot|du Marché|"
    "de Strasbourg|Ampère|des Champs|Rouget de Lisle|Michelet|Danton|de Provence|Alphonse Daudet|des Fleurs|du Lac|"
    "Henri Barbusse|Paul Éluard|Sadi Carnot|de l'Abbaye|de Normandie|des Hirondelles|Chateaubriand|du Canal|Colbert",
    "|",
)
