"""What is warned of, as text: by the judgement, in short lines, and never more than Kubernetes shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from destinations import names
from destinations.model import Credentials, Secret, Snapshot
from destinations.secret import docker_config
from edrportal.demo.cluster import certificate
from edrportal.webhook import admission
from edrportal.webhook.admission import MAX_CONFIG_BYTES, MAX_LENGTH, MOST, warnings
from tests.services.leaks import known

NOW = datetime.now(UTC)
PASSWORD = known("canary-admission-7731")
PEM = certificate(NOW, days=300)


def destination(name: str = "harbor", *, certs: str = "", host: str = "harbor.example.com", **labels: str) -> Secret:
    config = docker_config.new(host, Credentials("robot$ci", PASSWORD))
    return Secret(
        name,
        labels={names.REGISTRY_LABEL: "true", **labels},
        annotations={names.ORGANIZATION_ANNOTATION: "team"},
        data={names.CONFIG_KEY: config, **({"certs": certs.encode()} if certs else {})},
    )


def without_organization(name: str = "harbor") -> Secret:
    one = destination(name)
    return Secret(name, labels=one.labels, data=one.data)


def bundle(content: bytes = PEM) -> Secret:
    return Secret("ca", data={"tls.crt": content})


def warned(old: Secret | None, new: Secret | None, *others: Secret, unknown: bool = False) -> tuple[str, ...]:
    return warnings(admission.Review("uid", old, new), Snapshot.of(others, NOW), is_known=not unknown)


def test_a_hidden_one_is_told_in_epinios_words_with_the_fix() -> None:
    (line,) = warned(None, without_organization())
    assert line.startswith("Epinio will hide 'harbor': missing annotation 'epinio.io/registry-namespace'. ")
    assert "Add the annotation" in line


def test_a_sound_one_its_deletion_and_anything_else_are_quiet() -> None:
    assert warned(None, destination()) == ()
    assert warned(destination(), None, destination()) == ()
    assert warned(None, Secret("other", data={"password": b"x"})) == ()
    assert warned(None, destination(**{names.REGISTRY_LABEL: "false"})) == ()


def test_one_that_will_fail_or_is_at_risk_is_told() -> None:
    (fails,) = warned(None, destination(certs="not-there"))
    assert fails.startswith("Epinio will list 'harbor', but exports to it will fail: ")
    (risky,) = warned(None, destination(host="harbor.example.com/team"))
    assert risky.startswith("Epinio will ")


def test_one_that_is_no_destination_any_more_and_one_that_is_a_user_too() -> None:
    (gone,) = warned(destination(), Secret("harbor"))
    assert "'harbor' is no longer a destination: " in gone
    assert "both an Epinio user and a destination" in warned(None, destination(**{names.USER_LABEL: "true"}))[0]


def test_certificates_warn_for_every_destination_that_names_them() -> None:
    users = [destination(f"d{number}", certs="ca") for number in range(3)]
    assert warned(bundle(), bundle(PEM + PEM), bundle(), *users) == ()
    lines = warned(bundle(), None, bundle(), *users)
    assert [line.split("'")[1] for line in lines] == ["d0", "d1", "d2"]
    assert all("exports to it will fail" in line for line in lines)
    assert len(warned(bundle(), bundle(b"none"), bundle(), *users)) == 3
    assert warned(None, bundle(), destination("other", certs="another")) == ()
    assert warned(bundle(b"none"), None, bundle(b"none"), *users) != ()
    hidden = Secret("d0", labels=users[0].labels, data=users[0].data)  # for another reason, which this does not change
    assert warned(bundle(), bundle(PEM + PEM), bundle(), hidden) == ()


def test_never_more_lines_and_never_longer_ones_than_kubernetes_shows() -> None:
    users = [destination(f"{'d' * 200}{number}", certs="ca") for number in range(40)]
    lines = warned(bundle(), None, bundle(), *users)
    assert len(lines) == MOST
    assert lines[-1] == "36 more warnings: see the portal."
    assert max(len(line) for line in lines) <= MAX_LENGTH + 2
    odd = [
        destination(certs="a\nb\x1b[31m"),
        destination(host="a\u2028b"),
        Secret("h", labels={names.REGISTRY_LABEL: "\n"}),
    ]
    assert all(line.isprintable() for one in odd for line in warned(None, one))


def test_with_an_unknown_namespace_less_is_said_and_nothing_wrong() -> None:
    assert warned(None, destination(certs="ca"), unknown=True) == ()
    assert warned(None, without_organization(), unknown=True) != ()


def test_no_warning_holds_a_password() -> None:
    spoiled = destination(host=f"robot:{PASSWORD}@harbor.example.com")
    for line in warned(None, spoiled):
        assert PASSWORD not in line


@pytest.mark.parametrize("body", [{}, [], {"request": {}}, {"request": {"uid": ""}}, {"request": {"uid": 1}}, None])
def test_what_is_no_question_has_no_uid(body: Any) -> None:
    with pytest.raises(ValueError, match="uid"):
        admission.uid_of(body)


def test_the_answer_lets_everything_through() -> None:
    assert admission.answer("u") == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "u", "allowed": True},
    }
    assert admission.answer("u", ["a"])["response"]["warnings"] == ["a"]


def test_a_configuration_of_an_odd_size_is_told_and_not_judged() -> None:
    large = replace(destination(), data={names.CONFIG_KEY: b'{"auths":{' + b" " * MAX_CONFIG_BYTES})
    (said,) = warned(None, large)
    assert said == "'harbor' is not judged: its configuration has more than 256 KiB. Keep only one registry in it."
    assert len(said) <= MAX_LENGTH
