"""The id of a request, by which its lines in the log and a proxy's are found: in each of them, and in the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from secrets import token_hex

from django.conf import settings
from django.http import HttpRequest, HttpResponse

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
        """Keep the next handler."""
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, and name the id in the answer."""
        _current.set(
            of(request.META, settings.ENVIRONMENT.proxy_hops)
        )  # until the next: Django logs once more after this
        response = self._next(request)
        response.headers[HEADER] = current()
        return response
