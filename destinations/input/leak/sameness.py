"""Which destinations have the same credentials at the same host: by keyed digests that exist in this process only."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from secrets import token_bytes

from destinations import names
from destinations.golang import gobase64, gojson
from destinations.golang.gojson import Value
from destinations.golang.gostrings import GoError
from destinations.input.imports.account import address
from destinations.input.leak.texts import encoded
from destinations.model import Secret
from destinations.secret import codec
from destinations.verdict.parsing import field_name, members

_TOKENS = {"identitytoken", "registrytoken"}
_State = tuple[str, str]
_MOST = 20_000


class AccountDigests:
    """The digests of each destination's credentials, computed once for each state of it. Safe for threads.

    The key is random, of this process, and never leaves it; nothing is written.
    """

    def __init__(self) -> None:
        self._key = token_bytes(32)
        self._known: dict[str, tuple[_State, frozenset[bytes]]] = {}

    def same_as(self, secret: Secret, others: Iterable[Secret]) -> list[str]:
        """Return the names of the other destinations that have an account in common with this one, sorted."""
        wanted = self._of(secret)
        return sorted(
            other.name
            for other in others
            if other.name != secret.name and codec.is_destination(other) and wanted & self._of(other)
        )

    def _of(self, secret: Secret) -> frozenset[bytes]:
        state = (secret.uid, secret.resource_version)
        kept = self._known.get(secret.name)
        if kept and kept[0] == state and all(state):
            return kept[1]
        found = frozenset(self._digest(*one) for one in _accounts(secret))
        if len(self._known) >= _MOST:
            self._known = {}
        self._known[secret.name] = (state, found)
        return found

    def _digest(self, *parts: str) -> bytes:
        each = (hmac.digest(self._key, encoded(part), "sha256") for part in parts)
        return hmac.digest(self._key, b"".join(each), "sha256")


def _accounts(secret: Secret) -> Iterator[tuple[str, str, str]]:
    """Yield host, user name and secret of each account in the configuration, as far as it can be read."""
    try:
        document = gojson.parse_once(secret.data.get(names.CONFIG_KEY, b""))
    except GoError:
        return
    for section, auths in members(document):
        if field_name(section) != "auths":
            continue
        for key, entry in members(auths):
            yield from ((_host(key), *pair) for pair in _pairs(entry))


def _host(key: str) -> str:
    return address(key)[0].lower().removesuffix(":443")


def _pairs(entry: Value) -> Iterator[tuple[str, str]]:
    held = {field_name(name): value for name, value in members(entry) if isinstance(value, str)}
    if held.get("username") and held.get("password"):
        yield held["username"], held["password"]
    try:
        pair = gobase64.decode_pair(held.get("auth", ""))
    except GoError:
        pair = None
    if pair and all(pair):
        yield pair
    yield from (("", held[name]) for name in _TOKENS if held.get(name))
