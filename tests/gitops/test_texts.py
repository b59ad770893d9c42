"""Every text that people type is the same text for Go's readers of YAML: quoted where it would be a number or a word of YAML."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.golang import goyaml
from destinations.secret import gitops
from destinations.secret.sealed.certificate import read
from destinations.secret.sealed.documents import sealed_secret
from destinations.secret.sealed.encryption import Scope
from tests.gitops.controller import Controller
from tests.gitops.test_external import ADDRESS
from tests.gitops.test_external import typed as typed_external
from tests.gitops.test_sealed import plain, typed

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

NUMBERS = ["1e3", "1E3", "1e+3", "12e03", "08", "014", "0o14", "0O7", "0x1f", "0X1F", "0b1", "0B1", "1_000", "1:30",
           "190:20:30", "-.5", "5.", "1.", "+1", "-1", "0.1e5", "1.e3", ".inf", "-.INF", ".nan", "1e",
           "12345678901234567890", "2031-01-31", "2031-01-31T00:00:00Z", "0", "00", "1.2.3"]  # fmt: skip
WORDS = ["y", "n", "Y", "N", "yes", "No", "on", "OFF", "true", "True", "TRUE", "null", "Null", "~", "=", "<<", "NaN",
           "Infinity", "e1"]  # fmt: skip
MARKS = ["", "- ", "-", "---", "...", "--- a", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "?", "? a", "a: b", "a #b", "#",
         "'", '"', "\\", "\\n", "{a}", "[a]", "{{ x }}", "$A ${B}", ",", " lead", "trail ", ":", "a:", "é" * 20_000,
         "a b" * 9_000]  # fmt: skip
BREAKS = ["a\nb", "\na", "a\n", "a\n\nb\n", "a\r\nb", "a\tb", "\t", "a\u0085b", "a\u2028b", "a\u2029b", "\ufeffx", "a\u200bb",
          "a\x07b", "a\x1bb", "a\x7fb", "a\u009fb", "\ufffe", "\ufffd", "\ud7ff\ue000", "☃ 😀", "a\u00a0b"]  # fmt: skip
TEXTS = (*NUMBERS, *WORDS, *MARKS, *BREAKS)


@pytest.fixture(scope="module")
def controller() -> Controller:
    return Controller.make()


def chance(count: int) -> list[str]:
    random = Random(20)
    alphabet = "0123456789eExXoObByYnNfFtT._+-:#'\"\\ \t\n\r\u0085\u2028{}[]&*!|>%@`,?~=<a😀"
    return ["".join(random.choices(alphabet, k=random.randint(1, 9))) for _ in range(count)]


def test_go_reads_every_text_as_it_was_written_as_a_value_and_as_a_key(controller: Controller, tmp_path: Path) -> None:
    """All in the annotations of one SealedSecret, which kubeseal reads and gives back."""
    texts = [*TEXTS, *chance(3_000)]
    annotations = {f"as a value {number}": text for number, text in enumerate(texts)} | dict.fromkeys(texts, "as a key")
    manifest = {"metadata": {"name": "y", "namespace": "1e3", "annotations": annotations}, "data": {}, "type": "Opaque"}
    sealed = sealed_secret(manifest, read(controller.certificate, datetime.now(UTC)), Scope.STRICT)
    (unsealed,) = controller.unseal(goyaml.write([sealed], explicit_start=True), tmp_path)
    assert unsealed["metadata"]["annotations"] == annotations
    assert (unsealed["metadata"]["name"], unsealed["metadata"]["namespace"]) == ("y", "1e3")


@pytest.mark.parametrize("name", ["y", "n", "1e3", "08", "0o7", "0x1", "on", "null", "12", "2031-01-31", "a" * 253])
def test_a_name_that_yaml_takes_for_something_else_is_sealed(
    client: Client, portal: InMemoryCluster, controller: Controller, tmp_path: Path, name: str
) -> None:
    """Label, organization and description likewise: a save would have written the same."""
    portal.namespaces = {"y": "08"}
    form = typed(controller, name=name, organization="1e3", description="0o7", team="y")
    answer = client.post("/destinations/new", form)
    assert answer.status_code == 200
    (unsealed,) = controller.unseal(answer.content.decode(), tmp_path)
    del form["download"]
    assert client.post("/destinations/new", form).status_code == 303
    assert plain(unsealed) == plain(dict(portal.get_secret(name).manifest))


@pytest.mark.parametrize("text", ["y", "1e3", "08"])
def test_every_file_for_git_is_quoted_alike(
    client: Client, portal: InMemoryCluster, controller: Controller, text: str
) -> None:
    given: dict[str, Any] = {"name": text, "organization": text, "description": text}
    remote = {"store": text, "username_key": text, "password_property": text}
    files = [client.post(ADDRESS, typed_external(**given, **remote)).content.decode()]
    files.append(client.post("/destinations/new", typed(controller, **given)).content.decode())
    form = typed(controller, **given)
    del form["download"]
    assert client.post("/destinations/new", form).status_code == 303
    stored = portal.get_secret(text)
    files.append(gitops.manifests(stored, {}))
    for file in files:
        assert f'{names.ORGANIZATION_ANNOTATION}: "{text}"' in file
        assert f'name: "{text}"' in file
        assert f": {text}\n" not in file
    for field in ("key", "property", "name"):
        assert f'{field}: "{text}"' in files[0]
