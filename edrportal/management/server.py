"""Runs the site: one process, in which an event loop reads requests and threads answer them, and a keeper beside it."""

from __future__ import annotations

import ctypes
import gc
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread, Timer
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.core.management.base import CommandError

from destinations.cluster.port import ClusterError
from destinations.livecheck.threads import Threads
from destinations.portal import Portal, Reads
from edrportal import composition
from edrportal.configuration.variables import MAX_PORT
from edrportal.management.process import part
from edrportal.middleware import PAGES_AT_ONCE
from edrportal.serving.drain import STOPPING
from edrportal.serving.limits import Limits
from edrportal.serving.ports import Places, Port, Site, listen
from edrportal.serving.pump import answered
from edrportal.serving.worker import EventWorker
from edrportal.telemetry import readiness

PLACES = (
    Places(("/static/",), 8, 5.0),
    Places(("/healthz",), 2, 5.0),
    Places(("/signin",), 16, 10.0, "sign-ins"),  # hashing has a limit of its own, by the processors
    Places(
        ("/api/destinations", "/destinations.csv"), 4, 5.0, "lists", are_whole=True
    ),  # of all that there is, in memory
    Places(("",), PAGES_AT_ONCE, 2.0),
)
"""Each waits for its own kind: a probe for nobody, static files for no page, and all pages may wait for the cluster."""
CONNECTIONS, PER_PEER = 2000, 700
REQUESTS_OF_ONE_ADDRESS = 100
"""At once, behind proxies; live pages count beside them."""

WARM_SECONDS = 5.0
"""A cluster that does not answer keeps nobody waiting longer for the process."""
DRAIN_SECONDS = 8.5
"""Within these every request has its answer after SIGTERM, or is given up."""
_RESERVE_SECONDS = 0.5
"""So long after that the process has ended, whatever its threads do."""
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""Parameters of glibc's `mallopt`."""
_ARENAS, _LARGE_BYTES = 2, 256 * 1024
_COLLECTIONS = 700, 10, 10
"""Python's own until 3.12; later ones collect three times less often, and a crowd's garbage then takes 30 MiB more."""
_LOOK_SECONDS = 0.02


class Server:
    """The WSGI application on one address, and other sites on other ports of the same process."""

    def __init__(
        self,
        application: Callable[..., Any],
        bind: str,
        *,
        opening: Callable[[], object] = lambda: None,
        started: Callable[[], object] = lambda: None,
        ports: Sequence[Port] = (),
    ) -> None:
        environment = settings.ENVIRONMENT
        per_address = REQUESTS_OF_ONE_ADDRESS + environment.live_pages if environment.proxy_hops else PER_PEER
        bounds = Limits(CONNECTIONS, per_address, settings.DATA_UPLOAD_MAX_MEMORY_SIZE, environment.proxy_hops)
        self._site = Site(application, bounds, PLACES, environment.live_pages)
        self._ports = ports
        self._bind = bind
        self._opening = opening
        self.started = started

    def run(self) -> None:
        """Serve until a signal ends it; does not return. Raises CommandError for an address that cannot be used.

        `opening` is called once the address is taken, in the process that started, `started` in the one that serves.
        """
        pages = _port(self._bind, self._site)
        self._opening()
        watched = part()
        _spare_memory()
        signal.signal(signal.SIGTERM, leave)
        self._warm()
        self.started()
        Thread(target=_end_streams, name="end-streams", daemon=True).start()
        EventWorker(pages, self._ports, watched.beat, DRAIN_SECONDS).run()
        end = Timer(_RESERVE_SECONDS, os._exit, [0])  # a thread may wait for a cluster that is silent
        end.daemon = True
        end.start()
        sys.exit(0)

    def _warm(self) -> None:
        """Do once, for nobody, what takes time, so that the first requests and probes need not wait for it."""
        composition.load()
        with suppress(TimeoutError):
            Threads(1).run(self._look, WARM_SECONDS)
        gc.collect()
        gc.set_threshold(*_COLLECTIONS)
        gc.freeze()  # what was loaded stays: no collection has to walk through it for every list of Secrets

    def _look(self) -> None:
        portal = composition.portal()
        environ: dict[str, Any] = {"PATH_INFO": "/signin", "HTTP_HOST": "localhost"}
        setup_testing_defaults(environ)
        answered(self._site.application, environ)
        if readiness.look(portal).cluster == readiness.OK:
            _list(portal)


def leave(*_: object) -> None:
    """End the process, which has answered nobody yet.

    At once: an exception would be lost where the signal comes during a collection of garbage, whose callbacks may raise none.
    """
    os._exit(0)


def _list(portal: Portal) -> None:
    """Wait for the first list, and judge what is in it."""
    watches = portal.connect().watches.values()
    for watch in watches:
        watch.start()
    end = time.monotonic() + WARM_SECONDS
    while any(watch.age() is None for watch in watches) and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
    with suppress(ClusterError):
        portal.answered(Reads(portal).snapshot, sees_all=True)


def is_address(bind: str) -> bool:
    """Return whether it is a host and a port; the host may be empty, which is every address."""
    return (
        re.fullmatch(r"(\[[^\[\]]+\]|[^:\[\]]*):[0-9]{1,5}", bind) is not None
        and int(bind.rpartition(":")[2]) <= MAX_PORT
    )


def _port(bind: str, site: Site) -> Port:
    host, _, port = bind.rpartition(":")
    try:
        return Port(listen(host.strip("[]"), int(port)), site)
    except (OSError, ValueError) as error:
        raise CommandError(f"--bind: {bind} cannot be used ({getattr(error, 'strerror', None) or error})") from None


def _spare_memory() -> None:
    """Have glibc give large blocks back to the system, and threads share what is free."""
    with suppress(AttributeError, OSError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def _end_streams() -> None:
    STOPPING.wait()
    composition.end_streams()
