"""Every field, import, body and file is given texts that cost more than they are long: half a second, 32 MB, and a refusal."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.http import QueryDict
from django.test import RequestFactory
from django.utils.datastructures import MultiValueDict

from destinations import names, permissions
from destinations.input import imports
from destinations.input.leak import paste
from destinations.model import InputError, Secret, UserError
from destinations.repairs import Fix
from destinations.secret import manifests
from destinations.verdict import certificates
from destinations.web import forms as served
from destinations.web.api import body as apibody
from destinations.web.forms import RepairForm
from destinations.web.forms.change import TargetForm
from edrportal.management.commands import livecheck, rotate
from edrportal.signin import notices
from edrportal.signin.oidc import roles
from edrportal.webhook import app as webhook
from tests.malformed import costly, patterns
from tests.malformed.asking import destination, encoded, entry, typed
from tests.services import composition, costs
from tests.services.effort import times
from tests.signin.test_permissions import addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

MIB = 1024 * 1024
CAP = 256 * 1024
EVERY = times(60, 1)
"""Of the tokens of the patterns each field gets one of so many, and each field others."""
HEAVY = 16


def check(call: Callable[[], Any], what: object) -> None:
    """Hold a call to the limits; memory is measured exactly only where a first look makes it worth that."""
    assert costs.seconds(call) < costs.SECONDS, what
    if costs.peak(call) > HEAVY:
        assert costs.mebibytes(call) < costs.MEBIBYTES, what


def texts(size: int, first: int) -> Iterator[tuple[str, str]]:
    yield from costly.structures(size).items()
    yield from costly.tokens(size, every=EVERY, first=first).items()


def form_classes() -> list[type[forms.Form]]:
    list(patterns.modules())
    found: list[type[forms.Form]] = []
    waiting = [forms.Form]
    while waiting:
        for one in waiting.pop().__subclasses__():
            waiting.append(one)
            if one.__module__.startswith(("destinations.", "edrportal.")) and one not in found:
                found.append(one)
    return sorted(found, key=lambda one: one.__name__)


FIELDS = [
    pytest.param(form, name, id=f"{form.__name__}-{name}")
    for form in form_classes()
    if form.__name__ in served.__all__
    for name in [*form.base_fields, *(["organization"] if form is RepairForm else [])]
]
SOUND = {
    **typed(), "bundle_choice": "keep", "uid": "1", "resource_version": "1", "to": "on", "team": "team-a",
    "namespace": "workspace", "application": "shop", "confirmation": "one", "chosen": "one 1 1",
}  # fmt: skip
ORGANIZATION = Fix("organization", "Type it.", Secret("one"), asks="organization")
TAKES_ANYTHING = {
    "anyway", "confirmed", "credentials_confirmed", "expires_confirmed", "import_host", "value", "value_file",
}  # fmt: skip
"""What leaked is read by `paste.read`, a reader below."""


def bound(form: type[forms.Form], name: str, text: str) -> forms.Form:
    """Return the form as a browser would send it with this text in one field."""
    data, files = QueryDict(mutable=True), MultiValueDict[str, Any]()
    data.update({key: value for key, value in SOUND.items() if key in form.base_fields})
    if isinstance(form.base_fields.get(name), forms.FileField):
        files[name] = SimpleUploadedFile("x", text.encode("utf-8", "surrogatepass"))
    else:
        data[name] = text
    options: dict[str, Any] = {"groups": [(ORGANIZATION,)]} if issubclass(form, RepairForm) else {}
    options |= {"rules": composition.reads()} if issubclass(form, RepairForm | TargetForm) else {}
    return form(data, files, **options)


@pytest.mark.parametrize(("form", "name"), FIELDS)
@pytest.mark.usefixtures("portal")
def test_a_field_of_a_form(form: type[forms.Form], name: str) -> None:
    first = [param.id for param in FIELDS].index(f"{form.__name__}-{name}")
    cleaned: list[forms.Form] = []

    def clean(text: str) -> None:
        cleaned[:] = [bound(form, name, text)]
        cleaned[0].full_clean()

    for what, text in texts(MIB, first):
        check(lambda text=text: clean(text), (form, name, what))  # type: ignore[misc]
        if len(text) > CAP and text.strip() and name in cleaned[0].fields.keys() - TAKES_ANYTHING:
            assert not cleaned[0].is_valid(), (form, name, what)
    for what, text in costly.structures(CAP - 64).items():
        check(lambda text=text: clean(text), (form, name, what))  # type: ignore[misc]


def test_every_form_that_is_bound_is_tried() -> None:
    made = {one.__name__: one for one in form_classes()}
    bases = {base.__name__ for one in made.values() for base in one.__bases__}
    assert set(made) - (bases - {*served.__all__}) == {
        *served.__all__,
        "SignInForm",
    }  # what the sign-in brings is read by its view


def quiet(call: Callable[..., Any], *refusals: type[Exception]) -> Callable[[str], None]:
    """Return the call without what it may raise; anything else fails the test."""

    def run(text: str) -> None:
        try:
            call(text)
        except refusals:
            return

    return run


def raw(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def api_body(text: str) -> object:
    request = RequestFactory().post("/api/destinations", raw(text)[:MIB], content_type="application/json")
    return apibody.read(request, {"name", "password"})


def judged(text: str) -> None:
    """Ask the webhook about destinations that hold this in one place and another."""
    for config in (text, json.dumps({"auths": {text: entry()}}), json.dumps({"auths": {"h": {"auth": text}}})):
        made = destination(config.encode("utf-8", "replace"), data={names.CERTS_KEY: encoded("ca")})
        made["metadata"]["annotations"][names.ORGANIZATION_ANNOTATION] = text[: CAP // 2]
        posted(json.dumps({"request": {"uid": "1", "object": made}}))


def posted(text: str) -> str:
    """Return the status that the webhook's application answers with."""
    body, said = raw(text), []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": webhook.PATH,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    list(webhook.application(environ, lambda status, _headers: said.append(status)))  # type: ignore[arg-type]
    return str(said[0])


READERS: dict[str, tuple[Callable[[str], None], int]] = {
    "what leaked": (quiet(lambda text: paste.read(raw(text)), UserError), CAP),
    "an import": (quiet(lambda text: imports.read(raw(text)), UserError), CAP),
    "manifests": (quiet(lambda text: list(manifests.documents(text)), InputError), MIB),
    "a new bundle": (quiet(lambda text: certificates.read_new_bundle(raw(text), datetime.now(UTC))), CAP),
    "a stored bundle": (quiet(lambda text: certificates.read_bundle(raw(text))), MIB),
    "a private key": (quiet(lambda text: certificates.holds_private_key(raw(text))), CAP),
    "Dex's users": (quiet(lambda text: notices.shipped_passwords([], raw(text))), CAP),
    "rolesMapping": (quiet(lambda text: roles.read(raw(text)), InputError), CAP),
    "a body of the JSON interface": (quiet(api_body, UserError), MIB),
    "a question of the webhook": (quiet(posted), MIB),
    "a destination before the webhook": (quiet(judged), CAP // 2),
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.usefixtures("portal")
def test_a_reader(reader: str) -> None:
    read, size = READERS[reader]
    for what, text in texts(size, list(READERS).index(reader)):
        check(lambda text=text: read(text), (reader, what))  # type: ignore[misc]


def test_the_webhook_refuses_what_is_no_question(portal: InMemoryCluster) -> None:
    assert portal.list_secrets() == []
    for what, text in costly.structures(MIB).items():
        assert posted(text).startswith(("400 ", "413 ")), what  # too many members are too large, too
    assert posted("a" * (webhook.MAX_BYTES + 1)).startswith("413 ")


@pytest.mark.usefixtures("portal")
def test_a_file_of_the_command_line(tmp_path: Path) -> None:
    for number, (what, text) in enumerate(texts(MIB, 0)):
        file = tmp_path / str(number)
        file.write_bytes(raw(text))
        codes: list[object] = []
        check(lambda file=file, codes=codes: codes.append(run("verdict", str(file))), what)  # type: ignore[misc]
        assert set(codes) <= {0, 2, 3}, what


def run(*words: str) -> object:
    """Return the exit code of a command; nothing but SystemExit may end it."""
    try:
        call_command(*words, stdout=io.StringIO(), stderr=io.StringIO())
    except SystemExit as ended:
        return ended.code
    return 0


def test_the_words_of_the_command_line(
    portal: InMemoryCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.load([destination()])
    bundle = tmp_path / "bundle"
    for what, text in costly.structures(CAP).items():
        bundle.write_bytes(raw(text))
        password = io.TextIOWrapper(io.BytesIO(raw(text)))
        monkeypatch.setattr(sys, "stdin", password)
        check(lambda text=text: run("rotate", "one", "--password-stdin", f"--username={text[: CAP // 2]}"), what)  # type: ignore[misc]
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"sound")))
        assert run("rotate", "one", "--password-stdin", f"--bundle={bundle}", "--username=u") == rotate.UNUSABLE, what
        assert run("rotate", "--password-stdin", "--", text) in {rotate.REFUSED, rotate.UNUSABLE}, what
        check(lambda text=text: run("livecheck", f"--app={text}", "one"), what)  # type: ignore[misc]
        assert run("livecheck", f"--app={text}", "one") == livecheck._UNUSABLE, what  # noqa: SLF001
        assert run("verdict", f"--epinio-version={text}", str(bundle)) in {0, 2, 3}, what


TAKING = sorted(name for name, methods in permissions.TABLE.items() if "POST" in methods)


@pytest.mark.parametrize("name", TAKING)
def test_a_request(client: Client, portal: InMemoryCluster, name: str) -> None:
    portal.load([destination()])
    address = addresses()[name].format(name="one")
    found, every = costly.structures(MIB - 64 * 1024), times(12, 1)
    fields = sorted({str(param.values[1]) for param in FIELDS})
    for number, what in enumerate(list(found)[TAKING.index(name) % every :: every]):
        if name.startswith("api"):
            check_answer(client, what, address, raw(found[what]), content_type="application/json")
            continue
        for field in ("bundle_text", "import_text", *fields[number :: times(40, 1)]):
            check_answer(client, (what, field), address, {**SOUND, field: found[what]})


def check_answer(client: Client, what: object, address: str, body: Any, **options: Any) -> None:
    statuses: list[int] = []

    def post() -> None:
        composition.checks().finish(20)  # four jobs may run at once, and each post may begin another
        statuses.append(client.post(address, body, **options).status_code)

    check(post, (address, what))
    assert all(status < 500 for status in statuses), (address, what, statuses)


def test_the_address_and_the_headers_of_a_request(client: Client, portal: InMemoryCluster) -> None:
    portal.load([destination()])
    for what, text in costly.structures(8 * 1024).items():  # servers take no longer line
        one = "".join(char for char in text if char.isprintable())
        query = dict.fromkeys(
            ("q", "status", "sort", "page", "job", "from", "preset", "team", "next", "after"), one[:800]
        )
        sent = one.encode().decode("latin-1")  # as a server hands it on
        headers = dict.fromkeys(("HTTP_X_REQUEST_ID", "HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_HX_CURRENT_URL"), sent)
        for address in (
            "/",
            "/destinations/new",
            "/check",
            "/signin",
            "/api/destinations",
            f"/destinations/{one[:4000]}",
        ):
            check(lambda query=query, headers=headers, address=address: client.get(address, query, **headers), what)  # type: ignore[misc]
