"""Global Privacy Control: a browser that says `Sec-GPC: 1` has said no to selling and sharing what is known of it.

It speaks for the device, and for the account that is signed in on it. It says so with each event: it is written down
where nothing of the kind stands, and once more a day.
"""

from collections.abc import Sequence
from datetime import timedelta

from comptoir import identity
from comptoir.consent.deciding import Standing
from comptoir.consent.effective import standing
from comptoir.consent.ledger import note
from comptoir.consent.purposes import purposes
from comptoir.consent.records import Proof, Said, Signal
from comptoir.identity import Identifier, Observation
from comptoir.kernel.db import Tx
from comptoir.kernel.ids import uuid7

HELD_BY = "sale_or_share"
AGAIN = timedelta(days=1)
DEVICE, PERSON_KEY = 3, 1


def is_news(signal: Signal, word: Standing | None) -> bool:
    """Against a later word it changes nothing, and after a no it need not be said with every page."""
    if word is None or word.state == "pending":
        return True
    return word.said_at < signal.at - (timedelta(0) if word.state == "granted" else AGAIN)


async def heed(tx: Tx, signals: Sequence[Signal]) -> int:
    """Write down what is new in these; so many choices were. Told again, nothing is."""
    if not signals:
        return 0
    rules = (await identity.namespaces.load(tx)).by_ns
    last: dict[Identifier, Signal] = {}
    for one in sorted(signals, key=lambda one: (one.at, one.position)):
        speaks = [i for i in one.identifiers if i[0] in rules and rules[i[0]].class_ in {DEVICE, PERSON_KEY}]
        last.update(dict.fromkeys(speaks, one))
    wanted = [one for one in await purposes(tx) if HELD_BY in one.channels]
    found = await identity.resolve(tx, [Observation(identifiers=(i,), at=one.at) for i, one in last.items()])
    nodes = {node: one for node, one in zip(found, last.values(), strict=True) if node is not None}
    words = await standing(tx, nodes)
    act = uuid7()
    said = [
        Said(
            node_id=node,
            purpose_id=purpose.purpose_id,
            channel=HELD_BY,
            state="denied",
            said_at=one.at,
            origin="gpc",
            proof=Proof(user_agent=one.user_agent[:1_000], position=one.position),
            actor="system:gpc",
            act=act,
            reference=f"gpc:{one.position}:{node}:{purpose.purpose_id}",
        )
        for node, one in nodes.items()
        for purpose in wanted
        if is_news(one, words.get((node, purpose.purpose_id, HELD_BY)))
    ]
    return sum(one is not None and one.new for one in await note(tx, said))
