"""Sets of channels as bit maps, so that they merge by OR. The same order as in profiles.channel_names()."""

from collections.abc import Iterable

from comptoir.kernel.errors import Invalid

CHANNELS = ("paid", "social", "market", "email", "sms", "web", "app", "display", "phone", "shop")
BIT = {channel: 1 << place for place, channel in enumerate(CHANNELS)}


def bits(channels: Iterable[str]) -> int:
    wanted = set(channels)
    if unknown := sorted(wanted - set(BIT)):
        raise Invalid(f"No channel is called {', '.join(unknown)}: take one of {', '.join(CHANNELS)}.")
    return sum(BIT[channel] for channel in wanted)


def names(bits: int) -> list[str]:
    """From farthest to nearest the counter."""
    return [channel for channel in CHANNELS if bits & BIT[channel]]
