"""What happens to the objects of one kind after a version: the stream of a watch, over a WebSocket or plain."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from urllib3.exceptions import HTTPError

from destinations.cluster.kube.calls import KubernetesApi, Query, Resource
from destinations.cluster.port import Forbidden, Unreachable, WatchEvent
from destinations.model import Secret

Read = Callable[[Mapping[str, Any]], Secret]
_CHUNK = 64 * 1024
_PLAIN_SECONDS = 3  # bookmarks come about once a minute, which is no proof of life: the end of a stream is one
_CHANGES = {"ADDED", "MODIFIED", "DELETED"}


@dataclass(frozen=True, slots=True)
class ObjectWatch:
    """A watch over one kind of object; `query` narrows it."""

    api: KubernetesApi
    resource: Resource
    read: Read
    query: Query

    def events(self, version: str, seconds: int) -> Iterator[WatchEvent]:
        """Keep the promises of `port.Source.watch`. Raises Unreachable for a cut, a silence, half a line or an error in it.

        Where there is no WebSocket to be had, a plain stream follows the other for as long: a silent one proves nothing.
        """
        end = time.monotonic() + seconds
        messages = self._messages(version, seconds)
        first = next(messages, None)
        if first is not None:
            yield WatchEvent(version)
            for message in itertools.chain([first], messages):
                event = _event(message, self.read) if message else WatchEvent(version)
                version = event.resource_version
                yield event
            return
        left = end - time.monotonic()
        while True:
            for event in self._plain(version, max(1, min(_PLAIN_SECONDS, round(left)))):
                version = event.resource_version
                yield event
            left = end - time.monotonic()
            if left <= 0:
                return

    def _plain(self, version: str, seconds: int) -> Iterator[WatchEvent]:
        answer = self.api.open("watch", self.resource, query=self._query(version, seconds))
        yield WatchEvent(version)
        for line in _lines(answer):
            event = _event(line, self.read)
            version = event.resource_version
            yield event
        yield WatchEvent(version)

    def _messages(self, version: str, seconds: int) -> Iterator[bytes]:
        """Yield what comes over a WebSocket; nothing where the way there knows no WebSocket, or it never says a word."""
        try:
            opened = self.api.open("watch", self.resource, query=self._query(version, seconds), upgrade=True)
        except (Unreachable, Forbidden):  # perhaps by something on the way: a plain stream shows which it is
            return
        said = broken = False
        try:
            for message in opened.messages(seconds):
                said = True
                yield message
        except (HTTPException, HTTPError, OSError):
            broken = True  # not `raise … from None` here: even a context of the client's may hold a body
        finally:
            opened.close()
        if broken and said:
            raise Unreachable("WatchBroke")

    def _query(self, version: str, seconds: int) -> Query:
        query: Query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version}
        return {**query, "timeoutSeconds": seconds, **self.query}


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
