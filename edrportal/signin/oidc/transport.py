"""Asks the OpenID provider: bounded in time and size, over verified TLS, without redirects, by the stated proxy alone.

A timeout of requests holds for one read, and none holds for a name server. So each call runs in a thread of its own,
which the caller leaves behind when its time is over; a few of them at most may hang.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any, TypeVar
from urllib.parse import quote_plus

import requests
import urllib3
from authlib.integrations.requests_client import OAuth2Session, OAuthError
from requests import exceptions as failed
from requests.auth import HTTPBasicAuth

from destinations.livecheck.threads import Threads
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc.bounds import Bounded, Deadline
from edrportal.signin.oidc.model import Provider
from edrportal.signin.oidc.reasons import OidcTrouble, Reason

_TOKEN_ERRORS = {
    "invalid_grant": why.USED_CODE,
    "invalid_client": why.UNKNOWN_CLIENT,
    "unauthorized_client": why.UNKNOWN_CLIENT,
}
_REASONS: tuple[tuple[tuple[type[BaseException], ...], Reason], ...] = (
    ((failed.Timeout, urllib3.exceptions.ReadTimeoutError), why.SLOW),
    ((failed.InvalidURL, failed.InvalidSchema, failed.MissingSchema), why.ADDRESS),
    ((failed.ProxyError,), why.PROXY),
    ((failed.HTTPError, urllib3.exceptions.HTTPError), why.FAILING),
    ((failed.RequestException,), why.DOWN),
)
_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_threads = Threads(16)


def get(provider: Provider, url: str, deadline: Deadline, *, unusable: Reason) -> dict[str, Any]:
    """Return the JSON object at an address of the provider. Raises OidcTrouble, `unusable` for anything else there."""

    def ask(session: OAuth2Session) -> dict[str, Any] | None:
        answer = session.get(url, withhold_token=True)
        if answer.status_code >= requests.codes.server_error:
            raise OidcTrouble(*why.FAILING)
        return _object(answer) if answer.ok else None

    found = _asked(provider, deadline, ask)
    if found is None:
        raise OidcTrouble(*unusable)
    return found


def exchange(provider: Provider, url: str, code: str, code_verifier: str, deadline: Deadline) -> Mapping[str, Any]:
    """Return what the token endpoint gives for the code. Raises OidcTrouble."""

    def ask(session: OAuth2Session) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = session.fetch_token(
            url, grant_type="authorization_code", code=code, code_verifier=code_verifier, auth=_basic(provider)
        )
        return answer

    return _asked(provider, deadline, ask)


def _basic(provider: Provider) -> HTTPBasicAuth | None:
    """Return id and secret, encoded as RFC 6749, 2.3.1 wants it and Dex decodes it; Authlib leaves that out."""
    if not provider.client_secret:
        return None
    return HTTPBasicAuth(quote_plus(provider.client_id), quote_plus(provider.client_secret))


def _object(answer: requests.Response) -> dict[str, Any] | None:
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _asked(provider: Provider, deadline: Deadline, ask: Callable[[OAuth2Session], _T]) -> _T:
    """Return what a thread finds out in time. What went wrong there is raised here without its words or its frames."""
    try:
        return _threads.run(lambda: _answer(provider, deadline, ask), deadline.left)
    except BaseException as error:  # noqa: BLE001 - whatever the thread met
        reason, kind = _reason(error), type(error).__name__
    _log.warning("%s (%s)", reason.message, kind)
    raise OidcTrouble(*reason)


def _answer(provider: Provider, deadline: Deadline, ask: Callable[[OAuth2Session], _T]) -> _T:
    with _session(provider, deadline) as session:
        return ask(session)


def _session(provider: Provider, deadline: Deadline) -> OAuth2Session:
    _check_ca_file(provider.ca_file)
    session = OAuth2Session(provider.client_id, provider.client_secret, redirect_uri=provider.redirect_uri)
    session.trust_env = False  # no proxy, no .netrc and no CA bundle of the environment
    session.proxies = {"http": provider.proxy, "https": provider.proxy} if provider.proxy else {}
    session.verify = provider.ca_file or True
    session.headers["Accept-Encoding"] = "identity"
    for scheme in ("https://", "http://"):
        session.mount(scheme, Bounded(deadline))
    return session


def _check_ca_file(path: str) -> None:
    try:
        if path:
            SSLContext(PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ValueError):
        raise OidcTrouble(*why.CA_FILE) from None


def _reason(error: BaseException) -> Reason:
    """Return what to say about an error of requests, Authlib or the thread."""
    if isinstance(error, OidcTrouble):
        return error.reason
    if isinstance(error, TimeoutError):
        return why.SLOW
    if isinstance(error, OAuthError):
        return _TOKEN_ERRORS.get(str(error.error), why.REFUSED)
    if isinstance(error, failed.SSLError):
        return why.UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in str(error) else why.NO_TLS
    return next((reason for types, reason in _REASONS if isinstance(error, types)), why.NO_TOKEN)
