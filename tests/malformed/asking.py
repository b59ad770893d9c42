"""How the tests of odd input ask: through the forms, and on the command line, in this process."""

from __future__ import annotations

import html
import io
import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from django.core.management import call_command

from destinations import names
from tests.services.leaks import known

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from django.test import Client

    from destinations.cluster.port import Cluster

PASSWORD = known("canary-pass-4471")
HOST = "registry.example.com"


def typed(**changed: Any) -> dict[str, Any]:
    """Return a sound form for a new destination, changed."""
    return {
        "name": "one", "host": HOST, "organization": "team", "username": "robot", "password": PASSWORD,
        "nonce": "n" * 24, **changed,
    }  # fmt: skip


def rotation(cluster: Cluster, name: str = "one", **changed: Any) -> dict[str, Any]:
    """Return a sound form for a rotation of what is there now, changed."""
    secret = cluster.get_secret(name)
    seen = {"uid": secret.uid, "resource_version": secret.resource_version}
    return {"username": "robot", "password": PASSWORD, "bundle_choice": "keep", "nonce": "m" * 24, **seen, **changed}


def text_of(answer: Any) -> str:
    """Return a page's text as a reader sees it."""
    return html.unescape(answer.content.decode())


def words_of(answer: Any) -> str:
    """Return a page's text without its tags: parts of a reference are marked one by one."""
    return re.sub(r"<[^>]+>", "", text_of(answer))


def add(client: Client, **changed: Any) -> Any:
    """Send the form for a new destination, urlencoded as half a character can only be sent so."""
    form = typed(**changed)
    if all(isinstance(value, str) for value in form.values()) and any(_is_half(value) for value in form.values()):
        body = "&".join(f"{key}={_percent(value)}" for key, value in form.items())
        return client.post("/destinations/new", body, content_type="application/x-www-form-urlencoded")
    return client.post("/destinations/new", form)


def _is_half(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


def encoded(value: bytes | str) -> str:
    """Return base64 as Secrets hold it."""
    return b64encode(value.encode() if isinstance(value, str) else value).decode()


def entry(username: str = "robot", password: str = "old-pass") -> dict[str, str]:  # noqa: S107 - for tests
    """Return the entry of one registry, all three fields in step."""
    return {"auth": encoded(f"{username}:{password}"), "username": username, "password": password}


def destination(config: bytes | str | None = None, **changed: Any) -> dict[str, Any]:
    """Return a hand-made destination: `config` as it is, other members of metadata and data changed."""
    if config is None:
        config = json.dumps({"auths": {HOST: entry()}})
    metadata = {
        "name": "one",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {names.REGISTRY_LABEL: "true"},
        "annotations": {names.ORGANIZATION_ANNOTATION: "team"},
        **changed.pop("metadata", {}),
    }
    data = {names.CONFIG_KEY: encoded(config), **changed.pop("data", {})}
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data, **changed}
    return {key: value for key, value in made.items() if value is not None}


def verdict(manifests: Iterable[dict[str, Any]], directory: Path) -> tuple[int, list[dict[str, Any]]]:
    """Ask the command line in both formats; return its exit code and the rows. Nothing but SystemExit may end it."""
    file = directory / "manifests.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)}))
    text_code, text, _ = run_verdict(file, "text")
    json_code, rows, _ = run_verdict(file, "json")
    assert text_code == json_code
    assert "Traceback" not in text
    return json_code, json.loads(rows or "[]")


def run_verdict(file: Path, style: str = "text") -> tuple[int, str, str]:
    """Return the exit code and both outputs of `manage.py verdict`."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    try:
        call_command("verdict", str(file), format=style, stdout=out, stderr=err)
    except SystemExit as ended:
        code = ended.code
    out.getvalue().encode()  # a terminal takes UTF-8 alone
    return code, out.getvalue(), err.getvalue()
