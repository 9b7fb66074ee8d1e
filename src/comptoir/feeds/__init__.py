"""What is told outside of the house about what it sells: files for search engines, and the shelf for anybody's page.

definitions which feeds there are, and the secret addresses at which they are fetched
files       a feed as it is fetched: chunk by chunk; what it leaves out, and why
items       what stands in it of one article, pure       writing     its texts: RSS 2.0, tab-separated
structured  a product in the words of schema.org
near        in stock near you
guard       whoever asks without signing in is counted

Prices are `pricing.shelf_prices`, stock is `inventory.available`, articles `catalog.sold`: nothing is copied, so a feed
says what a till says.
"""

from comptoir.feeds.definitions import feed, feed_of_token, feeds, open_address, pulse, revoke, set_feed
from comptoir.feeds.errors import BadFeed, TooOften, UnknownFeed, UnknownPlace
from comptoir.feeds.files import left_out, stream
from comptoir.feeds.guard import Guard
from comptoir.feeds.holdings import HOLDINGS
from comptoir.feeds.near import Point, near_you, point_of
from comptoir.feeds.records import Feed, FeedEntry, LeftOut, NearShop, NearYou, Report
from comptoir.feeds.structured import structured

__all__ = [
    "HOLDINGS",
    "BadFeed",
    "Feed",
    "FeedEntry",
    "Guard",
    "LeftOut",
    "NearShop",
    "NearYou",
    "Point",
    "Report",
    "TooOften",
    "UnknownFeed",
    "UnknownPlace",
    "feed",
    "feed_of_token",
    "feeds",
    "left_out",
    "near_you",
    "open_address",
    "point_of",
    "pulse",
    "revoke",
    "set_feed",
    "stream",
    "structured",
]
