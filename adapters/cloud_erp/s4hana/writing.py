"""Booking and cancelling: every write runs in a task of its own, to its outcome, whatever becomes of the caller."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.errors import repeats_nothing
from cloud_erp.s4hana.gateway import Gateway, readable
from cloud_erp.s4hana.mapping import Words
from cloud_erp.s4hana.mapping_items import item_of, items_by_number
from cloud_erp.s4hana.mapping_orders import (
    first_schedule_line,
    is_rejected,
    order_from_s4,
    order_to_s4,
    own_dates,
    repeatable_headers,
)
from cloud_erp.s4hana.reading import Reader
from erp_ports.call import Call
from erp_ports.errors import Conflict, ErpError, Misconfigured, OutcomeUnknown, Rejected, Throttled, Unavailable
from erp_ports.values import Booked, Cancelled, OrderSubmission

log = logging.getLogger("cloud_erp.s4hana")

_T = TypeVar("_T")
_SHIPPED = frozenset({"B", "C"})
_LOCK_PAUSE_SECONDS = 0.2


class Writer:
    """Writes through a gateway. `close` waits for what is under way."""

    def __init__(self, gateway: Gateway, reader: Reader, words: Words) -> None:
        self._gateway = gateway
        self._reader = reader
        self._words = words
        self._under_way: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        while self._under_way:
            await asyncio.wait(set(self._under_way))

    async def to_its_end(self, write: Coroutine[Any, Any, _T]) -> _T:
        """Await a write; when the caller is cancelled meanwhile, pass that on only after the write has ended."""
        task = asyncio.create_task(write)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        cancelled = False
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                cancelled = True
        if cancelled:
            raise asyncio.CancelledError
        return task.result()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # seen: nobody else may be there to ask for it

    async def create(self, submission: OrderSubmission, call: Call) -> Booked:
        """Book the part in one request and read back what was booked."""
        if submission.attempt > 1:
            existing = await self._booked_before(submission, call)
            if existing is not None:
                return existing
        body = order_to_s4(submission, self._words)
        headers = repeatable_headers(submission) if self._words.config.repeatability.enabled else {}
        reply = await self._gateway.write(
            "POST", self._words.config.services.sales_order, "A_SalesOrder", body, call, headers=headers
        )
        if repeats_nothing(reply):
            log.error("s4.repeatability_unsupported", extra={"correlation_id": call.correlation_id})
        with readable():  # from here on something is booked, or may be: nothing may sound like a refusal
            created = odata.entity(odata.parse(reply.content))
            number = odata.text(created, "SalesOrder")
            if not number:
                raise odata.Unreadable("the answer names no sales order")
            await self._set_own_dates(submission, number, call)
            return await self._read_back(submission, number, created, call)

    async def _booked_before(self, submission: OrderSubmission, call: Call) -> Booked | None:
        """Return the booking that an earlier attempt left; nothing is sent while that cannot be told."""
        try:
            with readable():
                found = [
                    booked(document, submission.business_unit, self._words, existing=True)
                    for document in await self._reader.orders_with(submission.reference, call)
                ]
        except (Unavailable, Throttled, Misconfigured):
            raise
        except ErpError as problem:
            # A refused question refuses no order: said as it is, the order would count as refused.
            raise Unavailable(problem.message, detail=problem.detail) from problem
        if len(found) > 1:
            numbers = ", ".join(booking.document_number for booking in found)
            raise OutcomeUnknown("S/4HANA holds more than one order under this reference", detail=numbers)
        return found[0] if found else None

    async def _read_back(self, submission: OrderSubmission, number: str, created: odata.Entity, call: Call) -> Booked:
        """Return the document as the ERP holds it; the creating answer stands in for it only if it is complete."""
        try:
            document = await self._reader.order(submission.business_unit, number, call)
        except ErpError as problem:
            log.warning("s4.read_back_failed", extra=_about(number, problem, call))
            document = created
            if len(odata.children(created, "to_Item") or ()) < len(submission.order.lines):
                raise OutcomeUnknown(
                    f"S/4HANA booked order {number}, and its content could not be read back", detail=problem.detail
                ) from problem
        with readable():
            return booked(document, submission.business_unit, self._words)

    async def cancel(self, business_unit: str, document_number: str, call: Call) -> Cancelled:
        """Reject every item; refused while nothing is changed yet if any of the goods are on their way."""
        with _only_asked():
            document = await self._reader.order(business_unit, document_number, call)
        with readable():
            if not is_rejected(document, self._words):
                _require_nothing_shipped(document, document_number)
        open_items = [x for x in odata.children(document, "to_Item") or () if not _is_rejected(x)]
        for position, item in enumerate(open_items):
            try:
                await self._reject(document_number, odata.text(item, "SalesOrderItem"), call)
            except ErpError as problem:
                if position == 0 or isinstance(problem, OutcomeUnknown):
                    raise
                raise OutcomeUnknown(
                    f"order {document_number} is cancelled in part: {problem.message}", detail=problem.detail
                ) from problem
        if open_items:
            document = await self._reread(business_unit, document_number, call)
        with readable():
            if not is_rejected(document, self._words):
                raise odata.Unreadable(f"order {document_number} still has items that are not rejected")
            return Cancelled(order=order_from_s4(document, business_unit, self._words))

    async def _reject(self, document_number: str, number: str, call: Call) -> None:
        """Give one item the reason for rejection."""
        address = odata.key("A_SalesOrderItem", SalesOrder=document_number, SalesOrderItem=number)
        body = {"SalesDocumentRjcnReason": self._words.config.rejection_reason}
        await self._change(address, body, _is_rejected, call)

    async def _change(
        self, address: str, body: Mapping[str, str], is_done: Callable[[odata.Entity], bool], call: Call
    ) -> None:
        """Change one entity unless that is done, reading it again as often as somebody else changes the document."""
        service = self._words.config.services.sales_order
        while True:
            with _only_asked():
                entity = await self._reader.part_of_order(address, call)
            if is_done(entity):
                return
            try:
                headers = {"if-match": _etag(entity)}
                await self._gateway.write("PATCH", service, address, body, call, headers=headers, kind="order")
            except Conflict:
                if call.remaining() <= _LOCK_PAUSE_SECONDS:
                    raise
                await asyncio.sleep(_LOCK_PAUSE_SECONDS)
            else:
                return

    async def _set_own_dates(self, submission: OrderSubmission, number: str, call: Call) -> None:
        """Give items their own requested dates: the deep insert has no room for them, it takes the header's.

        The order is booked by now, so a failure is told to the log alone; the document read back shows its true dates.
        """
        own = own_dates(submission.order)
        if not own:
            return
        try:
            document = await self._reader.order(submission.business_unit, number, call)
            with readable():
                items = items_by_number(document)
                for position, date in own.items():
                    address = first_schedule_line(item_of(position, str(position), items), number)
                    body = {"RequestedDeliveryDate": odata.wire_date(date)}
                    await self._change(address, body, partial(_has_date, date), call)
        except ErpError as problem:
            log.error("s4.requested_date_not_set", extra=_about(number, problem, call))

    async def _reread(self, business_unit: str, document_number: str, call: Call) -> odata.Entity:
        try:
            return await self._reader.order(business_unit, document_number, call)
        except ErpError as problem:
            raise OutcomeUnknown(
                f"order {document_number} was cancelled, and could not be read back", detail=problem.detail
            ) from problem


@contextlib.contextmanager
def _only_asked() -> Iterator[None]:
    """Turn an unknown outcome of a question before the write into Unavailable: surely nothing was executed."""
    try:
        yield
    except OutcomeUnknown as problem:
        raise Unavailable(problem.message, detail=problem.detail) from problem


def booked(document: odata.Entity, business_unit: str, words: Words, *, existing: bool = False) -> Booked:
    """Return a document as a booking."""
    order = order_from_s4(document, business_unit, words)
    return Booked(document_number=order.parts[0].document_number, order=order, existing=existing)


def _require_nothing_shipped(document: odata.Entity, document_number: str) -> None:
    statuses = [odata.text(document, "OverallTotalDeliveryStatus"), odata.text(document, "OverallDeliveryStatus")]
    statuses += [odata.text(item, "DeliveryStatus") for item in odata.children(document, "to_Item") or ()]
    if _SHIPPED & set(statuses):
        raise Rejected(f"order {document_number} can no longer be cancelled: deliveries exist for it")


def _about(number: str, problem: ErpError, call: Call) -> dict[str, str]:
    return {
        "document_number": number,
        "reason": problem.message,
        "detail": problem.detail,
        "correlation_id": call.correlation_id,
    }


def _has_date(date: dt.date, schedule_line: odata.Entity) -> bool:
    return odata.date(schedule_line, "RequestedDeliveryDate") == date


def _is_rejected(item: odata.Entity) -> bool:
    return bool(odata.text(item, "SalesDocumentRjcnReason"))


def _etag(item: odata.Entity) -> str:
    """Return the item's ETag; `*` where the service states none and thus does not compare."""
    metadata = item.get("__metadata")
    stated = metadata.get("etag") if isinstance(metadata, dict) else None
    return str(stated) if stated else "*"
