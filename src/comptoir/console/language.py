"""Words, figures and dates in the reader's language.

English sentences are the keys (gettext's msgids); the files `locale/<code>/LC_MESSAGES/*.po` hold the others, one per
group of pages (`frame.po`, `pages.po`), and are read once at start, so nothing has to be compiled. A message never
contains markup: values that are put into it may, and everything else is escaped. `tests/console/messages.py` finds
what is not translated yet. Figures follow the guide: U+2212 for minus, U+202F and U+00A0 where French
wants a thin or a fixed space.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from gettext import c2py
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.pofile import read_po
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
    get_decimal_symbol,
)
from markupsafe import Markup, escape

from comptoir.kernel.money import Money, exponent

LOCALE = Path(__file__).parent / "locale"
LOCALES = {"en": "en_GB", "fr": "fr_FR"}
"""British English: the day before the month, and a clock of 24 hours."""
NAMES = {"en": "English", "fr": "Français"}
MINUS = "\u2212"


def N_(message: str) -> str:  # noqa: N802 gettext's own name for "translate this later"
    """Mark a message that is kept in a constant and translated when it is shown."""
    return message


class Language:
    """One language: `gettext` for words, the other methods for figures and dates. Immutable; shared by all requests."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.name = NAMES[code]
        self.locale = Locale.parse(LOCALES[code])
        self._singulars, self._plurals, self._form = read_catalog(code)
        self._decimal_mark = get_decimal_symbol(self.locale)

    # words

    def gettext(self, message: str, /, **values: object) -> str:
        """The message in this language. With values, `%(name)s` in it is replaced and the result is Markup."""
        return fill(self._singulars.get(message, message), values)

    def ngettext(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The form that `n` asks for; `%(n)s` is the number as this language writes it."""
        forms = self._plurals.get(one, (one, many))
        form = forms[self._form(n)] if one in self._plurals else forms[n != 1]
        if (
            n != 1 and "%(n)s" not in form and "%(n)s" in forms[-1]
        ):  # none is singular in French, and would be told as one: « une pièce »
            form = forms[-1]
        return fill(form, {"n": self.number(n), **values})

    # figures

    def number(self, value: float, decimals: int | None = None, *, sign: bool = False) -> str:
        """1,142 in English, 1 142 in French, with `decimals`; without it, as many as there are, up to two."""
        fraction = ".##" if decimals is None else "." + "0" * decimals if decimals else ""
        written = format_decimal(abs(value), format="#,##0" + fraction, locale=self.locale)
        return signed(value, sign=sign) + written

    def percent(self, share: float, decimals: int = 0) -> str:
        """A share of 1 as per cent: 0.63 is 63%, in French 63 %."""
        pattern = self.locale.percent_formats[None].pattern
        if decimals:
            pattern = pattern.replace("#,##0", "#,##0." + "0" * decimals)
        return signed(share) + format_percent(abs(share), format=pattern, locale=self.locale)

    def money(self, amount: Money, *, cents: bool = True, sign: bool = False) -> str:
        """€1,111.11 in English, 1 111,11 € in French; `cents=False` rounds to the whole unit."""
        value = abs(amount.decimal())
        if cents:
            written = format_currency(value, amount.currency, locale=self.locale)
        else:
            pattern = self.locale.currency_formats["standard"].pattern.replace(".00", "")
            written = format_currency(
                round(value), amount.currency, format=pattern, locale=self.locale, currency_digits=False
            )
        return signed(amount.amount_minor, sign=sign) + written

    def split_cents(self, written: str, currency: str) -> tuple[str, str, str]:
        """An amount as written, cut around its decimals, which the console prints in a lighter ink."""
        digits = exponent(currency)
        found = re.search(rf"{re.escape(self._decimal_mark)}\d{{{digits}}}(?!\d)", written) if digits else None
        if not found:
            return written, "", ""
        return written[: found.start()], found.group(), written[found.end() :]

    # dates

    def clock(self, moment: datetime, zone: ZoneInfo) -> str:
        """14:32 in `zone`."""
        return format_time(moment, "HH:mm", tzinfo=zone, locale=self.locale)

    def clock_seconds(self, moment: datetime, zone: ZoneInfo) -> str:
        """14:32:08 in `zone`: for what comes several times a minute."""
        return format_time(moment, "HH:mm:ss", tzinfo=zone, locale=self.locale)

    def day(self, day: date, *, today: date | None = None) -> str:
        """8 Oct; with its year when that is not the year of `today`."""
        pattern = "d MMM" if today is None or today.year == day.year else "d MMM y"
        return format_date(day, pattern, locale=self.locale)

    def long_day(self, day: date) -> str:
        """Saturday 21 November."""
        return format_date(day, "EEEE d MMMM", locale=self.locale)

    def moment(self, moment: datetime, *, now: datetime, zone: ZoneInfo) -> str:
        """As precise as it still matters: today 14:32 · yesterday 18:20 · Thu 18:20 · 8 Oct · 8 Oct 2024."""
        day, today = moment.astimezone(zone).date(), now.astimezone(zone).date()
        days = (today - day).days
        clock = self.clock(moment, zone)
        if days == 0:
            return self.gettext("today %(clock)s", clock=clock)
        if days == 1:
            return self.gettext("yesterday %(clock)s", clock=clock)
        if 1 < days < 7:
            return f"{format_date(day, 'EEE', locale=self.locale)} {clock}"
        return self.day(day, today=today)

    def short_day(self, moment: datetime, *, now: datetime, zone: ZoneInfo) -> str:
        """Today · Yesterday · Thu · 8 Oct · 8 Oct 2024."""
        day, today = moment.astimezone(zone).date(), now.astimezone(zone).date()
        days = (today - day).days
        if days in {0, 1}:
            return self.gettext("Yesterday") if days else self.gettext("Today")
        if 1 < days < 7:
            return format_date(day, "EEE", locale=self.locale)
        return self.day(day, today=today)

    def ago(self, seconds: float) -> str:
        """12 s · 5 min · 3 h · 2 d: how long since, in one word's width."""
        for unit, size in ((N_("%(n)s d"), 86400), (N_("%(n)s h"), 3600), (N_("%(n)s min"), 60)):
            if seconds >= size:
                return self.gettext(unit, n=self.number(int(seconds // size)))
        return self.gettext("%(n)s s", n=self.number(max(0, int(seconds))))

    @cached_property
    def other(self) -> "Language":
        """The language one can switch to."""
        return LANGUAGES["fr" if self.code == "en" else "en"]


def signed(value: float, *, sign: bool = False) -> str:
    return MINUS if value < 0 else "+" if sign and value > 0 else ""


def fill(message: str, values: Mapping[str, object]) -> str:
    return escape(message) % values if values else message


Catalog = tuple[dict[str, str], dict[str, tuple[str, ...]], Callable[[int], int]]


def read_catalog(code: str) -> Catalog:
    """The .po files of a language as two dictionaries and the rule that picks a plural."""
    singulars: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    rule = "(n != 1)"
    for path in sorted((LOCALE / code / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale=code)
        rule = catalog.plural_expr
        for message in catalog:
            if isinstance(message.id, str):
                singulars[message.id] = cast("str", message.string)
            else:
                forms = tuple(cast("Sequence[str]", message.string))
                plurals[message.id[0]] = forms
                singulars.setdefault(message.id[0], forms[0])
    singulars.pop("", None)
    return singulars, plurals, cast("Any", c2py)(rule)


LANGUAGES = {code: Language(code) for code in LOCALES}


def negotiate(accept_language: str, default: str) -> Language:
    """The first language of an Accept-Language header that we speak."""
    for offered in accept_language.lower().split(","):
        code = offered.split(";")[0].strip()[:2]
        if code in LANGUAGES:
            return LANGUAGES[code]
    return LANGUAGES[default]


__all__ = ["LANGUAGES", "NAMES", "N_", "Language", "Markup", "negotiate"]
