"""Values that cross the ports beside the messages of `erp.v1`."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from erp.v1.invoices_pb2 import Invoice
from erp.v1.orders_pb2 import Order


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderSubmission:
    """One attempt to book the lines of one order part.

    `order` holds the lines of this part only, with every default filled in: `pricing_date` and each line's
    `requested_date` are set. `reference` has the shape that the adapter declared and is the same in every attempt.
    `first_attempt_time` is the same in every attempt too (repeatable requests need it).
    """

    business_unit: str
    order: Order
    reference: str
    attempt: int
    first_attempt_time: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Booked:
    """The ERP booked the part.

    `order` is the document as the ERP holds it, read back: customer, purchase order number without our suffix,
    currency, lines (line id, product, plant, quantity, net amount, confirmations), and one entry in `parts` with
    `document_number`, `reference`, net amount, states and source statuses.
    `existing`: the reference had been booked before, and this is that booking.
    """

    document_number: str
    order: Order
    existing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class HandedOver:
    """The ERP holds the request durably and books it later; it is found by its reference."""

    detail: str = ""


class FindState(enum.StrEnum):
    """What a look-up by reference found."""

    BOOKED = "BOOKED"
    HANDED_OVER = "HANDED_OVER"
    REFUSED = "REFUSED"
    NOT_FOUND = "NOT_FOUND"


@dataclass(frozen=True, kw_only=True, slots=True)
class FindResult:
    """The outcome of a look-up by reference.

    BOOKED carries every booking that has the reference (more than one is an incident); REFUSED carries the ERP's
    words and class of reason (a `RefusalReason` value, or `NOT_FOUND` for an unknown product or customer, with
    `refusal_kind` saying which: `product` or `customer`).
    """

    state: FindState
    bookings: tuple[Booked, ...] = ()
    refusal_reason: str = ""
    refusal_kind: str = ""
    refusal_message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelled:
    """The ERP cancelled the document; `order` is the document as the ERP holds it now."""

    order: Order


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceQuery:
    """A page of invoices, newest first: by invoice date, then by native key, both descending.

    `after` is the date and native key of the last invoice already seen.
    """

    business_unit: str
    limit: int
    customer: str = ""
    order_document_number: str = ""
    after: tuple[dt.date, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyedInvoice:
    """An invoice with its key in the ERP, which orders invoices of the same date."""

    native_key: str
    invoice: Invoice


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """One thing that `check` looked at; `message` says what to do when it is not ok."""

    subject: str
    ok: bool
    message: str
    seconds: float = 0.0


Invoices = Sequence[KeyedInvoice]
