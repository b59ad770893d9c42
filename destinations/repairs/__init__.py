"""Repairs: what can be repaired mechanically, what that changes, and what Epinio would say then. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from destinations.model import Judgement, Secret, Snapshot
from destinations.names import CONFIG_KEY
from destinations.repairs import bundle, credentials, document, entry, metadata
from destinations.repairs.common import Case, Choice, Fix, Maker
from destinations.repairs.difference import ChangedField, difference

__all__ = ["ChangedField", "Choice", "Fix", "Fixed", "apply", "difference", "differing", "judged", "proposals"]

T = TypeVar("T")
MAX_BYTES = 256 * 1024
_SOME_ORGANIZATION = "team"
"""Stands for what a person will type, to see whether the rest is sound."""
_MAKERS: tuple[Maker, ...] = (
    metadata.label,
    document.key,
    document.encoding,
    document.layers,
    document.section,
    document.foreign_sections,
    document.several_hosts,
    entry.token,
    entry.fields,
    entry.host,
    entry.credentials,
    credentials.line_breaks,
    credentials.invisible,
    credentials.quotes,
    credentials.robot,
    metadata.organization,
    metadata.certs_name,
    bundle.own_bundle,
    metadata.last_applied,
)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A destination after the chosen fixes: their codes, and the bundle of a certificate Secret to be made, if any."""

    secret: Secret
    applied: tuple[str, ...] = ()
    bundle: bytes = field(default=b"", repr=False)


def proposals(secret: Secret, snapshot: Snapshot) -> tuple[tuple[Fix, ...], ...]:
    """Return what can be repaired, in order; of several fixes in one group a person has to choose one.

    All fixes together give the best outcome; a group is proposed only if that would be another one without it. A
    configuration that no destination needs is not looked through: each fix reads and writes the whole.
    """
    if len(secret.data.get(CONFIG_KEY, b"")) > MAX_BYTES:
        return ()
    groups = _all_groups(secret, snapshot)
    needed = {group[0].code for group in groups}

    def outcome(codes: set[str]) -> tuple[object, ...]:
        fixed = apply(secret, snapshot, Choice(frozenset(codes), organization=_SOME_ORGANIZATION))
        after = judged(fixed, snapshot)
        warnings = sorted(warning.code for warning in after.warnings)
        return after.verdict, after.failed_stage, after.error, after.why, after.listing_error, warnings

    best = outcome(needed)
    for code in [group[0].code for group in groups]:
        if outcome(needed - {code}) == best:
            needed.discard(code)
    return tuple(group for group in groups if group[0].code in needed)


def _all_groups(secret: Secret, snapshot: Snapshot) -> list[tuple[Fix, ...]]:
    """Return what every maker would do once those before it have done theirs."""
    groups = []
    case, current = Case(snapshot, Choice(frozenset(), organization=_SOME_ORGANIZATION)), secret
    for make in _MAKERS:
        if group := tuple(make(current, case)):
            groups.append(group)
            current, case = group[0].secret, _after(case, group[0])
    return groups


def apply(secret: Secret, snapshot: Snapshot, choice: Choice) -> Fixed:
    """Apply the chosen fixes, in order; a code that does not fit changes nothing."""
    case, fixed = Case(snapshot, choice), Fixed(secret)
    if not choice.codes:
        return fixed
    for make in _MAKERS:
        chosen = next((fix for fix in make(fixed.secret, case) if fix.code in choice.codes), None)
        if chosen and chosen.secret != fixed.secret:
            case = _after(case, chosen)
            fixed = Fixed(chosen.secret, (*fixed.applied, chosen.code), case.bundle)
    return fixed


def judged(fixed: Fixed, snapshot: Snapshot) -> Judgement:
    return Case(snapshot, Choice(frozenset()), fixed.bundle).judged(fixed.secret)


def differing(old: Mapping[str, T], new: Mapping[str, T]) -> dict[str, T | None]:
    """Return the members that differ, with None for those that are gone."""
    return {key: new.get(key) for key in {**old, **new} if old.get(key) != new.get(key)}


def _after(case: Case, fix: Fix) -> Case:
    return Case(case.snapshot, case.choice, fix.bundle or case.bundle)
