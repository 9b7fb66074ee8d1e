"""One key in three forms: what goes in comes out, and what is mistyped is refused.

The vectors are those of the EPC Tag Data Standard (section 7, one example for each scheme) and of GS1 Digital Link.
"""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir.catalog import check_digit
from comptoir.rfid import BadGs1Key, Key, canonical, parse
from comptoir.rfid.gs1 import FNC1

TDS = [
    ("urn:epc:id:sgtin:0614141.812345.6789", "(01)80614141123458(21)6789", "/01/80614141123458/21/6789"),
    ("urn:epc:id:sgtin:0614141.112345.32a%2Fb", "(01)10614141123459(21)32a/b", "/01/10614141123459/21/32a%2Fb"),
    ("urn:epc:id:sscc:0614141.1234567890", "(00)106141412345678908", "/00/106141412345678908"),
    ("urn:epc:id:sgln:0614141.12345.400", "(414)0614141123452(254)400", "/414/0614141123452/254/400"),
    ("urn:epc:id:sgln:0614141.12345.0", "(414)0614141123452", "/414/0614141123452"),
    ("urn:epc:id:grai:0614141.12345.400", "(8003)00614141123452400", "/8003/00614141123452400"),
    ("urn:epc:id:giai:0614141.12345400", "(8004)061414112345400", "/8004/061414112345400"),
    ("urn:epc:id:gsrn:0614141.1234567890", "(8018)061414112345678902", "/8018/061414112345678902"),
    ("urn:epc:id:gsrnp:0614141.1234567890", "(8017)061414112345678902", "/8017/061414112345678902"),
    ("urn:epc:id:gdti:0614141.12345.400", "(253)0614141123452400", "/253/0614141123452400"),
    ("urn:epc:id:sgcn:4012345.67890.04711", "(255)401234567890104711", "/255/401234567890104711"),
    ("urn:epc:id:cpi:0614141.123ABC.123456789", "(8010)0614141123ABC(8011)123456789",
     "/8010/0614141123ABC/8011/123456789"),
    ("urn:epc:id:ginc:0614141.xyz47%2F11", "(401)0614141xyz47/11", "/401/0614141xyz47%2F11"),
    ("urn:epc:id:gsin:0614141.123456789", "(402)06141411234567890", "/402/06141411234567890"),
    ("urn:epc:id:itip:4012345.012345.01.02.987", "(8006)040123451234560102(21)987", "/8006/040123451234560102/21/987"),
    ("urn:epc:id:upui:1234567.089456.51qIgY)%3C%26Jp3*j7'SDB", "(01)01234567894560(235)51qIgY)<&Jp3*j7'SDB",
     "/01/01234567894560/235/51qIgY%29%3C%26Jp3%2Aj7'SDB"),
    ("urn:epc:id:pgln:1234567.89012", "(417)1234567890128", "/417/1234567890128"),
    ("urn:epc:class:lgtin:4012345.012345.998877", "(01)04012345123456(10)998877", "/01/04012345123456/10/998877"),
    ("urn:epc:idpat:sgtin:4012345.098765.*", "(01)04012345987652", "/01/04012345987652"),
]  # fmt: skip


@pytest.mark.parametrize(("urn", "elements", "path"), TDS, ids=lambda text: text[:28])
def test_the_examples_of_the_standard_read_the_same_in_every_form(urn, elements, path):
    key = parse(urn)
    assert parse(elements) == key
    assert parse(f"https://id.gs1.org{path}") == key
    assert (key.elements(), key.link()) == (elements, f"https://id.gs1.org{path}")
    assert key.urn(7) == urn
    assert canonical(urn) == key.link()


def test_a_link_of_any_host_with_a_lot_and_words_names_the_finest_level():
    wanted = parse("(01)09506000134352(21)12345")
    for link in (
        "https://shop.example/fr/p/01/09506000134352/10/ABC/21/12345?17=201225#top",
        "http://shop.example/gtin/9506000134352/ser/12345/",
        "https://id.gs1.org/01/09506000134352/22/2A/10/ABC/21/12345",
    ):
        assert parse(link) == wanted, link
        assert canonical(link) == "https://id.gs1.org/01/09506000134352/21/12345"


def test_what_a_scanner_gives_is_read_without_brackets():
    raw = f"]C1010950600013435217261231310300150010ABC{FNC1}2112345"
    assert parse(raw) == parse("(17)261231(01)09506000134352(10)ABC(21)12345")
    assert parse("(01)09506000134352(21)a(b)(99)").serial == "a(b)(99)", "a bracket may stand in a serial"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "urn:epc:id:sgtin:0614141.107346",  # no serial
        "urn:epc:id:sgtin:0614141.107346.",
        "urn:epc:id:sgtin:0614141.10734.2017",  # one digit short
        "urn:epc:id:sgtin:061414١.107346.2017",  # an Arabic digit
        "urn:epc:id:sgtin:06141.10734612.2017",  # company prefix of five
        "urn:epc:id:sgtin:0614141.107346." + "1" * 21,
        "urn:epc:id:sgtin:0614141.107346.a/b",  # unescaped
        "urn:epc:id:sgtin:0614141.107346.é",
        "urn:epc:idpat:sgtin:0614141.*.*",  # a pattern beyond one class
        "urn:epc:id:unknown:0614141.1",
        "urn:epc:class:sgtin:0614141.107346.2017",
        "urn:epc:id:sgcn:4012345.67890.04x11",
        "https://shop.example/01/10614141073465/21/2017",  # check digit
        "https://shop.example/01/1061414107346/21/2017",
        "https://shop.example/00/12345",
        "https://shop.example/401/orders",
        "https://shop.example/about",
        "(01)10614141073465",
        "(01)1061414107346x",
        "(99)whatever",
        "zzzz",
        "01",
    ],
)
def test_what_is_mistyped_is_refused(text):
    with pytest.raises(BadGs1Key) as refused:
        parse(text)
    assert refused.value.detail.endswith(".")
    if not text.startswith("https://shop.example/01/"):
        assert canonical(text) == text, "what is no key stays as it is"


@given(st.text())
def test_no_text_breaks_the_parser(text):
    for whole in (text, f"urn:epc:id:{text}", f"urn:epc:id:sgtin:{text}", f"https://a/01/{text}", f"(01){text}"):
        with contextlib.suppress(BadGs1Key):
            parse(whole)


# ---- properties

SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
prefixes = st.integers(6, 12)


def digits(count):
    return st.text("0123456789", min_size=count, max_size=count)


def serials(most):
    # A serial like `a(21)` reads as a new AI in brackets: such are written raw or as a link.
    return st.text(SET_82, min_size=1, max_size=most).filter(lambda text: text != "0" and "(" not in text)


@st.composite
def keys(draw):
    scheme = draw(st.sampled_from(["sgtin", "lgtin", "article", "sscc", "sgln", "grai", "gdti", "giai"]))
    if scheme in {"sgtin", "lgtin", "article"}:
        body = draw(digits(13))
        value = body + str(check_digit(body))
        serial = draw(serials(20)) if scheme == "sgtin" else ""
        return Key("sgtin", value, serial, draw(serials(20)) if scheme == "lgtin" else "")
    if scheme == "giai":
        return Key("giai", draw(digits(12)) + draw(serials(18)))
    length, lead, most = {"sscc": (17, "", 0), "sgln": (12, "", 20), "grai": (12, "0", 16), "gdti": (12, "", 17)}[
        scheme
    ]
    body = lead + draw(digits(length))
    serial = draw(serials(most)) if most and draw(st.booleans()) else ""
    return Key(scheme, body + str(check_digit(body)), serial)


@given(keys(), prefixes)
def test_every_key_survives_every_form(key, prefix):
    assert parse(key.link()) == key
    assert parse(key.elements()) == key
    assert parse(key.urn(prefix)) == key
    assert canonical(key.urn(prefix)) == canonical(key.link()) == key.link()
    assert canonical(canonical(key.link())) == canonical(key.link())


@given(keys().filter(lambda key: key.scheme != "giai"), st.data())
def test_a_wrong_digit_is_always_noticed(key, data):
    place = data.draw(st.integers(0, len(key.value) - 1))
    wrong = data.draw(st.sampled_from(sorted(set("0123456789") - {key.value[place]})))
    mistyped = Key(key.scheme, key.value[:place] + wrong + key.value[place + 1 :], key.serial, key.lot)
    for text in (mistyped.link(), mistyped.elements()):
        with pytest.raises(BadGs1Key):
            parse(text)
