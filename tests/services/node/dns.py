"""Answers the names of Services, and a few given ones, by UDP: dns.py KUBECONFIG ADDRESS NAME=ADDRESS….

It knows the Services of half a second ago, and the last ones for as long as the API server does not answer.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

DOMAIN = "cluster.local"
_A, _ANY = 1, 255
_NO_ERROR, _NO_SUCH_NAME = 0, 3
_EVERY = 0.5


def answer(query: bytes, names: dict[str, str]) -> bytes:
    """Return the answer to a query of one question: an address, none of that kind, or no such name."""
    identity, flags, _, _, _, _ = struct.unpack_from("!6H", query)
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    (kind,) = struct.unpack_from("!H", query, at + 1)
    question = query[12 : at + 5]
    address = names.get(".".join(labels).lower())
    record = b""
    if address and kind in {_A, _ANY}:
        record = struct.pack("!HHHIH", 0xC00C, _A, 1, 1, 4) + socket.inet_aton(address)
    code = _NO_ERROR if address else _NO_SUCH_NAME
    header = struct.pack("!6H", identity, 0x8480 | (flags & 0x0100) | code, 1, bool(record), 0, 0)
    return header + question + record


def services(opener: urllib.request.OpenerDirector, server: str) -> dict[str, str]:
    """Return the address of each Service that has one by its full name. Raises OSError."""
    with opener.open(f"{server}/api/v1/services", timeout=5) as response:
        found = json.load(response)["items"]
    return {
        f"{one['metadata']['name']}.{one['metadata']['namespace']}.svc.{DOMAIN}": one["spec"]["clusterIP"]
        for one in found
        if one["spec"].get("clusterIP") not in {None, "", "None"}
    }


def client(kubeconfig: Path) -> tuple[urllib.request.OpenerDirector, str]:
    """Return how to ask the API server of a kubeconfig, and its address."""
    content = json.loads(kubeconfig.read_text(encoding="utf-8"))
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(_decoded(user["client-certificate-data"]) + _decoded(user["client-key-data"]))
        file.flush()
        context.load_cert_chain(file.name)
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context)), cluster["server"]


def serve(kubeconfig: Path, address: str, given: dict[str, str]) -> None:
    """Answer until killed."""
    names = dict(given)
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((address, 53))
    threading.Thread(target=_follow, args=(kubeconfig, names, given), daemon=True).start()
    while True:
        query, sender = listener.recvfrom(4096)
        with suppress(IndexError, struct.error):
            listener.sendto(answer(query, names), sender)


def _follow(kubeconfig: Path, names: dict[str, str], given: dict[str, str]) -> None:
    opener, server = client(kubeconfig)
    while True:
        with suppress(OSError):
            fresh = {**services(opener, server), **given}
            names.update(fresh)
            for gone in names.keys() - fresh.keys():
                del names[gone]
        time.sleep(_EVERY)


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode("ascii")


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2], dict(one.split("=") for one in sys.argv[3:]))
