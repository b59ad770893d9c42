"""The servers that the scenarios meet, each started when the first scenario asks for it, and all stopped at the end."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tests.services.fault_servers import answering, old_tls, silent_server
from tests.services.front_server import Front, front_server
from tests.services.leaks import known
from tests.services.pki import LOOPBACK, Holder, issue
from tests.services.processes import free_port
from tests.services.registry_server import SERVICE, Registry, Setup, registry_server
from tests.services.token_server import NOBODY, READER_OF_ALL, Account, TokenServer, new_signer, token_server
from tests.services.web import tls

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Self

ROBOT = Account("robot", known("push-me-6f1d"), repositories="platform/.*")
READER = Account("reader", known("read-me-2c9a"), frozenset({"pull"}))
CHARTS = Account("charts", known("charts-only-77b0"), repositories=".*-chart")
IMAGES = Account("images", known("images-only-41ce"), repositories=".*-image")
ACCOUNTS = (ROBOT, READER, CHARTS, IMAGES)


@dataclass(frozen=True, slots=True)
class Server:
    """Where something listens; `registry` is what stores, where there is one."""

    port: int
    registry: Registry | None = None


@dataclass(frozen=True, slots=True)
class Authority:
    """A root CA, an intermediate below it, and servers' certificates from both."""

    root: Holder = field(default_factory=lambda: issue("Example Root CA", ca=True))
    other: Holder = field(default_factory=lambda: issue("Another Root CA", ca=True))

    def certificates(self) -> Mapping[str, Holder]:
        """Return the holders by name."""
        below = issue("Example Issuing CA", by=self.root, ca=True)
        server = partial(issue, "127.0.0.1")
        return {
            "root": self.root,
            "other": self.other,
            "intermediate": below,
            "leaf": server(by=self.root, names=LOOPBACK),
            "deep-leaf": server(by=below, names=LOOPBACK),
            "cn-only": server(by=self.root),
            "expired": server(by=self.root, names=LOOPBACK, days=(-9, -1)),
            "early": server(by=self.root, names=LOOPBACK, days=(1, 2)),
            "elsewhere": issue("registry.example.com", by=self.root, names=("registry.example.com",)),
            "self-signed": server(names=LOOPBACK),
            "second": issue("127.0.0.2", by=self.root, names=("127.0.0.2",)),
        }


_T = TypeVar("_T")


class World:
    """Servers by name; `server` starts one that does not run yet."""

    def __init__(self, directory: Path) -> None:
        """Make the certificates; start nothing."""
        self.directory = directory
        self.certificates = Authority().certificates()
        self.signer = new_signer()
        self._stack = ExitStack()
        self._running: dict[str, Server] = {}

    def __enter__(self) -> Self:
        """Stop everything at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what was started, the last first."""
        self._stack.close()

    def server(self, name: str) -> Server:
        """Return a running server, started if need be."""
        if name not in self._running:
            self._running[name] = _KINDS[name](self)
        return self._running[name]

    def start(self, server: AbstractContextManager[_T]) -> _T:
        """Run a server until the end."""
        return self._stack.enter_context(server)

    def tls(self, leaf: str = "leaf") -> ssl.SSLContext:
        """Return what a server with one of the certificates needs."""
        return tls(self.certificates[leaf], self.directory)

    def registry(self, generation: int, chain: str = "leaf", **more: Any) -> Server:
        """Start a registry that presents these certificates; an empty text means plain HTTP."""
        holders = [self.certificates[name] for name in chain.split()]
        setup = Setup(generation=generation, chain=holders, **more)
        registry = self.start(registry_server(setup, self.directory / f"registry-{setup.port}"))
        return Server(setup.port, registry)

    def with_tokens(
        self, generation: int, *, anonymous: Account = NOBODY, realm: str = "https://127.0.0.1", leaf: str = "leaf"
    ) -> Server:
        """Start a registry with its token service at `realm`, a URL without port."""
        rules = TokenServer(ACCOUNTS, self.signer, anonymous=anonymous, x5c=generation == 2)
        scheme, _, host = realm.partition("://")
        context = self.tls(leaf) if scheme == "https" else None
        address = "127.0.0.1" if host == "localhost" else host
        port = self.start(token_server(rules, context, address=address))
        return self.registry(generation, realm=f"{realm}:{port}/token", signer=self.signer)

    def with_realm(self, realm: str) -> Server:
        """Start a registry that names a token service which is none."""
        return self.registry(3, realm=realm, signer=self.signer)

    def front(self, *, context: ssl.SSLContext | None = None, **more: Any) -> Server:
        """Start a registry behind a web server that knows the accounts."""
        behind = self.registry(3, "")
        front = Front(behind.port, **{"accounts": ACCOUNTS, **more})
        return Server(self.start(front_server(front, context or self.tls())), behind.registry)

    def opaque(self, anonymous: Account = NOBODY) -> Server:
        """Start a registry whose token service hands out tokens that only the registry can read."""
        rules = TokenServer(ACCOUNTS, self.signer, anonymous=anonymous, opaque=True)
        port = self.start(token_server(rules, self.tls()))
        challenge = f'Bearer realm="https://127.0.0.1:{port}/token",service="{SERVICE}"'
        return self.front(accounts=(), challenge=challenge, tokens=rules.granted)

    def redirecting(self, status: int, *, to: str = "basic3") -> Server:
        """Start a server that sends everybody on to a good registry on another port."""
        good = self.server(to)
        port = self.start(answering(self.tls(), status, to=f"https://127.0.0.1:{good.port}"))
        return Server(port, good.registry)

    def always(self, status: int, body: Any = b"", **headers: str) -> Server:
        """Start a server that answers everything alike."""
        return Server(self.start(answering(self.tls(), status, body, **headers)))

    def basic(self, generation: int = 3, chain: str = "leaf") -> Server:
        """Start a registry with Basic authentication."""
        return self.registry(generation, chain, accounts=ACCOUNTS)


_KINDS: Mapping[str, Callable[[World], Server]] = {
    "basic3": lambda world: world.basic(3),
    "basic2": lambda world: world.basic(2),
    "token3": lambda world: world.with_tokens(3),
    "token2": lambda world: world.with_tokens(2),
    "open3": lambda world: world.registry(3),
    "front": lambda world: world.front(),
    "front-read-by-all": lambda world: world.front(anonymous=READER_OF_ALL),
    "token3-read-by-all": lambda world: world.with_tokens(3, anonymous=READER_OF_ALL),
    "opaque": lambda world: world.opaque(),
    "chain": lambda world: world.basic(3, "deep-leaf intermediate"),
    "chain2": lambda world: world.basic(2, "deep-leaf intermediate"),
    "half-chain": lambda world: world.basic(3, "deep-leaf"),
    "cn-only": lambda world: world.basic(3, "cn-only"),
    "expired": lambda world: world.basic(3, "expired"),
    "early": lambda world: world.basic(3, "early"),
    "elsewhere": lambda world: world.basic(3, "elsewhere"),
    "self-signed": lambda world: world.basic(3, "self-signed"),
    "old-tls": lambda world: world.front(context=old_tls(world.tls())),
    "plain-open": lambda world: world.registry(3, ""),
    "plain-basic": lambda world: world.basic(3, ""),
    "closed": lambda world: Server(free_port()),
    "silent": lambda world: Server(world.start(silent_server())),
    "busy": lambda world: world.always(429, {"errors": [{"code": "TOOMANYREQUESTS"}]}, Retry_After="1"),
    "broken": lambda world: world.always(500, {"errors": [{"code": "UNKNOWN"}]}),
    "redirect-302": lambda world: world.redirecting(302),
    "redirect-307": lambda world: world.redirecting(307),
    "redirect-302-open": lambda world: world.redirecting(302, to="open3"),
    "upload-elsewhere": lambda world: world.front(upload="https://localhost"),
    "upload-http": lambda world: world.front(upload="http://127.0.0.1"),
    "html-200": lambda world: world.always(200, b"<h1>Welcome</h1>"),
    "html-404": lambda world: world.always(404, b"<h1>Not found</h1>"),
    "forbidden": lambda world: world.always(403, b"<h1>Forbidden</h1>"),
    "realm-elsewhere": lambda world: world.with_tokens(3, realm="https://127.0.0.2", leaf="second"),
    "realm-named": lambda world: world.with_tokens(3, realm="https://localhost"),
    "realm-http": lambda world: world.with_tokens(3, realm="http://127.0.0.1"),
    "realm-http-elsewhere": lambda world: world.with_tokens(3, realm="http://127.0.0.2"),
    "realm-untrusted": lambda world: world.with_tokens(3, leaf="self-signed"),
    "realm-closed": lambda world: world.with_realm(f"https://127.0.0.1:{free_port()}/token"),
    "realm-broken": lambda world: world.with_realm(f"https://127.0.0.1:{world.server('broken').port}/token"),
}
