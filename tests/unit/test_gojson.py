"""Two readers of JSON, the quick one and the exact one: nobody can tell which of them read a document."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.golang import gojson
from destinations.golang.gojson import Object
from destinations.golang.gojsonscanner import Scanner
from destinations.golang.gostrings import GoError

SCALARS = st.none() | st.booleans() | st.text() | st.integers() | st.floats()
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
ODD = [
    b'{"a":1,"a":2,"b":{"a":NaN}}', b"NaN", b"-Infinity", b"[1e999,-0,1.50]", b'"\\ud800"', b'"\\/\\b"', b'"\xff"',
    b"\xef\xbb\xbf{}", b"01", b"1.", b"[1,]", b'{"a" 1}', b'"\x01"', b"{}x", b"", b" \t\r\n[ ]\n", b"\x0c{}", b"\x00",
    b"[" * 99, b"[" * 99 + b"]" * 99, b"[" * 10_001, b'{"a":1,}', b"9" * 5000, b"tru", b'{"\\u0061":1,"a":2}',
]  # fmt: skip


def reading(parse: object, data: bytes) -> str:
    try:
        value = parse(data)  # type: ignore[operator]
    except GoError as error:
        return f"refused: {error}"
    pairs = value.pairs if isinstance(value, Object) else None
    return f"{value!r} {pairs!r}"


def exact(data: bytes) -> object:
    return Scanner(data).document()


@given(DOCUMENTS, st.booleans())
def test_both_readers_agree_on_what_is_json(document: object, ascii_only: bool) -> None:  # noqa: FBT001
    data = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert reading(gojson.parse, data) == reading(exact, data)


@given(st.binary(max_size=30) | st.text('[]{}",:0123-.eE \\untrfalsNI', max_size=30).map(str.encode))
def test_both_readers_agree_on_what_is_none(data: bytes) -> None:
    assert reading(gojson.parse, data) == reading(exact, data)


@pytest.mark.parametrize("data", ODD, ids=range(len(ODD)))
def test_both_readers_agree_where_python_and_go_differ(data: bytes) -> None:
    assert reading(gojson.parse, data) == reading(exact, data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a":nul', "invalid character ' ' in literal null (expecting 'l')"),
        (b'{"a":"\\', "invalid character ' ' in string escape code"),
        (b'{"a":"\\u12', "invalid character ' ' in \\u hexadecimal character escape"),
        (b"-", "invalid character ' ' in numeric literal"),
        (b"1.", "invalid character ' ' after decimal point in numeric literal"),
        (b"1e+", "invalid character ' ' in exponent of numeric literal"),
        (b"[1e4e0]", "invalid character 'e' after array element"),
        (b"[1.5.3]", "invalid character '.' after array element"),
        (b'{"a":"b', "unexpected end of JSON input"),
        (b'{"a"', "unexpected end of JSON input"),
        (b"[" * 10_001, "invalid character '[' exceeded max depth"),
    ],
)
def test_a_document_that_is_cut_or_wrong_is_refused_in_gos_words(data: bytes, words: str) -> None:
    assert reading(gojson.parse, data) == f"refused: {words}"
