"""What the statements return, one frozen row type for each; the field names are the statements' labels."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerRow:
    """A customer of a company; `hold` is blank when nothing holds it."""

    company: str
    hold: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemRow:
    """An item in a branch; `item` is the short number, `number` the second item number, `lead_days` 0 for none."""

    item: int
    number: str
    branch: str
    description1: str
    description2: str
    primary_unit: str
    stocking_type: str
    branch_stocking_type: str
    lead_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversionRow:
    """One `unit` of an item is `factor` of `related_unit`; a blank branch stands for all."""

    item: int
    branch: str
    unit: str
    related_unit: str
    factor: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class BasePriceRow:
    """A base price per one `unit`; customer 0 and a blank branch stand for all."""

    number: str
    branch: str
    customer: int
    unit: str
    price: Decimal
    effective: dt.date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AdjustmentRow:
    """One level of the price adjustment, for quantities from `minimum` of `unit` on; customer 0 stands for all."""

    number: str
    customer: int
    unit: str
    minimum: Decimal
    basis: str
    value: Decimal
    effective: dt.date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StockRow:
    """What is free of an item in a branch over all locations, in the primary unit; negative when overcommitted."""

    item: int
    branch: str
    available: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptRow:
    """What a supplier is expected to deliver, in the primary unit."""

    item: int
    branch: str
    date: dt.date | None
    quantity: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class HeaderRow:
    """An order header."""

    company: str
    order_type: str
    number: int
    customer: int
    purchase_order_number: str
    hold: str
    currency: str
    pricing_date: dt.date | None
    requested_date: dt.date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DetailRow:
    """An order line, from the open lines or from history; `amount` has the decimals of the header's currency."""

    order_number: int
    line_number: Decimal
    branch: str
    number: str
    description1: str
    description2: str
    ordered: Decimal
    shipped: Decimal
    backordered: Decimal
    cancelled: Decimal
    unit: str
    amount: int
    last_status: str
    next_status: str
    requested_date: dt.date | None
    promised_date: dt.date | None
    shipped_date: dt.date | None
    invoice: int
    invoice_type: str
    line_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InterfaceRow:
    """An inbound document and how far its job came; the order's number is 0 until it is booked."""

    status: str
    reference: int
    company: str
    order_type: str
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageRow:
    """What a job said of an inbound document."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceKey:
    """What identifies an invoice within its company."""

    document_type: str
    document: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PayItemRow:
    """One pay item of an invoice; amounts have the decimals of its currency."""

    company: str
    document_type: str
    document: int
    suffix: str
    customer: int
    invoice_date: dt.date | None
    due_date: dt.date | None
    currency: str
    gross: int
    open: int
    taxable: int
    untaxed: int
    tax: int
    payment_code: str
    void: str
    order_company: str
    order_type: str
    order_number: int
    purchase_order_number: str
