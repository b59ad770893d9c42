"""Helm's view of a registry: it logs in at `/v2/`, then pushes the chart as whoever it logged in as.

Mirrors Helm 3.19 pkg/registry/client.go (Login, Push) with oras-go v2.6.2 (auth/client.go, registry/remote/repository.go).
"""

from __future__ import annotations

from destinations.livecheck.registry import challenge as challenges
from destinations.livecheck.registry import uploads
from destinations.livecheck.registry.challenge import Challenge, Scheme
from destinations.livecheck.registry.channel import RegistryAnswer
from destinations.livecheck.registry.port import CheckStopped, Code
from destinations.livecheck.registry.visit import FORBIDDEN, OK, PING, UNAUTHORIZED, Visit


def log_in(visit: Visit) -> tuple[Code, bool | None]:
    """Return how the login ends. Raises CheckStopped."""
    if visit.first.status == OK:
        return Code.NOT_CHECKED, None
    asked = _challenge(visit, visit.first)
    if asked.scheme is Scheme.BASIC:
        _show_basic(visit)
        return Code.LOGGED_IN, True
    visit.take_token(asked, *asked.scope.split())
    answer = visit.ask("GET", PING)
    answer.raise_for_trouble()
    if answer.status != OK:
        raise CheckStopped(Code.TOKEN_SERVICE_FAILS, detail={"status": str(answer.status)})
    return (Code.NO_CREDENTIALS, None) if visit.account.is_anonymous else (Code.LOGGED_IN, True)


def push(visit: Visit) -> Code:
    """Return how the right to push was proven. Raises CheckStopped."""
    manifest = f"/v2/{visit.leg.repository}/manifests/{uploads.NOWHERE}"
    if visit.first.status != OK:
        return _authorized(visit, visit.first, manifest)
    answer = visit.ask("HEAD", manifest)  # `/v2/` wanted nothing: Helm shows nothing until it is asked
    if answer.status == UNAUTHORIZED:
        return _authorized(visit, answer, manifest)
    uploads.look(answer)
    answer = visit.ask("PUT", uploads.invented(visit.leg.repository))
    if answer.status == UNAUTHORIZED:
        return _authorized(visit, answer, manifest)
    code = visit.prove()
    return Code.MAY_PUSH_ANONYMOUSLY if code is Code.MAY_PUSH else code


def _authorized(visit: Visit, answer: RegistryAnswer, manifest: str) -> Code:
    asked = _challenge(visit, answer)
    if asked.scheme is Scheme.BEARER:
        return visit.may_push(_token(visit, asked, manifest), manifest)
    _show_basic(visit)
    uploads.look(visit.ask("HEAD", manifest))
    return visit.prove()


def _token(visit: Visit, asked: Challenge, manifest: str) -> str:
    """Return a token for the push. Raises CheckStopped: CREATOR_FAILS where Helm's first look ends it.

    Helm 3.18 to 3.19.5 asks for pull alone before it looks for the manifest (pkg/registry/client.go has no scope hint).
    Where the repository does not exist, Quay refuses that token to a Creator and takes an admin's.
    """
    try:
        return visit.scoped_token(asked)
    except CheckStopped as stop:
        if stop.code is Code.WOULD_CREATE and visit.ask("HEAD", manifest).status in {UNAUTHORIZED, FORBIDDEN}:
            raise CheckStopped(Code.CREATOR_FAILS) from None
        raise


def _challenge(visit: Visit, answer: RegistryAnswer) -> Challenge:
    """Return what Helm answers. Raises CheckStopped where it gives up."""
    asked = challenges.for_helm(answer.all("WWW-Authenticate"))
    if asked is None:
        raise CheckStopped(Code.WANTS_OTHER)
    if asked.scheme is Scheme.BEARER and challenges.helm_refuses(asked.realm, visit.channel.approved.name):
        raise CheckStopped(Code.REALM_REFUSED, ok=None if visit.lenient else False)
    return asked


def _show_basic(visit: Visit) -> None:
    if visit.account.is_anonymous:
        raise CheckStopped(Code.NO_CREDENTIALS)
    if not (visit.leg.username and visit.leg.password):
        raise CheckStopped(Code.HALF_CREDENTIALS)
    visit.show_basic()
