"""The event loop of the process that serves: its ports, their doors, and how it ends."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from socket import socket

from edrportal.serving import health
from edrportal.serving.bridge import Bridge, Held
from edrportal.serving.connection import Phase
from edrportal.serving.door import Door
from edrportal.serving.drain import LINGER_SECONDS, OPEN_SECONDS, STOPPING
from edrportal.serving.lanes import Lane
from edrportal.serving.ports import Port, Site

_BEAT_SECONDS = 0.5
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class EventWorker:
    """Serves pages and other ports until SIGTERM, and ends within `drain` seconds then.

    `beat` is called twice a second; once it returns False, that is as a SIGTERM.
    """

    pages: Port
    others: Sequence[Port]
    beat: Callable[[], bool]
    drain: float

    def run(self) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, told.set)
        for number in (signal.SIGQUIT, signal.SIGINT):
            loop.add_signal_handler(number, os._exit, 0)
        held = Held()
        pages = [self._door(self.pages.listener, self.pages.site, held, is_pages=True)]
        others = [self._port(one, held) for one in self.others]
        for door in (*pages, *others):
            door.open()
        ending = loop.create_task(self._end(told, pages))
        while not ending.done():
            if not self.beat():
                told.set()
            for door in (*pages, *others):
                door.sweep(loop.time())
            await asyncio.wait([ending], timeout=_BEAT_SECONDS)
        ending.result()

    def _door(
        self,
        listener: socket,
        site: Site,
        held: Held,
        context: Callable[[], ssl.SSLContext] | None = None,
        *,
        is_pages: bool = False,
    ) -> Door:
        lanes = [(one, Lane(one.count, one.wait, one.what)) for one in site.places]

        def lane_of(path: str) -> Lane:
            return next((lane for places, lane in lanes if path and places.fit(path)), lanes[0][1])

        if is_pages:
            health.watch(lanes[-1][1], listener.getsockname())
        pool = ThreadPoolExecutor(site.threads, thread_name_prefix="request")
        return Door(listener, Bridge(site.application, lane_of, site.bounds, pool, held), site.bounds, context)

    def _port(self, port: Port, held: Held) -> Door:
        return self._door(port.listener, port.site, held, port.certificate.context if port.certificate else None)

    async def _end(self, told: asyncio.Event, pages: Sequence[Door]) -> None:
        """Wait for SIGTERM; then end in steps, so that every request gets its answer."""
        await told.wait()
        loop = asyncio.get_running_loop()
        STOPPING.set()  # each answer says from now on that it is the last of its connection
        last = loop.time() + self.drain
        await asyncio.sleep(OPEN_SECONDS)
        for door in pages:
            await door.shut()
        await _while(pages, loop.time() + LINGER_SECONDS, Phase.KEPT, Phase.HEAD)
        for door in pages:
            door.hang_up(Phase.KEPT, Phase.HEAD)
        await _while(pages, last, *Phase)


async def _while(doors: Sequence[Door], until: float, *phases: Phase) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < until and any(door.is_in(*phases) for door in doors):  # noqa: ASYNC110 - not of one event
        await asyncio.sleep(_LOOK_SECONDS)
