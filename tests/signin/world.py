"""A namespace with people of every role, teams, and destinations that are theirs, others', shared and nobody's."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Any

import bcrypt
from django.test import Client

from destinations import names
from destinations.model import Credentials
from destinations.secret import docker_config
from tests.services.leaks import canary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from destinations.cluster.port import Cluster

PASSWORD = canary("people")
STORED = canary("stored by teams")
ACCOUNT = "robot-of-the-team"
CHANGER = "changer-of-secrets"
ROLES = {
    "administrator": "admin",
    "manager": "exporter:team-a",
    "exporter": "exporter:team-b",
    "viewer": "view_only",
    "nobody": "blank",
}
OWN = {"administrator": "a-one", "manager": "a-one", "exporter": "b-one", "viewer": "a-one", "nobody": "a-one"}
OTHER = {"administrator": "b-one", "manager": "b-one", "exporter": "a-one", "viewer": "b-one", "nobody": "b-one"}
UIDS = {"team-a": "uid-a", "team-b": "uid-b", "gone": ""}


@cache
def hashed(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def user(name: str, roles: str, *, password: str = PASSWORD, namespaces: str = "", **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"user-{name}",
            "labels": {names.USER_LABEL: "true"},
            "annotations": {names.ROLES_ANNOTATION: roles},
            **metadata,
        },
        "stringData": {"username": name, "password": hashed(password), "namespaces": namespaces},
    }


def role(name: str, actions: str, **data: str) -> dict[str, Any]:
    metadata = {"name": f"role-{name.replace('_', '-')}", "labels": {names.ROLE_LABEL: "true"}}
    return {"metadata": metadata, "data": {"id": name, "actions": actions, **data}}


def destination(name: str, team: str = "", *, uid: str = "") -> dict[str, Any]:
    labels = {names.REGISTRY_LABEL: "true"} | ({names.TEAM_LABEL: team} if team else {})
    annotations = {
        names.ORGANIZATION_ANNOTATION: "org",
        names.CHANGED_BY_ANNOTATION: CHANGER,
        names.CHANGED_AT_ANNOTATION: "2026-01-01T00:00:00Z",
        names.HISTORY_ANNOTATION: f'[{{"at":"2026-01-01T00:00:00Z","by":"{CHANGER}","did":"rotated","id":"x"}}]',
    } | ({names.TEAM_UID_ANNOTATION: uid} if uid else {})
    config = docker_config.new("registry.example.com", Credentials(ACCOUNT, STORED)).decode()
    return {
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "stringData": {names.CONFIG_KEY: config},
    }


def secrets(uids: dict[str, str] | None = None) -> list[dict[str, Any]]:
    known = uids or UIDS
    return [
        *(user(name, ids) for name, ids in ROLES.items()),
        destination("a-one", "team-a", uid=known["team-a"]),
        destination("b-one", "team-b", uid=known["team-b"]),
        destination("shared"),
        destination("orphaned", "gone", uid="uid-of-old"),
    ]


def config_maps(uids: dict[str, str] | None = None) -> list[dict[str, Any]]:
    return [
        role("exporter", "app_export"),
        role("view_only", "export_registries_read"),
        role("blank", ""),
        role("user", "export_registries_read", default="true"),
        {"metadata": {"name": names.TEAMS_CONFIG_MAP}, "data": {"team-a": (uids or UIDS)["team-a"]}},
    ]


def fill(cluster: Cluster, manifests: Iterable[dict[str, Any]], maps: Iterable[dict[str, Any]]) -> None:
    """Put them there, on whatever cluster."""
    for manifest in manifests:
        cluster.create_secret({"apiVersion": "v1", "kind": "Secret", **manifest})
    for manifest in maps:
        cluster.config_maps.create({"apiVersion": "v1", "kind": "ConfigMap", **manifest})


def basic(name: str, password: str = PASSWORD) -> str:
    """Return the header of somebody who sends the password along."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def sign_in(name: str, password: str = PASSWORD, **options: Any) -> Client:
    client = Client(**options)
    answer = client.post("/signin", {"username": name, "password": password, "next": "/"})
    assert answer.status_code == 302, answer.status_code
    return client
