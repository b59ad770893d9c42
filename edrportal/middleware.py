"""By which names the portal is asked: the platform's questions by any, pages by those that it knows."""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import BoundedSemaphore

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from destinations.web import errors
from edrportal.serving.limits import BUSY, CROWDED, REFUSAL, TAKEN
from edrportal.telemetry import counters

Handler = Callable[[HttpRequest], HttpResponse]

_PLATFORM = {"/healthz", "/readyz"}
"""A load balancer asks by the address of a pod, which no setting could name; neither answer depends on the host."""
_BEFORE_THE_OTHERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""The headers of a page that is answered before the middleware which sets them."""
_IN_PLACE, _SEE_OTHER = "Edrportal-Form", 303


class KnownHostMiddleware:
    """Answers 400 to a page requested by an unknown host name, and names the setting."""

    def __init__(self, get_response: Handler) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in _PLATFORM:
            request.META["HTTP_HOST"] = "localhost"
            return self._next(request)
        try:
            request.get_host()
        except DisallowedHost:
            return errors.unknown_host(request)
        return self._next(request)


PAGES_AT_ONCE = 16
WAIT_SECONDS = 0.5
SLOW_SECONDS = 2.0
"""A cluster that takes so long for one call is why there is no place; a list of thousands of Secrets takes less."""
_ALWAYS = ("/healthz", "/static/", "/signin")  # sign-ins have a limit of their own, by the processors


class BodyLimitMiddleware:
    """Answers 411 or 413 to a body without a length or over the limit, before a byte of it is read."""

    def __init__(self, get_response: Handler) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get("HTTP_TRANSFER_ENCODING"):
            return _refused(request, "The request does not state its length.", "Send Content-Length.", 411)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not re.fullmatch("[0-9]{1,18}", length):
            return _refused(request, "Content-Length is not a number.", "Send the length of the form.", 400)
        if int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _refused(request, "The form is larger than 1 MiB.", "A CA bundle is a few KiB: send only that.", 413)
        return self._next(request)


class ConcurrencyLimitMiddleware:
    """Keeps threads free for probes: answers 429 or 503 above PAGES_AT_ONCE, unless our own server has counted."""

    def __init__(self, get_response: Handler) -> None:
        self._next = get_response
        self._places = BoundedSemaphore(PAGES_AT_ONCE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal = request.META.get(REFUSAL)
        if refusal == CROWDED:
            return _later(request, "Too many requests come from your address at once.", 429)
        if refusal == BUSY:
            return _busy(request)
        if refusal is not None or request.path.startswith(_ALWAYS):
            return self._next(request)
        if not self._places.acquire(timeout=WAIT_SECONDS):
            return _busy(request)
        try:
            return self._next(request)
        finally:
            self._places.release()


class InPlaceMiddleware:
    """Tells a script that sent a form where to go, which cannot see where a redirect leads."""

    def __init__(self, get_response: Handler) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._next(request)
        if _IN_PLACE in request.headers and response.status_code == _SEE_OTHER:
            response.status_code = 204
            response.headers[f"{_IN_PLACE}-Location"] = response.headers["Location"]
            del response.headers["Location"]
        return response


class SecurityHeadersMiddleware:
    """Headers that Django has no setting for; pages are never stored anywhere."""

    def __init__(self, get_response: Handler) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._next(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _busy(request: HttpRequest) -> HttpResponse:
    others = request.META.get(TAKEN) or f"{PAGES_AT_ONCE} other requests"
    if counters.slowest_call() >= SLOW_SECONDS:
        return _later(request, f"The cluster answers slowly, and {others} wait for it.", 503)
    return _later(request, f"Too many requests came at once: the portal is busy with {others}.", 503)


def _later(request: HttpRequest, message: str, status: int) -> HttpResponse:
    response = _refused(request, message, "Try again in a moment.", status)
    response.headers["Retry-After"] = "5"
    return response


def _refused(request: HttpRequest, message: str, fix: str, status: int) -> HttpResponse:
    if errors.is_api(request):
        return errors.told(message, fix, status)
    if "text/html" not in request.headers.get("Accept", ""):  # a script, that of a form in place, too
        return HttpResponse(f"{message} {fix}\n", status=status, content_type="text/plain; charset=utf-8")
    context = {"message": message, "fix": fix, "status": status, "may_pass": request.method in {"GET", "HEAD"}}
    response = HttpResponse(render_to_string("refused.html", context), status=status, headers=_BEFORE_THE_OTHERS)
    response.headers["Cache-Control"] = "no-store"
    return response
