"""However slow, large or broken a registry is, the check ends in time, and small."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from destinations.livecheck.registry.network import Resolver
from destinations.livecheck.registry.port import Code, Outcome, Side, Step
from tests.registry.asking import Asked, Authority, basic, check, code, found, plan, serving, wants, with_tokens
from tests.registry.talker import drips, falls_silent, pours, says, talking
from tests.registry.test_wire import deaf
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.registry.asking import Reply
    from tests.registry.talker import Script

SECONDS, GRACE = 1.0, 0.5  # time enough to get as far as where it stalls, also on a busy machine
MIB = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\n"


def unconnected(_: socket.socket, over: threading.Event) -> None:
    over.wait(20)


def half_a_handshake(sock: socket.socket, over: threading.Event) -> None:
    sock.recv(65536)
    sock.sendall(b"\x16\x03\x03\x01\x00\x02\x00")  # a record that promises more than comes
    while not over.wait(0.02):
        sock.sendall(b"\x00")


PLAIN: dict[str, Script] = {"the handshake": unconnected, "the handshake, in drips": half_a_handshake}
SECURED: dict[str, Script] = {
    "the status line": falls_silent(),
    "the status line, in drips": drips(b"HTTP/1.1 "),
    "the headers": falls_silent(OK),
    "the headers, in drips": drips(OK, b"X-Y: z\r\n"),
    "the body": falls_silent(OK + b"Content-Length: 2\r\n\r\n{"),
    "the body, in drips": drips(OK + b"Content-Length: 1000000\r\n\r\n"),
    "continues without end": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@contextmanager
def timed(seconds: float = SECONDS) -> Iterator[None]:
    began = Stopwatch()
    yield
    assert began.seconds < seconds + GRACE


def assert_unknown(report: Any, step: Step) -> None:
    assert code(report, step, Side.IMAGE) == (Code.OUT_OF_TIME, None), found(report)
    assert (report.chart, report.image) == (Outcome.UNKNOWN, Outcome.UNKNOWN)


@pytest.mark.parametrize("where", [*PLAIN, *SECURED])
def test_a_registry_that_stalls_is_left_at_the_deadline(where: str, authority: Authority) -> None:
    tls = authority.context() if where in SECURED else None
    with talking({**PLAIN, **SECURED}[where], tls) as talker, timed():
        report = check(plan(talker.port, authority.trust), SECONDS)
    assert_unknown(report, Step.REGISTRY if tls else Step.TLS)


def test_a_registry_that_takes_no_connection_is_left_at_the_deadline(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with deaf(port), timed():
        report = check(plan(port, authority.trust), SECONDS)
    assert_unknown(report, Step.CONNECT)


def test_a_resolver_that_stalls_is_left_at_the_deadline(authority: Authority) -> None:
    over = threading.Event()
    resolve = Resolver(lambda name: [str(over.wait(20))])
    with timed():
        report = check(plan(443, authority.trust, host="registry.example.com"), SECONDS, resolve=resolve)
    over.set()
    assert_unknown(report, Step.RESOLVE)


@pytest.mark.parametrize("where", ["the handshake", "the status line", "the body", "the body, in drips"])
def test_a_token_service_that_stalls_is_left_at_the_deadline(where: str, authority: Authority) -> None:
    tls = authority.context() if where in SECURED else None
    with talking({**PLAIN, **SECURED}[where], tls) as tokens:
        realm = f'Bearer realm="https://127.0.0.1:{tokens.port}/token"'
        with serving(lambda asked: wants(realm), authority.context()) as server, timed():
            report = check(plan(server.port, authority.trust), SECONDS)
    assert_unknown(report, Step.LOGIN)


def stalling(where: str, over: threading.Event) -> Callable[[Asked], Reply]:
    def answers(asked: Asked) -> Reply:
        if asked.where.startswith(where) and asked.authorization:
            over.wait(20)
        return basic(asked)

    return answers


@pytest.mark.parametrize(
    ("where", "step"), [("GET", Step.LOGIN), ("HEAD", Step.PUSH), ("PUT", Step.PUSH), ("POST", Step.PUSH)]
)
def test_a_request_that_gets_no_answer_is_left_at_the_deadline(where: str, step: Step, authority: Authority) -> None:
    over = threading.Event()
    with serving(stalling(where, over), authority.context()) as server:
        with timed():
            report = check(plan(server.port, authority.trust), SECONDS)
        over.set()
    assert_unknown(report, step)


def test_an_upload_whose_end_gets_no_answer_was_left(authority: Authority) -> None:
    over = threading.Event()
    with serving(stalling("DELETE", over), authority.context()) as server:
        with timed():
            report = check(plan(server.port, authority.trust), SECONDS)
        over.set()
    assert code(report, Step.PUSH, Side.CHART) == (Code.UPLOAD_LEFT, True)
    assert code(report, Step.PUSH, Side.IMAGE) == (Code.OUT_OF_TIME, None)


def test_a_server_that_nobody_trusts_and_that_shows_its_chain_once_is_told_apart(authority: Authority) -> None:
    first = threading.Lock()

    def once(sock: socket.socket, over: threading.Event) -> None:
        if not first.acquire(blocking=False):
            over.wait(20)
            return
        with authority.context("elsewhere.example.com").wrap_socket(sock, server_side=True) as secured:
            secured.recv(1)

    with talking(once) as talker, timed():
        report = check(plan(talker.port, authority.trust), SECONDS)
    assert code(report, Step.TLS, Side.CHART) == (Code.NAME_MISMATCH, False)


def packed(mib: int) -> bytes:
    body = gzip.compress(bytes(mib * MIB), 9)
    return OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body


HEAVY: dict[str, Script] = {
    "300 MB": pours(OK + b"Content-Length: %d\r\n\r\n" % (300 * MIB), bytes(65536), 300 * 16),
    "5,000 headers": pours(OK, b"X: y\r\n", 5_000),
    "a header of 70 KB": says(OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n{}"),
    "an endless header": pours(OK, b"y" * 65536, 10_000),
    "a packed body": says(packed(100)),
    "no HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "half a body": says(OK + b"Content-Length: 9\r\n\r\n{}"),
    "nothing": says(b""),
    "nothing at all": lambda sock, over: None,
    "a chunk without end": says(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
    "a chunk that is none": says(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    "a status that is none": says(b"HTTP/1.1 2OO OK\r\n\r\n"),
}
BAD = {"300 MB", "5,000 headers", "a header of 70 KB", "an endless header", "a packed body", "no HTTP", "half a body",
       "nothing", "nothing at all", "a chunk without end", "a chunk that is none", "a status that is none"}  # fmt: skip


@pytest.mark.parametrize("what", HEAVY)
def test_what_no_registry_sends_ends_the_check_at_once_and_costs_nothing(what: str, authority: Authority) -> None:
    with talking(HEAVY[what], authority.context()) as talker:
        check(plan(talker.port, authority.trust))  # whatever is loaded once is loaded now
        tracemalloc.start()
        with timed(4):
            report = check(plan(talker.port, authority.trust))
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    if what in BAD:
        assert code(report, Step.REGISTRY, Side.CHART) == (Code.BAD_ANSWER, False)
    assert grown < 5 * MIB


def test_a_heavy_token_is_no_token(authority: Authority) -> None:
    heavy = with_tokens(lambda asked: (200, {}, {"token": "x" * 70_000}))
    with serving(heavy, authority.context()) as server, timed(4):
        report = check(plan(server.port, authority.trust))
    assert code(report, Step.LOGIN, Side.CHART) == (Code.TOKEN_SERVICE_FAILS, False)
