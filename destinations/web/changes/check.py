"""What the pages that show or begin live checks have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from destinations.actions import checks
from destinations.actions import checks as checking
from destinations.actions.checks import Asker
from destinations.cluster.port import ClusterError, NotFound
from destinations.livecheck import explanations, jobs, presentation, runner
from destinations.livecheck.jobs import Ticket
from destinations.livecheck.plan import DEFAULT_APP, App
from destinations.livecheck.presentation import Shown
from destinations.livecheck.ratelimit import RateLimited
from destinations.livecheck.registry.port import Plan
from destinations.livecheck.result import Last, with_names
from destinations.livecheck.store import Results
from destinations.model import Secret, UserError
from destinations.secret import codec
from destinations.web import current, errors
from destinations.web import request as asked
from destinations.web.changes import save
from destinations.web.forms import AppForm

_APP = App.parse(DEFAULT_APP)


def asker(request: HttpRequest) -> Asker:
    """Return who asks for a check. Raises the port's errors."""
    return Asker(asked.principal(request).who, asked.address(request), asked.authority(request))


def app_of(data: QueryDict) -> str:
    """Return the application that a form names, the usual one for none. Raises ValueError."""
    namespace, name = data.get("namespace", "").strip(), data.get("application", "").strip()
    return str(App.parse(f"{namespace or _APP.namespace}/{name or _APP.name}"))


def last_of(names: Iterable[str]) -> dict[str, Last]:
    """Return the last result of each destination that has one. Raises the port's errors."""
    kept = Results(current.config_maps_to_show())
    found = ((name, runner.CHECKS.recent.newer(name, kept.of(name))) for name in names)
    return {name: last for name, last in found if last}


def brief(request: HttpRequest, found: Iterable[Secret], everything: Mapping[str, Secret]) -> dict[str, Shown]:
    """Return the last results of destinations for a table. Raises the port's errors."""
    secrets = {secret.name: secret for secret in found}
    now, sees_all = datetime.now(UTC), asked.principal(request).is_administrator
    return {
        name: presentation.brief(
            last, now=now, sees_all=sees_all, outdated=presentation.is_outdated(last, secrets[name], everything)
        )
        for name, last in last_of(secrets).items()
    }


def section(request: HttpRequest, secret: Secret, everything: Mapping[str, Secret]) -> dict[str, Any]:
    """Return what the section of a destination's page shows. Raises the port's errors."""
    last = last_of([secret.name]).get(secret.name)
    outdated = last is not None and presentation.is_outdated(last, secret, everything)
    if last and not outdated:
        last = replace(last, report=with_names(last.report, _plan(secret, everything, last.app)))
    namespace, application = (last.app if last else DEFAULT_APP).split("/", 1)
    return {
        "check": last and report(request, last, outdated=outdated),
        "app_form": AppForm(initial={"namespace": namespace, "application": application}),
        "not_tested": explanations.NOT_TESTED,
        "may_remain": explanations.MAY_REMAIN,
        "unseen": explanations.UNSEEN,
    }


def _plan(secret: Secret, everything: Mapping[str, Secret], app: str) -> Plan:
    try:
        return checks.of_stored(secret, everything, app=app).plan
    except ValueError:  # what is kept may have been written by hand
        return checks.of_stored(secret, everything).plan


def report(request: HttpRequest, last: Last, *, outdated: bool = False) -> Shown:
    """Return a result whole, within what whoever asks may learn."""
    sees_all = asked.principal(request).is_administrator
    return presentation.whole(last, now=datetime.now(UTC), sees_all=sees_all, outdated=outdated)


def row(last: Last | None, everything: Mapping[str, Secret], *, sees_all: bool) -> dict[str, Any] | None:
    """Return a last result for the JSON interface, and whether the destination changed since."""
    if last is None:
        return None
    outdated = presentation.is_outdated(last, everything[last.name], everything)
    return {**presentation.row(last, sees_all=sees_all), "outdated": outdated}


_UNUSABLE = 422


@require_POST
def check_one(request: HttpRequest, name: str) -> HttpResponse:
    """Check a destination as it is stored, and show the result: htmx gets the section alone."""
    trouble: UserError | None = None
    try:
        secret, found = save.find(request, name)
        try:
            checking.check_stored(secret, found, asker(request), app=app_of(request.POST))
        except (RateLimited, ValueError) as error:
            trouble = trouble_of(error)
        if request.headers.get("HX-Request") == "true":
            context = {**section(request, secret, found), "name": name, "check_trouble": trouble, "missing": ""}
            return render(request, "destinations/_check.html", context)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    if trouble:
        return _turned_away(request, trouble)
    answer = HttpResponseRedirect(f"{reverse('destination-any-name', args=[name])}#check")
    answer.status_code = 303
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def check_several(request: HttpRequest) -> HttpResponse:
    """Begin a check of the chosen destinations or of all, or show how far one is."""
    try:
        return _begin(request) if request.method == "POST" else _progress(request)
    except ClusterError as error:
        return errors.cluster_error(request, error)


def trouble_of(error: RateLimited | ValueError) -> UserError:
    """Return what to say of a check that did not begin."""
    if isinstance(error, RateLimited):
        return UserError(error.message, error.fix, error.status)
    return UserError(
        "The application cannot be named like this.",
        "Give a namespace and an application of lower-case letters, digits and hyphens.",
        _UNUSABLE,
    )


def _begin(request: HttpRequest) -> HttpResponse:
    everything = {secret.name: secret for secret in current.list_secrets()}
    chosen = _chosen(request, everything)
    if not chosen:
        return errors.page(
            request, _UNUSABLE, "Nothing was checked: no destination was chosen.", "Choose at least one."
        )
    try:
        app = app_of(request.POST)
        job = checking.check_several(chosen, everything, asker(request), app=app)
    except (RateLimited, ValueError) as error:
        return _turned_away(request, trouble_of(error))
    ticket = Ticket(job, len(chosen), datetime.now(UTC))
    answer = HttpResponseRedirect(f"{reverse('checks')}?{urlencode({'job': ticket.sign()})}")
    answer.status_code = 303
    return answer


def _chosen(request: HttpRequest, everything: dict[str, Secret]) -> list[Secret]:
    """Return the destinations: all that they may change, or those they chose. Raises NotFound and Denied."""
    if "all" in request.POST:
        permit = asked.authority(request)
        return [one for one in everything.values() if codec.is_destination(one) and permit.changes(one)]
    found = []
    for name in dict.fromkeys(text.partition(" ")[0] for text in request.POST.getlist("chosen")):
        secret = everything.get(name)
        if secret is None or not codec.is_destination(secret):
            raise NotFound("NotFound", status=404)
        found.append(save.checked(request, secret))
    return found


def _progress(request: HttpRequest) -> HttpResponse:
    ticket = Ticket.read(request.GET.get("job", ""))
    now, sees_all = datetime.now(UTC), asked.principal(request).is_administrator
    context: dict[str, object] = {"ticket": request.GET.get("job", "") if ticket else ""}
    if ticket:
        found = jobs.results(ticket, Results(current.config_maps_to_show()))
        over = jobs.is_over(ticket, len(found), now)
        context |= {"total": ticket.total, "done": len(found), "is_over": over}
        context |= {"lost": ticket.total - len(found) if over else 0}
        visible = {one.name for one in asked.authority(request).visible(current.secrets_to_show())}
        shown = [
            presentation.brief(one, now=now, sees_all=sees_all, outdated=False) for one in found if one.name in visible
        ]
        context["results"] = sorted(shown, key=lambda one: (one.kind != "fails", one.kind == "accepted", one.name))
        counts = Counter(one.kind for one in shown)
        context |= {"passing": counts["accepted"], "failing": counts["fails"], "unproven": counts["at-risk"]}
        context["unseen"] = "" if all(one.stored for one in found) else explanations.UNSEEN
    partial = request.headers.get("HX-Target") == "progress"
    answer = render(request, "destinations/_progress.html" if partial else "destinations/check.html", context)
    answer.headers["Vary"] = "HX-Target"
    return answer


def _turned_away(request: HttpRequest, trouble: UserError) -> HttpResponse:
    return errors.page(request, trouble.status, trouble.message, trouble.fix)
