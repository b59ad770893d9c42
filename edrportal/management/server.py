"""Runs the site: gunicorn keeps one process alive, in which an event loop reads requests and threads answer them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from destinations.livecheck.threads import Threads
from edrportal import composition
from edrportal.middleware import PAGES_AT_ONCE, WAIT_SECONDS
from edrportal.serving.drain import STOPPING
from edrportal.serving.limits import Limits
from edrportal.serving.ports import Places, Port, Site
from edrportal.serving.pump import answered
from edrportal.serving.worker import EventWorker
from edrportal.telemetry import readiness
from edrportal.telemetry.logs import JsonFormatter

_MEMORY = "/dev/shm"  # noqa: S108 - the one file that gunicorn needs, where the root is read-only and a disk may be slow
PLACES = (
    Places(("/static/",), 8, 5.0),
    Places(("/healthz",), 2, 5.0),
    Places(("/signin",), 16, 10.0),  # hashing has a limit of its own, by the processors
    Places(("",), PAGES_AT_ONCE, WAIT_SECONDS),
)
"""Each waits for its own kind: a probe for nobody, static files for no page, and all pages may wait for the cluster."""
CONNECTIONS, PER_PEER = 2000, 700
REQUESTS_OF_ONE_ADDRESS = 100
"""At once, behind proxies; live pages count beside them."""

WARM_SECONDS = 5.0
"""A cluster that does not answer keeps nobody waiting longer for the process."""
DRAIN_SECONDS = 9
"""Within these the process has ended after SIGTERM, whatever it was doing."""


class Server(BaseApplication):  # type: ignore[misc]
    """The WSGI application on one address, and other sites on other ports of the same process."""

    def __init__(
        self,
        application: Callable[..., Any],
        bind: str,
        *,
        started: Callable[[], object] = lambda: None,
        ports: Sequence[Port] = (),
    ) -> None:
        environment = settings.ENVIRONMENT
        per_address = REQUESTS_OF_ONE_ADDRESS + environment.live_pages if environment.proxy_hops else PER_PEER
        bounds = Limits(CONNECTIONS, per_address, settings.DATA_UPLOAD_MAX_MEMORY_SIZE, environment.proxy_hops)
        self.site = Site(application, bounds, PLACES, environment.live_pages)
        self.ports = ports
        self._bind = bind
        self._started = started
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": self._bind,
            "workers": 1,
            "worker_class": EventWorker,
            "logger_class": ServerLog,
            "timeout": 60,
            "graceful_timeout": DRAIN_SECONDS,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._begin,
            "worker_tmp_dir": _MEMORY if Path(_MEMORY).is_dir() else None,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _begin(self, _worker: Any) -> None:  # noqa: ANN401 - gunicorn's
        """Run what belongs to the serving process, and end the streams when it stops: they end by nothing else."""
        self._started()
        Thread(target=_end_streams, name="end-streams", daemon=True).start()

    def warm(self) -> None:
        """Do once, for nobody, what takes time, so that the first clients need not wait for it."""
        with suppress(TimeoutError):
            Threads(1).run(self._look, WARM_SECONDS)

    def _look(self) -> None:
        readiness.look(composition.portal())
        environ: dict[str, Any] = {"PATH_INFO": "/signin", "HTTP_HOST": "localhost"}
        setup_testing_defaults(environ)
        answered(self.site.application, environ)

    def load(self) -> Callable[..., Any]:
        return self.site.application


class ServerLog(Logger):  # type: ignore[misc]
    """What gunicorn itself says, in the same lines."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())


def _end_streams() -> None:
    STOPPING.wait()
    composition.end_streams()
