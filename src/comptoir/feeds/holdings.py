"""Nothing personal: files of goods."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(name="feeds.feed", plain="code name kind format country currency language link token_hash reasons"),
]
