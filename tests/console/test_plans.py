"""The tracking plan of a source: edited as table or text, tried on what came, published, restored."""

import json
import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir.console.pages import plan_table, plan_text
from comptoir.console.pages.plan_table import Row, Table
from comptoir.kernel.auth import ROLES
from comptoir.kernel.auth.permissions import GRANTS, opens

SCHEMA = {
    "type": "object",
    "properties": {
        "sku": {"type": "string", "pattern": "^C-"},
        "price": {"type": ["number", "null"]},
        "free": True,
    },
    "required": ["sku", "elsewhere"],
    "additionalProperties": False,
}

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(anything, st.sampled_from([None, 2]))
def test_what_json_writes_is_read(value, indent):
    text = json.dumps(value, indent=indent)
    found = plan_text.read(text)
    assert isinstance(found, plan_text.Text), found
    assert found.value == value


@given(st.text(alphabet='{}[],:"0a\\-.eE \ntruefalsnu', max_size=30))
def test_what_is_read_is_json_and_nothing_breaks_the_reader(text):
    found = plan_text.read(text)
    if isinstance(found, plan_text.Text):
        assert json.loads(text) == found.value
    else:
        assert 1 <= found.line <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ('{\n  "a": {},\n}', 2, 10, "This comma is one too many."),
        ('{\n  "a": {}\n  "b": {}\n}', 3, 3, "A comma or a closing bracket is missing here."),
        ('{"a": {},\n "a": {}}', 2, 2, "This name stands twice."),
        ('{"a" {}}', 1, 6, "A colon is missing here."),
        ("{a: 1}", 1, 2, "A name in double quotes is expected here."),
        ('{"a": NaN}', 1, 7, "A value is expected here."),
        ('{"a": "x', 1, 7, "This text is not closed, or holds what JSON cannot."),
        ('{"a": "\\ud800"}', 1, 7, "This text is not closed, or holds what JSON cannot."),
        ("", 1, 1, "The text ends too early."),
        ("{} {}", 1, 4, "There is something after the end."),
        ("[" * 70, 1, 62, "This is nested too deeply."),
    ],
)
def test_a_fault_is_shown_where_it_stands(text, line, column, words):
    found = plan_text.read(text)
    assert isinstance(found, plan_text.Fault)
    assert (found.line, found.column, found.words) == (line, column, words)


def test_a_path_leads_to_its_line():
    found = plan_text.read('{\n "P": {\n  "properties": {\n   "x": {"type": "numbre"}\n  }\n }\n}')
    assert isinstance(found, plan_text.Text)
    assert found.fault(["P", "properties", "x", "type"], "").line == 4
    assert found.fault(["P", "properties", "gone", 3], "").line == 3


def test_the_table_changes_only_what_was_typed():
    drawn = plan_table.tables({"Product Viewed": SCHEMA})
    assert [(row.name, row.kind, row.required, row.also) for row in drawn[0].rows] == [
        ("sku", "string", True, "pattern"),
        ("price", "…", False, ""),
        ("free", "", False, ""),
        ("elsewhere", "", True, ""),
    ]
    again = plan_table.changed({"Product Viewed": SCHEMA}, drawn)["Product Viewed"]
    assert again["properties"]["sku"] == SCHEMA["properties"]["sku"]
    assert again["properties"]["price"] == SCHEMA["properties"]["price"]
    assert again["required"] == ["sku", "elsewhere"]
    assert again["additionalProperties"] is False

    renamed = [
        Table("Looked", [Row("code", "string", False, was="sku"), Row("", "string", True)], was="Product Viewed")
    ]
    changed = plan_table.changed({"Product Viewed": SCHEMA}, renamed)
    assert changed == {
        "Looked": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"code": {"type": "string", "pattern": "^C-"}},
        }
    }


# ---- the page


@pytest.fixture(scope="module")
def admin(town):
    with town.visitor("admin", **{"Accept-Language": "en"}) as client:
        yield client


@pytest.fixture(scope="module")
def path(admin):
    """Where the plan of the newsletter stands, which nothing else of the tests looks at."""
    number = re.search(r'href="(/sources/\d+)">Newsletter', admin.get("/sources").text).group(1)
    return f"{number}/plan"


def fields(text: str) -> dict[str, str]:
    """What a browser would send of the form, without buttons."""
    form = text.partition('<form class="ruled')[2].partition("</form>")[0]
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
        if told.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        sent[told["name"]] = unescape(told.get("value", "on"))
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        sent[name] = unescape(chosen.group(1)) if chosen else ""
    for name, text_in in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        sent[name] = unescape(text_in)
    return sent


def as_text(admin, path, events, **more):
    return {"view": "json", "text": events if isinstance(events, str) else json.dumps(events), **more}


def test_a_plan_is_learned_edited_tried_published_and_restored(admin, path):
    learned = admin.post(f"{path}/draft", data={**fields(admin.get(path).text), "deed": "learn"})
    form = fields(learned.text)
    assert "Email Opened" in form.values()
    assert "email_subject" in form.values()

    fits = admin.post(f"{path}/draft", data={**form, "deed": "check"}).text
    assert re.search(r'figure">0</span>', fits)
    event = next(name for name, value in form.items() if value == "Email Opened" and "." not in name)
    more = fields(admin.post(f"{path}/draft", data={**form, "deed": f"row.{event[1:]}"}).text)
    new = max(
        (name for name in more if re.fullmatch(rf"{event}\.p\d+", name)), key=lambda name: int(name.split("p")[-1])
    )
    assert more[new] == ""
    asks = {**more, new: "campaign", f"{new}.required": "on", "mode": "enforce", "note": "campaigns"}
    tried = admin.post(f"{path}/draft", data={**asks, "deed": "check"}).text
    assert "<code>campaign</code> missing" in tried
    assert "would be rejected" in tried

    twice = admin.post(path, data=asks)
    assert twice.status_code == 409
    assert "Publish all the same" in twice.text
    done = admin.post(path, data=fields(twice.text))
    assert done.status_code == 303
    page = admin.get(path).text
    assert "Published. It is in force" in page
    assert "campaigns" in page
    assert re.search(r'value="campaign"', page)

    stale = admin.post(path, data=asks)
    assert stale.status_code == 422
    assert "was published meanwhile" in stale.text

    free = admin.post(path, data=as_text(admin, path, {}, version="1"))
    assert free.status_code == 303
    old = admin.get(f"{path}?version=1").text
    assert "version 1, not in force" in old
    assert admin.post(f"{path}/1").status_code == 303
    assert "Version 1 again" in admin.get(path).text
    assert admin.post(path, data=as_text(admin, path, {}, version="3")).status_code == 303


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{\n "P": {"type": "numbre"}\n}', "Line 2, column 8: This is no valid JSON Schema."),
        ('{\n "P": {"properties": {"x":\n {"pattern": "("}}}\n}', "Line 3, column 3: This is no valid JSON Schema."),
        ('{\n "P": 3\n}', "Line 2, column 2: The schema of an event is an object."),
        ("[]", "Line 1, column 1: A plan is an object"),
        ('{"P": {"$ref": "https://example.org/x"}}', "This is no valid JSON Schema."),
        ("{", "Line 1, column 2:"),
    ],
)
def test_a_bad_plan_is_told_by_its_line_and_kept_as_typed(admin, path, text, told):
    answer = admin.post(path, data=as_text(admin, path, text))
    assert answer.status_code == 422
    assert told in answer.text
    assert fields(answer.text)["text"].strip() == text.strip()
    assert admin.post(f"{path}/draft", data=as_text(admin, path, text, deed="check")).status_code == 422


def test_a_bad_form_is_refused(admin, path):
    for data in ({"base": "{"}, {"mode": "perhaps"}, {"version": "x"}, {"view": "film"}, {"base": "x" * 400_001}):
        assert admin.post(path, data=data).status_code == 400
    assert admin.post(f"{path}/draft", data={"deed": "row.7"}).status_code == 400
    assert admin.post(f"{path}/draft", data={"deed": "drop.x"}).status_code == 400
    assert admin.post(f"{path}/77").status_code == 404
    assert admin.get(f"{path}?version=77").status_code == 404
    assert admin.get("/sources/7777/plan").status_code == 404
    twice = {"e0": "A", "e1": "A", "deed": "check"}
    assert "Two events are called “A”." in admin.post(f"{path}/draft", data=twice).text


@pytest.mark.parametrize("role", ROLES)
def test_only_who_may_write_plans_enters(town, path, role):
    may = opens(GRANTS[role], "ingest:write")
    with town.visitor(role) as client:
        assert client.get(path).status_code == (200 if may else 403)
        assert client.post(f"{path}/draft", data={"deed": "check"}).status_code == (200 if may else 403)
        assert client.post(path, data={"version": "99"}).status_code == (422 if may else 403)


def test_quality_says_which_field_is_missing(admin):
    page = admin.get("/quality").text
    fields_of = page.partition('id="h-fields"')[2]
    assert "of the last" in fields_of
    assert "<code>phone</code>" in fields_of or "<code>email</code>" in fields_of
    assert admin.get("/quality?source=1").status_code == 200
