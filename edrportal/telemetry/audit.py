"""One line for every sign-in, denial and change: who, from where, what, and how it ended. Never a credential."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from django.conf import settings

from edrportal.telemetry import logs
from edrportal.telemetry.logs import stamp

_LOG = logging.getLogger("edrportal.telemetry.audit")
_MAX = 256


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, or was refused.

    `action` is `sign-in`, `sign-out`, `denied`, `add`, `rotate`, `edit`, `repair`, `disable`, `enable`, `delete`,
    `sweep`, `assign`, `enable-team`, `disable-team` or `check` (its reason says what follows for chart and image);
    `outcome` is `done`, `refused`, `failed` or `unknown`. `who` is provider and name, empty where nobody is known: a name
    that no user has is not to be passed, since it may be a password typed into the wrong field. `target` is a destination or a
    team, `reason` a short word of the portal's own, `before` and `after` are resourceVersions.
    """

    action: str
    outcome: str
    who: str
    address: str
    target: str = ""
    reason: str = ""
    before: str = ""
    after: str = ""


def record(event: Event) -> None:
    """Write exactly one line of JSON to the log."""
    line = {
        "time": stamp(datetime.now(UTC)),
        "event": "audit",
        "installation": settings.ENVIRONMENT.installation_name,
        **{field.name: _cut(getattr(event, field.name)) for field in fields(event)},
        "request": logs.current(),
    }
    _LOG.info("%s", json.dumps(line, ensure_ascii=True))


def kubernetes_event(event: Event, *, namespace: str, name: str, uid: str, at: datetime) -> dict[str, Any]:
    """Return a core/v1 Event on the Secret; without the address, which readers of Events need not know."""
    when = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{name[:200].rstrip('.-')}.{token_hex(8)}", "namespace": namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Secret", "namespace": namespace, "name": name, "uid": uid},
        "type": "Normal" if event.outcome == "done" else "Warning",
        "reason": "".join(part.capitalize() for part in event.action.split("-")),
        "message": f"{event.action}: {event.outcome}, by {_cut(event.who)}",
        "source": {"component": "edrportal"},
        "firstTimestamp": when,
        "lastTimestamp": when,
        "count": 1,
    }


def _cut(text: str) -> str:
    return text if len(text) <= _MAX else f"{text[: _MAX - 1]}…"
