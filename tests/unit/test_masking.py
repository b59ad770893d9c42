"""Passwords in host keys, which Epinio prints and the portal does not."""

from __future__ import annotations

import time

import pytest

from destinations.secret.mask import masked, masked_everywhere, masked_key


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("registry.example.com:5000/team", "registry.example.com:5000/team"),
        ("u:pw@registry.example.com/team", "u:•••@registry.example.com/team"),
        ("https://u:pw@registry.example.com", "https://u:•••@registry.example.com"),
        ("u:p@w:x@h", "u:•••@h"),
        ("u:p/w@h/x", "u:•••@h/x"),
        (":pw@h", ":•••@h"),
        ("name@h", "name@h"),
        ('parse "oci://u:pw@h/x": invalid, see u:pw@h', 'parse "oci://u:•••@h/x": invalid, see u:•••@h'),
    ],
)
def test_only_the_password_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_every_text_of_a_document_is_masked() -> None:
    assert masked_everywhere({"a": ["u:pw@h", 1, None], "b": {"c": "u:pw@h"}}) == {
        "a": ["u:•••@h", 1, None],
        "b": {"c": "u:•••@h"},
    }


def test_a_long_text_is_masked_quickly() -> None:
    started = time.process_time()
    masked("a:" * 500_000 + "@" + "b@:" * 100_000)
    assert time.process_time() - started < 2


def test_a_key_is_one_word_whatever_stands_in_the_password() -> None:
    assert masked_key("https://u:p w\"x@y'<@h.example.com/team") == "https://u:•••@h.example.com/team"
