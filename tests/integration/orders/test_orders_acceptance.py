"""Accepting orders: keys, replays, mismatches, what uses a key up and what does not."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter

import grpc
import pytest

from erp.v1.orders_pb2 import Order
from erp_facade.api_error import ApiError
from erp_facade.store import StoreUnavailable


async def test_an_accepted_order_is_booked_in_the_erp_of_its_plant(bench):
    order = await bench.create(bench.request("r1"))
    assert order.submission_state == Order.BOOKED
    assert [(p.source.backend, p.document_number != "") for p in order.parts] == [("legacy", True)]
    assert order.net_amount.units == 210
    assert bench.booked("legacy") == [("PO-r1", "1")]
    assert bench.booked("cloud") == []


async def test_the_same_key_with_the_same_content_returns_the_same_order_and_books_once(bench):
    first = await bench.create(bench.request("r1"))
    second = await bench.create(bench.request("r1", quantity="10.0"))
    assert (second.name, second.replayed, first.replayed) == (first.name, True, False)
    assert bench.booked("legacy") == [("PO-r1", "1")]


async def test_the_same_key_with_other_content_is_refused_and_leaves_the_order_alone(bench, refused):
    first = await bench.create(bench.request("r1"))
    error = await refused(bench.create(bench.request("r1", quantity="11")))
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED")
    assert (await bench.get(first.name)).etag == first.etag
    assert bench.booked("legacy") == [("PO-r1", "1")]


async def test_fifty_identical_requests_at_once_make_one_order_and_one_booking(bench):
    orders = await asyncio.gather(*(bench.create(bench.request("r1")) for _ in range(50)))
    assert len({o.name for o in orders}) == 1
    assert Counter(o.replayed for o in orders) == {True: 49, False: 1}
    await bench.until(orders[0].name, "BOOKED")
    assert bench.booked("legacy") == [("PO-r1", "1")]


async def test_of_fifty_requests_with_one_key_the_one_with_other_content_is_refused_or_wins_alone(bench):
    requests = [bench.request("r1", quantity="7" if n == 25 else "10") for n in range(50)]
    answers = await asyncio.gather(*map(bench.create, requests), return_exceptions=True)
    refused = [a for a in answers if isinstance(a, ApiError)]
    assert len({a.name for a in answers if isinstance(a, Order)}) == 1
    assert {e.reason for e in refused} == {"IDEMPOTENCY_KEY_REUSED"}
    assert len(refused) in (1, 49)
    assert len(bench.booked("legacy")) == 1


async def test_the_same_key_of_another_client_is_another_order(bench):
    first = await bench.create(bench.request("r1"), client="crm")
    second = await bench.create(bench.request("r1", po="PO-other"), client="shop")
    assert first.name != second.name


async def test_a_refused_check_does_not_use_the_key_up(bench, refused):
    async def refuse(request):
        raise ApiError(grpc.StatusCode.INVALID_ARGUMENT, "UNKNOWN_PLANT", "no such plant")

    assert (await refused(bench.create(bench.request("r1"), check=refuse))).reason == "UNKNOWN_PLANT"
    assert (await bench.create(bench.request("r1"))).submission_state == Order.BOOKED


async def test_a_replay_passes_a_check_that_would_refuse_the_order_by_now(bench):
    async def refuse(request):
        raise ApiError(grpc.StatusCode.INVALID_ARGUMENT, "DATE_IN_PAST", "that day is over")

    first = await bench.create(bench.request("r1"))
    assert (await bench.create(bench.request("r1"), check=refuse)).name == first.name


async def test_a_replay_asks_no_erp(bench):
    first = await bench.create(bench.request("r1"))
    bench.erps["legacy"].faults.down = True
    assert (await bench.create(bench.request("r1"))).submission_state == first.submission_state


async def test_an_old_request_with_an_unknown_key_is_not_executed(bench, refused):
    request = bench.request("r1")
    request.first_sent_time.FromDatetime(dt.datetime.now(dt.UTC) - dt.timedelta(days=401))
    error = await refused(bench.create(request))
    assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "IDEMPOTENCY_KEY_EXPIRED")
    assert bench.booked("legacy") == []


async def test_an_old_request_with_a_known_key_is_replayed(bench):
    first = await bench.create(bench.request("r1"))
    again = bench.request("r1")
    again.first_sent_time.FromDatetime(dt.datetime.now(dt.UTC) - dt.timedelta(days=401))
    assert (await bench.create(again)).name == first.name


async def test_the_same_content_under_another_key_is_marked_as_possible_duplicate_and_not_dropped(bench):
    first = await bench.create(bench.request("r1", po="PO-7"))
    second = await bench.create(bench.request("r2", po="PO-7"))
    other = await bench.create(bench.request("r3", po="PO-8"))
    assert second.possible_duplicate_of == first.name
    assert (first.possible_duplicate_of, other.possible_duplicate_of) == ("", "")
    assert second.submission_state == Order.BOOKED


async def test_what_only_the_facade_says_is_ignored_in_a_request(bench):
    request = bench.request("r1")
    request.order.submission_state = Order.CANCELLED
    request.order.lines[0].description = "mine"
    order = await bench.create(request)
    assert order.submission_state == Order.BOOKED
    assert (await bench.create(bench.request("r1"))).replayed


async def test_a_caller_who_hangs_up_does_not_stop_the_order(bench):
    bench.erps["legacy"].faults.delay = 0.05
    call = asyncio.ensure_future(bench.create(bench.request("r1")))
    await bench.eventually(bench.orders.open_counts)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    replay = await bench.create(bench.request("r1"))
    await bench.until(replay.name, "BOOKED")
    assert bench.booked("legacy") == [("PO-r1", "1")]


async def test_a_call_without_time_to_wait_answers_with_the_state_reached(bench):
    bench.erps["legacy"].faults.delay = 0.2
    order = await bench.create(bench.request("r1"), wait=0)
    assert order.submission_state in (Order.ACCEPTED, Order.DISPATCHING)
    await bench.until(order.name, "BOOKED")


async def test_with_a_full_disk_nothing_is_accepted_and_no_erp_is_asked(bench):
    await bench.store.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1").scalar())
    with pytest.raises(StoreUnavailable):
        for number in range(200):
            await bench.create(bench.request(f"r{number}", po="P" * 25), wait=0)
    await bench.store.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1000000").scalar())
    accepted = await bench.orders.open_counts()
    refused = bench.request("r-after")
    assert (await bench.create(refused)).submission_state == Order.BOOKED
    assert all(state != "REVIEW" for state in accepted)
