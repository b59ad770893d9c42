"""What the tests of the registries' room share: a hook that counts connections and makes none."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.registry.asking import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA of the run; its servers' certificates are for 127.0.0.1 and localhost."""
    return Authority(tmp_path_factory.mktemp("authority"))


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
