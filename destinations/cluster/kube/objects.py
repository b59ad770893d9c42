"""The objects of one kind in a namespace, Secrets or ConfigMaps: listed, watched, read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar

from destinations.cluster import limits, wire
from destinations.cluster.kube.calls import KubernetesApi, Query, Resource, patiently
from destinations.cluster.kube.pages import Item, read_page
from destinations.cluster.kube.streams import ObjectWatch, Read
from destinations.cluster.port import Invalid, Listing, NotFound, Shrink, Unread, WatchEvent, WriteListener
from destinations.model import Secret
from destinations.secret.trim import drop_large_values

_FIRST_PAGE = 25
_PAGE_BYTES = 4 * 1024 * 1024
_LARGE_BYTES = 64 * 1024
T = TypeVar("T")


class Objects:
    """Keeps the promises of `port.ConfigMaps`, of whatever kind. Answers stay plain JSON, so that unknown members survive.

    An answer holds `page` objects at most, and `query` narrows each list and watch.
    """

    def __init__(
        self, api: KubernetesApi, resource: Resource, read: Read, *, page: int, query: Query | None = None
    ) -> None:
        self._api = api
        self._resource = resource
        self._read_manifest = read
        self._page = page
        self._query = dict(query or {})
        self._listeners: list[WriteListener] = []

    def list_with_version(self, shrink: Shrink) -> Listing:
        """Return every object, cut down page by page, and the version to watch on from."""
        found, version = self._list(lambda item: shrink(self._read(item.document())))
        return Listing(tuple(found), version)

    def list_unread(self) -> Sequence[Unread]:
        """Return every object, sorted by name; of large ones those are read and cut that `drop_large_values` cuts."""
        return self._list(self._unread)[0]

    def _unread(self, item: Item) -> Unread:
        if item.size > _LARGE_BYTES:
            cut = drop_large_values(self._read(item.document()))
            if not cut.manifest:
                return Unread.of(cut)
        own = item.detached()
        return Unread(own.name, own.uid, own.resource_version, partial(self._read_item, own))

    def _read_item(self, item: Item) -> Secret:
        return self._read(item.document())

    def _list(self, take: Callable[[Item], T]) -> tuple[list[T], str]:
        """Return what `take` makes of every object, sorted by its name, and the version of the list.

        A page that is gone (410) ends this, and the whole list starts again: it is never partial.
        """
        kind = f"{self._resource.kind}List"

        def attempt(left: Callable[[], tuple[float, float]]) -> tuple[list[T], str]:
            found: list[T] = []
            token, size = "", min(self._page, _FIRST_PAGE)
            while True:
                query = {"limit": size, **self._query, **({"continue": token} if token else {})}
                decode = partial(read_page, kind=kind)
                page = self._api.read_as("list", self._resource, left(), decode, query=query)
                found += map(take, page.items)
                token, version, size = page.token, page.version, _following(page.items, self._page)
                del page  # the next one needs the room
                if not token:
                    return sorted(found, key=attrgetter("name")), version

        return patiently(attempt)

    def watch(self, resource_version: str, *, seconds: int) -> Iterator[WatchEvent]:
        """Yield what happens after a version. Raises Unreachable for a cut, a silence, half a line or an error in it."""
        watch = ObjectWatch(self._api, self._resource, self._read, self._query)
        yield from watch.events(resource_version, seconds)

    def on_write(self, listener: WriteListener) -> None:
        self._listeners.append(listener)

    def get(self, name: str) -> Secret:
        """Return one. Raises NotFound, Unreachable or Forbidden."""
        if not limits.is_name(name):  # "..", say, would lead to another address of the API
            raise NotFound("NotFound", status=404)
        return patiently(lambda left: self._read(self._api.read("get", self._resource, left(), name=name)))

    def create(self, manifest: Mapping[str, Any]) -> Secret:
        if not limits.is_name(wire.unseen(manifest)):
            raise Invalid("Invalid", status=422)
        return self._stored(self._api.write("create", self._resource, manifest))

    def replace(self, manifest: Mapping[str, Any]) -> Secret:
        name, _, _ = wire.seen(manifest)
        return self._stored(self._api.write("update", self._resource, manifest, name=name))

    def _read(self, manifest: Mapping[str, Any]) -> Secret:
        return self._read_manifest(wire.with_kind(manifest, self._resource.kind))

    def _stored(self, manifest: Mapping[str, Any]) -> Secret:
        stored = self._read(manifest)
        self._tell(stored.uid, stored.resource_version)
        return stored

    def _tell(self, uid: str, resource_version: str) -> None:
        for listener in self._listeners:
            listener(uid, resource_version)


def _following(items: Sequence[Item], limit: int) -> int:
    """Return how many objects to ask for next: as many as stay within a few MiB if they are like these."""
    size = sum(item.size for item in items)
    return max(1, min(limit, _PAGE_BYTES * len(items) // size)) if size else limit
