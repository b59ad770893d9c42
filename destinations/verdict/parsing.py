"""Which rules apply: the version of Epinio, and what changed between versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from destinations.golang import gobase64, gojson
from destinations.golang.gojson import Number, Object, Value
from destinations.golang.gostrings import GoError
from destinations.model import Advice, EpinioVersion, Secret
from destinations.names import CONFIG_KEY, ORGANIZATION_ANNOTATION
from destinations.verdict import explanations
from destinations.verdict.explanations import EpinioError

NEWEST = EpinioVersion(1, 14, 1)
"""The newest version whose code these rules were compared with; newer ones are judged the same, and pages say so."""


def login_reads_auth(version: EpinioVersion | None) -> bool:
    """Return whether Epinio fills an empty user name or password from `auth` (internal/registry/registry.go, from 1.13.8)."""
    return version is None or version >= EpinioVersion(1, 13, 8)


FIELDS = ("auth", "username", "password")
_DOCUMENT = "Go value of type map[string]registry.aconfig"
_SECTION = "Go value of type registry.aconfig"
_ENTRY = "Go value of type registry.ContainerRegistryAuth"
_FIELD = "Go struct field ContainerRegistryAuth.{} of type string"
_KINDS = {bool: "bool", str: "string", Number: "number", list: "array", Object: "object"}


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """The one entry of `auths`: the host key, and the fields that Epinio reads, empty where they are missing."""

    host_key: str = field(repr=False)
    auth: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """A `.dockerconfigjson` that is JSON, with the organization beside it. `document` may hold passwords."""

    organization: str
    document: Value = field(repr=False)


def read_config(secret: Secret) -> Config:
    """Return the organization and the JSON document. Raises EpinioError."""
    if ORGANIZATION_ANNOTATION not in secret.annotations:
        raise EpinioError(f"missing annotation '{ORGANIZATION_ANNOTATION}'", explanations.NO_ORGANIZATION)
    if CONFIG_KEY not in secret.data:
        raise EpinioError(f"missing key `{CONFIG_KEY}`", explanations.NO_CONFIG)
    try:
        return Config(secret.annotations[ORGANIZATION_ANNOTATION], gojson.parse_once(secret.data[CONFIG_KEY]))
    except GoError as error:
        explanation = explanations.of_no_json(secret.data[CONFIG_KEY])
        raise EpinioError(str(error), explanation, exact=False) from None


class Reading:
    """One Secret, read once for all rules of its judgment; what cannot be read raises EpinioError when it is asked for."""

    def __init__(self, secret: Secret) -> None:
        self._config: Config | None = None
        self._url: str | None = None
        self._error: EpinioError | None = None
        try:
            self._config = read_config(secret)
            self._url = listed_url(self._config)
        except EpinioError as error:
            self._error = error

    @property
    def config(self) -> Config:
        if self._config is None and self._error:
            raise self._error
        return cast("Config", self._config)

    @property
    def url(self) -> str:
        if self._error:
            raise self._error
        return cast("str", self._url)


def listed_url(config: Config) -> str:
    """Return the URL that `epinio export-registries` prints. Raises EpinioError where Epinio skips the secret."""
    for problem in _lenient_problems(config.document):
        raise problem
    return f"{next(iter(_auths(config.document)))}/{config.organization}"


def read_entry(config: Config) -> RegistryEntry:
    """Return the entry as the export reads it, all entries as structs of three strings. Raises EpinioError."""
    for problem in _strict_problems(config.document):
        raise problem
    host_key, value = next(iter(_auths(config.document).items()))
    return RegistryEntry(host_key, **cast("dict[str, str]", dict(_fields(value))))  # what is no string is a problem


def effective_login(entry: RegistryEntry, *, reads_auth: bool) -> tuple[str, str]:
    """Return the user name and the password that Helm logs in with; `auth` fills in where one of them is empty."""
    if not reads_auth or (entry.username and entry.password) or not entry.auth:
        return entry.username, entry.password
    try:
        return gobase64.decode_pair(entry.auth) or (entry.username, entry.password)
    except GoError:
        return entry.username, entry.password


def _lenient_problems(document: Value) -> Iterator[EpinioError]:
    """Yield what Go cannot put into a map of free-form maps, in the document's order: it reports the first."""
    for section in _sections(document):
        if section is not None and not isinstance(section, dict):
            yield _mismatch(section, _SECTION, explanations.NOT_SECTIONS)
        else:
            yield from _unreadable_numbers(section)


def _strict_problems(document: Value) -> Iterator[EpinioError]:
    """Yield what Go cannot put into a map of maps of structs, in the document's order."""
    for section in _sections(document):
        if section is not None and not isinstance(section, dict):
            yield _mismatch(section, _SECTION, explanations.NOT_SECTIONS)
        for _, value in members(section):
            if value is not None and not isinstance(value, dict):
                yield _mismatch(value, _ENTRY, explanations.NOT_STRINGS)
            for name, member in _fields(value):
                if not isinstance(member, str):
                    yield _mismatch(member, _FIELD.format(name), explanations.NOT_STRINGS)


def _sections(document: Value) -> Iterator[Value]:
    """Yield all sections. Raises EpinioError where the document is neither an object nor null."""
    if document is not None and not isinstance(document, dict):
        raise _mismatch(document, _DOCUMENT, explanations.NOT_JSON)
    yield from (section for _, section in members(document))


def members(value: Value) -> list[tuple[str, Value]]:
    """Return all members of an object in the document's order, duplicates included; none of anything else."""
    if isinstance(value, Object):
        return value.pairs
    return list(value.items()) if isinstance(value, dict) else []


def _auths(document: Value) -> dict[str, Value]:
    sections = document if isinstance(document, dict) else {}
    if "auths" not in sections:
        raise EpinioError("missing key `auths` in `.dockerconfigjson`", explanations.NO_AUTHS)
    auths = sections["auths"]
    if not isinstance(auths, dict) or len(auths) != 1:
        count, why = ("more than one", explanations.SEVERAL_HOSTS) if auths else ("no", explanations.NO_HOST)
        raise EpinioError(f"{count} url found in `auths` in `.dockerconfigjson`", why)
    return auths


def _fields(value: Value) -> Iterator[tuple[str, Value]]:
    """Yield the fields that Go fills: names without regard to case; null leaves a field as it is."""
    for key, member in members(value):
        name = field_name(key)
        if name in FIELDS and member is not None:
            yield name, member


def field_name(key: str) -> str:
    """Return the key as Go folds it when it looks for a struct's field (encoding/json/fold.go)."""
    folded = key if key.isascii() else key.replace("\u017f", "s").replace("\u212a", "k")
    return folded.lower()


def _unreadable_numbers(section: Value) -> Iterator[EpinioError]:
    """Yield every number that does not fit a float64, in the document's order."""
    todo: list[Value] = [section]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += reversed([member for _, member in members(value)])
        elif isinstance(value, list):
            todo += reversed(value)
        elif isinstance(value, Number) and float(value.text) in {float("inf"), float("-inf")}:
            message = f"json: cannot unmarshal number {value.text} into Go value of type float64"
            yield EpinioError(message, explanations.HUGE_NUMBER, exact=False)


def _mismatch(value: Value, target: str, explanation: Advice) -> EpinioError:
    return EpinioError(f"json: cannot unmarshal {_KINDS[type(value)]} into {target}", explanation, exact=False)
