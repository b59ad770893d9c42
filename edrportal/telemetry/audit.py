"""One line for every sign-in, denial and change: who, from where, what, and how it ended. Never a credential."""

from __future__ import annotations

import json
import logging
from dataclasses import fields
from datetime import UTC, datetime

from django.conf import settings

from destinations.portal import Event
from edrportal.telemetry import logs
from edrportal.telemetry.logs import stamp

_LOG = logging.getLogger("edrportal.telemetry.audit")


def record(event: Event) -> None:
    line = {
        "time": stamp(datetime.now(UTC)),
        "event": "audit",
        "installation": settings.ENVIRONMENT.installation_name,
        **{field.name: getattr(event, field.name) for field in fields(event)},
        "request": logs.current(),
    }
    _LOG.info("%s", json.dumps(line, ensure_ascii=True))
