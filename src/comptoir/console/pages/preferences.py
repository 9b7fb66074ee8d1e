"""Pages of the shopper: what she gets on which contact point, a confirmation, an end to e-mails. By a signed link,
without a password, without scripts; nothing on them says who she is.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER

from comptoir import consent
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.consent_words import CHANNELS, YOURS, how, name_of_contact
from comptoir.console.pages.sign_in import address
from comptoir.kernel.auth import Actor, audit, public
from comptoir.kernel.auth.exchange import exchange
from comptoir.kernel.db import Tx

PATH = "/preferences"
CONFIRMATION = f"{PATH}/confirmation"
UNSUBSCRIPTION = f"{PATH}/unsubscription"
MOST = 400
"""Lines of one form."""


class Line(msgspec.Struct, frozen=True):
    """One switch."""

    key: str
    name: str
    bead: str
    icon: str
    on: bool
    why: str
    at: datetime | None
    against: str
    """What keeps it from being in force though the switch is on."""


class Group(msgspec.Struct, frozen=True):
    """One purpose at a contact point."""

    name: str
    text: str
    lines: Sequence[Line]


class ContactView(msgspec.Struct, frozen=True):
    title: str
    icon: str
    groups: Sequence[Group]


class PreferencesView(msgspec.Struct, frozen=True):
    path: str
    masked: str
    contacts: Sequence[ContactView]
    said: str


class DeedView(msgspec.Struct, frozen=True):
    """A page with one thing to do, or on which it was done."""

    path: str
    title: str
    text: str
    purposes: Sequence[tuple[str, str]]
    """Name and wording."""
    do: str
    also: str
    """A second, stronger deed."""
    done: bool


@get(PATH + "/{token:str}", guards=[public])
async def read_preferences(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], token: FromPath[str]
) -> Response[str]:
    """What she gets where, and why."""
    try:
        centre = await consent.preferences.centre(tx, token=token)
    except consent.BadLink:
        return over(page)
    saved = request.query_params.get("said", "") == "saved"
    view = PreferencesView(
        path=f"{PATH}/{token}",
        masked=centre.masked,
        contacts=[contact(page, centre, one) for one in centre.contacts],
        said=page.gettext("Saved. It counts from now on, everywhere.") if saved else "",
    )
    return private(page.show("preferences.html.j2", view))


@post(PATH + "/{token:str}", guards=[public], status_code=HTTP_303_SEE_OTHER)
async def save_preferences(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    token: FromPath[str],
) -> Response[str]:
    """Each difference is a choice of hers; `stop` says no to everything."""
    form = await request.form()
    proof, language = proof_of(request), page.language.code
    try:
        if form.get("stop"):
            changed = await consent.preferences.stop_all(tx, token=token, proof=proof, language=language)
        else:
            on = {str(one) for one in form.getall("on", [])}
            shown = [str(one) for one in form.getall("shown", [])][:MOST]
            wanted = {key: text in on for text in shown if (key := key_of(text))}
            changed = await consent.preferences.change(tx, token=token, wanted=wanted, proof=proof, language=language)
    except consent.BadLink:
        return over(page)
    await audit.record(tx, actor=actor, action="consent.save_preferences", target="preferences", after=changed)
    return private(page.go(f"{PATH}/{token}?said=saved"))


@get(CONFIRMATION + "/{token:str}", guards=[public])
async def read_confirmation(
    page: NamedDependency[Page], tx: NamedDependency[Tx], token: FromPath[str]
) -> Response[str]:
    """Looking confirms nothing: programs that look for viruses open every link of a mail."""
    try:
        asked = await consent.letters.asked(tx, token=token)
    except consent.BadLink:
        return over(page)
    return deed(page, confirmation(page, token, asked, done=not asked.new))


@post(CONFIRMATION + "/{token:str}", guards=[public], status_code=HTTP_200_OK)
async def confirm(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    token: FromPath[str],
) -> Response[str]:
    try:
        confirmed = await consent.letters.confirm(tx, token=token, proof=proof_of(request))
    except consent.BadLink:
        return over(page)
    await audit.record(tx, actor=actor, action="consent.confirm", target=f"node:{confirmed.node_id}")
    return deed(page, confirmation(page, token, confirmed, done=True))


def confirmation(page: Page, token: str, asked: consent.letters.Confirmed, *, done: bool) -> DeedView:
    _ = page.gettext
    return DeedView(
        path=f"{CONFIRMATION}/{token}",
        title=_("Thank you, it is confirmed") if done else _("Is this what you want?"),
        text=_("You can take it back at any time, by the link in each of our letters.")
        if done
        else _("Somebody gave us your e-mail address for this. Only your yes counts."),
        purposes=[(one.name(page.language.code), one.text(page.language.code)) for one in asked.purposes],
        do=_("Yes, I confirm"),
        also="",
        done=done,
    )


@get(UNSUBSCRIPTION + "/{token:str}", guards=[public])
async def read_unsubscription(
    page: NamedDependency[Page], tx: NamedDependency[Tx], token: FromPath[str]
) -> Response[str]:
    """Looking ends nothing, for the same reason."""
    try:
        masked, purpose = await consent.preferences.unsubscription(tx, token=token)
    except consent.BadLink:
        return over(page)
    return deed(page, unsubscription(page, token, masked, purpose))


@post(UNSUBSCRIPTION + "/{token:str}", guards=[public], status_code=HTTP_200_OK)
async def unsubscribe(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    token: FromPath[str],
) -> Response[str]:
    """Also what mail programs send by themselves when she presses their button (RFC 8058): no cookie, no question."""
    everything = bool((await request.form()).get("all"))
    proof = proof_of(request)
    try:
        masked, purpose = await consent.preferences.unsubscribe(tx, token=token, proof=proof, everything=everything)
    except consent.BadLink:
        return over(page)
    await audit.record(tx, actor=actor, action="consent.unsubscribe", target=f"purpose:{purpose.code}")
    return deed(page, unsubscription(page, token, masked, purpose, done=True, everything=everything))


def unsubscription(
    page: Page, token: str, masked: str, purpose: consent.Purpose, *, done: bool = False, everything: bool = False
) -> DeedView:
    _ = page.gettext
    name = purpose.name(page.language.code)
    if done:
        text = (
            _("No more e-mail goes to %(contact)s.", contact=masked)
            if everything
            else _("No more e-mail about this goes to %(contact)s.", contact=masked)
        )
    else:
        text = _("E-mails to %(contact)s about this end at once.", contact=masked)
    return DeedView(
        path=f"{UNSUBSCRIPTION}/{token}",
        title=_("Done") if done else _("No more of these e-mails?"),
        text=text,
        purposes=[] if everything else [(name, "")],
        do=_("End these e-mails"),
        also=_("End all e-mails"),
        done=done,
    )


def contact(page: Page, centre: consent.preferences.Centre, one: consent.preferences.Contact) -> ContactView:
    """Purpose by purpose, in the order in which they are asked."""
    by_purpose: dict[str, list[Line]] = {}
    for line in one.lines:
        by_purpose.setdefault(line.holds.purpose, []).append(switch(page, centre, line))
    code = page.language.code
    return ContactView(
        title=one.masked or page.gettext("You, wherever you are"),
        icon=name_of_contact(one.kind)[1],
        groups=[
            Group(centre.purposes[purpose].name(code), centre.purposes[purpose].text(code), lines)
            for purpose, lines in by_purpose.items()
        ],
    )


def switch(page: Page, centre: consent.preferences.Centre, line: consent.preferences.Line) -> Line:
    holds, gettext = line.holds, page.gettext
    face = CHANNELS[holds.channel]
    against = ""
    if line.on and not holds.allowed and holds.decided_by is not None:
        who = centre.deciders.get(holds.decided_by, "")
        against = gettext(
            "Not in force all the same: you said no by %(contact)s, and the stricter word holds.", contact=who
        )
    return Line(
        key=":".join(str(part) for part in line.key),
        name=gettext(face.name),
        bead=face.bead,
        icon=face.icon,
        on=line.on,
        why=" ".join(part for part in (gettext(YOURS[holds.because]), how(page, holds.origin)) if part),
        at=holds.said_at,
        against=against,
    )


def key_of(text: str) -> consent.preferences.Key | None:
    """As it stands in the form; None for what nobody was shown."""
    node, _, rest = text.partition(":")
    purpose, _, channel = rest.partition(":")
    if not (node.isdecimal() and purpose.isdecimal() and len(node) < 19 and len(purpose) < 6):
        return None
    return int(node), int(purpose), channel


def proof_of(request: AnyRequest) -> consent.Proof:
    """What the request itself shows."""
    return consent.Proof(ip=address(request)[:200], user_agent=request.headers.get("user-agent", "")[:1_000])


def over(page: Page) -> Response[str]:
    """The same for a link that is wrong, forged or over: who tries learns nothing."""
    if (now := exchange.get()) is not None:
        now.audited = True  # nothing was done, and the address is nobody's business
    view = DeedView(
        path="",
        title=page.gettext("This link opens nothing"),
        text=page.gettext("It is wrong, or its time is over. Use the one in our newest letter, or ask us for another."),
        purposes=[],
        do="",
        also="",
        done=True,
    )
    return private(page.show("preferences_deed.html.j2", view, status=404))


def deed(page: Page, view: DeedView) -> Response[str]:
    return private(page.show("preferences_deed.html.j2", view))


def private(answer: Response[str]) -> Response[str]:
    """The address is the key: no other site and no search engine learns it."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


section = Section(
    routes=[
        read_preferences,
        save_preferences,
        read_confirmation,
        confirm,
        read_unsubscription,
        unsubscribe,
    ]
)
