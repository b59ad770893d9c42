"""The objects of one kind in a namespace, Secrets or ConfigMaps: listed, watched, read and written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from urllib3.exceptions import HTTPError

from destinations.cluster import limits, wire
from destinations.cluster.kube.calls import KubernetesApi, Query, Resource, patiently
from destinations.cluster.port import Invalid, Listing, NotFound, Shrink, Unreachable, WatchEvent, WriteListener
from destinations.model import Secret

Read = Callable[[Mapping[str, Any]], Secret]
_FIRST_PAGE = 25
_PAGE_BYTES = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_CHANGES = {"ADDED", "MODIFIED", "DELETED"}


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
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": resource_version}
        answer = self._api.open("watch", self._resource, query={**query, "timeoutSeconds": seconds, **self._query})
        yield WatchEvent(resource_version)
        for line in _lines(answer):
            yield _event(line, self._read)

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


def _lines(answer: Any) -> Iterator[bytes]:
    """Yield the lines of a stream, one JSON object each, and close it; one that ends in order just ends."""
    rest = bytearray()
    broken = False
    try:
        for chunk in answer.stream(_CHUNK, decode_content=True):
            rest += chunk
            if b"\n" in chunk:
                *whole, rest = rest.split(b"\n")
                yield from (bytes(line) for line in whole if line)
    except (HTTPError, OSError):
        broken = True  # not `raise … from None` here: even a context of the client's may hold a body
    finally:
        answer.close()
    if broken or rest:
        raise Unreachable("WatchBroke")


def _event(line: bytes, read: Read) -> WatchEvent:
    try:
        event = json.loads(line)
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            error = Unreachable("Expired", status=int(item.get("code") or 0))
        elif kind == "BOOKMARK":
            return WatchEvent(item["metadata"]["resourceVersion"])
        elif kind in _CHANGES:
            return WatchEvent(item["metadata"]["resourceVersion"], read(item), kind == "DELETED")
        else:
            error = Unreachable("NoUsableAnswer", status=200)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        error = Unreachable("NoUsableAnswer", status=200)
    raise error
