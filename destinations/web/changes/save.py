"""What the pages that write have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from destinations import actions
from destinations.actions import Change, Denied, Done, Seen
from destinations.actions.messages import for_error
from destinations.actions.writes import Unknown
from destinations.cluster.port import Ambiguous, ClusterError, NotFound
from destinations.model import Secret, UserError
from destinations.secret import codec
from destinations.web import current, errors, writeids
from destinations.web import request as asked
from edrportal.telemetry import audit

_LOG = logging.getLogger(__name__)
CONFLICT = 409
_AFTER = {"after": "write"}
_KEPT = ("q", "status", "sort", "page")
_MAX_QUERY = 500


def nonce() -> str:
    """Return a new nonce for a form."""
    return token_urlsafe(24)


def change(request: HttpRequest, form: Form, *, scope: str = "", without: Collection[str] = ()) -> Change:
    """Return the change that a valid form asks for, by whoever asks and within what they may do.

    Its write id is made of the nonce, of who asks and of all that was typed but the fields of `without`: the same form
    sent twice is one write, and the same form sent with another password is another one. See `writeids`.
    """
    write_id = writeids.of(request, form, scope=scope, without=without)
    return Change(write_id, asked.principal(request).username, datetime.now(UTC), asked.authority(request))


def seen_again(form: Form, secret: Secret) -> QueryDict:
    """Return what was typed with the state that is there now, so that saving once more is a conscious step."""
    data = QueryDict(mutable=True)
    data.update(form.data)
    data.update({"uid": secret.uid, "resource_version": secret.resource_version, "nonce": nonce()})
    for key in ("uid", "resource_version", "nonce"):
        data.setlist(key, data.getlist(key)[-1:])
    return data


def find_one(request: HttpRequest, name: str) -> Secret:
    """Return a destination that whoever asks may change, read just now. Raises NotFound, Denied, the port's errors."""
    secret = current.cluster().get_secret(name)
    if not codec.is_destination(secret):
        raise NotFound("NotFound", status=404)
    return checked(request, secret)


def find(request: HttpRequest, name: str) -> tuple[Secret, dict[str, Secret]]:
    """Return a destination that whoever asks may change, and its namespace by name, read just now.

    Raises NotFound, Denied and the port's errors.
    """
    found = {secret.name: secret for secret in current.list_secrets()}
    if name not in found or not codec.is_destination(found[name]):
        raise NotFound("NotFound", status=404)
    return checked(request, found[name]), found


def checked(request: HttpRequest, secret: Secret) -> Secret:
    """Return the destination if whoever asks may change it; record a denial, and a guess, else."""
    try:
        asked.authority(request).check(secret)
    except (Denied, NotFound) as error:
        denied(request, secret.name, "not-seen" if isinstance(error, NotFound) else "not-permitted")
        raise
    return secret


def denied(request: HttpRequest, target: str, reason: str) -> None:
    """Record that somebody may not do what they asked for, once for each request."""
    if not getattr(request, "recorded", False):
        _note_recorded(request)
        audit.record(
            audit.Event("denied", "refused", asked.principal(request).who, asked.address(request), target, reason)
        )


def _note_recorded(request: HttpRequest) -> None:
    request.recorded = True  # type: ignore[attr-defined]


def find_to_see(
    request: HttpRequest, name: str, *, among: Sequence[Secret] | None = None
) -> tuple[Secret, dict[str, Secret]]:
    """Return a destination that exists for whoever asks, and its namespace: read now, or the Secrets that are given.

    Raises NotFound and the port's errors.
    """
    found = {secret.name: secret for secret in (current.list_secrets() if among is None else among)}
    if name not in found or not codec.is_destination(found[name]):
        raise NotFound("NotFound", status=404)
    if not asked.authority(request).sees(found[name]):
        denied(request, name, "not-seen")
        raise NotFound("NotFound", status=404)
    return found[name], found


def team_uid(form: Form) -> str | None:
    """Return the uid of the namespace of the stated team; None, and a word in the form, where there is none.

    Raises the port's errors.
    """
    team = form.cleaned_data.get("team") or ""
    uid = current.namespaces().uid(team) if team else ""
    if uid is None:
        form.add_error("team", "There is no such namespace: create it in Epinio first.")
    return uid


def act(
    request: HttpRequest, action: str, target: str, call: Callable[[], Done], *, before: Seen | None = None
) -> Done:
    """Do it, and record it once, however it ends. Raises what the action raises, and Denied as Denied."""
    who, where = asked.principal(request).who, asked.address(request)
    event = audit.Event(action, "done", who, where, target, before=before.resource_version if before else "")
    try:
        result = call()
    except (Unknown, Ambiguous) as error:
        audit.record(replace(event, outcome="unknown", reason=type(error).__name__))
        raise
    except (UserError, Denied) as error:
        reason = error.reason if isinstance(error, UserError) else "Denied"
        audit.record(replace(event, outcome="refused", reason=reason))
        _note_recorded(request)  # the middleware answers, and does not record it anew
        raise
    except ClusterError as error:
        audit.record(replace(event, outcome="failed", reason=error.reason))
        _note_recorded(request)  # nor does the page that looks for the destination once more
        raise
    done_event = replace(event, target=result.name or target, after=result.resource_version)
    audit.record(done_event)
    _copy(done_event, result)
    return result


def _copy(event: audit.Event, result: Done) -> None:
    """Leave a Kubernetes Event on the Secret where that is wanted; nothing depends on it."""
    if not settings.ENVIRONMENT.kubernetes_events or not result.uid:
        return
    cluster = current.cluster()
    made = audit.kubernetes_event(
        event, namespace=cluster.namespace, name=event.target, uid=result.uid, at=datetime.now(UTC)
    )
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


def done(request: HttpRequest, result: Done, sentence: str, *, to: str, notes: Iterable[str] = ()) -> HttpResponse:
    """Redirect with a message and the notes; 303, so that a reload writes nothing."""
    if sentence:
        messages.success(request, sentence)
    for note in (*result.notes, *notes):
        messages.info(request, note)
    return see_other(to, result.name)


def see_other(to: str, name: str, *, shown: str = "") -> HttpResponse:
    """Redirect to a page that shows what was written, on whatever replica: the overview is read directly then.

    `shown` is the query of the overview that was acted on; its search, status, order and page stay.
    """
    query = QueryDict(shown[:_MAX_QUERY])
    kept = {key: str(query[key]) for key in _KEPT if key in query} | _AFTER
    target = redirect(to, name) if to == "destination" else redirect(f"{reverse(to)}?{urlencode(kept)}")
    target.status_code = 303
    return target


def trouble_of(request: HttpRequest, error: ClusterError | UserError | Denied) -> UserError:
    """Return what to say of a change that did not happen."""
    return errors.trouble(request, error) if isinstance(error, ClusterError) else for_error(error)


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    """Render a form's page."""
    return render(request, template, context, status=status)
