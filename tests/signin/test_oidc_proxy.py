"""A corporate proxy on the way to the provider: asked where the setting says so, and never because of the environment."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from edrportal.configuration.environment import ConfigurationError, Environment
from edrportal.signin.oidc import flow
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc.flow import OidcTrouble
from tests.services.pki import make_pki
from tests.services.processes import free_port
from tests.services.tcpproxy import connections
from tests.signin.liar import finish, lying

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.people


class Proxy:
    """Does CONNECT to loopback, and keeps the first lines it was asked with; `refuses` answers 403."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        for near in connections(self._listener):
            threading.Thread(target=self._answer, args=(near,), daemon=True).start()

    def _answer(self, near: socket.socket) -> None:
        with near:
            near.settimeout(10)
            head = b""
            while b"\r\n\r\n" not in head and (more := near.recv(1024)):
                head += more
            self.asked.append(head.decode().partition("\r\n")[0])
            if self.refuses or not head.startswith(b"CONNECT 127.0.0.1:"):
                near.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", int(head.split()[1].split(b":")[1])), timeout=10) as far:
                near.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                while True:
                    for end in select.select([near, far], [], [], 10)[0]:
                        data = end.recv(65536)
                        if not data:
                            return
                        (far if end is near else near).sendall(data)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def proxying() -> Iterator[Proxy]:
    proxy = Proxy()
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(5)


def test_the_stated_proxy_leads_to_the_provider_and_sees_no_word_of_it(tmp_path: Path) -> None:
    flow.forget()
    pki = make_pki(tmp_path)
    with lying(tls=pki) as liar, proxying() as proxy:
        assert finish(liar, ca_file=str(pki.ca), proxy=proxy.url).email == "x@y"
        assert {one.split()[0] for one in proxy.asked} == {"CONNECT"}
        assert len(proxy.asked) >= 3  # discovery, token, keys


def test_a_proxy_of_the_environment_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow.forget()
    pki = make_pki(tmp_path)
    with lying(tls=pki) as liar, proxying() as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert finish(liar, ca_file=str(pki.ca)).email == "x@y"
        assert proxy.asked == []


@pytest.mark.parametrize("how", ["refuses", "is not there"])
def test_a_proxy_that_refuses_or_is_not_there_is_named_as_the_cause(tmp_path: Path, how: str) -> None:
    flow.forget()
    pki = make_pki(tmp_path)
    with lying(tls=pki) as liar, proxying() as proxy:
        proxy.refuses = True
        address = proxy.url if how == "refuses" else f"http://127.0.0.1:{free_port()}"
        with pytest.raises(OidcTrouble) as caught:
            finish(liar, ca_file=str(pki.ca), proxy=address)
    assert caught.value.reason == why.PROXY


@pytest.mark.parametrize("stated", ["proxy.example.com:3128", "socks5://proxy.example.com", "http://proxy.example.com/x",
                                    "http://user:pass@proxy.example.com:3128"])  # fmt: skip
def test_a_proxy_that_is_no_address_is_refused_at_the_start(stated: str) -> None:
    variables = {"EDRPORTAL_SECRET_KEY": "k" * 40, "EDRPORTAL_OIDC_PROXY": stated}
    with pytest.raises(ConfigurationError, match="EDRPORTAL_OIDC_PROXY") as caught:
        Environment.read(variables).check()
    assert "pass" not in str(caught.value)
    Environment.read({**variables, "EDRPORTAL_OIDC_PROXY": "http://proxy.example.com:3128"}).check()
