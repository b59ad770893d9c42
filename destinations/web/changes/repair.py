"""Repair a destination: what can be repaired, what that changes, and what Epinio will say then."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from destinations import actions, repairs
from destinations.actions import Seen
from destinations.cluster.port import ClusterError
from destinations.model import Secret, Snapshot, UserError
from destinations.overview import table
from destinations.web import errors
from destinations.web.changes import save
from destinations.web.forms import RepairForm
from destinations.web.request import PortalRequest


@require_http_methods(["GET", "HEAD", "POST"])
def repair(request: PortalRequest, name: str) -> HttpResponse:
    """Show what can be repaired and the difference; write it when asked to."""
    try:
        secret, snapshot = save.find(request, name)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    groups = repairs.proposals(secret, snapshot)
    if request.method != "POST":
        shown = RepairForm(groups=groups, initial=save.initial(secret), rules=request.reads)
        return _page(request, secret, snapshot, shown, 200)
    form = RepairForm(request.POST, groups=groups, rules=request.reads)
    if not form.is_valid():
        return _page(request, secret, snapshot, form, 422)
    if "show" in request.POST:
        return _page(request, secret, snapshot, form, 200)
    typed = form.cleaned_data
    seen_state = Seen(typed["uid"], typed["resource_version"])
    try:
        change = save.change(request, form)
        result = save.write(request, "repair", actions.repair, name, form.choice(), seen=seen_state, change=change)
    except (ClusterError, UserError) as error:
        trouble = save.explain_failure(request, form, secret, error)
        return _page(request, secret, snapshot, form, trouble.status, trouble)
    return save.done(request, result, f"{name} was repaired.", to="destination")


def _page(  # noqa: PLR0913, PLR0917 - one page's parts
    request: PortalRequest,
    secret: Secret,
    snapshot: Snapshot,
    form: RepairForm,
    status: int,
    trouble: UserError | None = None,
) -> HttpResponse:
    fixed = repairs.apply(secret, snapshot, form.choice())
    after = repairs.judged(fixed, snapshot)
    context = {
        **save.context(form, secret, trouble),
        "row": table.row(secret, snapshot),
        "lines": repairs.difference(secret, fixed.secret),
        "after": after,
        "after_status": table.status_of(after),
        "after_failed": table.failed(after),
    }
    return save.page(request, "destinations/repair.html", context, status=status)
