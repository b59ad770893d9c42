"""Answers stop at the deadline and at their bounds, whatever a server does."""

from __future__ import annotations

import gzip
import io
import socket
import ssl
import struct
import tracemalloc
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from ipaddress import ip_address
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from destinations.livecheck.deadline import Deadline
from destinations.livecheck.registry.channel import MAX_ANSWER_BYTES, Channel
from destinations.livecheck.registry.guard import Approved, Rules, approve
from destinations.livecheck.registry.network import Watch, connect
from destinations.livecheck.registry.port import CheckStopped, Code, Trust
from destinations.livecheck.registry.reach import speaks_plain_http
from tests.registry.talker import drips, falls_silent, pours, says, talking
from tests.services.pki import make_pki
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from tests.registry.talker import Script
    from tests.services.pki import Pki

OK = b"HTTP/1.1 200 OK\r\n"
REQUEST = b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest) -> Pki | None:
    found: Pki | None = request.getfixturevalue("pki") if request.param == "tls" else None
    return found


@contextmanager
def channel(port: int, pki: Pki, deadline: Deadline) -> Iterator[Channel]:
    """Give what asks a server on this port."""
    with ExitStack() as stack:
        watch = stack.enter_context(Watch(deadline))
        channel = Channel(here(port), Trust((pki.ca.read_bytes(),), public=False), watch)
        stack.callback(channel.close)
        yield channel


def here(port: int, *addresses: str) -> Approved:
    return Approved("localhost", port, tuple(map(ip_address, addresses or ("127.0.0.1",))))


def answer(port: int, pki: Pki, seconds: float = 5) -> tuple[int, bytes]:
    with channel(port, pki, Deadline(seconds)) as asked:
        response = asked.ask("GET", "/v2/")
        return response.status, response.body


def failure(port: int, pki: Pki, seconds: float = 5) -> Code:
    with pytest.raises(CheckStopped) as caught:
        answer(port, pki, seconds)
    assert caught.value.__cause__ is caught.value.__context__ is None
    return caught.value.code


@cache
def bomb(mib: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        for _ in range(mib):
            file.write(bytes(MIB))
    return packed.getvalue()


def packed(body: bytes) -> bytes:
    return OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    "said",
    [
        OK + b"Content-Length: 2\r\n\r\n{}",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
        OK + b"\r\n{}",
        b"HTTP/1.1 200 OK\n\n{}",
    ],
)
def test_an_honest_answer_is_read(said: bytes, pki: Pki) -> None:
    with talking(says(said), pki) as talker:
        assert answer(talker.port, pki) == (200, b"{}")


def test_an_answer_of_just_the_size_is_read(pki: Pki) -> None:
    said = OK + b"\r\n"
    with talking(says(said + b"x" * (MAX_ANSWER_BYTES - len(said))), pki) as talker:
        assert len(answer(talker.port, pki)[1]) == MAX_ANSWER_BYTES - len(said)
    with talking(says(said + b"x" * (MAX_ANSWER_BYTES - len(said) + 1)), pki) as talker:
        assert failure(talker.port, pki) is Code.BAD_ANSWER


SLOW = {
    "silence": falls_silent(),
    "silence after the headers": falls_silent(OK + b"Content-Length: 2\r\n\r\n"),
    "a status line in drips": drips(b"HTTP/1.1 "),
    "headers in drips": drips(OK, b"X-Y: z\r\n"),
    "a header in drips": drips(OK + b"X-Y: "),
    "a body in drips": drips(OK + b"Content-Length: 1000000\r\n\r\n"),
    "chunks in drips": drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a body without end in drips": drips(OK + b"\r\n"),
}


@pytest.mark.parametrize("what", SLOW)
def test_whoever_is_slow_is_left_at_the_deadline(what: str, pki: Pki) -> None:
    with talking(SLOW[what], pki) as talker:
        began = Stopwatch()
        assert failure(talker.port, pki, seconds=0.3) is Code.OUT_OF_TIME
        assert began.clock > 0.2
        assert began.seconds < 1.5


@pytest.mark.parametrize("script", [falls_silent(), falls_silent(b"HT"), drips(b"", b"", 0.1)])
def test_whoever_is_slow_without_tls_is_left_at_the_deadline(script: Script) -> None:
    with talking(script) as talker, Watch(Deadline(0.3)) as watch:
        began = Stopwatch()
        with pytest.raises(TimeoutError):
            speaks_plain_http(here(talker.port), watch)
        assert began.clock > 0.2
        assert began.seconds < 1.5


def bombs(sock: socket.socket, over: threading.Event) -> None:
    says(packed(bomb(300)))(sock, over)


BIG: dict[str, Script] = {
    "endless headers": pours(OK, b"X-Y: z\r\n" * 1000, 10_000),
    "5,000 headers": pours(OK, b"X: y\r\n", 5_000),
    "101 headers": pours(OK, b"X: y\r\n", 101),
    "a header of 70 KB": pours(OK + b"X: ", b"y" * 1024, 70),
    "a header without end": pours(OK + b"X: ", b"y" * MIB, 300),
    "a status line without end": pours(b"HTTP/1.1 200 ", b"y" * MIB, 300),
    "interim answers without end": pours(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 10_000),
    "a body of 300 MB": pours(OK + b"Content-Length: %d\r\n\r\n" % (300 * MIB), bytes(MIB), 300),
    "a body of 300 MB in chunks": pours(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%s\r\n" % (MIB, bytes(MIB)), 300),
    "one chunk of 300 MB": pours(OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (300 * MIB), bytes(MIB), 300),
    "a body of unknown length": pours(OK + b"\r\n", bytes(MIB), 300),
    "a trailer without end": pours(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1000, 10_000),
    "a gzip bomb of 300 KB": bombs,
}  # fmt: skip


@pytest.mark.parametrize("what", BIG)
def test_whoever_says_too_much_is_left_before_it_takes_memory(what: str, pki: Pki) -> None:
    bomb(300)
    with talking(BIG[what], pki) as talker, measured() as memory:
        began = Stopwatch()
        assert failure(talker.port, pki) is Code.BAD_ANSWER
        assert began.seconds < 2.5
    assert memory() < 5 * MIB


@contextmanager
def measured() -> Iterator[Any]:
    """Give what tells the peak of memory within the block, the server's own included."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    peak = [0]
    try:
        yield lambda: peak[0] - before
        peak[0] = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("length", [300 * MIB, 10**15, 10**30])
def test_no_memory_is_set_aside_for_a_length_that_is_only_stated(length: int, pki: Pki) -> None:
    said = OK + b"Content-Length: %d\r\n\r\n{}" % length
    with talking(says(said), pki) as talker, measured() as memory:
        assert failure(talker.port, pki) is Code.BAD_ANSWER
    assert memory() < 5 * MIB


def test_a_gzip_bomb_that_is_small_enough_stays_packed(pki: Pki) -> None:
    with talking(says(packed(bomb(50))), pki) as talker, measured() as memory:
        assert answer(talker.port, pki) == (200, bomb(50))
    assert memory() < 5 * MIB


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("step", [1, 7, 65536])
def test_header_lines_are_counted_to_the_blank_one_however_they_arrive(end: bytes, step: int, pki: Pki) -> None:
    def serve(headers: int) -> Script:
        said = b"HTTP/1.1 200 OK" + end + (b"X: y" + end) * headers + end + (b"body" + end) * 500
        return says(*(said[start : start + step] for start in range(0, len(said), step)))

    with talking(serve(99), pki) as talker:
        assert answer(talker.port, pki)[1].count(b"body") == 500
    with talking(serve(101), pki) as talker:
        assert failure(talker.port, pki) is Code.BAD_ANSWER


def resets(sock: socket.socket, _: threading.Event) -> None:
    sock.recv(65536)
    sock.sendall(OK)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_broken_connection_is_a_bad_answer(pki: Pki) -> None:
    with talking(resets, pki) as talker:
        assert failure(talker.port, pki) is Code.BAD_ANSWER


def test_a_request_that_nobody_takes_ends_at_the_deadline(pki: Pki) -> None:
    with talking(lambda _, over: over.wait(20), pki) as talker, channel(talker.port, pki, Deadline(0.3)) as asked:
        began = Stopwatch()
        with pytest.raises(CheckStopped) as caught:
            asked.ask("GET", "/v2/", authorization="x" * 64 * MIB)
        assert caught.value.code is Code.OUT_OF_TIME
        assert began.seconds < 1.5


def test_nothing_is_sent_when_the_time_is_over(pki: Pki) -> None:
    now, received = 100.0, SimpleQueue[bytes]()
    with talking(lambda sock, _: received.put(sock.recv(65536)), pki) as talker:
        with channel(talker.port, pki, Deadline(10, clock=lambda: now)) as asked:
            asked.handshake()
            now = 110.0
            with pytest.raises(CheckStopped) as caught:
                asked.ask("GET", "/v2/")
        assert caught.value.code is Code.OUT_OF_TIME
        assert received.get(timeout=5) == b""


def test_a_request_to_nobody_has_no_answer(pki: Pki) -> None:
    with talking(says(), pki) as talker, channel(talker.port, pki, Deadline(5)) as asked:
        asked.handshake()
        assert asked.sock
        asked.sock.shutdown(socket.SHUT_WR)
        with pytest.raises(CheckStopped) as caught:
            asked.ask("GET", "/v2/")
    assert caught.value.code is Code.BAD_ANSWER


def test_a_closed_port_has_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Watch(Deadline(5)) as watch, pytest.raises(CheckStopped) as caught:
        connect(here(port), watch)
    assert (caught.value.code, caught.value.__suppress_context__ or caught.value.__context__) == (
        Code.NO_CONNECTION,
        None,
    )


@contextmanager
def deaf(port: int, host: str = "127.0.0.1") -> Iterator[None]:
    """Listen where a connection is neither taken nor refused: the queue is full."""
    with socket.create_server((host, port), backlog=0), ExitStack() as stack:
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex((host, port))
        yield


def test_an_address_that_says_nothing_leaves_the_next_its_share_of_the_time() -> None:
    with talking(says(OK + b"\r\n"), host="127.0.0.2") as talker, deaf(talker.port), Watch(Deadline(1)) as watch:
        began = Stopwatch()
        with connect(here(talker.port, "127.0.0.1", "127.0.0.2"), watch) as sock:
            assert sock.getpeername() == ("127.0.0.2", talker.port)
        assert began.clock > 0.4
        assert began.seconds < 0.8


def test_a_host_that_says_nothing_ends_at_the_deadline() -> None:
    with talking(says(), host="127.0.0.2") as talker, deaf(talker.port), Watch(Deadline(0.3)) as watch:
        began = Stopwatch()
        with pytest.raises(TimeoutError):
            connect(here(talker.port), watch)
        assert began.seconds < 1


def test_a_refused_address_does_not_keep_from_the_next() -> None:
    with (
        talking(says(OK + b"\r\n"), host="127.0.0.2") as talker,
        Watch(Deadline(5)) as watch,
        connect(here(talker.port, "127.0.0.1", "127.0.0.2"), watch) as sock,
    ):
        assert sock.getpeername() == ("127.0.0.2", talker.port)


def test_a_machine_without_ipv6_takes_the_next_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "AF_INET6", -1)
    with (
        talking(says(OK + b"\r\n")) as talker,
        Watch(Deadline(5)) as watch,
        connect(here(talker.port, "::1", "127.0.0.1"), watch) as sock,
    ):
        assert sock.getpeername() == ("127.0.0.1", talker.port)


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch, pki: Pki) -> None:
    with talking(says(OK + b"\r\n{}"), pki) as talker, talking(says()) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "socks_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.port}")
        rules = Rules(frozenset({talker.port}), networks=(), allow_loopback=True)
        approve(
            f"localhost:{talker.port}", Deadline(5), rules, lambda *_: [ip_address("127.0.0.1")]
        )  # raises for a refusal
        assert answer(talker.port, pki) == (200, b"{}")
        assert (talker.accepted, proxy.accepted) == (1, 0)


def test_the_watch_ends_a_call_that_waits_without_any_limit(tls: Pki | None) -> None:
    with talking(falls_silent(), tls) as talker, Watch(Deadline(0.3)) as watch:
        sock = connect(here(talker.port), watch)
        if tls:
            sock = ssl.create_default_context(cafile=str(tls.ca)).wrap_socket(sock, server_hostname="localhost")
        with sock:
            sock.sendall(REQUEST)
            sock.settimeout(None)
            began = Stopwatch()
            with suppress(OSError):
                assert sock.recv(1) == b""
            assert began.seconds < 1


@pytest.mark.parametrize("ends", [says(OK + b"\r\n{}"), says(), resets])
def test_an_end_after_the_deadline_is_no_end_of_the_answer(ends: Script, pki: Pki) -> None:
    now = 100.0

    def late(sock: socket.socket, over: threading.Event) -> None:
        nonlocal now
        now = 200.0
        ends(sock, over)

    with talking(late, pki) as talker, channel(talker.port, pki, Deadline(10, clock=lambda: now)) as asked:
        asked.handshake()
        with pytest.raises(CheckStopped) as caught:
            asked.ask("GET", "/v2/")
    assert caught.value.code is Code.OUT_OF_TIME


def test_the_watch_keeps_nothing_open_and_takes_nothing_more() -> None:
    with talking(falls_silent()) as talker:
        with Watch(Deadline(5)) as watch:
            sock = connect(here(talker.port), watch)
        assert sock.recv(1) == b""
        sock.close()
        with pytest.raises(TimeoutError):
            connect(here(talker.port), watch).close()


def test_the_watch_does_not_begin_too_late() -> None:
    with pytest.raises(TimeoutError):
        Watch(Deadline(0))


def test_a_deadline_counts_down_and_ends() -> None:
    now = 100.0
    deadline = Deadline(10, clock=lambda: now)
    now = 104.0
    assert (deadline.remaining(), deadline.has_passed) == (6, False)
    now = 110.0
    assert deadline.has_passed
    for late in (deadline.remaining, deadline.check):
        with pytest.raises(TimeoutError):
            late()
