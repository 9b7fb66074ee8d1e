"""What stewards do and undo: always exactly what the evidence and their words say, and back again exactly."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import identity
from comptoir.identity import Observation, merges, namespaces, retractions, splits, undos
from comptoir.identity.errors import KeptApart, NotConnected, NotUndoable, ReferenceTaken, SharedByMany, Superseded
from comptoir.identity.testimony import Scope
from conftest import examples
from identity.worlds import DEVICE, EMAIL, EMPTY, PHONE, START, USER, cut, graph, partition, reference, whole

pytestmark = pytest.mark.anyio
searching = settings(
    max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def seen(*identifiers, minute=0, source=1, batch=""):
    return Observation(tuple(identifiers), START + timedelta(minutes=minute), source_id=source, batch_id=batch)


async def key_of(tx, identifier):
    return (await identity.lookup(tx, identifier=identifier)).key


async def node_of(tx, identifier):
    ns, value = identifier
    return await tx.value("SELECT node_id FROM identity.node WHERE ns = %(ns)s AND value = %(v)s", ns=ns, v=value)


async def together(tx, *identifiers):
    return len({await key_of(tx, i) for i in identifiers}) == 1


JO, MAY = (USER, "jo"), (USER, "may")
JOS_MAIL, MAYS_MAIL = (EMAIL, "jo@example.com"), (EMAIL, "may@example.com")
TABLET, LAPTOP = (DEVICE, "tablet"), (DEVICE, "laptop")


async def couple(tx):
    await identity.resolve(tx, [seen(JO, JOS_MAIL), seen(JO, LAPTOP, minute=1), seen(MAYS_MAIL, TABLET, minute=2)])


@searching
@given(cut(most=90), st.integers(0, 2**32))
async def test_any_afternoon_of_a_steward_is_what_the_evidence_says(tx, batches, seed):
    await apart(tx, afternoon(tx, batches, seed))


@pytest.mark.long
@settings(searching, max_examples=300)
@given(cut(most=90), st.integers(0, 2**32))
async def test_any_week_of_a_steward_is_what_the_evidence_says(tx, batches, seed):
    await apart(tx, afternoon(tx, batches, seed, steps=25))


async def apart(tx, work):
    """Taken back at once: a transaction of hundreds of truncations is slower with each."""
    await tx.run("SAVEPOINT example")
    try:
        await work
    finally:
        await tx.run("ROLLBACK TO SAVEPOINT example")
        await tx.run("RELEASE SAVEPOINT example")


async def afternoon(tx, batches, seed, steps=12):
    """Batches, merges, splits, retractions and undos in any order: stored = solved from everything."""
    await tx.run(EMPTY)
    dice = random.Random(seed)
    for number, kind in enumerate(["b", *dice.choices("bbbmmsSruu", k=steps)]):
        await tx.run("SAVEPOINT step")
        try:
            if kind == "b" and batches:
                await identity.resolve(tx, batches.pop(0))
            elif kind != "b":
                # Few choices, so that operations meet on the same people and edges.
                await step(tx, kind, dice.randrange(6), dice.randrange(6), f"step {number}")
        except (KeptApart, NotConnected, NotUndoable, SharedByMany, Superseded):
            await tx.run("ROLLBACK TO SAVEPOINT step")
        assert await identity.reconcile(tx) == []


async def step(tx, kind, x, y, reference):
    nodes = await tx.tuples("SELECT node_id, key FROM identity.node ORDER BY node_id")
    (left, left_key), (_, right_key) = nodes[x % len(nodes)], nodes[y % len(nodes)]
    how = {"actor": "steward", "reference": reference}
    if kind == "m":
        return await merges.merge(tx, keys=[left_key, right_key], **how)
    if kind == "s":
        return await splits.split(tx, key=left_key, nodes=[left], **how)
    if kind == "S":
        edges = await tx.tuples("SELECT a, b FROM identity.edge ORDER BY a, b")
        if not edges:
            raise NotConnected
        return await splits.cut(tx, edges=[edges[y % len(edges)]], **how)
    if kind == "r":
        scope = [Scope(batch_id="import 1"), Scope(source_id=1), Scope(source_id=2, since=START + timedelta(minutes=2))]
        return await retractions.retract(tx, scope=scope[x % 3], **how)
    operations = await tx.values("SELECT operation FROM identity.journal ORDER BY operation DESC")
    if not operations:
        raise NotUndoable
    return await undos.undo(tx, operation=operations[x % len(operations)], cut=bool(y % 2), **how)


@searching
@given(cut(), st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from("msSr"))
async def test_an_undone_operation_leaves_no_trace(tx, batches, x, y, kind):
    await tx.run(EMPTY)
    await identity.resolve(tx, whole(batches))
    before = await graph(tx)
    try:
        done = await step(tx, kind, x, y, "once")
    except (NotConnected, SharedByMany):
        return
    after = await graph(tx)
    undone = await undos.undo(tx, operation=done.operation, actor="steward")
    assert await graph(tx) == before
    await undos.undo(tx, operation=undone.operation, actor="steward")
    assert await graph(tx) == after


@searching
@given(cut(), cut(most=14))
async def test_unmerging_restores_everything_and_sticks(tx, batches, later):
    """Whatever automatic merges a new batch brings: undone one by one, all is as before, also when it comes again.

    But for what is shared now: that two people used a device is no merge, and stays true.
    """
    await tx.run(EMPTY)
    await identity.resolve(tx, whole(batches))
    before = await people_of(tx)
    last = await tx.value("SELECT coalesce(max(operation), 0) FROM identity.journal")
    late = [
        Observation(o.identifiers, o.at + timedelta(days=1), source_id=9, batch_id="late", trust=0.1)
        for o in whole(later)
    ]
    await identity.resolve(tx, late)
    new = await tx.values("SELECT operation FROM identity.journal WHERE operation > %(o)s ORDER BY 1 DESC", o=last)
    for operation in new:
        await undos.undo(tx, operation=operation, actor="steward", cut=True)
    assert await people_of(tx, known=before) == before
    assert await identity.reconcile(tx) == []
    await identity.resolve(tx, late)
    assert await people_of(tx, known=before) == before


async def test_a_merge_that_makes_a_value_shared_is_refused_for_that(tx):
    """Her address was seen with another customer, whose telephones were too many for it to be his."""
    await identity.resolve(tx, [seen(MAY, (PHONE, f"phone {n}")) for n in range(5)])
    await identity.resolve(tx, [seen((PHONE, "phone 6"))])
    await identity.resolve(tx, [seen((PHONE, "phone 6"), JOS_MAIL, minute=1)])
    await identity.resolve(tx, [Observation((MAY, JOS_MAIL), START + timedelta(days=1), source_id=9, trust=0.1)])
    await identity.resolve(tx, [seen(JO)])
    assert await key_of(tx, MAY) != await key_of(tx, JOS_MAIL)
    with pytest.raises(SharedByMany):
        keys = [await key_of(tx, JOS_MAIL), await key_of(tx, JO)]
        await merges.merge(tx, keys=keys, actor="steward")


async def people_of(tx, *, known=None):
    return {node: row for node, *row, _state in await graph(tx) if known is None or node in known}


async def test_an_undo_cuts_between_the_two_and_not_through_one_of_them(tx):
    """A device hangs on a person by two edges, and the person on another by one that is as weak."""
    card, mail, cookie, tablet = (2, "2:1"), (3, "3:2"), (7, "7:2"), (6, "6:3")
    await identity.resolve(tx, [seen(card, (3, "3:1")), seen(mail, cookie), seen(tablet)])
    before = await people_of(tx)
    late = [((3, "3:1"), cookie), (mail, tablet), (tablet, cookie)]
    late = [Observation(pair, START + timedelta(days=1), source_id=9, batch_id="late", trust=0.1) for pair in late]
    await identity.resolve(tx, late)
    for one in await identity.journal.listing(tx, limit=2):
        await undos.undo(tx, operation=one.operation, actor="steward", cut=True)
    assert await people_of(tx) == before


@searching
@given(cut())
async def test_what_is_retracted_was_never_seen(tx, batches):
    await tx.run(EMPTY)
    rules = await namespaces.load(tx)
    world = whole(batches)
    await identity.resolve(tx, world)
    await retractions.retract(tx, scope=Scope(batch_id="import 1"), actor="steward")
    people, hubs = reference([o for o in world if o.batch_id != "import 1"], rules)
    known = {value for person in people for value in person}
    got, got_hubs = await partition(tx)
    assert {p for p in got if not p.isdisjoint(known)} == people
    assert all(len(p) == 1 for p in got if p.isdisjoint(known))
    assert got_hubs == hubs


async def test_ids_redirect_while_merged_and_come_back(tx):
    await couple(tx)
    jo, may = await key_of(tx, JO), await key_of(tx, MAYS_MAIL)
    await identity.resolve(tx, [seen(JOS_MAIL, TABLET, minute=9)])
    merged = await identity.person(tx, key=may)
    assert merged.key == jo
    assert may in merged.former_keys

    (bridge,) = await identity.journal.listing(tx, limit=1)
    await undos.undo(tx, operation=bridge.operation, actor="steward:ann", reason="a couple's tablet")
    assert (await identity.person(tx, key=may)).key == may
    await identity.resolve(tx, [seen(JOS_MAIL, TABLET, minute=10)])
    assert (await identity.person(tx, key=may)).key == may


async def test_an_undo_that_later_evidence_contradicts_names_what_to_cut(tx):
    await couple(tx)
    await identity.resolve(tx, [seen(JOS_MAIL, TABLET, minute=9)])
    (bridge,) = await identity.journal.listing(tx, limit=1)
    await identity.resolve(tx, [seen(MAYS_MAIL, LAPTOP, minute=11)])
    with pytest.raises(Superseded) as refusal:
        await undos.undo(tx, operation=bridge.operation, actor="steward")
    # The first undo banned and was refused: a request's transaction would end here.
    assert len(refusal.value.data["cut"]) == 1


async def test_undo_cuts_what_it_is_told_to(tx):
    await couple(tx)
    await identity.resolve(tx, [seen(JOS_MAIL, TABLET, minute=9)])
    (bridge,) = await identity.journal.listing(tx, limit=1)
    await identity.resolve(tx, [seen(MAYS_MAIL, LAPTOP, minute=11)])
    done = await undos.undo(tx, operation=bridge.operation, actor="steward", cut=True, reference="undo-1")
    assert not await together(tx, JO, MAYS_MAIL)
    again = await undos.undo(tx, operation=bridge.operation, actor="steward", cut=True, reference="undo-1")
    assert again == done
    with pytest.raises(ReferenceTaken):
        await undos.undo(tx, operation=done.operation, actor="steward", reference="undo-1")
    with pytest.raises(NotUndoable):
        await undos.undo(tx, operation=bridge.operation, actor="steward")


async def test_a_merge_by_hand_joins_two_accounts_and_only_these(tx):
    await identity.resolve(tx, [seen(JO, JOS_MAIL), seen(MAY, MAYS_MAIL), seen((USER, "third"), LAPTOP)])
    keys = [await key_of(tx, JO), await key_of(tx, MAY)]
    shown = await merges.preview(tx, merges.merge(tx, keys=keys, actor="steward"))
    assert not await together(tx, JO, MAY)
    done = await merges.merge(tx, keys=keys, actor="steward", reference="m1")
    assert await together(tx, JO, MAY, JOS_MAIL, MAYS_MAIL)
    assert [p.nodes for p in shown.people] == [(await identity.person(tx, key=keys[0])).nodes]
    assert done.moved == shown.operation.moved

    await identity.resolve(tx, [seen(LAPTOP, JOS_MAIL, minute=5)])
    assert not await together(tx, JO, (USER, "third"))
    assert await identity.reconcile(tx) == []


async def test_what_only_a_merge_by_hand_let_connect_is_shared_once_the_merge_is_cut(tx):
    await identity.resolve(tx, [seen(JO, JOS_MAIL), seen(MAY, MAYS_MAIL)])
    await merges.merge(tx, keys=[await key_of(tx, JO), await key_of(tx, MAY)], actor="steward")
    await identity.resolve(tx, [seen(MAY, JOS_MAIL, minute=5)])
    assert await together(tx, JO, MAY, JOS_MAIL, MAYS_MAIL)

    # The address is at neither end of what is cut, but touches both.
    a, b = sorted([await node_of(tx, JO), await node_of(tx, MAY)])
    done = await splits.cut(tx, edges=[(a, b)], actor="steward")
    assert not await together(tx, JO, JOS_MAIL)
    assert not await together(tx, MAY, JOS_MAIL)
    assert await identity.reconcile(tx) == []
    await undos.undo(tx, operation=done.operation, actor="steward")
    assert await together(tx, JO, MAY, JOS_MAIL, MAYS_MAIL)
    assert await identity.reconcile(tx) == []


async def test_a_shared_value_beside_which_a_steward_merges_people_connects_again(tx):
    """Evidence alone never makes a shared value connect, unless it touches somebody whose limits a steward raised."""
    phone = (PHONE, "the shop's")
    jos, mays = [(USER, f"jo {n}") for n in range(3)], [(USER, f"may {n}") for n in range(2)]
    await identity.resolve(tx, [seen(jo, phone) for jo in jos] + [seen(may) for may in mays])
    assert (await identity.lookup(tx, identifier=phone)).nodes[0].shared
    await merges.merge(tx, keys=[await key_of(tx, may) for may in mays], actor="steward")
    await identity.resolve(tx, [seen(mays[0], phone, minute=5)])
    assert await together(tx, phone, jos[0])  # who had it first
    assert await identity.reconcile(tx) == []


async def test_a_word_given_again_is_as_old_as_it_was(tx):
    await identity.resolve(tx, [seen(JO), seen(MAY)])
    done = await merges.merge(tx, keys=[await key_of(tx, JO), await key_of(tx, MAY)], actor="steward")
    undone = await undos.undo(tx, operation=done.operation, actor="steward")
    given, tx.now = tx.now, tx.now + timedelta(hours=1)
    await undos.undo(tx, operation=undone.operation, actor="steward")
    assert await tx.tuples("SELECT conf, first_seen FROM identity.edge") == [(1, given)]


async def test_three_are_merged_whoever_is_named_first(tx):
    await identity.resolve(tx, [seen(TABLET), seen(JO, JOS_MAIL), seen(MAY, MAYS_MAIL)])
    keys = [await key_of(tx, who) for who in (TABLET, JO, MAY)]
    await merges.merge(tx, keys=keys, actor="steward")
    assert await together(tx, TABLET, JO, MAY, JOS_MAIL, MAYS_MAIL)


async def test_a_split_sticks_and_a_merge_against_it_is_refused(tx):
    await identity.resolve(tx, [seen(JO, JOS_MAIL, TABLET), seen(JOS_MAIL, LAPTOP)])
    tablet = await node_of(tx, TABLET)
    await splits.split(tx, key=await key_of(tx, JO), nodes=[tablet], actor="steward")
    await identity.resolve(tx, [seen(JO, TABLET, minute=3), seen(JOS_MAIL, TABLET, minute=4), seen(TABLET, LAPTOP)])
    assert not await together(tx, JO, TABLET)
    with pytest.raises(KeptApart):
        await merges.merge(tx, keys=[await key_of(tx, JO), await key_of(tx, TABLET)], actor="steward")


async def test_retracting_claims_makes_a_shared_address_connect_again(tx):
    await identity.resolve(tx, [seen(JO, JOS_MAIL), seen(JOS_MAIL, LAPTOP, minute=1)])
    await identity.resolve(tx, [seen((USER, f"wrong {n}"), JOS_MAIL, batch="bad import") for n in range(20)])
    assert not await together(tx, JO, JOS_MAIL)
    await retractions.retract(tx, scope=Scope(batch_id="bad import"), actor="steward")
    assert await together(tx, JO, JOS_MAIL, LAPTOP)


async def test_merges_and_splits_are_told(tx):
    await couple(tx)
    await identity.resolve(tx, [seen(JOS_MAIL, TABLET, minute=9)])
    (bridge,) = await identity.journal.listing(tx, limit=1)
    await undos.undo(tx, operation=bridge.operation, actor="steward")
    told = await tx.values("SELECT kind FROM kernel.event WHERE kind LIKE 'identity.%%' ORDER BY position")
    assert told[-2:] == ["identity.people_merged", "identity.people_split"]


async def test_what_two_stewards_cut_stays_cut_until_both_take_it_back(tx):
    await identity.resolve(tx, [seen(JO, JOS_MAIL, batch="import 1")])
    a, b = sorted([await node_of(tx, JO), await node_of(tx, JOS_MAIL)])
    first = await splits.cut(tx, edges=[(a, b)], actor="ann")
    second = await splits.cut(tx, edges=[(a, b)], actor="bob")
    await undos.undo(tx, operation=second.operation, actor="bob")
    assert not await together(tx, JO, JOS_MAIL)
    await undos.undo(tx, operation=first.operation, actor="ann")
    assert await together(tx, JO, JOS_MAIL)

    whole_import = await retractions.retract(tx, scope=Scope(batch_id="import 1"), actor="ann")
    whole_source = await retractions.retract(tx, scope=Scope(source_id=1), actor="bob")
    await undos.undo(tx, operation=whole_import.operation, actor="ann")
    assert not await together(tx, JO, JOS_MAIL)
    await undos.undo(tx, operation=whole_source.operation, actor="bob")
    assert await together(tx, JO, JOS_MAIL)
