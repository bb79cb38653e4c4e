"""Cancelling: never sent, booked, not settled, with parts, and outcomes that are lost."""

from __future__ import annotations

import asyncio

import grpc

from erp.v1.orders_pb2 import Order, OrderChange
from erp_facade.orders import OrderOptions
from erp_ports.errors import OutcomeUnknown, Rejected, Unavailable
from erp_routing.routes import Intake, Stage


class FailingCancel:
    """An ERP whose next cancellations fail as told, before or after they are executed."""

    def __init__(self, erp, *errors, executed=False):
        self._erp = erp
        self._errors = list(errors)
        self._executed = executed
        self.asked = []
        self.declaration = erp.declaration

    def __getattr__(self, name):
        return getattr(self._erp, name)

    async def cancel_order(self, business_unit, document_number, reference, reason, call):
        self.asked.append(reference)
        if not self._errors:
            return await self._erp.cancel_order(business_unit, document_number, reference, reason, call)
        if self._executed:
            await self._erp.cancel_order(business_unit, document_number, reference, reason, call)
        raise self._errors.pop(0)


async def test_a_booked_order_is_cancelled_in_its_erp(bench):
    order = await bench.create(bench.request("r1"))
    cancelled = await bench.cancel(order.name)
    assert cancelled.submission_state == Order.CANCELLED
    assert [(c.kind, c.state, c.reason) for c in cancelled.changes] == [
        (OrderChange.CANCEL, Order.BOOKED, "ordered by mistake")
    ]
    assert bench.booked("legacy") == []


async def test_a_cancellation_goes_to_the_owner_whatever_the_route_says(bench):
    order = await bench.create(bench.request("r1"))
    await bench.set_routes(bench.route("EU01", Stage.CLOUD))
    assert (await bench.cancel(order.name)).submission_state == Order.CANCELLED
    assert bench.booked("legacy") == []


async def test_an_order_that_was_not_sent_is_cancelled_here_and_never_sent(bench):
    await bench.set_routes(bench.route("EU01", Stage.LEGACY, intake=Intake.DRAINING))
    order = await bench.create(bench.request("r1"), wait=0)
    cancelled = await bench.cancel(order.name)
    assert (cancelled.submission_state, cancelled.changes[0].state) == (Order.CANCELLED, Order.BOOKED)
    await bench.set_routes(bench.route("EU01", Stage.LEGACY))
    later = await bench.create(bench.request("r2"))
    assert later.submission_state == Order.BOOKED
    assert bench.booked("legacy") == [("PO-r2", "1")]


async def test_an_order_that_waits_behind_a_cancelled_one_goes_on(bench):
    await bench.set_routes(bench.route("EU01", Stage.LEGACY, intake=Intake.DRAINING), bench.route("EU02", Stage.CLOUD))
    first = await bench.create(bench.request("r1", plants=("EU01", "EU02")), wait=0)
    second = await bench.create(bench.request("r2", plants=("EU02",)), wait=0)
    await bench.cancel(first.name)
    await bench.until(second.name, "BOOKED")
    assert bench.booked("cloud") == [("PO-r2", "1")]


async def test_the_same_cancellation_again_is_replayed_and_asked_for_once(bench):
    legacy = bench.erps["legacy"] = FailingCancel(bench.erps["legacy"])
    order = await bench.create(bench.request("r1"))
    await bench.cancel(order.name)
    again = await bench.cancel(order.name)
    assert (again.replayed, again.submission_state, len(legacy.asked)) == (True, Order.CANCELLED, 1)


async def test_the_request_id_of_a_create_may_name_a_cancellation_too(bench):
    order = await bench.create(bench.request("r1"))
    assert (await bench.cancel(order.name, "r1")).submission_state == Order.CANCELLED


async def test_a_cancellation_with_the_key_of_another_one_is_refused(bench, refused):
    first = await bench.create(bench.request("r1"))
    second = await bench.create(bench.request("r2"))
    await bench.cancel(first.name, "c")
    assert (await refused(bench.cancel(second.name, "c"))).reason == "IDEMPOTENCY_KEY_REUSED"
    assert (await bench.get(second.name)).submission_state == Order.BOOKED


async def test_an_order_that_is_being_sent_cannot_be_cancelled_yet(bench, refused):
    bench.erps["legacy"].faults.hold_bookings = True
    order = await bench.create(bench.request("r1"), wait=0)
    await bench.until(order.name, "HANDED_OVER")
    error = await refused(bench.cancel(order.name))
    assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ORDER_NOT_SETTLED")
    bench.erps["legacy"].book_held()
    await bench.until(order.name, "BOOKED")
    assert (await bench.cancel(order.name)).submission_state == Order.CANCELLED


async def test_an_order_with_two_parts_is_not_cancelled(bench, refused):
    order = await bench.create(bench.request("r1", plants=("EU01", "EU02")))
    error = await refused(bench.cancel(order.name))
    assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ORDER_HAS_PARTS")
    assert bench.booked("legacy") == [("PO-r1", "1")]


async def test_a_cancelled_order_cannot_be_cancelled_under_another_key(bench, refused):
    order = await bench.create(bench.request("r1"))
    await bench.cancel(order.name, "c1")
    assert (await refused(bench.cancel(order.name, "c2"))).reason == "ORDER_STATE"


async def test_an_old_etag_stops_a_cancellation(bench, refused):
    order = await bench.create(bench.request("r1"))
    assert (await refused(bench.cancel(order.name, etag="0123456789abcdef"))).reason == "ETAG_MISMATCH"
    assert (await bench.cancel(order.name, etag=order.etag)).submission_state == Order.CANCELLED


async def test_an_order_that_does_not_exist_is_not_found(bench, refused):
    name = "businessUnits/NW/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert (await refused(bench.cancel(name))).reason == "ORDER_NOT_FOUND"
    assert (await refused(bench.cancel(name.replace("NW", "XX")))).reason == "ORDER_NOT_FOUND"


async def test_an_order_of_another_business_unit_is_not_found_under_this_one(bench, refused):
    order = await bench.create(bench.request("r1"))
    assert (await refused(bench.cancel(order.name.replace("/NW/", "/XX/")))).reason == "ORDER_NOT_FOUND"


async def test_an_order_entered_in_an_erp_is_not_cancelled_from_here(bench, refused):
    error = await refused(bench.cancel("businessUnits/NW/orders/legacy~100001"))
    assert (error.code, error.reason) == (grpc.StatusCode.UNIMPLEMENTED, "OPERATION_UNSUPPORTED")


async def test_a_cancellation_that_the_erp_refuses_leaves_the_order_booked(bench):
    order = await bench.create(bench.request("r1"))
    bench.erps["legacy"].ship(order.parts[0].document_number)
    after = await bench.cancel(order.name)
    assert after.submission_state == Order.BOOKED
    assert [(c.state, c.refusal.reason) for c in after.changes] == [(Order.REJECTED, "REFUSED")]


async def test_a_cancellation_whose_reply_was_lost_is_found_in_the_document(bench):
    order = await bench.create(bench.request("r1"))
    legacy = FailingCancel(bench.erps["legacy"], OutcomeUnknown("cut"), executed=True)
    bench.erps["legacy"] = legacy
    assert (await bench.cancel(order.name)).submission_state == Order.CANCELLED
    assert len(legacy.asked) == 1


async def test_a_cancellation_that_was_not_executed_is_asked_for_again_under_the_same_reference(bench):
    order = await bench.create(bench.request("r1"))
    legacy = FailingCancel(bench.erps["legacy"], OutcomeUnknown("cut"), Unavailable("refused"))
    bench.erps["legacy"] = legacy
    assert (await bench.cancel(order.name, wait=300)).submission_state == Order.CANCELLED
    assert (len(legacy.asked), len(set(legacy.asked))) == (3, 1)


async def test_a_second_cancellation_waits_for_the_first(bench, refused):
    order = await bench.create(bench.request("r1"))
    bench.erps["legacy"].faults.down = True
    await bench.cancel(order.name, "c1", wait=0)
    assert (await refused(bench.cancel(order.name, "c2"))).reason == "ORDER_NOT_SETTLED"
    bench.erps["legacy"].faults.down = False
    await bench.until(order.name, "CANCELLED")


async def test_a_cancellation_is_carried_out_after_a_restart(bench):
    order = await bench.create(bench.request("r1"))
    bench.erps["legacy"].faults.down = True
    await bench.cancel(order.name, wait=0)
    await bench.restart(dispatching=False)
    bench.erps["legacy"].faults.down = False
    await bench.orders.dispatcher.start()
    await bench.until(order.name, "CANCELLED")
    assert bench.booked("legacy") == []


async def test_a_refused_cancellation_can_be_asked_for_again_under_a_new_key(bench):
    order = await bench.create(bench.request("r1"))
    bench.erps["legacy"] = FailingCancel(bench.erps["legacy"], Rejected("being picked"))
    assert (await bench.cancel(order.name, "c1")).submission_state == Order.BOOKED
    assert (await bench.cancel(order.name, "c2")).submission_state == Order.CANCELLED


async def test_twenty_cancellations_at_once_cancel_once(bench):
    legacy = bench.erps["legacy"] = FailingCancel(bench.erps["legacy"])
    order = await bench.create(bench.request("r1"))
    answers = await asyncio.gather(*(bench.cancel(order.name) for _ in range(20)))
    assert {a.name for a in answers} == {order.name}
    assert len(legacy.asked) == 1
    assert len((await bench.get(order.name)).changes) == 1


class SlowCancel(FailingCancel):
    """An ERP that does not answer a cancellation until it is told to."""

    def __init__(self, erp):
        super().__init__(erp)
        self.answer = asyncio.Event()

    async def cancel_order(self, business_unit, document_number, reference, reason, call):
        await self.answer.wait()
        return await super().cancel_order(business_unit, document_number, reference, reason, call)


async def test_cancellations_that_take_long_keep_no_order_from_being_sent(bench):
    legacy = bench.erps["legacy"] = SlowCancel(bench.erps["legacy"])
    workers = bench.options.workers
    booked = await asyncio.gather(*(bench.create(bench.request(f"r{n}", customer=f"C{n}")) for n in range(workers + 8)))
    await asyncio.gather(*(bench.cancel(order.name, f"c-{order.name[-9:]}", wait=0) for order in booked))
    for plant in ("EU01", "EU02"):
        late = await bench.create(bench.request(f"late-{plant}", plants=(plant,), customer="C90"))
        assert late.submission_state == Order.BOOKED
    legacy.answer.set()
    for order in booked:
        await bench.until(order.name, "CANCELLED")


class HangingCancel:
    """An ERP whose first cancellation is never answered, whatever its deadline says."""

    def __init__(self, inner):
        self.inner = inner
        self.asked = 0

    def __getattr__(self, name):
        return getattr(self.inner, name)

    async def cancel_order(self, *arguments):
        self.asked += 1
        if self.asked == 1:
            await asyncio.Event().wait()
        return await self.inner.cancel_order(*arguments)


async def test_a_cancellation_that_is_never_answered_is_read_again_and_repeated(bench):
    bench.options = OrderOptions(attempt_seconds=0.2, overrun_seconds=0.1, change_workers=1)
    hanging = bench.erps["legacy"] = HangingCancel(bench.erps["legacy"])
    await bench.restart()
    order = await bench.create(bench.request("r1"))
    await bench.cancel(order.name, wait=0)
    await bench.until(order.name, "CANCELLED")
    assert hanging.asked == 2
    assert bench.booked("legacy") == []
