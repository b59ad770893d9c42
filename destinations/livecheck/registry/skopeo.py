"""skopeo's view of a registry: it reads the challenge of `/v2/` once, then pushes the image with what `auth` holds.

Mirrors containers/image docker/docker_client.go (detectProperties, setupRequestAuth) and docker_image_dest.go
(PutBlobWithOptions). It has no login of its own: a password is first proven by the token, or by the first request.
"""

from __future__ import annotations

from destinations.livecheck.registry import challenge as challenges
from destinations.livecheck.registry import uploads
from destinations.livecheck.registry.challenge import Scheme
from destinations.livecheck.registry.port import CheckStopped, Code
from destinations.livecheck.registry.visit import OK, Visit


def log_in(visit: Visit) -> tuple[Code, bool | None]:
    """Return what is known of the credentials. Raises CheckStopped."""
    asked = challenges.for_skopeo(visit.first.all("WWW-Authenticate"))
    if asked is None and visit.first.status == OK:
        return Code.NOT_CHECKED, None
    if asked is None:
        raise CheckStopped(Code.WANTS_OTHER)
    if asked.scheme is Scheme.BASIC:
        visit.show_basic()
    else:
        visit.token = visit.scoped_token(asked)
    return (Code.NO_CREDENTIALS, None) if visit.account.is_anonymous else (Code.LOGGED_IN, True)


def push(visit: Visit) -> Code:
    """Return how the right to push was proven. Raises CheckStopped."""
    blob = f"/v2/{visit.leg.repository}/blobs/{uploads.NOWHERE}"
    if visit.token:
        return visit.may_push(visit.token, blob)
    uploads.look(visit.ask("HEAD", blob))
    code = visit.prove()
    return Code.MAY_PUSH_ANONYMOUSLY if code is Code.MAY_PUSH and not visit.authorization else code
