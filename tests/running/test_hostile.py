"""Clients that go away or speak nonsense at the worst moment: no exception, no place and no connection stays of them."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from edrportal.serving import limits
from edrportal.serving.connection import Connection, Phase
from edrportal.serving.limits import Limits
from tests.services.house import GET, connected, head, house, is_closed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.house import Stream

ROOMY = Limits(50, 50, 200_000)
HEAD = b"HEAD /slow HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
CLOSE = b"Connection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture(autouse=True)
def _silent_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [one.getMessage() for one in caplog.get_records("call") if one.levelno >= logging.ERROR] == []


def reset(stream: Stream) -> None:
    """Go without a word, as a process that is killed with unread answers does."""
    connection = stream[1].get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream[1].transport.abort()


def test_a_client_that_hung_up_before_its_last_answer_leaves_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is one packet, which comes back as a reset; a second request had stopped the reading, and hid the end."""
    ending = threading.Event()
    ending.set()
    monkeypatch.setattr("edrportal.serving.bridge.STOPPING", ending)

    async def run() -> None:
        async with house(ROOMY) as (door, port, application, _lane):
            _, writer = await connected(port, HEAD % b"" + GET % b"quick")
            writer.close()
            await asyncio.sleep(0.1)
            application.go_on.set()
            await asyncio.sleep(0.2)
            assert not door.is_in(*Phase)

    asyncio.run(run())


def test_a_client_that_resets_while_the_last_answer_is_on_its_way_leaves_no_exception() -> None:
    """So much that it does not fit into the buffers of the connection: the end of it is written later."""

    async def run() -> None:
        async with house(ROOMY) as (door, port, application, _lane):
            application.body = b"a" * 2**23
            stream = await connected(port, (GET % b"quick").replace(b"\r\n\r\n", b"\r\n" + CLOSE + b"\r\n"))
            await asyncio.sleep(0.2)
            assert door.is_in(Phase.CLOSING)
            reset(stream)
            await asyncio.sleep(0.2)
            assert not door.is_in(*Phase)

    asyncio.run(run())


def test_an_answer_of_any_size_arrives_whole_before_the_end() -> None:
    async def run() -> None:
        async with house(ROOMY) as (_, port, application, _lane):
            for size in (0, 1, 2**16 + 1, 2**23):
                application.body = b"a" * size
                reader, _ = await connected(port, (GET % b"quick").replace(b"\r\n\r\n", b"\r\n" + CLOSE + b"\r\n"))
                async with asyncio.timeout(10):
                    answer = await reader.read()
                assert len(answer.partition(b"\r\n\r\n")[2]) == size

    asyncio.run(run())


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (HEAD % CHUNKED + b"zz\r\n", b"400"),
        (HEAD % (b"Expect: 100-continue\r\n" + CHUNKED) + b"zz\r\n", b"400"),
        (GET.replace(b"GET", b"CONNECT") % b"", b"405"),
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"405"),
        (b"GET http://[::1/quick HTTP/1.1\r\nHost: localhost\r\n\r\n", b"200"),
        (b"GET http://[x]/quick HTTP/1.1\r\nHost: localhost\r\n\r\n", b"200"),
        (b"GET http:// HTTP/1.1\r\nHost: localhost\r\n\r\n", b"200"),
    ],
)
def test_nonsense_is_answered_and_leaves_no_exception(sent: bytes, expected: bytes) -> None:
    async def run() -> None:
        async with house(ROOMY) as (_, port, application, _lane):
            application.go_on.set()
            stream = await connected(port, sent)
            assert (await head(stream)).startswith(b"HTTP/1.1 " + expected)
            assert expected == b"200" or await is_closed(stream)

    asyncio.run(run())


@pytest.mark.parametrize("gone", [reset, lambda stream: stream[1].close()], ids=["reset", "closed"])
def test_nothing_is_kept_of_connections_that_are_gone(gone: Callable[[Stream], object]) -> None:
    """No timer of uvicorn's, and no circle of references, which would wait for a collection."""

    async def run() -> None:
        async with house(ROOMY) as (_, port, _application, _lane):
            gc.collect()
            gc.disable()
            try:
                for _ in range(20):
                    stream = await connected(port, GET % b"quick")
                    await head(stream)
                    gone(stream)
                await asyncio.sleep(0.2)
                left = [one for one in gc.get_objects() if type(one) is Connection]
            finally:
                gc.enable()
            assert left == []

    asyncio.run(run())


def test_what_is_sent_behind_a_request_stays_with_the_client() -> None:
    """A connection that waits for its answer holds little: there may be two thousand."""

    async def run() -> None:
        async with house(ROOMY) as (door, port, application, _lane):
            for first in (GET % b"slow", HEAD % CHUNKED, HEAD % b"Content-Length: 900000\r\n"):
                await connected(port, first + (b"10000\r\n" if CHUNKED in first else b"") + b"a" * 2**20)
            await asyncio.sleep(0.1)
            assert door.is_in(Phase.ANSWER)
            held = [len(bytes(one.conn._receive_buffer)) + len(one.cycle.body) for one in door._connections]  # noqa: SLF001
            assert len(held) == 3
            assert max(held) <= 64 * 1024
            application.go_on.set()

    asyncio.run(run())


def test_a_body_that_is_too_much_with_its_last_bytes_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that works for nobody would hold the place of another."""

    async def run() -> None:
        monkeypatch.setattr(limits, "UNREAD_BYTES", 4_000)
        async with house(ROOMY) as (_, port, application, _lane):
            sent = b"POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n" + b"a" * 5_000
            stream = await connected(port, sent)
            assert await is_closed(stream)
            assert application.refusals == []

    asyncio.run(run())


def test_a_client_that_ends_its_side_and_waits_is_answered() -> None:
    async def run() -> None:
        async with house(ROOMY) as (door, port, application, _lane):
            post = b"POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\na=b"
            streams = [
                await connected(port, sent) for sent in (GET % b"slow", post, GET % b"slow" + GET % b"quick" * 2)
            ]
            half = await connected(port, post[:-1])
            for _, writer in (*streams, half):
                writer.write_eof()
            await asyncio.sleep(0.1)
            application.go_on.set()
            async with asyncio.timeout(3):
                answers = [(await reader.read()).count(b"200 OK") for reader, _ in (*streams, half)]
            assert answers == [1, 1, 3, 0]
            assert not door.is_in(*Phase)

    asyncio.run(run())
