"""Where exports go: what adding and editing have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from destinations.input import validation
from destinations.secret.masking import MASK
from destinations.web import current
from destinations.web.forms.account import AccountForm
from destinations.web.forms.fields import text_field


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
        trap, _ = validation.in_either(host, organization, now=datetime.now(UTC), version=current.epinio_version())
        if organization or (trap and trap.field == "host"):
            self.catch(trap)
