"""What the pages that show or begin live checks have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from destinations.actions import checks
from destinations.actions.checks import Asker
from destinations.cluster.port import ClusterError
from destinations.livecheck import explanations, jobs, presentation
from destinations.livecheck.jobs import Ticket
from destinations.livecheck.plan import DEFAULT_APP, App
from destinations.livecheck.presentation import Shown
from destinations.livecheck.ratelimit import RateLimited
from destinations.livecheck.registry.port import Plan
from destinations.livecheck.result import Last, with_names
from destinations.livecheck.store import Results
from destinations.model import Secret, Snapshot, UserError
from destinations.overview import progress
from destinations.portal import Portal
from destinations.web import errors
from destinations.web.changes import save
from destinations.web.forms import AppForm
from destinations.web.request import PortalRequest

_APP = App.parse(DEFAULT_APP)


def asker(request: PortalRequest) -> Asker:
    """Return who asks for a check. Raises the port's errors."""
    return Asker(request.principal.who, request.address, request.authority)


def app_of(data: QueryDict) -> str:
    """Return the application that a form names, the usual one for none. Raises ValueError."""
    namespace, name = data.get("namespace", "").strip(), data.get("application", "").strip()
    return str(App.parse(f"{namespace or _APP.namespace}/{name or _APP.name}"))


def last_of(request: PortalRequest, names: Iterable[str]) -> dict[str, Last]:
    """Return the last result of each destination that has one. Raises the port's errors."""
    results = Results(request.reads.config_maps)
    found = ((name, request.portal.last_check(name, results)) for name in names)
    return {name: last for name, last in found if last}


def brief(request: PortalRequest, found: Iterable[Secret], snapshot: Snapshot) -> dict[str, Shown]:
    """Return the last results of destinations for a table. Raises the port's errors."""
    secrets = {secret.name: secret for secret in found}
    sees_all, keys = request.principal.is_administrator, request.portal.keys
    shown = {}
    for name, last in last_of(request, secrets).items():
        outdated = presentation.is_outdated(last, secrets[name], snapshot, keys)
        shown[name] = presentation.brief(last, now=snapshot.now, sees_all=sees_all, outdated=outdated)
    return shown


def section(request: PortalRequest, secret: Secret, snapshot: Snapshot) -> dict[str, Any]:
    """Return what the section of a destination's page shows. Raises the port's errors."""
    last = last_of(request, [secret.name]).get(secret.name)
    outdated = last is not None and presentation.is_outdated(last, secret, snapshot, request.portal.keys)
    if last and not outdated:
        last = replace(last, report=with_names(last.report, _plan(request.portal, secret, snapshot, last.app)))
    namespace, application = (last.app if last else DEFAULT_APP).split("/", 1)
    return {
        "check": last and report(request, last, outdated=outdated),
        "app_form": AppForm(initial={"namespace": namespace, "application": application}),
        "not_tested": explanations.NOT_TESTED,
        "unseen": explanations.UNSEEN,
    }


def _plan(portal: Portal, secret: Secret, snapshot: Snapshot, app: str) -> Plan:
    try:
        return checks.of_stored(portal, secret, snapshot, app=app).plan
    except ValueError:  # what is kept may have been written by hand
        return checks.of_stored(portal, secret, snapshot).plan


def report(request: PortalRequest, last: Last, *, outdated: bool = False) -> Shown:
    """Return a result whole, within what the person who asks may learn."""
    sees_all = request.principal.is_administrator
    return presentation.whole(last, now=datetime.now(UTC), sees_all=sees_all, outdated=outdated)


def row(request: PortalRequest, last: Last, snapshot: Snapshot) -> dict[str, Any]:
    """Return a last result for the JSON interface, and whether the destination changed since."""
    outdated = presentation.is_outdated(last, snapshot.secrets[last.name], snapshot, request.portal.keys)
    return {**presentation.row(last, sees_all=request.principal.is_administrator), "outdated": outdated}


_UNUSABLE = 422
_SALT = "edrportal.checks"
_MAX_AGE = timedelta(days=1)


@require_POST
def check_one(request: PortalRequest, name: str) -> HttpResponse:
    """Check a destination as it is stored, and show the result: htmx gets the section alone."""
    trouble: UserError | None = None
    try:
        secret, snapshot = save.find(request, name)
        try:
            checks.check_stored(request.portal, secret, snapshot, asker(request), app=app_of(request.POST))
        except (RateLimited, ValueError) as error:
            trouble = trouble_of(error)
        if request.headers.get("HX-Request") == "true":
            context = {**section(request, secret, snapshot), "name": name, "check_trouble": trouble, "missing": ""}
            return render(request, "destinations/_check.html", context)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    if trouble:
        return _turned_away(request, trouble)
    return HttpResponseRedirect(f"{reverse('destination-any-name', args=[name])}#check", status=303)


@require_http_methods(["GET", "HEAD", "POST"])
def check_several(request: PortalRequest, matching: Callable[[], list[Secret]]) -> HttpResponse:
    """Begin a check of the chosen destinations, those that `matching` returns, or all; or show how far one is."""
    try:
        return _begin(request, matching) if request.method == "POST" else _progress(request)
    except ClusterError as error:
        return errors.cluster_error(request, error)


def trouble_of(error: RateLimited | ValueError) -> UserError:
    if isinstance(error, RateLimited):
        return error
    return UserError(
        "The name of the application is not valid.",
        "Type a namespace and an application in lowercase letters, digits, and hyphens.",
        _UNUSABLE,
    )


def _begin(request: PortalRequest, matching: Callable[[], list[Secret]]) -> HttpResponse:
    snapshot = request.reads.direct
    chosen = matching() if "every" in request.POST else _chosen(request, snapshot)
    if not chosen:
        return errors.page(
            request, _UNUSABLE, "Nothing was checked: no destination was selected.", "Select at least one."
        )
    try:
        app = app_of(request.POST)
        job = checks.check_several(request.portal, chosen, snapshot, asker(request), app=app)
    except (RateLimited, ValueError) as error:
        return _turned_away(request, trouble_of(error))
    ticket = Ticket(job, len(chosen), datetime.now(UTC))
    return HttpResponseRedirect(f"{reverse('checks')}?{urlencode({'job': signed(ticket)})}", status=303)


def _chosen(request: PortalRequest, snapshot: Snapshot) -> list[Secret]:
    """Return the destinations: all that they may change, or those they chose. Raises NotFound and Denied."""
    if "all" in request.POST:
        return [one for one in snapshot.destinations if request.authority.changes(one)]
    names = dict.fromkeys(text.partition(" ")[0] for text in request.POST.getlist("chosen"))
    return [save.find(request, name)[0] for name in names]


def _progress(request: PortalRequest) -> HttpResponse:
    ticket = _read_ticket(request.GET.get("job", ""))
    context: dict[str, object] = {"ticket": request.GET.get("job", "") if ticket else ""}
    if ticket:
        checks_of_process = request.portal.checks
        found = jobs.results(ticket, Results(request.reads.config_maps), checks_of_process)
        over = jobs.is_over(ticket, len(found), request.reads.now, checks_of_process)
        context |= {"total": ticket.total, "done": len(found), "is_over": over}
        context |= {"lost": ticket.total - len(found) if over else 0}
        context |= _grouped(request, found)
        context["unseen"] = "" if all(one.stored for one in found) else explanations.UNSEEN
    partial = request.headers.get("HX-Target") == "progress"
    answer = render(request, "destinations/_progress.html" if partial else "destinations/check.html", context)
    answer.headers["Vary"] = "HX-Target"
    return answer


def _grouped(request: PortalRequest, found: Iterable[Last]) -> dict[str, object]:
    """Return the answers that results lead to, those of one cause together, and their counts."""
    sees_all, snapshot = request.principal.is_administrator, request.snapshot
    lines = []
    for last in found:
        secret = snapshot.secrets.get(last.name)
        if secret is None or not request.authority.sees(secret):
            continue
        row = request.portal.answered_row(secret, snapshot, sees_all=sees_all)
        summary = presentation.summary(last, sees_all=sees_all)
        may_change = request.authority.changes(secret) and not request.portal.is_read_only and not row.lock
        lines.append(progress.CheckedLine(row.name, row.answer, summary, may_change))
    counts = Counter(line.outcome for line in lines)
    return {
        "groups": progress.grouped(lines),
        "passing": counts["passed"],
        "failing": counts["failed"],
        "unproven": counts["inconclusive"],
        "disabled": counts["disabled"],
    }


def signed(ticket: Ticket) -> str:
    return signing.dumps([ticket.job, ticket.total, int(ticket.at.timestamp())], salt=_SALT)


def _read_ticket(text: str) -> Ticket | None:
    """Return the ticket of an address, None for what this portal did not sign, or a day ago."""
    try:
        job, total, at = signing.loads(text, salt=_SALT, max_age=_MAX_AGE)
    except signing.BadSignature:
        return None
    return Ticket(job, total, datetime.fromtimestamp(at, UTC))


def _turned_away(request: PortalRequest, trouble: UserError) -> HttpResponse:
    return errors.page(request, trouble.status, trouble.message, trouble.fix)
