"""What a registry says at `/v2/` to whoever shows no credentials."""

from __future__ import annotations

from destinations.livecheck.registry import challenge as challenges
from destinations.livecheck.registry.challenge import Scheme
from destinations.livecheck.registry.channel import Answer, Channel
from destinations.livecheck.registry.guard import Approved
from destinations.livecheck.registry.places import led_to
from destinations.livecheck.registry.port import Code
from destinations.livecheck.registry.stops import Stop
from destinations.livecheck.registry.visit import OK, PING, UNAUTHORIZED

_REDIRECTS = range(300, 400)


def ask(channel: Channel) -> tuple[Code, Answer]:
    """Return what the registry wants, and its answer. Raises Stop for what is none."""
    answer = channel.ask("GET", PING)
    if answer.status in _REDIRECTS:
        raise _redirected(answer, channel.approved)
    answer.raise_for_trouble()
    if answer.status == UNAUTHORIZED:
        return _wanted(answer), answer
    if answer.status == OK and _is_registry(answer):
        return Code.WANTS_NOTHING, answer
    raise Stop(Code.NOT_A_REGISTRY, detail={"status": str(answer.status)})


def _wanted(answer: Answer) -> Code:
    found = challenges.for_skopeo(answer.all("WWW-Authenticate"))
    if found is None:
        raise Stop(Code.WANTS_OTHER)
    return Code.WANTS_BASIC if found.scheme is Scheme.BASIC else Code.WANTS_TOKEN


def _is_registry(answer: Answer) -> bool:
    """Say whether 200 came from a registry: it names the protocol, or answers in JSON (distribution's and OCI's API)."""
    kind = next(iter(answer.all("Content-Type")), "")
    return bool(answer.all("Docker-Distribution-Api-Version")) or kind.partition(";")[0].strip().lower() in {
        "application/json",
        "",
    }


def _redirected(answer: Answer, approved: Approved) -> Stop:
    """Return what follows of a redirect that the portal does not follow, and the tools do.

    Helm shows its credentials to no other origin; skopeo to none but hosts below the registry's own name (Go's net/http up
    to 1.23). Nobody asks for a push there without. What the same origin or such a host answers, nobody can know from here.
    """
    place = led_to(next(iter(answer.all("Location")), ""), PING, approved)
    stays, below = place.is_at(approved), place.host.endswith(f".{approved.name}")
    detail = {"status": str(answer.status)}
    return Stop(Code.REDIRECTS, ok=None if stays else False, ok_image=None if stays or below else False, detail=detail)
