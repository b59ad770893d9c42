"""The webhook's own certificate, read again when its files change: a renewal needs no restart."""

from __future__ import annotations

import ssl
from pathlib import Path
from threading import Lock


class Certificate:
    def __init__(self, certificate: str, key: str) -> None:
        """Raise OSError (ssl.SSLError among them) for files that are no such pair."""
        self._files = certificate, key
        self._lock = Lock()
        self._seen = self._times()
        self._context = self._loaded()

    def context(self) -> ssl.SSLContext:
        """Return how to speak TLS now; while the files do not fit together, the last that did."""
        with self._lock:
            try:
                times = self._times()
                if times != self._seen:
                    self._context, self._seen = self._loaded(), times
            except OSError:
                pass
            return self._context

    def _times(self) -> tuple[int, ...]:
        return tuple(Path(file).stat().st_mtime_ns for file in self._files)

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*self._files)
        return context
