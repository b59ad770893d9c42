"""The provider's discovery document: its addresses and its keys, cached for a while, and its troubles for a moment."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from destinations.livecheck.deadline import Deadline
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc import transport
from edrportal.signin.oidc.provider import Provider
from edrportal.signin.oidc.reasons import OidcTrouble, Reason

_T = TypeVar("_T")
_SECONDS = 600.0
_TROUBLE_SECONDS = 5.0
_RENEWAL_SECONDS = 10.0
_KEY_TYPES: dict[str, type[RSAKey | ECKey]] = {"RSA": RSAKey, "EC": ECKey}
_RSA_2048 = 342  # characters in the base64 of a modulus of that many bits


@dataclass(frozen=True, slots=True)
class Addresses:
    """`authorization` is for the browser, the others for the portal; `names_itself`: it sends `iss` (RFC 9207)."""

    authorization: str
    token: str
    keys: str
    names_itself: bool = False


@dataclass(slots=True)
class _Entry(Generic[_T]):
    """The last answer and the last trouble with their times; the lock is held by the caller who asks."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    answer: _T | None = None
    answered_at: float = -math.inf
    trouble: Reason | None = None
    troubled_at: float = -math.inf
    renewed_at: float = -math.inf

    def refresh(self, ask: Callable[[], _T]) -> _T:
        self.trouble = None
        try:
            answer = ask()
        except OidcTrouble as trouble:
            self.trouble, self.troubled_at = trouble.reason, monotonic()
            raise
        self.answer, self.answered_at = answer, monotonic()
        return answer


class _Cache(Generic[_T]):
    """Answers by key, safe for threads: one caller asks, and the others wait for what it hears."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, ...], _Entry[_T]] = {}

    def clear(self) -> None:
        with self._lock:
            self._entries = {}

    def get(
        self,
        key: tuple[str, ...],
        ask: Callable[[], _T],
        deadline: Deadline,
        *,
        seconds: float,
        renew: bool = False,
    ) -> _T:
        """Return an answer not older than the seconds, or renewed every ten seconds at most. Raises OidcTrouble."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
        try:
            is_free = entry.lock.acquire(timeout=deadline.remaining())
        except TimeoutError:
            is_free = False
        if not is_free:
            raise OidcTrouble(*why.SLOW)
        try:
            now = monotonic()
            if entry.trouble and now - entry.troubled_at < _TROUBLE_SECONDS:
                raise OidcTrouble(*entry.trouble)
            if renew and now - entry.renewed_at >= _RENEWAL_SECONDS:
                entry.renewed_at = now
            elif entry.answer is not None and now - entry.answered_at < seconds:
                return entry.answer
            return entry.refresh(ask)
        finally:
            entry.lock.release()


_addresses: _Cache[Addresses] = _Cache()
_keys: _Cache[KeySet] = _Cache()


def forget() -> None:
    _addresses.clear()
    _keys.clear()


def addresses(provider: Provider, deadline: Deadline, *, seconds: float = _SECONDS) -> Addresses:
    """Return the provider's addresses, at most so many seconds old. Raises OidcTrouble."""
    key = (provider.issuer, provider.endpoint, provider.ca_file)
    return _addresses.get(key, lambda: _discovered(provider, deadline), deadline, seconds=seconds)


def keys(provider: Provider, url: str, deadline: Deadline, *, renew: bool = False) -> KeySet:
    """Return the keys that may have signed a token; `renew` after one that is none of them. Raises OidcTrouble."""
    key = (url, provider.ca_file)
    return _keys.get(key, lambda: _key_set(provider, url, deadline), deadline, seconds=_SECONDS, renew=renew)


def _discovered(provider: Provider, deadline: Deadline) -> Addresses:
    url = f"{provider.back_channel}/.well-known/openid-configuration"
    if not _is_web(provider.issuer) or not _is_web(url):
        raise OidcTrouble(*why.ADDRESS)
    document = transport.get(provider, url, deadline, unusable=why.NO_DISCOVERY)
    names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    issuer, authorization, token, key_set = (document.get(name) for name in names)
    if not all(isinstance(value, str) for value in (issuer, authorization, token, key_set)):
        raise OidcTrouble(*why.NO_DISCOVERY)
    if issuer != provider.issuer:
        raise OidcTrouble(*why.OTHER_ISSUER)
    return Addresses(
        _for_browser(provider, str(authorization)),
        _for_portal(provider, str(token)),
        _for_portal(provider, str(key_set)),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _for_browser(provider: Provider, url: str) -> str:
    """Return the address below the issuer: what answers at the endpoint must not send browsers anywhere else."""
    moved = _moved(url, provider.back_channel, provider.issuer) or url
    if not _is_web(moved) or _moved(moved, provider.issuer, "") is None:
        raise OidcTrouble(*why.ELSEWHERE)
    return moved


def _for_portal(provider: Provider, url: str) -> str:
    """Return the address at the endpoint; one that is not the issuer's stays, but never gives up TLS."""
    moved = _moved(url, provider.issuer, provider.back_channel) or url
    if not _is_web(moved) or (moved == url and provider.issuer.startswith("https:") and not url.startswith("https:")):
        raise OidcTrouble(*why.ELSEWHERE)
    return moved


def _moved(url: str, old: str, new: str) -> str | None:
    base = old.rstrip("/") + "/"
    return f"{new.rstrip('/')}/{url.removeprefix(base)}" if url.startswith(base) else None


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and not parts.fragment


def _key_set(provider: Provider, url: str, deadline: Deadline) -> KeySet:
    listed = transport.get(provider, url, deadline, unusable=why.NO_KEYS).get("keys")
    usable = [key for item in (listed if isinstance(listed, list) else []) if (key := _key(item))]
    if not usable:
        raise OidcTrouble(*why.NO_KEYS)
    return KeySet(list(usable))


def _key(item: Any) -> RSAKey | ECKey | None:  # noqa: ANN401 - anything that JSON holds
    """Return a public key that signs; the others of a set do no harm (RFC 7517, 5)."""
    kind = _KEY_TYPES.get(str(item.get("kty"))) if isinstance(item, dict) else None
    if kind is None or item.get("use", "sig") != "sig" or (kind is RSAKey and len(str(item.get("n"))) < _RSA_2048):
        return None
    try:
        return kind.import_key(item)
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, LookupError):
        return None
