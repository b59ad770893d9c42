"""What happened or was refused, as the audit log and Kubernetes are told it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

_MAX = 256
_DONE = {
    "add": "Added", "rotate": "Credentials rotated", "edit": "Edited", "repair": "Repaired",
    "split": "Split into one destination for each host", "disable": "Disabled", "enable": "Enabled", "delete": "Deleted",
    "sweep": "Deleted as unused", "assign": "Assigned to another team", "check": "Live check run",
}  # fmt: skip
"""What an Event says of an action that was done, before the person."""
_NOT_DONE = {"refused": "Refused", "failed": "Failed", "unknown": "Not known whether done"}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, or was refused.

    `action` is `sign-in`, `sign-out`, `denied`, `add`, `rotate`, `edit`, `repair`, `split`, `disable`, `enable`, `delete`,
    `sweep`, `assign`, `enable-team`, `disable-team`, `seal` (a file was made, nothing written; its reason is the scope),
    `external-secret` (likewise), `check` (its reason says what follows for chart and image) or `find-credential` (its
    reason says in how many Secrets it was found);
    `outcome` is `done`, `refused`, `failed` or `unknown`. `who` is provider and name, empty where nobody is known: a name
    that no user has is not to be passed, since it may be a password typed into the wrong field. `target` is a destination or a
    team, `reason` a short word of the portal's own, `before` and `after` are resourceVersions. Long texts are cut off.
    """

    action: str
    outcome: str
    who: str
    address: str
    target: str = ""
    reason: str = ""
    before: str = ""
    after: str = ""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            text = getattr(self, name)
            if len(text) > _MAX:
                object.__setattr__(self, name, f"{text[: _MAX - 1]}…")

    def _told(self) -> str:
        """Return what happened as the beginning of a sentence."""
        if self.outcome == "done":
            return _DONE.get(self.action, f"Done: {self.action}")
        return f"{_NOT_DONE.get(self.outcome, self.outcome)}: {self.action}, tried"

    def for_kubernetes(self, *, namespace: str, name: str, uid: str, at: datetime) -> dict[str, Any]:
        """Return a core/v1 Event on the Secret; without the address, which readers of Events need not know."""
        when = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name[:200].rstrip('.-')}.{token_hex(8)}", "namespace": namespace},
            "involvedObject": {"apiVersion": "v1", "kind": "Secret", "namespace": namespace, "name": name, "uid": uid},
            "type": "Normal" if self.outcome == "done" else "Warning",
            "reason": "".join(part.capitalize() for part in self.action.split("-")),
            "message": f"{self._told()} by {self.who}" if self.who else self._told(),
            "source": {"component": "edrportal"},
            "firstTimestamp": when,
            "lastTimestamp": when,
            "count": 1,
        }
