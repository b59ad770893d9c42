"""What the overview and its file show: the rows that exist for whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest

from destinations.model import Secret
from destinations.overview.rowcache import ROWS
from destinations.overview.table import Row
from destinations.web import current
from destinations.web import request as asked


@dataclass(frozen=True, slots=True)
class Shown:
    """The Secrets of the namespace, and the rows of the destinations among them that whoever asks may see, by name."""

    found: Sequence[Secret]
    rows: list[Row]
    now: datetime


def read(request: HttpRequest) -> Shown:
    """Return them, from the watch unless something was just written. Raises the port's errors."""
    found = current.list_secrets() if "after" in request.GET else current.secrets_to_show()
    authority, now = asked.authority(request), datetime.now(UTC)
    everything = ROWS.rows(found, now=now, version=current.epinio_version())
    return Shown(found, [row for row in everything if authority.sees(row.secret)], now)
