"""One module per page. Each ends with `section = Section(routes=[…], topics=[…], palette=[…])`; `SECTIONS` lists them.

A handler makes a frozen view-model and ends with `return page.show("<noun>.html.j2", view)`; see `styleguide.py`.
"""

from comptoir.console.console import Section
from comptoir.console.pages import shell, sign_in, styleguide

SECTIONS: list[Section] = [shell.section, sign_in.section, styleguide.section]
