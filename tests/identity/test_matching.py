"""Records that share no key: cleaned, compared, grouped; a couple stays two people, and the file has its answer."""

from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptoir.identity.matching import candidates, cleaning, columns, comparisons, model, training
from comptoir.identity.matching.batch import match
from comptoir.identity.matching.clustering import Clustering
from comptoir.identity.matching.comparisons import COMPARISONS, FIELDS, Clean, conflict, levels
from identity.partitions import judged
from identity.trap_files import load, write
from identity.traps import trap_set

# ---- the same level and the same bits in SQL and in Python

NAMES = ["jean", "jaen", "marie", "mari", "jeanpierre", "p", "m", "dupont", "dupond", "martin", "steph", "stephanie"]
names = st.sampled_from([None, *NAMES])
shares = st.sampled_from([0.0001, 0.001, 0.01, 0.1])
cleans = st.builds(
    Clean,
    first=names,
    part=st.sampled_from([None, "jean", "marie"]),
    called=st.lists(st.sampled_from([*NAMES, "stephane"]), max_size=2),
    last=names,
    lasts=st.none() | st.lists(st.sampled_from(NAMES), min_size=2, max_size=2),
    email=st.sampled_from([None, "jean.dupont@a.fr", "jeandupont@a.fr", "jean.dupnot@a.fr", "jeandupont@b.fr", "x@a.fr"]),
    local=st.sampled_from([None, "jeandupont", "jeandupnot", "x"]),
    relays=st.booleans(),
    phone=st.sampled_from([None, "612345678", "612345679", "699999999"]),
    number=st.sampled_from([None, "", "12", "13"]),
    street=st.sampled_from([None, "lilas", "lilsa", "republique"]),
    postcode=st.sampled_from([None, "69001", "69010", "75001"]),
    birth=st.none() | st.dates(date(1980, 1, 1), date(1980, 12, 31)) | st.sampled_from([date(1990, 2, 3), date(1990, 3, 2)]),
    card=st.sampled_from([None, "A", "B"]),
    code=st.sampled_from([None, "W:1", "W:2", "W1234567", "W1234568", "W9999999"]),
    devices=st.none() | st.lists(st.sampled_from(["d", "e"]), min_size=1, max_size=2),
    first_share=shares,
    last_share=shares,
    place_share=shares,
)  # fmt: skip
KINDS = {"relays": "BOOLEAN", "is_spelt": "BOOLEAN", "birth": "DATE", "called": "VARCHAR[]", "lasts": "VARCHAR[]",
         "devices": "VARCHAR[]", "first_share": "DOUBLE", "last_share": "DOUBLE", "place_share": "DOUBLE"}  # fmt: skip
WEIGHTS = model.Model(
    version="test",
    prior=-10.0,
    m={one.name: [0.9 / (n + 1) for n in range(len(one.levels))] for one in COMPARISONS},
    u={one.name: [0.01 * (n + 1) for n in range(len(one.levels))] for one in COMPARISONS},
    shares=model.Shares(0.01, 0.02, 0.03),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(cleans, cleans), min_size=1, max_size=20))
def test_a_pair_has_the_same_levels_and_bits_in_sql_and_in_python(pairs):
    with duckdb.connect() as con:
        sides = [f"{field}_{side} {KINDS.get(field, 'VARCHAR')}" for side in "lr" for field in FIELDS]
        con.execute(f"CREATE TABLE two (n INTEGER, {', '.join(sides)})")
        marks = ", ".join("?" * (1 + 2 * len(FIELDS)))
        for number, pair in enumerate(pairs):
            values = [getattr(one, field) for one in pair for field in FIELDS]
            con.execute(f"INSERT INTO two VALUES ({marks})", [number, *values])
        found = con.execute(
            f"SELECT * EXCLUDE (n), {WEIGHTS.sql()} FROM (SELECT n, {comparisons.levels_sql()},"
            " first_share_l, first_share_r, last_share_l, last_share_r, place_share_l, place_share_r FROM two) ORDER BY n"
        ).fetchall()
    many = len(COMPARISONS)
    assert [row[:many] for row in found] == [levels(*pair) for pair in pairs]
    assert [row[-1] for row in found] == pytest.approx([WEIGHTS.score(*pair) for pair in pairs])


@given(cleans, cleans)
def test_what_agrees_is_symmetric(one, other):
    assert levels(one, other) == levels(other, one)
    assert conflict([one], [other]) == conflict([other], [one])


# ---- cleaning


def cleaned(rows):
    """The rows of `clean`, by record id."""
    with duckdb.connect() as con:
        load(con, rows)
        cleaning.clean(con)
        found = con.execute("SELECT record_id, clean.* FROM clean JOIN record USING (id)")
        heads = [one[0] for one in found.description or ()]
        return {row[0]: dict(zip(heads, row, strict=True)) for row in found.fetchall()}


def test_every_way_of_writing_it_is_one():
    found = cleaned(
        [
            {"record_id": "a", "first_name": "Jean-Pierre", "last_name": "Œdipe", "email": "J.P.Oedipe+shop@GMAIL.com",
             "phone": "+33 (0)6 12 34 56 78", "street": "12 bis, av. du Gal Leclerc, Bât. C", "postcode": "1000", "country": "FR"},
            {"record_id": "b", "first_name": "JEAN PIERRE", "last_name": "OEDIPE", "email": "jpoedipe@gmail.com",
             "phone": "0612345678", "street": "Appt 4 12 AVENUE DU GENERAL LECLERC", "postcode": "01000", "country": "fr"},
        ]
    )  # fmt: skip
    for field in ("first", "last", "email", "phone", "number", "street", "postcode"):
        assert found["a"][field] == found["b"][field], field
    assert found["a"]["part"] == "jean"


def test_fillers_are_found_in_the_data_and_people_are_not():
    strangers = [
        {"record_id": f"s{n}", "first_name": f"Prénom{chr(97 + n)}", "last_name": f"Nom{chr(97 + n)}",
         "email": "no@no.com", "phone": "0600000000", "device_ids": ["kiosk", f"own{n}"]}
        for n in range(12)
    ]  # fmt: skip
    family = [
        {"record_id": f"f{n}", "first_name": f"Enfant{chr(97 + n)}", "last_name": "Grand", "email": "grand@famille.fr"}
        for n in range(12)
    ]
    found = cleaned([*strangers, *family])
    assert all(found[f"s{n}"]["email"] is None and found[f"s{n}"]["phone"] is None for n in range(12))
    assert all(found[f"s{n}"]["devices"] == [f"own{n}"] for n in range(12))
    assert all(found[f"f{n}"]["email"] == "grand@famille.fr" for n in range(12)), "many records, one surname: a family"


def test_a_mistyped_domain_is_the_frequent_one_and_a_rare_one_stays():
    many = [{"record_id": f"m{n}", "last_name": "X", "email": f"someone{n}@gmail.com"} for n in range(60)]
    found = cleaned(
        [
            *many,
            {"record_id": "slip", "email": "someone1@gmial.com"},
            {"record_id": "own", "email": "someone1@gaillard.fr"},
        ]
    )
    assert found["slip"]["email"] == "someone1@gmail.com"
    assert found["own"]["email"] == "someone1@gaillard.fr"


def test_names_in_each_others_box_are_turned():
    many = [{"record_id": f"m{n}", "first_name": "Valérie", "last_name": f"Nom{chr(97 + n % 26)}"} for n in range(30)]
    found = cleaned([*many, {"record_id": "turned", "first_name": "Peville", "last_name": "VALERIE"}])
    assert (found["turned"]["first"], found["turned"]["last"]) == ("valerie", "peville")


def test_a_name_is_read_out_of_an_address_the_likelier_way_round():
    men = [{"record_id": f"k{n}", "first_name": "Karim", "last_name": f"Nom{chr(97 + n)}"} for n in range(9)]
    more = [{"record_id": f"m{n}", "first_name": "Michel", "last_name": f"Nom{chr(97 + n)}"} for n in range(20)]
    family = [{"record_id": f"f{n}", "first_name": "Anne", "last_name": "Michel"} for n in range(5)]
    found = cleaned([*men, *more, *family, {"record_id": "spelt", "email": "karim_michel96@free.fr"}])
    assert (found["spelt"]["first"], found["spelt"]["last"], found["spelt"]["is_spelt"]) == ("karim", "michel", True)


def test_an_address_that_is_only_a_name_says_no_more_at_another_provider():
    found = cleaned(
        [
            {"record_id": "name", "first_name": "Marie", "last_name": "Dupont", "email": "m.dupont@free.fr"},
            {"record_id": "own", "first_name": "Marie", "last_name": "Dupont", "email": "m.dupont831@free.fr"},
        ]
    )
    assert (found["name"]["local"], found["own"]["local"]) == (None, "mdupont831")


# ---- comparing


def test_a_mobile_and_a_landline_say_nothing_and_a_dot_is_no_slip():
    mobile, other, landline = (Clean(phone=one) for one in ("612345678", "699999999", "112345678"))
    assert comparisons.PHONE.level(mobile, landline) == -1
    assert comparisons.PHONE.levels[comparisons.PHONE.level(mobile, other)].name == "other"
    dotted, plain, slip = (
        Clean(email=one) for one in ("f.clement@orange.fr", "fclement@orange.fr", "f.clemnt@orange.fr")
    )
    assert comparisons.EMAIL.levels[comparisons.EMAIL.level(dotted, plain)].name == "other"
    assert comparisons.EMAIL.levels[comparisons.EMAIL.level(dotted, slip)].name == "misspelt"


def test_nicknames_initials_slips_and_marriages():
    def level(one, other):
        return comparisons.NAME.levels[comparisons.NAME.level(named(*one), named(*other))].name

    assert level(("bob", "martin"), ("robert", "martin")) == "known as"
    assert level(("steph", "martin"), ("stephane", "martin")) == "known as"
    assert level(("m", "martin"), ("marie", "martin")) == "initial"
    assert level(("bernadtte", "martin"), ("bernadette", "martin")) == "first misspelt"
    assert level(("martin", "robert"), ("robert", "martin")) == "swapped"
    assert level(("robert", "martni"), ("robert", "martin")) == "last misspelt"
    assert level(("paul", "martin"), ("robert", "martin")) == "other first"
    assert level((None, "martin"), ("robert", "martin")) == "last only"


def named(first, last):
    called = [] if first is None else [first, *cleaning.FULL.get(first, ())]
    return Clean(first=first, last=last, called=called, first_share=0.0001, last_share=0.0001)


def test_an_initial_does_not_bring_two_first_names_together():
    marie, michel, m = named("marie", "roux"), named("michel", "roux"), named("m", "roux")
    assert not conflict([marie], [m])
    assert conflict([marie, m], [michel])
    assert conflict([m], [named("paul", "roux")])


# ---- grouping


@pytest.fixture(scope="module")
def learnt():
    """A model of the trap set."""
    records, _ = trap_set(people=3_000, seed=11)
    with duckdb.connect() as con:
        load(con, records)
        cleaning.clean(con)
        candidates.pair(con)
        return training.train(con)


def grouped(learnt, *records):
    """Which of these are one person."""
    pairs = sorted(
        ((learnt.score(records[a], records[b]), a, b) for a in range(len(records)) for b in range(a + 1, len(records))),
        reverse=True,
    )
    found = Clustering(records, learnt).run([a for _, a, _ in pairs], [b for _, _, b in pairs])
    return [found.index(one) for one in found]


def person(first, last="gaumont", **fields):
    called = [] if first is None else [first]
    return Clean(
        first=first, last=last, called=called, first_share=0.002, last_share=0.0005, place_share=0.01, **fields
    )


HOME = {"number": "12", "street": "lilas", "postcode": "69001"}


def test_a_couple_that_shares_an_email_and_a_home_stays_two_people(learnt):
    his, hers = {"email": "gaumont@free.fr", "local": "gaumont"}, {"email": "gaumont@free.fr", "local": "gaumont"}
    couple = (
        person("paul", **his, **HOME),
        person("anne", **hers, **HOME),
        person("anne", **hers),
        person("paul", **his),
    )
    assert grouped(learnt, *couple) == [0, 1, 1, 0]


def test_father_and_son_of_one_name_stay_two_people(learnt):
    father = person("paul", birth=date(1950, 3, 4), card="1", **HOME)
    son = person("paul", birth=date(1981, 11, 20), card="2", **HOME)
    assert grouped(learnt, father, son) == [0, 1]


def test_a_nameless_record_hangs_on_one_person_and_never_joins_two(learnt):
    newsletter = person(None, None, email="g@free.fr", local=None)
    alone = person("paul", email="g@free.fr"), newsletter
    assert grouped(learnt, *alone) == [0, 0]
    both = person("paul", email="g@free.fr"), person("anne", email="g@free.fr"), newsletter
    assert grouped(learnt, *both) == [0, 1, 2]


def test_a_mailbox_of_two_says_of_neither_who_wrote_even_if_it_is_called_like_one(learnt):
    mail = {"email": "hugo.gaumont@free.fr"}
    newsletter = person("hugo", is_spelt=True, **mail)
    assert grouped(learnt, person("hugo", **mail), newsletter) == [0, 0]
    assert grouped(learnt, person("delphine", **mail), newsletter) == [0, 0], "nobody else is known to use it"
    assert grouped(learnt, person("hugo", **mail), person("delphine", **mail), newsletter) == [0, 1, 2]


def test_who_has_no_birth_date_is_neither_father_nor_son(learnt):
    father = person("paul", birth=date(1950, 3, 4), email="father@free.fr", **HOME)
    son = person("paul", birth=date(1981, 11, 20), email="young@free.fr", **HOME)
    assert grouped(learnt, father, son, person("paul", **HOME)) == [0, 1, 2]
    assert grouped(learnt, father, son, person("paul", email="young@free.fr", **HOME)) == [0, 1, 1]


def test_one_name_in_one_home_is_not_enough_where_all_else_differs(learnt):
    one = person("paul", email="a.b@free.fr", phone="611111111", card="1", **HOME)
    other = person("paul", email="other@sfr.fr", phone="699999999", card="2", **HOME)
    assert grouped(learnt, one, person("paul", **HOME)) == [0, 0]
    assert grouped(learnt, one, other) == [0, 1]


def test_two_birth_dates_are_two_people_unless_a_customer_code_says_otherwise(learnt):
    one, other = (
        {"birth": date(1950, 3, 4), "email": "p@free.fr"},
        {"birth": date(1981, 11, 20), "email": "p@free.fr"},
    )
    assert grouped(learnt, person("paul", **one, **HOME), person("paul", **other, **HOME)) == [0, 1]
    account = {"code": "W12345678"}
    assert grouped(learnt, person("paul", **one, **account, **HOME), person("paul", **other, **account, **HOME)) == [
        0,
        0,
    ]


def test_several_nameless_records_hang_on_one_person(learnt):
    paul = person("paul", email="g@free.fr", devices=["d"])
    newsletters = [person(None, None, email="g@free.fr")] * 3
    assert grouped(learnt, paul, *newsletters, person(None, None, devices=["d"])) == [0] * 5


def test_who_moved_and_changed_her_email_is_found_by_name_and_birth(learnt):
    before = person("anne", birth=date(1980, 5, 6), email="old@free.fr", phone="612345678", **HOME)
    after = person("anne", birth=date(1980, 5, 6), email="new@free.fr", phone="612345678", postcode="13001")
    assert grouped(learnt, before, after) == [0, 0]


# ---- the whole


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    records, truth = trap_set(people=4_000, seed=5)
    folder = tmp_path_factory.mktemp("matching")
    write(folder / "in.parquet", records)
    done = match(folder / "in.parquet", folder / "out.parquet")
    return records, truth, done, pq.read_table(folder / "out.parquet").to_pylist(), folder


def test_the_trap_set_is_matched(matched):
    records, truth, done, answer, _ = matched
    assert [one["record_id"] for one in answer] == [one["record_id"] for one in records]
    assert done.records == len(records) and done.persons == len({one["person_id"] for one in answer})
    quality = judged({one["record_id"]: one["person_id"] for one in answer}, truth)
    # What is reached on 4,000 people; the bars of the issue are measured by `comptoir bench match`.
    assert quality.precision > 0.985 and quality.f1 > 0.94 and quality.most_people <= 3, quality
    assert all(0 <= one["confidence"] <= 1 for one in answer)
    together = {one["person_id"]: one["household_id"] for one in answer}
    assert len(set(together.values())) < len(together), "some people live together"


def test_the_same_file_has_the_same_answer_and_a_kept_model_too(matched):
    _, _, done, answer, folder = matched
    kept = model.decode(done.model.encode())
    assert kept == done.model
    again = match(folder / "in.parquet", folder / "again.parquet", model=kept)
    assert pq.read_table(folder / "again.parquet").to_pylist() == answer
    assert again.persons == done.persons


def test_what_is_no_date_is_left_out_and_told(tmp_path):
    lines = ["record_id,source,last_name,birth_date", "1,web,Roux,1980-02-30", "2,web,Roux,1980-02-03", "3,web,,"]
    (tmp_path / "in.csv").write_text("\n".join(lines))
    with duckdb.connect() as con:
        assert columns.read(con, tmp_path / "in.csv") == (3, {"birth_date": 1})
        assert con.execute("SELECT birth_date FROM record ORDER BY id").fetchall() == [
            (None,),
            (date(1980, 2, 3),),
            (None,),
        ]


def test_columns_of_other_names_are_mapped(tmp_path):
    (tmp_path / "in.csv").write_text("id, given, no, road, born\n1, Anne, 12, rue Roux, 19800506\n2,,,,\n")
    mapping = {"record_id": "id", "source": "=old", "first_name": "given", "street": "no+road", "birth_date": "born"}
    with duckdb.connect() as con:
        assert columns.read(con, tmp_path / "in.csv", mapping) == (2, {})
        found = con.execute(
            "SELECT record_id, source, first_name, street, birth_date FROM record ORDER BY id"
        ).fetchall()
    assert found == [("1", "old", "Anne", "12 rue Roux", date(1980, 5, 6)), ("2", "old", None, None, None)]
    for wrong, said in (({"name": "given"}, "no column of records"), ({**mapping, "city": "town"}, "no column town")):
        with pytest.raises(columns.BadRecords, match=said):
            match(tmp_path / "in.csv", tmp_path / "out.parquet", mapping=wrong)


def test_a_bad_file_says_what_to_mend(tmp_path):
    with pytest.raises(columns.BadRecords, match="cannot be read"):
        (tmp_path / "no.parquet").write_bytes(b"not parquet")
        match(tmp_path / "no.parquet", tmp_path / "out.parquet")
    pq.write_table(pa.table({"record_id": ["1"]}), tmp_path / "lacking.parquet")
    with pytest.raises(columns.BadRecords, match="record_id and source"):
        match(tmp_path / "lacking.parquet", tmp_path / "out.parquet")
    write(tmp_path / "twice.parquet", [{"record_id": "1"}, {"record_id": "1"}])
    with pytest.raises(columns.BadRecords, match="more than once"):
        match(tmp_path / "twice.parquet", tmp_path / "out.parquet")
    write(tmp_path / "without.parquet", [{"record_id": None}, {"record_id": "1"}])
    with pytest.raises(columns.BadRecords, match="no record_id"):
        match(tmp_path / "without.parquet", tmp_path / "out.parquet")
    with pytest.raises(model.BadModel):
        model.decode(b"{}")
