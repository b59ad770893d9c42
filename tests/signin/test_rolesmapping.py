"""What roles the groups of a provider give; the readings were made with gopkg.in/yaml.v2 2.4.0 and Epinio's structs."""

from __future__ import annotations

import contextlib

import pytest

from destinations.model import InputError
from edrportal.signin.oidc.roles import RolesMapping, read
from tests.services import costs

MAPPING = b"""\
- connectorId: github
  groups:
  - id: org:admins
    roles: [admin, "admin:workspace "]
  - id: org:developers
    role: ignored
    roles:
    - user
    - application_developer:workspace
  - id: org:admins
    roles: [view_only]
- connectorId: ldap
  groups:
  - id: staff
    roles: [user]
- connectorId: github
  groups:
  - id: org:late
    roles: [admin]
"""

READ_BY_GO = [
    ("", []),
    ("null", []),
    ("# nothing yet", []),
    ("[]", []),
    ("--- []\n--- x: [", []),
    ("[null]", [("", [])]),
    ("\ufeff- connectorId: a", [("a", [])]),
    (
        "- connectorId: 1\n  groups:\n  - {id: 0x10, roles: [true, 1.50, 2001-01-01]}",
        [("1", [("0x10", ["true", "1.50", "2001-01-01"])])],
    ),
    ("- connectorId: null\n  groups:\n  - {id: ~, roles: [null, '~']}", [("", [("", ["", "~"])])]),
    ("- connectorId: ' a '\n  groups: [null, {id: }]", [(" a ", [("", []), ("", [])])]),
    ("- connectorId: a\n  connectorId: b\n  colour: [x]\n  ConnectorId: c", [("b", [])]),
    ("- connectorId: a\n  groups:\n  - roles: [x]\n    id: g\n    roles: [y]", [("a", [("g", ["y"])])]),
    ("- groups:\n  - &g {id: g, roles: [r]}\n  - {id: '<<', roles: [x]}", [("", [("g", ["r"]), ("<<", ["x"])])]),
    ("- connectorId: ! x\n  groups: [{id: !!str null}]", [("x", [("null", [])])]),
]

READ_BY_GO_AND_REFUSED_HERE = {
    "- &m {id: m}\n- connectorId: a\n  groups:\n  - {id: n, <<: *m}": "a merge (<<), which is not supported; write out",
    "- groups:\n  - <<: [{id: a}, {id: b}]": "a merge (<<), which is not supported; write out its content (line 2)",
    "- groups:\n  - &g {id: g}\n  - *g": "an alias, which is not supported; write out its content (line 3)",
}

REFUSED_BY_GO = {
    "github:\n- id: a\n  roles: [admin]": "is a map, as on a page of Epinio's documentation, but Epinio cannot read that",
    "a": "line 1: a list is required",
    "- a": "line 1: a map is required",
    "7": "line 1: a list is required",
    "- {groups: 7}": "line 1: a list is required",
    "- connectorId: [a]": "line 1: a string is required",
    "- connectorId: {a: b}": "line 1: a string is required",
    "- connectorId: a\n  groups: {id: g}": "line 2: a list is required",
    "- connectorId: a\n  groups:\n  - id: g\n    roles: admin": "line 4: a list is required",
    "- connectorId: a\n  groups:\n  - id: g\n    role: [admin]": "line 4: a string is required",
    "- connectorId: a\n  groups:\n  - id: g\n    roles: [[admin]]": "line 4: a string is required",
    "- [a]: b": "a string is required",
    "- ? [a]\n  : b": "a string is required",
    "- connectorId: a\n\tgroups: []": "not valid YAML; see line 2",
    "- connectorId: *nowhere": "an alias, which is not supported; write out its content (line 1)",
    "- connectorId: \x01": "a character that YAML does not allow",
    "- groups:\n  - <<: q": "a merge (<<), which is not supported",
    "- &a [*a]": "an alias, which is not supported",
    "%YAML 1.2\n---\n- connectorId: x": "version 1.1",
}


def told(mapping: RolesMapping) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    return [(one.id, [(group.id, list(group.roles)) for group in one.groups]) for one in mapping.connectors]


@pytest.mark.parametrize(
    ("connector", "groups", "roles"),
    [
        ("github", ["org:developers"], ("user", "application_developer:workspace")),
        ("ldap", ["org:admins", "staff"], ("user",)),
        (
            "github",
            ["org:developers", "org:admins"],
            ("admin", "admin:workspace ", "user", "application_developer:workspace", "view_only"),
        ),
        ("github", ["ORG:ADMINS", "org:admins ", "org"], ()),
        ("github", ["org:late"], ()),
        ("github", [], ()),
        ("", ["staff"], ()),
        ("saml", ["staff"], ()),
    ],
)
def test_every_matching_group_of_the_first_entry_gives_its_roles_in_the_order_of_the_mapping(
    connector: str, groups: list[str], roles: tuple[str, ...]
) -> None:
    assert read(MAPPING).roles(connector, groups) == roles


@pytest.mark.parametrize(("text", "meant"), READ_BY_GO)
def test_it_is_read_as_epinio_reads_it(text: str, meant: list[tuple[str, list[tuple[str, list[str]]]]]) -> None:
    assert told(read(text.encode())) == meant


@pytest.mark.parametrize(("text", "why"), {**REFUSED_BY_GO, **READ_BY_GO_AND_REFUSED_HERE}.items())
def test_what_epinio_or_the_portal_cannot_read_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(InputError) as refusal:
        read(text.encode())
    assert why in str(refusal.value)


def test_a_map_at_the_top_is_answered_with_the_right_form() -> None:
    with pytest.raises(InputError, match="dex-config is a map") as refusal:
        read(b"github:\n  groups: []")
    form = str(refusal.value).partition("their roles:\n")[2]
    assert read(form.encode()).roles("github", ["organization:team"]) == ("admin",)


@pytest.mark.parametrize("text", [b"\xff\xfe-\x00", b"- connectorId: \xff"])
def test_bytes_that_are_no_utf_8_are_refused(text: bytes) -> None:
    with pytest.raises(InputError, match=r"not valid UTF-8"):
        read(text)


def test_a_tag_for_numbers_is_refused_rather_than_guessed() -> None:
    with pytest.raises(InputError, match="put the text in quotes"):
        read(b"- connectorId: !!int 1")


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b"- x: " + b"{a: " * 5_000,
        b"- x: y\n" * 50_000,
        b"- groups:\n  - roles: &r [" + b"a," * 5_000 + b"]\n" + b"  - roles: *r\n" * 5_000,
    ],
)
def test_nesting_and_aliases_without_end_are_refused_quickly(text: bytes) -> None:
    with pytest.raises(InputError, match=r"nested too deeply|an alias, which is not supported|larger than 256 KiB"):
        read(text)
    assert costs.seconds(lambda: refused(text)) < costs.SECONDS


def refused(text: bytes) -> None:
    with contextlib.suppress(InputError):
        read(text)


def test_no_refusal_quotes_what_it_refuses() -> None:
    for text in REFUSED_BY_GO:
        with pytest.raises(InputError) as refusal:
            read(text.replace("admin", "hunter2").encode())
        assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "noticed"),
    [
        ("- connectorId: a\n  groups:\n  - id: g\n    role: admin", ["line 3: the group has the key role"]),
        ("- connectorId: a\n  groups:\n  - {id: g, role: admin}\n  - {id: h, role: user}", ["line 3", "line 4"]),
        ("- connectorId: a\n  groups:\n  - {id: g, role: admin, roles: [admin]}", []),
        ("- connectorId: a\n  groups:\n  - {id: g, role: ''}", []),
        ("- id: github\n  groups:\n  - {id: g, roles: [admin]}", ["line 1: an entry has no connectorId"]),
        ("- groups: []", ["line 1: an entry has no connectorId"]),
        ("", []),
    ],
)
def test_what_epinio_passes_over_is_noticed_by_its_line(text: str, noticed: list[str]) -> None:
    found = read(text.encode()).notices
    assert len(found) == len(noticed)
    assert all(part in notice for part, notice in zip(noticed, found, strict=True))
