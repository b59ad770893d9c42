"""The guards of the sign-in: no plain HTTP, no request of another site, no way back to one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from destinations.web.addresses import is_https
from edrportal.configuration.environment import is_local

PLAIN_HTTP_REFUSED = (
    "Sign-in is disabled because there is no TLS, and passwords would be sent in plain text.",
    (
        "The portal's operator puts TLS in front of it, and sets EDRPORTAL_PUBLIC_URL to the https address. In the chart's "
        "values that is ingress.tls.enabled=true, or ingress.tls.external=true where TLS ends before the Ingress. "
        "Meanwhile, sign in through kubectl port-forward, at http://localhost."
    ),
)
_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
MESSAGE = "This request came from a page of another site. Nothing was done."
FIX = "Call the JSON API from a script or a program, not from pages of another site."
_SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
_OURS = {"same-origin", "none"}
_PORTS = {"http": 80, "https": 443}


def is_unsafe_from_elsewhere(request: HttpRequest) -> bool:
    """Return whether a request could change something and comes from a page of another site.

    Browsers say that in `Sec-Fetch-Site`; those that do not know it send the page's `Origin` with each such request.
    Other programs send neither. Pages cannot set or leave out either header.
    """
    if request.method in _SAFE:
        return False
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site.strip().lower() not in _OURS
    origin = request.headers.get("Origin")
    return origin is not None and _parts(origin) not in _own(request)


def is_in_clear(request: HttpRequest) -> bool:
    """Return whether passwords of this request would cross a network in plain text, and no setting allows that.

    A browser on the portal's own machine, or at the near end of `kubectl port-forward`, states a loopback host and
    comes from one, through no proxy: its password crosses none.
    """
    return settings.ENVIRONMENT.is_in_clear and not _is_from_here(request)


def _is_from_here(request: HttpRequest) -> bool:
    stated = [
        f"//{request.get_host()}",
        f"//[{peer}]" if ":" in (peer := request.META.get("REMOTE_ADDR", "")) else f"//{peer}",
    ]
    if origin := request.headers.get("Origin"):
        stated.append(origin)
    return all(map(_is_loopback, stated)) and not any(name in request.headers for name in _FORWARDED)


def _is_loopback(url: str) -> bool:
    try:
        return is_local(urlsplit(url).hostname or "")
    except ValueError:
        return False


def _own(request: HttpRequest) -> list[tuple[str, str, int]]:
    scheme = "https" if is_https(request.META, settings.ENVIRONMENT.proxy_hops) else "http"
    stated = (_parts(settings.ENVIRONMENT.public_url), _parts(f"{scheme}://{request.get_host()}"))
    return [origin for origin in stated if origin]


def _parts(origin: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port; None for what is no http origin, such as `null`."""
    try:
        parts = urlsplit(origin.strip())
        if parts.scheme not in _PORTS or not parts.hostname:
            return None
        return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
    except ValueError:
        return None


HOME = "/"
_MAX = 2000
_PLAIN = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f-\xa0\ud800-\udfff]*")
_LOOPS = ("/signin", "/signout", "/oidc/", "/demo/")


def safe_next(target: str, *, host: str, https: bool) -> str:
    """Return the path to go back to, the overview for whatever is no plain path of this site."""
    if len(target) > _MAX or not _PLAIN.fullmatch(target) or target.startswith(_LOOPS):
        return HOME
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts={host}, require_https=https) else HOME


def path_of(url: str) -> str:
    """Return path and query of an address that a browser stated, empty if it is not one; `safe_next` judges it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
