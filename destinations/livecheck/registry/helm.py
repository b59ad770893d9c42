"""Helm's view of a registry: it logs in at `/v2/`, then pushes the chart with the account of the login.

Mirrors Helm 3.19 pkg/registry/client.go (Login, Push) with oras-go v2.6.2 (auth/client.go, registry/remote/repository.go).
"""

from __future__ import annotations

from destinations.livecheck.registry import challenge as challenges
from destinations.livecheck.registry import uploads
from destinations.livecheck.registry.challenge import Challenge, Scheme
from destinations.livecheck.registry.channel import RegistryAnswer
from destinations.livecheck.registry.port import CheckStopped, Code
from destinations.livecheck.registry.session import FORBIDDEN, OK, PING, UNAUTHORIZED, RegistrySession


def log_in(session: RegistrySession) -> tuple[Code, bool | None]:
    if session.first.status == OK:
        return Code.NOT_CHECKED, None
    challenge = _challenge(session, session.first)
    if challenge.scheme is Scheme.BASIC:
        _show_basic(session)
        return Code.LOGGED_IN, True
    session.take_token(challenge, *challenge.scope.split())
    answer = session.ask("GET", PING)
    answer.raise_for_trouble()
    if answer.status != OK:
        raise CheckStopped(Code.TOKEN_SERVICE_FAILS, detail={"status": str(answer.status)})
    return (Code.NO_CREDENTIALS, None) if session.credentials.is_anonymous else (Code.LOGGED_IN, True)


def push(session: RegistrySession) -> Code:
    manifest = f"/v2/{session.leg.repository}/manifests/{uploads.NOWHERE}"
    if session.first.status != OK:
        return _authorized(session, session.first, manifest)
    answer = session.ask("HEAD", manifest)  # `/v2/` wanted nothing: Helm shows nothing until it is challenged
    if answer.status == UNAUTHORIZED:
        return _authorized(session, answer, manifest)
    uploads.check_lookup(answer)
    answer = session.ask("PUT", uploads.nonexistent_upload_url(session.leg.repository))
    if answer.status == UNAUTHORIZED:
        return _authorized(session, answer, manifest)
    code = session.prove()
    return Code.MAY_PUSH_ANONYMOUSLY if code is Code.MAY_PUSH else code


def _authorized(session: RegistrySession, answer: RegistryAnswer, manifest: str) -> Code:
    challenge = _challenge(session, answer)
    if challenge.scheme is Scheme.BEARER:
        return session.may_push(_token(session, challenge, manifest), manifest)
    _show_basic(session)
    uploads.check_lookup(session.ask("HEAD", manifest))
    return session.prove()


def _token(session: RegistrySession, challenge: Challenge, manifest: str) -> str:
    """Return a token for the push. Raises CheckStopped: CREATOR_FAILS where Helm's first look ends it.

    Helm 3.18 to 3.19.5 asks for pull alone before it looks for the manifest (pkg/registry/client.go has no scope hint).
    Where the repository does not exist, Quay refuses that token to a Creator and takes an admin's.
    """
    try:
        return session.push_token(challenge)
    except CheckStopped as stop:
        if stop.code is Code.WOULD_CREATE and session.ask("HEAD", manifest).status in {UNAUTHORIZED, FORBIDDEN}:
            raise CheckStopped(Code.CREATOR_FAILS) from None
        raise


def _challenge(session: RegistrySession, answer: RegistryAnswer) -> Challenge:
    challenge = challenges.for_helm(answer.all("WWW-Authenticate"))
    if challenge is None:
        raise CheckStopped(Code.WANTS_OTHER)
    if challenge.scheme is Scheme.BEARER and challenges.helm_refuses(challenge.realm, session.channel.approved.name):
        raise CheckStopped(Code.REALM_REFUSED, ok=None if session.lenient else False)
    return challenge


def _show_basic(session: RegistrySession) -> None:
    if session.credentials.is_anonymous:
        raise CheckStopped(Code.NO_CREDENTIALS)
    if not (session.leg.username and session.leg.password):
        raise CheckStopped(Code.HALF_CREDENTIALS)
    session.show_basic()
