"""Rules of the templates and styles that a machine can read."""

import re
from pathlib import Path

import pytest

import comptoir.console

CONSOLE = Path(comptoir.console.__file__).parent
TEMPLATES = sorted((CONSOLE / "templates").glob("*.j2"))
STYLES = [path for path in sorted((CONSOLE / "static").glob("*.css")) if path.name != "tokens.css"]
DRAWN = [CONSOLE / "drawing.py", CONSOLE / "charts.py", CONSOLE / "cloth.py", *(CONSOLE / "pages").glob("*.py")]
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b(?![^<]*href)|\b(?:rgb|hsl|oklch|oklab|lab|lch)\(", re.IGNORECASE)


def name(path):
    return path.name


def without_comments(path):
    text = path.read_text()
    return re.sub(r"\{#.*?#\}|/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", [*TEMPLATES, *DRAWN], ids=name)
def test_no_inline_style_or_handler(path):
    """The policy of the page forbids both, so they would silently not work."""
    text = without_comments(path)
    assert not re.search(r"<[^>]*\sstyle=", text)
    assert not re.search(r"<[^>]*\son[a-z]+=", text)
    assert "<style" not in text
    assert not re.search(r"hx-on|\bjs:|hx-trigger=\"[^\"]*\[", text), "htmx would need eval for this"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_no_inline_script(path):
    for tag in re.findall(r"<script[^>]*>", without_comments(path)):
        assert "src=" in tag


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_no_raw_colour_in_a_template(path):
    text = re.sub(r"""(?:href|action|hx-\w+|"#[\w-]+")=?"?[^"]*"?""", "", without_comments(path))
    assert not COLOUR.search(text)


@pytest.mark.parametrize("path", STYLES, ids=name)
def test_colours_are_tokens(path):
    text = re.sub(r"color-mix\(in oklab", "", without_comments(path))
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch|lab|lch)\(", text), "name it in tokens.css"


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.name != "parts.html.j2"], ids=name)
def test_a_button_is_a_macro(path):
    assert "<button" not in without_comments(path), "use ui.btn, ui.chip, ui.seg …, or add a part to parts.html.j2"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_words_are_translated_by_function(path):
    """`{% trans %}` would put markup into messages."""
    assert "{% trans" not in without_comments(path)


def test_nothing_is_loaded_from_elsewhere():
    for path in [*TEMPLATES, *(CONSOLE / "static").glob("*.css"), *(CONSOLE / "static").glob("*.js")]:
        assert not re.search(r"""(?:src|href|url|from|import)\s*[=(]?\s*["']?https?://""", path.read_text()), path.name
