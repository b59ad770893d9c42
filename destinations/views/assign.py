"""Give a destination to a team, or take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_http_methods

from destinations import actions, current, teams
from destinations.actions import Assignment, Refused, Seen
from destinations.cluster.port import ClusterError, Conflict
from destinations.forms import AssignForm
from destinations.views import errors, writing
from edrportal.signin import asked

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from destinations.model import Secret
    from destinations.words import Trouble


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for the team, then write its label."""
    try:
        secret = writing.find_one(request, name)
        if request.method != "POST":
            initial = {
                "team": teams.team_of(secret),
                "nonce": writing.nonce(),
                "uid": secret.uid,
                "resource_version": secret.resource_version,
            }
            return _page(request, secret, AssignForm(initial=initial), 200)
        form = AssignForm(request.POST)
        if not form.is_valid():
            return _page(request, secret, form, 422)
        typed, uid = form.cleaned_data, writing.team_uid(form)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    if uid is None:
        return _page(request, secret, form, 422)
    seen, to = Seen(typed["uid"], typed["resource_version"]), Assignment(typed["team"], uid)
    try:
        change = writing.change(request, form)
        result = writing.act(
            request,
            "assign",
            name,
            lambda: actions.assign(current.cluster(), name, to, seen=seen, change=change),
            before=seen,
        )
    except (ClusterError, Refused) as error:
        if isinstance(error, Conflict):
            form.data = writing.seen_again(form, secret)
        trouble = writing.trouble_of(request, error)
        return _page(request, secret, form, trouble.status, trouble)
    said = f"{name} belongs to team {to.team} now." if to.team else f"{name} is shared with everybody now."
    return writing.done(request, result, said, to="destination")


def _page(
    request: HttpRequest, secret: Secret, form: AssignForm, status: int, trouble: Trouble | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "name": secret.name,
        "refusal": writing.refusal(secret),
        "trouble": trouble,
        "known": sorted(asked.authority(request).enabled),
    }
    return writing.page(request, "destinations/assign.html", context, status=status)
