"""Lanes, agenda, back-off, waiting, and the axes of an order's states."""

from __future__ import annotations

import asyncio

import pytest

from erp.v1.orders_pb2 import (
    FULFILMENT_STATE_COMPLETE,
    FULFILMENT_STATE_NOT_APPLICABLE,
    FULFILMENT_STATE_NOT_STARTED,
    FULFILMENT_STATE_PARTIAL,
    FULFILMENT_STATE_UNKNOWN,
)
from erp_facade.orders.agenda import Agenda
from erp_facade.orders.backoff import doubt_delay, pause, poll_delay
from erp_facade.orders.clock import SystemClock
from erp_facade.orders.lanes import Lanes
from erp_facade.orders.view import FULFILMENT
from erp_facade.orders.waiting import Waiting, released_within


class Time:
    """A monotonic clock that is set by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def lanes(time):
    return Lanes(["a", "b"], 2, time)


def test_a_full_backend_is_closed_until_a_call_ends(lanes):
    lanes.enter("a")
    lanes.enter("a")
    assert lanes.closed() == {"a"}
    assert lanes.park("a", "o1")
    lanes.leave("a")
    assert lanes.closed() == frozenset()
    assert lanes.unpark("a") == ["o1"]


def test_as_many_orders_go_on_as_there_is_room_in_their_order(lanes, time):
    lanes.rest("a", 1.0)
    for order in ("o1", "o2", "o3"):
        assert lanes.park("a", order)
    assert lanes.unpark("a") == []
    time.now += 1.5
    assert lanes.unpark("a") == ["o1", "o2"]
    assert lanes.unpark_all() == ["o3"]


def test_an_open_backend_parks_nothing(lanes):
    assert not lanes.park("a", "o1")


def test_a_backend_rests_longer_with_every_failure_and_not_after_an_answer(lanes, time):
    assert [lanes.rest("a", 0.0) for _ in range(3)] == [0.5, 1.0, 2.0]
    assert lanes.rest("a", 60.0) == 60.0
    assert (lanes.pause_left("a"), lanes.pause_left("b")) == (60.0, 0.0)
    lanes.answered("a")
    assert (lanes.pause_left("a"), lanes.closed()) == (0.0, frozenset())
    assert lanes.rest("a", 0.0) == 0.5


def test_waiting_grows_and_has_an_end():
    assert [int(doubt_delay(n)) for n in (0, 1, 2, 3)] == [1, 2, 5, 10]
    assert 60 <= doubt_delay(1000) <= 66
    assert (poll_delay(0), poll_delay(1000)) == (0.2, 5.0)
    assert (pause(1), pause(1000)) == (0.5, 30.0)


async def test_the_agenda_calls_back_in_the_order_of_time_and_each_key_once():
    agenda = Agenda(SystemClock())
    called: list[str] = []
    done = asyncio.Event()
    agenda.put("late", 0.06, lambda: (called.append("late"), done.set()))
    agenda.put("twice", 0.04, lambda: called.append("not this"))
    agenda.put("twice", 0.02, lambda: called.append("twice"))
    agenda.put("late", 9.0, lambda: called.append("nor this"))
    running = asyncio.ensure_future(agenda.run())
    await asyncio.sleep(0.01)
    agenda.put("soon", 0.0, lambda: called.append("soon"))
    async with asyncio.timeout(10):
        await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert called == ["soon", "twice", "late"]
    assert "late" not in agenda


async def test_who_watches_before_the_release_does_not_miss_it():
    waiting = Waiting()
    with waiting.watch("o1") as released, waiting.watch("o2") as other:
        waiting.release("o1")
        assert await released_within(released, 5)
        assert not await released_within(other, 0.01)
        waiting.release_all()
        assert await released_within(other, 0)
    assert waiting._watches == {}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], 0),
        ([0, FULFILMENT_STATE_COMPLETE], FULFILMENT_STATE_COMPLETE),
        ([FULFILMENT_STATE_COMPLETE, FULFILMENT_STATE_COMPLETE], FULFILMENT_STATE_COMPLETE),
        ([FULFILMENT_STATE_COMPLETE, FULFILMENT_STATE_NOT_STARTED], FULFILMENT_STATE_PARTIAL),
        ([FULFILMENT_STATE_NOT_APPLICABLE, FULFILMENT_STATE_COMPLETE], FULFILMENT_STATE_COMPLETE),
        ([FULFILMENT_STATE_NOT_APPLICABLE], FULFILMENT_STATE_NOT_APPLICABLE),
        ([FULFILMENT_STATE_UNKNOWN, FULFILMENT_STATE_COMPLETE], FULFILMENT_STATE_UNKNOWN),
    ],
)
def test_documents_in_different_states_make_the_order_partial(states, expected):
    assert FULFILMENT.combine(states) == expected
