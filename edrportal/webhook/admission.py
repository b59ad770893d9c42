"""The question of the API server: admission.k8s.io/v1 AdmissionReview, read and answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from destinations import names
from destinations.model import Check, Secret, Snapshot
from destinations.overview import table
from destinations.overview.table import Row
from destinations.secret import codec
from destinations.secret.codec import read_secret

_KIND = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}


@dataclass(frozen=True, slots=True)
class Review:
    """A change that someone wants: the Secret as it is (None: it is made) and as it will be (None: it is deleted)."""

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


MOST = 5
MAX_LENGTH = 250
"""Kubernetes cuts off what is longer than 256 characters, and what is more than 4,096 altogether."""
MAX_CONFIG_BYTES = 256 * 1024
"""What is larger takes more memory to read than a moment's answer is worth; the configuration of a registry has 1 KiB."""
_OPENINGS = {
    "hidden": "Epinio will hide {!r}",
    "fails": "Epinio will list {!r}, but exports to it will fail",
    "at-risk": "Epinio will accept {!r}, but review its warnings",
}
_PREFIXES = ("bad export destination: ", "bad url: ")


def warnings(review: Review, snapshot: Snapshot, *, is_known: bool) -> tuple[str, ...]:
    """Return the warnings, the worst first, each in one line; not `is_known` says that the Secrets are not read."""
    found = list(_found(review, snapshot, is_known=is_known))
    shown = (
        found if len(found) <= MOST else [*found[: MOST - 1], f"{len(found) - MOST + 1} more warnings: see the portal."]
    )
    return tuple(_line(text) for text in shown)


def _found(review: Review, snapshot: Snapshot, *, is_known: bool) -> Iterator[str]:
    old, new = review.old, review.new
    if new and codec.is_destination(new):
        yield from _of_destination(new, snapshot, is_known=is_known)
    elif new and old and codec.is_destination(old):
        yield f"{new.name!r} is no longer a destination: Epinio will not list it or export to it."
    changed = new or old
    if is_known and changed:
        yield from _of_users(changed.name, new, snapshot)


def _of_destination(new: Secret, snapshot: Snapshot, *, is_known: bool) -> Iterator[str]:
    if names.USER_LABEL in new.labels:
        yield f"{new.name!r} is both an Epinio user and a destination: create a Secret for each."
    if len(new.data.get(names.CONFIG_KEY, b"")) > MAX_CONFIG_BYTES:
        size = f"more than {MAX_CONFIG_BYTES // 1024} KiB"
        yield f"{new.name!r} is not judged: its configuration has {size}. Keep only one registry in it."
        return
    if not is_known and codec.certs_name(new):
        return  # whether its certificates are there is not known at this moment
    row = table.row(new, snapshot.having(new))
    if row.kind in _OPENINGS:
        yield f"{_OPENINGS[row.kind].format(new.name)}: {_why(row)}"


def _of_users(name: str, new: Secret | None, snapshot: Snapshot) -> Iterator[str]:
    rest = {key: secret for key, secret in snapshot.secrets.items() if key != name}
    then = replace(snapshot, secrets=rest | ({name: new} if new else {}))
    for user in then.destinations:
        if user.name == name or codec.certs_name(user).strip() != name:
            continue
        before, after = (table.row(user, found) for found in (snapshot, then))
        if after.kind in _OPENINGS and after.reason != before.reason:
            yield f"{_OPENINGS[after.kind].format(user.name)}: {_why(after)}"


def _why(row: Row) -> str:
    """Return Epinio's own words where they are known to the letter, else the portal's, and the fix."""
    failed = table.failed(row.judgement)
    said = _own_words(failed[0]) if failed else ""
    return f"{said or row.reason.rstrip('.')}. {row.fix}".strip()


def _own_words(check: Check) -> str:
    said = (check.error or "") if check.error_is_exact else ""
    for prefix in _PREFIXES:
        said = said.removeprefix(prefix)
    return said.rstrip(".")


def _line(text: str) -> str:
    """Return the text in a length that Kubernetes leaves whole; Epinio's words have what cannot be printed escaped."""
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH].rpartition(' ')[0]} …"
