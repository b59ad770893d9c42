"""Go's `encoding/json`, as far as Epinio and skopeo use it: read by Python's reader where the two agree, and written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import accumulate
from json.encoder import encode_basestring
from typing import cast

from destinations.golang.gojsonscanner import MAX_DEPTH, Number, Object, Scanner, Value
from destinations.golang.gostrings import GoError

__all__ = ["Number", "Object", "Value", "dumps", "one_reading", "parse", "parse_once"]

_TEXT = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"?')
"""A string, or the beginning of one that has no end: so that none is looked for from each quotation mark again."""


def parse(data: bytes) -> Value:
    """Return the document's value, read by Python's reader (ten times as fast) where both agree. Raises GoError."""
    if not _SURROGATE.search(data) and not _may_be_deep(data):
        try:
            return cast("Value", _SIMPLE.decode(data.decode()))
        except (ValueError, RecursionError):
            pass  # Go's reader knows Go's words for it, and reads deeper
    return Scanner(data).document()


def _may_be_deep(data: bytes) -> bool:
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _TEXT.sub(b"", data).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_DEPTH


def _no_constant(name: str) -> Value:
    raise GoError(name)  # NaN and Infinity are Python's own


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in _STEPS)
_SIMPLE = json.JSONDecoder(
    object_pairs_hook=Object.of, parse_int=Number, parse_float=Number, parse_constant=_no_constant
)


@dataclass(slots=True)
class _Document:
    """The document that was read last: no more than one large one is kept; the empty one is not kept."""

    data: bytes = field(default=b"", repr=False)
    value: Value = field(default=None, repr=False)
    error: GoError | None = None


_last: ContextVar[_Document | None] = ContextVar("last document", default=None)


@contextmanager
def one_reading() -> Iterator[None]:
    """Let `parse_once` keep the document that it read last, until the block ends."""
    token = _last.set(_Document())
    try:
        yield
    finally:
        _last.reset(token)


def parse_once(data: bytes) -> Value:
    """Return the document's value, read once for all rules about a Secret: not to be changed. Raises GoError."""
    last = _last.get()
    if last is None or not data:
        return parse(data)
    if last.data != data:
        last.data, last.value, last.error = b"", None, None
        try:
            last.value = parse(data)
        except GoError as error:
            last.error = GoError(*error.args)  # without its trace, which would keep the document's texts
        last.data = data
    if last.error:
        raise GoError(*last.error.args)
    return last.value


def dumps(value: Value) -> str:
    """Return compact JSON: members in order, numbers as they were read, without recursion."""
    out: list[str] = []
    todo: list[Value | tuple[str]] = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, tuple):
            out.append(item[0])
        elif isinstance(item, dict):
            todo += reversed([("{",), *_members(item), ("}",)])
        elif isinstance(item, list):
            todo += reversed([("[",), *_elements(item), ("]",)])
        else:
            out.append(_scalar(item))
    return "".join(out)


def _members(item: dict[str, Value]) -> list[Value | tuple[str]]:
    parts: list[Value | tuple[str]] = []
    for index, (key, value) in enumerate(item.items()):
        parts += [(("," if index else "") + encode_basestring(key) + ":",), value]
    return parts


def _elements(item: list[Value]) -> list[Value | tuple[str]]:
    parts: list[Value | tuple[str]] = []
    for index, value in enumerate(item):
        parts += [(",",), value] if index else [value]
    return parts


def _scalar(item: bool | str | Number | None) -> str:  # noqa: FBT001 - any scalar of the document
    if isinstance(item, Number):
        return item.text
    if isinstance(item, str):
        return encode_basestring(item)
    return "null" if item is None else str(item).lower()
