"""The suite itself: a run of tests outlives what a test does to it, and no canary gets out unseen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.services import printed

pytestmark = pytest.mark.slow


HERE = Path(__file__).parents[2]
HANGS = """
    import os, signal, sys, threading, time, pytest

    def test_before(): pass

    def test_that_hangs(): threading.Event().wait(60)

    def test_that_swallows_its_end():
        try: time.sleep(60)
        except BaseException: time.sleep(60)

    @pytest.fixture
    def slow_to_begin(): time.sleep(60)

    def test_with_a_fixture_that_hangs(slow_to_begin): pass

    @pytest.fixture
    def slow_to_end():
        yield
        time.sleep(60)

    def test_with_a_fixture_that_hangs_at_its_end(slow_to_end): pass

    def test_whose_time_is_almost_up(): time.sleep(1.2)

    @pytest.mark.timeout(20)
    def test_that_may_take_longer(): time.sleep(2.5)

    def test_after(): pass
"""
SLOW_REPORT = """
    import time, pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item):
        report = yield
        time.sleep(1.2 if "almost" in item.name else 0)
        return report
"""
PRINTS = """
    import logging, sys, pytest
    from tests.services.leaks import canary, known

    TYPED, KNOWN = canary("typed"), known("the-token-of-a-server")

    @pytest.fixture
    def prints_before(): print(TYPED)

    def test_setup(prints_before): pass

    @pytest.fixture
    def prints_after():
        yield
        print(KNOWN, file=sys.stderr)

    def test_teardown(prints_after): pass

    def test_log(): logging.getLogger("x").debug("said %s", TYPED)

    def test_failure(): raise ValueError(TYPED)

    def test_in_the_middle_of_much():
        print("x" * 3_000_000 + TYPED + "y" * 3_000_000)

    @pytest.mark.plants_a_leak
    def test_that_may(): print(TYPED)

    def test_innocent(): print("z" * 3_000_000)

    @pytest.mark.parametrize("one", [TYPED, "plain"])
    def test_of_a_canary(one): pass
"""


def run(directory: Path, *arguments: str, **files: str) -> tuple[str, dict[str, str]]:
    """Run tests as a person would; return what the terminal showed and the outcome of each test."""
    for name, text in files.items():
        lines = text.strip("\n").splitlines()
        (directory / f"{name}.py").write_text("\n".join(line[4:] for line in lines))
    (directory / "pytest.ini").write_text("[pytest]\nmarkers = plants_a_leak: as in the suite\nlog_level = DEBUG\n")
    plugins = [f"-ptests.services.{name}" for name in ("limits", "printed")] + ["-pno:django", "-pno:randomly"]
    command = [sys.executable, "-m", "pytest", *plugins, "--junitxml=out.xml", *arguments]
    ran = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(HERE), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    outcomes: dict[str, str] = {}
    for case in ET.parse(directory / "out.xml").getroot().iter("testcase"):  # noqa: S314 - pytest's own
        worst = next((tag for tag in ("error", "failure", "skipped") if case.find(tag) is not None), "passed")
        if outcomes.get(case.get("name", "")) in {None, "passed"}:
            outcomes[case.get("name", "")] = worst
    return ran.stdout + ran.stderr, outcomes


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_test_whose_time_is_up_fails_alone_wherever_that_happens(tmp_path: Path, workers: str) -> None:
    shown, outcomes = run(tmp_path, "--timeout=2", f"-n{workers}", conftest=SLOW_REPORT, test_it=HANGS)
    assert outcomes == {
        "test_before": "passed",
        "test_that_hangs": "failure",
        "test_that_swallows_its_end": "failure",
        "test_with_a_fixture_that_hangs": "error",
        "test_with_a_fixture_that_hangs_at_its_end": "error",
        "test_whose_time_is_almost_up": "passed",
        "test_that_may_take_longer": "passed",
        "test_after": "passed",
    }
    assert "INTERNALERROR" not in shown
    assert "took longer than 2 s" in shown


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_is_printed_anywhere_is_searched_and_reported_in_bounds(tmp_path: Path, workers: str) -> None:
    shown, outcomes = run(tmp_path, f"-n{workers}", "-rP", test_it=PRINTS)
    assert outcomes == {
        "test_setup": "error",
        "test_teardown": "error",
        "test_log": "failure",
        "test_failure": "failure",
        "test_in_the_middle_of_much": "failure",
        "test_that_may": "passed",
        "test_innocent": "passed",
        "test_of_a_canary[one]": "passed",
        "test_of_a_canary[plain]": "passed",
    }
    assert "INTERNALERROR" not in shown
    assert len(shown) < 10 * printed.KEPT


@pytest.mark.parametrize(
    ("alone", "last_line", "code"),
    [
        (
            '<testsuites><testsuite tests="4" failures="1" errors="1"/></testsuites>',
            "11 passed, 2 failed, 1 skipped",
            2,
        ),
        ('<testsuites><testsuite tests="4"/></testsuites>', "13 passed, 0 failed, 1 skipped", 0),
    ],
)
def test_ci_counts_both_halves_of_the_run_and_no_older_one(
    tmp_path: Path, alone: str, last_line: str, code: int
) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".venv").mkdir()
    shutil.copy(HERE / ".ci/run", tmp_path / ".ci/run")
    (tmp_path / ".venv/tests-alone.xml").write_text("<testsuite tests='100'/>")
    (tmp_path / "beside").write_text('<testsuites><testsuite tests="10" skipped="1"/></testsuites>')
    (tmp_path / "alone").write_text(alone)
    (tmp_path / "Makefile").write_text(
        "lint:\ntest:\n\t@cp beside .venv/tests.xml; cp alone .venv/tests-alone.xml; ! grep -q failures alone\n"
    )
    ran = subprocess.run([tmp_path / ".ci/run"], capture_output=True, text=True, check=False)
    assert (ran.stdout.splitlines()[-1], ran.returncode) == (last_line, code)
