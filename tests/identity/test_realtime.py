"""One record as it comes: cleaned and keyed as batch does, compared with everyone, and told to the graph."""

import duckdb
import msgspec
import pytest

from comptoir import identity
from comptoir.identity import Observation, realtime, retractions
from comptoir.identity.matching import candidates, cleaning, training
from comptoir.identity.matching.comparisons import FIELDS, Clean
from comptoir.identity.realtime import Learnt, Written, accounts, keys, knowledge, models, queue, reviews
from comptoir.identity.realtime.cleaning import clean
from comptoir.identity.testimony import Scope
from identity.trap_files import load
from identity.traps import trap_set
from identity.worlds import START

pytestmark = pytest.mark.anyio

SHARES = {"first": "first_share", "last": "last_share", "postcode": "place_share"}


class Data:
    """A trap set as batch sees it, and what is learnt from it."""

    def __init__(self):
        self.rows, self.truth = trap_set(people=1_500, seed=7)
        self.con = duckdb.connect()
        load(self.con, self.rows)
        cleaning.clean(self.con)
        candidates.pair(self.con)
        self.learnt = Learnt("test", training.train(self.con), knowledge.decode(knowledge.of(self.con).encode()))
        found = self.con.execute(f"SELECT {', '.join(FIELDS)} FROM clean ORDER BY id").fetchall()
        self.clean = [Clean(*row) for row in found]
        self.written = [written(row) for row in self.rows]


def written(row):
    told = {name: row.get(name) for name in Written.__struct_fields__ if row.get(name) is not None}
    return msgspec.convert(told, Written, strict=False)


@pytest.fixture(scope="module")
def data():
    return Data()


def plain(one):
    """Lists and tuples are one; shares only where there is a value to have one."""
    found = {name: getattr(one, name) for name in FIELDS}
    for name in ("called", "lasts", "devices"):
        found[name] = sorted(found[name] or ()) if name == "called" else list(found[name] or ())
    for name, share in SHARES.items():
        found[share] = pytest.approx(found[share] or 0.0) if found[name] is not None else None
    return found


def test_one_record_is_cleaned_as_the_file_was(data):
    for ours, theirs in zip(data.written, data.clean, strict=True):
        assert plain(clean(ours, data.learnt.known)) == plain(theirs), ours


def test_one_record_has_the_keys_it_has_in_the_file(data):
    assert len(keys.KEYS) == len(candidates.KEYS)
    for number, (sql, key) in enumerate(zip(candidates.KEYS, keys.KEYS, strict=True)):
        found = [value for (value,) in data.con.execute(f"SELECT {sql} FROM clean ORDER BY id").fetchall()]
        assert [value or None for value in found] == [key(one) or None for one in data.clean], candidates.KEYS[number]


@pytest.fixture
async def house(db, data):
    """Everybody of the trap set but the last hundred records is known, each under an identifier of its own."""
    async with db.transaction() as tx:
        await models.keep(tx, data.learnt, records=len(data.rows))
        await models.put_to_use(tx, version="test")
        observations = [Observation(((6, f"r{n}"),), START, 1) for n in range(len(data.rows))]
        nodes = await identity.resolve(tx, observations)
        await accounts.keep(tx, dict(zip(nodes, data.written, strict=True)), data.learnt)
    return dict(enumerate(nodes))


async def test_whoever_shares_a_key_in_the_file_is_found(db, data, house):
    pairs = data.con.execute("SELECT a, b FROM pair").fetchall()
    near = {n: set() for n in range(len(data.rows))}
    for a, b in pairs:
        near[a].add(house[b])
        near[b].add(house[a])
    async with db.reading() as tx:
        found = await accounts.near(tx, data.clean)
    for n, people in enumerate(found.people):
        assert people - {house[n]} == near[n]


async def test_what_is_told_again_is_not_compared_again(db, data, house):
    async with db.transaction() as tx:
        first = await accounts.keep(tx, {house[0]: data.written[1]}, data.learnt)
        again = await accounts.keep(tx, {house[0]: data.written[1]}, data.learnt)
        back = await accounts.keep(tx, {house[0]: data.written[0]}, data.learnt)
        kept = await tx.values("SELECT key FROM identity.account_key WHERE node_id = %(n)s ORDER BY key", n=house[0])
    assert (first.changed, again.changed, back.changed) == ({house[0]}, set(), {house[0]})
    assert kept == keys.keys(clean(data.written[0], data.learnt.known))


MARIE = Written(
    first_name="Marie-Claude", last_name="Zerbinetti", email="mc.zerbinetti@orange.fr", phone="06 11 22 33 44",
    street="12 rue des Lilas", postcode="69003",
)  # fmt: skip
TYPED = Written(first_name="Marie Claude", last_name="ZERBINETI", phone="+33611223344", postcode="69003",
                street="12, r. des lilas")  # fmt: skip
HUSBAND = Written(first_name="Bernard", last_name="Zerbinetti", phone="0611223344", street="12 rue des Lilas",
                  postcode="69003")  # fmt: skip
PERHAPS = Written(first_name="M", last_name="Zerbinetti", postcode="69003")


async def meet(tx, learnt, *told):
    """Each of these under a device of its own, one after the other; their nodes."""
    nodes = await identity.resolve(tx, [Observation(((6, f"d{n}"),), START, 1) for n in range(len(told))])
    done = []
    for node, one in zip(nodes, told, strict=True):
        if one is not None:
            done.append(await realtime.recognise(tx, {node: one}, learnt))
    return nodes, done


async def persons(tx, nodes):
    found = await identity.persons_of(tx, nodes)
    return [found[node] for node in nodes]


async def test_who_is_surely_the_same_is_joined_and_her_husband_is_not(db, data):
    async with db.transaction() as tx:
        await models.keep(tx, data.learnt, records=1)
        nodes, done = await meet(tx, data.learnt, MARIE, TYPED, HUSBAND)
        marie, typed, husband = await persons(tx, nodes)
        evidence = await tx.tuples("SELECT kind::text, batch_id, model_version, prob, vector FROM identity.evidence")
        assert await identity.reconcile(tx) == []
    assert marie == typed != husband
    assert [(one.joined, one.asked) for one in done] == [(0, 0), (1, 0), (0, 0)]
    ((kind, batch, model, prob, vector),) = evidence
    assert (kind, batch, model) == ("probabilistic", "match:test", "test")
    assert 0.9 < prob < 0.97, "never as sure as an e-mail address"
    assert {one["field"] for one in vector["fields"]} >= {"name", "phone", "address"}


async def test_a_model_is_taken_back_whole_and_its_undo_brings_all_back(db, data):
    async with db.transaction() as tx:
        nodes, _ = await meet(tx, data.learnt, MARIE, TYPED)
        before = await persons(tx, nodes)
        taken_back = await retractions.retract(tx, scope=Scope(batch_id="match:test"), actor="user:ana")
        apart = await persons(tx, nodes)
        # What was retracted stays so when it is seen again.
        await realtime.recognise(tx, {nodes[1]: Written(**{**as_dict(TYPED), "city": "Lyon"})}, data.learnt)
        still = await persons(tx, nodes)
        await identity.undos.undo(tx, operation=taken_back.operation, actor="user:ana")
        after = await persons(tx, nodes)
        assert await identity.reconcile(tx) == []
    assert len(set(before)) == 1 and len(set(apart)) == 2 and apart == still and after == before


def as_dict(one):
    return {name: getattr(one, name) for name in Written.__struct_fields__}


async def test_who_may_be_the_same_is_a_question_and_the_answer_holds(db, data):
    async with db.transaction() as tx:
        nodes, done = await meet(tx, data.learnt, MARIE, PERHAPS)
        assert done[1].asked == 1 and done[1].joined == 0
        (asked,) = await reviews.queue(tx)
        assert {side.node_id for side in asked.sides} == set(nodes)
        assert [one.level for one in asked.reasons] == ["initial", "place"] and asked.probability >= 0.5
        no = await reviews.answer(tx, review_id=asked.review_id, answer="different", actor="user:ana")
        assert no.operation and await reviews.queue(tx) == []
        # Neither asked again nor joined, however sure it becomes.
        more = Written(**{**as_dict(PERHAPS), "first_name": "Marie-Claude", "email": "mc.zerbinetti@orange.fr"})
        await realtime.recognise(tx, {nodes[1]: more}, data.learnt)
        assert await reviews.queue(tx) == [] and len(set(await persons(tx, nodes))) == 2
        await reviews.undo(tx, review_id=asked.review_id, actor="user:ana")
        yes = await reviews.answer(tx, review_id=asked.review_id, answer="same", actor="user:ana")
        assert yes.answer == "same" and len(set(await persons(tx, nodes))) == 1
        assert (await reviews.progress(tx)).answered == 1
        # Another word in its place takes back what the first one did.
        await reviews.answer(tx, review_id=asked.review_id, answer="household", actor="user:ana")
        assert len(set(await persons(tx, nodes))) == 2
        assert await identity.reconcile(tx) == []


async def test_a_question_is_withdrawn_when_the_record_changes(db, data):
    async with db.transaction() as tx:
        nodes, _ = await meet(tx, data.learnt, MARIE, PERHAPS)
        assert len(await reviews.queue(tx)) == 1
        await realtime.recognise(tx, {nodes[1]: Written(first_name="Xavier", last_name="Quoniam")}, data.learnt)
        assert await reviews.queue(tx) == []


async def test_two_numbers_of_one_kind_are_a_question_and_no_merge(db, data):
    """One person has one user id: that she has two is for a steward to say."""
    async with db.transaction() as tx:
        nodes = await identity.resolve(tx, [Observation(((1, who),), START, 1) for who in ("web-1", "web-2")])
        await realtime.recognise(tx, {nodes[0]: MARIE}, data.learnt)
        done = await realtime.recognise(tx, {nodes[1]: TYPED}, data.learnt)
        assert (done.joined, done.asked) == (0, 1)
        (asked,) = await reviews.queue(tx)
        await reviews.answer(tx, review_id=asked.review_id, answer="same", actor="user:ana")
        assert len(set(await persons(tx, nodes))) == 1


async def test_those_who_come_at_once_are_joined_one_after_the_other(db, data):
    """A chain of three: what was weighed against one is weighed again against two."""
    third = Written(first_name="Marie Claude", last_name="Zerbinetti", email="mc.zerbinetti@orange.fr")
    async with db.transaction() as tx:
        nodes = await identity.resolve(tx, [Observation(((6, f"d{n}"),), START, 1) for n in range(3)])
        told = dict(zip(nodes, (MARIE, TYPED, third), strict=True))
        done = await realtime.recognise(tx, told, data.learnt)
        assert done.joined == 1 and len(done.again) >= 1
        await realtime.recognise(tx, {n: told[n] for n in done.again}, data.learnt, again=done.again)
        assert len(set(await persons(tx, nodes))) == 1


async def test_the_queue_gives_each_once(db):
    async with db.transaction() as tx:
        await queue.put(tx, {1, 2, 3})
        await queue.put(tx, {2})
    async with db.transaction() as one, db.transaction() as other:
        first = await queue.take(one, most=2)
        second = await queue.take(other, most=5)
        assert sorted([*first, *second]) == [1, 2, 3]
    async with db.reading() as tx:
        assert await queue.oldest(tx) is None


# ---- over HTTP


async def test_who_this_may_be(db, data, api):
    async with db.transaction() as tx:
        nothing = await api.post("/v1/identity/score", json={"first_name": "Marie"})
        assert (nothing.status_code, nothing.json()["code"]) == (409, "identity.no_model")
        await models.keep(tx, data.learnt, records=1)
        await models.put_to_use(tx, version="test")
        await meet(tx, data.learnt, MARIE, HUSBAND)
    answer = await api.post(
        "/v1/identity/score", json={"first_name": "Marie", "last_name": "Zerbinetti", "phone": "0611223344"}
    )
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["people"]
    assert found["probability"] > 0.9 and {one["field"] for one in found["reasons"]} >= {"name", "phone"}
    unknown = await api.post("/v1/identity/score", json={"first_nam": "Marie"})
    assert unknown.status_code == 400


async def test_the_queue_over_http(db, data, api):
    async with db.transaction() as tx:
        await meet(tx, data.learnt, MARIE, PERHAPS)
    shown = (await api.get("/v1/identity/reviews")).json()
    assert shown["progress"] == {"open": 1, "later": 0, "answered": 0}
    at = f"/v1/identity/reviews/{shown['reviews'][0]['review_id']}"
    assert (await api.post(f"{at}/answer", json={"answer": "later"})).json()["answer"] == "later"
    assert (await api.post(f"{at}/answer", json={"answer": "perhaps"})).status_code == 400
    assert (await api.post("/v1/identity/reviews/999/answer", json={"answer": "same"})).status_code == 404
    assert (await api.post(f"{at}/answer", json={"answer": "same"})).json()["answer"] == "same"
    assert (await api.post(f"{at}/undo")).json()["answer"] == "open"


async def test_versions_over_http(db, data, api):
    async with db.transaction() as tx:
        await models.keep(tx, data.learnt, records=5)
        await meet(tx, data.learnt, MARIE, TYPED)
    (one,) = (await api.get("/v1/identity/models")).json()
    assert (one["version"], one["state"], one["records"]) == ("test", "shadow", 5)
    assert (await api.post("/v1/identity/models/test/use")).json()["state"] == "live"
    assert (await api.post("/v1/identity/models/none/use")).status_code == 404
    done = await api.post("/v1/identity/models/test/retraction")
    assert done.status_code == 200 and done.json()["kind"] == "retraction" and done.json()["moved"]
