"""A cluster in memory with telling destinations of every verdict, for `make demo` and for tests."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

import bcrypt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.model import Credentials
from destinations.secret import codec
from destinations.secret.docker_config import new
from destinations.verdict.parsing import NEWEST
from edrportal.demo import exports
from edrportal.demo.registry import CHARTS, READER, USER, DemoRegistry, signed
from edrportal.telemetry import counters

PASSWORD = "demo"  # noqa: S105 - of the demo's people, shown on its sign-in page
PEOPLE = {
    "administrator": "sees and changes everything",
    "manager": "manages the destinations of team-a and uses the shared ones",
    "exporter": "exports from team-b and changes nothing",
    "viewer": "sees every destination and changes nothing",
}
_ROLES = {"administrator": "admin", "manager": "application_manager:team-a", "exporter": "application_manager:team-b",
          "viewer": "view_only"}  # fmt: skip
_ACTIONS = {"application_manager": "app_read\napp_export", "view_only": "app_read\nexport_registries_read"}


def demo_cluster(now: datetime, namespace: str = "epinio", registry: DemoRegistry | None = None) -> InMemoryCluster:
    """Return the cluster; passwords and certificates are random. `registry` is one that answers checks."""
    cluster = InMemoryCluster(namespace, counters=counters)
    cluster.epinio_version = f"v{NEWEST}"
    cluster.namespaces = {name: f"uid-of-{name}" for name in ("workspace", "team-a", "team-b")}
    cluster.load([*_sound(now), *_doubtful(now), *_failing(now), *_hidden(now), *_left_over(now), *_people()])
    cluster.load(_answering(now, registry) if registry else [])
    cluster.config_maps.load(
        [*_roles(), {"metadata": {"name": names.TEAMS_CONFIG_MAP}, "data": {"team-a": "uid-of-team-a"}}]
    )
    exports.load(cluster.exports, now)
    return cluster


def _people() -> list[dict[str, Any]]:
    stored = _encoded(bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)))
    return [
        {
            "metadata": {
                "name": f"user-{name}",
                "labels": {names.USER_LABEL: "true"},
                "annotations": {names.ROLES_ANNOTATION: _ROLES[name]},
            },
            "data": {
                "username": _encoded(name.encode()),
                "password": stored,
                "namespaces": _encoded(_ROLES[name].partition(":")[2].encode()),
            },
        }
        for name in PEOPLE
    ]


def _roles() -> list[dict[str, Any]]:
    return [
        {
            "metadata": {"name": f"role-{name}".replace("_", "-"), "labels": {names.ROLE_LABEL: "true"}},
            "data": {"id": name, "name": name, "actions": actions},
        }
        for name, actions in _ACTIONS.items()
    ]


def certificate(now: datetime, *, days: int, name: str = "Example Corp Root CA") -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    return signed(now, name, key, name, key, constraints, days).public_bytes(Encoding.PEM)


def _sound(now: datetime) -> list[dict[str, Any]]:
    portal = {names.MANAGED_BY_LABEL: names.MANAGED_BY_PORTAL}
    team_a = {names.TEAM_LABEL: "team-a"}
    return [
        _destination("production", "registry.example.com", "platform", now, days=210, labels=portal),
        _destination(
            "harbor", "harbor.example.com:8443", "team-a/releases", now, days=90, certs="harbor-ca", labels=team_a
        ),
        _certificate("harbor-ca", certificate(now, days=900), now),
        _destination("docker-hub", "registry.hub.docker.com", "example", now, days=400),
    ]


def _doubtful(now: datetime) -> list[dict[str, Any]]:
    soon = {names.EXPIRY_ANNOTATION: (now + timedelta(days=6)).date().isoformat()}
    half = {"auth": _auth("ci", token_urlsafe(9)), "username": "ci", "password": token_urlsafe(9)}
    applied = {names.LAST_APPLIED_ANNOTATION: json.dumps({"data": {names.CONFIG_KEY: "…"}})}
    return [
        _destination("staging", "registry.staging.example.com", "platform", now, days=80, annotations=soon),
        _destination("edge", "edge.example.com:5000", "field", now, days=370, certs="edge-ca"),
        _certificate("edge-ca", certificate(now, days=12, name="Edge CA"), now),
        _destination("half-rotated", "registry.example.org", "apps", now, days=3, entry=half),
        _destination("quay", "quay.io/example", "example", now, days=33),
        _destination("applied", "registry.example.net", "apps", now, days=150, annotations=applied),
    ]


def _failing(now: datetime) -> list[dict[str, Any]]:
    only_names = {"username": "robot", "password": token_urlsafe(12)}
    return [
        _destination(
            "wrong-ca",
            "registry.internal.example",
            "team-b",
            now,
            days=20,
            certs="wrong-ca-bundle",
            labels={names.TEAM_LABEL: "team-b"},
        ),
        _destination("from-docker-login", "https://index.docker.io/v1/", "example", now, days=64),
        _destination("short-name", "harbor", "team-c", now, days=11),
        _destination("upper-case", "registry.example.com", "Team-A", now, days=2, labels={names.TEAM_LABEL: "team-a"}),
        _destination("no-auth", "registry.example.com", "team-d", now, days=7, entry=only_names),
        _destination("no-organization-path", "registry.example.com", "", now, days=1),
    ]


def _hidden(now: datetime) -> list[dict[str, Any]]:
    two: dict[str, dict[str, dict[str, str]]] = {"auths": {"a.example.com": {}, "b.example.com": {}}}
    broken = _destination("two-hosts", "a.example.com", "team", now, days=30)
    broken["data"][names.CONFIG_KEY] = _encoded(json.dumps(two).encode())
    unannotated = _destination("no-annotation", "registry.example.com", "team", now, days=30)
    del unannotated["metadata"]["annotations"]
    off = {names.REGISTRY_LABEL: "false"}
    return [
        broken,
        unannotated,
        _destination("retired", "old.example.com", "team", now, days=800, labels=off),
        _destination("yes-label", "registry.example.com", "team", now, days=5, labels={names.REGISTRY_LABEL: "yes"}),
    ]


def _destination(  # noqa: PLR0913 - one line a destination above
    name: str,
    host: str,
    organization: str,
    now: datetime,
    *,
    days: int,
    certs: str = "",
    entry: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> dict[str, Any]:
    user = "robot$export" if "harbor." in host else "robot"
    config = json.dumps({"auths": {host: entry}}).encode() if entry else new(host, Credentials(user, token_urlsafe(12)))
    data = {names.CONFIG_KEY: _encoded(config)}
    if certs:
        data[names.CERTS_KEY] = _encoded(certs.encode())
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": codec.rfc3339(now - timedelta(days=days)),
            "labels": {names.REGISTRY_LABEL: "true", **(labels or {})},
            "annotations": {names.ORGANIZATION_ANNOTATION: organization, **(annotations or {})},
        },
        "data": data,
    }


def _answering(now: datetime, registry: DemoRegistry) -> list[dict[str, Any]]:
    return [
        *(_at_registry(name, registry, now) for name in ANSWERING),
        _certificate("demo-registry-ca", registry.ca, now),
    ]


ANSWERING = {
    "demo-registry": (USER, "A live check passes."),
    "demo-revoked": (USER, "The registry rejects the password. Rotate to the password on the demo's sign-in page."),
    "demo-expired": (USER, "The password is a token that expired. Rotate to the password on the demo's sign-in page."),
    "demo-reader": (READER, f"The account may not push. Edit: the user name is {USER}, with its password."),
    "demo-charts-only": (
        CHARTS,
        f"The chart passes, the image fails. Edit: the user name is {USER}, with its password.",
    ),
    "demo-unknown-ca": (USER, "The CA is not trusted. Edit: paste the certificate from the demo's sign-in page."),
}
"""The destinations at the demo's own registry: the account of each, and what a live check finds and what repairs it."""


def _at_registry(name: str, registry: DemoRegistry, now: datetime) -> dict[str, Any]:
    user, description = ANSWERING[name]
    password = {"demo-revoked": token_urlsafe(12), "demo-expired": _expired_token(now)}.get(name, registry.password)
    entry = {"auth": _auth(user, password), "username": user, "password": password}
    certs = "" if name == "demo-unknown-ca" else "demo-registry-ca"
    said = {names.DESCRIPTION_ANNOTATION: description}
    return _destination(name, registry.host, "platform", now, days=90, certs=certs, entry=entry, annotations=said)


def _expired_token(now: datetime) -> str:
    """Return a JSON Web Token that states that it expired; nothing signed it."""
    parts = ({"alg": "none"}, {"sub": USER, "exp": int((now - timedelta(days=2)).timestamp())})
    coded = (urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join([*coded, ""])


def _left_over(now: datetime) -> list[dict[str, Any]]:
    made = {names.MANAGED_BY_LABEL: names.MANAGED_BY_PORTAL, names.KIND_LABEL: names.KIND_CERTIFICATE}
    waiting = _certificate("harbor-ca-1c9d03ab-77f0e2d1", certificate(now, days=20), now)
    waiting["metadata"]["annotations"] = {names.RELEASED_AT_ANNOTATION: codec.rfc3339(now - timedelta(minutes=4))}
    orphan = _certificate("old-registry-ca-5be0c7f2-1a2b3c4d", certificate(now, days=5), now)
    for one in (waiting, orphan):
        one["metadata"]["labels"] = made
    return [waiting, orphan]


def _certificate(name: str, bundle: bytes, now: datetime) -> dict[str, Any]:
    created = codec.rfc3339(now - timedelta(days=60))
    return {"metadata": {"name": name, "creationTimestamp": created}, "data": {names.BUNDLE_KEY: _encoded(bundle)}}


def _auth(user: str, password: str) -> str:
    return b64encode(f"{user}:{password}".encode()).decode()


def _encoded(value: bytes) -> str:
    return b64encode(value).decode()
