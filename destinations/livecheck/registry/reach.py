"""Why TLS failed, more exactly than the handshake says: looks once more, and sends nothing that is secret."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from destinations.livecheck.registry import guard, network, trust
from destinations.livecheck.registry.channel import Channel
from destinations.livecheck.registry.guard import Approved, IsInner, Resolve, Rules
from destinations.livecheck.registry.network import Watch
from destinations.livecheck.registry.port import CheckStopped, Code, Trust
from destinations.livecheck.registry.tokens import Tokens

_HTTP = b"HTTP/"


def explain_tls(stop: CheckStopped, chain: tuple[bytes, ...]) -> CheckStopped:
    if stop.code is Code.NAME_MISMATCH and trust.has_only_a_common_name(chain):
        return CheckStopped(Code.COMMON_NAME_ONLY)
    return stop


def chain_of(approved: Approved, watch: Watch) -> tuple[bytes, ...]:
    """Return the chain of a server that nobody trusts, empty where it presents none in time."""
    channel = Channel(approved, None, watch)
    try:
        return channel.handshake()
    except (CheckStopped, TimeoutError):
        return ()
    finally:
        channel.close()


def speaks_plain_http(approved: Approved, watch: Watch) -> bool:
    """Return whether the port answers a bare request by HTTP without TLS, as Helm finds out too. Raises TimeoutError."""
    start = b""
    with suppress(OSError, CheckStopped), network.connect(approved, watch) as sock, sock.makefile("rb") as answer:
        sock.sendall(f"GET /v2/ HTTP/1.0\r\nHost: {approved.name}\r\n\r\n".encode("ascii"))
        start = answer.read(len(_HTTP))
    watch.deadline.check()
    return start == _HTTP


_ANSWERS = {Code.WRONG_CREDENTIALS, Code.NO_CREDENTIALS}
"""What a token service proves itself by, beside a token."""


class Reach:
    """The hosts of one check. `is_silent` once nothing may be sent any more, since its time would tell something."""

    def __init__(self, rules: Rules, resolve: Resolve, watch: Watch, is_inner: IsInner, *, sees_all: bool) -> None:
        self._rules = rules
        self._resolve = resolve
        self._watch = watch
        self._is_inner = is_inner
        self._sees_all = sees_all
        self.is_silent = False

    def host(self, host: str) -> Approved:
        """Raise CheckStopped as `guard.approve` does. Only who sees all has several addresses tried, and only outside."""
        approved = guard.approve(host, self._watch.deadline, self._rules, self._resolve, self._is_inner)
        inside = any(self._is_inner(address) and not address.is_loopback for address in approved.addresses)
        if (self._sees_all and not inside) or len(approved.addresses) == 1:
            return approved
        return replace(approved, addresses=approved.addresses[:1], left_out=True)

    def leave_host(self, *, proven: bool) -> None:
        """Close what is open before another host is dialed; after one that is no registry, none is."""
        self._watch.drop()
        self.is_silent = self.is_silent or not (proven or self._sees_all)

    def tokens(self, registry: Approved, trust: Trust, close: Callable[[], None]) -> Tokens:
        """Return the token services that a registry may name, reached as a tool with this trust reaches them.

        They are judged by the address that is dialed, whatever their name: a public registry leads into no private network.
        `close` closes the connection to the registry.
        """
        asked_inside = left_out = False

        def reach(host: str) -> Channel:
            nonlocal asked_inside, left_out
            service = self.host(host)
            left_out = service.left_out
            is_same = (service.addresses, service.port) == (registry.addresses, registry.port)
            asked_inside = self._is_inner(service.addresses[0]) and not is_same
            if asked_inside:
                self._check_inside(service, registry)
            if asked_inside and not self._sees_all:
                close()
                self._watch.drop()
            return Channel(service, trust, self._watch)

        def explain(stop: CheckStopped) -> CheckStopped:
            if stop.code in _ANSWERS:
                return stop
            if asked_inside and not self._sees_all:
                self.is_silent = True
                return CheckStopped(Code.TOKEN_SERVICE_FAILS, ok=None if left_out else stop.ok, detail=stop.detail)
            if left_out and stop.code is Code.TOKEN_SERVICE_FAILS and not stop.detail:  # the tools try every address
                return CheckStopped(Code.TOKEN_SERVICE_FAILS, ok=None)
            return stop

        return Tokens(reach, explain)

    def _check_inside(self, service: Approved, registry: Approved) -> None:
        if not self._is_inner(registry.addresses[0]):
            raise CheckStopped(Code.ADDRESS_REFUSED)
        if not (self._sees_all or service.addresses == registry.addresses or _is_beside(service.name, registry.name)):
            raise CheckStopped(Code.ADDRESS_REFUSED)


def _is_beside(name: str, registry: str) -> bool:
    """Return whether a name is in the registry's domain, such as `auth.example.com` for `registry.example.com`."""
    domain = "" if guard.as_address(registry) else registry.partition(".")[2]
    return "." in domain and (name == domain or name.endswith(f".{domain}"))
