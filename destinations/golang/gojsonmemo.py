"""The document that was read last, so that the many rules about one Secret read a large one once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from destinations.golang import gojson
from destinations.golang.gojson import Value
from destinations.golang.gostrings import GoError


@dataclass(slots=True)
class _Last:
    """One document, so that no more than one large one is kept; the empty one is none."""

    data: bytes = field(default=b"", repr=False)
    value: Value = field(default=None, repr=False)
    error: GoError | None = None


_last: ContextVar[_Last | None] = ContextVar("last document", default=None)


@contextmanager
def one_reading() -> Iterator[None]:
    """Let `parse` read a document once that is asked for again and again in this block."""
    token = _last.set(_Last())
    try:
        yield
    finally:
        _last.reset(token)


def parse(data: bytes) -> Value:
    """Return the document's value, which is not to be changed. Raises GoError with Go's own words."""
    last = _last.get()
    if last is None or not data:
        return gojson.parse(data)
    if last.data != data:
        last.data, last.value, last.error = b"", None, None
        try:
            last.value = gojson.parse(data)
        except GoError as error:
            last.error = GoError(*error.args)  # without its trace, which would keep the document's texts
        last.data = data
    if last.error:
        raise GoError(*last.error.args)
    return last.value
