"""A serving process that is killed or hangs ends the server, with a status and a message that a platform shows (b4)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edrportal.management import keeper
from tests.services.portals import served, status

if TYPE_CHECKING:
    from tests.services.apiserver import ApiServer

WITHIN_SECONDS = 5


def children(process: int) -> list[int]:
    return [
        int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    ]


def ended(process: int) -> int:
    """Return the status with which a child of this process ends."""
    end = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < end:
        found, state = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(state)
        time.sleep(0.02)
    raise AssertionError("it did not end")


@pytest.mark.cluster
def test_a_killed_server_ends_whole_with_the_status_of_a_kill_and_says_why(
    api_server: ApiServer, tmp_path: Path
) -> None:
    log = tmp_path / "portal.log"
    with served(str(api_server.kubeconfig), api_server.new_namespace(), log) as portal:
        (serving,) = children(portal.process)
        os.kill(serving, signal.SIGKILL)
        assert ended(portal.process) == 128 + signal.SIGKILL
        assert status(portal.url, "/healthz") == 0
    line = json.loads(log.read_text().splitlines()[-1])
    assert set(line) == {"time", "level", "logger", "message"}
    assert "needed more memory than its limit" in line["message"]


@pytest.mark.cluster
def test_who_keeps_the_server_takes_next_to_no_memory_and_without_it_the_server_ends(
    api_server: ApiServer, tmp_path: Path
) -> None:
    with served(str(api_server.kubeconfig), api_server.new_namespace(), tmp_path / "portal.log") as portal:
        (serving,) = children(portal.process)
        found = Path(f"/proc/{portal.process}/smaps_rollup").read_text(encoding="ascii")
        assert int(found.split("Pss:")[1].split()[0]) < 10 * 1024
        os.kill(portal.process, signal.SIGKILL)
        end = time.monotonic() + 15
        while Path(f"/proc/{serving}").exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert not Path(f"/proc/{serving}").exists()


def kept(what: str, message: Path, *, hang_seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run the keeper, as its file, over a process that does something."""
    program = (
        "import os, runpy, sys, time, signal\n"
        "heard, beats = os.pipe()\n"
        "serving = os.fork()\n"
        f"if not serving:\n    os.close(heard)\n    {what}\n    os._exit(0)\n"
        "os.close(beats)\n"
        f"names = runpy.run_path({keeper.__file__!r})\n"
        f"names['main'].__globals__.update(HANG_SECONDS={hang_seconds}, MESSAGE_FILE={str(message)!r})\n"
        "sys.exit(names['main'](serving, heard))\n"
    )
    # A shell lets what it starts in the background ignore SIGINT, and that would be inherited.
    default = ["env", "--default-signal=INT"]
    command = [*default, sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("what", "code", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, "more memory"),
        ("os._exit(3)", 3, "unexpectedly, with status 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 139, "unexpectedly, by signal 11"),
        ("time.sleep(60)", 137, "no sign of life for 0 seconds"),
        ("os._exit(0)", 0, ""),
    ],
)
def test_each_way_to_end_has_its_status_and_its_message(what: str, code: int, words: str, tmp_path: Path) -> None:
    message = tmp_path / "termination-log"
    message.touch()
    found = kept(what, message, hang_seconds=0.3 if "sleep" in what else 60.0)
    assert (found.returncode, words in message.read_text()) == (code, True)
    assert bool(message.read_text()) is bool(words)
    assert [json.loads(line)["message"] for line in found.stderr.splitlines()] == (
        [message.read_text()] if words else []
    )


def test_outside_a_container_no_file_is_made_for_the_message(tmp_path: Path) -> None:
    found = kept("os._exit(3)", tmp_path / "none")
    assert found.returncode == 3
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_handed_on_and_their_end_is_no_alarm(number: signal.Signals, tmp_path: Path) -> None:
    message = tmp_path / "termination-log"
    message.touch()
    what = f"os.kill(os.getppid(), {int(number)}); time.sleep(20)"
    found = kept(f"time.sleep(0.5); {what}", message)
    assert found.returncode == 128 + number
    assert message.read_text() == ""
