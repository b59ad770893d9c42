"""`manage.py verdict`, as people and scripts call it."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = '{"auths":{"registry.example.com":{"auth":"cm9ib3Q6cw==","username":"robot","password":"s"}}}'
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "one",
        "labels": {"epinio.io/api-export-registry": "true"},
        "annotations": {"epinio.io/registry-namespace": "team"},
    },
    "stringData": {".dockerconfigjson": CONFIG},
}


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "verdict", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin"})


def changed(**metadata: object) -> str:
    return json.dumps({**SECRET, "metadata": {**SECRET["metadata"], **metadata}})  # type: ignore[dict-item]


def test_json_has_exactly_the_promised_members() -> None:
    done = run("--format", "json", text=json.dumps(SECRET))
    assert done.returncode == 0
    (row,) = json.loads(done.stdout)
    assert list(row) == [
        "namespace", "name", "listed", "url", "listing_error", "verdict", "failed_stage", "error", "login", "chart",
        "image", "checks", "warnings", "error_is_exact",
    ]  # fmt: skip
    assert (row["namespace"], row["verdict"], row["url"]) == ("epinio", "accepted", "registry.example.com/team")
    assert row["image"] == {"host": "registry.example.com", "repository": "team/workspace-shop-image"}
    assert [check["stage"] for check in row["checks"]][:2] == ["listing", "lookup"]


def test_yaml_documents_and_lists_are_read_and_string_data_wins() -> None:
    text = f"""
apiVersion: v1
kind: List
items:
- kind: Secret
  metadata: {{name: b, labels: {{epinio.io/api-export-registry: "true"}}, annotations: {{epinio.io/registry-namespace: 'team'}}}}
  data: {{.dockerconfigjson: e30=}}
  stringData: {{.dockerconfigjson: '{CONFIG}'}}
---
kind: ConfigMap
metadata: {{name: c}}
"""
    done = run("--format", "json", text=text)
    assert [(row["name"], row["verdict"]) for row in json.loads(done.stdout)] == [("b", "accepted")]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", []),
        ("---\n", ["--fail-on", "at-risk"]),
        ('{"kind": "SecretList", "items": []}', ["-A"]),
        (changed(labels={}), []),
    ],
)
def test_nothing_to_judge_is_an_empty_array_and_a_status_of_its_own(text: str, arguments: list[str]) -> None:
    done = run("--format", "json", *arguments, text=text)
    assert (done.returncode, done.stdout.strip()) == (3, "[]")
    assert "No export destination to judge" in done.stderr


def test_whoever_expects_nothing_says_so() -> None:
    done = run("--format", "json", "--allow-empty", text="")
    assert (done.returncode, done.stdout.strip()) == (0, "[]")


def test_other_namespaces_are_ignored_and_counted() -> None:
    done = run("--format", "json", text=changed(namespace="other"))
    assert (done.returncode, json.loads(done.stdout)) == (3, [])
    assert "1 Secrets" in done.stderr


def test_all_namespaces_are_judged_each_on_its_own() -> None:
    certs = {".dockerconfigjson": b64encode(CONFIG.encode()).decode(), "certs": b64encode(b"ca").decode()}
    here = {**SECRET, "stringData": {}, "data": certs, "metadata": {**SECRET["metadata"], "namespace": "a"}}  # type: ignore[dict-item]
    there = {"kind": "Secret", "metadata": {"name": "ca", "namespace": "b"}, "data": {}}
    done = run("-A", "--format", "json", text=json.dumps({"kind": "List", "items": [here, there]}))
    (row,) = json.loads(done.stdout)
    assert (done.returncode, row["failed_stage"]) == (1, "certificates")


@pytest.mark.parametrize(
    "text",
    [
        changed(labels={"epinio.io/api-export-registry": True}),
        changed(annotations={"epinio.io/registry-namespace": 7}),
        json.dumps({**SECRET, "data": {"certs": "not base64!"}}),
        json.dumps({"kind": "List", "items": [SECRET, SECRET]}),
        "{",
        "[" * 100_000,
        "- " * 100_000 + "x",
        "{a: " * 100_000,
        "a: \x00",
        "a: \u0085\u2028: [",
        "a: [\n",
        "just text",
        changed(name=""),
    ],
)
def test_unusable_input_prints_one_line_and_nothing_else(text: str) -> None:
    done = run(text=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "standard input" in done.stderr


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    done = run(str(tmp_path / "missing.yaml"))
    assert done.returncode == 2
    assert "missing.yaml" in done.stderr


def test_namespace_and_all_namespaces_exclude_each_other() -> None:
    assert run("-A", "--namespace", "x").returncode == 2


def test_at_risk_fails_only_where_asked() -> None:
    risky = changed(annotations={"epinio.io/registry-namespace": "t", "edrportal/credentials-expire-on": "2020-01-01"})
    assert run(text=risky).returncode == 0
    assert run("--fail-on", "at-risk", text=risky).returncode == 1


def test_text_shows_the_broken_stage_and_the_fix_and_no_credentials() -> None:
    done = run(text=changed(annotations={}))
    assert done.returncode == 1
    assert "Fix: " in done.stdout
    assert "missing annotation" in done.stdout
    assert "cm9ib3Q6cw==" not in done.stdout


def test_sealed_secrets_get_a_line() -> None:
    done = run(text='{"kind": "SealedSecret", "metadata": {"name": "sealed"}}')
    assert done.returncode == 3
    assert "sealed" in done.stderr


def test_dates_and_times_in_yaml_stay_text() -> None:
    text = f"""
kind: Secret
metadata:
  name: one
  labels: {{epinio.io/api-export-registry: "true"}}
  annotations: {{epinio.io/registry-namespace: team, edrportal/credentials-expire-on: 2020-01-31, x: 2020-01-31T10:00:00Z}}
stringData: {{.dockerconfigjson: '{CONFIG}'}}
"""
    (row,) = json.loads(run("--format", "json", text=text).stdout)
    assert [warning["code"] for warning in row["warnings"]] == ["credentials-expired"]


def test_it_imports_neither_the_cluster_client_nor_a_server() -> None:
    probe = """
import json, sys
from manage import execute_from_command_line
try:
    execute_from_command_line(["manage.py", "verdict", "--allow-empty"])
finally:
    print(json.dumps(sorted({"kubernetes", "urllib3", "uvicorn", "whitenoise"} & set(sys.modules))))
"""
    command = [sys.executable, "-c", probe]
    env = {"PATH": "/usr/bin", "DJANGO_SETTINGS_MODULE": "edrportal.settings"}
    done = subprocess.run(command, input="", capture_output=True, text=True, check=True, env=env)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &a {k: v}\nb: *a\n", "standard input: it contains an alias, which is not supported; write out its content"),
        ("a:\n  <<: {k: v}\n", "it contains a merge (<<), which is not supported; write out its content (line 2)"),
        ("- a\n" * 160_000, "a document has more than 150,000 values; split it (line"),
        (json.dumps({**SECRET, "stringData": {".dockerconfigjson": "x" * 300_000}}), "Secret 'one' is larger than 256 KiB"),
    ],
)  # fmt: skip
def test_what_stands_for_more_than_is_written_ends_in_a_line_that_says_what_to_do(text: str, why: str) -> None:
    done = run(text=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_anchor_that_nothing_refers_to_and_many_documents_are_read() -> None:
    manifest = "kind: Secret\nmetadata: &m {{name: n{0}, labels: {{epinio.io/api-export-registry: 'true'}}}}\n"
    done = run("--format", "json", text="---\n".join(map(manifest.format, range(300))))
    assert len(json.loads(done.stdout)) == 300


def test_only_what_is_epinios_to_the_letter_is_quoted_as_epinios() -> None:
    exact = run(text=changed(annotations={"epinio.io/registry-namespace": "Team"}))
    assert '''Epinio's message: invalid reference: invalid repository "Team/workspace-shop-chart"''' in exact.stdout
    port = {**SECRET, "stringData": {".dockerconfigjson": CONFIG.replace(".com", ".com:65536")}}
    close = run(text=json.dumps(port))
    assert "Epinio's message" not in close.stdout
    assert 'Details: authenticating to "registry.example.com:65536"' in close.stdout
    (row,) = json.loads(run("--format", "json", text=json.dumps(port)).stdout)
    assert row["error_is_exact"] is False
