"""Give a destination to a team, or take it back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from destinations import access, actions
from destinations.actions import Assignment, Refused, Seen
from destinations.actions.messages import Trouble
from destinations.cluster.port import ClusterError, Conflict
from destinations.model import Secret
from destinations.web import current, errors
from destinations.web import request as asked
from destinations.web.changes import save
from destinations.web.forms import AssignForm


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for the team, then write its label."""
    try:
        secret = save.find_one(request, name)
        if request.method != "POST":
            initial = {
                "team": access.team_of(secret),
                "nonce": save.nonce(),
                "uid": secret.uid,
                "resource_version": secret.resource_version,
            }
            return _page(request, secret, AssignForm(initial=initial), 200)
        form = AssignForm(request.POST)
        if not form.is_valid():
            return _page(request, secret, form, 422)
        typed, uid = form.cleaned_data, save.team_uid(form)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    if uid is None:
        return _page(request, secret, form, 422)
    seen, to = Seen(typed["uid"], typed["resource_version"]), Assignment(typed["team"], uid)
    try:
        change = save.change(request, form)
        result = save.act(
            request,
            "assign",
            name,
            lambda: actions.assign(current.cluster(), name, to, seen=seen, change=change),
            before=seen,
        )
    except (ClusterError, Refused) as error:
        if isinstance(error, Conflict):
            form.data = save.seen_again(form, secret)
        trouble = save.trouble_of(request, error)
        return _page(request, secret, form, trouble.status, trouble)
    said = f"{name} belongs to team {to.team} now." if to.team else f"{name} is shared with everybody now."
    return save.done(request, result, said, to="destination")


def _page(
    request: HttpRequest, secret: Secret, form: AssignForm, status: int, trouble: Trouble | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "name": secret.name,
        "refusal": save.refusal(secret),
        "trouble": trouble,
        "known": sorted(asked.authority(request).enabled),
    }
    return save.page(request, "destinations/assign.html", context, status=status)
