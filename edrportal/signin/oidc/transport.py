"""Asks the OpenID provider: bounded in time and size, over verified TLS, without redirects, by the stated proxy alone.

A timeout of urllib3 holds for one read, and none holds for a name server. So each call runs in a thread of its own,
which the caller leaves behind when its time is over; a few of them at most may hang.
"""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

import certifi
import urllib3
from urllib3 import exceptions as failed
from urllib3.util.ssl_ import create_urllib3_context

from destinations.livecheck.deadline import Deadline
from destinations.livecheck.threads import Threads
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc.provider import Provider
from edrportal.signin.oidc.reasons import OidcTrouble, Reason

_MAX_BYTES = 256 * 1024
_CHUNK = 16 * 1024
_CONNECT_SECONDS, _READ_SECONDS = 2.0, 4.0
_REDIRECTS = range(300, 400)
_BAD_REQUEST, _SERVER_ERROR = 400, 500
_HEADERS = {"Accept": "application/json, */*;q=0.5", "Accept-Encoding": "identity", "User-Agent": "edrportal"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
_TOKEN_ERRORS = {
    "invalid_grant": why.USED_CODE,
    "invalid_client": why.UNKNOWN_CLIENT,
    "unauthorized_client": why.UNKNOWN_CLIENT,
}
_REASONS: tuple[tuple[tuple[type[BaseException], ...], Reason], ...] = (
    ((failed.NewConnectionError, failed.ProtocolError), why.DOWN),
    ((TimeoutError, failed.TimeoutError), why.SLOW),
    ((failed.LocationValueError,), why.ADDRESS),
    ((failed.ProxyError,), why.PROXY),
    ((failed.HTTPError,), why.FAILING),
    ((OSError,), why.DOWN),
)
_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_threads = Threads(16)


def get(provider: Provider, url: str, deadline: Deadline, *, unusable: Reason) -> dict[str, Any]:
    """Return the JSON object at an address of the provider. Raises OidcTrouble, `unusable` for anything else there."""

    def ask() -> dict[str, Any] | None:
        status, body = _exchanged(provider, url, deadline)
        return _object(body) if status < _BAD_REQUEST else None

    document = _in_time(deadline, ask)
    if document is None:
        raise OidcTrouble(*unusable)
    return document


def exchange(provider: Provider, url: str, code: str, code_verifier: str, deadline: Deadline) -> Mapping[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": provider.redirect_uri,
        "code": code,
        "code_verifier": code_verifier,
    }
    if not provider.client_secret:
        form["client_id"] = provider.client_id

    def ask() -> Mapping[str, Any]:
        _, body = _exchanged(provider, url, deadline, form=form)
        answer = _object(body)
        if answer is None:
            raise OidcTrouble(*why.NO_TOKEN)
        if "error" in answer:
            raise OidcTrouble(*_TOKEN_ERRORS.get(str(answer["error"]), why.REFUSED))
        int(answer.get("expires_in") or 0)  # what is not a number there is no token response (RFC 6749, 5.1)
        return answer

    return _in_time(deadline, ask)


def _basic(provider: Provider) -> dict[str, str]:
    """Return the header with id and secret, encoded as RFC 6749, 2.3.1 wants it and Dex decodes it; none for no secret."""
    if not provider.client_secret:
        return {}
    credentials = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}"
    return {"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"}


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _in_time(deadline: Deadline, ask: Callable[[], _T]) -> _T:
    """Return what a thread finds out in time. What went wrong there is raised here without its words or its frames."""
    try:
        return _threads.run(ask, deadline.remaining())
    except BaseException as error:  # noqa: BLE001 - whatever the thread met
        reason, kind = _reason(error), type(error).__name__
    _log.warning("%s (%s)", reason.message, kind)
    raise OidcTrouble(*reason)


def _exchanged(
    provider: Provider, url: str, deadline: Deadline, *, form: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    left = deadline.remaining()
    timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, left), read=min(_READ_SECONDS, left))
    request: dict[str, Any] = {
        "redirect": False,
        "retries": False,
        "preload_content": False,
        "timeout": timeout,
        "headers": _HEADERS,
    }
    if form is not None:
        request |= {"body": urlencode(form), "headers": {**_HEADERS, **_FORM, **_basic(provider)}}
    with _pool(provider) as pool, pool.request("POST" if form else "GET", url, **request) as answer:
        if answer.status in _REDIRECTS:
            raise OidcTrouble(*why.REDIRECTS)
        content = _content(answer, deadline)
    if answer.status >= _SERVER_ERROR:
        raise OidcTrouble(*why.FAILING)
    return answer.status, content


def _pool(provider: Provider) -> urllib3.PoolManager:
    """Take nothing from the environment: no proxy, no .netrc and no CA bundle."""
    context = create_urllib3_context()
    try:
        context.load_verify_locations(provider.ca_file or certifi.where())
    except (OSError, ValueError):
        raise OidcTrouble(*why.CA_FILE) from None
    if provider.proxy:
        return urllib3.ProxyManager(provider.proxy, proxy_ssl_context=context, ssl_context=context)
    return urllib3.PoolManager(ssl_context=context)


def _content(answer: urllib3.BaseHTTPResponse, deadline: Deadline) -> bytes:
    content = b""
    try:
        while chunk := answer.read1(_CHUNK, decode_content=True):
            content += chunk
            if len(content) > _MAX_BYTES:
                raise OidcTrouble(*why.TOO_LARGE)
            deadline.check()
    except failed.TimeoutError:
        raise
    except failed.HTTPError:
        raise OidcTrouble(*why.FAILING) from None
    return content


def _reason(error: BaseException) -> Reason:
    if isinstance(error, OidcTrouble):
        return error.reason
    if isinstance(error, failed.SSLError):
        return why.UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in str(error) else why.NO_TLS
    return next((reason for types, reason in _REASONS if isinstance(error, types)), why.NO_TOKEN)
