"""Judgments as JSON and CSV: what the command line, `/api/destinations` and the download print. No credentials in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any
from unicodedata import category, normalize

from destinations.model import Judgement, Snapshot, Target
from destinations.overview.answer import ExportAnswer
from destinations.overview.table import Row
from destinations.secret.codec import rfc3339
from destinations.verdict.judge import judge


def judge_namespace(snapshot: Snapshot) -> tuple[Judgement, ...]:
    """Return the judgment of every Secret of one namespace that carries the label key, by name."""
    return tuple(judge(secret, snapshot) for secret in snapshot.destinations)


def row(judgement: Judgement) -> dict[str, Any]:
    """Return one judgment in the shape of the JSON interface."""
    return {
        "namespace": judgement.namespace,
        "name": judgement.name,
        "listed": judgement.listed,
        "url": judgement.url,
        "listing_error": judgement.listing_error,
        "verdict": judgement.verdict.value,
        "failed_stage": judgement.failed_stage.value if judgement.failed_stage else None,
        "error": judgement.error,
        "login": {"host": _text(judgement.login.host)} if judgement.login else None,
        "chart": _target(judgement.chart),
        "image": _target(judgement.image),
        "checks": [
            {"stage": check.stage.value, "ok": check.ok, "message": check.message, "fix": check.fix}
            for check in judgement.checks
        ],
        "warnings": [
            {"code": warning.code, "message": warning.message, "fix": warning.fix} for warning in judgement.warnings
        ],
        "error_is_exact": judgement.error_is_exact,
    }


def _target(target: Target | None) -> dict[str, str] | None:
    return {"host": _text(target.host), "repository": _text(target.repository)} if target else None


def _text(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


COLUMNS = ("name", "status", "reason", "what to do", "url", "organization", "team", "certificates", "created at",
           "credentials end on", "answer", "answer reason", "answer what to do", "answer stage", "checked at",
           "check result", "description")  # fmt: skip
"""New ones come last: scripts may read cells by their place."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def written(rows: Iterable[Row], username: Callable[[Row], str] | None = None) -> str:
    """Return the rows with a heading; a cell that a spreadsheet would compute begins with an apostrophe.

    With `username`, which returns the stored one as far as a person may know it, there is a last column more.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow((*COLUMNS, "user name") if username else COLUMNS)
    writer.writerows(map(_safe, (*_cells(row), *([username(row)] if username else ()))) for row in rows)
    return text.getvalue()


def _cells(row: Row) -> tuple[str, ...]:
    return (row.name, row.status, row.reason, row.fix, row.url, row.organization, row.team, row.bundle,
            row.secret.created_at, row.expires_on, *_answer_cells(row.answer), row.description)  # fmt: skip


def _answer_cells(found: ExportAnswer) -> tuple[str, ...]:
    check = found.check
    return (found.status, found.reason, found.fix, found.stage, rfc3339(check.at) if check else "",
            check.result.value if check else "")  # fmt: skip


def answer(found: ExportAnswer) -> dict[str, Any]:
    """Return the answer in the shape of the JSON interface, beside the judgment's fields.

    `checked_at` and `check_result` are None where no check counts: there was none, or the destination has changed since.
    """
    check = found.check
    return {
        "answer": found.kind,
        "answer_text": found.status,
        "answer_reason": found.reason or None,
        "answer_fix": found.fix or None,
        "answer_stage": found.stage or None,
        "checked_at": rfc3339(check.at) if check else None,
        "check_result": check.result.value if check else None,
        "check_is_old": found.is_old,
    }


def _safe(cell: str) -> str:
    """Return it so that no spreadsheet takes it for a formula; half characters are replaced.

    Spreadsheets ignore spaces and invisible characters in front, and some take a full-width sign for the usual one.
    """
    whole = _text(cell)
    if whole[:1].isalnum():
        return whole
    seen = next((char for char in whole if not _is_blank(char)), "")
    return f"'{whole}" if normalize("NFKC", seen).startswith(_FORMULA) else whole


def _is_blank(char: str) -> bool:
    return char not in _FORMULA and (char.isspace() or category(char) in {"Cc", "Cf"})
