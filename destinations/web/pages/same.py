"""Which destinations have the same credentials at the same host, for those who may know that."""

from __future__ import annotations

from destinations.actions.common import comparable
from destinations.cluster.port import NotFound
from destinations.model import Secret, Snapshot
from destinations.web.changes import save
from destinations.web.request import PortalRequest


def names_for(request: PortalRequest, secret: Secret, snapshot: Snapshot) -> list[str]:
    """Return the other destinations with the same credentials; the snapshot is read directly. Raises the port's errors.

    Administrators know of all. Others know of those whose password they typed in both places: they could try passwords
    by rotating to a guess.
    """
    if not request.authority.changes(secret):
        return []
    others = comparable(secret, snapshot.destinations, request.principal.username, request.authority)
    return request.portal.accounts.same_as(secret, others)


def group(request: PortalRequest, name: str) -> set[str]:
    """Return the names of a group, its own included; empty for a destination that they do not see."""
    snapshot = request.reads.direct
    try:
        secret = save.find_to_see(request, name, snapshot)
    except NotFound:
        return set()
    return {name, *names_for(request, secret, snapshot)}
