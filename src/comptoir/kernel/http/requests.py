"""The request type that handlers and hooks see."""

from typing import Any

from litestar import Request

AnyRequest = Request[Any, Any, Any]
