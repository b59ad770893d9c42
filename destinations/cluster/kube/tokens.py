"""The token that calls are made with, and of a pod: in a file that Kubernetes replaces while the portal runs."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIFE_SECONDS = 60.0


class Token(ABC):
    """Where a configuration of the client takes its token from, before each call."""

    def attach(self, configuration: Any) -> None:  # noqa: ANN401 - the client has no types
        """Have a configuration of the client take its token from here."""
        configuration.refresh_api_key_hook = self.refresh
        self.refresh(configuration)

    @abstractmethod
    def refresh(self, configuration: Any) -> None:  # noqa: ANN401
        """Give the configuration the token; the client asks before each call."""

    @abstractmethod
    def read(self) -> None:
        """Look for a newer token; without one it stays as it is."""


class TokenFile(Token):
    """Read again once a minute, and when the API server refuses the token. Safe for threads, and for clocks that jump."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep the path; nothing is read yet."""
        self._path = path
        self._clock = clock
        self._token = ""
        self._read_at: float | None = None

    def refresh(self, configuration: Any) -> None:  # noqa: ANN401
        """Give the configuration the token; the client asks before each call."""
        if self._read_at is None or self._clock() - self._read_at >= LIFE_SECONDS:
            self.read()
        if self._token:
            configuration.api_key["BearerToken"] = f"Bearer {self._token}"

    def read(self) -> None:
        """Read the file; one that cannot be read, or is being replaced, leaves the token as it was."""
        try:
            token = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return
        if token:
            self._token, self._read_at = token, self._clock()


def renew(call: Callable[..., Any]) -> bool:
    """Read the token again with which a call of the client was refused; False where there is none to read."""
    client = getattr(getattr(call, "__self__", None), "api_client", None)
    token = getattr(getattr(getattr(client, "configuration", None), "refresh_api_key_hook", None), "__self__", None)
    if not isinstance(token, Token):
        return False
    token.read()
    return True
