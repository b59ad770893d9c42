"""The way from an API server to Pods, where there is no node: an HTTP CONNECT proxy as Konnectivity has one.

A real API server refuses Endpoints on loopback, and goes to all others through the proxy that its egress selector names.
This one leads the addresses of Pods to servers of the tests on loopback.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.services.tcpproxy import connections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from destinations.cluster.services import ServiceAddress
    from tests.services.apiserver import ApiServer

_CHUNK = 64 * 1024
POD_PORT = 8080


@dataclass(frozen=True, slots=True)
class Egress:
    """The proxy, and the API server's flag that names it; `routes` has the port on loopback of each Pod's address."""

    flag: str
    routes: dict[str, int] = field(default_factory=dict)

    def serve(self, server: ApiServer, service: ServiceAddress, port: int | None, *, named: str = "") -> None:
        """Create a Service with one Pod, whose port is the one on loopback; without one it has no Pod that is ready."""
        address = f"10.244.0.{len(self.routes) + 1}"
        self.routes[f"{address}:{POD_PORT}"] = port or 0
        root = f"/api/v1/namespaces/{service.namespace}"
        where = {"name": named, "port": POD_PORT, "protocol": "TCP"} if named else {"port": POD_PORT, "protocol": "TCP"}
        metadata = {"name": service.name}
        server.request("POST", f"{root}/services", {"metadata": metadata, "spec": {"ports": [where]}})
        if port is None:
            server.request("POST", f"{root}/endpoints", {"metadata": metadata})
            return
        spec = {"containers": [{"name": "controller", "image": "sealed-secrets"}]}
        pod = server.request("POST", f"{root}/pods", {"metadata": metadata, "spec": spec})
        pod["status"] = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
        server.request("PUT", f"{root}/pods/{service.name}/status", pod)
        target = {"kind": "Pod", "namespace": service.namespace, "name": service.name}
        subset = {"addresses": [{"ip": address, "targetRef": target}], "ports": [where]}
        server.request("POST", f"{root}/endpoints", {"metadata": metadata, "subsets": [subset]})


@contextmanager
def egress(directory: Path) -> Iterator[Egress]:
    """Run the proxy for as long as the block lasts."""
    path, configuration = directory / "egress.sock", directory / "egress.json"
    connection = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": str(path)}}}
    selections = [{"name": "cluster", "connection": connection}]
    kind = {"apiVersion": "apiserver.k8s.io/v1beta1", "kind": "EgressSelectorConfiguration"}
    configuration.write_text(json.dumps({**kind, "egressSelections": selections}))
    made = Egress(f"--egress-selector-config-file={configuration}")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=_accept, args=(listener, made.routes), daemon=True).start()
        try:
            yield made
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, routes: dict[str, int]) -> None:
    for near in connections(listener):
        threading.Thread(target=_lead, args=(near, routes), daemon=True).start()


def _lead(near: socket.socket, routes: dict[str, int]) -> None:
    with near, contextlib.suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head and (data := near.recv(_CHUNK)):
            head += data
        target = head.split(b" ")[1].decode()
        try:
            far = socket.create_connection(("127.0.0.1", routes[target]))
        except (OSError, KeyError):
            near.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        with far:
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=_pump, args=(far, near), daemon=True).start()
            _pump(near, far)


def _pump(source: Any, sink: Any) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
