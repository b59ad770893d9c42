"""What the pages that write have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import redirect, render

from destinations import words
from destinations.actions import Change, Refused

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse

    from destinations.actions import Done
    from destinations.cluster.port import ClusterError
    from destinations.model import Secret

_NOBODY = "somebody without a sign-in"


def nonce() -> str:
    """Return a new nonce for a form; it becomes the write id, so a form sent twice is one write."""
    return token_urlsafe(24)


def change(form: Form) -> Change:
    """Return the change that a valid form asks for."""
    return Change(write_id=form.cleaned_data["nonce"], by=_NOBODY, at=datetime.now(UTC))


def seen_again(form: Form, secret: Secret) -> QueryDict:
    """Return what was typed with the state that is there now, so that saving once more is a conscious step."""
    data = QueryDict(mutable=True)
    data.update(form.data)
    data.update({"uid": secret.uid, "resource_version": secret.resource_version, "nonce": nonce()})
    for key in ("uid", "resource_version", "nonce"):
        data.setlist(key, data.getlist(key)[-1:])
    return data


def done(request: HttpRequest, result: Done, sentence: str, *, to: str) -> HttpResponse:
    """Redirect with a message and the notes; 303, so that a reload writes nothing."""
    messages.success(request, sentence)
    for note in result.notes:
        messages.info(request, note)
    target = redirect(to, result.name) if to == "destination" else redirect(to)
    target.status_code = 303
    return target


def trouble_of(error: ClusterError | Refused) -> words.Trouble:
    """Return what to say of a change that did not happen."""
    if isinstance(error, Refused):
        return words.Trouble(error.message, error.fix, 409)
    return words.of(error)


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    """Render a form's page."""
    return render(request, template, context, status=status)
