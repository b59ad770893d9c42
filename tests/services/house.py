"""A door with a few places before an application that answers when it may, all in this process, and its clients."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from edrportal.serving.bridge import Bridge, Held
from edrportal.serving.connection import Phase
from edrportal.serving.door import Door
from edrportal.serving.lanes import Lane
from edrportal.serving.limits import REFUSAL
from edrportal.serving.ports import listen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from edrportal.serving.limits import Limits

    Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]

WRITERS: list[asyncio.StreamWriter] = []
GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Application:
    """Answers at once, but what begins with /slow only when it may."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.refusals: list[str] = []
        self.body = b"ok"
        self.mistake: type[Exception] | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.refusals.append(environ[REFUSAL])
        if self.mistake:
            raise self.mistake  # by its type: a kept exception would keep the connection
        if environ["PATH_INFO"].startswith("/slow"):
            self.go_on.wait(10)
        start_response("200 OK", [("Content-Length", str(len(self.body)))])
        return [self.body]


@asynccontextmanager
async def house(
    bounds: Limits, places: int = 4, wait: float = 0.1
) -> AsyncIterator[tuple[Door, int, Application, Lane]]:
    application = Application()
    lane, others = Lane(places, wait), Lane(2, 1.0)
    pool = ThreadPoolExecutor(places + 2)
    listener = listen("127.0.0.1", 0)

    def lane_of(path: str) -> Lane:
        return lane if path and path != "/healthz" else others

    door = Door(listener, Bridge(application, lane_of, bounds, pool, Held()), bounds)
    door.open()
    try:
        yield door, listener.getsockname()[1], application, lane
    finally:
        application.go_on.set()
        await door.shut()
        door.hang_up(*Phase)
        for one in WRITERS:
            one.close()
        WRITERS.clear()
        pool.shutdown()
        await asyncio.sleep(0.1)


async def connected(port: int, sent: bytes = b"") -> Stream:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    WRITERS.append(writer)
    writer.write(sent)
    await asyncio.sleep(0.02)
    return reader, writer


async def is_closed(stream: Stream) -> bool:
    try:
        async with asyncio.timeout(0.3):
            while await stream[0].read(65536):
                pass
            return True
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


async def head(stream: Stream) -> bytes:
    async with asyncio.timeout(3):
        return await stream[0].readuntil(b"\r\n\r\n")
