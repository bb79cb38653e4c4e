"""Orders: handing them over, finding them again, reading and cancelling them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from erp.v1.orders_pb2 import Order
from erp_ports.call import Call
from erp_ports.errors import Conflict, ErpError, NotFound, OutcomeUnknown, Unavailable
from erp_ports.operations import Effect, Operation
from erp_ports.values import Booked, Cancelled, FindResult, FindState, HandedOver, OrderSubmission
from legacy_erp.sql.answers import Answers
from legacy_erp.sql.config import CompanySettings, SqlConfig
from legacy_erp.sql.documents import DocumentKey
from legacy_erp.sql.gateway import AlreadyThere, Gateway
from legacy_erp.sql.keys import Keys, reference_to_jde
from legacy_erp.sql.lanes import Lane
from legacy_erp.sql.mapping import require_company_currency
from legacy_erp.sql.order_mapping import (
    IN_ERROR,
    PROCESSED,
    WAITING,
    AgreedTerms,
    StoredOrder,
    change_to_jde,
    order_from_jde,
    order_to_jde,
)
from legacy_erp.sql.queries import Queries
from legacy_erp.sql.refusals import JobRefusal, job_refusal
from legacy_erp.sql.rows import InterfaceRow


class Orders:
    """The order operations of one backend; `today` gives the date in a business unit."""

    def __init__(
        self,
        config: SqlConfig,
        backend: str,
        keys: Keys,
        queries: Queries,
        gateway: Gateway,
        answers: Answers,
        today: Callable[[str], dt.date],
    ) -> None:
        self._config = config
        self._backend = backend
        self._keys = keys
        self._queries = queries
        self._gateway = gateway
        self._answers = answers
        self._today = today

    async def create(self, submission: OrderSubmission, call: Call) -> Booked | HandedOver:
        """Hand the order over, or answer with what the interface holds under its reference already."""
        company = self._keys.company(submission.business_unit)
        require_company_currency(submission.order.currency_code, company.currency)
        if submission.attempt > 1 or not self._config.unique_reference:
            earlier = await self._find(submission.business_unit, submission.reference, call, Operation.CREATE_ORDER)
            if earlier[0].state is not FindState.NOT_FOUND:
                return _outcome_of(*earlier)
        header, lines = order_to_jde(
            submission,
            await self._agreed_terms(submission, call),
            self._keys,
            self._config,
            today=self._today(submission.business_unit),
        )
        try:
            await self._gateway.run(
                Lane.WRITE,
                lambda connection: self._queries.insert_order(connection, header, lines),
                call,
                action=Operation.CREATE_ORDER,
                effect=Effect.WRITE,
            )
        except AlreadyThere:
            return await self._existing(submission, call)
        return HandedOver(detail=f"waits in F47011 under EDOC {submission.reference}")

    async def _agreed_terms(self, submission: OrderSubmission, call: Call) -> dict[str, AgreedTerms]:
        if not any(line.HasField("agreed_unit_price") for line in submission.order.lines):
            return {}
        try:
            return await self._gateway.run(
                Lane.WRITE,
                lambda connection: self._answers.agreed_terms(connection, submission),
                call,
                action=Operation.CREATE_ORDER,
            )
        except OutcomeUnknown as error:  # only a question was asked: nothing was written
            raise Unavailable(error.message, detail=error.detail) from error

    async def _existing(self, submission: OrderSubmission, call: Call) -> Booked | HandedOver:
        try:
            found = await self._find(submission.business_unit, submission.reference, call, Operation.CREATE_ORDER)
        except ErpError as error:
            raise _in_doubt(error) from error
        return _outcome_of(*found)

    async def find(self, business_unit: str, reference: str, call: Call) -> FindResult:
        """Look an order up by the reference that its inbound header carries."""
        return (await self._find(business_unit, reference, call, Operation.FIND_ORDER))[0]

    async def _find(
        self, business_unit: str, reference: str, call: Call, action: str
    ) -> tuple[FindResult, JobRefusal | None]:
        company = self._keys.company(business_unit)
        number = reference_to_jde(reference)

        def look(connection: Connection) -> tuple[FindResult, JobRefusal | None]:
            inbound = self._queries.inbound(connection, number, company)
            if not inbound:
                return FindResult(state=FindState.NOT_FOUND), None
            booked = [row for row in inbound if row.status == PROCESSED]
            if booked:
                bookings = tuple(self._booked(connection, row, business_unit) for row in booked)
                return FindResult(state=FindState.BOOKED, bookings=bookings), None
            if any(row.status == WAITING for row in inbound):
                return FindResult(state=FindState.HANDED_OVER), None
            _require_known_status(inbound)
            refusal = self._refusal(connection, number, company)
            result = FindResult(
                state=FindState.REFUSED,
                refusal_reason=refusal.reason,
                refusal_kind=refusal.kind if refusal.reason == "NOT_FOUND" else "",
                refusal_message=refusal.message,
            )
            return result, refusal

        return await self._gateway.run(Lane.LOOKUP, look, call, action=action)

    def _booked(self, connection: Connection, row: InterfaceRow, business_unit: str) -> Booked:
        key = DocumentKey(company=row.company, document_type=row.order_type, number=row.number)
        try:
            stored = self._queries.order(connection, key)
        except NotFound as error:
            # The interface says booked, so "there is none" would be wrong; a person has to look.
            raise OutcomeUnknown(
                f"the ERP booked the order as {key} and does not show it", detail=f"EDOC {row.reference}"
            ) from error
        return Booked(document_number=str(key), order=self._order(stored, business_unit))

    def _refusal(self, connection: Connection, reference: int, company: CompanySettings) -> JobRefusal:
        messages = self._queries.messages(connection, reference, company)
        return job_refusal(messages, self._config.refusals, self._backend)

    def _order(self, stored: StoredOrder, business_unit: str) -> Order:
        return order_from_jde(stored, business_unit, self._backend, self._keys, self._config)

    async def get(self, business_unit: str, document_number: str, call: Call) -> Order:
        """Read an order with its lines, open and historical."""
        key = self._document_key(business_unit, document_number)
        stored = await self._gateway.run(
            Lane.READ, lambda connection: self._queries.order(connection, key), call, action=Operation.GET_ORDER
        )
        return self._order(stored, business_unit)

    def _document_key(self, business_unit: str, document_number: str) -> DocumentKey:
        company = self._keys.company(business_unit)
        key = DocumentKey.parse(document_number, company=company.company, document_type=company.order_type)
        if key is None:
            raise NotFound(f"the ERP has no order {document_number}", kind="order", key=document_number)
        return key

    async def cancel(self, business_unit: str, document_number: str, reference: str, call: Call) -> Cancelled:
        """Hand the cancellation over, then wait for the job to process it or for the deadline."""
        key = self._document_key(business_unit, document_number)
        company = self._keys.company(business_unit)
        number = reference_to_jde(reference)
        stored, sent_before = await self._gateway.run(
            Lane.LOOKUP,
            lambda connection: (
                self._queries.order(connection, key),
                self._queries.inbound(connection, number, company, change=True),
            ),
            call,
            action=Operation.CANCEL_ORDER,
        )
        order = self._order(stored, business_unit)
        if order.submission_state == Order.CANCELLED:
            return Cancelled(order=order)
        if not sent_before:
            await self._send_change(stored, reference, company, business_unit, call)
        return await self._await_change(key, number, company, business_unit, call)

    async def _send_change(
        self, stored: StoredOrder, reference: str, company: CompanySettings, business_unit: str, call: Call
    ) -> None:
        branch = stored.lines[0].branch if stored.lines else ""
        row = change_to_jde(stored.header, branch, reference, company, self._config, today=self._today(business_unit))
        try:
            await self._gateway.run(
                Lane.WRITE,
                lambda connection: self._queries.insert_change(connection, row),
                call,
                action=Operation.CANCEL_ORDER,
                effect=Effect.WRITE,
            )
        except AlreadyThere:
            return  # an earlier attempt sent it

    async def _await_change(
        self, key: DocumentKey, reference: int, company: CompanySettings, business_unit: str, call: Call
    ) -> Cancelled:
        def look(connection: Connection) -> Order | JobRefusal | None:
            inbound = self._queries.inbound(connection, reference, company, change=True)
            if any(row.status == PROCESSED for row in inbound):
                return self._order(self._queries.order(connection, key), business_unit)
            if not inbound or any(row.status == WAITING for row in inbound):
                return None
            _require_known_status(inbound)
            return self._refusal(connection, reference, company)

        while True:
            try:
                found = await self._gateway.run(Lane.LOOKUP, look, call, action=Operation.CANCEL_ORDER)
            except ErpError as error:
                raise _in_doubt(error) from error
            if isinstance(found, JobRefusal):
                raise found.error()
            if found is not None:
                return _cancelled(found, key)
            if call.remaining() <= self._config.poll_interval_seconds:
                raise OutcomeUnknown("the ERP's job has not processed the cancellation in time", timed_out=True)
            await asyncio.sleep(self._config.poll_interval_seconds)


def _cancelled(order: Order, key: DocumentKey) -> Cancelled:
    if order.submission_state != Order.CANCELLED:
        raise Conflict(f"the ERP processed the cancellation and still shows order {key} as open")
    return Cancelled(order=order)


def _outcome_of(found: FindResult, refusal: JobRefusal | None) -> Booked | HandedOver:
    """Turn what stands under a reference into the answer to one more attempt with it."""
    if refusal is not None:
        raise refusal.error()
    if found.state is FindState.BOOKED and len(found.bookings) == 1:
        return replace(found.bookings[0], existing=True)
    if found.state is FindState.HANDED_OVER:
        return HandedOver(detail="was handed over before under the same reference")
    if found.state is FindState.BOOKED:
        numbers = ", ".join(booking.document_number for booking in found.bookings)
        raise OutcomeUnknown("the ERP holds more than one order under this reference", detail=numbers)
    raise OutcomeUnknown(
        "the ERP refused the order's key and has no order under it",
        detail="a unique index of F47011 or F47012 was violated, and F47011 has no such EDOC",
    )


def _require_known_status(inbound: list[InterfaceRow]) -> None:
    unknown = sorted({row.status for row in inbound} - {WAITING, PROCESSED, IN_ERROR})
    if unknown:
        raise OutcomeUnknown(
            "the ERP's interface shows a state that has no meaning here", detail=f"EDSP {', '.join(unknown)}"
        )


def _in_doubt(error: ErpError) -> OutcomeUnknown:
    """After something was sent, whatever stops a look-up says nothing of the write."""
    if isinstance(error, OutcomeUnknown):
        return error
    return OutcomeUnknown(f"the write was sent and could not be looked up: {error.message}", detail=error.detail)
