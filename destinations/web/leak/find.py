"""Find a leaked credential: what is pasted is compared in memory, and neither stored, nor logged, nor shown."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from destinations.cluster.port import ClusterError
from destinations.input.leak import paste
from destinations.input.leak.search import Holder, search, searched
from destinations.livecheck.ratelimit import RateLimited
from destinations.model import Secret, UserError
from destinations.secret.codec import rfc3339
from destinations.web import errors
from destinations.web.changes import save
from destinations.web.forms import LeakForm
from destinations.web.leak import page
from destinations.web.leak.case import LeakCase, Lookup, is_signed, read
from destinations.web.request import PortalRequest

_ACTION = "find-credential"
_BOTH = UserError("You pasted text and chose a file.", "Give only one of them.", 422)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: PortalRequest) -> HttpResponse:
    """Show the form, or where the value is stored. A POST counts against the limit of searches."""
    if request.method != "POST":
        return render(request, "leak/find.html", {"search": LeakForm()})
    try:
        request.portal.searches.admit(request.principal.who)
    except RateLimited as error:
        request.portal.record(request.event(_ACTION, "refused", reason=f"status-{error.status}"))
        answer = _again(request, error)
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    try:
        return _search(request)
    except UserError as error:
        request.portal.record(request.event(_ACTION, "refused", reason=error.reason))
        return _again(request, error)
    except ClusterError as error:
        request.portal.record(request.event(_ACTION, "failed", reason=error.reason))
        return errors.cluster_error(request, error)


def _again(request: PortalRequest, trouble: UserError) -> HttpResponse:
    state = request.POST.get("state", "")
    context = {"search": LeakForm(), "trouble": trouble, "state": state if is_signed(state) else ""}
    return render(request, "leak/find.html", context, status=trouble.status)


def _search(request: PortalRequest) -> HttpResponse:
    """Search, and show the case. Raises UserError for what cannot be searched for, and the port's errors."""
    case = read(request.POST["state"]) if request.POST.get("state") else LeakCase()
    name = request.POST.get("same", "")
    pasted = None if name else paste.read(_given(request))
    snapshot = request.reads.direct
    everything = list(snapshot.secrets.values())
    holders = search(pasted, everything) if pasted else _same(request, save.find(request, name)[0], everything)
    kind = pasted.kind if pasted else f"the credentials of {name}"
    at = rfc3339(datetime.now(UTC))
    lookup = Lookup(at, request.principal.username, kind, len(searched(everything)), len(holders))
    request.portal.record(request.event(_ACTION, "done", name, f"found-{len(holders)}"))
    return page.show(request, case.with_lookup(lookup, holders), snapshot)


def _given(request: PortalRequest) -> bytes:
    """Return the bytes of the text or the file, no more than one over the limit. Raises UserError."""
    typed, file = request.POST.get("value", ""), request.FILES.get("value_file")
    if typed.strip() and file:
        raise _BOTH
    if "\ufffd" in typed:
        raise UserError("The text is not valid UTF-8.", "Paste it as plain text, or choose the file.", 422)
    return bytes(file.read(paste.MAX_BYTES + 1)) if file else typed.encode("utf-8", "replace")


def _same(request: PortalRequest, secret: Secret, everything: list[Secret]) -> tuple[Holder, ...]:
    names = {secret.name, *request.portal.accounts.same_as(secret, everything)}
    found = sorted((one for one in everything if one.name in names), key=lambda one: one.name)
    return tuple(Holder(one.name, one.uid, ("the same credentials at the same host",)) for one in found)
