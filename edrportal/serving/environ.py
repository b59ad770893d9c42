"""A request as WSGI has it, from what the server read. Pure."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

_PLAIN = {"CONTENT_TYPE", "CONTENT_LENGTH"}


def environ(scope: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Return the environment of PEP 3333. A header whose name has an underscore is left out: it could pose as another."""
    path = scope["raw_path"]
    if not path.startswith(b"/") and b"://" in path:
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]  # the whole address, as to a proxy
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("localhost", 80)
    return {
        **_meta(scope["headers"]),
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _meta(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    meta: dict[str, str] = {}
    for raw, content in headers:
        if b"_" in raw:
            continue
        name = raw.decode("latin-1").upper().replace("-", "_")
        key, value = (name if name in _PLAIN else f"HTTP_{name}"), content.decode("latin-1")
        meta[key] = f"{meta[key]}{'; ' if name == 'COOKIE' else ','}{value}" if key in meta else value
    return meta


def forwarded(headers: Iterable[tuple[bytes, bytes]], peer: str) -> dict[str, str]:
    return {**_meta(header for header in headers if header[0] == b"x-forwarded-for"), "REMOTE_ADDR": peer}
