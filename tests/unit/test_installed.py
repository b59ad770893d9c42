"""`pip install .`: the command `edrportal`, with pages and all, in a directory that knows nothing of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3
import yaml

import edrportal
from edrportal.cli import COMMANDS
from tests.services.processes import free_port, running

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.slow


PACKAGED = ("destinations", "edrportal", "templates", "static", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip installs, without the packages that are needed (the tests have them), from a copy of the project."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    for name in PACKAGED:
        (shutil.copytree if Path(name).is_dir() else shutil.copy)(name, source / name)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
    ]
    ran = subprocess.run(
        [*pip, "--no-deps", "--target", str(target), str(source)], capture_output=True, text=True, check=False
    )
    if ran.returncode:  # pip fetches setuptools for the build
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(ran.stderr[-500:])
    return target


def command(site: Path, *arguments: str) -> list[str]:
    forgotten = [f"--unset={name}" for name in os.environ if name.startswith(("EDRPORTAL_", "DJANGO_"))]
    return [
        "env",
        *forgotten,
        "-C",
        str(site),
        f"PYTHONPATH={site}",
        sys.executable,
        str(site / "bin" / "edrportal"),
        *arguments,
    ]


def run(site: Path, arguments: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(site, *arguments), input=stdin, capture_output=True, text=True, check=False)


def test_the_command_judges_manifests_from_anywhere(site: Path) -> None:
    secret = {"kind": "Secret", "metadata": {"name": "one", "labels": {"epinio.io/api-export-registry": "true"}}}
    ran = run(site, ["verdict", "--format", "json"], json.dumps(secret))
    assert (ran.returncode, json.loads(ran.stdout)[0]["name"]) == (1, "one"), ran.stderr


def test_the_command_tells_its_version_and_its_commands(site: Path) -> None:
    assert run(site, ["--version"]).stdout == f"{edrportal.__version__}\n"
    told = run(site, ["--help"])
    assert (told.returncode, [name for name in COMMANDS if name not in told.stdout]) == (0, [])
    assert run(site, []).returncode == 2
    for foreign in ("migrate", "shell", "runserver"):
        ran = run(site, [foreign])
        assert (ran.returncode, f"unknown command {foreign}" in ran.stderr) == (2, True)
    ran = run(site, ["serve"])
    assert (ran.returncode, "EDRPORTAL_SECRET_KEY" in ran.stderr) == (1, True)


def test_its_pages_and_their_files_come_along(site: Path, tmp_path: Path) -> None:
    port = free_port()
    pool = urllib3.PoolManager(retries=False, timeout=10)

    def status(path: str) -> int:
        try:
            return int(pool.request("GET", f"http://127.0.0.1:{port}{path}").status)
        except urllib3.exceptions.HTTPError:
            return 0

    serving = ["env", f"PORT={port}", *command(site, "demo")]
    with running(serving, log=tmp_path / "demo.log", ready=lambda: status("/healthz") == 200, seconds=60):
        for path in ("/signin", "/static/css/base.css", "/static/js/app.js", "/static/icon.svg",
                     "/static/django_htmx/htmx-2.min.js"):  # fmt: skip
            assert status(path) == 200, path
    pool.clear()


def test_every_package_is_listed() -> None:
    listed = set(tomllib.loads(Path("pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    code = {str(one.parent) for root in ("destinations", "edrportal") for one in Path(root).rglob("__init__.py")}
    files = {
        str(one) for root in ("templates", "static") for one in (Path(root), *Path(root).rglob("*")) if one.is_dir()
    }
    assert listed == {one.replace("/", ".") for one in code} | {f"edrportal.{one.replace('/', '.')}" for one in files}


def test_every_command_is_the_portals() -> None:
    assert set(COMMANDS) == {
        one.stem.replace("_", "-")
        for room in ("destinations", "edrportal")
        for one in Path(room, "management/commands").glob("[a-z]*.py")
    }


def test_the_version_stands_in_one_place_and_the_chart_follows() -> None:
    chart = yaml.safe_load(Path("deploy/chart/Chart.yaml").read_text())
    assert chart["appVersion"] == chart["version"] == edrportal.__version__
    assert "version" not in tomllib.loads(Path("pyproject.toml").read_text())["project"]
