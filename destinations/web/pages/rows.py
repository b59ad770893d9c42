"""The rows of the overview as HTML, each written once for what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from django.template.loader import render_to_string
from django.urls import reverse

from destinations.livecheck.presentation import Shown
from destinations.overview.table import Row
from destinations.web import current

_KEPT = 2000
"""Forty pages of fifty rows; a change by somebody is asked for by every open page at once."""


def html(rows: Iterable[tuple[Row, Shown | None, bool]]) -> Iterator[str]:
    """Yield each row with its last check, and whether whoever asks may change it, as safe HTML."""
    home, read_only = reverse("overview"), current.read_only()
    return (_row(row, check, may_change, home, read_only) for row, check, may_change in rows)


@lru_cache(maxsize=_KEPT)
def _row(row: Row, check: Shown | None, may_change: bool, home: str, read_only: str) -> str:  # noqa: FBT001 - a key
    """Return what depends on nothing but these: no person, no token, no clock."""
    context = {"row": row, "check": check, "may_change": may_change, "home": home, "read_only": read_only}
    return render_to_string("destinations/_row.html", context)
