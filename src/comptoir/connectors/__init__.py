"""Other systems that sell for the house: shops on Shopify and WooCommerce, and tills that export files.

connections  which shop elsewhere stands for which outlet, and its secret
signatures   whether a webhook is theirs; pure
deliveries   webhooks are kept at once and worked off after it, in any order, once; failed ones again
shopify, woocommerce  what they send, as orders of ours; pure
looking      what of each connection waits or has failed, for people
taking       what a delivery does to the order book
receipts     exports of tills: a mapping says which column is what
"""

from comptoir.connectors.connections import connect, connection, connections, renew, switch
from comptoir.connectors.deliveries import deliveries, replay, settle, work_off
from comptoir.connectors.errors import BadMapping, BadPayload, BadSignature, ConnectionExists, UnknownConnection
from comptoir.connectors.events import DeliveryFailed
from comptoir.connectors.history import Imported, import_orders
from comptoir.connectors.holdings import HOLDINGS
from comptoir.connectors.looking import Standing, pulse, standings
from comptoir.connectors.receipts.mapping import Mapping, load
from comptoir.connectors.receipts.reading import Faulty, Parsed, read
from comptoir.connectors.records import Connected, Connection, Delivery, NewConnection, Platform

__all__ = [
    "HOLDINGS",
    "BadMapping",
    "BadPayload",
    "BadSignature",
    "Connected",
    "Connection",
    "ConnectionExists",
    "Delivery",
    "DeliveryFailed",
    "Faulty",
    "Imported",
    "Mapping",
    "NewConnection",
    "Parsed",
    "Platform",
    "Standing",
    "UnknownConnection",
    "connect",
    "connection",
    "connections",
    "deliveries",
    "import_orders",
    "load",
    "pulse",
    "read",
    "renew",
    "replay",
    "settle",
    "standings",
    "switch",
    "work_off",
]
