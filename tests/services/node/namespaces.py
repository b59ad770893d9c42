"""A machine of its own for a node, as far as processes can tell: new namespaces, which end with everything in them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services.node.parts import PAUSE
from tests.services.parts import Missing, program
from tests.services.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_HERE = Path(__file__).parent
_CGROUPS = Path("/sys/fs/cgroup")
_NAMESPACES = ("-m", "-n", "-p", "-u", "-i")
PREFIX = "edrnode"
"""What the cgroups and directories of all nodes begin with; the process id of who started it follows."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Namespaces that live: the process id of their first process, as the host counts, and the cgroup above their pods."""

    init: int
    cgroup: str
    environment: Mapping[str, str]

    def inside(self, command: Sequence[str], *, directory: Path | None = None) -> list[str]:
        """Return the command that runs a command in there, and ends when whoever started it does."""
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        entered = ["nsenter", "-t", str(self.init), *_NAMESPACES, "env", "-i", "-C", str(directory or Path.cwd())]
        dies = ["setpriv", "--pdeathsig", "KILL"]
        return [*dies, *entered, *variables, *dies, *command]


def lacking() -> str:
    """Return why this machine can hold no node, if it cannot."""
    if os.geteuid():
        return "only root can start a node"
    for name in ("unshare", "nsenter", "setpriv", "mount"):
        if not shutil.which(name):
            return f"{name} is missing; type: apt-get install -y --no-install-recommends util-linux"
    overlay = "mount -t overlay overlay -o lowerdir=/var,upperdir=/run/a,workdir=/run/b /var"
    tried = f"mount -t tmpfs tmpfs /run && mkdir /run/a /run/b && {overlay}"
    done = subprocess.run(
        ["unshare", "-m", "-n", "-p", "-u", "-i", "-f", "--mount-proc", "sh", "-c", tried],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return (
        f"this machine lets nobody unshare namespaces or mount overlays: {done.stderr.strip()}"
        if done.returncode
        else ""
    )


@contextmanager
def machine(
    name: str, directory: Path, environment: Mapping[str, str], settings: Mapping[str, str]
) -> Iterator[Machine]:
    """Make namespaces by the script `init` with these settings of it, until the block ends. Raises parts.Missing."""
    if reason := lacking():
        raise Missing(reason)
    sweep()
    cgroup, ready = f"{PREFIX}-{os.getpid()}-{name}", directory / "ready"
    given = {**settings, "NODE_NAME": name, "NODE_CGROUP": cgroup, "NODE_READY": str(ready)}
    given |= {"NODE_PAUSE": str(program(PAUSE)), "PATH": environment["PATH"]}
    given |= {key: environment[key] for key in ("LD_LIBRARY_PATH",) if key in environment}
    variables = [f"{key}={value}" for key, value in given.items()]
    apart = ["unshare", *_NAMESPACES, "-f", "--kill-child", "--mount-proc"]
    command = [*apart, "env", "-i", *variables, str(_HERE / "init")]
    try:
        with running(command, log=directory / "init.log", ready=ready.is_file, seconds=60) as process:
            init = _child(process)
            try:
                yield Machine(init, cgroup, environment)
            finally:
                with suppress(ProcessLookupError):  # a test may have ended it before
                    os.kill(init, signal.SIGKILL)  # and the kernel everything else in there
    finally:
        _remove(cgroup)


def cgroups() -> set[Path]:
    """Return the cgroups on this machine that are a node's, in every hierarchy."""
    return {*_CGROUPS.glob(f"{PREFIX}-*"), *_CGROUPS.glob(f"*/{PREFIX}-*")}


def sweep() -> None:
    """Remove the empty cgroups, and the directories, of nodes whose owner was killed before it could."""
    directories = set(Path(tempfile.gettempdir()).glob(f"{PREFIX}-*-*"))
    for path in cgroups() | directories:
        if Path("/proc", path.name.split("-")[1]).exists():
            continue
        if path in directories:
            shutil.rmtree(path, ignore_errors=True)
        else:
            _remove(path.name)


def own_directory() -> tempfile.TemporaryDirectory[str]:
    """Return a directory for the nodes of this process, which `sweep` removes if nobody else does."""
    return tempfile.TemporaryDirectory(prefix=f"{PREFIX}-{os.getpid()}-")


def _child(process: int) -> int:
    """Return the only child of a process."""
    return int(Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii"))


def _remove(name: str) -> None:
    """Remove a node's cgroups, once the kernel has ended what was in them."""
    deadline = time.monotonic() + 20
    while left := [path for path in cgroups() if path.name == name]:
        for path in left:
            for inner, _, _ in os.walk(path, topdown=False):
                with suppress(OSError):
                    Path(inner).rmdir()
        if time.monotonic() > deadline:
            raise RuntimeError(f"cgroups cannot be removed: {left}")
        time.sleep(0.05)
