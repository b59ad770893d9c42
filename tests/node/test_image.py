"""The image as the Dockerfile makes it: what is in it, what is not, and behind which walls it can be built."""

from __future__ import annotations

import json
import re
import ssl
from typing import TYPE_CHECKING

import pytest

from edrportal import __version__
from tests.services.leaks import canary
from tests.services.node.cluster import PROJECT
from tests.services.node.pki import Authority
from tests.services.web import Handler, web_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.node.images import Builder
    from tests.services.node.release import Release

NAME = f"registry.example.com/edrportal:{__version__}"
LOOKS = """
import _imp, importlib.util, json, pathlib, sys
OWN = ("/venv/", "/app/")
found = {"looked at": 0, "stale": [], "bound to dates": [], "without": []}
for place in ("/venv/lib", "/app", "/usr/lib", "/usr/local/lib"):
    for source in pathlib.Path(place).rglob("*.py"):
        compiled = pathlib.Path(importlib.util.cache_from_source(str(source)))
        if not compiled.is_file():
            found["without"] += [str(source)] * (str(source).startswith(OWN) and source.name != "manage.py")  # what is run itself
            continue
        found["looked at"] += 1
        content, text = compiled.read_bytes(), source.read_bytes()
        magic, flags = content[:4], int.from_bytes(content[4:8], "little")
        if flags & 1:
            fresh = content[8:16] == _imp.source_hash(int.from_bytes(magic, "little"), text)
        else:
            found["bound to dates"] += [str(source)] * str(source).startswith(OWN)
            state = source.stat()
            dated = [int(one) & 0xFFFFFFFF for one in (state.st_mtime, state.st_size)]
            fresh = content[8:16] == b"".join(one.to_bytes(4, "little") for one in dated)
        if not fresh or magic != importlib.util.MAGIC_NUMBER:
            found["stale"].append(str(source))
print(json.dumps(found))
"""


def inside(release: Release, *command: str, stdin: str = "") -> str:
    """Run a command in a pod of the portal."""
    return release.cluster.kubectl(
        "exec", "-i", "-n", release.namespace, "deployment/edrportal", "--", *command, stdin=stdin
    )


def test_no_bytecode_in_the_image_is_stale_and_none_is_missing(release: Release) -> None:
    found = json.loads(inside(release, "python", "-", stdin=LOOKS))
    assert found.pop("looked at") > 1000
    assert found == {"stale": [], "bound to dates": [], "without": []}


def test_what_only_the_build_needs_is_left_out(release: Release, image: Builder) -> None:
    tried = "import importlib.util as u; print([n for n in ('pip', 'kubernetes.aio', 'aiohttp') if u.find_spec(n)])"
    assert inside(release, "python", "-c", tried).strip() == "[]"
    size = image.run("buildah", "images", "--format", "{{.Size}}", NAME).split()
    assert size[1] == "MB"
    assert float(size[0]) <= 250


def test_the_image_says_what_it_is(image: Builder, revision: str) -> None:
    inspected = json.loads(image.run("buildah", "inspect", "--type", "image", NAME))
    labels = inspected["OCIv1"]["config"]["Labels"]
    stated = {name.removeprefix("org.opencontainers.image."): value for name, value in labels.items()}
    described = PROJECT.joinpath("deploy/chart/Chart.yaml").read_text()
    assert f"description: {stated.pop('description')}\n" in described
    assert (
        stated.items()
        >= {
            "title": "edrportal",
            "version": __version__,
            "revision": revision,
            "licenses": "Apache-2.0",
            "base.name": "python:3.13-slim",
        }.items()
    )


@pytest.mark.parametrize("trusted", [True, False])
def test_the_image_is_built_behind_a_private_ca(image: Builder, tmp_path: Path, *, trusted: bool) -> None:
    """The mirror of PyPI has nothing: pip says so where it believes the mirror, and speaks of certificates else."""
    company = Authority.new(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*company.issue("mirror", "mirror", names=["localhost"]))
    asked = []

    class Empty(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the base class's name
            asked.append(self.path)
            self.answer(404)

    secret = canary("index", special=False)
    with web_server(Empty, context) as port:
        given = {"PIP_INDEX_URL": f"https://reader:{secret}@localhost:{port}/simple"}
        with pytest.raises(RuntimeError) as failed:
            image.run(
                "scripts/image",
                "registry.example.com/never:1",
                directory=PROJECT,
                **given,
                **({"PIP_CERT": str(company.certificate)} if trusted else {}),
            )
    said = str(failed.value)
    assert bool(asked) == trusted
    assert ("No matching distribution found" if trusted else "certificate verify failed") in said, said
    assert secret not in said


def test_neither_the_index_nor_the_ca_is_part_of_the_image(image: Builder) -> None:
    kept = image.run("buildah", "inspect", "--type", "image", NAME)
    assert "PIP_INDEX_URL" not in kept
    assert "PIP_CERT" not in kept


def test_the_image_is_carried_over_without_docker(image: Builder, tmp_path: Path) -> None:
    text = PROJECT.joinpath("docs/air-gapped.md").read_text()
    mirrored = f"registry.example.com/mirror/edrportal:{__version__}"
    (save,) = re.findall(rf"`(buildah push {mirrored} docker-archive:\S+)`", text)
    (load,) = re.findall(r"`(buildah pull docker-archive:\S+)`", text)
    image.run("buildah", "tag", NAME, mirrored)
    image.run(*save.split(), directory=tmp_path)
    image.run("buildah", "rmi", mirrored)
    image.run(*load.split(), directory=tmp_path)
    assert image.run("buildah", "images", "--quiet", mirrored) == image.run("buildah", "images", "--quiet", NAME)
    image.run("buildah", "rmi", mirrored)
