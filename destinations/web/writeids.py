"""The id of a write: the same for the same form, or the same Idempotency-Key, with the same content by the same person.

It is made of what was typed, passwords included, and is on the Secret. So it is keyed by the signing key: who reads
it cannot try passwords against it. Every key makes one, so that a form that is sent again while the key changes is
still one write, whichever of the two keys a replica knows.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from django.core.files.uploadedfile import UploadedFile
from django.forms import Form

from destinations.secret.history import JOIN
from destinations.secret.keys import SigningKeys
from destinations.web.request import PortalRequest

_KEYS = 4
_MARK = 12


def of(request: PortalRequest, form: Form, *, scope: str, without: Collection[str]) -> str:
    """Return the id of what a valid form contains; `scope` tells apart what one form may ask for several times.

    The fields named by `without` do not count.
    """
    typed = sorted(
        (key, value)
        for key, value in form.cleaned_data.items()
        if not isinstance(value, UploadedFile) and key not in without
    )
    whole = repr((scope, request.principal.who, form.cleaned_data["nonce"], typed))
    return JOIN.join(islice(request.portal.keys.digests("write", whole), _KEYS))


def keyed(keys: SigningKeys, write_id: str, nonce: str) -> str:
    """Return the id with a mark of the nonce before each part, by which `reuses` knows another content."""
    return JOIN.join(f"{mark}{one}" for mark, one in zip(_marks(keys, nonce), write_id.split(JOIN), strict=True))


def reuses(keys: SigningKeys, write_id: str, nonce: str) -> bool:
    return any(one.startswith(mark) for one in write_id.split(JOIN) for mark in _marks(keys, nonce))


def _marks(keys: SigningKeys, nonce: str) -> list[str]:
    return [f"k{digest[:_MARK]}-" for digest in islice(keys.digests("idempotency", nonce), _KEYS)]
