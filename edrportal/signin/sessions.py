"""The keys of the settings, for what the sign-in signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer

from destinations.cluster.config_maps import update
from destinations.cluster.port import ConfigMaps
from destinations.model import Secret
from destinations.names import SESSIONS_CONFIG_MAP
from destinations.secret.keys import SigningKeys
from edrportal.configuration.environment import NO_KEY
from edrportal.signin.users import User


def signing_keys() -> SigningKeys:
    """Return the keys of the settings; none where there is no key."""
    present = "" if settings.SECRET_KEY == NO_KEY else settings.SECRET_KEY
    return SigningKeys(present, tuple(settings.SECRET_KEY_FALLBACKS))


MAX_BYTES = 3800
"""Browsers drop a cookie of more than about 4 KiB without a word."""
_SALT = "edrportal.session"
_SKEW_SECONDS = 60
_RENEW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in by which provider, since when; `matched` are role ids by the groups of a single sign-on."""

    subject: str
    provider: str
    begun: int
    active: int
    fingerprint: str = field(repr=False)
    matched: tuple[str, ...] = ()
    id: str = field(default="", repr=False)


def begin(user: User, provider: str, now: datetime, *, after: int = 0, matched: Sequence[str] = ()) -> Session:
    """Return a new session; it begins later than `after`, when this person's sessions were last ended."""
    begun = max(int(now.timestamp() * 1000), after + 1)
    print_ = fingerprint(user)
    return Session(user.username, provider, begun, int(now.timestamp()), print_, tuple(matched), token_urlsafe(9))


def encode(session: Session) -> str:
    """Return the cookie's value. Raises ValueError where too many or too long roles do not fit into one."""
    text = Signer(salt=_SALT).sign_object(
        {
            "s": session.subject,
            "p": session.provider,
            "b": session.begun,
            "a": session.active,
            "f": session.fingerprint,
            "r": list(session.matched),
            "i": session.id,
        }
    )
    if len(text) > MAX_BYTES:
        raise ValueError("The session does not fit into a cookie.")
    return text


def decode(text: str, now: datetime) -> Session | None:
    """Return the session of a cookie; None for one that is forged, cut, idle for too long, too old or of the future."""
    session = signed(text, now)
    return session if session and _is_within(now, session.active, settings.ENVIRONMENT.idle_minutes * 60) else None


def signed(text: str, now: datetime) -> Session | None:
    """Return the session as `decode` does, but an idle one, too: it lets nobody in, and is enough to sign out."""
    session = _read(text)
    hours = settings.ENVIRONMENT.session_hours
    return session if session and _is_within(now, session.begun / 1000, hours * 3600) else None


def _is_within(now: datetime, begun: float, seconds: int) -> bool:
    return -_SKEW_SECONDS <= now.timestamp() - begun <= seconds


def _read(text: str) -> Session | None:
    if len(text) > MAX_BYTES:
        return None
    try:
        fields: dict[str, Any] = Signer(salt=_SALT).unsign_object(text)
        return Session(
            str(fields["s"]),
            str(fields["p"]),
            int(fields["b"]),
            int(fields["a"]),
            str(fields["f"]),
            tuple(map(str, fields["r"])),
            str(fields["i"]),
        )
    except (BadSignature, ValueError, KeyError, TypeError, RecursionError):
        return None


def renewed(session: Session, now: datetime) -> Session | None:
    """Return the session with this moment as the last activity, None where that is noted recently enough."""
    seconds = int(now.timestamp())
    return replace(session, active=seconds) if seconds - session.active >= _RENEW_SECONDS else None


def fingerprint(user: User) -> str:
    """Return the keyed hash of the Secret's uid, the password's hash, the roles, and the single sign-on's mapping and client."""
    return signing_keys().digest("fingerprint", _described(user))


def is_of(session: Session, user: User) -> bool:
    return signing_keys().is_digest(session.fingerprint, "fingerprint", _described(user))


def _described(user: User) -> str:
    roles = sorted({role.full_id for role in user.roles})
    described = (user.uid, user.password_hash, roles, user.mapping)
    return repr((*described, user.client) if user.client else described)


_PURPOSE = "revocation"


def ended_at(config_maps: Iterable[Secret], subject: str) -> int:
    """Return the moment up to which this person's sessions are void, 0 for never."""
    found = next((one for one in config_maps if one.name == SESSIONS_CONFIG_MAP), None)
    if found is None:
        return 0
    entries = _entries(found.data)
    return max(entries.get(key, 0) for key in signing_keys().digests(_PURPOSE, subject))


def is_void(config_maps: Iterable[Secret], session: Session) -> bool:
    return session.begun <= ended_at(config_maps, session.subject)


def end(config_maps: ConfigMaps, session: Session, now: datetime) -> None:
    """End every session of this person. Raises the port's errors where that is not certain."""
    until = max(int(now.timestamp() * 1000), session.begun)
    key = signing_keys().digest(_PURPOSE, session.subject)

    def noted(old: Mapping[str, str]) -> Mapping[str, str] | None:
        entries = _entries({name: value.encode() for name, value in old.items()})
        if entries.get(key, 0) >= until:
            return None
        return {name: str(value) for name, value in {**_young(entries, now), key: until}.items()}

    update(config_maps, SESSIONS_CONFIG_MAP, noted)


def _entries(data: Mapping[str, bytes]) -> dict[str, int]:
    return {key: int(value) for key, value in data.items() if value.isdigit() and len(value) < 20}  # noqa: PLR2004


def _young(entries: Mapping[str, int], now: datetime) -> dict[str, int]:
    oldest = (now.timestamp() - settings.ENVIRONMENT.session_hours * 3600) * 1000
    return {key: value for key, value in entries.items() if value > oldest}
