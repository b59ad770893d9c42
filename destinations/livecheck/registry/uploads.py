"""Where an address leads that a registry names, read against the origin that named it. Pure; nothing is asked there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

from destinations.livecheck.registry.channel import RegistryAnswer
from destinations.livecheck.registry.guard import Approved
from destinations.livecheck.registry.port import CheckStopped, Code

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Location:
    """An origin, and the path with its query there. All of it is the server's word; a host may be empty."""

    scheme: str
    host: str
    port: int
    target: str

    def is_at(self, approved: Approved, scheme: str = "https") -> bool:
        return (self.scheme, self.host, self.port) == (scheme, approved.name, approved.port)


def resolve_location(location: str, path: str, approved: Approved) -> Location:
    """Return the origin that `Location` names in the answer to a request for a path; an empty one if it has no such form."""
    name = f"[{approved.name}]" if ":" in approved.name else approved.name
    try:
        parts = urlsplit(urljoin(f"https://{name}:{approved.port}{path}", location))
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return Location("", "", 0, "")
    target = path_of(parts.geturl())
    sendable = target.isascii() and target.isprintable() and " " not in target and "@" not in parts.netloc
    return Location(parts.scheme, host if sendable else "", port, target)


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


Ask = Callable[[str, str], RegistryAnswer]

_OK, _ACCEPTED, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 202, 401, 403, 404
_GONE = {_OK, _ACCEPTED, 204, _NOT_FOUND}
_NO_SUCH_UPLOAD = "BLOB_UPLOAD_INVALID"
NOWHERE = f"sha256:{sha256(b'what no registry holds: edrportal').hexdigest()}"
"""A digest to look for: whether it is there does not matter, whether one may look does."""


def check_lookup(answer: RegistryAnswer) -> None:
    """Judge the answer to what the tool looks for before it pushes; whether it is there does not matter. Raises CheckStopped."""
    answer.raise_for_trouble()
    if answer.status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise CheckStopped(Code.MAY_NOT_PUSH, detail={"status": str(answer.status)})
    if answer.status not in {_OK, _NOT_FOUND}:
        raise CheckStopped(Code.BAD_ANSWER, detail={"status": str(answer.status)})


def upload_url(repository: str) -> str:
    return f"/v2/{repository}/blobs/uploads/"


def nonexistent_upload_url(repository: str) -> str:
    """Return an upload session that does not exist, for a PUT: nothing is stored, whatever the answer is."""
    return f"/v2/{repository}/blobs/uploads/{uuid4()}?digest={NOWHERE}"


def proves_push(answer: RegistryAnswer) -> bool | None:
    """Return whether the answer proves the permission to push; None where it is not in distribution's own words."""
    if answer.status in {_UNAUTHORIZED, _FORBIDDEN}:
        return False
    is_distribution = bool(answer.all("Docker-Distribution-Api-Version"))
    return True if is_distribution and answer.status == _NOT_FOUND and _NO_SUCH_UPLOAD in _codes(answer) else None


def _codes(answer: RegistryAnswer) -> set[str]:
    try:
        return {str(error["code"]) for error in json.loads(answer.body)["errors"]}
    except (ValueError, LookupError, TypeError, RecursionError):
        return set()


def judge_upload(answer: RegistryAnswer, ask: Ask, repository: str, approved: Approved) -> Code:
    """Judge the answer to an opened upload and cancel it: MAY_PUSH, or UPLOAD_LEFT where it stays. Raises CheckStopped."""
    answer.raise_for_trouble()
    detail = {"status": str(answer.status)}
    if answer.status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise CheckStopped(Code.MAY_NOT_PUSH, detail=detail)
    if answer.status == _NOT_FOUND:
        raise CheckStopped(Code.NO_REPOSITORY, detail=detail)
    location = next(iter(answer.all("Location")), "")
    if answer.status != _ACCEPTED or not location:
        raise CheckStopped(Code.BAD_ANSWER, detail=detail)
    origin = resolve_location(location, upload_url(repository), approved)
    # Helm refuses to go on elsewhere; skopeo would, but a port that speaks TLS does not answer plain HTTP
    if not origin.is_at(approved):
        raise CheckStopped(Code.UPLOAD_ELSEWHERE, ok_image=False if origin.is_at(approved, "http") else None)
    try:
        is_canceled = ask("DELETE", origin.target).status in _GONE
    except CheckStopped:
        is_canceled = False
    return Code.MAY_PUSH if is_canceled else Code.UPLOAD_LEFT
