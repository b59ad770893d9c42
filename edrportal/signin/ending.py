"""When a session ends, for the page that announces it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_safe

from edrportal.signin import sessions
from edrportal.signin.sessions import Session


@dataclass(frozen=True, slots=True)
class Left:
    """Seconds until a session ends: `idle` without another request, `whole` whatever is done. `until` is the latter."""

    idle: int
    whole: int
    until: datetime
    idle_minutes: int


def left(session: Session, now: datetime) -> Left:
    """Return what is left of a session, this request counted as activity as far as the cookie will count it."""
    environment = settings.ENVIRONMENT
    counted = sessions.renewed(session, now) or session
    idle = counted.active + environment.idle_minutes * 60 - int(now.timestamp())
    until = datetime.fromtimestamp(session.begun / 1000, UTC) + timedelta(hours=environment.session_hours)
    return Left(max(idle, 0), max(int((until - now).total_seconds()), 0), until, environment.idle_minutes)


def of(request: HttpRequest) -> Left | None:
    """Return what is left of the session that a request came with, None where it came with none."""
    session: Session | None = getattr(request, "session_of", None)
    return left(session, datetime.now(UTC)) if session else None


def context(request: HttpRequest) -> dict[str, Left | None]:
    """Return it for every template."""
    return {"session_left": of(request)}


@require_safe
def stay(request: HttpRequest) -> JsonResponse:
    """Say how long the session lasts, and the token that its forms need after another sign-in.

    Asking is activity: the answer renews the cookie where that is due.
    """
    found = of(request)
    return JsonResponse({"idle": found.idle, "whole": found.whole, "token": get_token(request)} if found else {})
