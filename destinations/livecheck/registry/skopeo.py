"""skopeo's view of a registry: it reads the challenge of `/v2/` once, then pushes the image with what `auth` holds.

Mirrors containers/image docker/docker_client.go (detectProperties, setupRequestAuth) and docker_image_dest.go
(PutBlobWithOptions). It has no login of its own: a password is first proven by the token, or by the first request.
"""

from __future__ import annotations

from destinations.livecheck.registry import challenge as challenges
from destinations.livecheck.registry import uploads
from destinations.livecheck.registry.challenge import Scheme
from destinations.livecheck.registry.port import CheckStopped, Code
from destinations.livecheck.registry.session import OK, RegistrySession


def log_in(session: RegistrySession) -> tuple[Code, bool | None]:
    challenge = challenges.for_skopeo(session.first.all("WWW-Authenticate"))
    if challenge is None and session.first.status == OK:
        return Code.NOT_CHECKED, None
    if challenge is None:
        raise CheckStopped(Code.WANTS_OTHER)
    if challenge.scheme is Scheme.BASIC:
        session.show_basic()
    else:
        session.token = session.push_token(challenge)
    return (Code.NO_CREDENTIALS, None) if session.credentials.is_anonymous else (Code.LOGGED_IN, True)


def push(session: RegistrySession) -> Code:
    blob = f"/v2/{session.leg.repository}/blobs/{uploads.NOWHERE}"
    if session.token:
        return session.may_push(session.token, blob)
    uploads.check_lookup(session.ask("HEAD", blob))
    code = session.prove()
    return Code.MAY_PUSH_ANONYMOUSLY if code is Code.MAY_PUSH and not session.authorization else code
