"""Destinations whose every part carries its generation, and the actions that move one to the next."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from json import dumps
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from destinations import actions
from destinations.actions import Change, Edit, Rotation, Seen
from destinations.model import Credentials, Draft
from destinations.repairs import Choice
from edrportal.demo.cluster import certificate

if TYPE_CHECKING:
    from destinations.actions import Done
    from destinations.cluster.port import Cluster

HOST = "registry.example.com"
NAME = "one"
ACTIONS = ("add", "rotate", "edit", "repair", "disable", "delete", "sweep")


@cache
def bundle(generation: str) -> bytes:
    """Return a CA certificate of this generation."""
    return certificate(datetime.now(UTC), days=300, name=f"g-{generation}")


def change() -> Change:
    """Return a change of its own."""
    return Change(token_urlsafe(24), "tests", datetime.now(UTC))


def manifests(generation: str, *, name: str = NAME, broken: bool = False) -> list[dict[str, Any]]:
    """Return a destination with a certificate secret as the portal makes them; `broken`: one that asks for repair."""
    user, password = f"u-{generation}", f"p-{generation}"
    auth = b64encode(f"{user}:{password}".encode()).decode()
    config = dumps({"auths": {HOST: {"auth": auth, "username": user, "password": password}}})
    pem = bundle(generation)
    certs = f"{name}-ca-{generation}"
    portal = {"app.kubernetes.io/managed-by": "edrportal"}
    authentication = {
        "metadata": {
            "name": name,
            "labels": {"epinio.io/api-export-registry": "yes" if broken else "true", **portal},
            "annotations": {"epinio.io/registry-namespace": "team"},
        },
        "data": {".dockerconfigjson": _encoded(config.encode()), "certs": _encoded(certs.encode())},
    }
    held = {"tls.crt": _encoded(pem), **({"tls.key": _encoded(b"none")} if broken else {})}
    certificates = {"metadata": {"name": certs, "labels": {**portal, "edrportal/kind": "certificate"}}, "data": held}
    return [certificates, authentication]


def act(action: str, cluster: Cluster, generation: str, *, name: str = NAME) -> Done:
    """Take the destination to a generation, as a form would."""
    if action == "add":
        credentials = Credentials(f"u-{generation}", f"p-{generation}")
        return actions.add(cluster, Draft(name, HOST, "team", credentials, bundle(generation)), change())
    if action == "sweep":
        return actions.sweep(cluster, datetime.now(UTC))
    return act_on(action, cluster, Seen.of(cluster.get_secret(name)), generation, name=name)


def act_on(action: str, cluster: Cluster, seen: Seen, generation: str, *, name: str = NAME) -> Done:
    """Change what was seen."""
    user, password, pem = f"u-{generation}", f"p-{generation}", bundle(generation)
    if action == "rotate":
        return actions.rotate(cluster, name, Rotation(user, password, pem), seen=seen, change=change())
    if action == "edit":
        wanted = Edit(HOST, f"team-{generation}", bundle=pem, username=user, password=password)
        return actions.edit(cluster, name, wanted, seen=seen, change=change())
    if action == "repair":
        return actions.repair(
            cluster, name, Choice(frozenset({"label", "own-certificates"})), seen=seen, change=change()
        )
    if action == "disable":
        return actions.switch(cluster, name, on=False, seen=seen, change=change())
    return actions.delete(cluster, name, seen=seen)


def _encoded(value: bytes) -> str:
    return b64encode(value).decode()
