"""Credentials that cannot be right, tokens that end by themselves, robots that lost a sign: each with its code."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from destinations import names
from destinations.input.validation import check_credentials, check_password
from destinations.model import Secret, Snapshot, Verdict
from destinations.secret import manifests
from destinations.verdict.judge import judge

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FIELD = Path("tests/data/field")


def codes(username: str, password: str, host: str = "registry.example.com", **annotations: str) -> list[str]:
    entry = {"auth": b64encode(f"{username}:{password}".encode()).decode(), "username": username, "password": password}
    secret = Secret(
        "one",
        labels={names.REGISTRY_LABEL: "true"},
        annotations={names.ORGANIZATION_ANNOTATION: "team", **annotations},
        data={names.CONFIG_KEY: json.dumps({"auths": {host: entry}}).encode()},
    )
    judgement = judge(secret, Snapshot({}, NOW))
    assert judgement.verdict is (Verdict.AT_RISK if judgement.warnings else Verdict.ACCEPTED)
    assert all(password not in one.message + one.fix or len(password) < 6 for one in judgement.warnings)
    return [one.code for one in judgement.warnings]


@pytest.mark.parametrize(
    ("file", "name", "code"),
    [
        ("06-line-end-in-auth", "echo-without-n", "credentials-line-break"),
        ("08-harbor-dollar", "eaten-in-part", "robot-name"),
        ("08-harbor-dollar", "eaten-whole", "robot-name"),
        ("08-harbor-dollar", "doubled", "robot-name"),
        ("08-harbor-dollar", "escaped", "robot-name"),
        ("09-placeholders", "shell", "credentials-placeholder"),
        ("09-placeholders", "github", "credentials-placeholder"),
        ("09-placeholders", "argo-cd-mask", "credentials-mask"),
        ("11-short-lived", "ecr", "token-expired"),
        ("11-short-lived", "gitlab-job", "token-short-lived"),
        ("11-short-lived", "gcloud", "token-short-lived"),
    ],
)
def test_what_people_really_pasted_is_at_risk(file: str, name: str, code: str) -> None:
    found = [
        manifests.secret_of(one, namespace="epinio") for one in yaml.safe_load_all((FIELD / f"{file}.yaml").read_text())
    ]
    secret = next(one for one in found if one and one.name == name)
    judgement = judge(secret, Snapshot({}, NOW))
    assert judgement.verdict is Verdict.AT_RISK
    assert {one.code for one in judgement.warnings} == {code}


LINE_BREAKS = ["s3cret\n", "s3cret\r\n", "s3\ncret", "\ns3cret", "s3cret\r", "s3\u2028cret"]
WRITTEN = ["s3cret\\n", "s3cret\\r\\n", "s3cret%0A", "s3cret%0d%0a"]


@pytest.mark.parametrize("text", [*LINE_BREAKS, *WRITTEN])
def test_a_line_break_is_told(text: str) -> None:
    assert codes("robot", text) == ["credentials-line-break"]


@pytest.mark.parametrize("text", ["s3\\cret", "s3cret\\", "n\\name", "%0Acret", "s3%0a%"])
def test_a_backslash_or_a_percent_sign_elsewhere_is_no_line_break(text: str) -> None:
    assert codes("robot", text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("s3\tcret", "credentials-control-character"),
        ("s3cret\x1b[0m", "credentials-control-character"),
        ("\ufeffs3cret", "credentials-invisible"),
        ("s3cret\u200b", "credentials-invisible"),
        ("s3\u00a0cret", "credentials-invisible"),
        ('"s3cret"', "credentials-quoted"),
        ("'s3cret'", "credentials-quoted"),
        ('\\"s3cret\\"', "credentials-quoted"),
        ("\u201cs3cret\u201d", "credentials-quoted"),
    ],
)
def test_what_a_shell_or_an_editor_left_is_told(text: str, code: str) -> None:
    assert codes("robot", text) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "${PASSWORD}", "$PASSWORD", "$(PASSWORD)", "$(cat token)", "$env:PASSWORD", "%PASSWORD%", "%(password)s", "!PASSWORD!",
        "{{ password }}", "{{{password}}}", "{{ .Values.registry.password }}", "${{ secrets.TOKEN }}", "$${{ secrets.TOKEN }}",
        "{{resolve:secretsmanager:x}}", "<path:secret/data/x#password>", "<PASSWORD>", "<your token>", "<%= password %>",
        "@PASSWORD@", "#{Password}#", "__PASSWORD__", "((registry-password))", "[[ .token ]]", "ref+vault://secret/x#/p",
        "vault:secret/data/x#PASSWORD", "op://vault/item/password", "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]",
        "ENC[PKCS7,MIIB]", "{cipher}AQB", "changeme", "CHANGE_ME", "change-it", "replace-me", "your-password-here",
        "YOUR_TOKEN", "<registry password>", '"${PASSWORD}"'[1:-1], "prefix-${PASSWORD:-x}",
        "arn:aws:secretsmanager:eu:1:secret:x", "{% raw %}x{% endraw %}", "$[variables.registryPassword]", "!Ref Password",
        "!GetAtt Robot.Secret", "!reference [.x, y]", "$password", "$registry_password", "$$PASSWORD", "\\$PASSWORD",
        "$Env:REGISTRY_PASSWORD", "@@PASSWORD@@", "~PASSWORD~", "{PASSWORD}", "{password}", "%{PASSWORD}", "[PASSWORD]",
        "[your-password]", "&lt;password&gt;", "<< pipeline.parameters.password >>", "<<password>>", "@project.password@",
        "ENC(G6N718UuyPE5bHyWKyuLQSm02auQPUtm)", "@Microsoft.KeyVault(SecretUri=https://x)", "process.env.TOKEN",
        "secrets.REGISTRY_PASSWORD", "projects/1/secrets/x/versions/latest", "awssm://x", "bao:secret/data/x#p",
        "file:///run/secrets/x", "REPLACE_WITH_TOKEN", "ChangeMe123", "PASSWORD_HERE", "PLACEHOLDER_PASSWORD", "TBD",
    ],
)  # fmt: skip
def test_a_placeholder_is_told(text: str) -> None:
    assert codes("robot", text) == ["credentials-placeholder"]
    assert codes(text.replace(":", "."), "s3cret-9") or ":" in text


@pytest.mark.parametrize(
    "text",
    ["****", "********", "++++++++", "•••", "●●●●●", "[MASKED]", "<redacted>", "<REDACTED>", "***REDACTED***",
     "(sensitive value)", "<no value>", "<nil>", "<none>", "[FILTERED]", "<hidden>", "%!s(<nil>)", "[object Object]",
     "32 bytes", "1 byte", "<set to the key 'password' in secret 'x'>", "[secure]", "[secret value]", "--REDACTED--",
     "SecretStr('**********')", "System.Security.SecureString", "[object Promise]"],
)  # fmt: skip
def test_a_mask_is_told_and_no_form_takes_it(text: str) -> None:
    assert codes("robot", text) == ["credentials-mask"]
    assert check_password(text, choice="")


@pytest.mark.parametrize(
    "text", ["null", "None", "nil", "undefined", "NaN", "HIDDEN", "xxxxx", "XXXXXXXX", "REDACTED", "-----"]
)
def test_what_may_be_a_mask_is_told_and_can_be_confirmed(text: str) -> None:
    assert codes("robot", text) == ["credentials-mask"]
    assert check_password(text, choice="") is None
    assert [trap.field for trap in check_credentials("robot", text, "", now=NOW)] == ["password"]


@pytest.mark.parametrize(
    "text",
    [
        "s3cret", "pa$$word", "p%41", "a<b>c", "$ecret1", "100%", "((", "{x}", "#1!", "x'y", '"', "a+b+c", "++", "**", "xxx",
        "%d", "P@ssw0rd@", "dckr_pat_0123456789abcdefghijklmnopq", "glpat-x1y2z3", "gldt-INVENTED", "eyJhbGciOi.J9.x", "eyJ",
        "AKIA/abc+def==", "hunter2$", "$2y$10$abcdefghijklmnopqrstuv", "p:q", "Tr0ub4dor&3", "null0", "NoneOfIt", "my password 1",
        "!Summer2026!", "!Passw0rd!", "@Winter2026@", "%kd93jX%", "__x9__", "{k9}", "[k9]", "$ecret", "$Hk2",
        "!Refresh9", "~x~", "$!aB",
        '{"type": "service_account",\n "private_key": "x"}\n', "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n",
    ],
)  # fmt: skip
def test_a_real_password_that_looks_odd_is_left_alone(text: str) -> None:
    assert codes("robot", text) == []
    assert not list(check_credentials("robot", text, "", now=NOW))


@pytest.mark.parametrize(
    ("host", "username", "told"),
    [
        ("harbor.example.com", "robot$team+ci", False),
        ("harbor.example.com", "robot$ci", False),
        ("harbor.example.com", "ROBOT$ci", False),
        ("harbor.example.com", "jane", False),
        ("harbor.example.com", "ci$team+ci", False),  # the prefix can be configured
        ("harbor.example.com", "robot+ci", True),
        ("harbor.example.com:8443", "robot_ci", True),
        ("harbor.example.com", "robot%24team+ci", True),
        ("harbor.example.com", "robot$$team+ci", True),
        ("harbor.example.com", "ci\\$team", True),
        ("harbor.example.com", "robot", True),
        ("harbor.corp.example:5000", "robot", False),
        ("registry.example.com", "robot+ci", False),
        ("quay.io", "acme+ci", False),
        ("quay.io", "jane", False),
        ("quay.io", "$oauthtoken", False),
        ("quay.io", "$app", False),
        ("quay.io", "acme%2Bci", True),
        ("quay.io", "acme\\+ci", True),
        ("quay.io", "acme ci", True),
        ("quay.io", "acme$ci", True),
        ("nvcr.io", "$oauthtoken", False),
    ],
)
def test_a_robot_without_its_sign_is_told_where_the_registry_is_known_for_it(
    host: str,
    username: str,
    told: bool,  # noqa: FBT001
) -> None:
    assert codes(username, "s3cret", host) == ["robot-name"] * told
    assert bool(list(check_credentials(username, "s3cret", host, now=NOW))) is told


def jwt(end: datetime) -> str:
    parts = ({"alg": "RS256", "typ": "JWT"}, {"sub": "robot", "exp": int(end.timestamp())})
    return ".".join([*(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "c2ln"])


def ecr(end: datetime) -> str:
    return b64encode(json.dumps({"payload": "x" * 40, "expiration": int(end.timestamp())}).encode()).decode()


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (lambda end: int(end.timestamp() * 1000), ["token-expired"]),
        (lambda end: end.isoformat(), ["token-expired"]),
        (lambda end: str(int(end.timestamp())), ["token-expired"]),
        (lambda _: -1, []),  # Harbor: never
        (lambda _: True, []),
        (lambda _: 10**400, []),
        (lambda _: "soon", []),
        (lambda _: None, []),
    ],
)
def test_the_end_of_a_token_is_read_however_it_is_written(
    stated: Callable[[datetime], object], expected: list[str]
) -> None:
    parts = ({"alg": "RS256"}, {"exp": stated(NOW - timedelta(days=1))})
    token = ".".join([*(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "c2ln"])
    assert codes("robot", token) == expected


@pytest.mark.parametrize("make", [jwt, ecr])
@pytest.mark.parametrize(
    ("days", "expected"),
    [(-400, ["token-expired"]), (-0.001, ["token-expired"]), (0.4, ["token-expires-soon"]), (400, [])],
)
def test_a_token_that_states_its_end_is_told_by_the_clock(make: object, days: float, expected: list[str]) -> None:
    token = make(NOW + timedelta(days=days))  # type: ignore[operator]
    assert codes("robot", token) == expected
    assert [trap.field for trap in check_credentials("robot", token, "", now=NOW)] == ["password"] * (days < 0)


@pytest.mark.parametrize(
    ("username", "password", "host"),
    [
        ("gitlab-ci-token", "glcbt-64_x9y8z7w6", "registry.gitlab.com"),
        ("oauth2accesstoken", "opaque", "eu.gcr.io"),
        ("_token", "ya29.c.b0Aaek", "europe-docker.pkg.dev"),
        ("00000000-0000-0000-0000-000000000000", "opaque", "acme.azurecr.io"),
        ("octocat", "ghs_0123456789abcdefghijklmnopqrstuvwxyz", "ghcr.io"),
        ("AWS", "opaque", "123456789012.dkr.ecr.eu-west-1.amazonaws.com"),
    ],
)
def test_a_token_that_is_known_to_end_soon_is_told_unless_its_end_is_stated(
    username: str, password: str, host: str
) -> None:
    assert codes(username, password, host) == ["token-short-lived"]
    assert codes(username, password, host, **{names.EXPIRY_ANNOTATION: "2031-01-31"}) == []


def test_both_users_of_the_credentials_are_looked_at() -> None:
    auth = b64encode(b"robot:${PASSWORD}").decode()
    entry = {"auth": auth, "username": "robot", "password": "s3cret"}
    secret = Secret(
        "one",
        labels={names.REGISTRY_LABEL: "true"},
        annotations={names.ORGANIZATION_ANNOTATION: "team"},
        data={names.CONFIG_KEY: json.dumps({"auths": {"registry.example.com": entry}}).encode()},
    )
    found = {one.code for one in judge(secret, Snapshot({}, NOW)).warnings}
    assert found == {"credentials-disagree", "credentials-placeholder"}
