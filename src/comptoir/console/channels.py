"""The ten channels as the console shows them. Their order, far to near the counter, holds in every lane and legend."""

import msgspec

from comptoir.console.language import N_


class Channel(msgspec.Struct, frozen=True):
    """How one channel is shown: never its hue without its icon or its name."""

    name: str
    icon: str


CHANNELS = {
    "paid": Channel(N_("Paid"), "speakerphone"),
    "social": Channel(N_("Social"), "hash"),
    "market": Channel(N_("Marketplace"), "basket"),
    "email": Channel(N_("E-mail"), "mail"),
    "sms": Channel(N_("SMS"), "message-2"),
    "web": Channel(N_("Web shop"), "world"),
    "app": Channel(N_("App"), "device-mobile"),
    "display": Channel(N_("In-shop screen"), "device-tv"),
    "phone": Channel(N_("Call centre"), "headset"),
    "shop": Channel(N_("Shop"), "building-store"),
}

NEARNESS = {key: place for place, key in enumerate(CHANNELS)}
"""0 is farthest from the counter, 9 stands at it."""
