"""A list in pages whose token expires on the way: begun anew, never partial."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes import client

from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.port import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def paging(expires: int) -> Iterator[tuple[KubernetesCluster, list[str]]]:
    """An API server with two pages, whose token for the second is too old so many times; and the tokens it got."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            token = parse_qs(urlsplit(self.path).query).get("continue", [""])[0]
            asked.append(token)
            expired = token and asked.count(token) <= expires
            # a list that is begun anew sees another state: pages of two states must never be mixed
            generation = len([one for one in asked if not one])
            name = f"{'b' if token else 'a'}-{generation}"
            metadata = {"resourceVersion": str(generation), "continue": "" if token else "next"}
            answer: dict[str, Any] = {
                "kind": "SecretList",
                "metadata": metadata,
                "items": [{"metadata": {"name": name}}],
            }
            body = json.dumps({"kind": "Status", "code": 410} if expired else answer).encode()
            self.send_response(410 if expired else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configuration = client.Configuration()
    configuration.host = f"http://127.0.0.1:{server.server_port}"
    try:
        yield KubernetesCluster(configuration, "epinio"), asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_token_that_expires_begins_the_list_anew() -> None:
    with paging(expires=1) as (cluster, asked):
        listing = cluster.list_with_version(lambda secret: secret)
        assert [secret.name for secret in listing.secrets] == ["a-2", "b-2"]
        assert listing.resource_version == "2"
        assert asked == ["", "next", "", "next"]


def test_a_token_that_always_expires_is_an_error_and_no_part_of_a_list() -> None:
    with paging(expires=99) as (cluster, asked):
        with pytest.raises(Unreachable):
            cluster.list_secrets()
        assert asked == ["", "next"] * 3
