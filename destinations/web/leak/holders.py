"""What was found, in its present state."""

from __future__ import annotations

from dataclasses import dataclass

from destinations.input.leak.search import Holder
from destinations.model import Snapshot
from destinations.secret import codec, docker_config
from destinations.secret.mask import masked_key
from destinations.web.leak import attempts as attempts_of
from destinations.web.leak.case import CaseStep, LeakCase


@dataclass(frozen=True, slots=True)
class HolderRow:
    """A Secret that was found, as it is now: `state` in words, `skipped` why the portal does not write it."""

    holder: Holder
    state: str
    skipped: str
    host: str
    chosen: str
    step: CaseStep | None

    @property
    def can_be_chosen(self) -> bool:
        return bool(self.chosen)


def row(case: LeakCase, holder: Holder, snapshot: Snapshot) -> HolderRow:
    secret = snapshot.secrets.get(holder.name)
    step = case.last(holder.name)
    if secret is None or (holder.uid and secret.uid != holder.uid):
        return HolderRow(holder, "deleted" if secret is None else "deleted and created again", "", "", "", step)
    skipped = attempts_of.skip_reason(secret) if holder.is_destination else ""
    chosen = (
        "" if skipped or not codec.is_destination(secret) else f"{secret.name} {secret.uid} {secret.resource_version}"
    )
    state = (
        ("enabled" if attempts_of.is_enabled(secret) else "disabled") if holder.is_destination else "certificate Secret"
    )
    return HolderRow(holder, state, skipped, masked_key(docker_config.host_key(secret)), chosen, step)
