"""A page that says what is wrong has the navigation of every other one, or a way back, and never asks a silent cluster again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, RequestFactory

from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Unreachable
from edrportal.middleware import BodyLimitMiddleware, ConcurrencyLimitMiddleware
from edrportal.serving.limits import BUSY, CROWDED, REFUSAL
from edrportal.signin.middleware import AuthenticationMiddleware
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse

NAVIGATION, BACK = '<nav class="top__nav"', '<a class="button" href="/">Overview</a>'
people = pytest.mark.people


@pytest.fixture
def filled(portal: InMemoryCluster) -> InMemoryCluster:
    """People to sign in, and their destinations."""
    portal.namespaces = {"team-a": "uid-a", "team-b": "uid-b"}
    world.fill(portal, world.secrets(), world.config_maps())
    return portal


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def ways(role: str) -> Iterator[tuple[int, Any]]:
    """Answer, in every way in which it is not yet known who asks, with the status that is right."""
    client = world.sign_in(role, enforce_csrf_checks=False)
    yield 404, client.get("/nowhere")
    yield (
        400,
        client.post("/signin", "&".join(f"f{n}=1" for n in range(1001)), "application/x-www-form-urlencoded"),
    )
    yield 405, client.get("/signout")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    yield 403, strict.post("/switch", {"to": "off"})


@people
@pytest.mark.parametrize("role", ["administrator", "manager", "exporter"])
@pytest.mark.usefixtures("filled")
def test_who_is_signed_in_finds_the_navigation_on_it(role: str) -> None:
    for status, answer in ways(role):
        assert answer.status_code == status
        page = text(answer)
        assert NAVIGATION in page, status
        assert BACK in page, status
        assert f">{role}</span>" in page, status
        assert ("Leaked credential" in page) is (role == "administrator")
        assert ("Add destination" in page) is (role != "exporter")


@people
@pytest.mark.usefixtures("filled")
def test_who_is_not_signed_in_learns_nothing_on_it() -> None:
    for cookies in ({}, {"edrportal-session": "forged"}):
        client = Client()
        client.cookies.load(cookies)
        for path in ("/nowhere", "/signout", "/static/nowhere.css"):
            answer = client.get(path)
            assert answer.status_code in {404, 405}
            assert NAVIGATION not in text(answer)
            assert BACK in text(answer)


@people
def test_a_silent_cluster_takes_the_navigation_and_not_the_page(
    filled: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.sign_in("administrator")

    def silent(*_: Any, **__: Any) -> Any:
        raise Unreachable("silent")

    for name in ("get_secret", "list_secrets"):
        monkeypatch.setattr(filled, name, silent)
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert NAVIGATION not in text(answer)
    assert BACK in text(answer)


@pytest.mark.usefixtures("portal")
def test_of_a_failure_of_the_cluster_nobody_is_looked_up_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def find(request: Any) -> Any:
        asked.append(request.path)
        raise Unreachable("silent")

    monkeypatch.setattr(AuthenticationMiddleware, "find", staticmethod(find))
    answer = Client().get("/destinations/one?x=1&y=2")
    assert answer.status_code == 503
    assert '<a class="button button--primary" href="/destinations/one?x=1&amp;y=2">Try again</a>' in text(answer)
    assert BACK in text(answer)
    assert asked == ["/destinations/one"]


@pytest.mark.usefixtures("portal")
def test_the_address_of_a_form_says_so_and_which_method_it_takes() -> None:
    answer = Client().get("/switch")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "This address has no page: it only receives a form." in text(answer)


@pytest.mark.usefixtures("portal")
def test_what_a_banner_says_is_not_said_twice(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, read_only=True)
    page = text(Client().get("/destinations/new"))
    assert page.count("This portal is read-only.") == 2  # the title and the heading, and no banner beside them
    assert '<h1 id="read-only">This portal is read-only.</h1>' in page


@people
@pytest.mark.usefixtures("filled")
def test_the_heading_of_a_refusal_is_one_sentence_and_scripts_get_the_whole() -> None:
    page = text(world.sign_in("exporter").get("/destinations/new"))
    assert "<h1>You manage no team, so you may not add destinations.</h1> <p>This requires permission" in page
    assert "has enabled self-service. Ask a portal administrator.</p>" in page
    account = {"HTTP_AUTHORIZATION": world.basic("exporter")}
    told = Client().post("/api/destinations", {}, "application/json", **account).json()  # type: ignore[arg-type]
    assert told["error"].startswith("You manage no team, so you may not add destinations. This requires permission")
    assert told["fix"] == "Ask a portal administrator."


def refusals(accept: str, path: str = "/", method: str = "get") -> list[HttpResponse]:
    """Return every answer that is given before a page runs, and so before it is known who asks."""

    def none(_: HttpRequest) -> HttpResponse:
        raise AssertionError

    ask = getattr(RequestFactory(), method)
    busy = [
        ConcurrencyLimitMiddleware(none)(ask(path, HTTP_ACCEPT=accept, **{REFUSAL: why})) for why in (BUSY, CROWDED)
    ]
    return [*busy, BodyLimitMiddleware(none)(ask(path, HTTP_ACCEPT=accept, CONTENT_LENGTH=str(9**9)))]


def test_a_browser_gets_a_page_with_a_way_back_for_what_is_refused_at_the_door() -> None:
    for answer, status in zip(refusals("text/html,*/*;q=0.8"), (503, 429, 413), strict=True):
        assert answer.status_code == status
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
        assert 'href="">Try again</a>' in text(answer)
        assert BACK in text(answer)
        assert len(answer.content) < 2000
    assert not any("Try again</a>" in text(one) for one in refusals("text/html", method="post"))


def test_everyone_else_gets_words_and_the_json_interface_its_shape() -> None:
    assert all(one.headers["Content-Type"].startswith("text/plain") for one in refusals("*/*"))
    assert all(one.headers["Content-Type"] == "application/json" for one in refusals("text/html", "/api/destinations"))
