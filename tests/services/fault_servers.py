"""Servers that are no good registry: silent, busy, broken, redirecting, with old TLS, or something else altogether."""

from __future__ import annotations

import socket
import ssl
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.services.web import Handler, web_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def silent_server() -> Iterator[int]:
    """Accept connections (the kernel does) and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@contextmanager
def answering(
    context: ssl.SSLContext | None, status: int, body: Any = b"", *, to: str = "", **headers: str
) -> Iterator[int]:
    """Answer every request alike; `to` is the origin that a redirect leads to, with the path that was asked for.

    A server that says 200 says so only to those who read, as web servers do.
    """

    class Always(Handler):
        def always(self) -> None:
            self.content()
            place = {"Location": to + self.path} if to else {}
            reads = self.command in {"GET", "HEAD"}
            self.answer(status if reads or status != 200 else 405, body, **headers, **place)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = always  # noqa: N815

    with web_server(Always, context) as port:
        yield port


def old_tls(context: ssl.SSLContext) -> ssl.SSLContext:
    """Have a server speak TLS 1.1 and nothing newer."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context
