"""What may be done: never more than the most restrictive rule allows, whoever is merged with whom."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import consent, identity
from comptoir.consent import Signal
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.errors import Refusal
from conftest import examples
from consent.worlds import EMPTY, NS, asked, at, choice, naive, node, say, together

pytestmark = pytest.mark.anyio


async def test_where_nobody_has_said_anything_the_purpose_decides(tx):
    email = await node(tx, "email", "ines@example.com")
    assert (await asked(tx, email)).because == "never_asked"
    verdict = await asked(tx, email, purpose="surveys")
    assert verdict
    assert verdict.because == "nobody_objected"
    await say(tx, choice(purpose="surveys", state="denied"))
    assert not await asked(tx, email, purpose="surveys")


async def test_no_is_said_with_a_reason_to_whatever_makes_no_sense(tx):
    email = await node(tx, "email", "ines@example.com")
    await say(tx, choice())
    verdicts = await consent.may(
        tx,
        [
            (email, "email", "offers"),
            (email, "sms", "surveys"),
            (email, "email", "personalisation"),
            (email, "email", "nothing"),
            (10**12, "email", "surveys"),
        ],
    )
    assert [one.because for one in verdicts] == [
        "granted",
        "wrong_channel",
        "wrong_channel",
        "unknown_purpose",
        "unknown_contact",
    ]
    offers = next(one for one in await consent.purposes(tx) if one.code == "offers")
    entry = consent.PurposeEntry(
        code="offers", name_en="Offers", name_fr="Offres", basis="opt_out", channels=offers.channels, enabled=False
    )
    await consent.change_purpose(tx, entry=entry, actor=SYSTEM)
    assert (await asked(tx, email)).because == "purpose_off"


async def test_a_contact_point_speaks_for_itself_and_the_whole_person_by_her_strictest_word(tx):
    await together(tx, ("user_id", "u1"), ("email", "old@example.com"))
    person = await together(tx, ("user_id", "u1"), ("email", "new@example.com"))
    await say(
        tx,
        choice("old@example.com", "withdrawn"),
        choice("new@example.com"),
        choice("new@example.com", channel="post"),
        choice("u1", "denied", namespace="user_id", channel="post"),
    )
    old, new = [await node(tx, "email", f"{one}@example.com") for one in ("old", "new")]
    assert not await asked(tx, old)
    assert await asked(tx, new)
    verdict = await asked(tx, new, channel="post")
    assert (verdict.allowed, verdict.node_id) == (False, await node(tx, "user_id", "u1"))

    people = await identity.persons_of(tx, [person])
    told = await consent.effective(tx, person=people[person])
    whole = {(one.purpose, one.channel): one for one in told if one.node_id is None}
    assert (whole["offers", "post"].because, whole["offers", "post"].decided_by) == ("denied", verdict.node_id)
    assert whole["offers", "post"].why == "She said no on 2026-11-01."
    assert {one.value: one.allowed for one in told if one.channel == "email" and one.purpose == "offers"} == {
        "old@example.com": False,
        "new@example.com": True,
    }


async def test_a_shared_contact_point_speaks_for_nobody_but_itself(tx):
    """A tablet in the shop on which GPC is set does not silence everybody who ever signed in on it."""
    for number in range(8):
        await together(tx, ("user_id", f"u{number}"), ("anonymous_id", "kiosk"), minute=number)
    kiosk, user = await node(tx, "anonymous_id", "kiosk"), await node(tx, "user_id", "u0")
    assert await tx.value("SELECT state FROM identity.node WHERE node_id = %(n)s", n=kiosk) == 1
    shop = {"namespace": "anonymous_id", "purpose": "advertising", "channel": "sale_or_share"}
    await say(tx, choice("kiosk", "denied", **shop), choice("u0", "granted", **(shop | {"namespace": "user_id"})))
    assert (await asked(tx, kiosk, "sale_or_share", "advertising")).because == "denied"
    assert await asked(tx, user, "sale_or_share", "advertising")
    # Also where a steward's word has left it with one of them.
    await tx.run(
        "UPDATE identity.node SET person_id = %(u)s WHERE node_id = %(k)s", k=max(kiosk, user), u=min(kiosk, user)
    )
    verdicts = await consent.may(tx, [(one, "sale_or_share", "advertising") for one in (kiosk, user)])
    assert [one.because for one in verdicts] == ["denied", "granted"]


async def test_gpc_speaks_for_the_device_and_whoever_is_signed_in(tx):
    ads = {"purpose": "advertising", "channel": "sale_or_share"}
    await say(tx, choice("u1", namespace="user_id", **ads), choice("u2", namespace="user_id", **ads))
    phone, user = (NS["anonymous_id"], "phone"), (NS["user_id"], "u1")
    assert await consent.heed(tx, [Signal((phone, user), at(5), 1, "Firefox")]) == 2
    for value, because in (("u1", "gpc"), ("u2", "granted")):
        verdict = await asked(tx, await node(tx, "user_id", value), "sale_or_share", "advertising")
        assert verdict.because == because
    assert (await asked(tx, await node(tx, "anonymous_id", "phone"), "sale_or_share", "advertising")).because == "gpc"
    # Said with each event: it is written once.
    assert await consent.heed(tx, [Signal((phone, user), at(5 + n), 2 + n) for n in range(9)]) == 0
    assert await consent.heed(tx, [Signal((phone,), at(60 * 24 * 2), 99)]) == 1
    # What she says herself afterwards holds, until the browser says it again.
    await say(tx, choice("u1", minute=60 * 24 * 3, namespace="user_id", **ads))
    assert await consent.heed(tx, [Signal((user,), at(60), 100)]) == 0
    assert await asked(tx, await node(tx, "user_id", "u1"), "sale_or_share", "advertising")
    assert await consent.heed(tx, [Signal((user,), at(60 * 24 * 4), 101)]) == 1
    assert not await asked(tx, await node(tx, "user_id", "u1"), "sale_or_share", "advertising")
    assert await consent.reconcile(tx) == []


CONTACTS = [
    *(("email", f"{one}@x.fr") for one in "abc"),
    *(("phone", f"+3361234567{one}") for one in "01"),
    *(("user_id", f"u{one}") for one in "ab"),
    ("anonymous_id", "d1"),
]
BY = {"email": ["email", "post"], "phone": ["sms", "post"], "user_id": ["post", "sale_or_share"]}
BY["anonymous_id"] = ["sale_or_share"]
OF = {"email": "offers", "sms": "surveys", "post": "offers", "sale_or_share": "advertising"}
BASIS = {"offers": "opt_in", "surveys": "opt_out", "advertising": "opt_in"}


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_it_is_what_the_naive_rule_says_through_merges_and_unmerges(tx, seed):
    await tx.run(EMPTY)
    dice = random.Random(seed)
    nodes = {contact: await node(tx, *contact) for contact in CONTACTS}
    said = []
    for minute in range(dice.randrange(4, 16)):
        match dice.choice(["say", "say", "say", "meet", "merge", "undo", "gpc"]):
            case "say":
                namespace, value = contact = dice.choice(CONTACTS)
                channel, when = dice.choice(BY[namespace]), dice.choice([minute, 3])
                state = dice.choice(["granted", "granted", "denied", "withdrawn", "pending"])
                await say(
                    tx, choice(value, state, minute=when, namespace=namespace, channel=channel, purpose=OF[channel])
                )
                said.append((nodes[contact], channel, state, when))
            case "meet":
                await together(tx, *dice.sample(CONTACTS, 2), minute=minute)
            case "merge":
                one, other = [await keys(tx, nodes[contact]) for contact in dice.sample(CONTACTS, 2)]
                if one != other:
                    await tried(tx, identity.merges.merge(tx, keys=[one, other], actor="steward"))
            case "undo":
                done = await tx.values(
                    "SELECT operation FROM identity.journal WHERE undone_by IS NULL AND kind <> 'undo'"
                )
                if done:
                    await tried(tx, identity.undos.undo(tx, operation=max(done), actor="steward", cut=True))
            case _:
                contact = dice.choice([one for one in CONTACTS if one[0] in {"user_id", "anonymous_id"}])
                if await consent.heed(tx, [Signal(((NS[contact[0]], contact[1]),), at(minute), minute)]):
                    said.append((nodes[contact], "sale_or_share", "denied", minute))
    questions = [
        (id_, channel, OF[channel]) for (namespace, _), id_ in nodes.items() for channel in BY[namespace]
    ]  # fmt: skip
    verdicts = await consent.may(tx, questions)
    graph = {id_: (person, shared) for id_, person, shared in await tx.tuples(GRAPH)}
    for (id_, channel, purpose), verdict in zip(questions, verdicts, strict=True):
        person, shared = graph[id_]
        whole = channel in consent.WHOLE and not shared
        hers = {one for one, (whose, hub) in graph.items() if whose == person and not hub} if whole else {id_}
        assert verdict.allowed == naive(said, hers, channel, BASIS[purpose]), (id_, channel, said, hers)
    await told_alike(tx, questions, verdicts, graph)
    assert await consent.reconcile(tx) == []


async def told_alike(tx, questions, verdicts, graph):
    """What is explained of a person is what those who send are answered."""
    answered = {(id_, purpose, channel): one for (id_, channel, purpose), one in zip(questions, verdicts, strict=True)}
    for person in {whose for whose, _ in graph.values()}:
        for one in await consent.effective(tx, person=person):
            if one.node_id is not None:
                asked_for = [(one.node_id, one.purpose, one.channel)]
            else:
                hers = [id_ for id_, (whose, hub) in graph.items() if whose == person and not hub]
                asked_for = [(id_, one.purpose, one.channel) for id_ in hers]
            for verdict in (answered[key] for key in asked_for if key in answered):
                assert (verdict.allowed, verdict.because, verdict.choice_id) == (
                    one.allowed,
                    one.because,
                    one.choice_id,
                )


async def tried(tx, deed):
    async with tx.trial() as trial:
        try:
            await deed
        except Refusal:
            return
        trial.keep()


async def keys(tx, id_):
    people = await identity.persons_of(tx, [id_])
    return (await identity.nodes_of(tx, [people[id_]]))[0].key


GRAPH = "SELECT node_id, person_id, state = 1 FROM identity.node"


async def test_an_unmerge_gives_back_what_held_before(tx):
    await say(
        tx,
        choice("u1", namespace="user_id", channel="post"),
        choice("u2", "denied", namespace="user_id", channel="post"),
    )
    one, two = [await node(tx, "user_id", value) for value in ("u1", "u2")]
    assert await asked(tx, one, "post")
    done = await identity.merges.merge(tx, keys=[await keys(tx, one), await keys(tx, two)], actor="steward")
    assert not await asked(tx, one, "post")
    await identity.undos.undo(tx, operation=done.operation, actor="steward")
    assert await asked(tx, one, "post")
    assert not await asked(tx, two, "post")
