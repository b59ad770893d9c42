"""What export jobs tell about a destination."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from destinations.cluster.jobs import Job, read_job, read_pod
from destinations.model import Secret
from destinations.overview.exports import Export, State, application, of_destination, state_of
from destinations.secret.codec import rfc3339
from destinations.secret.mask import MASK
from edrportal.demo import exports

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAGE = "1234567890abcdef"


def job(minutes: float, *, of: str = "one", outcome: str = "", target: str = "docker://h/t/a-b-image:1") -> Job:
    began = NOW - timedelta(minutes=minutes)
    ended = rfc3339(began + timedelta(seconds=30)) if outcome else ""
    return Job(f"job-{minutes}", rfc3339(began), of, target, "oci-push", outcome, ended)


def seen(*jobs: Job, made: float = 1000) -> tuple[Export, ...]:
    destination = Secret("one", created_at=rfc3339(NOW - timedelta(minutes=made)))
    return of_destination(jobs, destination, secrets=("hidden",), now=NOW)


def test_the_jobs_of_a_destination_are_those_that_mount_its_secret_the_newest_first() -> None:
    found = seen(job(5), job(1, of="two"), job(3), job(9, outcome="Failed"))
    assert [one.job for one in found] == ["job-3", "job-5", "job-9"]


def test_jobs_from_before_the_secret_was_made_belong_to_another() -> None:
    assert [one.job for one in seen(job(5), job(4), job(3), made=4)] == ["job-3", "job-4"]


@pytest.mark.parametrize(
    ("outcome", "minutes", "state"),
    [
        ("", 0, State.RUNNING),
        ("", 12, State.RUNNING),
        ("", 12.1, State.OVERDUE),
        ("Failed", 1, State.FAILED),
        ("Failed", 90, State.FAILED),
        ("Complete", 1, State.SUCCEEDED),
    ],
)
def test_the_state_is_kubernetes_word_or_how_long_it_runs(outcome: str, minutes: float, state: State) -> None:
    assert state_of(outcome, timedelta(minutes=minutes)) is state
    assert [one.state for one in seen(job(minutes, outcome=outcome))] == [state]


def test_an_export_has_ended_only_if_kubernetes_says_so() -> None:
    ended, running = seen(job(5, outcome="Failed"), job(6))
    assert ended.ended_at == NOW - timedelta(minutes=5) + timedelta(seconds=30)
    assert running.ended_at is None


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (
            f"docker://registry.example.com/t/workspace-shop-image:{STAGE}",
            f"registry.example.com/t/workspace-shop-image:{STAGE}",
        ),
        ("docker://u:pw@registry.example.com/t/x:1", f"u:{MASK}@registry.example.com/t/x:1"),
        ("docker://h/hidden/x:1", f"h/{MASK}/x:1"),
        ("docker://h/\x1b[31mx:1\n", "h/x:1 "),
        ("docker-archive:/workspace/x", ""),
        ("", ""),
    ],
)
def test_the_reference_is_skopeos_target_without_what_is_secret(target: str, shown: str) -> None:
    (export,) = seen(job(1, target=target))
    assert export.reference == shown
    assert "pw" not in repr(job(1, target="docker://u:pw@h/x")) + repr(export)


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        (f"h/t/workspace-shop-image:{STAGE}", ("workspace", "shop")),
        (f"h/workspace-shop2-image:{STAGE}", ("workspace", "shop2")),
        (f"h/t/team-a-shop-image:{STAGE}", ("", "")),
        (f"h/t/workspace--image:{STAGE}", ("", "")),
        (f"h/t/shop-image:{STAGE}", ("", "")),
        (f"h/t/Workspace-shop-image:{STAGE}", ("", "")),
        (f"h/t/workspace-shop:{STAGE}", ("", "")),
        ("h/t/workspace-shop-image:v1", ("", "")),
        ("h/t/workspace-shop-image:", ("", "")),
        (f"h/t/a--b-image:{STAGE}", ("", "")),
        ("", ("", "")),
    ],
)
def test_an_application_is_named_only_where_the_default_names_leave_no_doubt(
    reference: str, found: tuple[str, str]
) -> None:
    assert application(reference) == found


def test_a_job_that_says_little_is_read_all_the_same() -> None:
    assert read_job({"metadata": {"name": "x"}}) == Job("x", "", "", "", "")
    assert seen(Job("x", "", "one", "", ""), Job("y", "no time", "one", "", "")) == ()
    assert read_pod({"metadata": {"name": "x"}}).reason == ""


def test_the_secret_is_that_of_the_credentials_wherever_its_volume_stands() -> None:
    made = exports.job("one", "h/t/x:1", NOW, certs="one-ca")
    made["spec"]["template"]["spec"]["volumes"].reverse()
    assert read_job(made).secret == "one"


def test_a_condition_that_is_not_true_is_no_outcome() -> None:
    status = {"conditions": [{"type": "Failed", "status": "False"}, {"type": "FailureTarget", "status": "True"}]}
    assert read_job({"metadata": {"name": "x"}, "status": status}).outcome == ""


def test_a_pod_says_why_it_waits() -> None:
    states = [{"state": {"running": {}}}, {"state": {"waiting": {"reason": "ImagePullBackOff"}}}]
    assert read_pod({"metadata": {"name": "x"}, "status": {"containerStatuses": states}}).reason == "ImagePullBackOff"
