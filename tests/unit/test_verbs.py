"""The table of rights says what the code asks of Kubernetes, no more and no less."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from destinations.cluster import verbs

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALL = re.compile(r"(read|list|create|replace|patch|delete|watch|connect)_(?:namespaced_)?(\w+)")
_VERBS = {"read": "get", "replace": "update"}
_RESOURCES = {"config_map": "configmaps", "pod_log": "pods/log"}


def client_calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield verb and resource of every method of the Kubernetes client that is named after `self._api`, `_apps` or `_batch`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open_stream":
            if any(keyword.arg == "watch" for keyword in node.keywords):
                yield "watch", resource(node.args[0])
        elif isinstance(node, ast.Attribute) and getattr(node.value, "attr", "") in {"_api", "_apps", "_batch"}:
            match = _CALL.fullmatch(node.attr)
            assert match, node.attr
            yield _VERBS.get(match[1], match[1]), resource(node)


def resource(node: ast.AST) -> str:
    match = _CALL.fullmatch(getattr(node, "attr", ""))
    assert match
    return _RESOURCES.get(match[2], f"{match[2]}s")


def test_the_table_holds_every_call_of_the_client_and_no_other() -> None:
    found = set()
    for path in Path("destinations/cluster/kube").glob("*.py"):
        found |= set(client_calls(ast.parse(path.read_text())))
    assert found == {(use.verb, use.resource) for use in verbs.TABLE}
    assert len(verbs.TABLE) == len(found)


def test_every_row_says_why_and_only_namespaces_are_cluster_wide() -> None:
    assert all(use.why for use in verbs.TABLE)
    assert {use.resource for use in verbs.TABLE if use.cluster_wide} == {"namespaces"}


def test_what_the_portal_cannot_do_without_is_secrets_and_config_maps() -> None:
    assert {use.resource for use in verbs.of_part("")} == {"secrets", "configmaps"}


def test_the_rules_of_a_part_are_those_of_a_role() -> None:
    assert yaml.safe_load(verbs.rules(verbs.of_part(verbs.EXPORTS))) == [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]
    (secrets, _) = yaml.safe_load(verbs.rules(verbs.of_part("")))
    assert secrets["verbs"] == ["get", "list", "watch", "create", "update", "delete"]


def test_the_documents_show_the_rules_for_exports() -> None:
    assert verbs.rules(verbs.of_part(verbs.EXPORTS)) in Path("docs/people.md").read_text()
