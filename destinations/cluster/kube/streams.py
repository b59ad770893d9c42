"""What happens to the objects of one kind after a version, as a stream of the API server tells it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import HTTPError

from destinations.cluster.kube.calls import KubernetesApi, Query, Resource
from destinations.cluster.port import Unreachable, WatchEvent
from destinations.model import Secret

Read = Callable[[Mapping[str, Any]], Secret]
_CHUNK = 64 * 1024
_CHANGES = {"ADDED", "MODIFIED", "DELETED"}


@dataclass(frozen=True, slots=True)
class Watch:
    """A watch over one kind of object; `query` narrows it."""

    api: KubernetesApi
    resource: Resource
    read: Read
    query: Query

    def events(self, version: str, seconds: int) -> Iterator[WatchEvent]:
        """Keep the promises of `port.Source.watch`. Raises Unreachable for a cut, a silence, half a line or an error in it."""
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version}
        answer = self.api.open("watch", self.resource, query={**query, "timeoutSeconds": seconds, **self.query})
        yield WatchEvent(version)
        for line in _lines(answer):
            yield _event(line, self.read)


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
