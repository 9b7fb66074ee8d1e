"""What people are called, and what it is short for: French and English first names, in plain letters.

A short form that stands for several names (Steph, Chris, Alex) is in the list of each: which one is meant is decided
by the pair that is compared.
"""

_FULL = {
    "al": "alain albert alan", "alex": "alexandre alexandra alexis alexander", "andy": "andrew andre",
    "angie": "angela angelique", "annie": "anne anna", "archie": "archibald", "babeth": "elisabeth",
    "barb": "barbara", "bea": "beatrice", "becky": "rebecca", "ben": "benjamin benoit",
    "bernie": "bernard bernadette", "bert": "robert albert bertrand", "beth": "elisabeth elizabeth",
    "betty": "elisabeth elizabeth", "bill": "william", "billy": "william", "bob": "robert", "bobby": "robert",
    "brigit": "brigitte", "cam": "camille", "caro": "caroline carole", "cath": "catherine", "cathy": "catherine",
    "ced": "cedric", "cel": "celine", "charlie": "charles charlotte",
    "chris": "christophe christian christine christelle christopher", "chrissie": "christine", "cindy": "cynthia",
    "clem": "clement clemence", "dan": "daniel danielle", "dani": "daniel danielle", "danny": "daniel",
    "dave": "david", "deb": "deborah", "debbie": "deborah", "dede": "andre", "del": "delphine", "dick": "richard",
    "didi": "didier", "dom": "dominique", "domi": "dominique", "ed": "edward edouard edgar", "eddy": "edouard edward",
    "eli": "elisabeth elise", "elo": "elodie", "em": "emma emilie", "emy": "emilie", "fab": "fabrice fabien",
    "fabi": "fabienne", "fanfan": "francoise francois", "fanny": "stephanie francoise", "fifi": "philippe josephine",
    "flo": "florence florian floriane", "fran": "francoise frances", "frank": "francois franck francis",
    "fred": "frederic frederique alfred frederick", "gab": "gabriel gabrielle", "gabi": "gabriel gabrielle",
    "ge": "gerard", "gege": "gerard", "gigi": "ghislaine gisele", "ginette": "genevieve", "ginny": "virginia",
    "greg": "gregory gregoire", "guigui": "guillaume", "gus": "augustin gustave", "guy": "guillaume", "hank": "henry",
    "harry": "henry harold", "isa": "isabelle isabel", "jack": "john jacques", "jackie": "jacqueline",
    "jacky": "jacques jacqueline", "jacquie": "jacqueline", "jamie": "james", "jb": "jean_baptiste",
    "jeff": "jeffrey jean_francois", "jen": "jennifer", "jenny": "jennifer", "jerry": "gerald jerome",
    "jess": "jessica", "jim": "james", "jimmy": "james", "jo": "joseph jonathan joelle johanna", "joe": "joseph",
    "joey": "joseph", "john": "jonathan", "johnny": "john", "jojo": "joseph georges", "josy": "josiane josette",
    "juju": "julien julie justine", "kate": "catherine katherine", "kathy": "katherine catherine",
    "katie": "katherine", "ken": "kenneth", "kiki": "christian christine", "laeti": "laetitia", "larry": "lawrence",
    "lau": "laurent laurence", "lena": "elena helena magdalena", "leni": "helene", "leo": "leonard leonie leopold",
    "lili": "elisabeth liliane", "lily": "aurelie elisabeth liliane", "lisa": "elisabeth",
    "liz": "elizabeth elisabeth", "lou": "louis louise", "loulou": "louis louise", "ludo": "ludovic",
    "mag": "magali margaret", "maggie": "margaret", "manu": "emmanuel emmanuelle manuel", "marco": "marc",
    "margot": "marguerite margaux", "mat": "mathieu matthieu mathilde", "math": "mathilde mathieu",
    "matt": "mathieu matthew matthieu", "max": "maxime maximilien maxence", "maxou": "maxime", "meg": "margaret",
    "mel": "melanie melissa", "mich": "michel michele", "mick": "mickael michael", "mickey": "mickael michael",
    "mike": "michael mickael michel", "milie": "emilie", "mimi": "michel michele mireille marie", "molly": "mary",
    "momo": "mohamed maurice", "nat": "nathalie natacha nathan", "nath": "nathalie", "ned": "edward",
    "nick": "nicolas nicholas", "nico": "nicolas nicole", "nini": "nicole eugenie", "oli": "olivier olivia",
    "oliv": "olivier olivia", "pam": "pamela", "pat": "patricia patrick patrice", "patou": "patricia patrick",
    "patty": "patricia", "paulo": "paul", "peggy": "margaret", "pete": "peter", "phil": "philippe philip",
    "pierrot": "pierre", "raf": "raphael raphaelle", "ray": "raymond", "rich": "richard", "rick": "richard eric",
    "rob": "robert robin", "robbie": "robert", "ron": "ronald", "sam": "samuel samantha samia samir",
    "sand": "sandrine sandra", "sandy": "sandrine sandra alexandra", "seb": "sebastien",
    "steph": "stephane stephanie stephen", "steve": "stephen steven stephane", "sue": "susan",
    "suzie": "suzanne susan", "suzy": "suzanne", "sylv": "sylvie sylvain", "ted": "edward theodore",
    "teddy": "edward theodore", "theo": "theodore", "tim": "timothy timothee", "titi": "thierry", "tom": "thomas",
    "tommy": "thomas", "tonio": "antoine antonio", "tony": "anthony antoine", "trish": "patricia",
    "val": "valerie valentin valentine", "vero": "veronique", "vic": "victor victoire victoria", "vince": "vincent",
    "virg": "virginie", "will": "guillaume william", "xav": "xavier", "yoyo": "yoann lionel",
    "zaza": "isabelle elisabeth",
}  # fmt: skip

FULL = {short: tuple(name.replace("_", " ") for name in names.split()) for short, names in _FULL.items()}
"""The whole names of a short one."""
