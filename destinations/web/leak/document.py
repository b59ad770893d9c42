"""The report of a case as JSON values and as Markdown: what was found and done, without a secret. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from destinations.model import Snapshot
from destinations.secret import history
from destinations.secret.codec import rfc3339
from destinations.web.leak.case import LeakCase
from destinations.web.leak.holders import row as row_of

_COLUMNS = {
    "Searches": {"When": "at", "Who": "by", "Searched for": "kind", "Secrets searched": "searched", "Found in": "found"},
    "Found": {"Name": "name", "Kind": "kind", "Host": "host", "Found in": "found_in", "State now": "state"},
    "Done": {"When": "at", "Who": "by", "Action": "action", "Destination": "name", "Result": "result", "Reason": "why"},
    "Recorded in the history of the destinations since": {
        "When": "at", "Who": "by", "Destination": "name", "Action": "did"
    },
}  # fmt: skip


def build(case: LeakCase, snapshot: Snapshot) -> dict[str, Any]:
    """Return the report in plain JSON values: the steps of the case, and what the Secrets themselves record since."""
    return {
        "made_at": rfc3339(datetime.now(UTC)),
        "namespace": next((one.namespace for one in snapshot.secrets.values()), ""),
        "searches": [asdict(one) for one in case.lookups],
        "found": [_holder(case, number, snapshot) for number in range(len(case.holders))],
        "steps": [asdict(one) for one in case.steps],
    }


def _holder(case: LeakCase, number: int, snapshot: Snapshot) -> dict[str, Any]:
    row = row_of(case, case.holders[number], snapshot)
    secret = snapshot.secrets.get(row.holder.name)
    recorded = [
        {"at": one.at, "by": one.by, "did": one.did}
        for one in (history.read(secret) if secret and row.holder.is_destination else ())
        if one.at >= case.began
    ]
    return {
        "name": row.holder.name,
        "kind": "destination" if row.holder.is_destination else "certificate Secret",
        "host": row.host,
        "found_in": list(row.holder.places),
        "state": row.state,
        "managed_elsewhere": row.skipped,
        "history_since": recorded,
    }


def as_markdown(built: Mapping[str, Any]) -> str:
    """Return a built report as Markdown; no text of a Secret can become markup."""
    recorded = [{**entry, "name": one["name"]} for one in built["found"] for entry in one["history_since"]]
    found = [{**one, "found_in": "; ".join(one["found_in"])} for one in built["found"]]
    lines = ["# Leaked credential", "", f"Made at {built['made_at']} for the namespace {_cell(built['namespace'])}."]
    for (title, columns), rows in zip(
        _COLUMNS.items(), (built["searches"], found, built["steps"], recorded), strict=True
    ):
        lines += ["", f"## {title}", "", *_table(columns, rows)]
    return "\n".join(lines) + "\n"


def _table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    found = [f"| {' | '.join(_cell(one[member]) for member in columns.values())} |" for one in rows]
    return [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}", *found] if found else ["Nothing."]


def _cell(value: object) -> str:
    """Return a text that stays in its cell and is no markup; GitHub and GitLab make links of bare addresses, too."""
    text = " ".join(str(value).split())
    plain = "".join(f"\\{one}" if one in "\\`*_[]<>|#~&" else one for one in text)
    return plain.replace("://", ":\\//").replace("www.", "www\\.")
