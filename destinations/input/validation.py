"""Mistakes that people make with a destination, found before it is saved: by the judgment's own rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import IPv4Address

from destinations.cluster.limits import is_name
from destinations.golang.gonet import MAX_PORT
from destinations.input.imports.account import SCHEME
from destinations.model import Judgement, Snapshot
from destinations.verdict import presets, suspects, tokens
from destinations.verdict.judge import preview

_API_PATH = re.compile(r"/v[12]/?$")
_DOMAIN_SCOPED = re.compile(r"^([^:/.]*\.[^:/]*):([^:/]+)")
_FOREIGN = re.compile(r"[^A-Za-z0-9.:/@\[\]-]")
_PORT = re.compile(r"0*[1-9][0-9]{0,4}")
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)")
HUB_NAMES = {"index.docker.io", "registry-1.docker.io", "hub.docker.com"}
"""What people write for Docker Hub where `docker.io` is meant."""
_SITES = {
    "github.com": "ghcr.io",
    "www.github.com": "ghcr.io",
    "gitlab.com": "registry.gitlab.com",
    "www.gitlab.com": "registry.gitlab.com",
}
"""Sites beside whose code people look for the registry."""
_CONFIRM = "If it is correct, confirm it below, and type the password again."
_MAX_LABEL = 63
_SOUND_HOST = "registry.example.com"
MAX_HOST = 253
MAX_ORGANIZATION = 255
_RESERVED = {
    "new": "The portal uses the name new itself. Choose another name.",
    "registry-creds": "Epinio stores its own registry under this name. Choose another name.",
    "dex-config": "Epinio stores its sign-in settings under this name. Choose another name.",
}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A mistake in one field, in words, and what it probably should have been."""

    field: str
    message: str
    suggestion: str = ""


def check_name(name: str) -> FieldProblem | None:
    if name in _RESERVED:
        return FieldProblem("name", _RESERVED[name])
    if not is_name(name):
        suggestion = re.sub("[^a-z0-9.-]+", "-", name.lower()).strip("-.")[:200]
        rule = "Use lowercase letters, digits, dots, and hyphens, and start and end with a letter or digit."
        return FieldProblem("name", rule, suggestion if name.isascii() and is_name(suggestion) else "")
    return None


def check_host(host: str) -> FieldProblem | None:
    return next((problem for find in (_in_text, _in_shape, _in_address) for problem in find(host)), None)


def _in_text(host: str) -> Iterator[FieldProblem]:
    if len(host) > MAX_HOST:
        yield FieldProblem("host", f"The host has {len(host)} characters. A host name has at most {MAX_HOST}.")
    if re.search(r"\s", host):
        inside = re.search(r"\s", host.strip())
        yield FieldProblem("host", "The host contains a space or a line break.", "" if inside else _bare(host.strip()))
    if not host.isascii():
        yield FieldProblem("host", "Write the host in ASCII letters: a name in another script starts with xn-- here.")
    if odd := _FOREIGN.search(host):
        shown = odd[0] if odd[0].isprintable() else "control character"
        yield FieldProblem("host", f"Write the host as HOST or HOST:PORT. The name of a registry contains no {shown}.")


def _in_shape(host: str) -> Iterator[FieldProblem]:
    """Find what belongs elsewhere: an account, a scheme, a path."""
    bare, path = _bare(host), SCHEME.sub("", host).partition("/")[2].strip("/")
    if "@" in host:
        yield FieldProblem(
            "host", "Remove the user name and password from the host: Epinio shows the host to everyone.", bare
        )
    if SCHEME.match(host):
        yield FieldProblem("host", "Write the host without a scheme such as https:// or oci://.", bare)
    if _API_PATH.search(host):
        message = "Write the host without /v1/ or /v2/. With it, the image would be pushed without credentials."
        yield FieldProblem("host", message, bare)
    if "/" in host:
        where = f" Put {path} in the organization." if path else ""
        yield FieldProblem("host", f"Write the host without a path.{where}", bare)


def _in_address(host: str) -> Iterator[FieldProblem]:
    """Find names, addresses and ports that lead nowhere, or not where they seem to."""
    name, colon, port = host.partition(":")
    if "[" in host or "]" in host:
        yield FieldProblem("host", "Skopeo does not accept an IPv6 address. Write the registry's name.")
    if host and not re.search(r"[.:]", host) and host != "localhost":
        yield FieldProblem(
            "host", "Write the registry's full name, with a dot or a port: skopeo reads this as a user of Docker Hub."
        )
    if colon and not (_PORT.fullmatch(port) and int(port) <= MAX_PORT):
        message = f"The port must be a number from 1 to {MAX_PORT}. Write the host as HOST or HOST:PORT."
        yield FieldProblem("host", message, "" if ":" in port else name)
    if any(not 0 < len(label) <= _MAX_LABEL for label in name.split(".")):
        message = f"Each part of a host name has 1 to {_MAX_LABEL} characters, and there is no dot at the end."
        yield FieldProblem("host", message, host.rstrip(".") if host.endswith(".") else "")
    if _ENDS_IN_NUMBER.fullmatch(name) and not _is_ipv4(name):
        yield FieldProblem(
            "host", "This is not a valid IPv4 address: it needs four numbers from 0 to 255, without leading zeros."
        )
    if host in _SITES:
        yield FieldProblem("host", f"{host} is not a registry. Its registry is {_SITES[host]}.", _SITES[host])
    if host in HUB_NAMES:
        yield FieldProblem("host", "Write Docker Hub's registry as docker.io.", "docker.io")


def doubt_host(host: str) -> FieldProblem | None:
    """Return what is odd about a host that could all the same be meant."""
    if _bare(host).partition(":")[0].lower() != "localhost":
        return None
    said = (
        "In Epinio's server and in the export job, localhost is the Pod itself. Write the name by which the cluster "
        "reaches the registry."
    )
    return FieldProblem("host", said)


def _bare(host: str) -> str:
    """Return the host without scheme, account and path; the site of a known registry as that registry."""
    bare = SCHEME.sub("", host).partition("/")[0].rpartition("@")[2]
    return "docker.io" if bare in HUB_NAMES else _SITES.get(bare, bare)


def _is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def check_organization(organization: str) -> FieldProblem | None:
    if len(organization) > MAX_ORGANIZATION:
        return FieldProblem("organization", f"An organization has at most {MAX_ORGANIZATION} characters.")
    if {"", ".", ".."} & set(organization.split("/")):
        message = "An organization has no empty parts and no parts that are only dots: write team, or platform/team."
        return FieldProblem("organization", message, as_path(organization))
    return None


def check_target(host: str, organization: str, rules: Snapshot) -> tuple[FieldProblem | None, Judgement | None]:
    """Return the first trap in host and organization, and the judgment of both where their spelling lets one be made."""
    if not host:
        return None, None
    trap = check_host(host) or (check_organization(organization) if organization else None)
    return (trap, None) if trap else judge_target(host, organization, rules)


def target_problems(host: str, organization: str, rules: Snapshot) -> list[FieldProblem]:
    """Return what is wrong with host and organization, one problem for each: a wrong host hides no wrong organization."""
    trap, _ = check_target(host, organization, rules)
    found = [trap] if trap and (organization or trap.field == "host") else []
    if organization and not any(one.field == "organization" for one in found) and (found or not host):
        below = check_organization(organization) or judge_target(_SOUND_HOST, organization, rules)[0]
        found += [below] if below and below.field == "organization" else []
    return found


def judge_target(host: str, organization: str, rules: Snapshot) -> tuple[FieldProblem | None, Judgement]:
    """Judge host and organization together, and say which of them is to blame if an export would fail."""
    judgement = preview(host, organization, rules)
    failed = next((check for check in judgement.checks if not check.ok), None)
    if failed is None:
        doubtful = next((one for one in judgement.warnings if one.code == "hub-two-levels"), None)
        return (FieldProblem("organization", f"{doubtful.message} {doubtful.fix}") if doubtful else None), judgement
    alone = preview(host, "team", rules)
    blamed = "host" if any(not check.ok for check in alone.checks) else "organization"
    suggestion = "" if blamed == "host" else as_path(organization, host)
    return FieldProblem(blamed, f"{failed.message} {failed.fix}", suggestion), judgement


def as_path(organization: str, host: str = "") -> str:
    """Return the path that an organization was probably meant to be; empty where nothing of it can stay.

    Below a registry of Google's, the colon of a domain-scoped project (`example.com:payments`) is written as a slash.
    """
    if presets.of_host(_bare(host)) is presets.BY_KEY["artifact-registry"]:
        organization = _DOMAIN_SCOPED.sub(r"\1/\2", organization, count=1)
    parts = (re.sub("[^a-z0-9._-]+", "-", part.lower()).strip("-._") for part in organization.split("/"))
    return "/".join(part for part in parts if part)


def check_username(username: str) -> FieldProblem | None:
    if ":" in username:
        return FieldProblem(
            "username", "Helm rejects a user name with a colon. Some registries offer a robot account instead."
        )
    if any(one.certain for one in suspects.suspects(username.strip())):
        return FieldProblem(
            "username", "This is what a page shows instead of a user name. Type or paste the user name itself."
        )
    bare = username.strip()
    if username != bare or not username.isprintable():
        message = "The user name has leading or trailing spaces, or contains a control character."
        return FieldProblem("username", message, bare if bare.isprintable() else "")
    return None


def check_credentials(username: str, password: str, host: str, *, now: datetime) -> Iterator[FieldProblem]:
    """Yield what is odd about an account and could all the same be meant: each is a question, which can be confirmed.

    `host` may be empty where it is not known; `now` is aware. Spaces at the ends are another question.
    """
    for field, label, text in (("username", "user name", username), ("password", "password", password)):
        for one in suspects.suspects(text.strip()):
            if not one.certain:
                yield FieldProblem(field, f"The {label} {one.clause}. {_CONFIRM}")
    for caution in tokens.about_robot(username, host):
        mended = tokens.repair_robot_name(username, host)
        yield FieldProblem(
            "username", f"{caution.message} {caution.fix} {_CONFIRM}", mended if mended != username else ""
        )
    for caution in tokens.about_lifetime(username, password, host=host, now=now, stated=True):
        if caution.code == "token-expired":
            yield FieldProblem("password", f"{caution.message} {_CONFIRM}")


def check_expiry(stated: date | None, now: datetime) -> FieldProblem | None:
    """Ask about a day in the past; `now` is aware."""
    if stated is None or stated >= now.date():
        return None
    return FieldProblem("expires_on", f"{stated} is in the past. Is it right? Correct it, or confirm it below.")


def check_password(password: str, *, choice: str) -> FieldProblem | None:
    """Ask about spaces at either end; `choice` is the answer: keep, remove or nothing yet."""
    if password != password.strip() and choice not in {"keep", "remove"}:
        return FieldProblem(
            "password",
            "The password has leading or trailing spaces or line breaks. Choose below whether they are part of "
            "it, and type it again.",
        )
    if choice == "remove" and password and not password.strip():
        return FieldProblem("password", "The password consists only of spaces, so nothing would remain. Type it again.")
    if any(one.certain for one in suspects.suspects(password.strip())):
        return FieldProblem(
            "password", "This is what a page shows instead of a password. Type or paste the password itself."
        )
    if "\x00" in password:
        return FieldProblem("password", "The password contains a NUL character, where skopeo would cut it off.")
    return None
