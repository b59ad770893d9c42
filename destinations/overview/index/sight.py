"""Which destinations someone sees and changes, as a value: those with equal ones share counts and orders."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field, replace

from destinations.access import Authority

_UNASKED = object()


@dataclass(frozen=True, slots=True)
class Sight:
    """`key` is all that `authority` answers by; the uids of namespaces are those of one moment, and asked no more."""

    key: Hashable
    sees_all: bool
    authority: Authority = field(compare=False)

    @classmethod
    def of(cls, authority: Authority, teams: Collection[str]) -> Sight:
        """Return it for destinations of these teams and shared ones. Raises the port's errors."""
        person, uids = authority.person, dict[str, str | None]()
        if person.is_administrator:
            return cls("administrator", sees_all=True, authority=authority)

        def ask(team: str) -> str | None:
            if team not in uids:
                uids[team] = authority.uid(team)
            return uids[team]

        asking, exports, known = replace(authority, uid=ask), person.exports(), []
        for team in sorted(teams if exports is None else {team for team in exports if team in teams}):
            manages = not asking.missing_for_team(team)
            if manages or not person.may_list:
                ask(team)
            known.append((team, manages, uids.get(team, _UNASKED)))
        key = (person.may_list, bool(exports), tuple(known))
        return cls(key, sees_all=False, authority=replace(authority, uid=uids.get))
