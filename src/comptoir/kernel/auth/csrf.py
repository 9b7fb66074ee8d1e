"""Cross-site request forgery: a browser says itself where a request comes from, so no token is needed in any form.

Every browser since 2023 sends `Sec-Fetch-Site`; older ones send `Origin` with every POST. A request that changes
something on the strength of a cookie must show by one of them that it comes from our own pages. (The same rule as
CrossOriginProtection of Go's net/http.)
"""

from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from comptoir.kernel.errors import Forbidden

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSite(Forbidden):
    """The request comes from another site."""

    code = "kernel.cross_site"


def check_same_origin(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Refuse what another site made the browser send."""
    if connection.scope["method"] in SAFE:  # type: ignore[typeddict-item]
        return
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        if site in {"same-origin", "none"}:
            return
    elif (origin := connection.headers.get("origin")) and urlsplit(origin).netloc == connection.headers.get("host"):
        return
    raise CrossSite("Open the page again and repeat it there. Programs send an API key, not a cookie.")
