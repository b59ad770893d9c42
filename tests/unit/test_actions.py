"""The write protocol, on both adapters where it can be; faults on the one in memory."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from destinations import actions, names
from destinations.actions import Change, Rotation, Seen, writes
from destinations.actions.writes import Unknown
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Ambiguous, Conflict, NotFound, Unreachable
from destinations.model import Credentials, Draft, UserError
from destinations.secret import history
from edrportal.demo.cluster import certificate
from tests.services.leaks import known

if TYPE_CHECKING:
    from destinations.cluster.port import Cluster
    from destinations.model import Secret

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PEM = certificate(NOW, days=300)
PASSWORD = known("canary-pass-0451")


def change(write_id: str = "first-write-id-0001", at: datetime = NOW) -> Change:
    return Change(write_id, "somebody", at)


def draft(**changed: Any) -> Draft:
    values = {"name": "one", "host": "registry.example.com", "organization": "team", "bundle": b"", **changed}
    return Draft(credentials=Credentials("robot", PASSWORD), **values)


def seen(secret: Secret) -> Seen:
    return Seen(secret.uid, secret.resource_version)


def entry(secret: Secret) -> dict[str, str]:
    config = json.loads(secret.data[names.CONFIG_KEY])
    found: dict[str, str] = config["auths"]["registry.example.com"]
    return found


def test_add_writes_what_epinio_documents(cluster: Cluster) -> None:
    actions.add(cluster, draft(bundle=PEM, description="For releases", expires_on="2027-01-31"), change())
    secret = cluster.get_secret("one")
    assert secret.type == "Opaque"
    assert secret.labels == {names.REGISTRY_LABEL: "true", names.MANAGED_BY_LABEL: "edrportal"}
    assert secret.annotations[names.ORGANIZATION_ANNOTATION] == "team"
    assert set(secret.data) == {names.CONFIG_KEY, names.CERTS_KEY}
    assert b64decode(entry(secret)["auth"]).decode() == f"robot:{PASSWORD}"
    assert (entry(secret)["username"], entry(secret)["password"]) == ("robot", PASSWORD)
    bundle = cluster.get_secret(secret.data[names.CERTS_KEY].decode())
    assert bundle.data == {names.BUNDLE_KEY: PEM}


def test_the_same_form_twice_is_one_write(cluster: Cluster) -> None:
    first = actions.add(cluster, draft(), change())
    assert actions.add(cluster, draft(), change()) == first
    with pytest.raises(UserError, match="is taken") as caught:
        actions.add(cluster, draft(), change("another-write-id-1"))
    assert caught.value.reason == "NameTaken"


def test_a_name_that_any_secret_has_is_refused_and_leaves_nothing(cluster: Cluster) -> None:
    cluster.create_secret({"metadata": {"name": "one"}, "type": "Opaque"})
    with pytest.raises(UserError, match="is not a destination"):
        actions.add(cluster, draft(bundle=PEM), change())
    assert [secret.name for secret in cluster.list_secrets()] == ["one"]


def test_rotation_keeps_everything_that_is_not_the_portals(cluster: Cluster) -> None:
    config = '{"auths":{"registry.example.com":{"email":"a@b","auth":"eDp5","identitytoken":"t","n":1.50}},"HttpHeaders":null}'
    cluster.create_secret(
        {
            "metadata": {
                "name": "one",
                "labels": {names.REGISTRY_LABEL: "true", "mine": "yes"},
                "annotations": {
                    names.ORGANIZATION_ANNOTATION: "team",
                    names.LAST_APPLIED_ANNOTATION: "{}",
                    "mine": "a b ",
                },
            },
            "stringData": {names.CONFIG_KEY: config, "other": "kept"},
        }
    )
    before = cluster.get_secret("one")
    done = actions.rotate(cluster, "one", Rotation("robot", PASSWORD), seen=seen(before), change=change())
    after = cluster.get_secret("one")
    assert after.data["other"] == b"kept"
    assert after.labels == before.labels
    assert after.annotations["mine"] == "a b "
    assert names.LAST_APPLIED_ANNOTATION not in after.annotations
    written = after.data[names.CONFIG_KEY].decode()
    assert '"n":1.50' in written
    assert written.startswith('{"auths":{"registry.example.com":{"email":"a@b","auth":')
    assert written.endswith('"HttpHeaders":null}')
    assert "identitytoken" not in written
    assert len(done.notes) == 2
    assert after.uid == before.uid


@pytest.mark.parametrize("rotation", [Rotation("other", ""), Rotation("robot", "", PEM), Rotation("robot", "", b"")])
def test_a_rotation_without_a_new_password_is_refused(cluster: Cluster, rotation: Rotation) -> None:
    actions.add(cluster, draft(), change())
    before = cluster.get_secret("one")
    with pytest.raises(UserError, match=r"Type the new password\. To change only the user name"):
        actions.rotate(cluster, "one", rotation, seen=seen(before), change=change("w2"))
    assert [secret.manifest for secret in cluster.list_secrets()] == [before.manifest]


@pytest.mark.parametrize(
    ("wanted", "did"),
    [
        ({"username": "other"}, "edited: user name"),
        ({"bundle": PEM, "username": "robot", "password": PASSWORD}, "edited: certificates, credentials"),
        ({"description": "mine"}, "edited: description"),
        ({"expires_on": "2031-01-01"}, "edited: expiry"),
        ({"username": "other", "password": PASSWORD}, "edited: credentials"),
    ],
)
def test_what_leaves_the_password_as_it_was_moves_no_date(cluster: Cluster, wanted: dict[str, Any], did: str) -> None:
    actions.add(cluster, draft(), change())
    before, later = cluster.get_secret("one"), change("w2", NOW + timedelta(days=3))
    edit = actions.Edit("registry.example.com", "team", **wanted)
    actions.edit(cluster, "one", edit, seen=seen(before), change=later)
    after = cluster.get_secret("one")
    assert after.annotations[names.ROTATED_AT_ANNOTATION] == before.annotations[names.ROTATED_AT_ANNOTATION]
    assert history.read(after)[-1].did == did
    newer = actions.Edit("registry.example.com", "team", username="robot", password="newer")
    actions.edit(cluster, "one", newer, seen=seen(after), change=change("w3", NOW + timedelta(days=4)))
    moved = cluster.get_secret("one").annotations[names.ROTATED_AT_ANNOTATION]
    assert moved > after.annotations[names.ROTATED_AT_ANNOTATION]


def test_an_administrator_who_types_the_stored_password_has_rotated_nothing(cluster: Cluster) -> None:
    actions.add(cluster, draft(), change())
    before, later = cluster.get_secret("one"), change("w2", NOW + timedelta(days=3))
    done = actions.rotate(cluster, "one", Rotation("robot", PASSWORD), seen=seen(before), change=later)
    after = cluster.get_secret("one")
    assert done.kept_password
    assert "nothing was rotated" in done.notes[0]
    assert after.annotations[names.ROTATED_AT_ANNOTATION] == before.annotations[names.ROTATED_AT_ANNOTATION]
    assert history.read(after)[-1].did == "edited: credentials"


def test_a_stale_page_changes_nothing(cluster: Cluster) -> None:
    actions.add(cluster, draft(), change())
    old = cluster.get_secret("one")
    actions.rotate(cluster, "one", Rotation("robot", "second"), seen=seen(old), change=change("w2"))
    with pytest.raises(Conflict):
        actions.rotate(cluster, "one", Rotation("robot", "third", PEM), seen=seen(old), change=change("w3"))
    with pytest.raises(Conflict):
        actions.delete(cluster, "one", seen=seen(old))
    assert entry(cluster.get_secret("one"))["password"] == "second"
    assert [secret.name for secret in cluster.list_secrets()] == ["one"]


def test_an_old_bundle_stays_for_running_exports_and_goes_with_a_later_write(cluster: Cluster) -> None:
    actions.add(cluster, draft(bundle=PEM), change())
    first = cluster.get_secret("one")
    old = first.data[names.CERTS_KEY].decode()
    actions.rotate(cluster, "one", Rotation("robot", "p2", PEM), seen=seen(first), change=change("w2"))
    second = cluster.get_secret("one")
    assert second.data[names.CERTS_KEY].decode() != old
    assert names.RELEASED_AT_ANNOTATION in cluster.get_secret(old).annotations
    later = change("w3", NOW + timedelta(minutes=16))
    actions.rotate(cluster, "one", Rotation("robot", "p3"), seen=seen(second), change=later)
    assert old not in [secret.name for secret in cluster.list_secrets()]


def test_a_released_bundle_that_something_names_again_is_never_collected(cluster: Cluster) -> None:
    actions.add(cluster, draft(bundle=PEM), change())
    first = cluster.get_secret("one")
    old = first.data[names.CERTS_KEY].decode()
    actions.rotate(cluster, "one", Rotation("robot", "p2", PEM), seen=seen(first), change=change("w2"))
    cluster.create_secret({"metadata": {"name": "by-hand"}, "stringData": {"certs": old}})
    later = change("w3-000000000000000", NOW + timedelta(hours=1))
    actions.add(cluster, draft(name="two"), later)
    assert cluster.get_secret(old).data == {names.BUNDLE_KEY: PEM}


def test_delete_takes_the_portals_bundle_and_leaves_a_foreign_one(cluster: Cluster) -> None:
    actions.add(cluster, draft(bundle=PEM), change())
    actions.delete(cluster, "one", seen=seen(cluster.get_secret("one")))
    assert cluster.list_secrets() == []
    cluster.create_secret({"metadata": {"name": "epinio-tls"}, "stringData": {"tls.crt": PEM.decode()}})
    cluster.create_secret(
        {
            "metadata": {"name": "two", "labels": {names.REGISTRY_LABEL: "true"}},
            "stringData": {"certs": "epinio-tls"},
        }
    )
    done = actions.delete(cluster, "two", seen=seen(cluster.get_secret("two")))
    assert "epinio-tls" in done.notes[0]
    assert [secret.name for secret in cluster.list_secrets()] == ["epinio-tls"]


def test_a_plain_secret_cannot_be_deleted_as_a_destination(cluster: Cluster) -> None:
    plain = cluster.create_secret({"metadata": {"name": "plain"}})
    with pytest.raises(NotFound):
        actions.delete(cluster, "plain", seen=seen(plain))


def test_what_something_else_manages_is_not_fought_over(memory_cluster: InMemoryCluster) -> None:
    owner = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "src", "uid": "u"}
    memory_cluster.load(
        [{"metadata": {"name": "one", "labels": {names.REGISTRY_LABEL: "true"}, "ownerReferences": [owner]}}]
    )
    secret = memory_cluster.get_secret("one")
    with pytest.raises(UserError, match="External Secrets"):
        actions.rotate(memory_cluster, "one", Rotation("a", "b"), seen=seen(secret), change=change())


def test_other_destinations_with_the_old_password_are_named(memory_cluster: InMemoryCluster) -> None:
    actions.add(memory_cluster, draft(), change())
    actions.add(memory_cluster, draft(name="two"), change("w2-0000000000000"))
    one = memory_cluster.get_secret("one")
    done = actions.rotate(memory_cluster, "one", Rotation("robot", "new"), seen=seen(one), change=change("w3"))
    assert "two" in done.notes[0]
    assert PASSWORD not in str(done)


class Failing(InMemoryCluster):
    """Creates the bundle, then fails as told for the destination itself."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def create_secret(self, manifest: Any) -> Secret:
        if names.REGISTRY_LABEL in manifest["metadata"]["labels"]:
            raise self.error
        return super().create_secret(manifest)


def test_a_refused_write_takes_its_own_bundle_back_and_an_ambiguous_one_keeps_it() -> None:
    refused, ambiguous = Failing(Unreachable("NotSent")), Failing(Ambiguous("NoUsableAnswer"))
    with pytest.raises(Unreachable):
        actions.add(refused, draft(bundle=PEM), change())
    with pytest.raises(Unknown):
        actions.add(ambiguous, draft(bundle=PEM), change())
    assert refused.list_secrets() == []
    assert len(ambiguous.list_secrets()) == 1


def test_nothing_that_holds_a_password_prints_it() -> None:
    shown = repr((draft(), Rotation("robot", PASSWORD), change()))
    assert PASSWORD not in shown


class Silent(InMemoryCluster):
    """Does the PUT, loses the answer, and answers nothing from then on."""

    lost = False

    def replace_secret(self, manifest: Any) -> Secret:
        super().replace_secret(manifest)
        self.lost = True
        raise Ambiguous("NoUsableAnswer")

    def get_secret(self, name: str) -> Secret:
        if self.lost:
            raise Unreachable("NoUsableAnswer")
        return super().get_secret(name)


def test_a_bundle_that_may_be_named_is_never_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "PAUSES", (0.0, 0.0))
    cluster = Silent()
    actions.add(cluster, draft(), change())
    old = cluster.get_secret("one")
    with pytest.raises(Unknown):
        actions.rotate(cluster, "one", Rotation("robot", "new", PEM), seen=seen(old), change=change("w2"))
    cluster.lost = False
    certs = cluster.get_secret("one").data[names.CERTS_KEY].decode()
    assert cluster.get_secret(certs).data == {names.BUNDLE_KEY: PEM}
