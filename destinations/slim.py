"""A Secret cut down to what a judgement and the overview look at, for keeping many in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from destinations import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from destinations.model import Secret

_JUDGED = {names.CONFIG_KEY, names.CERTS_KEY, names.BUNDLE_KEY}
_PRIVATE_KEY = b"PRIVATE KEY-----"


def slim(secret: Secret) -> Secret:
    """Return the Secret with labels, annotations and keys as they are, and without what nothing judges.

    A value that nothing reads becomes empty, or the one mark that is looked for in it; so does the copy that
    `kubectl apply` leaves. The manifest is gone: a Secret like this is to be looked at, never written.
    """
    data = {key: value if key in _JUDGED else _mark(value) for key, value in secret.data.items()}
    return replace(secret, annotations=_annotations(secret.annotations), data=data, manifest={})


def _mark(value: bytes) -> bytes:
    return _PRIVATE_KEY if _PRIVATE_KEY in value else b""


def _annotations(annotations: Mapping[str, str]) -> Mapping[str, str]:
    copy = annotations.get(names.LAST_APPLIED_ANNOTATION)
    if copy is None:
        return annotations
    told = names.CONFIG_KEY if names.CONFIG_KEY in copy else ""
    return {**annotations, names.LAST_APPLIED_ANNOTATION: told}
