"""The chain: one form, one hash; whoever contradicts it is found out."""

import json

import pytest

from comptoir.tills.chain import GENESIS, Links, Misfit, canonical, gaps, read
from tills.till import Till, sealed


def test_the_form_is_that_of_rfc_8785():
    told = json.loads('{"\\u20ac":"Euro","\\r":1,"1":2,"\\u0080":[true,null],"\\ud83d\\ude00":3,"\\ufb33":4}')
    expected = '{"\\r":1,"1":2,"\x80":[true,null],"€":"Euro","😀":3,"\ufb33":4}'
    assert canonical(told).decode() == expected
    assert canonical({"a": '"\\\b\f\n\r\t\x01/é'}).decode() == '{"a":"\\"\\\\\\b\\f\\n\\r\\t\\u0001/é"}'


@pytest.mark.parametrize("bad", [1.5, 2**53, {"deep": [1, -(2**53)]}, "half \ud800"])
def test_what_two_machines_could_write_differently_is_refused(bad):
    with pytest.raises(Misfit) as found:
        canonical({"x": bad})
    assert found.value.reason == "unreadable"


def test_an_entry_that_was_changed_does_not_fit_its_hash():
    entry = Till().sell()
    assert read(entry).sequence == 1
    with pytest.raises(Misfit) as found:
        read({**entry, "body": {**entry["body"], "total_minor": 1}})
    assert found.value.reason == "hash_differs"
    with pytest.raises(Misfit) as found:
        read(sealed({**{k: v for k, v in entry.items() if k != "hash"}, "kind": "gift"}))
    assert found.value.reason == "unreadable"


def test_links_tell_duplicates_gaps_and_forks_apart():
    till, copy = Till(), Till()
    first, second, third = (read(till.sell()) for _ in range(3))
    copy.sell()
    other = read(copy.sell("bag"))
    links = Links([])
    assert not links.has(third)
    links.add(third)
    assert links.has(third) and not links.has(first)
    links.add(first)
    with pytest.raises(Misfit, match="after it"):
        links.has(other)
    assert not links.has(second)
    links.add(second)
    with pytest.raises(Misfit, match="known with the hash"):
        links.has(other)
    assert first.previous == GENESIS


def test_gaps_are_what_is_missing_between():
    assert gaps(0, []) == (0, [])
    assert gaps(2, [3, 4]) == (4, [])
    assert gaps(2, [5, 6, 9]) == (2, [(3, 4), (7, 8)])
    assert gaps(2, [3, 5]) == (3, [(4, 4)])
