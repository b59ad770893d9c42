"""A token tells what it grants, or it is not read at all."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from destinations.livecheck.registry.challenge import is_token, may_push

NAME = "team/workspace-shop-image"


def jwt(claims: Any) -> str:
    middle = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{middle}.c2ln"


def access(*actions: Any, name: Any = NAME, kind: Any = "repository") -> dict[str, Any]:
    return {"type": kind, "name": name, "actions": list(actions)}


@pytest.mark.parametrize(
    ("entries", "may"),
    [
        ([access("pull", "push")], True),
        ([access("*")], True),
        ([access("pull", "push", "delete")], True),
        ([access("pull"), access("push")], True),
        ([access("pull", "push", name="team/other"), access("pull")], False),
        ([access("push")], False),
        ([access("pull")], False),
        ([access("pull", "push", kind="registry")], False),
        ([access("pull", "push", kind=["repository"])], False),
        ([access("pull", "push", name=NAME.upper())], False),
        ([access(["push"], {"pull": 1}, 7, None)], False),
        ([{"type": "repository", "name": NAME, "actions": "pull,push"}], False),
        ([{"type": "repository", "name": NAME}], False),
        ([], False),
        (["repository:team:push"], None),
        ([None], None),
        (None, None),
        ("pull,push", None),
        ({"0": access("pull", "push")}, None),
    ],
)
def test_the_claim_tells_of_the_right_to_push(entries: Any, may: object) -> None:
    assert may_push(jwt({"access": entries}), NAME) is may


@pytest.mark.parametrize(
    "token",
    [
        "opaque",
        "a.b",
        "a.b.c.d",
        "e30.!!.x",
        "e30.e30.x",
        "e30.W10.x",
        "e30.ZQ.x",
        "e30..x",
        "..",
        f"e30.{urlsafe_b64encode(b'[' * 40_000).decode()}.x",
        f"e30.{urlsafe_b64encode(b'{%cff' % 34 + b'}').decode()}.x",
        "e30.é.x",
    ],
)
def test_a_token_without_the_claim_tells_nothing(token: str) -> None:
    assert may_push(token, NAME) is None


@pytest.mark.parametrize(
    ("text", "can"),
    [("abc.def_-~", True), ("", False), ("a b", False), ("a\r\nX: y", False), ("é", False), ("a\x7f", False)],
)
def test_only_visible_text_can_stand_in_a_header(text: str, *, can: bool) -> None:
    assert is_token(text) is can
