"""No secret and nothing personal reaches a log, whoever logs it and however deep it lies."""

import json
import logging

import pytest
import structlog

from comptoir.kernel import logs
from comptoir.kernel.errors import Invalid
from comptoir.kernel.settings import Settings


@pytest.fixture
def logged(capsys):
    logs.set_up(Settings(log_format="json"))
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    structlog.reset_defaults()
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one, logs.Handler)]


def test_secrets_are_replaced_by_name_and_by_look(logged):
    structlog.get_logger("x").info(
        "sign_in",
        email="camille@example.org",
        new_password="hunter2hunter2",
        nested={"Authorization": "Bearer ck_12345678_abcdefgh", "kept": [1, "two"]},
        reason="camille@example.org sent wk_0123456789abcdef0123456789abcdef",
        consumer="customers",
    )
    (line,) = logged()
    text = json.dumps(line)
    for secret in ("camille", "hunter2", "ck_12345678", "wk_0123"):
        assert secret not in text
    assert (line["event"], line["consumer"], line["nested"]["kept"]) == ("sign_in", "customers", [1, "two"])


def test_an_exceptions_text_is_cleaned_too(logged):
    try:
        int("no such user: camille@example.org")
    except ValueError as error:
        structlog.get_logger("x").error("http.defect", exc_info=error)
    (line,) = logged()
    assert "ValueError" in line["exception"]
    assert "camille" not in line["exception"]


def test_other_libraries_take_the_same_way(logged):
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        logging.getLogger("psycopg.pool").warning("lost %s", "camille@example.org")
    (line,) = logged()
    assert line["event"] == "lost …"
    assert line["request_id"] == "r1"


def test_an_unknown_level_is_refused():
    with pytest.raises(Invalid):
        logs.set_up(Settings(log_level="loud"))
