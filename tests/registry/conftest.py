"""What the tests of the registries' room share: a hook that counts connections and makes none."""

from __future__ import annotations

import socket
from typing import Any

import pytest


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the addresses that anything in this process tries to connect to; none of them is reached."""
    tried: list[Any] = []

    def connect(_: socket.socket, address: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, connect)
    return tried
