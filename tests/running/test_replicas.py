"""Two and four processes with one key and no shared memory, asked in turn, against a real API server."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from destinations import names
from destinations.cluster.kube.adapter import KubernetesCluster
from tests.chart.test_chart_runs import Browser
from tests.services.effort import times
from tests.services.portals import Served, hidden, replicas, round_robin
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.people, pytest.mark.cluster, pytest.mark.timeout(3600)]
SIGNED_OUT = 302


class Site:
    """The processes, the proxy in front of them, and the cluster behind."""

    def __init__(self, url: str, processes: list[Served], cluster: KubernetesCluster) -> None:
        self.url, self.processes, self.cluster = url, processes, cluster

    def signed_in(self, name: str = "administrator") -> Browser:
        person = Browser(self.url)
        assert person.send("/signin", username=name, password=world.PASSWORD).status == 302
        return person

    def at(self, person: Browser, number: int) -> Browser:
        """Return the same person, at one process alone."""
        return Browser(self.processes[number].url, dict(person.cookies))

    def organization(self, name: str) -> str:
        return self.cluster.get_secret(name).annotations[names.ORGANIZATION_ANNOTATION]


@pytest.fixture(scope="module", params=[2, 4])
def site(
    api_server: ApiServer, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    namespace = api_server.new_namespace()
    cluster = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace)
    world.fill(cluster, world.secrets(), world.config_maps())
    directory = tmp_path_factory.mktemp("replicas")
    with (
        replicas(request.param, api_server, namespace, directory) as processes,
        round_robin([one.url for one in processes]) as url,
    ):
        yield Site(url, processes, cluster)


def test_a_session_begun_on_one_goes_on_at_every_other(site: Site) -> None:
    person = site.signed_in()
    assert [site.at(person, number).ask("GET", "/").status for number in range(len(site.processes))] == [
        200 for _ in site.processes
    ]
    assert {person.ask("GET", "/team/").status for _ in range(3 * len(site.processes))} == {200}


def test_signing_out_holds_at_every_process_within_five_seconds(site: Site) -> None:
    slowest = 0.0
    for _ in range(times(2, 25)):
        person = site.signed_in("manager")
        elsewhere = [site.at(person, number) for number in range(len(site.processes))]
        assert {one.ask("GET", "/team/").status for one in elsewhere} == {200}
        time.sleep(1.0)  # a session that began in the same second as the sign-out is void, and so would be the next
        page, cookies = person.ask("GET", "/team/").data.decode(), dict(person.cookies)
        assert person.ask("POST", "/signout", **hidden(page)).status in {302, 303}
        began = time.monotonic()
        stolen = [Browser(one.url, dict(cookies)) for one in site.processes]
        while stolen and time.monotonic() - began < 6:
            stolen = [one for one in stolen if one.ask("GET", "/team/").status != SIGNED_OUT]
        slowest = max(slowest, time.monotonic() - began)
        assert not stolen
        assert slowest < 5
        time.sleep(1.0)
    print(f"{len(site.processes)} processes: a sign-out held everywhere within {slowest:.2f} s")  # noqa: T201 - a figure


def test_racing_rotations_have_one_winner(site: Site) -> None:
    person = site.signed_in()
    rounds = times(5, 200)
    with ThreadPoolExecutor(len(site.processes)) as pool:
        for number in range(rounds):
            forms = []
            for process in range(len(site.processes)):
                browser = site.at(person, process)
                page = browser.ask("GET", "/destinations/shared/rotate").data.decode()
                forms.append(
                    (browser, {**hidden(page), "username": f"robot-{number}-{process}", "bundle_choice": "keep"})
                )
            answers = list(
                pool.map(
                    lambda one: one[0].ask("POST", "/destinations/shared/rotate", **one[1], password="next").status,
                    forms,
                )
            )
            assert sorted(answers) == [303, *[409] * (len(forms) - 1)], f"round {number}: {answers}"
            winner = forms[answers.index(303)][1]["username"]
            assert winner.encode() in site.cluster.get_secret("shared").data[names.CONFIG_KEY]
    print(f"{len(site.processes)} processes: {rounds} races, exactly one winner each")  # noqa: T201


def test_a_change_is_seen_by_its_author_on_the_next_request_wherever_it_lands(site: Site) -> None:
    person = site.signed_in()
    rounds = times(4, 100) * len(site.processes)
    for number in range(rounds):
        words = f"changed-{number}-{len(site.processes)}"
        page = person.ask("GET", "/destinations/a-one/edit").data.decode()
        form = {"host": "registry.example.com", "organization": "org", "bundle_choice": "keep"}
        answer = person.ask("POST", "/destinations/a-one/edit", **hidden(page), **form, description=words)
        assert answer.status == 303, answer.data.decode()[-1500:]
        assert words in person.ask("GET", answer.headers["Location"]).data.decode(), number
    for number in range(times(2, 20) * len(site.processes)):
        added = f"new-{number}-{len(site.processes)}"
        typed = {"host": "registry.example.com", "organization": "org", "username": "robot", "password": "pw"}
        answer = person.send("/destinations/new", name=added, **typed)
        assert answer.status == 303
        assert added in person.ask("GET", answer.headers["Location"]).data.decode()
    print(f"{len(site.processes)} processes: {rounds} changes, each seen at once")  # noqa: T201
