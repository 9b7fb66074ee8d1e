"""A device in the words of who looks at a customer: “Safari, Mac”, not the user agent it was read from."""

import re
from collections.abc import Mapping

from comptoir.profiles import Device

# In this order: every browser says that it is the ones after it, too.
BROWSERS: Mapping[str, str] = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "FxiOS": "Firefox",
    "Firefox": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS: Mapping[str, str] = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
HANDHELD = {"iPhone", "iPad", "Android"}


def named(device: Device) -> tuple[str, str]:
    """Its name and icon; an app is called by its own name, what nobody named here by its user agent."""
    agent = device.agent
    system = next((name for sign, name in SYSTEMS.items() if sign in agent), "")
    if agent.startswith("Mozilla/"):
        program = next((name for sign, name in BROWSERS.items() if re.search(rf"\b{sign}\w*/", agent)), "")
    else:
        program = agent.partition(" ")[0].replace("/", " ")
    icon = "device-mobile" if system in HANDHELD or not system else "device-desktop"
    return (f"{program}, {system}" if program and system else agent), icon
