"""Sending parts: every outcome, the pin, look-ups, and what a flip may and may not change."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from erp.v1.orders_pb2 import Order
from erp_facade.orders import OrderOptions
from erp_facade.orders.clock import SystemClock
from erp_ports.call import Call
from erp_ports.errors import (
    Misconfigured,
    NotFound,
    OutcomeUnknown,
    RefusalReason,
    Rejected,
    Throttled,
    Unavailable,
    Unsupported,
)
from erp_ports.values import FindResult, FindState
from erp_routing.routes import Intake, Stage


class Scripted:
    """An ERP whose next answers to create_order and find_order are replaced; then it is itself again."""

    def __init__(self, erp):
        self._erp = erp
        self.declaration = erp.declaration
        self.creates = []
        self.finds = []
        self.created = []

    def __getattr__(self, name):
        return getattr(self._erp, name)

    async def create_order(self, submission, call):
        self.created.append(submission)
        step = self.creates.pop(0) if self.creates else None
        if isinstance(step, Exception):
            raise step
        booked = await self._erp.create_order(submission, call)
        return booked if step is None else step(booked)

    async def find_order(self, business_unit, reference, call):
        step = self.finds.pop(0) if self.finds else None
        if isinstance(step, Exception):
            raise step
        return step or await self._erp.find_order(business_unit, reference, call)


@pytest.fixture
async def legacy(bench):
    scripted = Scripted(bench.erps["legacy"])
    bench.erps["legacy"] = scripted
    return scripted


def without_unique_reference(scripted):
    facts = dataclasses.replace(scripted.declaration.write_facts, unique_reference="")
    scripted.declaration = dataclasses.replace(scripted.declaration, write_facts=facts)


def outcome_lost(booked):
    raise OutcomeUnknown("the connection was cut", timed_out=True)


async def test_an_order_over_two_erps_becomes_two_parts_with_one_document_each(bench):
    order = await bench.create(bench.request("r1", plants=("EU01", "EU02", "EU01")))
    assert order.submission_state == Order.BOOKED
    assert [(p.part_id, list(p.line_ids), p.source.backend) for p in order.parts] == [
        ("1", ["1", "3"], "legacy"),
        ("2", ["2"], "cloud"),
    ]
    assert [line.source.backend for line in order.lines] == ["legacy", "cloud", "legacy"]
    assert order.net_amount.units == 630
    assert bench.booked("legacy") == [("PO-r1", "1"), ("PO-r1", "3")]
    assert bench.booked("cloud") == [("PO-r1", "2")]


async def test_when_one_part_is_refused_the_order_is_partially_booked(bench):
    bench.erps["cloud"].faults.refuse_next = Rejected("over the limit", reason=RefusalReason.CREDIT)
    order = await bench.create(bench.request("r1", plants=("EU01", "EU02")))
    assert order.submission_state == Order.PARTIALLY_BOOKED
    assert [p.refusal.reason for p in order.parts] == ["", "CREDIT"]
    assert not order.HasField("net_amount")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Rejected("over the limit", reason=RefusalReason.CREDIT), "CREDIT"),
        (Rejected("no", reason=RefusalReason.VALIDATION), "REFUSED"),
        (NotFound("no product 11", kind="product"), "UNKNOWN_PRODUCT"),
    ],
)
async def test_a_business_refusal_is_final_and_replayed(bench, legacy, error, reason):
    legacy.creates = [error]
    order = await bench.create(bench.request("r1"))
    assert (order.submission_state, order.refusal.reason) == (Order.REJECTED, reason)
    assert (await bench.create(bench.request("r1"))).refusal == order.refusal
    assert len(legacy.created) == 1


@pytest.mark.parametrize(
    "error", [Unavailable("refused"), Throttled("slow down", retry_after=2.0), Misconfigured("no")]
)
async def test_an_attempt_that_was_surely_not_executed_is_repeated(bench, legacy, error):
    legacy.creates = [error]
    order = await bench.create(bench.request("r1"), wait=300)
    assert order.submission_state == Order.BOOKED
    assert [s.attempt for s in legacy.created] == [1, 2]
    assert legacy.created[0].reference == legacy.created[1].reference
    assert bench.booked("legacy") == [("PO-r1", "1")]


async def test_a_clean_order_follows_a_flip(bench):
    bench.erps["legacy"].faults.down = True
    order = await bench.create(bench.request("r1"), wait=0)
    await bench.until(order.name, "ACCEPTED")
    await bench.set_routes(bench.route("EU01", Stage.CLOUD))
    order = await bench.until(order.name, "BOOKED")
    assert [p.source.backend for p in order.parts] == ["cloud"]
    bench.erps["legacy"].faults.down = False
    assert (bench.booked("legacy"), bench.booked("cloud")) == ([], [("PO-r1", "1")])


async def test_a_booking_whose_reply_was_lost_is_found_by_its_reference(bench, legacy):
    legacy.creates = [outcome_lost]
    order = await bench.create(bench.request("r1"))
    assert order.submission_state == Order.BOOKED
    assert len(legacy.created) == 1
    assert bench.booked("legacy") == [("PO-r1", "1")]
    events = [e.event for e in (await bench.orders.trace(order.name)).entries]
    assert events == ["order.accepted", "order.part.dispatching", "order.part.in_doubt", "order.part.booked"]


async def test_a_dirty_order_is_sent_again_to_the_same_erp_whatever_the_route_says(bench, legacy):
    legacy.creates = [OutcomeUnknown("reset")]
    order = await bench.create(bench.request("r1"), wait=0)
    await bench.until(order.name, "IN_DOUBT", "BOOKED")
    await bench.set_routes(bench.route("EU01", Stage.CLOUD))
    order = await bench.until(order.name, "BOOKED")
    assert [(p.source.backend, p.attempts) for p in order.parts] == [("legacy", 2)]
    assert len({s.reference for s in legacy.created}) == 1
    assert len({s.first_attempt_time for s in legacy.created}) == 1
    assert bench.booked("cloud") == []


async def test_a_dirty_order_that_is_surely_not_executed_the_second_time_stays_in_doubt(bench, legacy):
    legacy.creates = [OutcomeUnknown("reset"), Unavailable("refused"), None]
    order = await bench.create(bench.request("r1"), wait=300)
    events = [e.event for e in (await bench.orders.trace(order.name)).entries]
    assert events.count("order.part.in_doubt") == 2
    assert (order.submission_state, order.parts[0].attempts) == (Order.BOOKED, 3)
    assert bench.booked("legacy") == [("PO-r1", "1")]


async def test_without_a_unique_reference_nothing_is_sent_again(bench, legacy):
    without_unique_reference(legacy)
    legacy.creates = [OutcomeUnknown("reset")]
    order = await bench.create(bench.request("r1"), wait=300)
    assert order.submission_state == Order.REVIEW
    assert len(legacy.created) == 1


async def test_an_order_in_review_is_booked_when_its_late_booking_is_found(bench, legacy):
    without_unique_reference(legacy)
    legacy.creates = [OutcomeUnknown("reset")]
    order = await bench.create(bench.request("r1"), wait=300)
    assert order.submission_state == Order.REVIEW
    await legacy._erp.create_order(legacy.created[0], Call.within(5))
    assert (await bench.until(order.name, "BOOKED")).parts[0].attempts == 1


async def test_a_look_up_that_fails_is_not_taken_for_not_found(bench, legacy):
    legacy.creates = [OutcomeUnknown("reset")]
    legacy.finds = [OutcomeUnknown("slow"), Unavailable("refused"), Misconfigured("no")]
    order = await bench.create(bench.request("r1"), wait=300)
    assert (order.submission_state, order.parts[0].attempts) == (Order.BOOKED, 2)
    assert legacy.finds == []


async def test_an_erp_that_cannot_book_orders_at_all_leaves_the_decision_to_a_person(bench, legacy):
    legacy.creates = [Unsupported("no interface")]
    assert (await bench.create(bench.request("r1"))).submission_state == Order.REVIEW


async def test_after_too_many_attempts_a_person_decides(bench, legacy):
    await bench.orders.dispatcher.stop()
    bench.options = OrderOptions(max_attempts=3)
    await bench.restart()
    legacy.creates = [OutcomeUnknown("reset")] * 5
    order = await bench.create(bench.request("r1"), wait=600)
    assert (order.submission_state, order.parts[0].attempts) == (Order.REVIEW, 3)


async def test_a_booking_with_other_content_goes_to_review_with_evidence(bench, legacy):
    def other_quantity(booked):
        booked.order.lines[0].quantity.value.value = "100"
        return booked

    legacy.creates = [other_quantity]
    order = await bench.create(bench.request("r1"))
    assert order.submission_state == Order.REVIEW
    [row] = await bench.part_rows()
    assert b"not ordered: 100 EA" in row.evidence
    assert row.document_number


async def test_a_booking_that_echoes_another_reference_goes_to_review(bench, legacy):
    def other_reference(booked):
        booked.order.parts[0].reference = "SOMEBODYELSES"
        return booked

    legacy.creates = [other_reference]
    assert (await bench.create(bench.request("r1"))).submission_state == Order.REVIEW


async def test_two_bookings_under_one_reference_are_an_incident_for_a_person(bench, legacy):
    legacy.creates = [outcome_lost]
    booked = []

    async def find_twice(business_unit, reference, call):
        found = await legacy._erp.find_order(business_unit, reference, call)
        twin = dataclasses.replace(found.bookings[0], document_number="999999")
        booked.append(found.bookings[0].document_number)
        return FindResult(state=FindState.BOOKED, bookings=(found.bookings[0], twin))

    legacy.find_order = find_twice
    order = await bench.create(bench.request("r1"), wait=300)
    events = [e.event for e in (await bench.orders.trace(order.name)).entries]
    assert order.submission_state == Order.REVIEW
    assert events[-2:] == ["order.part.review", "order.part.duplicate_found"]


async def test_a_part_that_was_handed_over_is_booked_later_and_its_route_does_not_matter(bench):
    legacy = bench.erps["legacy"]
    legacy.faults.hold_bookings = True
    order = await bench.create(bench.request("r1"), wait=0)
    await bench.until(order.name, "HANDED_OVER")
    await bench.set_routes(bench.route("EU01", Stage.CLOUD))
    legacy.book_held()
    order = await bench.until(order.name, "BOOKED")
    assert [p.source.backend for p in order.parts] == ["legacy"]
    assert bench.booked("cloud") == []


async def test_a_part_that_was_handed_over_is_refused_later_with_the_reason(bench):
    legacy = bench.erps["legacy"]
    legacy.faults.hold_bookings = True
    legacy.faults.refuse_next = Rejected("over the limit", reason=RefusalReason.CREDIT)
    order = await bench.create(bench.request("r1"), wait=0)
    await bench.until(order.name, "HANDED_OVER", "REJECTED")
    legacy.book_held()
    assert (await bench.until(order.name, "REJECTED")).refusal.reason == "CREDIT"


async def test_a_part_that_is_never_booked_after_its_hand_over_goes_to_review(bench):
    await bench.orders.dispatcher.stop()
    bench.options = OrderOptions(booking_horizon_seconds=0.2)
    await bench.restart()
    bench.erps["legacy"].faults.hold_bookings = True
    order = await bench.create(bench.request("r1"), wait=0)
    await bench.until(order.name, "REVIEW")


async def test_while_the_intake_drains_nothing_is_claimed_and_then_everything(bench):
    await bench.set_routes(bench.route("EU01", Stage.LEGACY, intake=Intake.DRAINING))
    order = await bench.create(bench.request("r1"), wait=1)
    assert (order.submission_state, len(order.parts)) == (Order.ACCEPTED, 0)
    await bench.set_routes(bench.route("EU01", Stage.LEGACY))
    await bench.until(order.name, "BOOKED")


async def test_an_order_without_a_route_waits_for_one(bench):
    await bench.set_routes(bench.route("EU02", Stage.CLOUD))
    order = await bench.create(bench.request("r1"), wait=1)
    assert order.submission_state == Order.ACCEPTED
    await bench.set_routes(bench.route("EU01", Stage.CLOUD))
    await bench.until(order.name, "BOOKED")


async def test_orders_of_a_customer_for_a_plant_are_booked_in_their_order(bench):
    bench.erps["legacy"].faults.down = True
    orders = [await bench.create(bench.request(f"r{n}"), wait=0) for n in range(10)]
    bench.erps["legacy"].faults.down = False
    for order in orders:
        await bench.until(order.name, "BOOKED")
    assert bench.booked("legacy") == [(f"PO-r{n}", "1") for n in range(10)]


async def test_an_order_of_the_customer_for_another_plant_does_not_wait(bench):
    bench.erps["legacy"].faults.down = True
    first = await bench.create(bench.request("r1"), wait=0)
    second = await bench.create(bench.request("r2", plants=("EU02",)))
    assert second.submission_state == Order.BOOKED
    bench.erps["legacy"].faults.down = False
    await bench.until(first.name, "BOOKED")


async def test_the_open_half_of_an_order_is_booked_while_the_other_erp_is_down(bench):
    bench.erps["legacy"].faults.down = True
    blocker = await bench.create(bench.request("r0", customer="C2"), wait=0)
    await bench.until(blocker.name, "ACCEPTED")
    order = await bench.create(bench.request("r1", plants=("EU01", "EU02")), wait=0)
    await bench.until_booked("cloud", ("PO-r1", "2"))
    bench.erps["legacy"].faults.down = False
    order = await bench.until(order.name, "BOOKED")
    assert bench.booked("cloud") == [("PO-r1", "2")]
    assert ("PO-r1", "1") in bench.booked("legacy")


async def test_an_adapter_that_overruns_its_deadline_is_given_up_and_its_late_answer_still_counts(bench, legacy):
    await bench.orders.dispatcher.stop()
    bench.options = OrderOptions(attempt_seconds=0.5, overrun_seconds=0.1)
    bench.clock = SystemClock()
    await bench.restart()
    answered = asyncio.Event()

    async def never_found(*_):
        await answered.wait()
        raise OutcomeUnknown("slow")

    async def answer_late(submission, call):
        booked = await legacy._erp.create_order(submission, call)
        await answered.wait()
        return booked

    legacy.find_order = never_found
    legacy.create_order = answer_late
    order = await bench.create(bench.request("r1"), wait=0)
    await bench.until(order.name, "IN_DOUBT")
    answered.set()
    assert (await bench.until(order.name, "BOOKED")).parts[0].attempts == 1


async def test_a_booking_is_compared_with_a_simulation_of_the_candidate_and_never_mirrored(bench):
    asked, completed = [], []

    class Shadow:
        def complete(self, booked, control_started):
            completed.append(booked.purchase_order_number)

    def shadow_booking(request, decision, **identity):
        asked.append((request.parent, decision.candidate, identity["correlation_id"]))
        return Shadow()

    bench.shadow_booking = shadow_booking
    await bench.restart()
    await bench.set_routes(bench.route("EU01", Stage.SHADOW), bench.route("EU02", Stage.CLOUD))
    await bench.create(bench.request("r1"))
    await bench.create(bench.request("r2", plants=("EU02",)))
    assert asked == [("businessUnits/NW", "cloud", "corr-1")]
    assert completed == ["PO-r1"]
    assert bench.booked("cloud") == [("PO-r2", "1")]


async def test_a_shadow_that_fails_does_not_touch_the_booking(bench):
    def shadow_booking(request, decision, **identity):
        raise RuntimeError("broken")

    bench.shadow_booking = shadow_booking
    await bench.restart()
    await bench.set_routes(bench.route("EU01", Stage.SHADOW))
    assert (await bench.create(bench.request("r1"))).submission_state == Order.BOOKED
