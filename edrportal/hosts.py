"""By which names the portal is asked: the platform's questions by any, pages by those that it knows."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from destinations.web import errors

Handler = Callable[[HttpRequest], HttpResponse]

_PLATFORM = {"/healthz", "/readyz"}
"""A load balancer asks by the address of a pod, which no setting could name; neither answer depends on the host."""
_OWN_NAME = "localhost"


class KnownHost:
    """Answers a page that was asked for by an unknown name with 400, and says which setting names it."""

    def __init__(self, get_response: Handler) -> None:
        """Wrap the next handler."""
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 400, or pass on."""
        if request.path in _PLATFORM:
            request.META["HTTP_HOST"] = _OWN_NAME
            return self._next(request)
        try:
            request.get_host()
        except DisallowedHost:
            return errors.unknown_host(request)
        return self._next(request)
