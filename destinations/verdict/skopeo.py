"""Which credentials skopeo finds for an image in the `.dockerconfigjson` that Epinio hands it.

Mirrors containers/image pkg/docker/config/config.go: findCredentialsInFile and decodeDockerAuth.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from destinations.golang import gobase64
from destinations.golang.gojson import Value
from destinations.golang.gostrings import GoError, quote
from destinations.verdict.parsing import field_name, members
from destinations.verdict.references import Reference


@dataclass(frozen=True, slots=True)
class Login:
    """What skopeo pushes with; an identity token goes first."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def anonymous(self) -> bool:
        """Whether skopeo would push without any credentials: half of a pair is none to a token server."""
        return not (self.identity_token or (self.username and self.password))


def find_login(document: Value, image: Reference) -> Login:
    """Return the credentials for an image. Raises GoError where skopeo cannot read the file or the entry."""
    name = f"{image.host}/{image.repository}" if image.host else image.repository
    registry = name.partition("/")[0]
    entries, helpers = _read(document)
    if registry in helpers:
        program = quote(f"docker-credential-{helpers[registry]}")
        raise GoError(f"error getting credentials - err: exec: {program}: executable file not found in $PATH, out: ``")
    key = next((key for key in _lookup_order(name) if key in entries), None)
    if key is None:
        wanted = _normal(registry)
        key = next((key for key in entries if _normal_key(key) == wanted), None)
    return Login() if key is None else _decode(entries[key])


def _read(document: Value) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return the entries and the helpers as Go's struct gets them: names without regard to case, maps merged."""
    entries: dict[str, dict[str, str]] = {}
    helpers: dict[str, str] = {}
    for name, section in members(document):
        if field_name(name) == "auths":
            entries = {} if section is None else {**entries, **{key: _entry(value) for key, value in members(section)}}
        elif field_name(name) == "credhelpers":
            helpers = {} if section is None else {**helpers, **{key: _helper(value) for key, value in members(section)}}
    return entries, helpers


def _entry(value: Value) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, member in members(value):
        name = field_name(key)
        if name not in {"auth", "identitytoken"} or member is None:
            continue
        if not isinstance(member, str):
            raise GoError(f"reading JSON file: json: the field {name} is no string")
        found[name] = member
    return found


def _helper(value: Value) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise GoError("reading JSON file: json: a value of credHelpers is no string")


def _lookup_order(name: str) -> list[str]:
    """Return the repository, then every path above it, down to the registry."""
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _normal_key(key: str) -> str:
    stripped = key.removeprefix("http://").removeprefix("https://")
    return _normal(stripped if stripped == key else stripped.partition("/")[0])


def _normal(registry: str) -> str:
    return "index.docker.io" if registry in {"registry-1.docker.io", "docker.io"} else registry


def _decode(entry: dict[str, str]) -> Login:
    pair = gobase64.decode_pair(entry.get("auth", ""))
    return Login(pair[0], pair[1].strip("\x00"), entry.get("identitytoken", "")) if pair else Login()
