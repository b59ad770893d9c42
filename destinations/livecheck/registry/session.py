"""One tool at one registry that has answered: what it sends, and push permission that a token shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from destinations.livecheck.registry import challenge as challenges
from destinations.livecheck.registry import uploads
from destinations.livecheck.registry.challenge import Challenge, Scheme
from destinations.livecheck.registry.channel import Channel, RegistryAnswer
from destinations.livecheck.registry.guard import Approved
from destinations.livecheck.registry.port import CheckStopped, Code, Leg, Side
from destinations.livecheck.registry.tokens import RegistryLogin, Tokens
from destinations.livecheck.registry.uploads import resolve_location

PING = "/v2/"
OK, UNAUTHORIZED, FORBIDDEN = 200, 401, 403


@dataclass(slots=True)
class CredentialCache:
    """What this registry accepted and rejected in this very check, by the header that carries it: none is sent twice."""

    accepted: set[str] = field(default_factory=set, repr=False)
    rejected: set[str] = field(default_factory=set, repr=False)


@dataclass(slots=True)
class RegistrySession:
    """One tool's requests; `first` is the registry's answer to `/v2/` without credentials."""

    side: Side
    leg: Leg = field(repr=False)
    channel: Channel
    first: RegistryAnswer
    tokens: Tokens
    cache: CredentialCache
    lenient: bool = False
    authorization: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """skopeo's, from the login to the push; its cache keeps it, too."""

    @property
    def credentials(self) -> RegistryLogin:
        leg = self.leg
        return RegistryLogin(leg.username, leg.password, leg.identity_token, named=self.side is Side.IMAGE)

    def ask(self, method: str, target: str) -> RegistryAnswer:
        return self.channel.ask(method, target, authorization=self.authorization)

    def show_basic(self) -> None:
        """Prove the password at `/v2/`, once for each. Raises CheckStopped."""
        self.authorization = header = self.credentials.basic
        self.check_cache(header)
        if header in self.cache.accepted:
            return
        answer = self.ask("GET", PING)
        answer.raise_for_trouble()
        if answer.status in {UNAUTHORIZED, FORBIDDEN}:
            self.cache.rejected.add(header)
            code = Code.NO_CREDENTIALS if self.credentials.is_anonymous else Code.WRONG_CREDENTIALS
            raise CheckStopped(code, detail={"status": str(answer.status)})
        if answer.status != OK:
            raise CheckStopped(Code.BAD_ANSWER, detail={"status": str(answer.status)})
        self.cache.accepted.add(header)

    def take_token(self, challenge: Challenge, *scopes: str) -> str:
        """Get a token and show it from now on. Raises CheckStopped.

        Who refuses a password that a token was given for refuses the permission, not the password.
        """
        credentials = self.credentials
        header = "" if credentials.identity_token else credentials.token_header
        self.check_cache(header)
        try:
            token = self.tokens.fetch(challenge, scopes, credentials)
        except CheckStopped as stop:
            if stop.code is Code.WRONG_CREDENTIALS and header:
                if header in self.cache.accepted:
                    detail = {"repository": self.leg.repository, **stop.detail}
                    raise CheckStopped(Code.MAY_NOT_PUSH, detail=detail) from None
                self.cache.rejected.add(header)
            raise
        self.cache.accepted.add(header)
        self.authorization = f"Bearer {token}"
        return token

    def check_cache(self, header: str) -> None:
        if header in self.cache.rejected:
            raise CheckStopped(Code.WRONG_CREDENTIALS)

    def may_push(self, token: str, target: str) -> Code:
        """Return MAY_PUSH or UPLOAD_LEFT; `target` is what the tool looks for first. Raises CheckStopped."""
        granted = challenges.may_push(token, self.leg.repository)
        if granted is False:
            raise CheckStopped(Code.MAY_NOT_PUSH)
        uploads.check_lookup(self.ask("HEAD", target))
        return Code.MAY_PUSH if granted else self.prove()

    def prove(self) -> Code:
        """Return how push permission was proven, by an upload only where nothing else tells. Raises CheckStopped."""
        answer = self.ask("PUT", uploads.nonexistent_upload_url(self.leg.repository))
        answer.raise_for_trouble()
        may_push = uploads.proves_push(answer)
        if may_push is False:
            raise CheckStopped(Code.MAY_NOT_PUSH, detail={"status": str(answer.status)})
        if may_push:
            return Code.MAY_PUSH
        upload = self.ask("POST", uploads.upload_url(self.leg.repository))
        return uploads.judge_upload(upload, self.ask, self.leg.repository, self.channel.approved)

    def push_token(self, challenge: Challenge) -> str:
        """Get a token for the push; where to ask might create the repository, only for one that is there. Raises CheckStopped."""
        repository = self.leg.repository
        if challenge.may_create and not self.credentials.is_anonymous:
            self.take_token(challenge, f"repository:{repository}:pull")
            if self.ask("GET", f"/v2/{repository}/tags/list?n=1").status != OK:
                raise CheckStopped(Code.WOULD_CREATE, ok=None)
        return self.take_token(challenge, f"repository:{repository}:pull,push")


_REDIRECTS = range(300, 400)


def ping(channel: Channel) -> tuple[Code, RegistryAnswer]:
    """Return what authentication the registry wants. Raises CheckStopped for what is no registry."""
    answer = channel.ask("GET", PING)
    if answer.status in _REDIRECTS:
        raise _explain_redirect(answer, channel.approved)
    answer.raise_for_trouble()
    if answer.status == UNAUTHORIZED:
        return _authentication(answer), answer
    if answer.status == OK and _is_registry(answer):
        return Code.WANTS_NOTHING, answer
    raise CheckStopped(Code.NOT_A_REGISTRY, detail={"status": str(answer.status)})


def _authentication(answer: RegistryAnswer) -> Code:
    challenge = challenges.for_skopeo(answer.all("WWW-Authenticate"))
    if challenge is None:
        raise CheckStopped(Code.WANTS_OTHER)
    return Code.WANTS_BASIC if challenge.scheme is Scheme.BASIC else Code.WANTS_TOKEN


def _is_registry(answer: RegistryAnswer) -> bool:
    """Return whether 200 came from a registry: it names the protocol, or answers in JSON."""
    kind = next(iter(answer.all("Content-Type")), "").partition(";")[0].strip().lower()
    return bool(answer.all("Docker-Distribution-Api-Version")) or kind in {"application/json", ""}


def _explain_redirect(answer: RegistryAnswer, approved: Approved) -> CheckStopped:
    """Return what follows of a redirect that the portal does not follow, and the tools do.

    Helm shows its credentials to no other origin; skopeo to none but hosts below the registry's own name (Go's net/http up
    to 1.23). Nobody asks for a push there without. What the same origin or such a host answers is not known from here.
    """
    location = resolve_location(next(iter(answer.all("Location")), ""), PING, approved)
    stays, below = location.is_at(approved), location.host.endswith(f".{approved.name}")
    ok, ok_image = None if stays else False, None if stays or below else False
    return CheckStopped(Code.REDIRECTS, ok=ok, ok_image=ok_image, detail={"status": str(answer.status)})
