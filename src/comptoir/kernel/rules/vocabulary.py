"""What a rule may speak of: typed attributes, each with its words and with where it is found.

A fact is found in Python under the attribute's name, in SQL by its expression. Both yield what `Type` says, or nothing.
"""

import re
from collections.abc import Mapping
from typing import Literal, LiteralString

import msgspec

Language = Literal["en", "fr"]
Type = Literal["text", "integer", "decimal", "money", "boolean", "day", "moment", "set"]
"""
| type    | in Python                       | in SQL                                   |
|---------|---------------------------------|------------------------------------------|
| text    | str                             | text                                     |
| integer | int                             | smallint, integer, bigint                |
| decimal | Decimal or int, finite          | numeric or an integer, never a float     |
| money   | int, minor units                | bigint                                   |
| boolean | bool                            | boolean                                  |
| day     | date (no datetime)              | date                                     |
| moment  | datetime, aware                 | timestamptz                              |
| set     | a collection of str, never None | text[]                                   |
"""


class Words(msgspec.Struct, frozen=True):
    """The same in both languages."""

    en: str
    fr: str

    def __getitem__(self, language: Language) -> str:
        return self.fr if language == "fr" else self.en


class Attribute(msgspec.Struct, frozen=True):
    """One thing that can be known of whatever the rules of a vocabulary judge."""

    name: str
    """Its key in the facts and in the JSON of a rule: `basket.total`. It never changes, for rules are kept by it."""
    type: Type
    words: Words
    """With their article: "the basket total", "le total du panier"."""
    sql: LiteralString = ""
    """An expression without `%`. Empty where the vocabulary judges facts of Python only."""
    values: Mapping[str, Words] = {}
    """All that a text or the members of a set can be, if that is a closed list."""


NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


class Vocabulary:
    """The attributes that the rules of one purpose may speak of."""

    def __init__(self, name: str, *attributes: Attribute) -> None:
        self.name = name
        self.attributes = {attribute.name: attribute for attribute in attributes}
        if len(self.attributes) < len(attributes):
            raise ValueError(f"the vocabulary {name} has an attribute twice")
        if bad := [one.name for one in attributes if not NAME.fullmatch(one.name) or "%" in one.sql]:
            raise ValueError(f"the vocabulary {name} has names not written like basket.total, or % in its SQL: {bad}")

    def __getitem__(self, name: str) -> Attribute:
        return self.attributes[name]
