"""Logs of other programs, before a person sees them: no secret, no control character, bounded; the reason stays."""

from __future__ import annotations

import json
import secrets as random
import time
from base64 import b64encode

import pytest

from destinations import names
from destinations.model import Credentials, Secret
from destinations.secret import docker_config
from destinations.secret.mask import MASK
from destinations.secret.redaction import MAX_LINE, MAX_LINES, one_line, redact, secrets_of, without
from tests.services.leaks import canary, find

HEX = random.token_hex(32)
REASONS = f"""\
level=fatal msg="trying to reuse blob sha256:{HEX}: checking whether it exists in registry.example.com/t/workspace-shop-image"
Copying blob sha256:{HEX}
pinging container registry registry.example.com:5000: Get \\"https://registry.example.com:5000/v2/\\": tls: failed to verify
x509: certificate signed by unknown authority
writing blob: initiating layer upload to /v2/platform/workspace-shop-image/blobs/uploads/ in registry.example.com: denied
requested access to the resource is denied: unauthorized: authentication required
no basic auth credentials; Basic authentication required; Bearer realm=x
dial tcp: lookup registry.example.com on 10.96.0.10:53: no such host
docker://registry.example.com/platform/workspace-shop-image:1234567890abcdef: invalid reference format
""".splitlines()


def scrub(*lines: str, secrets: tuple[str, ...] = ()) -> str:
    return "\n".join(redact("".join(f"{line}\n" for line in lines), secrets))


@pytest.mark.parametrize("line", REASONS, ids=range(len(REASONS)))
def test_the_reason_of_a_failure_stays(line: str) -> None:
    assert scrub(line) == line


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Basic {0}",
        "> Proxy-Authorization: Negotiate {0}",
        "Set-Cookie: session={0}; Path=/",
        "X-Auth-Token: {0}",
        'header {{"Authorization":["Bearer {0}"]}}',
        "got Bearer {0} from it",
        "https://robot:{0}@registry.example.com/v2/",
        "https://{0}@registry.example.com/v2/",
        "pushing to robot:{0}@registry.example.com/v2/",
        "GET /token?service=x&access_token={0}&scope=y",
        "GET /blob?X-Amz-Signature=1&sig={0}",
        '{{"auth":"{0}","username":"robot"}}',
        '{{"password":"two words {0}"}}',
        'msg="{{\\"password\\":\\"{0}\\"}}"',
        "password={0}",
        "PASSWORD: '{0}'",
        "skopeo copy --dest-creds robot:{0} docker://x",
        "skopeo copy --dest-creds=robot:{0} docker://x",
        "skopeo login --password {0} x",
        "client_secret={0}",
        "identitytoken: {0}",
        "-----BEGIN RSA PRIVATE KEY-----\n{0}\n-----END RSA PRIVATE KEY-----",
        "{0}\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n{0}",
        "Auth\x00orization: Basic {0}",
        "pass\x1b[31mword={0}",
    ],
)
def test_what_stands_where_secrets_stand_is_masked(line: str) -> None:
    assert "abcdef7" not in scrub(line.format("abcdef7"))


@pytest.mark.parametrize(
    "word",
    [
        b64encode(random.token_bytes(33)).decode(),
        b64encode(random.token_bytes(31)).decode(),
        random.token_urlsafe(40),
        random.token_hex(32),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "123e4567-e89b-42d3-a456-426614174000",
    ],
    ids=["base64", "padded", "base64url", "hex", "JWT", "GitHub", "UUID"],
)
def test_long_random_words_are_masked_wherever_they_stand(word: str) -> None:
    assert scrub(f"saw {word} there") == f"saw {MASK} there"


@pytest.mark.parametrize("around", ["{}", "x{}y", "pa/{}/th", "a={}&b"])
def test_a_known_secret_is_masked_in_every_encoding(around: str) -> None:
    known = canary("of the destination")
    ways = [
        known, json.dumps(known), json.dumps(known, ensure_ascii=False), json.dumps(json.dumps(known)), known.encode().hex(),
        b64encode(known.encode()).decode(), b64encode(f"robot:{known}".encode()).decode(),
        b64encode(f"a{known}".encode()).decode(), f"ab\x1b[1m{known[:4]}\x1b[0m{known[4:]}",
    ]  # fmt: skip
    for way in ways:
        assert not find(scrub(around.format(way), secrets=(known,)).encode()), way


def test_a_short_secret_is_masked_only_where_it_stands_alone() -> None:
    assert scrub("the cat sat: cat", secrets=("cat",)) == f"the {MASK} sat: {MASK}"
    assert scrub("concatenate", secrets=("cat",)) == "concatenate"
    assert without("plain", ["", "x"]) == "plain"


def test_every_value_of_the_configuration_is_known_as_a_secret_and_no_name() -> None:
    auth = b64encode(b"robot:from-auth").decode()
    text = {"auths": {"u:in-host@h": {"auth": auth, "password": "pw-1", "identitytoken": "it-1", "username": "robot"}},
            "more": {"deep": {"list": ["in-list", 5150]}}}  # fmt: skip
    found = secrets_of(Secret("one", data={names.CONFIG_KEY: json.dumps(text).encode()}))
    assert {"in-host", auth, "from-auth", "pw-1", "it-1", "in-list", "5150"} <= found
    assert "robot" not in found


def test_of_a_configuration_that_cannot_be_read_every_longer_word_is_one() -> None:
    found = secrets_of(Secret("one", data={names.CONFIG_KEY: b'{"auths": {"h": {"password": "longer-word'}))
    assert "longer-word" in found
    assert secrets_of(Secret("one")) == frozenset()


def test_what_the_portal_writes_is_known() -> None:
    content = docker_config.new("h", Credentials("robot", "p\u00e4ss w\u00f6rd"))
    found = secrets_of(Secret("one", data={names.CONFIG_KEY: content}))
    assert {"p\u00e4ss w\u00f6rd", b64encode("robot:p\u00e4ss w\u00f6rd".encode()).decode()} <= found


def test_control_characters_are_gone_and_lines_stay_lines() -> None:
    raw = "one\r\ntwo\rthree\x1b]0;title\x07\x1b[2J\x00\x9b\u202e\u200b!\n\n \nfour\tfive\n"
    assert redact(raw, ()) == ("one", "two", "three!", "four five")


def test_the_beginning_of_a_line_that_was_cut_is_not_shown() -> None:
    assert redact("whole\npassw", ()) == ("whole",)
    assert redact("password-without-an-end", ()) == ()


def test_lines_and_their_length_are_bounded() -> None:
    lines = redact("".join(f"{number} {'word ' * 500}\n" for number in range(100)), ())
    assert len(lines) == MAX_LINES
    assert lines[-1].startswith("99 word")
    assert {len(line) for line in lines} == {MAX_LINE}
    assert one_line("a\nb\x00" * 100, longest=5) == "a ba…"


@pytest.mark.parametrize(
    "piece", ["x-", '"', "password=", "a:b@", "/+", "-----BEGIN PRIVATE KEY-----", "eyJ.", "\x1b[", "://"]
)
def test_a_hostile_log_is_scrubbed_quickly(piece: str) -> None:
    started = time.process_time()
    redact((piece * 16_384)[:16_384] + "\n", ("secret", "other"))
    assert time.process_time() - started < 1
