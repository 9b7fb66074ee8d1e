"""A tracking plan as text: read with the line of everything in it, so that each fault can be shown where it stands."""

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from comptoir.console.language import N_

Path = tuple[str | int, ...]
DEEPEST = 60
LITERAL = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
SPACE = re.compile(r"[ \t\r\n]*")


class Fault(msgspec.Struct, frozen=True):
    """What is wrong, and where: line and column begin with 1."""

    line: int
    column: int
    words: str
    """To be translated."""
    detail: str = ""
    """In the words of the checker; empty for most."""


class Unreadable(Exception):
    def __init__(self, at: int, words: str) -> None:
        super().__init__(words)
        self.at, self.words = at, words


class Text(msgspec.Struct, frozen=True):
    """A text that was read: its value, and where each part of it stands."""

    value: Any
    places: dict[Path, int]
    text: str

    def fault(self, path: Sequence[str | int], words: str, detail: str = "") -> Fault:
        """A fault at a path; where that is not in the text, at the nearest part that holds it."""
        steps = tuple(path)
        while steps and steps not in self.places:
            steps = steps[:-1]
        return fault_at(self.text, self.places.get(steps, 0), words, detail)


def read(text: str) -> Text | Fault:
    """The JSON value of the text, or its first fault."""
    reader = Reader(text)
    try:
        value, end = reader.value(0, (), 0)
    except Unreadable as error:
        return fault_at(text, error.at, error.words)
    if (rest := reader.skip(end)) != len(text):
        return fault_at(text, rest, N_("There is something after the end."))
    return Text(value, reader.places, text)


def fault_at(text: str, at: int, words: str, detail: str = "") -> Fault:
    before = text[:at]
    return Fault(before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1, words, detail)


class Reader:
    """JSON (RFC 8259) by recursive descent, stricter than most: a name that stands twice is a fault."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: dict[Path, int] = {}

    def skip(self, at: int) -> int:
        found = SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, path: Path, depth: int) -> tuple[Any, int]:
        at = self.skip(at)
        self.places.setdefault(path, at)
        first = self.text[at : at + 1]
        if depth > DEEPEST:
            raise Unreadable(at, N_("This is nested too deeply."))
        if first == "{":
            return self.members(at + 1, path, depth)
        if first == "[":
            return self.items(at + 1, path, depth)
        if first == '"':
            return self.string(at)
        found = LITERAL.match(self.text, at)
        if not found:
            raise Unreadable(at, N_("The text ends too early.") if not first else N_("A value is expected here."))
        return json.loads(found.group()), found.end()

    def members(self, at: int, path: Path, depth: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        at = self.skip(at)
        if self.text[at : at + 1] == "}":
            return members, at + 1
        while True:
            at = self.skip(at)
            if self.text[at : at + 1] != '"':
                raise Unreadable(at, N_("A name in double quotes is expected here."))
            start = at
            name, at = self.string(at)
            if name in members:
                raise Unreadable(start, N_("This name stands twice."))
            self.places[*path, name] = start
            at = self.skip(at)
            if self.text[at : at + 1] != ":":
                raise Unreadable(at, N_("A colon is missing here."))
            members[name], at = self.value(at + 1, (*path, name), depth + 1)
            more, at = self.more(at, "}")
            if not more:
                return members, at

    def items(self, at: int, path: Path, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        at = self.skip(at)
        if self.text[at : at + 1] == "]":
            return items, at + 1
        while True:
            item, at = self.value(at, (*path, len(items)), depth + 1)
            items.append(item)
            more, at = self.more(at, "]")
            if not more:
                return items, at

    def more(self, at: int, closing: str) -> tuple[bool, int]:
        """Whether another one follows, and where to read on."""
        at = self.skip(at)
        sign = self.text[at : at + 1]
        if sign not in {",", closing}:
            raise Unreadable(at, N_("A comma or a closing bracket is missing here."))
        if sign == "," and self.text[self.skip(at + 1) : self.skip(at + 1) + 1] == closing:
            raise Unreadable(at, N_("This comma is one too many."))
        return sign == ",", at + 1

    def string(self, at: int) -> tuple[str, int]:
        found = STRING.match(self.text, at)
        if not found:
            raise Unreadable(at, N_("This text is not closed, or holds what JSON cannot."))
        text = json.loads(found.group())
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Unreadable(at, N_("This text is not closed, or holds what JSON cannot.")) from error
        return text, found.end()


def excerpt(text: str, line: int, around: int = 2) -> list[tuple[int, str, bool]]:
    """The lines about a fault: number, text, and whether it is the one."""
    lines = text.split("\n")
    first = max(0, line - 1 - around)
    return [
        (place + 1, lines[place][:200], place + 1 == line) for place in range(first, min(len(lines), line + around))
    ]
