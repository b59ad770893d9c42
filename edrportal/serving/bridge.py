"""From a request that comes in to a WSGI application in a thread: the body first and whole, then a place, then a thread."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from wsgiref.types import WSGIApplication

from destinations.web.addresses import client_address
from edrportal.serving import limits
from edrportal.serving.connection import Connection, Phase
from edrportal.serving.drain import STOPPING
from edrportal.serving.environ import environ, forwarded
from edrportal.serving.lanes import Choose
from edrportal.serving.limits import BUSY, CROWDED, REFUSAL, TAKEN, Limits
from edrportal.serving.pump import Answer, answered

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_LENGTH, _CODING = b"content-length", b"transfer-encoding"


class _ClientGone(Exception):
    """The client hung up, or is to be hung up on."""


class _Refused(Exception):
    """A request that no application is asked about: its status, and what to say."""


class Held:
    """The bytes of bodies whose requests have no place yet, over all ports: beyond the limit the largest is given up."""

    def __init__(self) -> None:
        self._by: dict[asyncio.Task[Any], int] = {}

    def add(self, count: int) -> None:
        """Raise _ClientGone where the current request is the largest, and all together are too much."""
        task = asyncio.current_task()
        if task is None:
            return
        self._by[task] = self._by.get(task, 0) + count
        if sum(self._by.values()) > limits.UNREAD_BYTES:
            largest = max(self._by, key=self._by.__getitem__)
            del self._by[largest]
            if largest is task:  # to cancel it would reach it later, with a place and a thread at work
                raise _ClientGone
            largest.cancel()

    def done(self) -> None:
        task = asyncio.current_task()
        if task:
            self._by.pop(task, None)


class Bridge:
    """The application of one port (ASGI); `pool` has a thread for each place of a lane."""

    def __init__(
        self, application: WSGIApplication, lane_of: Choose, bounds: Limits, pool: ThreadPoolExecutor, held: Held
    ) -> None:
        self._application = application
        self._lane_of = lane_of
        self._bounds = bounds
        self._pool = pool
        self._held = held
        self._asked: Counter[str] = Counter()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        connection: Connection = scope["state"].pop("connection")
        address = client_address(forwarded(scope["headers"], connection.address), self._bounds.hops)
        self._asked[address] += 1
        try:
            crowded = bool(self._bounds.hops) and self._asked[address] > self._bounds.per_address
            await self._answer(scope, receive, send, connection, crowded=crowded)
        except _Refused as refused:
            await _tell(send, *refused.args)
        except (_ClientGone, asyncio.CancelledError):
            connection.drop()
        finally:
            self._held.done()
            self._asked[address] -= 1
            if not self._asked[address]:
                del self._asked[address]

    async def _answer(
        self, scope: dict[str, Any], receive: Receive, send: Send, connection: Connection, *, crowded: bool
    ) -> None:
        _check(scope)
        length, body, refusal = _length(dict(scope["headers"])), b"", CROWDED if crowded else ""
        is_read = not refusal and 0 <= length <= self._bounds.body
        if is_read and length:
            connection.enter(Phase.BODY)
            body = await self._body(receive)
        if not is_read:
            connection.read_no_more()
        connection.enter(Phase.ANSWER)
        asked = environ(scope, body)
        del body
        lane = self._lane_of("" if refusal else scope["path"])
        if not await lane.enter():
            asked[TAKEN] = lane.taken_by
            lane, refusal = self._lane_of(""), BUSY
            if not await lane.enter():
                raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests came at once. Try again in a moment.")
        self._held.done()
        asked[REFUSAL] = refusal
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(self._pool, answered, self._application, asked)
        finally:
            lane.leave()
        del asked
        await self._send(answer, receive, send, closes=not is_read)

    async def _body(self, receive: Receive) -> bytes:
        """Raise _Refused where it takes too long, _ClientGone where the client hung up."""
        parts = bytearray()
        try:
            async with asyncio.timeout(limits.spread(limits.BODY_SECONDS)):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise _ClientGone
                    parts += message["body"]
                    self._held.add(len(message["body"]))
                    if not message["more_body"]:
                        return bytes(parts)
        except TimeoutError:
            raise _Refused(
                HTTPStatus.REQUEST_TIMEOUT, f"The body did not arrive within {limits.BODY_SECONDS:.0f} seconds."
            ) from None

    async def _send(self, answer: Answer, receive: Receive, send: Send, *, closes: bool) -> None:
        headers = [(name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in answer.headers]
        if closes or STOPPING.is_set():
            headers.append((b"connection", b"close"))
        headers.append((b"date", formatdate(usegmt=True).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if answer.rest is None:
            await send({"type": "http.response.body", "body": answer.body})
            return
        loop = asyncio.get_running_loop()
        watch = loop.create_task(_gone(receive))

        def write(chunk: bytes) -> bool:
            """Wait, in a thread, until the client takes the part; return whether the client is still there."""
            sending = send({"type": "http.response.body", "body": chunk, "more_body": True})
            asyncio.run_coroutine_threadsafe(sending, loop).result(limits.TAKEN_SECONDS)  # type: ignore[arg-type]
            return not watch.done()

        try:
            await loop.run_in_executor(self._pool, answer.pour, write)
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            raise _ClientGone from None
        finally:
            watch.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _check(scope: dict[str, Any]) -> None:
    headers = scope["headers"]
    if scope["method"] == "CONNECT":
        raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, "This server is not a proxy.")
    if scope["http_version"] not in {"1.0", "1.1"}:
        raise _Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Use HTTP/1.1.")
    if len(scope["raw_path"]) + len(scope["query_string"]) > limits.ADDRESS_BYTES:
        raise _Refused(HTTPStatus.REQUEST_URI_TOO_LONG, "The address is too long.")
    if len(headers) > limits.HEADERS or sum(len(name) + len(value) for name, value in headers) > limits.HEAD_BYTES:
        raise _Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too many or too large.")


def _length(headers: dict[bytes, bytes]) -> int:
    """Return -1 where the length is not stated. Raises _Refused where it is stated in two ways."""
    if _CODING in headers and _LENGTH in headers:
        raise _Refused(HTTPStatus.BAD_REQUEST, "Send either Content-Length or Transfer-Encoding, not both.")
    return -1 if _CODING in headers else int(headers.get(_LENGTH, b"0"))


async def _tell(send: Send, status: HTTPStatus, text: str) -> None:
    body = f"{text}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    headers += [(b"connection", b"close"), (b"date", formatdate(usegmt=True).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
