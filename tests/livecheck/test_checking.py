"""What a check sends where: a stored password only to the stored host with the stored bundle."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from destinations import names
from destinations.access import UNLIMITED, Authority, Operator
from destinations.actions import Denied, Edit, Rotation, checks
from destinations.model import Credentials, Draft, Snapshot, UserError
from edrportal.demo.cluster import certificate
from tests.livecheck.world import HOST, PASSWORD, PEM, destination
from tests.services import composition

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster
    from destinations.livecheck.registry.port import Plan
    from destinations.model import Secret

TYPED = "typed"
OTHER = certificate(datetime.now(UTC), days=300, name="Other CA")


@pytest.fixture
def stored(portal: InMemoryCluster) -> tuple[Secret, Snapshot]:
    portal.load([destination("one", certs="ca"), {"metadata": {"name": "ca"}, "stringData": {"tls.crt": PEM}}])
    found = Snapshot.of(portal.list_secrets(), datetime.now(UTC))
    return found.secrets["one"], found


def sent(plan: Plan) -> set[tuple[str, str, bytes]]:
    """Return every password with the host that gets it and what is trusted on the way."""
    return {(leg.host, leg.password, b"".join(leg.trust.pems)) for leg in (plan.chart, plan.image) if leg.password}


def edit(**changed: object) -> Edit:
    return Edit(**{"host": HOST, "organization": "team", **changed})  # type: ignore[arg-type]


def test_a_stored_destination_is_asked_as_it_is_stored(stored: tuple[Secret, Snapshot]) -> None:
    assert {(host, password) for host, password, _ in sent(checks.of_stored(composition.portal(), *stored).plan)} == {
        (HOST, PASSWORD)
    }


@pytest.mark.parametrize(
    "wanted",
    [edit(host="other.example.com"), edit(host=f"{HOST}:8443"), edit(bundle=OTHER), edit(bundle=b""),
     edit(host="other.example.com", username="robot"), edit(bundle=OTHER, username="robot")],
    ids=["host", "port", "bundle", "no bundle", "host and user", "bundle and user"],
)  # fmt: skip
def test_an_edit_that_moves_host_or_bundle_has_no_stored_password_to_send(
    stored: tuple[Secret, Snapshot], wanted: Edit
) -> None:
    with pytest.raises(UserError, match="Type user name and password again"):
        checks.of_edited(composition.portal(), *stored, wanted)


@pytest.mark.parametrize("bundle", [OTHER, b""])
def test_a_rotation_that_moves_the_bundle_has_none_either(stored: tuple[Secret, Snapshot], bundle: bytes) -> None:
    with pytest.raises(UserError, match="Type the new password"):
        checks.of_rotated(composition.portal(), *stored, Rotation("robot", "", bundle))


def test_an_edit_that_leaves_both_may_use_it_for_another_organization(stored: tuple[Secret, Snapshot]) -> None:
    question = checks.of_edited(composition.portal(), *stored, edit(organization="platform"))
    assert {(host, password) for host, password, _ in sent(question.plan)} == {(HOST, PASSWORD)}
    assert question.plan.chart.repository == "platform/workspace-shop-chart"


def test_what_was_typed_goes_where_it_would_be_stored(stored: tuple[Secret, Snapshot]) -> None:
    moved = checks.of_edited(
        composition.portal(), *stored, edit(host="other.example.com", bundle=OTHER, username="new", password=TYPED)
    )
    assert sent(moved.plan) == {("other.example.com", TYPED, OTHER)}
    rotated = checks.of_rotated(composition.portal(), *stored, Rotation("new", TYPED, OTHER))
    assert sent(rotated.plan) == {(HOST, TYPED, OTHER)}
    public = checks.of_rotated(composition.portal(), *stored, Rotation("new", TYPED, b""))
    assert sent(public.plan) == {(HOST, TYPED, b"")}
    added = checks.of_new(
        composition.portal(),
        Draft("two", HOST, "team", Credentials("new", TYPED), OTHER),
        composition.reads().rules,
        UNLIMITED,
    )
    assert sent(added.plan) == {(HOST, TYPED, OTHER)}


def test_who_may_not_add_for_a_team_checks_nothing_for_it(portal: InMemoryCluster) -> None:
    assert portal.list_secrets() == []

    class Nobody(Authority):
        def check_new(self, team: str) -> None:
            raise Denied(f"not for {team}")

    with pytest.raises(Denied):
        checks.of_new(
            composition.portal(),
            Draft("two", HOST, "team", Credentials("new", TYPED), team="team-b"),
            composition.reads().rules,
            Nobody(Operator(), {}, lambda _: None),
        )


def test_no_question_shows_a_password(stored: tuple[Secret, Snapshot]) -> None:
    question = checks.of_stored(composition.portal(), *stored)
    assert PASSWORD not in repr(question) + repr(question.plan)
    assert names.CONFIG_KEY in stored[0].data
