"""What the middleware noted on a request: who asks, and what they may do."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from destinations import access
from destinations.access import Authority
from destinations.web import current
from destinations.web.addresses import client_address
from edrportal.signin.users import Principal


class NobodySignedIn(Exception):
    """A page asked who is there where the table lets everybody in: a mistake of the portal."""


def principal(request: HttpRequest) -> Principal:
    """Return who asks. Raises NobodySignedIn."""
    found: Principal | None = getattr(request, "principal", None)
    if found is None:
        raise NobodySignedIn
    return found


def authority(request: HttpRequest) -> Authority:
    """Return what they may see and change, read once for each request. Raises the port's errors."""
    found: Authority | None = getattr(request, "authority", None)
    if found is None:
        enabled = access.self_service(current.config_maps_to_show())
        found = access.Authority(principal(request), enabled, current.namespaces().uid)
        request.authority = found  # type: ignore[attr-defined]
    return found


def address(request: HttpRequest) -> str:
    """Return the address they ask from, as far as the proxies in front can be believed."""
    return client_address(request.META, settings.ENVIRONMENT.proxy_hops)
