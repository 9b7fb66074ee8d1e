"""The console: what people at the counter see and touch.

console     `Console`: one per process, mounts the sections, draws errors     page      `Page`: one answer in the making
rooms       the rooms and the scope that opens each                            pages/    one module per page
drawing     how each thing looks: person, money, why, thread …                 charts    bars, sparks, strands as SVG
language    words, figures and dates in English and French                     channels  the ten, from far to near
live        topics, the hub, the stream                                        palette   Ctrl K
assets      files for the browser, under an address that changes with them     cloth     drawings of garments
templates/  shell, parts (macros: `ui.btn` …), one template per page           static/   styles, scripts, fonts, icons

A page: `pages/styleguide.py` with `templates/styleguide.html.j2` is the pattern.
"""

from comptoir.console.console import Console, Section
from comptoir.console.page import Page, Retailer
from comptoir.console.pages import SECTIONS
from comptoir.console.rooms import ROOMS

__all__ = ["ROOMS", "SECTIONS", "Console", "Page", "Retailer", "Section"]
