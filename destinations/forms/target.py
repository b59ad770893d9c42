"""Where exports go: what adding and editing have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from destinations import current, traps
from destinations.forms.account import AccountForm
from destinations.forms.fields import text_field
from destinations.masking import MASK


class TargetForm(AccountForm):
    """What adding and editing have in common."""

    host = text_field("Registry host", "HOST or HOST:PORT, such as registry.example.com", inputmode="url")
    organization = text_field("Organization", "The path below the host: team, or platform/team", limit=255)
    description = text_field("Description", "Optional, for people.", required=False, limit=500)

    def clean(self) -> dict[str, Any]:
        """Forget a password that was typed into the host, so that the page does not show it again."""
        cleaned = super().clean()
        if "@" in self.data.get("host", ""):
            self.forget("host", f"{MASK}@{self.data['host'].rpartition('@')[2]}")
        return cleaned

    def check_target(self, cleaned: dict[str, Any]) -> None:
        """Run the traps of host and organization; one that is missing has been found already."""
        host, organization = cleaned.get("host") or "", cleaned.get("organization") or ""
        trap, _ = traps.in_either(host, organization, now=datetime.now(UTC), version=current.epinio_version())
        if organization or (trap and trap.field == "host"):
            self.catch(trap)
