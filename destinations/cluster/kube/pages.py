"""A page of a list: its objects stay bytes, but for what tells one state from another, until someone looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Raw, Struct

from destinations.cluster.port import Unreachable


@dataclass(frozen=True, slots=True)
class Item:
    """An object as the API server sent it."""

    name: str
    uid: str
    resource_version: str
    sent: Raw = field(repr=False)

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return len(memoryview(self.sent))

    def detached(self) -> Item:
        """Return it with its own bytes, so that it does not keep the rest of its page."""
        return Item(self.name, self.uid, self.resource_version, self.sent.copy())

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values. Raises Unreachable for what no reader takes."""
        found = None
        with suppress(ValueError, RecursionError):  # raised below, without what may hold a part of it
            found = msgspec.json.decode(self.sent)
        if not isinstance(found, dict):
            raise Unreachable("NoUsableAnswer", status=200)
        return found


@dataclass(frozen=True, slots=True)
class ListPage:
    """The objects of one page, the version of the list, and the token for the next page, which is empty after the last."""

    items: Sequence[Item]
    version: str
    token: str


class _Metadata(Struct, rename="camel"):
    name: str = ""
    uid: str = ""
    resource_version: str = ""


class _Object(Struct):
    metadata: _Metadata


class _ListMetadata(Struct, rename="camel"):
    resource_version: str = ""
    token: str = msgspec.field(name="continue", default="")


class _List(Struct):
    kind: str
    metadata: _ListMetadata = msgspec.field(default_factory=_ListMetadata)
    items: list[Raw] | None = None


_LISTS = msgspec.json.Decoder(_List)
_OBJECTS = msgspec.json.Decoder(_Object)


def read_page(body: bytes, kind: str) -> ListPage | None:
    """Return what a list answered, None if it is no list of this kind. Raises ValueError where it is not valid JSON."""
    body.decode()  # what stays bytes has to be text, too
    found = _LISTS.decode(body)
    if found.kind != kind:
        return None
    items = [_item(sent) for sent in found.items or ()]
    return ListPage(items, found.metadata.resource_version, found.metadata.token)


def _item(sent: Raw) -> Item:
    known = _OBJECTS.decode(sent).metadata
    return Item(known.name, known.uid, known.resource_version, sent)
