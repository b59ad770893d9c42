"""What the pages that write have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from destinations import actions
from destinations.actions import Change, Denied, Done, Seen
from destinations.actions.messages import OVERTAKEN, changed_meanwhile, for_error
from destinations.actions.writes import Unknown
from destinations.cluster.port import Ambiguous, ClusterError, Conflict, NotFound
from destinations.model import Secret, Snapshot, UserError
from destinations.overview.answer import ExportAnswer
from destinations.portal import Event, Portal, Reads
from destinations.secret import codec, owners
from destinations.web import errors, writeids
from destinations.web.forms.differences import differences
from destinations.web.request import PortalRequest

_LOG = logging.getLogger(__name__)
CONFLICT = 409
_AFTER = "after=write"
_KEPT = ("q", "answer", "status", "sort", "page", "same")
_MAX_QUERY = 4096
"""A search text of 200 characters takes up to 2,400 of them in an address."""


def nonce() -> str:
    return token_urlsafe(24)


def change(request: PortalRequest, form: Form, *, scope: str = "", without: Collection[str] = ()) -> Change:
    """Return the change that a valid form describes, by the person who asks, and within what they may do.

    Its write id is made of the nonce, of who asks and of all that was typed but the fields of `without`: the same form
    sent twice is one write, and the same form sent with another password is another one. See `writeids`.
    """
    write_id = writeids.of(request, form, scope=scope, without=without)
    return Change(write_id, request.principal.username, datetime.now(UTC), request.authority)


def initial(secret: Secret) -> dict[str, str]:
    """Return the hidden fields of a form that changes a destination: the state that was read, and a new nonce."""
    return {"nonce": nonce(), "uid": secret.uid, "resource_version": secret.resource_version}


def seen_again(form: Form, secret: Secret) -> QueryDict:
    """Return what was typed with the state that is there now, so that saving once more is a conscious step."""
    data = QueryDict(mutable=True)
    data.update(form.data)
    data.update({"uid": secret.uid, "resource_version": secret.resource_version, "nonce": nonce()})
    for key in ("uid", "resource_version", "nonce"):
        data.setlist(key, data.getlist(key)[-1:])
    return data


def find_one(request: PortalRequest, name: str) -> Secret:
    """Return a destination that the person who asks may change, read just now. Raises NotFound, Denied, the port's errors."""
    secret = request.portal.cluster.get_secret(name)
    if not codec.is_destination(secret):
        raise NotFound("NotFound", status=404)
    return checked(request, secret)


def find(request: PortalRequest, name: str) -> tuple[Secret, Snapshot]:
    """Return a destination that the person who asks may change, and its namespace, read just now.

    Raises NotFound, Denied and the port's errors.
    """
    snapshot = request.reads.direct
    return checked(request, _destination(name, snapshot)), snapshot


def _destination(name: str, snapshot: Snapshot) -> Secret:
    secret = snapshot.secrets.get(name)
    if secret is None or not codec.is_destination(secret):
        raise NotFound("NotFound", status=404)
    return secret


def checked(request: PortalRequest, secret: Secret) -> Secret:
    """Return the destination if the person who asks may change it; record a denial, and a guess, else."""
    try:
        request.authority.check(secret)
    except (Denied, NotFound) as error:
        request.record_denial(secret.name, "not-seen" if isinstance(error, NotFound) else "not-permitted")
        raise
    return secret


def find_to_see(request: PortalRequest, name: str, snapshot: Snapshot) -> Secret:
    """Return a destination of the namespace that exists for the person who asks. Raises NotFound and the port's errors."""
    secret = _destination(name, snapshot)
    if not request.authority.sees(secret):
        request.record_denial(name, "not-seen")
        raise NotFound("NotFound", status=404)
    return secret


def team_uid(request: PortalRequest, form: Form) -> str | None:
    """Return the uid of the chosen team's namespace; None, with an error in the form, if there is no such namespace.

    Raises the port's errors.
    """
    team = form.cleaned_data.get("team") or ""
    uid = request.portal.namespace_uid(team) if team else ""
    if uid is None:
        form.add_error("team", "This namespace does not exist. Create it in Epinio first.")
    return uid


def act(
    request: PortalRequest, action: str, target: str, call: Callable[[], Done], *, before: Seen | None = None
) -> Done:
    """Do it, and record it once, however it ends. Raises what the action raises, and Denied as Denied."""
    record = request.portal.record
    event = replace(request.event(action, "done", target), before=before.resource_version if before else "")
    try:
        result = call()
    except (Unknown, Ambiguous) as error:
        record(replace(event, outcome="unknown", reason=type(error).__name__))
        raise
    except (UserError, Denied) as error:
        reason = error.reason if isinstance(error, UserError) else "Denied"
        record(replace(event, outcome="refused", reason=reason))
        request.is_recorded = True  # the middleware answers, and does not record it again
        raise
    except ClusterError as error:
        record(replace(event, outcome="failed", reason=error.reason))
        request.is_recorded = True  # nor does the page that looks for the destination once more
        raise
    done_event = replace(event, target=result.name or target, after=result.resource_version)
    record(done_event)
    _copy(request.portal, done_event, result)
    return result


def write(  # noqa: PLR0913 - who asks, for what
    request: PortalRequest,
    action: str,
    use_case: Callable[..., Done],
    name: str,
    *what: object,
    seen: Seen,
    change: Change,
) -> Done:
    """Change a destination by a use case, and record it. Raises what `act` raises."""
    cluster = request.portal.cluster
    return act(request, action, name, lambda: use_case(cluster, name, *what, seen=seen, change=change), before=seen)


def explain_failure(request: PortalRequest, form: Form, secret: Secret, error: ClusterError | UserError) -> UserError:
    """Return what to say of a change that did not happen; after a conflict, saving once more is a conscious step."""
    trouble = trouble_of(request, error)
    if not isinstance(error, Conflict):
        return trouble
    form.data = seen_again(form, secret)
    typed = bool(getattr(form, "cleaned_data", {}).get("password") or form.data.get("password"))
    by_oneself = owners.last_change(secret).person == request.principal.username
    return changed_meanwhile(by_oneself=by_oneself, typed_password=typed, status=trouble.status)


def _copy(portal: Portal, event: Event, result: Done) -> None:
    """Leave a Kubernetes Event on the Secret where that is wanted; nothing depends on it."""
    if not portal.has_kubernetes_events or not result.uid:
        return
    now, cluster = datetime.now(UTC), portal.cluster
    made = event.for_kubernetes(namespace=cluster.namespace, name=event.target, uid=result.uid, at=now)
    try:
        cluster.create_event(made)
    except ClusterError as error:
        _LOG.warning("no Kubernetes Event for %s of %s (%s)", event.action, event.target, error.reason)


def refusal(secret: Secret) -> UserError | None:
    """Return why nobody may change a destination here, or None."""
    try:
        actions.refuse_foreign(secret)
    except UserError as error:
        return error
    return None


def done(request: PortalRequest, result: Done, sentence: str, *, to: str, notes: Iterable[str] = ()) -> HttpResponse:
    """Redirect with a message and the notes; 303, so that a reload writes nothing. An old write is not called news."""
    if result.is_overtaken:
        messages.info(request, OVERTAKEN.format(result.name))
    elif sentence:
        messages.success(request, sentence)
    for note in (*result.notes, *notes):
        messages.info(request, note)
    return see_other(to, result.name)


_STANDING = {
    "hidden": "Epinio still hides it",
    "fails": "an export will still fail",
    "rejected": "the registry rejects it by the last live check",
    "check-failed": "the last live check failed",
    "disabled": "it is disabled",
}
_LINKS = {"repair": "Repair", "rotate": "Rotate the credentials", "edit": "Edit", "destination": "Open"}


def standing(
    request: PortalRequest, names: Iterable[str], said: str, look: Callable[[], Snapshot] | None = None
) -> dict[str, SafeString]:
    """Return of each destination to which no export passes, as far as is known, that it is so, and why, with where to go.

    `said` is what was done with each. They are read now, or by `look`; a cluster that does not answer is told of each.
    """
    found: dict[str, SafeString] = {}
    try:
        snapshot = replace(look() if look else Reads(request.portal).direct, config_maps=request.reads.config_maps)
    except ClusterError:
        unknown = "{} {}. The cluster does not answer now, so the portal cannot say what Epinio does with it."
        return {name: format_html(unknown, name, said) for name in names}
    for name in names:
        secret = snapshot.secrets.get(name)
        if secret and (answer := _answer(request, secret, snapshot)).kind in _STANDING:
            page, link = answer.page, "Enable" if answer.kind == "disabled" else _LINKS[answer.page]
            words = '<b>{}</b> {}, but {}: {} <a href="{}">{}</a>'
            what = _STANDING[answer.kind]
            found[name] = format_html(words, name, said, what, answer.reason, address(page, name), link)
    return found


def _answer(request: PortalRequest, secret: Secret, snapshot: Snapshot) -> ExportAnswer:
    return request.portal.answered_row(secret, snapshot, sees_all=request.principal.is_administrator).answer


def as_written(request: PortalRequest, result: Done) -> Snapshot:
    """Return what decides about one just written; certificates with a new name are read. Raises the port's errors."""
    stored, held = result.stored, list[Secret]()
    if stored and (certs := codec.certs_name(stored)):
        with suppress(NotFound):
            held.append(request.reads.cached.get(certs) or request.portal.cluster.get_secret(certs))
    return request.reads.rules.having(stored, *held) if stored else Reads(request.portal).direct


def shown_query(request: PortalRequest) -> str:
    """Return the query of the overview that a form was sent from, as far as the overview knows it; empty for another page."""
    sent = dict(parse_qsl(request.POST.get("shown", "")[:_MAX_QUERY], keep_blank_values=True))
    return urlencode({key: sent[key] for key in _KEPT if key in sent})


def see_other(to: str, name: str, *, shown: str = "") -> HttpResponse:
    """Redirect to a page that shows what was written, on whatever replica: the overview is read directly then.

    `shown` is what `shown_query` returns: search, filters, order and page stay.
    """
    query = f"{shown}&{_AFTER}" if shown else _AFTER
    address = reverse(to, args=[name]) if to == "destination" else f"{reverse(to)}?{query}"
    return HttpResponseRedirect(address, status=303)


def address(page: str, name: str) -> str:
    return reverse(page, args=[name])


def trouble_of(request: PortalRequest, error: ClusterError | UserError | Denied) -> UserError:
    return errors.trouble(request, error) if isinstance(error, ClusterError) else for_error(error)


def context(form: Form, secret: Secret, trouble: UserError | None) -> dict[str, Any]:
    """Return what every page of a form shows; after a conflict also whose value is which."""
    is_conflict = trouble is not None and trouble.status == CONFLICT
    return {
        "differences": differences(form, secret) if is_conflict and form.is_bound else (),
        "form": form,
        "name": secret.name,
        "refusal": refusal(secret),
        "trouble": trouble,
        "last_change": owners.last_change(secret) if trouble and trouble.status == CONFLICT else None,
    }


def page(request: PortalRequest, template: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    return render(request, template, context, status=status)
