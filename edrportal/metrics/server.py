"""Ports beside that of the pages: a small server with threads of its own, so that it answers while every page is busy."""

from __future__ import annotations

import threading
from socket import AF_INET6
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

    from edrportal.webhook.certificate import Certificate

_SECONDS = 10


class _Handler(WSGIRequestHandler):
    timeout = _SECONDS  # who sends nothing is hung up on

    def address_string(self) -> str:
        """Return the address and look up no name."""
        return str(self.client_address[0])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: a scrape is no event."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64  # with the default of 5 a burst waits for clients that connect once more, a second later
    certificate: Certificate | None = None

    def get_request(self) -> tuple[Any, Any]:
        """Return the next connection; the handshake waits for its own thread, which waits for nobody too long."""
        connection, address = super().get_request()
        if self.certificate:
            connection = self.certificate.context().wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


class _Server6(_Server):
    address_family = AF_INET6


def listen(
    host: str, port: int, application: WSGIApplication, *, certificate: Certificate | None = None
) -> Callable[[], None]:
    """Take the port now and return what begins to answer, to be called in the process that serves. Raises OSError.

    With a certificate it speaks TLS alone.
    """
    kind = _Server6 if ":" in host else _Server
    server = kind((host, port), _Handler)
    server.set_app(application)
    server.certificate = certificate
    return lambda: threading.Thread(target=server.serve_forever, name=f"port {port}", daemon=True).start()
