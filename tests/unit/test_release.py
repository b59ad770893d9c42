"""What a release is made of (T29): the lock, bill of materials, licences, assets, and the tool that builds the image."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders

import edrportal
from scripts import sbom

LOCK = Path("requirements.txt").read_text()
HTMX = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"
"""htmx 2 as the locked django-htmx brings it; a new one is read before this line changes."""


def bill() -> dict[str, Any]:
    ran = subprocess.run([sys.executable, "scripts/sbom.py"], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes() -> None:
    made = bill()
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    assert made["metadata"]["component"]["version"] == edrportal.__version__
    stated = {(one["name"], one["version"]) for one in made["components"]}
    assert stated == set(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", LOCK, re.MULTILINE))
    assert all(one["externalReferences"][0]["hashes"] for one in made["components"])
    hashes = {one["content"] for part in made["components"] for one in part["externalReferences"][0]["hashes"]}
    assert hashes == set(re.findall(r"sha256:([0-9a-f]{64})", LOCK))
    assert set(made["dependencies"][0]["dependsOn"]) == {one["bom-ref"] for one in made["components"]}


def test_the_bill_tells_what_the_image_leaves_out() -> None:
    absent = {one["name"] for one in bill()["components"] if one.get("scope") == "excluded"}
    typed = Path("Dockerfile").read_text().partition("uninstall")[2].partition("&&")[0]
    assert absent == {word for word in typed.split() if word[0].isalpha()}
    assert {"aiohttp", "yarl"} <= absent


def test_the_same_lock_gives_the_same_bill() -> None:
    assert bill() == bill()


def test_every_package_has_a_licence_that_may_be_given_on() -> None:
    assert sbom.unfit(sbom.locked(LOCK)) == []


def test_a_licence_that_is_not_on_the_list_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "LICENCES", {"BSD-3-Clause"})
    found = sbom.unfit(sbom.locked(LOCK))
    assert "urllib3: MIT" in found
    assert not [one for one in found if one.startswith("django:")]


TOOL = '#!/bin/sh\necho {name} "$@" >> {log}\ntest "$1" != info || exit {status}\n'  # fmt: skip


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ({"docker": 0, "podman": 0}, "docker"),
        ({"docker": 1, "podman": 0, "buildah": 0}, "podman"),  # docker's daemon is not running
        ({"buildah": 0}, "buildah"),
        ({"docker": 1}, ""),
        ({}, ""),
    ],
)
def test_the_image_is_built_with_the_first_tool_that_works(tmp_path: Path, there: dict[str, int], chosen: str) -> None:
    log = tmp_path / "log"
    log.touch()
    for name in ("sh", "dirname", "sed"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    for name, status in there.items():
        (tmp_path / name).write_text(TOOL.format(name=name, log=log, status=status))
        (tmp_path / name).chmod(0o755)
    given = {"PIP_INDEX_URL": "https://user:password@pypi.example.com/simple", "PIP_CERT": "/etc/company/ca.pem"}
    environment = {"PATH": str(tmp_path), **given}
    command = ["/bin/sh", "scripts/image", "registry.example.com/edrportal:1"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    built = [line for line in log.read_text().splitlines() if " build " in line]
    labels = {"version": edrportal.__version__, "base.name": "python:3.13-slim"}
    options = (
        "--build-arg BASE=python:3.13-slim --build-arg PIP_INDEX_URL --secret id=ca,src=/etc/company/ca.pem "
        + "".join(f"--label org.opencontainers.image.{name}={text} " for name, text in labels.items())
        + "--tag registry.example.com/edrportal:1 ."
    )
    assert built == ([f"{chosen} build {options}"] if chosen else [])
    assert (ran.returncode, "apt-get install buildah" in ran.stderr) == ((0, False) if chosen else (1, True))


def test_the_lock_pins_everything_by_its_hash() -> None:
    for lock in ("requirements.txt", "requirements-dev.txt", "scripts/audit.txt", "scripts/go.txt"):
        packages = re.split(r"(?m)^(?=[a-z0-9][^\n]*==)", Path(lock).read_text())[1:]
        assert packages, lock
        assert [one.splitlines()[0] for one in packages if "--hash=sha256:" not in one] == [], lock


def test_the_script_that_comes_with_a_package_is_the_one_that_was_looked_at() -> None:
    found = finders.find("django_htmx/htmx-2.min.js")
    assert isinstance(found, str)
    assert hashlib.sha256(Path(found).read_bytes()).hexdigest() == HTMX
