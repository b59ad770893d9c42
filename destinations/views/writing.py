"""What the pages that write have in common."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from destinations import actions, current, secrets, words
from destinations.actions import Change, Refused
from destinations.cluster.port import NotFound

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse

    from destinations.actions import Done
    from destinations.cluster.port import ClusterError
    from destinations.model import Secret

NOBODY = "somebody without a sign-in"
CONFLICT = 409


def nonce() -> str:
    """Return a new nonce for a form."""
    return token_urlsafe(24)


def change(form: Form) -> Change:
    """Return the change that a valid form asks for.

    Its write id is made of the nonce and of all that was typed: the same form sent twice is one write, and the same
    form sent with another password is another one. The nonce is random and stays on the page, so that nobody can try
    passwords against the id.
    """
    typed = sorted((key, value) for key, value in form.cleaned_data.items() if not isinstance(value, UploadedFile))
    key = form.cleaned_data["nonce"].encode()
    write_id = hmac.new(key, repr(typed).encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:40]
    return Change(write_id=write_id, by=NOBODY, at=datetime.now(UTC))


def seen_again(form: Form, secret: Secret) -> QueryDict:
    """Return what was typed with the state that is there now, so that saving once more is a conscious step."""
    data = QueryDict(mutable=True)
    data.update(form.data)
    data.update({"uid": secret.uid, "resource_version": secret.resource_version, "nonce": nonce()})
    for key in ("uid", "resource_version", "nonce"):
        data.setlist(key, data.getlist(key)[-1:])
    return data


def find_one(name: str) -> Secret:
    """Return a destination, read just now. Raises NotFound and the port's errors."""
    secret = current.cluster().get_secret(name)
    if not secrets.is_destination(secret):
        raise NotFound("NotFound", status=404)
    return secret


def find(name: str) -> tuple[Secret, dict[str, Secret]]:
    """Return a destination and its namespace by name, read just now. Raises NotFound and the port's errors."""
    found = {secret.name: secret for secret in current.cluster().list_secrets()}
    if name not in found or not secrets.is_destination(found[name]):
        raise NotFound("NotFound", status=404)
    return found[name], found


def refusal(secret: Secret) -> Refused | None:
    """Return why nobody may change a destination here, or None."""
    try:
        actions.refuse_foreign(secret)
    except Refused as error:
        return error
    return None


def done(request: HttpRequest, result: Done, sentence: str, *, to: str) -> HttpResponse:
    """Redirect with a message and the notes; 303, so that a reload writes nothing."""
    if sentence:
        messages.success(request, sentence)
    for note in result.notes:
        messages.info(request, note)
    return see_other(to, result.name)


def see_other(to: str, name: str) -> HttpResponse:
    """Redirect to a page that shows what was written, on whatever replica: the overview is read directly then."""
    target = redirect(to, name) if to == "destination" else redirect(f"{reverse(to)}?after=write")
    target.status_code = 303
    return target


def trouble_of(error: ClusterError | Refused) -> words.Trouble:
    """Return what to say of a change that did not happen."""
    if isinstance(error, Refused):
        return words.Trouble(error.message, error.fix, CONFLICT)
    return words.of(error)


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    """Render a form's page."""
    return render(request, template, context, status=status)
