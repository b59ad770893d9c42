"""The portal's cookies: the session, and what a single sign-on has to keep until the browser comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from edrportal.signin import sessions
from edrportal.signin.sessions import Session

_FLOW_SALT = "edrportal.oidc"
_FLOW_SECONDS = 600


def _name(word: str) -> str:
    return f"__Host-edrportal-{word}" if settings.ENVIRONMENT.is_https else f"edrportal-{word}"


def _options(same_site: str) -> dict[str, Any]:
    return {"path": "/", "secure": settings.ENVIRONMENT.is_https, "httponly": True, "samesite": same_site}


def session_text(request: HttpRequest) -> str:
    """Return the session's cookie as it came, empty for none."""
    return request.COOKIES.get(_name("session"), "")


def keep_session(response: HttpResponse, session: Session) -> None:
    """Set the session's cookie; it goes when the browser is closed. Raises sessions.TooLarge."""
    response.set_cookie(_name("session"), sessions.encode(session), **_options("Strict"))


def drop_session(response: HttpResponse) -> None:
    """Have the browser forget the session."""
    response.set_cookie(_name("session"), "", max_age=0, **_options("Strict"))


def is_set(response: HttpResponse) -> bool:
    """Say whether the answer sets or drops the session already."""
    return _name("session") in response.cookies


def keep_flow(response: HttpResponse, kept: Mapping[str, str]) -> None:
    """Set the cookie of a sign-on that has begun, for ten minutes; the provider leads back from another site."""
    value = signing.dumps(dict(kept), salt=_FLOW_SALT)
    response.set_cookie(_name("oidc"), value, max_age=_FLOW_SECONDS, **_options("Lax"))


def flow(request: HttpRequest) -> dict[str, str]:
    """Return what was kept, empty for nothing, too old or forged."""
    try:
        found = signing.loads(request.COOKIES.get(_name("oidc"), ""), salt=_FLOW_SALT, max_age=_FLOW_SECONDS)
    except signing.BadSignature:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def drop_flow(response: HttpResponse) -> None:
    """Have the browser forget it: a code is used once."""
    response.set_cookie(_name("oidc"), "", max_age=0, **_options("Lax"))
