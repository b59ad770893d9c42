"""Which person may do what to which destination. Pure but for asking which namespaces there are.

A team is an Epinio namespace. Epinio itself lets everyone who may export use every destination by its name: this
governs what the portal shows and changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from destinations import names
from destinations.cluster.limits import MAX_LABEL, is_dns_label
from destinations.cluster.lookups import UNKNOWN
from destinations.cluster.port import NotFound
from destinations.model import Secret
from destinations.secret import codec


class Denied(Exception):
    """A permission is missing; the text says which."""


class Person(Protocol):
    """Who asks, as Epinio sees them: see `edrportal.signin.users.Principal`."""

    @property
    def is_administrator(self) -> bool:
        """Whether they have the global role admin."""

    @property
    def may_list(self) -> bool:
        """Whether Epinio shows them the export registries."""

    def may_export(self, namespace: str) -> bool:
        """Return whether they may export an application of a namespace."""

    def exports(self) -> list[str] | None:
        """Return the namespaces they may export from, None for every one."""


class Operator:
    """Who runs the portal, on its command line: nothing is closed to them."""

    is_administrator = True
    may_list = True

    def may_export(self, _namespace: str) -> bool:
        return True

    def exports(self) -> None:
        """Return None: every namespace."""


@dataclass(frozen=True, slots=True)
class Team:
    """One of a person's teams, and why they may not manage its destinations (empty where they may)."""

    name: str
    missing: str = ""

    @property
    def may_manage(self) -> bool:
        """Whether they add, rotate, edit, repair, disable and delete its destinations."""
        return not self.missing


def self_service(config_maps: Iterable[Secret]) -> dict[str, str]:
    """Return the namespaces with self-service, each with the uid it had when it was enabled, empty if unknown."""
    found = next((one for one in config_maps if one.name == names.TEAMS_CONFIG_MAP), None)
    return {name: value.decode("utf-8", "replace") for name, value in found.data.items()} if found else {}


def team_of(secret: Secret) -> str:
    """Return the team that a destination belongs to, empty for a shared one."""
    return secret.labels.get(names.TEAM_LABEL, "")


@dataclass(frozen=True, slots=True)
class Authority:
    """What one person may see and change; asks for the uid of a namespace only where that decides.

    An action checks it against the very object that it writes.
    """

    person: Person
    enabled: Mapping[str, str]
    uid: Callable[[str], str | None]

    @property
    def is_unlimited(self) -> bool:
        """Whether they are an administrator, and may know of everything that is there."""
        return self.person.is_administrator

    def check(self, secret: Secret) -> None:
        """Raise NotFound for a destination that does not exist for them, Denied for one they may not change."""
        if not self.sees(secret):
            raise NotFound("NotFound", status=404)
        if missing := self.missing_to_change(secret):
            raise Denied(missing)

    def check_new(self, team: str) -> None:
        """Raise Denied where they may not add for this team, or where only administrators add (a shared one)."""
        missing = self.missing_for_team(team) if team else "Only administrators can add shared destinations."
        if missing and not self.is_unlimited:
            raise Denied(missing)

    def sees(self, secret: Secret) -> bool:
        """Return whether a destination exists for them at all, and may be named to them."""
        if self.person.is_administrator or self.person.may_list:
            return True
        team = team_of(secret)
        if not team:
            return bool(self.person.exports())
        return self.person.may_export(team) and not self.is_ownerless(secret)

    def changes(self, secret: Secret) -> bool:
        """Return whether they may change a destination, and see its user name and who changed it."""
        if self.person.is_administrator:
            return True
        team = team_of(secret)
        return bool(team) and not self.missing_for_team(team) and not self.is_ownerless(secret)

    def is_ownerless(self, secret: Secret) -> bool:
        """Return whether the destination's team is gone: its namespace was deleted, or is another by the same name."""
        team = team_of(secret)
        if not team:
            return False
        now, then = self.uid(team), secret.annotations.get(names.TEAM_UID_ANNOTATION, "")
        return now is None or (now != UNKNOWN and bool(then) and now != then)

    def missing_to_change(self, secret: Secret) -> str:
        """Return which permission they lack to change a destination that they see, empty for none."""
        if self.changes(secret):
            return ""
        team = team_of(secret)
        if not team:
            return "This destination is shared: only administrators can change it."
        if self.is_ownerless(secret):
            return "The namespace of its team was deleted or recreated: only administrators can change it."
        return self.missing_for_team(team)

    def missing_for_team(self, team: str) -> str:
        """Return what keeps them from managing a team's destinations, empty for nothing."""
        if self.person.is_administrator:
            return ""
        if not self.person.may_export(team):
            return f"In Epinio, you may not export from {team}."
        if team not in self.enabled:
            return f"Self-service is disabled for {team}. An administrator can enable it."
        now = self.uid(team)
        if now is None or (now != UNKNOWN and now != self.enabled[team]):
            return (
                f"The namespace {team} was recreated after self-service was enabled. An administrator can enable "
                "it again."
            )
        return ""

    def other_prefix(self, name: str, team: str) -> str:
        """Return the namespace whose prefix a name for this team begins with, empty for none.

        `team-a-b-harbor` would pass for a destination of `team-a-b` with everyone who exports by name. Every namespace
        counts that is there, enabled or not, as far as the portal may look: it can be enabled later, and a name stays.
        """
        for end in range(len(team) + 1, min(len(name), MAX_LABEL + 1)):
            longer = name[:end]
            if name[end] != "-" or not is_dns_label(longer):
                continue
            if longer in self.enabled or self.uid(longer) not in {None, UNKNOWN}:
                return longer
        return ""

    def teams(self) -> list[Team]:
        """Return their teams by name: the namespaces they may export from; of an administrator, the enabled ones."""
        exports = self.person.exports()
        return [
            Team(name, self.missing_for_team(name)) for name in sorted(self.enabled if exports is None else exports)
        ]

    @property
    def may_add(self) -> bool:
        """Whether they may add a destination anywhere."""
        return self.person.is_administrator or any(team.may_manage for team in self.teams())

    def visible(self, found: Iterable[Secret]) -> list[Secret]:
        """Return the destinations among Secrets that exist for them, and every Secret that is no destination."""
        return [one for one in found if not codec.is_destination(one) or self.sees(one)]


UNLIMITED = Authority(Operator(), {}, lambda _: UNKNOWN)
"""For the command line."""
