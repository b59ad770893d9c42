"""The request as the pages know it: what the middleware hands in, who asks, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Protocol

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from destinations import access
from destinations.access import Authority, Person
from destinations.model import Snapshot
from destinations.portal import Event, Portal, Reads
from destinations.web.addresses import client_address


class Requester(Person, Protocol):
    """Who asks, as the pages know them: see `edrportal.signin.users.Principal`."""

    @property
    def username(self) -> str:
        """Their name at the provider."""

    @property
    def who(self) -> str:
        """Provider and name, for records."""

    @property
    def role_ids(self) -> list[str]:
        """The ids of their roles, sorted."""

    def excluded(self) -> list[str]:
        """Return the namespaces where a role takes the export from them, who may export everywhere else."""


class PortalRequest(WSGIRequest):
    """A request that the composition root has handed a Portal.

    `person` is who signed in, None before that is known. `moment` is the moment that a live page shows, empty where
    no stream follows. `reauthenticate` finds out again what they may see now: None once their session has ended or they
    are someone else; it raises the port's errors. `recognize` sets `person` where it can, and raises nothing.
    """

    portal: Portal
    reads: Reads
    htmx: HtmxDetails
    person: Requester | None = None
    moment: str = ""
    is_recorded: bool = False
    reauthenticate: Callable[[], Authority | None]
    recognize: Callable[[], None] = staticmethod(lambda: None)

    @classmethod
    def adopt(cls, request: HttpRequest, portal: Portal) -> PortalRequest:
        """Return this very request as one of the portal's; everything that runs after the middleware sees it so."""
        request.__class__ = cls
        if not isinstance(request, cls):
            raise TypeError
        request.portal, request.reads = portal, Reads(portal)
        return request

    def close(self) -> None:
        """Let go of all that was read for it, at the end of its answer.

        Django's messages and forms refer back to the request, so a thousand destinations would wait for the garbage collector.
        """
        super().close()
        vars(self).clear()

    @property
    def principal(self) -> Requester:
        """Who asks. Raises RuntimeError on a page that the table of permissions opens to everyone."""
        if self.person is None:
            raise RuntimeError("nobody has signed in")
        return self.person

    @cached_property
    def authority(self) -> Authority:
        """What they may see and change. Raises the port's errors."""
        return authority_of(self.principal, self.portal, self.reads)

    @property
    def snapshot(self) -> Snapshot:
        """What a page looks at that only looks. Raises the port's errors."""
        return self.reads.snapshot

    @property
    def address(self) -> str:
        """The address they ask from, as far as the proxies in front can be believed."""
        return client_address(self.META, self.portal.proxy_hops)

    def event(self, action: str, outcome: str, target: str = "", reason: str = "") -> Event:
        return Event(action, outcome, self.principal.who, self.address, target, reason)

    def record_denial(self, target: str, reason: str) -> None:
        """Record that they may not do what they asked for, once for each request."""
        if not self.is_recorded:
            self.is_recorded = True
            self.portal.record(self.event("denied", "refused", target, reason))


def authority_of(person: Person, portal: Portal, reads: Reads) -> Authority:
    """Return what someone may see and change now. Raises the port's errors."""
    return Authority(person, access.self_service(reads.config_maps), portal.namespace_uid)
