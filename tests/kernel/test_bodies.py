"""Of a body that holds many things, each is decoded by itself."""

import msgspec
import pytest

from comptoir.kernel.errors import Invalid, Refusal, TooLarge
from comptoir.kernel.http.many import Many, inlined


class Thing(msgspec.Struct, frozen=True):
    name: str


THINGS = Many(Thing, key="things", most=5)
A, B = b'{"name":"a"}', b'{"name":"b"}'


def names(body):
    return [one.code if isinstance(one, Refusal) else one.name for one in THINGS.decode(body)]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (A, ["a"]),
        (b" [%b,\n%b] " % (A, B), ["a", "b"]),
        (b'{"things":[%b,%b]}' % (A, B), ["a", "b"]),
        (b'{"other":1,"things":[%b]}' % A, ["a"]),
        (b"%b\n\n %b\r\n" % (A, B), ["a", "b"]),
        (b'{\n"name":\n"a"}', ["a"]),
        (b"[]", []),
        (b'{"things":[]}', []),
        (b"[%b,5,%b]" % (A, B), ["a", "invalid", "b"]),
        (b'{"things":[%b,{"name":5}]}' % A, ["a", "invalid"]),
        (b'[%b,{"name":"\\ud800"},%b]' % (A, B), ["a", "invalid", "b"]),
        (b'{"things":[%b,{"name":"\\ud800"}]}' % A, ["a", "invalid"]),
        (b'[%b,{"name":"x\\u0000"},%b]' % (A, B), ["a", "invalid", "b"]),
        (b'[{"name":"x\\\\u0000"},%b]' % B, ["x\\u0000", "b"]),  # a backslash and five letters
        (b'[%b,{"name":"\xff"},%b]' % (A, B), ["a", "invalid", "b"]),
        (b'{"things":[%b,{"name":"\xff"}]}' % A, ["a", "invalid"]),
        (b'%b\n{"name":\n%b' % (A, B), None),
        (b'%b\n{"name":}\n%b' % (A, B), ["a", "invalid", "b"]),
        (b"{}", ["invalid"]),
        (b'{"things":5}', None),
        (b"", None),
        (b"5", None),
        (b"[1,", None),
        (b"[" * 10**5, None),
        (b'{"things":' + b"[" * 10**5, None),
        (b"[%b]" % b",".join([A] * 6), "too large"),
        (b"\n".join([A] * 6), "too large"),
        (b'{"things":[%b]}' % b",".join([b"5"] * 6), "too large"),
    ],
)
def test_what_a_body_holds(body, found):
    if found is None:
        with pytest.raises(Invalid):
            names(body)
    elif found == "too large":
        with pytest.raises(TooLarge):
            names(body)
    else:
        assert names(body) == found


def test_a_schema_is_written_out():
    class Inner(msgspec.Struct):
        size: int

    class Outer(msgspec.Struct):
        inner: Inner
        more: list[Inner]

    schema = inlined(msgspec.json.schema(Outer))
    assert "$ref" not in str(schema)
    assert schema["properties"]["more"]["items"]["properties"]["size"] == {"type": "integer"}
