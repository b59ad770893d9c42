"""Asks the token service that a registry names, as Helm and skopeo do, and no oftener than it has to.

Mirrors oras-go v2.6.2 auth/client.go (fetchBearerToken) and containers/image docker_client.go (getBearerToken). Helm tries
OAuth2 by POST first and falls back; here GET comes first, and POST only where GET is not served, so that a wrong password
counts once against a lock.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from destinations.livecheck.registry import challenge as challenges
from destinations.livecheck.registry import guard
from destinations.livecheck.registry.challenge import Challenge
from destinations.livecheck.registry.channel import Channel, RegistryAnswer
from destinations.livecheck.registry.port import CheckStopped, Code
from destinations.livecheck.registry.uploads import path_of

Reach = Callable[[str], Channel]
Explain = Callable[[CheckStopped], CheckStopped]

_OK, _UNAUTHORIZED, _FORBIDDEN = 200, 401, 403
_NOT_SERVED = {400, 404, 405, 415, 501}


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """What a token is requested with; all three may be empty. `named` sends the user name as skopeo does."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    named: bool = False

    @property
    def is_anonymous(self) -> bool:
        return not (self.username or self.password or self.identity_token)

    @property
    def basic(self) -> str:
        raw = f"{self.username}:{self.password}".encode("utf-8", "surrogateescape")
        return f"Basic {b64encode(raw).decode()}"

    @property
    def token_header(self) -> str:
        """What a token service gets with a GET, empty for nothing; skopeo sends no half of user name and password."""
        shows = self.username and self.password if self.named else self.username or self.password
        return self.basic if shows else ""


class Tokens:
    """The token services of one check; `reach` opens a channel to a host, as the tool that asks would trust it."""

    def __init__(self, reach: Reach, explain: Explain = lambda stop: stop) -> None:
        self._reach = reach
        self._explain = explain

    def fetch(self, challenge: Challenge, scopes: tuple[str, ...], credentials: RegistryLogin) -> str:
        """Return a token. Raises CheckStopped: what the service says, or that the portal does not go there."""
        try:
            channel = self._reach(guard.parse_realm(challenge.realm))
        except CheckStopped as stop:
            raise _unreached(stop, challenge.realm) from None
        try:
            answer = self._get(channel, challenge, scopes, credentials)
            if answer.status in _NOT_SERVED and not credentials.named and credentials.username and credentials.password:
                form = _password_form(challenge, scopes, credentials)
                answer = channel.ask("POST", path_of(challenge.realm), form=form)
            return _token(answer, credentials)
        except CheckStopped as stop:
            failure = CheckStopped(Code.TOKEN_SERVICE_FAILS) if stop.code is Code.BAD_ANSWER else stop
            raise self._explain(failure) from None
        finally:
            channel.close()

    @staticmethod
    def _get(
        channel: Channel, challenge: Challenge, scopes: tuple[str, ...], credentials: RegistryLogin
    ) -> RegistryAnswer:
        if credentials.identity_token:
            return channel.ask("POST", path_of(challenge.realm), form=_refresh_form(challenge, scopes, credentials))
        query = [("account", credentials.username)] if credentials.named and credentials.username else []
        query += [("service", challenge.service)] if challenge.service else []
        query += [("scope", scope) for scope in scopes]
        return channel.ask("GET", _with(challenge.realm, query), authorization=credentials.token_header)


def _unreached(stop: CheckStopped, realm: str) -> CheckStopped:
    fails = not realm or stop.code in {Code.NO_SUCH_NAME, Code.NO_CONNECTION}
    return CheckStopped(Code.TOKEN_SERVICE_FAILS if fails else Code.REALM_REFUSED)


def _with(realm: str, query: list[tuple[str, str]]) -> str:
    parts = urlsplit(realm)
    whole = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *query], errors="surrogateescape")
    return path_of(urlunsplit(parts._replace(query=whole)))


def _password_form(challenge: Challenge, scopes: tuple[str, ...], credentials: RegistryLogin) -> Mapping[str, str]:
    form = {"grant_type": "password", "username": credentials.username, "password": credentials.password}
    return {**form, "service": challenge.service, "client_id": "oras-go", **_scope(scopes)}


def _refresh_form(challenge: Challenge, scopes: tuple[str, ...], credentials: RegistryLogin) -> Mapping[str, str]:
    form = {"grant_type": "refresh_token", "refresh_token": credentials.identity_token, "client_id": "containers/image"}
    return {**form, **({"service": challenge.service} if challenge.service else {}), **_scope(scopes)}


def _scope(scopes: tuple[str, ...]) -> Mapping[str, str]:
    return {"scope": " ".join(scopes)} if scopes else {}


def _token(answer: RegistryAnswer, credentials: RegistryLogin) -> str:
    detail = {"status": str(answer.status)}
    if answer.status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise CheckStopped(Code.NO_CREDENTIALS if credentials.is_anonymous else Code.WRONG_CREDENTIALS, detail=detail)
    answer.raise_for_trouble()
    try:
        document = json.loads(answer.body) if answer.status == _OK else None
    except (ValueError, RecursionError):
        document = None
    names = ("token", "access_token") if credentials.named else ("access_token", "token")
    values = [document.get(name) for name in names] if isinstance(document, dict) else []
    token = next((value for value in values if isinstance(value, str) and value), "")
    if not challenges.is_token(token):
        raise CheckStopped(Code.TOKEN_SERVICE_FAILS, detail=detail)
    return token
