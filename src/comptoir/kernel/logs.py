"""Structured logs on standard error: `event key=value` for people, one JSON object a line for machines.

    log = structlog.get_logger(__name__)
    log.info("consumer.retry", consumer="customers", reason="…")

Every line of a request carries its `request_id`. Secrets and personal data never reach a log: values under names such
as password, token or email are replaced, whoever logs them.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, cast

import structlog
from structlog.typing import Processor

from comptoir.kernel.errors import Invalid
from comptoir.kernel.settings import Settings

SECRET = re.compile(
    r"(password|secret|token|write_?key|api_?key|authorization|cookie|e_?mail|phone|first_?name|last_?name|address)",
    re.IGNORECASE,
)
"""Names whose values are not for logs."""

IN_TEXT = re.compile(r"(?:wk|ck)_[A-Za-z0-9_-]{8,}|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+")
"""Keys and e-mail addresses that stand inside of a text, such as the message of an error."""

HIDDEN = "…"


request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The header `X-Request-Id`, and `request_id` in logs, problems and the audit trail."""


class Handler(logging.StreamHandler):  # pyright: ignore[reportMissingTypeArgument]
    """Ours, to be told from those of a test runner; writes to standard error as it is now."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def set_up(settings: Settings) -> None:
    """Once per process, before anything is logged. Other libraries' logs take the same way."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper())
    if level is None:
        raise Invalid(f"COMPTOIR_LOG_LEVEL={settings.log_level} is no level: debug, info, warning or error.")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        of_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_format == "json":
        last: list[Processor] = [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer()]
    else:
        plain = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        last = [structlog.processors.format_exc_info, redact, plain]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter
    through = formatter(foreign_pre_chain=shared, processors=[formatter.remove_processors_meta, *last])
    handler = Handler()
    handler.setFormatter(through)
    root = logging.getLogger()
    root.handlers = [handler, *(one for one in root.handlers if not isinstance(one, Handler))]
    root.setLevel(max(level, logging.WARNING))


def of_request(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say which request it belongs to."""
    if this := request_id.get():
        event.setdefault("request_id", this)
    return event


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what is secret or personal, at any depth."""
    for name, value in event.items():
        event[name] = clean(name, value)
    return event


def clean(name: str, value: Any) -> Any:
    if SECRET.search(name) and value not in (None, ""):
        return HIDDEN
    if isinstance(value, str):
        return IN_TEXT.sub(HIDDEN, value)
    if isinstance(value, dict):
        return {key: clean(str(key), one) for key, one in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [clean("", one) for one in cast("list[Any]", value)]
    return value
