"""Clients that send slowly or nothing, in a process of their own, so that they cost those who measure nothing."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"Host: localhost\r\nX-Forwarded-For: 192.0.2.%d\r\n"
BEGUN = {
    "silent": b"",
    "half": b"GET /signin HTTP/1.1\r\n" + HEAD,
    "drip": b"POST /signin HTTP/1.1\r\n" + HEAD + b"Cookie: edrportal-csrf=" + b"a" * 32 + b"\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\na=",
}  # fmt: skip
HANG_SECONDS = 15


@contextmanager
def slow_clients(port: int, count: int, seconds: float, *, tls: bool = False, path: str = "/signin") -> Iterator[None]:
    """Run so many of each kind for so long; whoever is hung up on comes again. At the end they wait to be hung up on."""
    command = [sys.executable, "-m", "tests.services.slow", str(port), str(count), str(seconds), str(int(tls)), path]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def _client(port: int, begun: bytes, end: float, context: ssl.SSLContext | None, *, drips: bool) -> None:
    while time.monotonic() < end:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            writer.write(begun)
            await _hold(reader, writer, end + HANG_SECONDS, drips=drips)
            writer.close()
        except OSError:
            pass
        await asyncio.sleep(0.5)  # a flood is another matter


async def _hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: float, *, drips: bool) -> None:
    while time.monotonic() < until:
        with suppress(TimeoutError):
            if not await asyncio.wait_for(reader.read(4096), 1):
                return
        if drips:
            writer.write(b"a")


async def _main(port: int, count: int, seconds: float, tls: int, path: str) -> None:
    end = time.monotonic() + seconds
    context = ssl.create_default_context() if tls else None
    if context:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    clients = []
    for kind, begun in BEGUN.items():
        for number in range(count):
            sent = (begun % (number % 250) if begun else begun).replace(b"/signin", path.encode())
            clients.append(_client(port, sent, end, None if kind == "silent" else context, drips=kind == "drip"))
    await asyncio.gather(*clients)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
