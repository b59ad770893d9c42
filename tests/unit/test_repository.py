"""The project holds together: the rooms' arrows, the documents, the two commands."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

CODE = [path for room in ("destinations", "edrportal") for path in Path(room).rglob("*.py")]
PURE = [
    "destinations/model.py",
    "destinations/input/validation.py",
    "destinations/overview/exports.py",
    *map(str, Path("destinations/secret").glob("*.py")),
    *map(str, Path("destinations/golang").glob("*.py")),
]


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
    assert users == {f"destinations/cluster/kube/{name}.py" for name in ("adapter", "calls", "kubeconfig")}


@pytest.mark.parametrize("path", [*PURE, *map(str, Path("destinations/verdict").glob("*.py"))])
def test_the_rules_know_neither_the_web_nor_a_client(path: str) -> None:
    assert not imported(Path(path)) & {"django", "kubernetes", "urllib3", "socket", "requests"}


def test_only_the_clusters_and_the_registries_rooms_and_the_single_sign_on_open_sockets() -> None:
    users = {path for path in CODE if imported(path) & {"socket", "requests", "urllib3", "http"}}
    users = {path for path in users if path.parent != Path("destinations/cluster/kube")}
    registries = {path for path in users if path.parent == Path("destinations/livecheck/registry")}
    assert {path.name for path in registries} == {"channel.py", "network.py", "probe.py", "trust.py"}
    serving = {path for path in users if path.parent == Path("edrportal/serving")}  # answers, and asks itself
    assert {str(path) for path in users - registries - serving} == {
        "edrportal/demo/registry.py",  # answers, and asks nobody
        "edrportal/signin/oidc/transport.py",
        "edrportal/webhook/app.py",  # answers
    }


@pytest.mark.parametrize("name", ["registry/guard.py", "registry/port.py", "deadline.py"])
def test_the_guard_opens_none_itself(name: str) -> None:
    assert not imported(Path("destinations/livecheck") / name) & {
        "socket",
        "ssl",
        "http",
        "requests",
        "urllib3",
    }


def test_the_documents_list_every_setting_and_no_other() -> None:
    readers = "".join(path.read_text() for path in Path("edrportal/configuration").glob("*.py"))
    read = set(re.findall(r"EDRPORTAL_[A-Z_]+[A-Z]", readers))
    listed = set(re.findall(r"^\| `(EDRPORTAL_[A-Z_]+)`", Path("docs/configuration.md").read_text(), re.MULTILINE))
    secret = {"EDRPORTAL_SECRET_KEY", "EDRPORTAL_SECRET_KEY_FALLBACKS", "EDRPORTAL_OIDC_CLIENT_SECRET"}
    assert listed == read | {f"{name}_FILE" for name in secret}


TEMPLATES = sorted(Path("templates").rglob("*.html"))
BY_HAND = {"_field.html", "_import.html", "_presets.html", "_search.html", "_split.html", "_row.html", "_every.html"}
"""Where something is drawn that is no field of a form: what a file holds, what is looked for, rows, a confirmation."""


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_a_template_holds_nothing_inline_and_a_fragment_is_short(path: Path) -> None:
    text = path.read_text()
    assert not re.findall(
        r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:|hx-on|\|safe|autoescape", text
    )
    assert not path.name.startswith("_") or len(text.splitlines()) < 60


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_one_partial_draws_the_fields_of_all_forms(path: Path) -> None:
    drawn = re.findall(r"<(?:select|textarea)\b|<input\b(?![^>]*type=\"hidden\")", path.read_text())
    assert not drawn or path.name in BY_HAND


@pytest.mark.parametrize("path", sorted(Path("static/js").glob("*.js")), ids=str)
def test_a_script_is_short_and_asks_nobody_else(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 150
    assert not re.findall(r"https?://|\beval\(|new Function|document\.write|setTimeout\(\s*[\"'`]", text)


def test_no_style_waits_for_what_comes_later_in_the_page() -> None:
    """While a long page arrives, it would be another one at first, and then everything moves."""
    for path in Path("static/css").glob("*.css"):
        assert not re.findall(r"\b(?:html|body|main):not\(:has\(", path.read_text()), path


def test_style_sheets_name_colours_in_one_place_and_load_nothing() -> None:
    for path in Path("static/css").glob("*.css"):
        text = path.read_text()
        assert not re.findall(r"@import|url\(", text), path
        if path.name != "tokens.css":
            assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|rgba?\(|hsla?\(", text), path


def test_no_two_files_of_tests_have_one_name() -> None:
    found = [path.name for path in Path("tests").rglob("test_*.py")]
    assert sorted(found) == sorted(set(found))  # pytest imports them by their names, and leaves out the second
