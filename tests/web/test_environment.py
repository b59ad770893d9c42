"""The settings: what a server refuses to start with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from destinations import current
from edrportal.environment import ConfigurationError, Environment

if TYPE_CHECKING:
    from pathlib import Path


def test_every_page_can_say_by_which_rules_it_judges() -> None:
    assert "no version is configured" in current.rules("")
    assert "is no version" in current.rules("latest")
    assert "newer than this portal knows" in current.rules("99.0.0")
    assert "close, not exact" in current.rules("v1.12.0")
    assert current.rules("1.13.7") == "Judged by the rules of Epinio 1.13.7."


KEY = {"EDRPORTAL_SECRET_KEY": "k" * 40}


def test_a_server_needs_a_key_of_some_length() -> None:
    with pytest.raises(ConfigurationError, match="EDRPORTAL_SECRET_KEY"):
        Environment.read({}).check()
    Environment.read(KEY).check()


def test_a_key_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("f" * 40 + "\n")
    assert Environment.read({"EDRPORTAL_SECRET_KEY_FILE": str(file)}).secret_key == "f" * 40
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Environment.read({"EDRPORTAL_SECRET_KEY_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::", "portal.example.com", ""])
def test_an_address_that_others_reach_needs_to_be_wanted(address: str) -> None:
    with pytest.raises(ConfigurationError, match="EDRPORTAL_ALLOW_PLAIN_HTTP"):
        Environment.read(KEY).check_address(address)
    Environment.read({**KEY, "EDRPORTAL_ALLOW_PLAIN_HTTP": "true"}).check_address(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost"])
def test_loopback_is_fine(address: str) -> None:
    Environment.read(KEY).check_address(address)


def test_the_key_is_in_no_repr() -> None:
    assert "kkkk" not in repr(Environment.read(KEY))


@pytest.mark.parametrize("wrong", [{"EDRPORTAL_CLUSTER": "etcd"}, {"EDRPORTAL_PUBLIC_URL": "portal.example.com"}])
def test_a_wrong_value_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Environment.read({**KEY, **wrong}).check()
