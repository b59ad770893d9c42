"""The portal's cookies: the session, and what a single sign-on has to keep until the browser comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_safe

from edrportal import __version__
from edrportal.signin import sessions
from edrportal.signin.sessions import Session

_FLOW_SALT = "edrportal.oidc"
_FLOW_SECONDS = 600


def _name(word: str) -> str:
    return f"__Host-edrportal-{word}" if settings.ENVIRONMENT.is_https else f"edrportal-{word}"


def _options(same_site: str) -> dict[str, Any]:
    return {"path": "/", "secure": settings.ENVIRONMENT.is_https, "httponly": True, "samesite": same_site}


def session_text(request: HttpRequest) -> str:
    return request.COOKIES.get(_name("session"), "")


def keep_session(response: HttpResponse, session: Session) -> None:
    """Set a cookie that lasts as long as the browser. Raises ValueError where it would be too large."""
    response.set_cookie(_name("session"), sessions.encode(session), **_options("Strict"))


def drop_session(response: HttpResponse) -> None:
    response.set_cookie(_name("session"), "", max_age=0, **_options("Strict"))


def is_set(response: HttpResponse) -> bool:
    return _name("session") in response.cookies


def keep_flow(response: HttpResponse, kept: Mapping[str, str]) -> None:
    """Set the cookie of a sign-on under way, for ten minutes; the provider leads back from another site."""
    value = signing.dumps(dict(kept), salt=_FLOW_SALT)
    response.set_cookie(_name("oidc"), value, max_age=_FLOW_SECONDS, **_options("Lax"))


def flow(request: HttpRequest) -> dict[str, str]:
    """Return what `keep_flow` stored, empty for nothing, too old or forged."""
    try:
        kept = signing.loads(request.COOKIES.get(_name("oidc"), ""), salt=_FLOW_SALT, max_age=_FLOW_SECONDS)
    except signing.BadSignature:
        return {}
    return {str(key): str(value) for key, value in kept.items()} if isinstance(kept, dict) else {}


def drop_flow(response: HttpResponse) -> None:
    response.set_cookie(_name("oidc"), "", max_age=0, **_options("Lax"))


@dataclass(frozen=True, slots=True)
class TimeRemaining:
    """Seconds until a session ends: `idle` without another request, `whole` whatever is done. `until` is the latter."""

    idle: int
    whole: int
    until: datetime
    idle_minutes: int


def time_remaining(session: Session, now: datetime) -> TimeRemaining:
    """Return what is left of a session, this request counted as activity where the cookie will count it."""
    environment = settings.ENVIRONMENT
    counted = sessions.renewed(session, now) or session
    idle = counted.active + environment.idle_minutes * 60 - int(now.timestamp())
    until = datetime.fromtimestamp(session.begun / 1000, UTC) + timedelta(hours=environment.session_hours)
    return TimeRemaining(max(idle, 0), max(int((until - now).total_seconds()), 0), until, environment.idle_minutes)


def session_time(request: HttpRequest) -> TimeRemaining | None:
    session: Session | None = getattr(request, "session_of", None)
    return time_remaining(session, datetime.now(UTC)) if session else None


def context(request: HttpRequest) -> dict[str, TimeRemaining | str | None]:
    """Return what every page shows of the session, and the portal's version to who is signed in."""
    remaining = session_time(request)
    return {"session_left": remaining, "portal_version": __version__ if getattr(request, "person", None) else ""}


@require_safe
def stay(request: HttpRequest) -> JsonResponse:
    """Answer how long the session lasts, which counts as activity, and a CSRF token for forms after another sign-in."""
    remaining = session_time(request)
    if remaining is None:
        return JsonResponse({})
    return JsonResponse({"idle": remaining.idle, "whole": remaining.whole, "token": get_token(request)})
