"""While lists are decoded nothing is collected, and afterwards everything is again, however many threads there were."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from destinations.cluster.kube.garbage import uncollected


def test_blocks_of_several_threads_end_in_any_order() -> None:
    first_is_in, second_is_in, first_is_out = threading.Event(), threading.Event(), threading.Event()
    found = []

    def first() -> None:
        with uncollected():
            first_is_in.set()
            assert second_is_in.wait(60)
        first_is_out.set()

    def second() -> None:
        assert first_is_in.wait(60)
        with uncollected():
            second_is_in.set()
            assert first_is_out.wait(60)
            found.append(gc.isenabled())

    assert gc.isenabled()
    with ThreadPoolExecutor(2) as threads:
        for one in (threads.submit(first), threads.submit(second)):
            one.result()
    assert found == [False]
    assert gc.isenabled()


def test_an_error_in_a_block_ends_it() -> None:
    with pytest.raises(ValueError, match="no JSON"), uncollected():
        raise ValueError("no JSON")
    assert gc.isenabled()


def test_who_runs_without_collections_goes_on_without() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
