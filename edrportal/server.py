"""Runs the site under gunicorn: one process, threads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from edrportal.draining import DrainingWorker
from edrportal.logs import ServerLog

if TYPE_CHECKING:
    from collections.abc import Callable

_MEMORY = "/dev/shm"  # noqa: S108 - the one file that gunicorn needs, where the root is read-only and a disk may be slow
THREADS = 32
"""More than the pages that are served at once (`middleware.Busy`): probes and static files always find one."""

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
        settings = {
            "bind": self._bind,
            "workers": 1,
            "worker_class": DrainingWorker,
            "logger_class": ServerLog,
            "threads": THREADS,
            "timeout": 60,
            "graceful_timeout": DRAIN_SECONDS,
            "keepalive": KEEP_SECONDS,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": lambda _worker: self._started(),
            "worker_tmp_dir": _MEMORY if Path(_MEMORY).is_dir() else None,
        }
        for name, value in settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """Return the application."""
        return self._application
