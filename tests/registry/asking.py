"""A registry that answers as a test says and remembers who asked it for what; and the check that goes there."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from destinations.livecheck.registry.guard import Rules
from destinations.livecheck.registry.port import Code, Leg, Plan, Side, Step, Trust
from destinations.livecheck.registry.probe import NetworkRegistries
from tests.services.leaks import known
from tests.services.pki import LOOPBACK, Holder, issue
from tests.services.web import Handler, tls, web_server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from destinations.livecheck.registry.port import Report

USER, PASSWORD = "robot", known("canary-probe-8d20c4")
CANARY = "canary-of-the-server-51e7"
BASIC = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
CHART, IMAGE = "team/workspace-shop-chart", "team/workspace-shop-image"
ANY_PORT = Rules(ports=frozenset(range(1, 65536)), networks=(), allow_loopback=True)
DISTRIBUTION = {"Docker-Distribution-Api-Version": "registry/2.0"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    host: str = ""
    authorization: str = field(default="", repr=False)
    body: str = field(default="", repr=False)

    @property
    def where(self) -> str:
        return f"{self.method} {self.path.partition('?')[0]}"

    @property
    def is_upload(self) -> bool:
        return self.where.startswith("POST /v2/")

    @property
    def shows_password(self) -> bool:
        return self.authorization == BASIC or PASSWORD in self.body


Reply = tuple[int, dict[str, str], Any]


@dataclass(slots=True)
class Server:
    """Where it listens, and what it was asked."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)

    def seen(self, where: str = "") -> list[Asked]:
        return [one for one in self.asked if one.where.startswith(where)]

    @property
    def passwords(self) -> list[Asked]:
        return [one for one in self.asked if one.shows_password]


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA, and what servers by it need."""

    directory: Path
    ca: Holder = field(default_factory=lambda: issue("tests", ca=True))

    @property
    def trust(self) -> Trust:
        return Trust((self.ca.pem,), public=False)

    def context(self, *names: str) -> ssl.SSLContext:
        return tls(issue("server", by=self.ca, names=names or LOOPBACK), self.directory)


@contextmanager
def serving(says: Callable[[Asked], Reply], context: ssl.SSLContext, address: str = "127.0.0.1") -> Iterator[Server]:
    """Answer for as long as the block lasts."""
    server = Server()

    class Answers(Handler):
        def always(self) -> None:
            body = self.content().decode()
            headers = self.headers.get("Host", ""), self.headers.get("Authorization", "")
            asked = Asked(self.command, self.path, *headers, body)
            server.asked.append(asked)
            status, fields, content = says(asked)
            self.answer(status, content, **{name.replace("-", "_"): value for name, value in fields.items()})

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = always  # noqa: N815

    with web_server(Answers, context, address=address) as port:
        server.port = port
        yield server


def plan(port: int, trust: Trust, host: str = "127.0.0.1", **changed: Any) -> Plan:
    """Return what to ask there for both tools; `changed` are other fields of both legs."""
    leg = replace(Leg(f"{host}:{port}", CHART, USER, PASSWORD, trust=trust), **changed)
    return Plan("production", leg, replace(leg, repository=IMAGE), sees_all=True)


def check(asked: Plan, seconds: float = 5, rules: Rules = ANY_PORT, **kept: Any) -> Report:
    return NetworkRegistries(rules, seconds=seconds, **kept).check(asked)


def found(report: Report) -> list[tuple[Step, Side, Code, bool | None]]:
    return [(one.step, one.side, one.code, one.ok) for one in report.stages]


def code(report: Report, step: Step, side: Side) -> tuple[Code, bool | None] | None:
    """Return how a stage ended for a side, None where it was not reached."""
    return next(
        ((one.code, one.ok) for one in report.stages if one.step is step and one.side in {side, Side.BOTH}), None
    )


def jwt(repository: str, *actions: str) -> str:
    claims = {"access": [{"type": "repository", "name": repository, "actions": actions}]}
    return f"e30.{urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}.c2ln"


def wants(challenge: str) -> Reply:
    return 401, {"WWW-Authenticate": challenge, "X-Banner": CANARY}, {"errors": [{"code": CANARY}]}


OPEN: Reply = (200, DISTRIBUTION, {})
NOT_FOUND: Reply = (404, {}, {})


def basic(asked: Asked) -> Reply:
    """Answer as a registry with Basic authentication that is no distribution, so that an upload has to be opened."""
    if asked.authorization != BASIC:
        return wants('Basic realm="x"')
    if asked.is_upload:
        return 202, {"Location": f"{asked.path}1?_state=x"}, b""
    if asked.method == "DELETE":
        return 204, {}, b""
    return OPEN if asked.path == "/v2/" else NOT_FOUND


def with_tokens(token: Callable[[Asked], Reply], path: str = "/token") -> Callable[[Asked], Reply]:
    """Return a registry that is its own token service, and takes any token."""

    def says(asked: Asked) -> Reply:
        if asked.path.startswith(path):
            return token(asked)
        if not asked.authorization.startswith("Bearer "):
            return wants(f'Bearer realm="https://{asked.host}{path}",service="s"')
        return basic(replace(asked, authorization=BASIC))

    return says


def grants(asked: Asked) -> Reply:
    """Answer as a token service: whoever knows the password gets what is asked for."""
    if not asked.shows_password:
        return 401, {}, {"details": CANARY}
    repository = CHART if CHART.rpartition("/")[2] in asked.path else IMAGE
    return 200, {}, {"token": jwt(repository, "pull", "push")}
