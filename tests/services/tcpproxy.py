"""A proxy for bytes between the portal and an API server: it makes requests slow, falls silent, and cuts connections."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.services.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.apiserver import ApiServer

_CHUNK = 64 * 1024


def connections(listener: socket.socket) -> Iterator[socket.socket]:
    """Yield who connects, until the listener is closed."""
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        yield near


class TcpProxy:
    """`delay` seconds are waited before each request; while `silent` nothing passes; `cut` ends what is open."""

    def __init__(self, target: int) -> None:
        self.delay = 0.0
        self.silent = False
        self.accepted = 0
        self._target = target
        self._is_closed = False
        self._open: set[socket.socket] = set()
        self.port = free_port()
        self._listener = socket.create_server(("127.0.0.1", self.port))

    def serve(self) -> None:
        for near in connections(self._listener):
            self.accepted += 1
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open |= {near, far}
            if self._is_closed:  # meanwhile: nobody else would end these
                self._end(near)
                self._end(far)
                continue
            turn = [near]  # whose bytes are awaited: a request is whatever comes from there after an answer
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink, turn, near), daemon=True).start()

    def cut(self) -> None:
        for end in list(self._open):
            self._end(end)

    def close(self) -> None:
        self._is_closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _pump(self, source: socket.socket, sink: socket.socket, turn: list[socket.socket], near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if source is near and turn[0] is near:
                    time.sleep(self.delay)
                turn[0] = sink if source is near else near
                while self.silent and source in self._open:
                    time.sleep(0.02)
                sink.sendall(data)
        self._end(source)
        self._end(sink)

    def _end(self, end: socket.socket) -> None:
        self._open.discard(end)
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def tcp_proxy(server: ApiServer) -> Iterator[TcpProxy]:
    """Run a proxy before the API server for as long as the block lasts."""
    proxy = TcpProxy(int(server.url.rpartition(":")[2]))
    threading.Thread(target=proxy.serve, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()


def kubeconfig_through(proxy: TcpProxy, server: ApiServer, directory: Path) -> str:
    """Write a kubeconfig that leads through the proxy and return its path."""
    file = directory / f"kubeconfig-{proxy.port}"
    file.write_text(server.kubeconfig.read_text().replace(server.url, f"https://127.0.0.1:{proxy.port}"))
    return str(file)
