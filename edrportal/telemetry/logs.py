"""The id of a request, by which its lines in the log and a proxy's are found: in each of them, and in the answer."""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import fields
from datetime import UTC, datetime
from secrets import token_hex
from types import TracebackType

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from destinations.portal import Event

Handler = Callable[[HttpRequest], HttpResponse]

HEADER = "X-Request-ID"
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """Return the id of the request that this thread answers, or answered last; empty where it answers none."""
    return _current.get()


def of(meta: Mapping[str, str], hops: int) -> str:
    """Return the id that a proxy gave, where there is one to believe and it is harmless in a log; else a new one."""
    given = meta.get("HTTP_X_REQUEST_ID", "") if hops >= 1 else ""
    return given if re.fullmatch("[A-Za-z0-9._-]{8,64}", given) else token_hex(16)


class RequestId:
    """The outermost middleware: what the others log carries the id."""

    def __init__(self, get_response: Handler) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Until the next: Django logs once more after this.
        _current.set(of(request.META, settings.ENVIRONMENT.proxy_hops))
        response = self._next(request)
        response.headers[HEADER] = current()
        return response


class JsonFormatter(logging.Formatter):
    """`time` (UTC), `level`, `logger`, `message`, and where there is one `request` and `error`; in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": stamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := current():
            line["request"] = request
        if record.exc_info and record.exc_info[1]:
            line["error"] = _told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True)


def line(level: int, message: str, *, logger: str = "edrportal") -> str:
    """Return a line of the log, for who writes to a stream and not to a logger."""
    return JsonFormatter().format(logging.LogRecord(logger, level, "", 0, message.strip(), None, None))


def stamp(when: datetime) -> str:
    """Return RFC 3339 in UTC, with milliseconds."""
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def _told(error: BaseException) -> str:
    """Return the types of an exception and of what caused it, each with the places it came through."""
    parts, seen = [], set()
    current: BaseException | None = error
    while current and id(current) not in seen:
        seen.add(id(current))
        parts.append(f"{type(current).__qualname__} at {_places(current.__traceback__)}")
        current = current.__cause__ or current.__context__
    return " because of ".join(parts)


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-6:]
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames)) or "nowhere"


_LOG = logging.getLogger("edrportal.telemetry.logs")


def record(event: Event) -> None:
    line = {
        "time": stamp(datetime.now(UTC)),
        "event": "audit",
        "installation": settings.ENVIRONMENT.installation_name,
        **{field.name: getattr(event, field.name) for field in fields(event)},
        "request": current(),
    }
    _LOG.info("%s", json.dumps(line, ensure_ascii=True))
