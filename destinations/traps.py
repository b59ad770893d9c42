"""Mistakes that people make with a destination, found before it is saved: by the judgement's own rules. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from destinations.acceptance.judge import preview
from destinations.cluster.limits import is_name

if TYPE_CHECKING:
    from datetime import datetime

    from destinations.acceptance.version import EpinioVersion
    from destinations.model import Judgement

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_API_PATH = re.compile(r"/v[12]/?$")
_HUB = {"index.docker.io", "registry-1.docker.io", "hub.docker.com"}
RESERVED_NAMES = frozenset({"new"})


@dataclass(frozen=True, slots=True)
class Trap:
    """A mistake in one field, in words, and what it probably should have been."""

    field: str
    message: str
    suggestion: str = ""


def in_name(name: str) -> Trap | None:
    """Say what is wrong with a name, if anything."""
    if name in RESERVED_NAMES:
        return Trap("name", f"The portal needs the name {name} for itself. Choose another one.")
    if not is_name(name):
        suggestion = re.sub("[^a-z0-9.-]+", "-", name.lower()).strip("-.")[:200]
        rule = (
            "A name is made of lower-case letters, digits, dots and dashes, and starts and ends with a letter or digit."
        )
        return Trap("name", rule, suggestion if is_name(suggestion) else "")
    return None


def in_host(host: str) -> Trap | None:  # noqa: PLR0911 - one return a mistake
    """Say what is wrong with the spelling of a host, if anything."""
    bare = _SCHEME.sub("", host.strip())
    bare = bare.rpartition("@")[2] if "@" in bare.partition("/")[0] else bare
    path = bare.partition("/")[2]
    bare_host = bare.partition("/")[0]
    if host != host.strip() or re.search(r"\s", host):
        return Trap("host", "The host holds a blank or a line end.", re.sub(r"\s", "", bare_host))
    if "@" in host:
        return Trap(
            "host", "User name and password do not belong into the host: Epinio shows it to everybody.", bare_host
        )
    if _SCHEME.match(host):
        return Trap("host", "Write the host without a scheme such as https:// or oci://.", bare_host)
    if _API_PATH.search(host):
        return Trap(
            "host",
            "Write the host without /v1/ or /v2/: with it the image would be pushed without credentials.",
            bare_host,
        )
    if "/" in host:
        where = f" Put {path.strip('/')} into the organization." if path.strip("/") else ""
        return Trap("host", f"Write the host without a path.{where}", bare_host)
    if host and not re.search(r"[.:]", host) and host != "localhost":
        return Trap(
            "host", "Write the registry's full name, with a dot or a port: skopeo takes this for a user of Docker Hub."
        )
    if host in _HUB:
        return Trap("host", "Docker Hub's registry is written docker.io here.", "docker.io")
    return None


def in_target(
    host: str, organization: str, *, now: datetime, version: EpinioVersion | None
) -> tuple[Trap | None, Judgement]:
    """Judge host and organization together, and say which of them is to blame if an export would fail."""
    judgement = preview(host, organization, now=now, version=version)
    failed = next((check for check in judgement.checks if not check.ok), None)
    if failed is None:
        doubtful = next((one for one in judgement.warnings if one.code == "hub-two-levels"), None)
        return (Trap("organization", f"{doubtful.message} {doubtful.fix}") if doubtful else None), judgement
    alone = preview(host, "team", now=now, version=version)
    blamed = "host" if any(not check.ok for check in alone.checks) else "organization"
    suggestion = "" if blamed == "host" else as_path(organization)
    return Trap(blamed, f"{failed.message} {failed.fix}", suggestion), judgement


def in_organization(organization: str, *, now: datetime, version: EpinioVersion | None) -> Trap | None:
    """Say what is wrong with an organization below a sound host, if anything."""
    return in_target("registry.example.com", organization, now=now, version=version)[0]


def as_path(organization: str) -> str:
    """Return the path that an organization was probably meant to be; empty where nothing of it can stay."""
    parts = (re.sub("[^a-z0-9._-]+", "-", part.lower()).strip("-._") for part in organization.split("/"))
    return "/".join(part for part in parts if part)


def in_username(username: str) -> Trap | None:
    """Say what is wrong with a user name, if anything."""
    if ":" in username:
        return Trap("username", "Helm refuses a user name with a colon. Some registries offer a robot account instead.")
    if username != username.strip() or not username.isprintable():
        return Trap(
            "username", "The user name starts or ends with a blank, or holds a control character.", username.strip()
        )
    return None


def in_password(password: str, *, choice: str) -> Trap | None:
    """Ask about blanks at either end; `choice` is the answer: keep, remove or nothing yet."""
    if password != password.strip() and choice not in {"keep", "remove"}:
        return Trap(
            "password",
            "The password starts or ends with a blank or a line end. Nobody but you knows whether that belongs to it: "
            "choose below, and type it again.",
        )
    if "\ufffd" in password:
        return Trap(
            "password", "The password did not arrive whole: a character of it is no UTF-8. Paste it as plain text."
        )
    if "\x00" in password:
        return Trap("password", "The password holds a NUL character, which skopeo would cut off.")
    return None
