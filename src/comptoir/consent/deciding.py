"""Whether something may be done, from the words that stand. Pure: `may` and `effective` both ask here."""

from collections.abc import Iterable
from datetime import datetime
from typing import cast

import msgspec

from comptoir.consent.records import WHOLE, Because, Channel, Origin, Purpose, State, Verdict
from comptoir.identity import Namespace

STRICTNESS: dict[State, int] = {"granted": 0, "pending": 1, "denied": 2, "withdrawn": 3}
DEVICE = 3
"""The class of namespaces that name a device (identity.records)."""


class Standing(msgspec.Struct, frozen=True, gc=False):
    """The word that stands for a contact point, a purpose and a channel."""

    node_id: int
    purpose_id: int
    channel: str
    state: State
    said_at: datetime
    origin: Origin
    choice_id: int


def reaches(channel: str, namespace: Namespace) -> bool:
    """Whether the channel goes to such a contact point. What concerns the whole person can be said by any."""
    match channel:
        case "email":
            return namespace.form == "email"
        case "sms" | "phone":
            return namespace.form == "phone"
        case "push":
            return namespace.class_ == DEVICE
        case _:
            return True


def decide(purpose: Purpose | None, channel: str, namespace: Namespace | None, words: Iterable[Standing]) -> Verdict:
    """`words`: what stands for this purpose and channel, of the contact point; of all of hers where the channel
    concerns the whole person (`WHOLE`). The most restrictive of them holds, and the later of two that are alike.
    """
    if namespace is None:
        return Verdict(False, "unknown_contact")
    if purpose is None:
        return Verdict(False, "unknown_purpose")
    if not purpose.enabled:
        return Verdict(False, "purpose_off")
    if channel not in purpose.channels or not reaches(channel, namespace):
        return Verdict(False, "wrong_channel")
    word = max(words, key=strictness, default=None)
    if word is None:
        return Verdict(True, "nobody_objected") if purpose.basis == "opt_out" else Verdict(False, "never_asked")
    because: Because = "gpc" if word.origin == "gpc" and word.state == "denied" else word.state
    return Verdict(word.state == "granted", because, word.choice_id, word.node_id, word.said_at)


def strictness(word: Standing) -> tuple[int, datetime, int]:
    return STRICTNESS[word.state], word.said_at, word.choice_id


def is_whole(channel: str) -> bool:
    return channel in WHOLE


def channels_of(purpose: Purpose, namespace: Namespace) -> list[Channel]:
    """Those of its channels that go to this contact point itself."""
    return [one for one in purpose.channels if not is_whole(one) and reaches(one, namespace)]


WHY: dict[Because, str] = {
    "granted": "She agreed on {when:%Y-%m-%d}.",
    "nobody_objected": "She has not objected; the purpose needs no more.",
    "never_asked": "She was never asked.",
    "denied": "She said no on {when:%Y-%m-%d}.",
    "withdrawn": "She took it back on {when:%Y-%m-%d}.",
    "pending": "She has not confirmed what was asked on {when:%Y-%m-%d}.",
    "gpc": "Her browser said no on {when:%Y-%m-%d} (Global Privacy Control).",
    "unknown_contact": "No such contact point is known.",
    "unknown_purpose": "There is no such purpose.",
    "purpose_off": "The purpose is switched off.",
    "restricted": "Her data are kept and not used: she has asked so, or is being erased.",
    "wrong_channel": "The purpose does not use this channel, or it does not reach this contact point.",
}


def why(verdict: Verdict) -> str:
    """In words, for programs and logs; the console has its own."""
    return WHY[verdict.because].format(when=cast("datetime", verdict.said_at))
