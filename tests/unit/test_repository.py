"""The project holds together: the rooms' arrows, the documents, the two commands."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

CODE = [path for room in ("destinations", "edrportal") for path in Path(room).rglob("*.py")]
PURE = ["destinations/model.py", "destinations/secrets.py", "destinations/certificates.py", "destinations/traps.py"]


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module.partition(".")[0]}
    return found


def test_only_the_clusters_room_knows_the_kubernetes_client() -> None:
    users = {str(path) for path in CODE if "kubernetes" in imported(path)}
    assert users == {"destinations/cluster/real.py", "destinations/cluster/calls.py"}


@pytest.mark.parametrize("path", [*PURE, *map(str, Path("destinations/acceptance").glob("*.py"))])
def test_the_rules_know_neither_the_web_nor_a_client(path: str) -> None:
    assert not imported(Path(path)) & {"django", "kubernetes", "urllib3", "socket", "requests"}


def test_nothing_here_opens_a_socket_by_itself() -> None:
    users = {str(path) for path in CODE if imported(path) & {"socket", "requests", "http"}}
    assert users == {"edrportal/signin/oidc_bounds.py", "edrportal/signin/oidc_http.py"}


def test_the_readme_lists_every_setting_and_no_other() -> None:
    read = set(re.findall(r"EDRPORTAL_[A-Z_]+[A-Z]", Path("edrportal/environment.py").read_text()))
    listed = set(re.findall(r"^\| `(EDRPORTAL_[A-Z_]+)`", Path("README.md").read_text(), re.MULTILINE))
    secret = {"EDRPORTAL_SECRET_KEY", "EDRPORTAL_SECRET_KEY_FALLBACKS", "EDRPORTAL_OIDC_CLIENT_SECRET"}
    assert listed == read | {f"{name}_FILE" for name in secret}


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_every_link_in_the_documents_leads_somewhere(document: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", Path(document).read_text()):
        assert Path(target).exists(), target


def test_every_command_in_the_readme_is_in_the_makefile() -> None:
    commands = set(re.findall(r"make ([a-z]+)", Path("README.md").read_text() + Path("CONTRIBUTING.md").read_text()))
    assert commands <= set(re.findall(r"^([a-z]+):", Path("Makefile").read_text(), re.MULTILINE)) | {"and"}
