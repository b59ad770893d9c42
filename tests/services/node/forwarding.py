"""`kubectl port-forward`, for as long as somebody needs it."""

from __future__ import annotations

import shlex
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.services.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.node.cluster import Cluster


@contextmanager
def forwarded(cluster: Cluster, command: str) -> Iterator[None]:
    """Type the command on the node, whose last word is PORT:PORT, and end it with the block."""
    port = int(command.rpartition(" ")[2].partition(":")[0])

    def listens() -> bool:
        with cluster.network(), suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    log = cluster.directory / "port-forward.log"
    with running(cluster.first.machine.inside(shlex.split(command)), log=log, ready=listens, seconds=60):
        yield
