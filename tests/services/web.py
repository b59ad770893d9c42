"""A small HTTP server on loopback in a thread, with or without TLS: what the servers of the tests have in common."""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.pki import Holder


class Handler(BaseHTTPRequestHandler):
    """Answers without a log, and keeps connections as registries do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body go out in two pieces

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def content(self) -> bytes:
        """Read the body of the request, whole; Go's clients send one of unknown length in chunks."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, status: int, body: Any = b"", **headers: str) -> None:
        """Answer with bytes, or with what becomes JSON; `Www_Authenticate` becomes `Www-Authenticate`."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Type" not in headers:
            self.send_header("Content-Type", "text/html" if isinstance(body, bytes) else "application/json")
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    context: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.context:  # the handshake waits for the thread of the connection
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up: they are what the tests are about."""

    def shutdown_request(self, request: Any) -> None:
        with suppress(OSError):
            super().shutdown_request(request)


@contextmanager
def web_server(
    handler: type[BaseHTTPRequestHandler],
    context: ssl.SSLContext | None = None,
    *,
    address: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[int]:
    """Serve for as long as the block lasts, and yield the port; 0 is a free one."""
    server = _Server((address, port), handler)
    server.context = context
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def tls(holder: Holder, directory: Path) -> ssl.SSLContext:
    """Return what a server with this certificate needs; the files go into the directory."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*written(directory, holder))
    return context


def written(directory: Path, *chain: Holder) -> tuple[Path, Path]:
    """Write a chain, the server's own certificate first, and its key; return both files."""
    place = directory / f"{chain[0].certificate.serial_number:x}"
    certificate, key = place.with_suffix(".crt"), place.with_suffix(".key")
    certificate.write_bytes(b"".join(holder.pem for holder in chain))
    key.write_bytes(chain[0].key_pem)
    return certificate, key
