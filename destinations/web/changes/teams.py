"""Give a destination to a team, or take it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from destinations import access, actions
from destinations.actions import Assignment, Done, Seen
from destinations.actions import messages as words
from destinations.actions import teams as selfservice
from destinations.cluster.lookups import UNKNOWN
from destinations.cluster.port import ClusterError
from destinations.model import Secret, UserError
from destinations.secret import codec
from destinations.web import errors
from destinations.web.changes import save
from destinations.web.forms import AssignForm, TeamForm
from destinations.web.request import PortalRequest

_MOST_NAMES = 10


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: PortalRequest, name: str) -> HttpResponse:
    try:
        secret = save.find_one(request, name)
        if request.method != "POST":
            initial = {"team": access.team_of(secret), **save.initial(secret)}
            return _assignment_page(request, secret, AssignForm(initial=initial), 200)
        form = AssignForm(request.POST)
        if not form.is_valid():
            return _assignment_page(request, secret, form, 422)
        typed, uid = form.cleaned_data, save.team_uid(request, form)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    if uid is None:
        return _assignment_page(request, secret, form, 422)
    seen, to = Seen(typed["uid"], typed["resource_version"]), Assignment(typed["team"], uid)
    try:
        change = save.change(request, form)
        result = save.write(request, "assign", actions.assign, name, to, seen=seen, change=change)
    except (ClusterError, UserError) as error:
        trouble = save.explain_failure(request, form, secret, error)
        return _assignment_page(request, secret, form, trouble.status, trouble)
    when = "already" if result.was_so else "now"
    said = f"{name} {when} belongs to team {to.team}." if to.team else f"{name} is {when} shared with everyone."
    return save.done(request, result, said, to="destination")


def _assignment_page(
    request: PortalRequest, secret: Secret, form: AssignForm, status: int, trouble: UserError | None = None
) -> HttpResponse:
    try:
        known = known_namespaces(request)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    context = {**save.context(form, secret, trouble), "last_change": None, "known": known}
    return save.page(request, "destinations/assign.html", context, status=status)


@dataclass(frozen=True, slots=True)
class KnownNamespace:
    """A namespace that a person may choose: who may export from it (administrators aside), and whether they then manage."""

    name: str
    people: Sequence[str]
    is_enabled: bool

    @property
    def words(self) -> str:
        """Return the names of its people, cut off where they are many."""
        more = len(self.people) - _MOST_NAMES
        return ", ".join(self.people[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def known_namespaces(request: PortalRequest) -> list[KnownNamespace]:
    """Return the namespaces that the portal reads of anyway: from Epinio's users, self-service, and destinations.

    For administrators alone. Raises the port's errors.
    """
    people, enabled = request.portal.exporters(request.reads), request.authority.enabled
    owned = {access.team_of(one) for one in request.reads.cached.values() if codec.is_destination(one)}
    names = sorted({*people, *enabled, *owned} - {""})
    return [KnownNamespace(name, people.get(name, ()), name in enabled) for name in names]


@dataclass(frozen=True, slots=True)
class Enabled:
    """A namespace with self-service: its people, how many destinations it has, and what is wrong with it, if anything."""

    name: str
    people: str
    destinations: int
    problem: str


@require_http_methods(["GET", "HEAD", "POST"])
def teams(request: PortalRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, TeamForm(initial={"team": request.GET.get("team", "")}), 200)
    form = TeamForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    name, on = form.cleaned_data["team"], form.cleaned_data["to"] == "on"
    config_maps = request.portal.cluster.config_maps
    try:
        uid = save.team_uid(request, form) if on else UNKNOWN
        if uid is None:
            return _page(request, form, 422)
        if on and uid == UNKNOWN and not form.cleaned_data["confirmed"]:
            form.add_error(
                "confirmed",
                "The portal has no permission to read namespaces. Check the namespace yourself, then confirm.",
            )
            return _page(request, form, 422, asks=True)
        save.act(request, "enable-team" if on else "disable-team", name, lambda: _set(config_maps, name, uid, on=on))
    except ClusterError as error:
        trouble = words.for_error(error)
        return _page(request, form, trouble.status, trouble=trouble)
    messages.success(
        request,
        f"People who may export from {name} can now manage its destinations."
        if on
        else f"Self-service is disabled for {name}. Its destinations stay, and only administrators can change them.",
    )
    return HttpResponseRedirect(reverse("teams"), status=303)


def _set(config_maps: object, name: str, uid: str, *, on: bool) -> Done:
    if on:
        selfservice.enable(config_maps, name, uid)  # type: ignore[arg-type]
    else:
        selfservice.disable(config_maps, name)  # type: ignore[arg-type]
    return Done(name, "")


def _page(
    request: PortalRequest, form: TeamForm, status: int, *, asks: bool = False, trouble: UserError | None = None
) -> HttpResponse:
    try:
        found = request.portal.cluster.list_secrets()
        enabled = access.self_service(request.portal.cluster.config_maps.list_with_version(lambda one: one).secrets)
        owned = [access.team_of(one) for one in found if codec.is_destination(one)]
        known = known_namespaces(request)
        people = {one.name: one.words for one in known}
        rows = [
            Enabled(name, people.get(name, ""), owned.count(name), _problem(request, name, uid))
            for name, uid in sorted(enabled.items())
        ]
    except ClusterError as error:
        return errors.cluster_error(request, error)
    others = sorted({name for name in owned if name and name not in enabled})
    context = {"form": form, "rows": rows, "others": others, "asks": asks, "trouble": trouble, "known": known}
    context["person_name"] = request.principal.username
    return save.page(request, "destinations/teams.html", context, status=status)


def _problem(request: PortalRequest, name: str, uid: str) -> str:
    now = request.portal.namespace_uid(name)
    if now is None:
        return "The namespace was deleted, so no team manages its destinations."
    if now not in {UNKNOWN, uid}:
        return (
            "The namespace was recreated after self-service was enabled. Enable it again if its people may "
            "manage these destinations."
        )
    return ""
