"""A page of a list: whole, of the right kind, and its objects exactly as they were sent."""

from __future__ import annotations

import json

import pytest

from destinations.cluster.kube.pages import read_page
from destinations.cluster.port import Unreachable

KIND = "SecretList"


def sent(*items: object, kind: str = KIND, **metadata: str) -> bytes:
    return json.dumps({"kind": kind, "apiVersion": "v1", "metadata": metadata, "items": items}).encode()


def test_an_object_is_read_as_it_was_sent_with_members_that_nobody_knows() -> None:
    one = {
        "metadata": {"name": "é\n", "uid": "u", "resourceVersion": "7", "new": [{}, None]},
        "data": {"a": "YQ=="},
        "x": 1,
    }
    page = read_page(sent(one, resourceVersion="9", **{"continue": "t"}), KIND)
    assert page
    (item,) = page.items
    assert (item.name, item.uid, item.resource_version) == ("é\n", "u", "7")
    assert item.document() == one
    assert item.detached().document() == one
    assert (page.version, page.token) == ("9", "t")


def test_a_list_of_another_kind_is_none() -> None:
    assert read_page(sent(kind="ConfigMapList"), KIND) is None


@pytest.mark.parametrize("items", ["null", "[]"])
def test_a_list_of_nothing_is_empty(items: str) -> None:
    page = read_page(f'{{"kind": "{KIND}", "metadata": {{}}, "items": {items}}}'.encode(), KIND)
    assert page is not None
    assert (list(page.items), page.token) == ([], "")


WHOLE = sent({"metadata": {"name": "one", "resourceVersion": "7"}, "data": {"a": "YQ=="}})
BROKEN = [WHOLE[:-1], WHOLE + b"x", WHOLE.replace(b"YQ==", b"\xff"), WHOLE.replace(b'"7"', b"7"), b"", b"[]", b"7", b"null",
          WHOLE.replace(b'"YQ=="', b"01"), WHOLE.replace(b"YQ==", b"\\ud800"), WHOLE.replace(b"YQ==", b"\\x"),
          sent(7), sent({}), sent({"metadata": None})]  # fmt: skip


@pytest.mark.parametrize("body", [*BROKEN, *(WHOLE[:cut] for cut in range(0, len(WHOLE), 7))])
def test_a_part_of_a_list_and_what_is_no_list_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_page(body, KIND)


def test_what_no_reader_takes_is_no_usable_answer_and_is_not_told() -> None:
    page = read_page(WHOLE.replace(b'"YQ=="', b"1e400"), KIND)
    assert page
    with pytest.raises(Unreachable) as caught:
        page.items[0].document()
    assert caught.value.__context__ is None
