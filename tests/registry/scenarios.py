"""What a destination may meet at its registry: each scenario with what Helm and skopeo really did when it was written."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from destinations.livecheck.registry.port import Outcome
from destinations.model import Credentials, Draft
from destinations.names import BUNDLE_KEY, CONFIG_KEY
from destinations.secret import codec
from tests.registry.world import CHARTS, IMAGES, READER, ROBOT
from tests.services.tools import LIMIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from destinations.model import Secret
    from tests.registry.world import World
    from tests.services.token_server import Account

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
NAME = "production"
_BUNDLE = f"{NAME}-ca"
_NO_CHALLENGE = "front-read-by-all"
STRANGER = replace(ROBOT, name="nobody")
FORGOTTEN = replace(ROBOT, password="not-this-one")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One destination and the server it names.

    `bundle` names the certificate in `tls.crt` (none: no certificate secret), `ca_crt` the one under a second key of
    the same secret, `own_root` the one that skopeo's image trusts by itself. `entry` changes fields of the credentials,
    None removes one. `chart` and `image` are what the tools do within `seconds`; one that still tries by then has
    failed. `check` is what the portal has to say where that is not the same: where nobody can know from here.
    """

    name: str
    server: str
    chart: Outcome
    image: Outcome
    account: Account = ROBOT
    organization: str = "platform"
    bundle: str = "root"
    ca_crt: str = ""
    own_root: str = ""
    host: str = "127.0.0.1"
    entry: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    check: tuple[Outcome, Outcome] | None = None
    newer: bool = False
    seconds: float = LIMIT_SECONDS

    @property
    def leaves(self) -> bool:
        """Whether an upload may stay open: the robot may not cancel it, or it is somewhere where nothing is sent."""
        return self.server == "opaque" or self.server.startswith("upload-")

    @property
    def expected(self) -> tuple[Outcome, Outcome]:
        """What the check has to say of chart and image: what the tools do, but where nobody can know."""
        return self.check or (self.chart, self.image)

    def secrets(self, world: World) -> dict[str, Secret]:
        """Return the destination's Secrets by name, as the portal writes them, then changed."""
        host = f"{self.host}:{world.server(self.server).port}"
        draft = Draft(NAME, host, self.organization, Credentials(self.account.name, self.account.password))
        certs = _BUNDLE if self.bundle else ""
        manifest = codec.authentication_secret(draft, namespace="epinio", certs=certs, stamps={})
        _edit(manifest, host, self.entry)
        found = [codec.read_secret(manifest)]
        if certs:
            found.append(self._certificates(world))
        return {secret.name: secret for secret in found}

    def roots(self, world: World) -> bytes:
        """Return what skopeo's image trusts by itself, where a certificate secret is mounted."""
        return world.certificates[self.own_root].pem if self.own_root else b""

    def _certificates(self, world: World) -> Secret:
        pem = world.certificates[self.bundle].pem
        manifest = codec.certificate_secret(_BUNDLE, namespace="epinio", bundle=pem, stamps={})
        if self.ca_crt:
            manifest["data"]["ca.crt"] = b64encode(world.certificates[self.ca_crt].pem).decode()
        assert BUNDLE_KEY in manifest["data"]
        return codec.read_secret(manifest)


def _edit(manifest: dict[str, Any], host: str, changes: Mapping[str, str | None]) -> None:
    secret = codec.read_secret(manifest)
    config = json.loads(secret.data[CONFIG_KEY])
    entry = {**config["auths"][host], **changes}
    config["auths"][host] = {key: value for key, value in entry.items() if value is not None}
    manifest["data"][CONFIG_KEY] = b64encode(json.dumps(config).encode()).decode()


def _auth(account: Account) -> str:
    return b64encode(f"{account.name}:{account.password}".encode()).decode()


def _account(server: str) -> list[Scenario]:
    """Return what is the same for every kind of authentication."""
    return [
        Scenario(f"right, {server}", server, PASS, PASS),
        Scenario(f"wrong password, {server}", server, FAIL, FAIL, account=FORGOTTEN),
        Scenario(f"wrong user, {server}", server, FAIL, FAIL, account=STRANGER),
        Scenario(f"no auth, {server}", server, PASS, FAIL, entry={"auth": None}),
        Scenario(f"stale auth, {server}", server, PASS, FAIL, entry={"auth": _auth(FORGOTTEN)}),
        Scenario(f"stale user name and password, {server}", server, FAIL, PASS, entry={"password": "not-this-one"}),
    ]


def _rights(server: str) -> list[Scenario]:
    """Return what needs a server that knows rights per repository."""
    return [
        Scenario(f"read-only, {server}", server, FAIL, FAIL, account=READER),
        Scenario(f"no right in the organization, {server}", server, FAIL, FAIL, organization="finance"),
        Scenario(f"right for charts alone, {server}", server, PASS, FAIL, account=CHARTS),
        Scenario(f"right for images alone, {server}", server, FAIL, PASS, account=IMAGES),
    ]


def _anonymous(server: str) -> list[Scenario]:
    """Return what differs where nobody needs an account to read.

    skopeo takes the challenge from `/v2/` alone: where that answers 200, it never says who it is.
    """
    return [
        Scenario(f"everybody reads, right, {server}", server, PASS, FAIL if server == _NO_CHALLENGE else PASS),
        Scenario(f"everybody reads, wrong password, {server}", server, FAIL, FAIL, account=FORGOTTEN),
        Scenario(f"everybody reads, no auth, {server}", server, PASS, FAIL, entry={"auth": None}),
        Scenario(f"everybody reads, read-only, {server}", server, FAIL, FAIL, account=READER),
    ]


_TRUST = [
    Scenario("bundle of another CA", "basic3", FAIL, FAIL, bundle="other"),
    Scenario("bundle of the intermediate", "chain", PASS, PASS, bundle="intermediate"),
    Scenario("bundle of the root, chain complete", "chain", PASS, PASS),
    Scenario("bundle of the root, chain complete, 2.8", "chain2", PASS, PASS),
    Scenario("bundle of the leaf", "basic3", PASS, PASS, bundle="leaf"),
    Scenario("bundle of the leaf below an intermediate", "half-chain", PASS, PASS, bundle="deep-leaf"),
    Scenario("bundle of the root, intermediate missing", "half-chain", FAIL, FAIL),
    Scenario("bundle of the intermediate, which the server omits", "half-chain", PASS, PASS, bundle="intermediate"),
    Scenario("self-signed, bundle of it", "self-signed", PASS, PASS, bundle="self-signed"),
    Scenario("self-signed, bundle of a CA", "self-signed", FAIL, FAIL),
    Scenario("no bundle, private CA", "basic3", FAIL, FAIL, bundle=""),
    Scenario("no bundle, private CA, tokens, 2.8", "token2", FAIL, FAIL, bundle=""),
    Scenario("common name only", "cn-only", FAIL, FAIL),
    Scenario("common name only, bundle of the leaf", "cn-only", FAIL, FAIL, bundle="cn-only"),
    Scenario("expired", "expired", FAIL, FAIL),
    Scenario("expired, bundle of the leaf", "expired", FAIL, FAIL, bundle="expired"),
    Scenario("not yet valid", "early", FAIL, FAIL),
    Scenario("another name", "elsewhere", FAIL, FAIL),
    Scenario("by name", "basic3", PASS, PASS, host="localhost"),
    Scenario("by name, realm at a loopback address", "token3", FAIL, PASS, host="localhost"),
    Scenario("a second key that skopeo trusts", "basic3", FAIL, PASS, bundle="other", ca_crt="root"),
    Scenario("a CA that skopeo's image trusts by itself", "basic3", FAIL, PASS, bundle="other", own_root="root"),
    Scenario("a second key that helps nobody", "basic3", PASS, PASS, ca_crt="other"),
]

_SERVERS = [
    Scenario("no authentication", "open3", PASS, PASS),
    Scenario("no authentication, wrong password", "open3", PASS, PASS, account=FORGOTTEN),
    Scenario("no authentication, no auth", "open3", PASS, PASS, entry={"auth": None}),
    Scenario("TLS 1.1 only", "old-tls", FAIL, FAIL, newer=True),  # Debian's skopeo 1.9 still takes TLS 1.0
    Scenario("plain HTTP, no authentication", "plain-open", FAIL, FAIL),
    Scenario("plain HTTP, no authentication, no bundle", "plain-open", FAIL, FAIL, bundle=""),
    Scenario("plain HTTP, Basic", "plain-basic", FAIL, FAIL),
    Scenario("plain HTTP, Basic, by name", "plain-basic", FAIL, FAIL, host="localhost"),
    Scenario("port closed", "closed", FAIL, FAIL),
    Scenario("slow", "silent", FAIL, FAIL, check=(UNKNOWN, UNKNOWN), seconds=12),
    Scenario("429", "busy", FAIL, FAIL),
    Scenario("500", "broken", FAIL, FAIL),
    Scenario("302", "redirect-302", FAIL, FAIL),
    Scenario("307", "redirect-307", FAIL, FAIL),
    Scenario("302 to a registry without authentication", "redirect-302-open", FAIL, FAIL),
    Scenario("upload under another name", "upload-elsewhere", FAIL, PASS, check=(FAIL, UNKNOWN)),
    Scenario("upload over http", "upload-http", FAIL, FAIL),
    Scenario("HTML, 200", "html-200", FAIL, FAIL),
    Scenario("HTML, 404", "html-404", FAIL, FAIL),
    Scenario("HTML, 403", "forbidden", FAIL, FAIL),
]

_TOKENS = [
    Scenario("identity token, Basic", "basic3", PASS, PASS, entry={"identitytoken": "refresh-me"}),
    Scenario("identity token, wrong", "token3", PASS, FAIL, entry={"identitytoken": "refresh-me"}),
    Scenario("identity token, right", "token3", PASS, PASS, entry={"identitytoken": f"{ROBOT.name}/{ROBOT.password}"}),
    Scenario("realm on another address", "realm-elsewhere", FAIL, PASS),
    Scenario("realm under another name", "realm-named", PASS, PASS),
    Scenario("realm under the name, registry too", "realm-named", PASS, PASS, host="localhost"),
    Scenario("realm over http", "realm-http", FAIL, PASS, check=(FAIL, UNKNOWN)),
    Scenario("realm over http elsewhere", "realm-http-elsewhere", FAIL, PASS, check=(FAIL, UNKNOWN)),
    Scenario("realm untrusted", "realm-untrusted", FAIL, FAIL),
    Scenario("realm closed", "realm-closed", FAIL, FAIL),
    Scenario("realm broken", "realm-broken", FAIL, FAIL),
]

SCENARIOS = [
    *(one for server in ("basic3", "basic2", "token3", "token2", "opaque") for one in _account(server)),
    *(one for server in ("front", "token3", "token2", "opaque") for one in _rights(server)),
    *(one for server in (_NO_CHALLENGE, "token3-read-by-all") for one in _anonymous(server)),
    *_TRUST,
    *_SERVERS,
    *_TOKENS,
]
