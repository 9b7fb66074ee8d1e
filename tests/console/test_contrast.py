"""The colours of tokens.css keep the contrast that the design promises (WCAG 2.2), in light and in dark."""

import math
import re
from pathlib import Path

import pytest

import comptoir.console
from comptoir.console.channels import CHANNELS

TOKENS = (Path(comptoir.console.__file__).parent / "static/tokens.css").read_text()
PAIR = re.compile(r"--([\w-]+):\s*light-dark\(oklch\(([^)]*)\),\s*oklch\(([^)]*)\)\)")
COLOURS = {name: (light, dark) for name, light, dark in PAIR.findall(TOKENS)}
GROUNDS = ("counter", "sheet", "well", "raised")
TEXT = [
    *(("ink", ground) for ground in (*GROUNDS, "hover", "brass-wash")),
    *(("ink-2", ground) for ground in (*GROUNDS, "hover", "brass-wash")),
    *(("ink-3", ground) for ground in ("counter", "sheet", "raised")),
    *(("brass-ink", ground) for ground in ("sheet", "raised", "brass-wash")),
    *((verdict, ground) for verdict in ("good", "warn", "bad", "info") for ground in ("sheet", f"{verdict}-wash")),
    ("on-ink", "ink-solid"),
]
SIGNS = [
    *(("brass-deep", ground) for ground in ("counter", "sheet", "raised")),
    *(("edge", ground) for ground in ("counter", "sheet", "raised")),
    *((f"ch-{channel}", ground) for channel in CHANNELS for ground in ("counter", "sheet")),
    *(("on-ch", f"ch-{channel}") for channel in CHANNELS),
]


def luminance(colour: str) -> float:
    """Relative luminance of an oklch colour (Ottosson's matrices, then linear sRGB clipped to the gamut)."""
    lightness, chroma, hue = (float(part) for part in colour.split())
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(max(value, 0), 1) for value in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str, mode: int) -> float:
    high, low = sorted((luminance(COLOURS[one][mode]), luminance(COLOURS[other][mode])), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_is_readable(ink, ground, mode):
    assert contrast(ink, ground, mode) >= 4.5


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("sign", "ground"), SIGNS)
def test_signs_and_borders_are_seen(sign, ground, mode):
    assert contrast(sign, ground, mode) >= 3


def test_black_on_white_is_21():
    COLOURS["black"], COLOURS["white"] = ("0 0 0", "0 0 0"), ("1 0 0", "1 0 0")
    assert contrast("black", "white", 0) == pytest.approx(21, abs=0.01)
