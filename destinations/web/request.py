"""What the middleware noted on a request: who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from destinations import access
from destinations.access import Authority
from destinations.actions import Denied
from destinations.cluster.port import NotFound
from destinations.model import Secret
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


@dataclass(frozen=True, slots=True)
class Limited:
    """The permit of a person, for the actions."""

    authority: Authority

    @property
    def is_unlimited(self) -> bool:
        """Whether they are an administrator."""
        return self.authority.person.is_administrator

    def check(self, secret: Secret) -> None:
        """Raise NotFound for a destination that does not exist for them, Denied for one they may not change."""
        if not self.authority.sees(secret):
            raise NotFound("NotFound", status=404)
        if not self.authority.changes(secret):
            raise Denied(missing_for(self.authority, secret))

    def check_new(self, team: str) -> None:
        """Raise Denied where they may not add for this team, or where only administrators add (a shared one)."""
        missing = self.authority.missing_for(team) if team else "Only administrators add shared destinations."
        if missing and not self.is_unlimited:
            raise Denied(missing)

    def sees(self, secret: Secret) -> bool:
        """Say whether a destination may be named to them."""
        return self.authority.sees(secret)

    def changes(self, secret: Secret) -> bool:
        """Say whether they may change a destination, and so know about its account."""
        return self.authority.changes(secret)


def missing_for(authority: Authority, secret: Secret) -> str:
    """Return which right somebody lacks to change a destination that they see, empty for none."""
    if authority.changes(secret):
        return ""
    team = access.team_of(secret)
    if not team:
        return "This destination is shared: only administrators change it."
    if authority.is_ownerless(secret):
        return "The namespace of its team is gone: only administrators change it."
    return authority.missing_for(team)
