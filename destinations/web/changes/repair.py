"""Repair a destination: what can be mended, what that changes, and what Epinio will say then."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from destinations import actions, repairs
from destinations.actions import Seen
from destinations.cluster.port import ClusterError, Conflict
from destinations.model import Secret, UserError
from destinations.overview import table
from destinations.secret import owners
from destinations.web import current, errors
from destinations.web.changes import save
from destinations.web.forms import RepairForm


@require_http_methods(["GET", "HEAD", "POST"])
def repair(request: HttpRequest, name: str) -> HttpResponse:
    """Show what can be mended and the difference; write it when asked to."""
    try:
        secret, found = save.find(request, name)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    groups = repairs.proposals(secret, found, now=datetime.now(UTC), version=current.epinio_version())
    if request.method != "POST":
        seen = {"nonce": save.nonce(), "uid": secret.uid, "resource_version": secret.resource_version}
        return _page(request, secret, found, RepairForm(groups=groups, initial=seen), 200)
    form = RepairForm(request.POST, groups=groups)
    if not form.is_valid():
        return _page(request, secret, found, form, 422)
    if "show" in request.POST:
        return _page(request, secret, found, form, 200)
    typed = form.cleaned_data
    seen_state = Seen(typed["uid"], typed["resource_version"])
    try:
        change = save.change(request, form)
        result = save.act(
            request,
            "repair",
            name,
            lambda: actions.repair(current.cluster(), name, form.choice(), seen=seen_state, change=change),
            before=seen_state,
        )
    except (ClusterError, UserError) as error:
        if isinstance(error, Conflict):
            form.data = save.seen_again(form, secret)
        trouble = save.trouble_of(request, error)
        return _page(request, secret, found, form, trouble.status, trouble)
    return save.done(request, result, f"{name} was repaired.", to="destination")


def _page(  # noqa: PLR0913, PLR0917 - one page's parts
    request: HttpRequest,
    secret: Secret,
    found: dict[str, Secret],
    form: RepairForm,
    status: int,
    trouble: UserError | None = None,
) -> HttpResponse:
    now, version = datetime.now(UTC), current.epinio_version()
    fixed = repairs.apply(secret, found, form.choice())
    after = repairs.judged(fixed, found, now=now, version=version)
    context = {
        "form": form,
        "name": secret.name,
        "refusal": save.refusal(secret),
        "trouble": trouble,
        "last_change": owners.last_change(secret) if trouble and trouble.status == save.CONFLICT else None,
        "row": table.row(secret, found, now=now, version=version),
        "lines": repairs.difference(secret, fixed.secret),
        "after": after,
        "after_status": table.status_of(after),
        "after_failed": table.failed(after),
    }
    return save.page(request, "destinations/repair.html", context, status=status)
