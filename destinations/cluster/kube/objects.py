"""The objects of one kind in a namespace, Secrets or ConfigMaps: listed, watched, read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from destinations.cluster import limits, wire
from destinations.cluster.kube.calls import KubernetesApi, Query, Resource, patiently
from destinations.cluster.kube.garbage import uncollected
from destinations.cluster.kube.streams import ObjectWatch, Read
from destinations.cluster.port import Invalid, Listing, NotFound, Shrink, WatchEvent, WriteListener
from destinations.model import Secret

_FIRST_PAGE = 25
_PAGE_BYTES = 4 * 1024 * 1024


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
        """Return every object, cut down page by page, and the version to watch on from.

        A page that is gone (410) ends this, and the whole list starts again: it is never partial.
        """

        def attempt(left: Callable[[], tuple[float, float]]) -> Listing:
            secrets: list[Secret] = []
            token, size = "", min(self._page, _FIRST_PAGE)
            while True:
                query = {"limit": size, **self._query, **({"continue": token} if token else {})}
                page = self._api.read("list", self._resource, left(), query=query)
                items = page.get("items") or ()
                with uncollected():
                    secrets += [shrink(self._read(item)) for item in items]
                metadata, size = page.get("metadata") or {}, _following(items, self._page)
                del page, items  # the next one needs the room
                token = metadata.get("continue") or ""
                if not token:
                    ordered = tuple(sorted(secrets, key=lambda secret: secret.name))
                    return Listing(ordered, metadata.get("resourceVersion") or "")

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


def _following(items: Sequence[Mapping[str, Any]], limit: int) -> int:
    """Return how many objects to ask for next: as many as stay within a few MiB if they are like these."""
    size = sum(len(value or "") for item in items for value in (item.get("data") or {}).values())
    return max(1, min(limit, _PAGE_BYTES * len(items) // size)) if size else limit
