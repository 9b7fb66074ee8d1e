"""What is said about consent, and what follows from it."""

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

Channel = Literal["email", "sms", "push", "phone", "post", "onsite", "sale_or_share"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
WHOLE: frozenset[str] = frozenset({"post", "onsite", "sale_or_share"})
"""They concern the person as a whole, not one contact point: there the most restrictive of her words holds."""

State = Literal["pending", "granted", "denied", "withdrawn"]
Basis = Literal["opt_in", "opt_out"]
Language = Literal["en", "fr"]
Origin = Literal[
    "web_form",
    "app",
    "till",
    "call_centre",
    "paper",
    "preference_centre",
    "unsubscribe",
    "confirmed",
    "gpc",
    "import",
    "api",
]
BY_STAFF: frozenset[str] = frozenset({"till", "call_centre"})
"""What somebody of ours says that she said: it needs the outlet."""

Code = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*\Z")]
Short = Annotated[str, Meta(max_length=200)]
Long = Annotated[str, Meta(max_length=2_000)]
Words = Annotated[str, Meta(min_length=1, max_length=4_000)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]


class Proof(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What shows that it was said."""

    ip: Short = ""
    user_agent: Annotated[str, Meta(max_length=1_000)] = ""
    form: Short = ""
    page: Long = ""
    recording: Long = ""
    """Where the recording of the call lies."""
    note: Long = ""
    position: int | None = None
    """Of the event in the log that said it."""
    by_link_to: int | None = None
    """The contact point to which the link was sent by which she chose."""


class NewChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody said of one contact point, one channel and one purpose. The same `reference` is one choice; without
    one, what was said at a told time about the same is.
    """

    namespace: Annotated[str, Meta(min_length=1, max_length=63)]
    """The kind of contact point: `email`, `phone`, `push_token`, `user_id`, …"""
    value: Annotated[str, Meta(min_length=1, max_length=512)]
    country: Annotated[str, Meta(pattern=r"^[A-Za-z]{2}\Z")] | None = None
    """ISO 3166, to read a national telephone number; the installation's by default."""
    channel: Channel
    purpose: Code
    state: State
    said_at: Moment | None = None
    """Now, by default."""
    origin: Origin = "api"
    source: Short = ""
    """Code of the outlet, name of the file or system. A till's and a call centre's word needs its outlet."""
    wording: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    """Version of the wording that was shown or read out."""
    language: Language | Literal[""] = ""
    ip: Short = ""
    user_agent: Annotated[str, Meta(max_length=1_000)] = ""
    form: Short = ""
    page: Long = ""
    recording: Long = ""
    note: Long = ""
    reference: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A choice as it goes into the ledger: judged, and of a node."""

    node_id: int
    purpose_id: int
    channel: str
    state: State
    said_at: datetime
    origin: Origin
    source: str = ""
    wording_id: int | None = None
    language: str = ""
    proof: Proof = Proof()
    actor: str
    act: UUID
    reference: str


class Recorded(msgspec.Struct, frozen=True):
    """A choice that is in the ledger. `new`: it was not before."""

    choice_id: int
    node_id: int
    new: bool


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger."""

    choice_id: int
    node_id: int
    purpose: str
    channel: Channel
    state: State
    said_at: datetime
    recorded_at: datetime
    origin: Origin
    source: str
    wording: int | None
    """The version that was shown."""
    language: str
    proof: Proof
    actor: str
    stands: bool
    """Whether it is the word that holds for this contact point."""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown or read out to whoever chooses."""

    version: int
    text_en: str
    text_fr: str
    made_at: datetime
    made_by: str

    def text(self, language: str) -> str:
        return self.text_fr if language == "fr" else self.text_en


class NewWording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next version of a wording."""

    text_en: Words
    text_fr: Words


class PurposeEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What for, in which channels, and what holds where nobody has said anything."""

    code: Code
    name_en: Name
    name_fr: Name
    basis: Basis
    channels: Annotated[list[Channel], Meta(min_length=1, max_length=7)]
    enabled: bool = True


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose and the wording that is shown now."""

    purpose_id: int
    code: str
    name_en: str
    name_fr: str
    basis: Basis
    channels: list[Channel]
    enabled: bool
    wording_id: int | None
    wording: int | None
    text_en: str
    text_fr: str

    def name(self, language: str) -> str:
        return self.name_fr if language == "fr" else self.name_en

    def text(self, language: str) -> str:
        return self.text_fr if language == "fr" else self.text_en


Because = Literal[
    "granted",
    "nobody_objected",
    "never_asked",
    "denied",
    "withdrawn",
    "pending",
    "gpc",
    "unknown_contact",
    "unknown_purpose",
    "purpose_off",
    "wrong_channel",
    "restricted",
]


class Verdict(msgspec.Struct, frozen=True):
    """Whether it may be done, and why. As a condition it is its answer."""

    allowed: bool
    because: Because
    choice_id: int | None = None
    """The word that decides."""
    node_id: int | None = None
    """Whose word it is: of a purpose of the whole person it may be another contact point of hers."""
    said_at: datetime | None = None

    def __bool__(self) -> bool:
        return self.allowed


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a contact point, a purpose and a channel; of the whole person where `node_id` is null."""

    node_id: int | None
    namespace: str
    value: str
    purpose: str
    channel: Channel
    allowed: bool
    because: Because
    why: str
    """In words."""
    state: State | None
    choice_id: int | None
    decided_by: int | None
    """The contact point whose word decides."""
    said_at: datetime | None
    origin: Origin | None


class Signal(msgspec.Struct, frozen=True):
    """An event that came with Global Privacy Control."""

    identifiers: tuple[tuple[int, str], ...]
    at: datetime
    position: int
    user_agent: str = ""
