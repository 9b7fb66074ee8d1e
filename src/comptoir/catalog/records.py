from typing import Any, Literal

import msgspec

from comptoir.kernel.errors import Refusal


class Media(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One picture, film or document of a product. `label` is its text alternative."""

    url: str
    kind: Literal["image", "video", "document"] = "image"
    label: str | None = None


class NewVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One size or colour. An empty name means the product's name."""

    sku: str
    gtin: str | None = None
    name: str = ""
    attributes: dict[str, Any] = {}


class NewProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of a product file. Without variants, the product is its own: its SKU is its code.

    `category` is the path from the root. `media` replaces what was there; null leaves it alone.
    """

    code: str
    name: str
    brand: str | None = None
    category: list[str] = []
    attributes: dict[str, Any] = {}
    variants: list[NewVariant] = []
    media: list[Media] | None = None


class RefusedRow(msgspec.Struct, frozen=True):
    """Why one row of a file was not taken. `row` counts from 0."""

    row: int
    code: str
    detail: str
    data: dict[str, Any] = {}

    @classmethod
    def of(cls, row: int, refusal: Refusal) -> "RefusedRow":
        return cls(row, refusal.code, refusal.detail, refusal.data)


class Tally(msgspec.Struct, frozen=True):
    """How many were new, how many said something else than before, how many said the same."""

    new: int
    changed: int
    unchanged: int


class Imported(msgspec.Struct, frozen=True):
    """What an import did, and which rows it left out."""

    products: Tally
    variants: Tally
    refused: list[RefusedRow]


class Variant(msgspec.Struct, frozen=True):
    """One article as it is sold, with its product and place in the tree."""

    variant_id: int
    sku: str
    gtin: str | None
    name: str
    attributes: dict[str, Any]
    product_id: int
    product_code: str
    product_name: str
    brand: str | None
    category_id: int | None
    category_path: list[str] | None
    category: str | None
    """The path as words: "Grocery / Frozen / Ice"."""


class KnownVariant(msgspec.Struct, frozen=True, gc=False):
    """What a sale needs to know of a SKU. `category` is its path as words, empty for none."""

    variant_id: int
    category_id: int | None
    category: str
    name: str


class Placed(msgspec.Struct, frozen=True, gc=False):
    """A variant, its product and the path of its category; an empty path for none."""

    variant_id: int
    sku: str
    product: str
    path: tuple[str, ...]


class ProductVariant(msgspec.Struct, frozen=True):
    """A variant within its product."""

    variant_id: int
    sku: str
    gtin: str | None
    name: str
    attributes: dict[str, Any]


class Product(msgspec.Struct, frozen=True):
    """A product with all its variants and pictures."""

    product_id: int
    code: str
    name: str
    search_name: str
    """The name in lower case: the order of lists."""
    brand: str | None
    category_id: int | None
    category: list[str] | None
    attributes: dict[str, Any]
    variants: list[ProductVariant]
    media: list[Media]


class Category(msgspec.Struct, frozen=True):
    """A branch of the tree. The counts include everything beneath it."""

    category_id: int
    parent_id: int | None
    path: list[str]
    products: int
    variants: int
