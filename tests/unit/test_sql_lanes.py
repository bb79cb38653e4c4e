"""Blocking work in bounded threads, with deadlines that hold."""

from __future__ import annotations

import asyncio
import threading

import pytest

from erp_ports.call import Call
from erp_ports.errors import OutcomeUnknown, Throttled, Unavailable
from legacy_erp.sql.lanes import Lane, Lanes, to_its_outcome


def one_thread_each() -> Lanes:
    return Lanes(dict.fromkeys(Lane, 1))


async def test_work_that_outlives_its_deadline_leaves_the_outcome_unknown() -> None:
    lanes, release = one_thread_each(), threading.Event()
    with pytest.raises(OutcomeUnknown) as caught:
        await lanes.run(Lane.READ, release.wait, Call.within(0.02))
    assert caught.value.timed_out
    release.set()
    await lanes.close(lambda: None)


async def test_work_that_never_began_before_its_deadline_never_begins() -> None:
    lanes, release, began = one_thread_each(), threading.Event(), threading.Event()
    busy = asyncio.ensure_future(lanes.run(Lane.WRITE, release.wait, Call.within(10)))
    await asyncio.sleep(0)
    with pytest.raises(Throttled):
        await lanes.run(Lane.WRITE, began.set, Call.within(0.02))
    release.set()
    await busy
    await lanes.close(lambda: None)
    assert not began.is_set()


async def test_look_ups_are_answered_while_reads_and_writes_hang() -> None:
    lanes, release = one_thread_each(), threading.Event()
    hanging = [asyncio.ensure_future(lanes.run(x, release.wait, Call.within(10))) for x in (Lane.READ, Lane.WRITE)]
    assert await lanes.run(Lane.LOOKUP, lambda: "found", Call.within(10)) == "found"
    release.set()
    await asyncio.gather(*hanging)
    await lanes.close(lambda: None)


async def test_closing_waits_for_what_runs_and_refuses_what_comes_later() -> None:
    lanes, release, order = one_thread_each(), threading.Event(), list[str]()

    def work() -> None:
        release.wait()
        order.append("work")

    running = asyncio.ensure_future(lanes.run(Lane.WRITE, work, Call.within(10)))
    queued = asyncio.ensure_future(lanes.run(Lane.WRITE, work, Call.within(10)))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(lanes.close(lambda: order.append("closed")))
    await asyncio.sleep(0)
    release.set()
    await closing
    await running
    with pytest.raises(Unavailable):
        await queued
    with pytest.raises(Unavailable):
        await lanes.run(Lane.READ, lambda: None, Call.within(1))
    assert order == ["work", "closed"]


async def test_a_cancelled_write_ends_before_its_caller_does(caplog: pytest.LogCaptureFixture) -> None:
    lanes, release, written = one_thread_each(), threading.Event(), threading.Event()

    def work() -> None:
        release.wait()
        written.set()

    write = asyncio.ensure_future(to_its_outcome(lanes.run(Lane.WRITE, work, Call.within(10)), "create_order"))
    await asyncio.sleep(0.01)
    write.cancel()
    await asyncio.sleep(0.01)
    assert not write.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await write
    assert written.is_set()
    assert [r.message for r in caplog.records] == ["legacy_sql.write_ended_after_cancellation"]
    await lanes.close(lambda: None)


async def test_an_error_of_the_work_reaches_the_caller() -> None:
    lanes = one_thread_each()

    def fail() -> None:
        raise Unavailable("down")

    with pytest.raises(Unavailable, match="down"):
        await to_its_outcome(lanes.run(Lane.WRITE, fail, Call.within(10)), "create_order")
    await lanes.close(lambda: None)
