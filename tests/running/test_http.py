"""What comes over the wire: whole requests in every lawful form are answered, all else is refused, and then hung up on."""

from __future__ import annotations

import os
import resource
import socket
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edrportal.serving import limits
from tests.services.effort import FULL
from tests.services.portals import HOST, Served, served
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.people, pytest.mark.timeout(300)]
AT_ONCE = 1.0
LATE = limits.HEAD_SECONDS + limits.SPREAD_SECONDS + 3  # it looks twice a second; the rest is for a busy machine
COMMON = f"Host: {HOST}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.7\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("wire") / "portal.log"
    with served("", "epinio", log, EDRPORTAL_CLUSTER="memory", EDRPORTAL_LIVE_PAGES="0") as found:
        yield found
    assert "Exception" not in log.read_text()


@contextmanager
def line(portal: Served, sent: bytes | str = b"") -> Iterator[socket.socket]:
    """A connection on which something was sent."""
    host, _, port = portal.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=LATE + 5) as made:
        made.sendall(sent.encode() if isinstance(sent, str) else sent)
        yield made


def until_closed(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def said(portal: Served, sent: bytes | str, within: float = AT_ONCE) -> bytes:
    """Send, and return what is answered until the server closes, which it has to do within so many seconds."""
    with line(portal, sent) as connection:
        began = Stopwatch(serving(portal))
        received = until_closed(connection)
        assert began.seconds < within, received
        return received


def serving(portal: Served) -> int:
    """Return the process that answers."""
    directory = f"/proc/{portal.process}/task/{portal.process}/children"
    return int(Path(directory).read_text(encoding="ascii").split()[0])


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer[9:12])


def get(path: str = "/healthz", *, version: str = "1.1", more: str = "") -> str:
    return f"GET {path} HTTP/{version}\r\n{COMMON}{more}\r\n"


def post(path: str, more: str, body: str = "") -> str:
    return f"POST {path} HTTP/1.1\r\n{COMMON}{FORM}{more}\r\n{body}"


CLOSE = "Connection: close\r\n"


def quick(portal: Served, path: str = "/signin") -> None:
    assert status(said(portal, get(path, more=CLOSE))) in {200, 302}


def test_silent_posts_keep_no_page_waiting(portal: Served) -> None:
    """The finding: seventeen of these turned every page into 503."""
    cookie = f"Cookie: __Host-edrportal-csrf={'a' * 32}\r\n"
    with ExitStack() as stack:
        for _ in range(90):
            stack.enter_context(line(portal, post("/teams", f"{cookie}Content-Length: 1000\r\n", "a=")))
            stack.enter_context(line(portal))
        for _ in range(20):
            quick(portal)
            quick(portal, "/")


def test_who_sends_nothing_or_half_of_a_request_is_hung_up_on(portal: Served) -> None:
    began = time.monotonic()
    with (
        line(portal) as silent,
        line(portal, "GET / HTTP/1.1\r\nHost: local") as half,
        line(portal, post("/signin", "Content-Length: 9\r\n", "a=")) as slow,
        line(portal, get()) as kept,
    ):
        answer = b""
        while not answer.endswith(b"ok\n"):  # head and body may come one after the other
            answer += kept.recv(65536)
        assert status(answer) == 200
        kept.sendall(b"GET /he")
        ends = {}
        for name, connection in (("silent", silent), ("half", half), ("slow", slow), ("kept", kept)):
            ends[name] = until_closed(connection)
            assert limits.HEAD_SECONDS - 1 < time.monotonic() - began < LATE, name
    assert status(ends["slow"]) == 408
    assert (ends["silent"], ends["half"], ends["kept"]) == (b"", b"", b"")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (post("/signin", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"), 411),
        (post("/signin", f"Content-Length: {2**21}\r\n", "a="), 413),
        (post("/signin", f"Content-Length: {'9' * 18}\r\n", "a="), 413),
        (post("/signin", f"Expect: 100-continue\r\nContent-Length: {2**21}\r\n"), 413),
        (post("/api/destinations", "Transfer-Encoding: chunked\r\n", "5\r\nhel"), 411),
        (post("/signin", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nGET / HTTP/1.1"), 400),
        (post("/signin", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400),
        (post("/signin", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400),
        (post("/signin", "Content-Length: +5\r\n", "hello"), 400),
        (post("/signin", "Content-Length: -1\r\n", "hello"), 400),
        (post("/signin", "Content-Length: 0x5\r\n", "hello"), 400),
        (post("/signin", "Content-Length : 5\r\n", "hello"), 400),
        (post("/signin", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), (400, 501)),
        (post("/signin", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), (400, 501)),
        (get(more="".join(f"X-{number}: 1\r\n" for number in range(101))), 431),
        (get(more=f"X-Long: {'a' * 40_000}\r\n"), (400, 431)),
        (get(more="".join(f"X-{number}: {'a' * 4000}\r\n" for number in range(12))), (400, 431)),
        (get("/" + "a" * 9_000), 414),
        (get("/" + "a" * 40_000), (400, 414)),
        (get(more="must not contain a colon\r\n"), 400),
        (get(more=f"Host: {HOST}\r\n"), 400),
        ("GET /healthz HTTP/1.1\r\n\r\n", 400),
        ("GET /healthz\r\n\r\n", 400),
        ("GET /healthz HTTP/2.0\r\n\r\n", 505),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ],
)
def test_what_is_refused_before_it_is_read_is_answered_and_hung_up_on_at_once(
    portal: Served, sent: str, expected: int | tuple[int, ...]
) -> None:
    answer = said(portal, sent)
    assert status(answer) in (expected if isinstance(expected, tuple) else (expected,))
    assert answer.count(b"HTTP/1.1 ") == 1, "what follows is another request's, or nobody's"
    assert b"\r\nconnection: close" in answer.lower()


def test_the_answer_arrives_though_the_client_goes_on_sending(portal: Served) -> None:
    with line(portal, post("/signin", f"Content-Length: {2**23}\r\n")) as connection:
        try:
            for _ in range(2**23 // 65536):
                connection.sendall(b"a" * 65536)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert status(until_closed(connection)) == 413


def test_headers_without_end_are_cut_off(portal: Served) -> None:
    with line(portal, "GET / HTTP/1.1\r\n") as connection:
        end = time.monotonic() + 6
        with pytest.raises(OSError, match=r"Broken pipe|reset"):  # noqa: PT012 - any of them
            while time.monotonic() < end:
                connection.sendall(b"X-Endless: " + b"a" * 1000 + b"\r\n")
                time.sleep(0.001)


def test_an_address_with_too_many_requests_at_once_is_told_so_and_others_are_served(portal: Served) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(
                line(portal, post("/signin", "Content-Length: 9\r\n", "a=").replace("192.0.2.7", "192.0.2.9"))
            )
        time.sleep(0.3)
        crowded = said(portal, post("/signin", "Content-Length: 9\r\n", "a=").replace("192.0.2.7", "192.0.2.9"))
        assert status(crowded) == 429
        assert b"retry-after: 5" in crowded
        quick(portal)


def test_pipelined_requests_are_answered_in_their_order(portal: Served) -> None:
    form = post("/signin", "Content-Length: 3\r\n", "a=b")
    answers = said(portal, get() + form + get("/no-such-page") + get() + get(more=CLOSE) + get())
    found = [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert [found[0], *found[3:]] == [200, 200, 200]
    assert found[1] in {200, 403}
    assert found[2] in {302, 404}


def test_a_client_of_http_1_0_is_answered_and_hung_up_on(portal: Served) -> None:
    answer = said(portal, get(version="1.0"))
    assert status(answer) == 200
    assert answer.endswith(b"ok\n")
    assert status(said(portal, "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")) == 200


def test_a_form_that_waits_to_be_asked_for_is_asked_for(portal: Served) -> None:
    with line(portal, post("/signin", f"Expect: 100-continue\r\n{CLOSE}Content-Length: 3\r\n")) as connection:
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"a=b")
        assert status(until_closed(connection)) == 403  # it has no CSRF token, and was read


def test_head_is_a_get_without_a_body_and_the_connection_goes_on(portal: Served) -> None:
    answer = said(portal, get("/signin").replace("GET", "HEAD") + get(more=CLOSE))
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert status(head) == 200
    assert b"content-length: " in head
    assert rest.startswith(b"HTTP/1.1 200 ")
    assert rest.endswith(b"\r\n\r\nok\n")


def test_a_header_with_an_underscore_poses_as_no_other(portal: Served) -> None:
    given = "X-Request-ID: from-the-proxy-1\r\n"
    assert b"from-the-proxy-1" in said(portal, get(more=given + CLOSE))
    assert b"from-the-proxy-1" not in said(portal, get(more=given.replace("-", "_", 2) + CLOSE))


def test_an_absolute_address_is_that_page(portal: Served) -> None:
    assert said(portal, get(f"https://{HOST}/healthz", more=CLOSE)).endswith(b"ok\n")


def test_too_few_files_cost_who_is_silent_and_no_processor(portal: Served) -> None:
    """Where the system allows few files, `accept` fails: again and again, if it is tried again and again."""
    process = serving(portal)
    files = len(list(Path(f"/proc/{process}/fd").iterdir()))
    before = resource.prlimit(process, resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        stack.callback(resource.prlimit, process, resource.RLIMIT_NOFILE, before)
        resource.prlimit(process, resource.RLIMIT_NOFILE, (files + 10, before[1]))
        for _ in range(40):
            stack.enter_context(line(portal))
        quick(portal)
        resource.prlimit(process, resource.RLIMIT_NOFILE, (files, before[1]))
        stack.enter_context(line(portal))
        began = processor_seconds(process)
        time.sleep(2)
        assert processor_seconds(process) - began < 1
    quick(portal)


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_who_does_not_read_their_answers_keeps_nobody_waiting_and_is_hung_up_on(portal: Served) -> None:
    asked = (get("/static/django_htmx/htmx.min.js") * 400).encode()
    host, _, port = portal.url.removeprefix("http://").partition(":")
    before = portal.memory("VmRSS")
    with ExitStack() as stack:
        lines = []
        for _ in range(40):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(limits.TAKEN_SECONDS + 10)
            connection.connect((host, int(port)))
            connection.sendall(asked)
            lines.append(connection)
        time.sleep(1)
        for _ in range(20):
            quick(portal)
        assert portal.memory("VmRSS") - before < 30
        if FULL:
            time.sleep(limits.TAKEN_SECONDS + 4)
            for connection in lines:
                with pytest.raises(OSError, match=r"Broken pipe|reset"):  # noqa: PT012 - the first or a later one
                    for _ in range(3):
                        connection.sendall(b"a")
                        time.sleep(0.05)
