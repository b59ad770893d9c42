"""Repair a destination: what can be mended, what that changes, and what Epinio will say then."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.views.decorators.http import require_http_methods

from destinations import actions, current, owners, repairs
from destinations import overview as table
from destinations.actions import Refused, Seen
from destinations.cluster.port import ClusterError, Conflict
from destinations.forms import RepairForm
from destinations.views import errors, writing

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from destinations.model import Secret
    from destinations.words import Trouble


@require_http_methods(["GET", "HEAD", "POST"])
def repair(request: HttpRequest, name: str) -> HttpResponse:
    """Show what can be mended and the difference; write it when asked to."""
    try:
        secret, found = writing.find(request, name)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    groups = repairs.proposals(secret, found, now=datetime.now(UTC), version=current.epinio_version())
    if request.method != "POST":
        seen = {"nonce": writing.nonce(), "uid": secret.uid, "resource_version": secret.resource_version}
        return _page(request, secret, found, RepairForm(groups=groups, initial=seen), 200)
    form = RepairForm(request.POST, groups=groups)
    if not form.is_valid():
        return _page(request, secret, found, form, 422)
    if "show" in request.POST:
        return _page(request, secret, found, form, 200)
    typed = form.cleaned_data
    seen_state = Seen(typed["uid"], typed["resource_version"])
    try:
        change = writing.change(request, form)
        result = writing.act(
            request,
            "repair",
            name,
            lambda: actions.repair(current.cluster(), name, form.choice(), seen=seen_state, change=change),
            before=seen_state,
        )
    except (ClusterError, Refused) as error:
        if isinstance(error, Conflict):
            form.data = writing.seen_again(form, secret)
        trouble = writing.trouble_of(request, error)
        return _page(request, secret, found, form, trouble.status, trouble)
    return writing.done(request, result, f"{name} was repaired.", to="destination")


def _page(  # noqa: PLR0913, PLR0917 - one page's parts
    request: HttpRequest,
    secret: Secret,
    found: dict[str, Secret],
    form: RepairForm,
    status: int,
    trouble: Trouble | None = None,
) -> HttpResponse:
    now, version = datetime.now(UTC), current.epinio_version()
    fixed = repairs.apply(secret, found, form.choice())
    after = repairs.judged(fixed, found, now=now, version=version)
    context = {
        "form": form,
        "name": secret.name,
        "refusal": writing.refusal(secret),
        "trouble": trouble,
        "last_change": owners.last_change(secret) if trouble and trouble.status == writing.CONFLICT else None,
        "row": table.row(secret, found, now=now, version=version),
        "lines": repairs.difference(secret, fixed.secret),
        "after": after,
        "after_status": table.status_of(after),
        "after_failed": table.failed(after),
    }
    return writing.page(request, "destinations/repair.html", context, status=status)
