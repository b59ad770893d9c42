"""Epinio's rules about users, roles and passwords, where the recorded cases are silent."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest

from destinations.model import EpinioVersion
from destinations.names import CONFIG_MAPS, ROLE_LABEL
from destinations.secret.codec import read_config_map, read_secret
from edrportal.signin import passwords, users
from edrportal.signin.roles import ADMIN, Role, read_roles
from edrportal.signin.users import Principal
from tests.signin import world

if TYPE_CHECKING:
    from destinations.model import Secret

ROLES = read_roles(
    map(
        read_config_map,
        [
            world.role("exporter", "app_export"),
            world.role("old", "app_write"),
            world.role("view_only", "export_registries_read"),
            world.role("user", "", default="true"),
        ],
    )
)


def secret(annotations: dict[str, str] | None = None, **data: str) -> Secret:
    encoded = {key: b64encode(value.encode()).decode() for key, value in {"username": "ann", **data}.items()}
    metadata: dict[str, Any] = {"name": "u", "labels": {"epinio.io/api-user-credentials": "true"}}
    return read_secret({"metadata": metadata | ({"annotations": annotations} if annotations else {}), "data": encoded})


def ids(roles: str, **data: str) -> list[str]:
    return Principal.of(users.resolve(secret({"epinio.io/roles": roles}, **data), ROLES), "epinio").role_ids


def test_what_epinio_writes_back_is_read_again() -> None:
    assert ids("user: ,exporter,nope") == ["exporter", "user"]  # sorted, the blank comes last, and is trimmed away
    assert ids("exporter: ") == ["exporter"]


def test_the_default_role_is_for_those_who_have_none() -> None:
    assert ids("nope") == ["user"]
    assert ids("view_only") == ["view_only"]


@pytest.mark.parametrize("name", sorted(CONFIG_MAPS))
def test_what_the_portal_writes_itself_is_no_role_whatever_its_labels_say(name: str) -> None:
    mine = {
        **world.role("user", "app_export", default="true"),
        "metadata": {"name": name, "labels": {ROLE_LABEL: "true"}},
    }
    theirs = world.role("user", "export_registries_read", default="true")
    found = read_roles(map(read_config_map, (mine, theirs)))
    assert found == (ADMIN, Role("user", may_list=True, is_default=True))
    assert read_roles([read_config_map(mine)]) == (ADMIN,)


def test_app_export_is_an_action_from_1_13_10_on() -> None:
    maps = [read_config_map(world.role("exporter", "app_export")), read_config_map(world.role("old", "app_write"))]
    found = {role.id: role.may_export for role in read_roles(maps, EpinioVersion(1, 13, 9))}
    assert found == {"admin": True, "exporter": False, "old": True}
    found = {role.id: role.may_export for role in read_roles(maps, EpinioVersion(1, 13, 10))}
    assert found == {"admin": True, "exporter": True, "old": True}


def test_the_first_role_of_an_id_counts_and_nobody_replaces_admin() -> None:
    weak = world.role("admin", "")
    twice = [{**world.role("twin", "app_export"), "metadata": {"name": name, "labels": {"epinio.io/role": "true"}}}
             for name in ("b", "a")]  # fmt: skip
    twice[1]["data"] = {"id": "twin", "actions": ""}
    found = read_roles(map(read_config_map, [weak, *twice]))
    first = {role.id: role for role in reversed(found)}
    assert first["admin"].may_export
    assert not first["twin"].may_export


def test_groups_replace_the_secrets_roles_and_unknown_ones_do_not() -> None:
    one = secret({"epinio.io/roles": "view_only"})
    matched = users.resolve(one, ROLES, matched=["exporter:team", "nope"])
    assert [role.full_id for role in matched.roles] == ["exporter:team"]
    assert matched.namespaces == ("team",)
    kept = users.resolve(one, ROLES, matched=["nope"])
    assert [role.full_id for role in kept.roles] == ["view_only"]


def test_without_a_secret_groups_or_the_default_role_count() -> None:
    assert [role.full_id for role in users.without_secret("x@y", ROLES).roles] == ["user"]
    found = users.without_secret("x@y", ROLES, matched=["exporter:b", "exporter:a"])
    assert [role.full_id for role in found.roles] == ["exporter:a", "exporter:b"]
    assert found.namespaces == ("a", "b")


def test_what_epinio_saves_for_somebody_new_is_trimmed_when_it_is_read_again() -> None:
    found = users.without_secret("x", (ADMIN, Role(" admin")), matched=[" admin:b ", "admin: a"])
    assert [role.full_id for role in found.roles] == ["admin: a", "admin:b"]
    assert found.namespaces == ("a", "b")


def test_a_role_in_a_namespace_takes_the_export_even_from_an_administrator() -> None:
    person = Principal.of(users.resolve(secret({"epinio.io/roles": "admin,view_only:team"}), ROLES), "epinio")
    assert person.is_administrator
    assert (person.may_export("team"), person.may_export("other")) == (False, True)
    assert (person.exports(), person.excluded()) == (None, ["team"])


def test_an_immutable_user_whom_epinio_wants_to_update_cannot_sign_in() -> None:
    manifest = dict(secret({"epinio.io/roles": "nope"}).manifest)
    with pytest.raises(users.UnusableUser, match="immutable"):
        users.resolve(read_secret({**manifest, "immutable": True}), ROLES)
    whole = secret({"epinio.io/roles": "view_only"}).manifest
    assert users.resolve(read_secret({**whole, "immutable": True}), ROLES).username == "ann"


def test_a_user_without_annotations_is_refused_with_what_to_do() -> None:
    with pytest.raises(users.UnusableUser, match="kubectl annotate secret u"):
        users.resolve(secret(), ROLES)


HASH = bcrypt.hashpw(b"x" * 72, b"$2b$04$9bFfPMpERZdYUGhVW/vcr.")


@pytest.mark.parametrize(
    ("stored", "password", "expected"),
    [
        (HASH, "x" * 72, True),
        (HASH, "x" * 73, True),  # bcrypt sees 72 bytes
        (HASH, "x" * 71, False),
        (b"$2$" + HASH[4:], "x" * 72, True),  # without a minor version
        (b"$1a$" + HASH[4:], "x" * 72, True),  # Go only refuses newer ones
        (b"$3b$" + HASH[4:], "x" * 72, False),
        (b"$2b$+4$" + HASH[7:], "x" * 72, True),
        (b"$2b$ 4$" + HASH[7:], "x" * 72, False),
        (HASH[:-1], "x" * 72, False),
        (b"", "x", False),
        (b"$2b$04$" + b"!" * 53, "x", False),
    ],
)
def test_a_hash_is_read_as_go_reads_it(stored: bytes, password: str, *, expected: bool) -> None:
    assert passwords.matches(stored, password, padded_to=4) is expected


def test_the_last_bits_of_the_salt_do_not_count() -> None:
    salt = b"9bFfPMpERZdYUGhVW/vcr/"
    assert passwords.matches(b"$2b$04$" + salt + HASH[29:], "x" * 72, padded_to=4)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the rounds of every bcrypt from now on."""
    counted: list[int] = []
    real = bcrypt.hashpw

    def noted(password: bytes, salt: bytes) -> bytes:
        counted.append(2 ** int(salt[4:6]))
        return real(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", noted)
    return counted


ODD = [b"", b"plain", b"$2b$31$" + HASH[7:], b"$2b$15$" + HASH[7:], b"$5$x$y", HASH[:-1], b"$2b$04$" + b"!" * 53]


@pytest.mark.parametrize("stored", [*ODD, HASH, b"$2b$05$" + HASH[7:], b"$2b$+6$" + HASH[7:], b"$2$07$" + HASH[7:]])
@pytest.mark.parametrize("password", ["wrong", "", "x" * 72, "x" * 300])
def test_every_comparison_takes_the_rounds_of_the_highest_cost(stored: bytes, password: str, rounds: list[int]) -> None:
    passwords.matches(stored, password, padded_to=7)
    assert sum(rounds) == 2**7


def test_the_highest_cost_in_use_counts_and_not_one_that_is_refused() -> None:
    cheap, dear = HASH, b"$2b$12$" + HASH[7:]
    assert passwords.highest_cost([dear, cheap, cheap, *ODD]) == 12
    assert passwords.highest_cost([cheap, b"$2b$14$" + HASH[7:], b"$2b$15$" + HASH[7:]]) == 14
    assert passwords.highest_cost([]) == passwords.USUAL_COST
