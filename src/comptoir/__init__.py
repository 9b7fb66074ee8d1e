"""The one counter behind every channel of a retailer."""

__version__ = "0.1.0.dev0"
