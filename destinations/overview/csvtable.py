"""The overview as comma-separated values, for a spreadsheet. No credential is in it. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from destinations.overview.table import Row

COLUMNS = ("name", "status", "reason", "what to do", "url", "organization", "team", "certificates", "created at",
           "credentials end on")  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def written(rows: Iterable[Row]) -> str:
    """Return the rows with a heading; a cell that a spreadsheet would compute begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows(map(_safe, _cells(row)) for row in rows)
    return text.getvalue()


def _cells(row: Row) -> tuple[str, ...]:
    return (row.name, row.status, row.reason, row.fix, row.url, row.organization, row.team, row.bundle,
            row.secret.created_at, row.expires_on)  # fmt: skip


def _safe(cell: str) -> str:
    """Return it so that no spreadsheet takes it for a formula, blanks in front or not; half characters are replaced."""
    whole = cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return f"'{whole}" if whole.lstrip(" \u00a0\ufeff").startswith(_FORMULA) else whole
