"""An open page as its stream sees it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.test import Client

    from destinations.cluster.reflector import Reflector


def listed(watches: Iterable[Reflector]) -> None:
    """Wait until the watches know what there is."""
    end = time.monotonic() + 20
    while not all(one.secrets() for one in watches):
        assert time.monotonic() < end
        time.sleep(0.01)


class Page:
    """An open page of somebody, told of the beginning already."""

    def __init__(self, role: str, client: Client | None = None, *, since: str = "") -> None:
        self.client = client or world.sign_in(role)
        answer: Any = self.client.get("/live", {"since": since}, headers={"Accept": "text/event-stream"})
        self.answer = answer
        assert self.answer.status_code == 200
        self._chunks: Iterator[bytes] = iter(self.answer.streaming_content)
        assert next(self._chunks) == b"retry: 2000\n\n"

    def told(self, seconds: float = 5) -> str:
        """Return what comes next that is no sign of life; empty for the end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            chunk = next(self._chunks, b"")
            if b"event: alive" not in chunk:
                return chunk.decode()
            self.moment = chunk.decode().partition("\n")[0].removeprefix("id: ")
        return "nothing"

    def close(self) -> None:
        self.answer.close()


def event(kind: str, name: str) -> str:
    return f"event: {kind}\ndata: {name}\n\n"
