"""What a repair changes, line by line, with everything masked that may be secret. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from destinations.acceptance import gojson
from destinations.acceptance.gojson import GoJSONError, Object
from destinations.acceptance.gostrings import quote
from destinations.docker_config import build
from destinations.names import CERTS_KEY, CONFIG_KEY, ORGANIZATION_ANNOTATION
from destinations.repairs.common import NEW_BUNDLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.model import Secret

MASK = "•••"
_MAX_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One place that changes: where, what stands there, what will; None for nothing."""

    where: str
    before: str | None
    after: str | None


def difference(old: Secret, new: Secret) -> tuple[Line, ...]:
    """Return what differs between a destination and the same one repaired."""
    return (
        *_lines("label ", old.labels, new.labels, _shown),
        *_lines("annotation ", old.annotations, new.annotations, _annotation),
        *_data(old, new),
    )


def _lines(prefix: str, old: Mapping[str, Any], new: Mapping[str, Any], show: Any) -> Iterator[Line]:  # noqa: ANN401 - maps of anything
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before != after:
            shown = (None if before is None else show(key, before)), (None if after is None else show(key, after))
            yield Line(prefix + key, shown[0], _other(shown[1]) if shown[0] == shown[1] else shown[1])


def _other(shown: str | None) -> str:
    return f"{shown} (another value)"


def _data(old: Secret, new: Secret) -> Iterator[Line]:
    kept = {key for key in {*old.data, *new.data} if key != CONFIG_KEY}
    yield from _lines(
        "",
        {key: old.data[key] for key in kept if key in old.data},
        {key: new.data[key] for key in kept if key in new.data},
        _value,
    )
    if old.data.get(CONFIG_KEY) != new.data.get(CONFIG_KEY):
        yield from _lines(f"{CONFIG_KEY} → ", _leaves(old), _leaves(new), lambda _, leaf: leaf[0])


def _shown(_key: str, value: str) -> str:
    return quote(value)


def _annotation(key: str, value: str) -> str:
    return quote(value) if key == ORGANIZATION_ANNOTATION else MASK


def _value(key: str, value: bytes) -> str:
    if key != CERTS_KEY:
        return MASK
    if value.decode("utf-8", "replace") == NEW_BUNDLE:
        return "a new certificate secret"
    return quote(value.decode("utf-8", "replace"))


def _leaves(secret: Secret) -> dict[str, tuple[str, object]]:
    """Return every member by its path: how it is shown, and what it is compared by."""
    if CONFIG_KEY not in secret.data:
        return {}
    try:
        document = gojson.parse(secret.data[CONFIG_KEY])
    except GoJSONError:
        return {"the whole text": (f"{MASK} (no JSON)", secret.data[CONFIG_KEY])}
    found: dict[str, tuple[str, object]] = {}
    auths = document.get("auths") if isinstance(document, Object) else None
    if isinstance(document, Object) and isinstance(auths, Object) and len(auths) == 1:
        ((host, entry),) = auths.items()
        found["host"] = (quote(masked_host(host)), host)
        _walk(entry, ("credentials",), found)
        document = build([(key, value) for key, value in document.items() if key != "auths"])
    _walk(document, (), found)
    found.pop("", None)  # an empty rest
    return found


def masked_host(host: str) -> str:
    """Return a host key without the password that may stand before an @."""
    before, at, after = host.rpartition("@")
    return f"{MASK}{at}{after}" if before else host


def _walk(value: object, path: tuple[str, ...], found: dict[str, tuple[str, object]]) -> None:
    if isinstance(value, Mapping) and value and len(path) < _MAX_DEPTH:
        for key, member in value.items():
            _walk(member, (*path, key), found)
    else:
        empty = isinstance(value, Mapping | list) and not value
        found[" → ".join(path)] = ("empty" if empty else MASK, value)
