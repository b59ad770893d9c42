"""The question of the API server: admission.k8s.io/v1 AdmissionReview, read and answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from destinations.model import Secret
from destinations.secret.codec import read_secret

_KIND = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}


@dataclass(frozen=True, slots=True)
class Review:
    """A change that somebody wants: the Secret as it is (None: it is made) and as it will be (None: it is deleted)."""

    uid: str
    old: Secret | None = field(default=None, repr=False)
    new: Secret | None = field(default=None, repr=False)


def uid_of(body: object) -> str:
    """Return the uid that every answer has to repeat. Raises ValueError for what is no question."""
    request = body.get("request") if isinstance(body, dict) else None
    uid = request.get("uid") if isinstance(request, dict) else None
    if not isinstance(uid, str) or not uid:
        raise ValueError("no AdmissionReview with a uid")
    return uid


def read(body: Mapping[str, Any]) -> Review:
    """Return the change. Raises ValueError, KeyError, TypeError or AttributeError for objects that are no Secrets."""
    request = body["request"]
    return Review(uid_of(body), *(_secret(request.get(which)) for which in ("oldObject", "object")))


def _secret(manifest: Mapping[str, Any] | None) -> Secret | None:
    return read_secret(manifest) if manifest else None


def answer(uid: str, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Return the answer that lets the change through, with what kubectl prints behind `Warning:`."""
    return {**_KIND, "response": {"uid": uid, "allowed": True, **({"warnings": list(warnings)} if warnings else {})}}
