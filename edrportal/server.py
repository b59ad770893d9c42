"""Runs the site under gunicorn: one process, threads."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from django.conf import settings
from gunicorn.app.base import BaseApplication

from destinations import current

if TYPE_CHECKING:
    from collections.abc import Callable

_MEMORY = "/dev/shm"  # noqa: S108 - the one file that gunicorn needs, where the root is read-only and a disk may be slow
THREADS = 32
"""More than the pages that are served at once (`middleware.Busy`): probes and static files always find one.

Each live page has a thread of its own beside them.
"""
_LOOK_SECONDS = 0.25


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
            "worker_class": "gthread",
            "threads": THREADS + settings.ENVIRONMENT.live_pages,
            "timeout": 60,
            "graceful_timeout": 20,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._begin,
            "worker_tmp_dir": _MEMORY if Path(_MEMORY).is_dir() else None,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _begin(self, worker: Any) -> None:  # noqa: ANN401 - gunicorn's
        """Do what belongs to the process that serves, and end the streams once it is told to end: they end by nothing else."""
        self._started()
        Thread(target=_end_streams, args=(lambda: worker.alive,), name="end-streams", daemon=True).start()

    def load(self) -> Callable[..., Any]:
        """Return the application."""
        return self._application


def _end_streams(is_alive: Callable[[], bool]) -> None:
    while is_alive():
        time.sleep(_LOOK_SECONDS)
    current.end_streams()
