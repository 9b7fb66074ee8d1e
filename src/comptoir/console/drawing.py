"""How each thing looks: person, product, shop, channel, money, time, thread, why. One function each, no other anywhere.

A `Draw` lives for one rendering: it knows the reader's language, the zone and the present, hands out ids that are
unique in the page, and collects the popovers, which are printed at the end of `<body>` because a `<div>` inside a
`<p>` would end the paragraph.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup, escape

from comptoir.console import charts
from comptoir.console.assets import Assets
from comptoir.console.channels import CHANNELS
from comptoir.console.charts import Contact
from comptoir.console.cloth import KINDS
from comptoir.console.language import Language
from comptoir.kernel.money import Money

Reason = tuple[str, str] | tuple[str, str, str]
"""(sign, sentence, weight): the sign is + for, - against, = a fact."""

SIGNS = {"+": ("plus", "for"), "-": ("minus", "against"), "=": ("point", "fact")}


class Knot(msgspec.Struct, frozen=True):
    """One line of a thread. `hollow`: we spoke; else the person acted."""

    channel: str
    at: datetime
    title: str
    note: str = ""
    hollow: bool = False
    money: Money | None = None
    reasons: Sequence[Reason] = ()
    href: str = ""


class Strung(msgspec.Struct, frozen=True):
    """A knot in its lane, with the thread that leads to the one below it."""

    knot: Knot
    lane: int
    new_day: bool
    strand: Markup


class Draw:
    def __init__(self, assets: Assets, language: Language, *, zone: ZoneInfo, now: datetime, scope: str = "p") -> None:
        """`scope` begins every id, so that a fragment never repeats an id of the page it is put into."""
        self.language, self.zone, self.now, self.scope = language, zone, now, scope
        self.popovers: list[Markup] = []
        self._assets = assets
        self._ids = 0

    def vocabulary(self) -> dict[str, Callable[..., Any]]:
        """The words that templates may use. `sign` is `icon` for macros that have a parameter called icon."""
        words: tuple[Callable[..., Any], ...] = (
            *(self.icon, self.bead, self.chan, self.person, self.shop, self.product, self.article),
            *(
                self.money,
                self.number,
                self.percent,
                self.delta,
                self.time,
                self.knot_time,
                self.ago,
                self.why,
                self.mini,
            ),
            self.in_english,
            *(self.strung, self.reach, self.unique, self.language.ngettext),
            *(charts.bar, charts.stack, charts.spark, charts.curve, charts.lanes),
        )
        return {word.__name__: word for word in words} | {"_": self.language.gettext, "sign": self.icon}

    def unique(self, kind: str) -> str:
        """An id that nothing else in the page has."""
        self._ids += 1
        return f"{self.scope}-{kind}{self._ids}"

    # signs

    def icon(self, name: str, css: str = "", *, title: str = "") -> Markup:
        """A Tabler icon of the sprite. An unknown name is an error here, not a hole in the page."""
        voice = f'role="img" aria-label="{escape(title)}"' if title else 'aria-hidden="true"'
        extra = f" {css}" if css else ""
        return Markup(f'<svg class="i{extra}" viewBox="0 0 24 24" {voice}>{self.icon_use(name)}</svg>')  # noqa: S704

    def icon_use(self, name: str) -> Markup:
        """The icon alone, for a picture that has its own frame."""
        return Markup(f'<use href="{self._assets.icon(name)}"/>')  # noqa: S704

    def bead(self, channel: str, *, hollow: bool = False, size: str = "", label: bool = True) -> Markup:
        """A channel as a disc. Filled: the person acted. Hollow: we spoke. `size`: sm, lg."""
        css = "bead" + (" bead-hollow" if hollow else "") + (f" bead-{size}" if size else "")
        name = f'<span class="sr">{escape(self.channel_name(channel))}</span>' if label else ""
        return Markup(f'<span class="{css}" data-ch="{channel}">{self.icon(CHANNELS[channel].icon)}{name}</span>')  # noqa: S704

    def chan(self, channel: str, *, hollow: bool = False) -> Markup:
        """A channel with its name."""
        disc = self.bead(channel, hollow=hollow, label=False)
        name = escape(self.channel_name(channel))
        return Markup(f'<span class="chan" data-ch="{channel}">{disc}<span>{name}</span></span>')  # noqa: S704

    def channel_name(self, channel: str) -> str:
        return self.language.gettext(CHANNELS[channel].name)

    # things

    def person(
        self, name: str, sub: str = "", *, href: str = "", tier: str = "", size: str = "", known: bool = True
    ) -> Markup:
        """A human. `tier`: gold, silver, bronze. `size`: lg. Somebody not yet known has a dashed face."""
        face = escape(initials(name)) if known else self.icon("user-question")
        ring = f' data-tier="{escape(tier)}"' if tier else ""
        return frame(
            "person",
            f'<span class="face{"" if known else " face-anon"}"{ring} aria-hidden="true">{face}</span>',
            link(name, href, css="person-name"),
            sub,
            size=size,
        )

    def product(self, kind: str = "", cloth: str = "grey", *, size: str = "") -> Markup:
        """A product's square. A kind that nobody drew is a parcel. `size`: md, lg, xl."""
        css = "thing" + (f" thing-{size}" if size else "")
        picture = f'<svg viewBox="0 0 48 48">{KINDS[kind]}</svg>' if kind in KINDS else self.icon("package")
        return Markup(f'<span class="{css}" data-cloth="{escape(cloth)}" aria-hidden="true">{picture}</span>')  # noqa: S704

    def article(
        self, name: str, sub: str = "", *, kind: str = "", cloth: str = "grey", href: str = "", size: str = ""
    ) -> Markup:
        """Anything sellable: its square, its name, and a line below."""
        title = Markup('<span class="article-name">{}</span>').format(link(name, href) if href else name)
        return frame("article", self.product(kind, cloth, size=size), title, sub)

    def shop(self, code: str, name: str, sub: str = "", *, depot: bool = False, href: str = "") -> Markup:
        """A shop under its awning, or a warehouse under its saw-tooth roof, with three letters on it."""
        roof = " depot" if depot else ""
        sign = f'<span class="awning{roof}" aria-hidden="true"><b>{escape(code[:3].upper())}</b></span>'
        return frame("shop", sign, link(name, href) if href else escape(name), sub)

    # figures and time

    def money(self, amount: Money, *, cents: bool = True, sign: bool = False) -> Markup:
        """An amount, its decimals in a lighter ink. `sign`: a plus before what was gained."""
        written = self.language.money(amount, cents=cents, sign=sign)
        before, decimals, after = self.language.split_cents(written, amount.currency)
        small = f'<span class="cents">{decimals}</span>' if decimals else ""
        value = f"{amount.decimal():f}"
        return Markup(f'<data class="money" value="{value}">{escape(before)}{small}{escape(after)}</data>')  # noqa: S704

    def number(self, value: float, decimals: int | None = None, *, sign: bool = False) -> str:
        return self.language.number(value, decimals, sign=sign)

    def percent(self, share: float, decimals: int = 0) -> str:
        """A share of 1, as per cent."""
        return self.language.percent(share, decimals)

    def delta(self, change: float, unit: str = "%", *, good: str = "up", decimals: int = 1) -> Markup:
        """A change since before: arrow, sign and figure. `good`: the direction we wish; "" when neither is better."""
        flat = abs(change) < 0.5 * 10**-decimals
        up = change > 0
        tone = "flat" if flat or not good else "good" if up == (good == "up") else "bad"
        arrow = "minus" if flat else "arrow-up-right" if up else "arrow-down-right"
        figure = escape(self.number(0 if flat else change, decimals, sign=True))
        return Markup(f'<span class="delta delta-{tone}">{self.icon(arrow)}{figure}\u00a0{escape(unit)}</span>')  # noqa: S704

    def time(self, moment: datetime) -> Markup:
        """Today 14:32, Thu 18:20, 8 Oct: as precise as it still matters, exact in its attribute."""
        written = self.language.moment(moment, now=self.now, zone=self.zone)
        exact = moment.astimezone(self.zone).isoformat(timespec="seconds")
        return Markup(f'<time datetime="{exact}">{escape(written)}</time>')  # noqa: S704

    def knot_time(self, moment: datetime, *, new_day: bool) -> Markup:
        """The clock; above it the day, where a new one begins."""
        day = self.language.short_day(moment, now=self.now, zone=self.zone) if new_day else ""
        exact = moment.astimezone(self.zone).isoformat(timespec="seconds")
        head = Markup("<b>{}</b>").format(day) if day else ""
        return Markup('<time datetime="{}">{}{}</time>').format(exact, head, self.language.clock(moment, self.zone))

    def ago(self, moment: datetime) -> Markup:
        """12 s, 5 min, 3 h: how long since."""
        written = self.language.ago((self.now - moment).total_seconds())
        exact = moment.astimezone(self.zone).isoformat(timespec="seconds")
        return Markup(f'<time datetime="{exact}">{escape(written)}</time>')  # noqa: S704

    # why

    def why(
        self, title: str, reasons: Sequence[Reason], foot: str = "", *, refused: bool = False, size: str = ""
    ) -> Markup:
        """The brass word that opens the reasons. `refused`: "why not?"."""
        gettext = self.language.gettext
        label = gettext("why not?") if refused else gettext("why?")
        name = self.unique("why")
        lines = Markup().join(self.reason(*reason) for reason in reasons)
        last = Markup('<p class="pop-foot">{}</p>').format(foot) if foot else ""
        self.popovers.append(
            Markup(
                '<div class="pop pop-why" id="{0}" popover role="dialog" aria-labelledby="{0}t">'
                '<p class="pop-title" id="{0}t">{1}</p><ul class="reasons">{2}</ul>{3}</div>'
            ).format(name, title, lines, last)
        )
        about = f"{label} {plain(title)}"
        return Markup('<button class="why{}" type="button" popovertarget="{}" aria-label="{}">{}</button>').format(
            f" why-{size}" if size else "", name, about, label
        )

    def reason(self, sign: str, sentence: str, weight: str = "") -> Markup:
        picture, tone = SIGNS[sign]
        spoken = {
            "for": self.language.gettext("for"),
            "against": self.language.gettext("against"),
            "fact": self.language.gettext("fact"),
        }[tone]
        figure = Markup('<span class="num">{}</span>').format(weight) if weight else ""
        return Markup(
            '<li class="reason reason-{}">{}<span class="sr">{}: </span><span class="grow">{}</span>{}</li>'
        ).format(tone, self.icon(picture), spoken, sentence, figure)

    def in_english(self, words: str, detail: str) -> Markup:
        """A verdict in the reader's words, and what the checker said of this one, which is English everywhere."""
        return Markup('{} <span class="small" lang="en">{}</span>').format(words, detail) if detail else escape(words)

    # the thread

    def mini(self, contacts: Sequence[Contact], *, label: str, width: int = 132, height: int = 22) -> Markup:
        """The thread in one row of a list; at most 12 points."""
        return charts.mini(contacts, label=label, name=self.unique("mini"), width=width, height=height)

    def reach(self, channel: str, to_channel: str, *, future: bool = False) -> Markup:
        """From one stage of an order's life to the next, changing hue on its way."""
        return charts.reach(channel, to_channel, name=self.unique("reach"), future=future)

    def strung(self, knots: Sequence[Knot], channels: Sequence[str]) -> list[Strung]:
        """Knots, newest first, each in its lane and tied to the next older one; `channels` are the lanes in use."""
        drawn: list[Strung] = []
        older = [*knots[1:], None]
        day = None
        for knot, below in zip(knots, older, strict=False):
            lane = channels.index(knot.channel)
            tie = Markup()
            if below is not None:
                tie = charts.strand(
                    lane,
                    channels.index(below.channel),
                    len(channels),
                    channel=knot.channel,
                    to_channel=below.channel,
                    name=self.unique("strand"),
                )
            knot_day = knot.at.astimezone(self.zone).date()
            drawn.append(Strung(knot, lane, knot_day != day, tie))
            day = knot_day
        return drawn


def frame(kind: str, picture: str, title: str, sub: str, *, size: str = "") -> Markup:
    """The shape that person, article and shop share: a picture, a name, a line below."""
    css = kind + (f" {kind}-{size}" if size else "")
    below = Markup('<span class="{}-sub">{}</span>').format(kind, sub) if sub else ""
    return Markup('<span class="{}">{}<span class="{}-text">{}{}</span></span>').format(
        css,
        Markup(picture),  # noqa: S704 built above
        kind,
        title,
        below,
    )


def link(text: str, href: str, *, css: str = "") -> Markup:
    style = Markup(' class="{}"').format(css) if css else ""
    if not href:
        return Markup("<span{}>{}</span>").format(style, text)
    return Markup('<a{} href="{}">{}</a>').format(style, href, text)


def initials(name: str) -> str:
    return "".join(word[0] for word in name.replace("-", " ").split()[:2]).upper()


def plain(text: str) -> str:
    """A title without its markup, for those who hear it."""
    return re.sub(r"<[^>]+>", "", text) if isinstance(text, Markup) else text
