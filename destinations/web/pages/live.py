"""The stream of an open page: which destinations changed, while its person may know."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from destinations.cluster.port import ClusterError
from destinations.overview import events
from destinations.overview.hub import Subscription
from destinations.web.request import PortalRequest

BEAT_SECONDS = 2.5
"""How often a stream looks whether its person is still signed in, and whether the page is still there."""
_COME_AGAIN = "30"


@require_GET
def live(request: PortalRequest) -> HttpResponseBase:
    """Answer with events until the page goes, the session ends or the server ends; 503 where the page has to poll."""
    hub = request.portal.hub()
    since = request.headers.get("Last-Event-ID") or request.GET.get("since", "")
    place = hub.subscribe(since) if hub else None
    if place is None:
        answer = HttpResponse("Too many open pages: try again later.\n", status=503, content_type="text/plain")
        answer.headers["Retry-After"] = _COME_AGAIN
        return answer
    stream = StreamingHttpResponse(Stream(request, place), content_type="text/event-stream")
    stream.headers["X-Accel-Buffering"] = "no"
    stream.headers["Content-Encoding"] = "identity"  # a compressed stream would be held back
    return stream


class Stream:
    """The body of the answer; its place is given back when it is closed, even if nothing was ever read of it."""

    def __init__(self, request: PortalRequest, place: Subscription) -> None:
        self._place = place
        self._chunks = _chunks(request, place)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        self._place.close()


def _chunks(request: PortalRequest, place: Subscription) -> Iterator[bytes]:
    begun = time.monotonic()
    yield events.RETRY
    yield _alive(place)
    while (changes := place.take(BEAT_SECONDS)) is not None:
        try:
            authority = request.reauthenticate()
            yield (events.written(changes, authority) or _alive(place)) if authority else events.END
        except ClusterError:
            return  # the page comes again, and is told then
        if authority is None:
            return
        if (
            not request.portal.connect().has_current_watches() and time.monotonic() - begun > BEAT_SECONDS
        ):  # the watch may have begun just now
            yield events.BEHIND
            return


def _alive(place: Subscription) -> bytes:
    return events.alive(place.moment, place.pages)
