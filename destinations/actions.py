"""The use cases: add, rotate, delete. Orchestration and nothing else.

Every write follows one protocol: the bundle first, under a name never used before; then one conflict-checked PUT
that carries a write id; then, and only of what the portal made itself, the clean-up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from destinations.cluster.port import Cluster
    from destinations.model import Draft


class Refused(Exception):
    """The portal will not do it: why, and what to do instead. Fit for a person; never holds a secret."""

    def __init__(self, message: str, fix: str) -> None:
        """Keep both sentences."""
        super().__init__(f"{message} {fix}")
        self.message = message
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Seen:
    """The state of a destination that the person had on the screen."""

    uid: str
    resource_version: str


@dataclass(frozen=True, slots=True)
class Change:
    """Who asks for a change, when, and the write id: random, from the form's nonce, so a double submit is one write."""

    write_id: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Rotation:
    """New credentials. An empty `password` keeps the stored one (refused where the bundle changes or the stored
    credentials cannot be read). `bundle`: None keeps the stored one, b"" removes it, anything else is the new
    re-serialised PEM. `expires_on` replaces the stated expiry (empty: none stated).
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    bundle: bytes | None = None
    expires_on: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A change that is in the cluster: the resourceVersion it left, and notes for the person who made it."""

    name: str
    resource_version: str
    notes: tuple[str, ...] = ()


def add(cluster: Cluster, draft: Draft, change: Change) -> Done:
    """Create a destination. Raises Refused (the name is taken, …) and the port's errors."""
    raise NotImplementedError


def rotate(cluster: Cluster, name: str, rotation: Rotation, *, seen: Seen, change: Change) -> Done:
    """Replace the credentials, and the bundle if asked. Raises Refused, Conflict (seen is stale) and the port's errors."""
    raise NotImplementedError


def delete(cluster: Cluster, name: str, *, seen: Seen) -> Done:
    """Delete a destination and the certificate secret if it is the portal's and nothing else names it."""
    raise NotImplementedError
