"""Runs the site under gunicorn: one process, threads."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from django.conf import settings
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from destinations import current
from edrportal.draining import STOPPING, DrainingWorker
from edrportal.logs import JsonFormatter

if TYPE_CHECKING:
    from collections.abc import Callable

_MEMORY = "/dev/shm"  # noqa: S108 - the one file that gunicorn needs, where the root is read-only and a disk may be slow
THREADS = 32
"""More than the pages that are served at once (`middleware.Busy`): probes and static files always find one.

Each live page has a thread of its own beside them.
"""

DRAIN_SECONDS = 9
"""Within these the process has ended after SIGTERM, whatever it was doing."""
KEEP_SECONDS = 75
"""Longer than proxies keep an idle connection (60 s is usual), so that they close it and never send into a closed one."""


class Server(BaseApplication):  # type: ignore[misc]
    """The WSGI application on one address."""

    def __init__(
        self, application: Callable[..., Any], bind: str, *, started: Callable[[], object] = lambda: None
    ) -> None:
        """Keep them until `run`; `started` is called in the process that serves."""
        self._application = application
        self._bind = bind
        self._started = started
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        options = {
            "bind": self._bind,
            "workers": 1,
            "worker_class": DrainingWorker,
            "logger_class": ServerLog,
            "threads": THREADS + settings.ENVIRONMENT.live_pages,
            "timeout": 60,
            "graceful_timeout": DRAIN_SECONDS,
            "keepalive": KEEP_SECONDS,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._begin,
            "worker_tmp_dir": _MEMORY if Path(_MEMORY).is_dir() else None,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _begin(self, _worker: Any) -> None:  # noqa: ANN401 - gunicorn's
        """Do what belongs to the process that serves, and end the streams once it is told to end: they end by nothing else."""
        self._started()
        Thread(target=_end_streams, name="end-streams", daemon=True).start()

    def load(self) -> Callable[..., Any]:
        """Return the application."""
        return self._application


class ServerLog(Logger):  # type: ignore[misc]
    """What gunicorn itself says, in the same lines."""

    def setup(self, cfg: object) -> None:
        """Set up as gunicorn does, and keep no format of its own."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())


def _end_streams() -> None:
    STOPPING.wait()
    current.end_streams()
