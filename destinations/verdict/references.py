"""Where Helm and skopeo take a reference to point: ORAS' and the containers libraries' grammars.

Sources: oras-go v2 registry/reference.go, Helm 3.19 pkg/registry/reference.go, containers/image
docker/reference/{regexp,normalize,reference}.go, opencontainers/go-digest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from destinations.golang import goidna, gonet
from destinations.golang.gostrings import GoError, quote
from destinations.golang.gourl import is_authority

DOCKER_HUB = "docker.io"
_NAME_MAX = 255

_PART = (
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"  # ORAS and containers/image say [-]*: the same words, but slow to refuse
)
_PATH = rf"{_PART}(?:/{_PART})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?"  # no IPv6, unlike distribution's
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"

_REPOSITORY = re.compile(_PATH)
_TAG_ONLY = re.compile(_TAG)
_REFERENCE = re.compile(rf"((?:{_DOMAIN}/)?{_PATH})(?::({_TAG}))?(?:@({_DIGEST}))?")
_ANY_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class Reference:
    host: str
    repository: str


def parse_chart(raw: str) -> Reference:
    """Return what Helm makes of `HOST/PATH:VERSION`. Raises GoError in Helm's or ORAS' words."""
    base, digest = raw.rsplit("@", 1) if "@" in raw else (raw, "")
    reference, tag = _parse_oras(_plus_to_underscore(base))
    if not tag:  # Helm then asks ORAS again, with the digest it had cut off
        reference, _ = _parse_oras(f"{reference.host}/{reference.repository}@{digest}")
    return reference


def _plus_to_underscore(raw: str) -> str:
    tag = raw.rsplit(":", maxsplit=1)[-1] if ":" in raw else ""
    return raw.replace(tag, tag.replace("+", "_")) if tag and "/" not in tag else raw


def _parse_oras(artifact: str) -> tuple[Reference, str]:
    """Return the reference and its tag or digest, as ORAS' `registry.ParseReference` does."""
    host, slash, path = artifact.partition("/")
    if not slash:
        raise GoError("invalid reference: missing registry or repository")
    repository, at, suffix = path.partition("@")
    if at:
        repository = repository.partition(":")[0]
    else:
        repository, _, suffix = path.partition(":")
    if not is_authority(host):
        raise GoError(f"invalid reference: invalid registry {quote(host)}")
    if not _REPOSITORY.fullmatch(repository):
        raise GoError(f"invalid reference: invalid repository {quote(repository)}")
    if at and suffix:
        _check_digest(suffix)
    elif suffix and not _TAG_ONLY.fullmatch(suffix):
        raise GoError(f"invalid reference: invalid tag {quote(suffix)}")
    return Reference(host, repository), suffix


def _check_digest(digest: str) -> None:
    algorithm, colon, encoded = digest.partition(":")
    length = _DIGEST_LENGTHS.get(algorithm)
    if not (algorithm and colon and encoded):
        problem = "invalid checksum digest format"
    elif length is None:
        known = _ANY_DIGEST.fullmatch(digest)
        problem = "unsupported digest algorithm" if known else "invalid checksum digest format"
    elif len(encoded.encode("utf-8", "surrogateescape")) != length:
        problem = "invalid checksum digest length"
    elif not re.fullmatch("[a-f0-9]+", encoded):
        problem = "invalid checksum digest format"
    else:
        return
    raise GoError(f"invalid reference: invalid digest {quote(digest)}: {problem}")


def parse_image(raw: str) -> Reference:
    """Return what skopeo makes of `docker://RAW`, its domain normalized. Raises GoError in its words.

    The host is empty where the grammar finds no domain at all.
    """
    domain, remainder = _split_domain(raw)
    remote = remainder.partition(":")[0]
    if remote.lower() != remote:
        raise GoError("invalid reference format: repository name must be lowercase")
    whole = f"{domain}/{remainder}"
    match = _REFERENCE.fullmatch(whole)
    if not match:
        lower = _REFERENCE.fullmatch(whole.lower())
        raise GoError("repository name must be lowercase" if lower else "invalid reference format")
    named = re.fullmatch(rf"(?:({_DOMAIN})/)?({_PATH})", match[1])
    host, path = (named[1] or "", named[2]) if named else ("", match[1])
    if len(match[1]) > _NAME_MAX:
        raise GoError(f"repository name must not be more than {_NAME_MAX} characters")
    return Reference(host, path)


def _split_domain(name: str) -> tuple[str, str]:
    """Split off the domain; a first part that looks like none is a user of Docker Hub."""
    first, slash, rest = name.partition("/")
    if not slash:
        return DOCKER_HUB, f"library/{name}"
    is_domain = "." in first or ":" in first or first == "localhost"
    domain, remainder = (first, rest) if is_domain else (DOCKER_HUB, name)
    if domain == "index.docker.io":
        domain = DOCKER_HUB
    if domain == DOCKER_HUB and "/" not in remainder:
        remainder = f"library/{remainder}"
    return domain, remainder


_HUB_API = "registry-1.docker.io"
HUB = frozenset({"docker.io", "index.docker.io", _HUB_API})
"""All names of Docker Hub's registry."""

_HEADER = re.compile(r"[A-Za-z0-9!$%&'()*+,.:;=@\[\]_~-]*")
_ZONE = re.compile(r"^(\[[^\]%]*)%.*\]")


def api_host(host: str) -> str:
    """Return the host that ORAS talks to: Docker Hub's API is under a name of its own."""
    return _HUB_API if host == "docker.io" else host


def requested(host: str) -> str:
    """Return the host as a request of ORAS names it, the one that its credentials are looked up for."""
    host = api_host(host)
    return host.removesuffix(":") if host.rfind(":") > host.rfind("]") else host


def problem(asked: str) -> str:
    """Return in Go's words why no request can be sent to a host that was read as a URL's; empty where one can."""
    found = gonet.dial_problem(asked) if asked else "http: no Host in request URL"
    if not found:
        try:
            goidna.to_ascii(asked)
        except GoError as error:
            return str(error)
    return found


def sent(host: str) -> str:
    """Return the Host header of such a request: in ASCII, without an IPv6 zone; empty where it would be invalid."""
    ascii_host = goidna.to_ascii(host)
    if not _HEADER.fullmatch(ascii_host):
        return ""
    return _ZONE.sub(r"\1]", ascii_host)
