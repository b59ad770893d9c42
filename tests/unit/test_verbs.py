"""The table of rights says what the code asks of Kubernetes, no more and no less."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from destinations.cluster import verbs
from destinations.cluster.kube import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOLDERS = {"_api", "api"}
_KUBE = Path("destinations/cluster/kube")
_WAYS = {name for name in vars(calls.KubernetesApi) if not name.startswith("_")}


def client_calls(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield verb and resource of every call of a `KubernetesApi`; whoever holds one may do nothing else with it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "attr", "") in _HOLDERS:
            assert node.attr in _WAYS, node.attr
        if isinstance(node, ast.Call) and getattr(getattr(node.func, "value", None), "attr", "") in _HOLDERS:
            verb = node.args[0]
            assert isinstance(verb, ast.Constant), "a verb that no reader sees"
            yield str(verb.value), node.args[1]


def kept_resources(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield the resources that `Objects` are made of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Objects", "super().__init__"}:
            yield node.args[1]


def named(node: ast.expr) -> tuple[str, str]:
    """Return API group and resource, as a role names them, from where a resource of the code is."""
    resource = getattr(calls, getattr(node, "attr", getattr(node, "id", "")))
    assert isinstance(resource, calls.Resource)
    path = resource.path.replace("/namespaces/{namespace}", "").replace("/{name}", "")
    match = re.fullmatch(r"/(?:api|apis/(\w+))/v1/([\w/]+)", path)
    assert match, path
    return match[1] or "", match[2]


def test_the_table_holds_every_call_of_the_client_and_no_other() -> None:
    trees = [ast.parse(path.read_text()) for path in _KUBE.glob("*.py")]
    kept = [named(node) for tree in trees for node in kept_resources(tree)]
    found = set()
    for verb, node in (call for tree in trees for call in client_calls(tree)):
        of = kept if ast.unparse(node) in {"self._resource", "self.resource"} else [named(node)]
        found |= {(group, resource, verb) for group, resource in of}
    assert found == {(use.group, use.resource, use.verb) for use in verbs.TABLE}
    assert len(verbs.TABLE) == len(found)


def test_a_verb_decides_which_request_is_made_and_nothing_else_asks_the_api_server() -> None:
    texts = {path.name: path.read_text() for path in _KUBE.glob("*.py")}
    assert [name for name, text in texts.items() if re.search(r"call_api|ApiClient|\w+V1Api|rest_client", text)] == [
        "calls.py"
    ]
    assert texts["calls.py"].count("call_api(") == 1
    assert calls._METHODS == {"create": "POST", "update": "PUT", "delete": "DELETE"}  # noqa: SLF001 - all else is a GET


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
