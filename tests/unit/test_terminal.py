"""The commands in a real process: closed and full streams, a terminal, Ctrl-C, odd settings, and values where none belong."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from edrportal.cli import COMMANDS
from tests.services.leaks import canary
from tests.unit.test_verdict_command import SECRET

if TYPE_CHECKING:
    from pathlib import Path

RUN = [sys.executable, "-c", "from edrportal.cli import main; main()"]
ENVIRONMENT = {"PATH": os.environ["PATH"], "EDRPORTAL_CLUSTER": "memory", "TERM": "dumb"}
TYPED = canary("typed where none belongs", special=False)
CTRL_C = b"\x03"
ROTATE = ("rotate", "one", "--password-stdin")


def run(*arguments: str, text: str | bytes = b"", streams: str = "", **stated: str) -> subprocess.CompletedProcess[str]:
    """Run a command; `streams` is what a shell does with them, such as `>&-`."""
    command = ["sh", "-c", f'"$@" {streams}', "sh", *RUN, *arguments] if streams else [*RUN, *arguments]
    ran = subprocess.run(
        command,
        input=text if isinstance(text, bytes) else text.encode(),
        env={**ENVIRONMENT, **stated},
        capture_output=True,
        timeout=120,
        check=False,
    )
    out, err = ran.stdout.decode(), ran.stderr.decode()
    assert "Traceback" not in out + err
    return subprocess.CompletedProcess(command, ran.returncode, out, err)


@pytest.mark.parametrize(
    "arguments",
    [
        ("rotate", "one", "--password", TYPED),
        ("rotate", "one", f"--password={TYPED}"),
        ("rotate", "one", f"--pass={TYPED}"),
        ("rotate", "one", f"--password-stdin={TYPED}"),
        ("rotate", "--password", TYPED),
        ("rotate", "--same-as", "one", "--password", TYPED, "--password-stdin"),
        ("rotate", "one", TYPED),
        ("rotate", "one", f"-p{TYPED}"),
        ("find-credential", TYPED),
        ("find-credential", f"--value={TYPED}"),
        ("find-credential", "--format", TYPED),
        ("livecheck", "--all", f"--password={TYPED}"),
        ("verdict", f"--token={TYPED}"),
        ("verdict", "--verbosity", TYPED),
    ],
    ids=lambda arguments: " ".join(arguments).replace(TYPED, "VALUE"),
)
def test_a_value_that_is_no_argument_is_refused_and_not_repeated(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments, text=canary("on standard input", special=False))
    assert ran.returncode == 2
    assert TYPED not in ran.stdout + ran.stderr
    assert "audit" not in ran.stderr


def test_an_unknown_option_is_named() -> None:
    assert "unrecognized arguments: --namspace" in run("verdict", "--namspace=epinio").stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("verdict",), 3, "No export destination"),
        (("find-credential",), 2, "Nothing was pasted"),
        (ROTATE, 2, "no password"),
    ],
)
def test_a_closed_standard_input_is_an_empty_one(arguments: tuple[str, ...], status: int, words: str) -> None:
    ran = run(*arguments, streams="<&-")
    assert (ran.returncode, words in ran.stderr) == (status, True)


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_outputs_change_no_status(streams: str) -> None:
    assert run("verdict", text=json.dumps(SECRET), streams=streams).returncode == 0
    assert run("verdict", streams=streams).returncode == 3
    assert run("find-credential", text="a value", streams=streams).returncode == 1


def many() -> str:
    metadata: dict[str, Any] = SECRET["metadata"]  # type: ignore[assignment]
    return json.dumps(
        {
            "kind": "List",
            "items": [
                {**SECRET, "metadata": {**metadata, "name": f"destination-{number}", "annotations": {}}}
                for number in range(800)
            ],
        }
    )


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_goes_away_gets_no_traceback_and_changes_no_status(form: str, tmp_path: Path) -> None:
    status = tmp_path / "status"
    script = f'{{ "$@"; echo $? > {status}; }} | head -c 1'
    ran = subprocess.run(
        ["sh", "-c", script, "sh", *RUN, "verdict", "--format", form],
        input=many().encode(), env=ENVIRONMENT, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert (status.read_text().strip(), ran.stderr) == ("1", b"")


def test_output_that_is_lost_is_no_success() -> None:
    ran = run("verdict", text=json.dumps(SECRET), streams="> /dev/full")
    assert (ran.returncode, "cannot be written" in ran.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [("find-credential",), ("livecheck", "--all"), ROTATE, ("verdict",)])
def test_settings_that_cannot_be_read_are_no_answer(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments, text="a value", EDRPORTAL_SECRET_KEY_FILE="/nowhere")
    assert (ran.returncode, ran.stderr) == (2, "edrportal: EDRPORTAL_SECRET_KEY_FILE cannot be read\n")


def test_a_server_says_so_in_a_line_of_its_log() -> None:
    ran = run("serve", EDRPORTAL_SECRET_KEY_FILE="/nowhere")
    assert ran.returncode == 1
    assert json.loads(ran.stderr)["message"] == "CommandError: EDRPORTAL_SECRET_KEY_FILE cannot be read"


@pytest.mark.parametrize("arguments", [("find-credential",), ("livecheck", "--all"), ROTATE])
@pytest.mark.parametrize(
    "stated", [{"EDRPORTAL_NAMESPACE": ".."}, {"EDRPORTAL_NAMESPACE": "a/b"}, {"EDRPORTAL_CLUSTER": "Memory"}]
)
def test_no_command_asks_anywhere_but_in_a_namespace(arguments: tuple[str, ...], stated: dict[str, str]) -> None:
    ran = run(*arguments, text="a value", **stated)
    assert (ran.returncode, ran.stderr.startswith(f"edrportal: {next(iter(stated))} must be")) == (2, True)


def test_no_server_starts_for_what_is_no_namespace() -> None:
    ran = run("serve", EDRPORTAL_NAMESPACE="..", EDRPORTAL_SECRET_KEY="k" * 40)
    assert (ran.returncode, "EDRPORTAL_NAMESPACE must be" in ran.stderr) == (1, True)


def test_what_was_not_found_is_told_with_how_much_was_searched() -> None:
    ran = run("find-credential", text="a value", EDRPORTAL_NAMESPACE="elsewhere")
    assert ran.returncode == 1
    assert "0 Secrets were searched in the namespace elsewhere" in ran.stderr
    assert "Check EDRPORTAL_NAMESPACE" in ran.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_names_the_command_as_it_is_typed_and_the_version_is_the_portals(name: str) -> None:
    shown = run(name, "--help").stdout
    assert shown.startswith(f"usage: edrportal {name} [-h]")
    assert not {"SUPPRESS", "--settings", "--pythonpath", "--skip-checks"} & set(shown.replace("=", " ").split())
    assert run(name, "--version").stdout == run("--version").stdout


def test_the_name_with_an_underscore_is_the_same_command() -> None:
    assert run("find_credential", text="a value").returncode == 1


def test_what_was_typed_cannot_write_to_the_terminal() -> None:
    for arguments in (("a\nb\x1b[31m",), ("verdict", "a\nb\x1b[31m")):
        assert "a\\nb\\x1b[31m" in run(*arguments).stderr


def in_terminal(arguments: tuple[str, ...], prompt: bytes, typed: bytes) -> tuple[int, bytes]:
    """Run a command in a terminal, type once it has asked, and return its status and all that the terminal showed."""
    pid, terminal = pty.fork()
    if not pid:
        os.execve(RUN[0], [*RUN, *arguments], ENVIRONMENT)  # noqa: S606 - in the child of the fork
    shown, end = b"", time.monotonic() + 60
    while prompt not in shown and time.monotonic() < end:
        shown += os.read(terminal, 4096)
    if typed == CTRL_C:
        os.kill(pid, signal.SIGINT)  # a terminal that is typed Ctrl-C into may drop what is printed at that moment
    else:
        os.write(terminal, typed)
    try:
        while more := os.read(terminal, 4096):
            shown += more
    except OSError:  # the terminal ends with the process
        pass
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown


@pytest.mark.parametrize(
    ("arguments", "prompt", "status"),
    [(("find-credential",), b"Paste what leaked", 1), (ROTATE, b"Type the new password", 1)],
)
def test_what_is_typed_in_a_terminal_is_not_shown(arguments: tuple[str, ...], prompt: bytes, status: int) -> None:
    ended, shown = in_terminal(arguments, prompt, f"{TYPED}\n\x04".encode())
    assert (ended, TYPED.encode() in shown) == (status, False)


def test_a_line_that_a_terminal_cuts_off_is_refused() -> None:
    ended, shown = in_terminal(ROTATE, b"Type the new password", b"x" * 4095 + b"\n\x04")
    assert (ended, b"cuts a line off" in shown) == (2, True)


def test_ctrl_c_ends_it_like_any_other_program() -> None:
    ended, shown = in_terminal(("verdict",), b"Reading manifests", CTRL_C)
    assert (ended, b"interrupted" in shown, b"Traceback" in shown) == (-signal.SIGINT, True, False)


def test_colors_are_as_the_options_say() -> None:
    text = json.dumps(SECRET)
    assert "\x1b[" not in run("verdict", text=text).stdout
    assert "\x1b[32m" in run("verdict", "--force-color", text=text).stdout


@pytest.mark.parametrize(
    "bind", ["", "abc", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:abc", "127.0.0.1:-1", ":99999", "127.0.0.1:65536", "[::1",
     "::1:80"],
)  # fmt: skip
def test_an_address_that_is_none_is_called_so(bind: str) -> None:
    ran = run("serve", f"--bind={bind}", EDRPORTAL_SECRET_KEY="k" * 40)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "--bind must be HOST:PORT" in json.loads(ran.stderr)["message"]


@pytest.mark.parametrize("port", ["99999", "65536", "abc", "-1"])
def test_a_port_of_the_demo_that_is_none_is_called_so(port: str) -> None:
    ran = run("demo", PORT=port)
    assert (ran.returncode, ran.stdout, "PORT is" in ran.stderr) == (1, "", True)


def test_no_server_says_where_it_is_before_it_is_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for ran in (
            run("serve", f"--bind=127.0.0.1:{port}", EDRPORTAL_SECRET_KEY="k" * 40),
            run("demo", PORT=str(port)),
        ):
            assert (ran.returncode, ran.stdout, "cannot be used" in ran.stderr) == (1, "", True)
