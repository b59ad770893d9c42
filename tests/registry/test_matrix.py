"""Judged by the real tools: the check says of a destination, then Helm and skopeo do it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from destinations.livecheck.registry.port import Code, Outcome
from tests.registry import checking
from tests.registry.scenarios import NAME, SCENARIOS, Scenario
from tests.registry.world import World
from tests.services import tools
from tests.services.parts import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from destinations.livecheck.registry.port import Report
    from tests.services.tools import Ran

pytestmark = pytest.mark.registries
MINIMUM = 24


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    try:
        tools.all_there()
    except Missing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    with World(tmp_path_factory.mktemp("registries")) as made:
        yield made


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_tools_do_what_the_check_said(scenario: Scenario, world: World, tmp_path: Path) -> None:
    secrets = scenario.secrets(world)
    registry = world.server(scenario.server).registry
    if registry:
        registry.empty()

    said = checking.check(secrets, scenario.roots(world))
    left = registry.listing() if registry else []
    chart, image = _export(scenario, world, tmp_path)

    assert (chart.passed, image.passed) == (scenario.chart is Outcome.PASS, scenario.image is Outcome.PASS), (
        f"the tools do something new: {chart.text} {image.text}"
    )
    assert (said.chart, said.image) == scenario.expected, f"{_told(said)}; Helm: {chart.text}; skopeo: {image.text}"
    assert not left or (scenario.leaves and {Code.UPLOAD_LEFT, Code.UPLOAD_ELSEWHERE} & set(_codes(said)))


def _export(scenario: Scenario, world: World, directory: Path) -> tuple[Ran, Ran]:
    """Push chart and image, both at once: neither minds the other."""
    given = tools.handed(NAME, scenario.secrets(world))
    roots = scenario.roots(world)
    with ThreadPoolExecutor(2) as both:
        chart = both.submit(tools.push_chart, given, directory / "helm", seconds=scenario.seconds)
        image = both.submit(
            tools.push_image, given, directory / "skopeo", roots=roots, seconds=scenario.seconds, newer=scenario.newer
        )
        return chart.result(), image.result()


@pytest.mark.parametrize("server", ["basic3", "basic2", "token3", "token2", "front", "open3"])
def test_a_check_leaves_a_registry_with_the_application_in_it_as_it_was(
    server: str, world: World, tmp_path: Path
) -> None:
    scenario = Scenario("filled", server, Outcome.PASS, Outcome.PASS)
    registry = world.server(server).registry
    assert registry
    _export(scenario, world, tmp_path)
    before = registry.listing()

    said = checking.check(scenario.secrets(world))

    assert (said.chart, said.image) == scenario.expected
    assert len(before) > MINIMUM
    assert registry.listing() == before


def _codes(report: Report) -> set[Code]:
    return {stage.code for stage in report.stages}


def _told(report: Report) -> str:
    return ", ".join(f"{stage.side}/{stage.step}: {stage.code} {stage.ok}" for stage in report.stages)


def test_the_scenarios_are_many_and_their_names_differ() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS) >= MINIMUM
