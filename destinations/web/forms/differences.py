"""Whose value is which, where two people changed a destination at the same time."""

from __future__ import annotations

from dataclasses import dataclass

from django.forms import Form

from destinations import access, names
from destinations.model import Secret
from destinations.secret import docker_config
from destinations.secret.mask import masked_key
from destinations.verdict import tokens


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that someone else has changed, or that was changed here: what is stored now, and what was typed."""

    label: str
    theirs: str
    yours: str


def differences(form: Form, secret: Secret) -> list[Difference]:
    """Return the fields whose stored value now is not the typed one; secrets are no such field."""
    stored = docker_config.stored_credentials(secret)
    now = {
        "host": masked_key(docker_config.host_key(secret)),
        "organization": masked_key(secret.annotations.get(names.ORGANIZATION_ANNOTATION, "")),
        "description": secret.annotations.get(names.DESCRIPTION_ANNOTATION, ""),
        "expires_on": tokens.stated_text(secret),
        "username": stored.username if stored else "",
        "team": access.team_of(secret),
    }
    return [
        Difference(str(form.fields[name].label), value, str(form.data[name]))
        for name, value in now.items()
        if name in form.fields and name in form.data and form.data[name] != value
    ]
