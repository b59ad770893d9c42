"""A proxy between the portal and an API server that makes what networks and servers make: lost answers, late writes."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import urllib3
from kubernetes import client

from destinations.cluster.kube.adapter import KubernetesCluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.apiserver import ApiServer

_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "host"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request.

    `forward`: `no`, `yes`, or `late` (the caller is hung up on first). `answer`: `pass` gives the server's answer,
    `reset` hangs up, `cut` gives half of it; a status gives that status with `body` and `headers`. `delay` is waited
    before all else, `lag` before a late forwarding (seconds).
    """

    forward: str = "yes"
    answer: str | int = "pass"
    delay: float = 0.0
    lag: float = 0.02
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


PASS = Fault()
DROP_BEFORE = Fault(forward="no", answer="reset")
DROP_AFTER = Fault(answer="reset")
LATE = Fault(forward="late", answer="reset")


@dataclass
class FaultProxy:
    """The proxy: `script` holds faults for the next requests that `chooses` picks; others pass."""

    url: str
    token: str = field(repr=False)
    script: deque[Fault] = field(default_factory=deque)
    chooses: Callable[[str, str], bool] = field(default=lambda method, path: method in {"PUT", "POST", "DELETE"})
    seen: list[tuple[str, str]] = field(default_factory=list)
    standing: Fault = PASS
    running: list[threading.Thread] = field(default_factory=list)

    def cluster(self, namespace: str) -> KubernetesCluster:
        """Return a portal's way to the API server through this proxy."""
        configuration = client.Configuration()
        configuration.host = self.url
        configuration.api_key = {"authorization": self.token}
        configuration.api_key_prefix = {"authorization": "Bearer"}
        return KubernetesCluster(configuration, namespace)

    def fault(self, method: str, path: str) -> Fault:
        """Return what is to happen to this request."""
        self.seen.append((method, path))
        if not self.chooses(method, path):
            return PASS
        return self.script.popleft() if self.script else self.standing

    def settle(self) -> None:
        """Wait until every late write has reached the API server."""
        for thread in list(self.running):
            thread.join(10)
        self.running.clear()


class _Server(ThreadingHTTPServer):
    """Carries the proxy's state to the handlers."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, api_server: ApiServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = FaultProxy(f"http://127.0.0.1:{self.server_port}", api_server.token)
        self.upstream = api_server.url
        self.pool = urllib3.PoolManager(ca_certs=str(api_server.ca), retries=False, timeout=30, maxsize=32)

    def shutdown_request(self, request: Any) -> None:
        """Close without a FIN, which would hide the RST."""
        self.close_request(request)

    def handle_error(self, *_: Any) -> None:
        """Callers that went away are what this is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.proxy.fault(self.command, self.path)
        time.sleep(fault.delay)
        if fault.forward == "late":
            self._reset()
            thread = threading.Thread(target=self._later, args=(fault.lag, body))
            self.server.proxy.running.append(thread)
            thread.start()
            return
        answer = self._forward(body) if fault.forward == "yes" else None
        if fault.answer == "reset":
            self._reset()
        elif isinstance(fault.answer, int):
            self._send(fault.answer, fault.headers, fault.body)
        elif answer is not None:
            self._send(answer.status, answer.headers, answer.data, cut=fault.answer == "cut")

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = handle_any  # noqa: N815 - the base class's names

    def _later(self, lag: float, body: bytes) -> None:
        time.sleep(lag)
        self._forward(body)

    def _forward(self, body: bytes) -> Any:
        headers = {key: value for key, value in self.headers.items() if key.lower() not in _HOP}
        url = self.server.upstream + self.path
        return self.server.pool.request(self.command, url, body=body or None, headers=headers)

    def _send(self, status: int, headers: Any, content: bytes, *, cut: bool = False) -> None:
        self.send_response(status)
        for key, value in headers.items():
            if key.lower() not in _HOP:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self._reset()

    def _reset(self) -> None:
        """Hang up with RST, so that the caller sees a broken connection and not an empty answer."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def fault_proxy(api_server: ApiServer) -> Iterator[FaultProxy]:
    """Run a proxy in front of the API server for as long as the block lasts."""
    server = _Server(api_server)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.proxy
    finally:
        server.proxy.settle()
        server.shutdown()
        server.server_close()
        server.pool.clear()


def status_body(reason: str) -> bytes:
    """Return the kind of body that an API server sends with an error."""
    return json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason}).encode()
