"""The page of a case: every Secret that was found, in its present state, and what can be done next."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render

from destinations.model import Snapshot, UserError
from destinations.web.changes import save
from destinations.web.forms import LeakForm, NewAccountForm
from destinations.web.leak import attempts as attempts_of
from destinations.web.leak import document
from destinations.web.leak.attempts import Attempt, WriteResult
from destinations.web.leak.case import MOST, LeakCase
from destinations.web.leak.holders import HolderRow, row
from destinations.web.request import PortalRequest

MOST_CHOSEN = 100
"""Boxes on one page: a form has at most 200 fields."""


def show(  # noqa: PLR0913 - one page's parts
    request: PortalRequest,
    case: LeakCase,
    snapshot: Snapshot,
    *,
    status: int = 200,
    trouble: UserError | None = None,
    attempts: Sequence[Attempt] = (),
    action: str = "",
    wanted: Collection[str] | None = None,
    account: Form | None = None,
) -> HttpResponse:
    """Show a case; `wanted` are the names whose boxes are ticked, by default those that the last action left over."""
    left = set(attempts_of.rest(attempts))
    chosen = set(wanted) if wanted is not None else left
    found = [row(case, holder, snapshot) for holder in case.holders]
    ticked = _ticked(found, chosen)
    rows, boxes = [], 0
    for one in found:
        boxes += one.can_be_chosen
        rows.append((one, one.holder.name in ticked, boxes <= MOST_CHOSEN))
    context = {
        "is_live": False,  # a stream would refresh an address that answers only what is sent to it
        "case": case,
        "lookup": case.lookups[-1],
        "rows": rows,
        "destinations": sum(one.is_destination for one in case.holders),
        "boxes": min(boxes, MOST_CHOSEN),
        "hidden_boxes": max(0, boxes - MOST_CHOSEN),
        "is_cut": len(case.holders) == MOST,
        "state": case.signed(),
        "nonce": save.nonce(),
        "trouble": trouble,
        "attempts": attempts,
        "action": action,
        "counts": _counts(attempts),
        "left": len(left),
        "selected": sum(one.holder.name in left and has_box for one, _, has_box in rows if one.can_be_chosen),
        "notes": list(dict.fromkeys(note for one in attempts for note in one.notes)),
        "form": account or NewAccountForm(initial={"nonce": save.nonce()}),
        "search": LeakForm(),
        "markdown": document.as_markdown(document.build(case, snapshot)),
    }
    return render(request, "leak/case.html", context, status=status)


def _counts(attempts: Sequence[Attempt]) -> list[tuple[str, int]]:
    """Return how often each result occurs that does."""
    found = ((word.value, sum(one.result is word for one in attempts)) for word in WriteResult)
    return [(word, count) for word, count in found if count]


def _ticked(found: Sequence[HolderRow], chosen: set[str]) -> set[str]:
    """Return whose boxes are ticked: those that are wanted, else all but those that share a mere name with others."""
    if chosen:
        return chosen
    strong = {one.holder.name for one in found if one.can_be_chosen and not one.holder.only_name}
    return strong or {one.holder.name for one in found if one.can_be_chosen}
