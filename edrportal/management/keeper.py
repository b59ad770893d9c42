"""The first process of a server: it watches the one that serves, hands signals on to it, and ends as that one ended.

It runs this file alone, without the portal's packages, and takes some 3 MiB. Kubernetes sees by it that the serving process
was killed: the container ends, RESTARTS counts it, and the termination message says why.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

HANG_SECONDS = 60.0
"""Without a sign of life for so long, the serving process hangs."""
MESSAGE_FILE = "/dev/termination-log"
_KILLED = "The process that serves was killed (SIGKILL): most likely it needed more memory than its limit allows."
_SIGNALS = signal.SIGTERM, signal.SIGINT, signal.SIGQUIT


def main(serving: int, beats: int) -> int:
    """Wait for the end of the serving process; return its exit status, 128 and the signal for a killed one, as a shell."""
    asked: list[int] = []

    def hand_on(number: int, _frame: object) -> None:
        asked.append(number)
        os.kill(serving, number)

    for one in _SIGNALS:
        signal.signal(one, hand_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    hangs = _hangs(beats)
    if hangs:
        os.kill(serving, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(_ended(serving))
    if hangs:
        _say(f"The process that serves gave no sign of life for {HANG_SECONDS:.0f} seconds.")
    elif status == -signal.SIGKILL:
        _say(_KILLED)
    elif status and not asked:
        how = f"with status {status}" if status > 0 else f"by signal {-status}"
        _say(f"The process that serves ended unexpectedly, {how}: see the lines before.")
    return status if status >= 0 else 128 - status


def _hangs(beats: int) -> bool:
    """Return at the end of the serving process, or when it has been silent for too long: whether it hangs."""
    while select.select([beats], [], [], HANG_SECONDS)[0]:
        if not os.read(beats, 4096):
            return False
    return True


def _ended(serving: int) -> int:
    """Return how it ended; as the first process of a container this one inherits others, too."""
    while True:
        process, status = os.wait()
        if process == serving:
            return status


def _say(message: str) -> None:
    """Write a line of the log (see telemetry.logs, which would cost all of the portal), and Kubernetes' message."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    line = (
        f'{{"time": "{now}", "level": "CRITICAL", "logger": "edrportal.management.keeper", "message": "{message}"}}\n'
    )
    sys.stderr.write(line)
    try:
        with open(MESSAGE_FILE, "r+", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs more than all of this; never made
            file.write(message)
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
