"""What is said is kept once, in any order, and the word that stands follows from it."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import channels, consent
from comptoir.kernel.auth import SYSTEM, Actor
from comptoir.kernel.errors import Refusal
from conftest import examples
from consent.worlds import EMPTY, START, asked, at, choice, node, say

pytestmark = pytest.mark.anyio


async def test_the_same_told_twice_is_one_choice(tx):
    (first,) = await say(tx, choice())
    again, twice = await say(tx, choice(), choice())
    assert first.new
    assert not again.new
    assert not twice.new
    assert first.choice_id == again.choice_id == twice.choice_id
    (other,) = await say(tx, choice(minute=1))
    assert other.new


async def test_a_reference_is_one_choice(tx):
    (first,) = await say(tx, choice(reference="form-7", said_at=None))
    (again,) = await say(tx, choice(reference="form-7", said_at=None))
    (other,) = await say(tx, choice(state="denied", reference="form-7", said_at=None))
    assert (again.choice_id, again.new) == (first.choice_id, False)
    assert other.code == "consent.reference_taken"
    assert await asked(tx, first.node_id)


async def test_of_one_moment_the_more_restrictive_stands_whatever_comes_first(tx):
    for states in (["granted", "denied"], ["denied", "granted"]):
        await tx.run(EMPTY)
        for state in states:
            await say(tx, choice(state=state))
        assert (await asked(tx, await node(tx, "email", "ines@example.com"))).because == "denied"


async def test_what_was_said_earlier_and_told_later_changes_nothing(tx):
    (said,) = await say(tx, choice(state="withdrawn", minute=10))
    await say(tx, choice(state="granted", minute=5))
    assert (await asked(tx, said.node_id)).because == "withdrawn"
    await say(tx, choice(state="granted", minute=11))
    assert await asked(tx, said.node_id)


async def test_what_waits_for_a_confirmation_takes_nothing_back(tx):
    """Else anybody could silence her by typing her address into a form."""
    (said,) = await say(tx, choice(state="granted"))
    await say(tx, choice(state="pending", minute=5))
    assert await asked(tx, said.node_id)
    (new,) = await say(tx, choice("new@example.com", "pending"))
    assert (await asked(tx, new.node_id)).because == "pending"


async def test_what_cannot_be_taken_never_loses_what_stands_beside_it(tx):
    answers = await say(
        tx,
        choice(purpose="nothing"),
        choice("no address"),
        choice(),
        choice(channel="sms"),
        choice(wording=9),
        choice(minute=60 * 24 * 365 * 20),
        choice(origin="till"),
        choice(origin="call_centre", source="nowhere"),
        choice("06 12 34 56 78", namespace="phone", channel="sms"),
    )
    assert [one.code if isinstance(one, Refusal) else one.new for one in answers] == [
        "consent.unknown_purpose",
        "consent.bad_contact",
        True,
        "consent.wrong_channel",
        "consent.unknown_wording",
        "consent.said_later",
        "consent.source_needed",
        "consent.source_needed",
        True,
    ]


async def test_staff_speak_in_the_name_of_their_outlet(tx):
    outlet = channels.OutletEntry(
        channel="shop", code="lyon", name="Lyon", country="FR", time_zone="Europe/Paris", currency="EUR"
    )
    made = await channels.add_outlet(tx, outlet=outlet)
    word = choice(origin="till", source="lyon", note="She signed the card form.")
    stranger = Actor(kind="user", name="bob", outlets=frozenset({made.outlet_id + 1}))
    (refused,) = await say(tx, word, actor=stranger)
    assert refused.code == "consent.not_your_outlet"
    (taken,) = await say(tx, word)
    kept = await consent.choice(tx, choice_id=taken.choice_id)
    assert (kept.origin, kept.source, kept.proof.note, kept.actor) == (
        "till",
        "lyon",
        "She signed the card form.",
        "system:comptoir",
    )


async def test_the_proof_is_kept_with_the_version_that_was_read(tx):
    await consent.add_wording(
        tx, code="offers", entry=consent.NewWording(text_en="Second", text_fr="Deuxième"), actor=SYSTEM
    )
    (old, new) = await say(
        tx,
        choice(wording=1, language="fr", ip="203.0.113.7", user_agent="Firefox", form="footer", page="/"),
        choice("may@example.com", wording=2),
    )
    kept = await consent.choice(tx, choice_id=old.choice_id)
    assert (kept.wording, kept.language, kept.proof) == (
        1,
        "fr",
        consent.Proof(ip="203.0.113.7", user_agent="Firefox", form="footer", page="/"),
    )
    assert kept.stands
    assert (await consent.choice(tx, choice_id=new.choice_id)).wording == 2
    versions = await consent.wordings(tx, code="offers")
    assert [one.version for one in versions] == [2, 1]
    assert versions[1].text_fr.startswith("Vous pouvez m’informer")


async def test_each_new_choice_is_told_once(tx):
    await say(tx, choice(), choice(), choice("may@example.com", "denied"))
    await say(tx, choice())
    told = await tx.values("SELECT body::json->>'state' FROM kernel.event WHERE kind = 'consent.choice_recorded'")
    assert sorted(told) == ["denied", "granted"]


async def test_reconcile_finds_a_word_that_should_not_stand(tx):
    (said,) = await say(tx, choice(state="denied"))
    assert await consent.reconcile(tx) == []
    await tx.run("UPDATE consent.standing SET state = 'granted' WHERE node_id = %(n)s", n=said.node_id)
    assert len(await consent.reconcile(tx)) == 1
    await tx.run("DELETE FROM consent.standing")
    assert len(await consent.reconcile(tx)) == 1


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_neither_order_nor_batches_matter(tx, seed):
    await tx.run(EMPTY)
    dice = random.Random(seed)
    said = [
        choice(
            dice.choice(["a@x.fr", "b@x.fr"]),
            dice.choice(["granted", "denied", "withdrawn", "pending"]),
            minute=dice.randrange(4),
        )
        for _ in range(dice.randrange(1, 12))
    ]

    async def stands():
        return await tx.tuples(
            "SELECT v.value, s.state::text, s.said_at FROM consent.standing AS s JOIN identity.v_node AS v USING (node_id)"
            " ORDER BY v.value"
        )

    await say(tx, *said)
    assert await consent.reconcile(tx) == []
    whole = await stands()
    await tx.run(EMPTY)
    dice.shuffle(said)
    while said:
        several = dice.randrange(1, 4)
        await say(tx, *said[:several])
        said = said[several:]
    assert await stands() == whole
    assert await consent.reconcile(tx) == []


async def test_history_is_paged_the_last_told_first(tx):
    said = await say(tx, *(choice(minute=minute, state="granted") for minute in range(5)))
    nodes = [said[0].node_id]
    first = await consent.history(tx, nodes=nodes, limit=3)
    rest = await consent.history(tx, nodes=nodes, before=first[-1].choice_id, limit=3)
    assert [one.said_at for one in (*first, *rest)] == [at(minute) for minute in (4, 3, 2, 1, 0)]
    assert [one.stands for one in first] == [True, False, False]
    assert first[0].recorded_at > START + timedelta(0)
