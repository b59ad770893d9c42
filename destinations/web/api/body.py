"""The body of a request in JSON, as the forms know it; and the key by which a script sends the same thing twice."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

from django.forms import Form
from django.http import HttpRequest, QueryDict

from destinations import names
from destinations.actions import Change
from destinations.model import Secret, UserError
from destinations.secret import history
from destinations.web import writeids
from destinations.web.changes import save
from destinations.web.request import PortalRequest

FORM_NAMES = {"bundle": "bundle_text", "credentials_expire_on": "expires_on"}
JSON_NAMES = {form: name for name, form in FORM_NAMES.items()}
_CONFIRMED = "credentials_confirmed"
_YES, _NO = {"yes", "true", "on", "1"}, {"no", "false", "off", "0", ""}
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def _bad_request(message: str, fix: str) -> UserError:
    return UserError(message, fix, 400)


def read(request: HttpRequest, known: set[str]) -> dict[str, str | None]:
    """Return the members of a JSON object of texts; null counts as not stated. Raises UserError."""
    sent = f"Send a JSON object with some of: {', '.join(sorted(known))}."
    if request.content_type != "application/json":
        raise _bad_request("The body is not JSON.", f"Content-Type: application/json. {sent}")
    try:
        nested = _bad_request("Every value must be a string.", sent)
        twice = _bad_request("A member is in the body twice.", sent)
        found = json.loads(request.body.decode(), object_pairs_hook=_Members(nested, twice))
    except (ValueError, RecursionError):
        raise _bad_request("The body is not valid JSON.", sent) from None
    if not isinstance(found, dict):
        raise _bad_request("The body is not a JSON object.", sent)
    if not set(found) <= known:
        raise _bad_request("The body has unknown fields.", sent)
    if not all(value is None or isinstance(value, str) for value in found.values()):
        raise _bad_request("Every value must be a string.", sent)
    if any("\0" in value or not _is_text(value) for value in found.values() if value):
        raise _bad_request(
            "A field contains characters that no form can send.", "Remove NUL characters and lone surrogates."
        )
    return {**found, **_confirmed(found)}


def _confirmed(found: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the confirmation as a form reads it, which takes any text for a yes. Raises UserError."""
    stated = (found.get(_CONFIRMED) or "").lower()
    if stated not in _YES | _NO:
        raise _bad_request(f"{_CONFIRMED} is neither yes nor no.", "Send yes, or leave it out.")
    return {_CONFIRMED: "yes" if stated in _YES else None} if _CONFIRMED in found else {}


class _Members:
    def __init__(self, nested: UserError, twice: UserError) -> None:
        self._nested, self._twice = nested, twice
        self._found = False

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return the object; raises `twice` for a member that is there twice, `nested` for a second object."""
        if self._found:
            raise self._nested
        self._found = True
        found = dict(pairs)
        if len(found) != len(pairs):
            raise self._twice
        return found


def _is_text(value: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in value)


def as_form(fields: Mapping[str, str | None], nonce_: str) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update({FORM_NAMES.get(key, key): value for key, value in fields.items() if value is not None})
    data["nonce"] = nonce_
    data["expires_confirmed"] = "on"  # a script is told of a date in the past, and not asked
    return data


def nonce(request: PortalRequest) -> str:
    """Return what makes the write id: from the Idempotency-Key and who asks, else random. Raises UserError.

    It is nowhere but in the keyed id: someone may have taken a key that can be guessed, or a hash of the password.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return token_urlsafe(24)
    if not _KEY.fullmatch(key):
        raise _bad_request(
            "The Idempotency-Key is not valid.", "Send 1 to 255 visible ASCII characters, preferably random."
        )
    who = request.principal.who
    return sha256(f"{who}\n{request.path}\n{key}".encode("utf-8", "surrogateescape")).hexdigest()[:48]


def change(request: PortalRequest, form: Form, *, without: Collection[str] = ()) -> Change:
    """Return what `save.change` returns; under a key the id is marked by it. Raises UserError."""
    made = save.change(request, form, scope="api", without=without)
    if "Idempotency-Key" not in request.headers:
        return made
    return replace(made, write_id=writeids.keyed(request.portal.keys, made.write_id, nonce(request)))


def refuse_reuse(request: PortalRequest, secret: Secret, change: Change) -> None:
    """Raise UserError where the last write had this key and another content."""
    if "Idempotency-Key" not in request.headers or history.holds(secret, change.write_id):
        return
    if writeids.reuses(request.portal.keys, secret.annotations.get(names.WRITE_ID_ANNOTATION, ""), nonce(request)):
        raise UserError("This Idempotency-Key was used with other content.", "Use a new key for a new change.", 409)
