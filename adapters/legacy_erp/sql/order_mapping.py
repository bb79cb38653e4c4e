"""Orders: a submission → rows of the inbound interface, and the ERP's rows → the order as the ERP holds it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from erp.v1.common_pb2 import SourceStatus
from erp.v1.orders_pb2 import Order, OrderLine, OrderPart
from erp_ports.amounts import from_date, minor_digits, plain, quantity, round_money, to_date
from erp_ports.values import OrderSubmission
from legacy_erp.sql.column_types import implied_to_jde, jde_money
from legacy_erp.sql.config import CompanySettings, SqlConfig
from legacy_erp.sql.documents import DocumentKey
from legacy_erp.sql.keys import Keys, reference_to_jde
from legacy_erp.sql.mapping import AskedLine, asked_line, description
from legacy_erp.sql.rows import DetailRow, HeaderRow, PayItemRow
from legacy_erp.sql.status import LineStatus, line_status, payment_state, whole_billing, whole_fulfilment

Row = dict[str, object]

ORIGINAL, CANCELLATION = "00", "01"
RECEIVED = "R"
WAITING, PROCESSED, IN_ERROR = "", "Y", "E"
_PRICE_GIVEN = "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreedTerms:
    """The net price and amount of a line whose price was agreed; they are booked as they are."""

    unit_price: Decimal
    net_amount: Decimal


def order_to_jde(
    submission: OrderSubmission,
    agreed: Mapping[str, AgreedTerms],
    keys: Keys,
    config: SqlConfig,
    *,
    today: dt.date,
) -> tuple[Row, list[Row]]:
    """Return the header and the lines of the inbound order; `agreed` names the lines whose price is given.

    Raises NotFound and Rejected for what cannot be written. Lines are numbered 1, 2, 3 in their order; the
    customer's line id travels in VR02.
    """
    order = submission.order
    company = keys.company(submission.business_unit)
    asked = [asked_line(line, keys, config) for line in order.lines]
    key = _interface_key(company, submission.reference)
    header = key | {
        "EDST": config.edi_transaction_set,
        "EDER": RECEIVED,
        "EDSP": WAITING,
        "EDDT": today,
        "TPUR": ORIGINAL,
        "KCOO": company.company,
        "DOCO": 0,
        "DCTO": company.order_type,
        "MCU": asked[0].branch,
        "AN8": keys.customer_to_jde(order.customer),
        "SHAN": keys.customer_to_jde(order.customer),
        "TRDJ": today,
        "DRQJ": _header_date(order),
        "PEFJ": to_date(order.pricing_date),
        "VR01": order.purchase_order_number,
        "CRCD": order.currency_code,
        "HOLD": "",
    }
    lines = [
        key | _line_to_jde(number, line, words, agreed.get(line.line_id), order.currency_code)
        for number, (line, words) in enumerate(zip(order.lines, asked, strict=True), start=1)
    ]
    return header, lines


def _interface_key(company: CompanySettings, reference: str) -> Row:
    return {
        "EKCO": company.interface_company,
        "EDOC": reference_to_jde(reference),
        "EDCT": company.edi_document_type,
    }


def _header_date(order: Order) -> dt.date:
    """Return the order's requested date, or the earliest of its lines'."""
    if order.HasField("requested_date"):
        return to_date(order.requested_date)
    return min(to_date(line.requested_date) for line in order.lines)


def _line_to_jde(number: int, line: OrderLine, asked: AskedLine, agreed: AgreedTerms | None, currency: str) -> Row:
    row: Row = {
        "EDLN": Decimal(number),
        "EDSP": WAITING,
        "LITM": asked.number,
        "MCU": asked.branch,
        "UORG": asked.quantity,
        "UOM": asked.unit,
        "UPRC": Decimal(0),
        "PROV": "",
        "AEXP": 0,
        "DSPR": Decimal(line.agreed_discount.value or "0") * 100,
        "DRQJ": to_date(line.requested_date),
        "VR02": line.line_id,
    }
    if agreed is None:
        return row
    # The discount is in the net price already; sent once more, the job would take it off twice.
    return row | {
        "UPRC": agreed.unit_price,
        "PROV": _PRICE_GIVEN,
        "AEXP": implied_to_jde(round_money(agreed.net_amount, currency), minor_digits(currency)),
        "DSPR": Decimal(0),
    }


def change_to_jde(
    header: HeaderRow, branch: str, reference: str, company: CompanySettings, config: SqlConfig, *, today: dt.date
) -> Row:
    """Return the inbound change that cancels the whole order."""
    return _interface_key(company, reference) | {
        "EDST": config.edi_cancel_transaction_set,
        "EDER": RECEIVED,
        "EDSP": WAITING,
        "EDDT": today,
        "TPUR": CANCELLATION,
        "KCOO": header.company,
        "DOCO": header.number,
        "DCTO": header.order_type,
        "MCU": branch,
        "AN8": header.customer,
        "SHAN": header.customer,
        "TRDJ": today,
        "DRQJ": header.requested_date,
        "PEFJ": header.pricing_date,
        "VR01": header.purchase_order_number,
        "CRCD": header.currency,
        "HOLD": "",
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredOrder:
    """An order as it was read: its header, all its lines, the pay items of its invoices, its references."""

    header: HeaderRow
    lines: tuple[DetailRow, ...]
    pay_items: tuple[PayItemRow, ...] = ()
    references: tuple[int, ...] = ()


def merge_lines(opened: Sequence[DetailRow], history: Sequence[DetailRow]) -> tuple[DetailRow, ...]:
    """Return all lines once; a line that moved to history between the two reads is taken from there."""
    by_number = {row.line_number: row for row in opened} | {row.line_number: row for row in history}
    return tuple(by_number[number] for number in sorted(by_number))


def order_from_jde(stored: StoredOrder, business_unit: str, backend: str, keys: Keys, config: SqlConfig) -> Order:
    """Return the order with one part, as `Booked.order` is filled."""
    header = stored.header
    statuses = [line_status(row, config.statuses, backend) for row in stored.lines]
    cancelled = bool(statuses) and all(status.cancelled for status in statuses)
    order = Order(
        customer=keys.customer_from_jde(business_unit, header.customer),
        currency_code=header.currency,
        purchase_order_number=header.purchase_order_number,
        submission_state=Order.CANCELLED if cancelled else Order.BOOKED,
        fulfilment_state=whole_fulfilment(status.fulfilment for status in statuses),
        billing_state=whole_billing(status.billing for status in statuses),
        payment_state=payment_state(stored.pay_items, config.payment_codes, backend),
    )
    if header.hold:
        order.hold = Order.SOURCE_HOLD
    if header.pricing_date is not None:
        order.pricing_date.CopyFrom(from_date(header.pricing_date))
    if header.requested_date is not None:
        order.requested_date.CopyFrom(from_date(header.requested_date))
    pieces: dict[object, list[tuple[DetailRow, LineStatus]]] = {}
    for row, status in zip(stored.lines, statuses, strict=True):
        pieces.setdefault(_ordered_line(row), []).append((row, status))
    order.lines.extend(_line_from_jde(found, header.currency, business_unit, keys) for found in pieces.values())
    # The header's own total may include tax; the lines' amounts do not.
    net = sum((row.amount for row, status in zip(stored.lines, statuses, strict=True) if not status.cancelled), 0)
    order.net_amount.CopyFrom(jde_money(net, header.currency))
    order.parts.append(_part(stored, order, backend))
    return order


def _part(stored: StoredOrder, order: Order, backend: str) -> OrderPart:
    return OrderPart(
        line_ids=[line.line_id for line in order.lines],
        submission_state=order.submission_state,
        document_number=str(document_key(stored.header)),
        reference=str(stored.references[0]) if stored.references else "",
        net_amount=order.net_amount,
        fulfilment_state=order.fulfilment_state,
        billing_state=order.billing_state,
        payment_state=order.payment_state,
        source_statuses=_source_statuses(stored, backend),
    )


def document_key(header: HeaderRow) -> DocumentKey:
    return DocumentKey(company=header.company, document_type=header.order_type, number=header.number)


def _source_statuses(stored: StoredOrder, backend: str) -> list[SourceStatus]:
    codes = {("LTTR/NXTR", f"{row.last_status}/{row.next_status}") for row in stored.lines}
    codes |= {("PST", row.payment_code) for row in stored.pay_items if not row.void}
    if stored.header.hold:
        codes.add(("HOLD", stored.header.hold))
    return [SourceStatus(backend=backend, field=field, value=value) for field, value in sorted(codes)]


def _ordered_line(row: DetailRow) -> object:
    """Return what the pieces of one ordered line have in common: the ERP splits 1.000 into 1.000 and 1.001."""
    return int(row.line_number), row.line_id, row.number, row.branch, row.unit


def _line_from_jde(
    pieces: Sequence[tuple[DetailRow, LineStatus]], currency: str, business_unit: str, keys: Keys
) -> OrderLine:
    rows = [row for row, _ in pieces]
    first = rows[0]
    unit = keys.unit_from_jde(first.unit)
    line = OrderLine(
        line_id=first.line_id or plain(first.line_number),
        product=keys.product_from_jde(business_unit, first.number),
        plant=keys.plant_from_jde(first.branch),
        quantity=quantity(sum((row.ordered for row in rows), Decimal(0)), unit),
        net_amount=jde_money(sum(row.amount for row in rows), currency),
        fulfilment_state=whole_fulfilment(status.fulfilment for _, status in pieces),
        description=description(first.description1, first.description2),
    )
    if first.requested_date is not None:
        line.requested_date.CopyFrom(from_date(first.requested_date))
    confirmed: dict[dt.date, Decimal] = {}
    for date, amount in (found for row in rows for found in confirmations(row)):
        confirmed[date] = confirmed.get(date, Decimal(0)) + amount
    for date, amount in sorted(confirmed.items()):
        line.confirmations.add(ship_date=from_date(date), quantity=quantity(amount, unit))
    return line


def confirmations(row: DetailRow) -> list[tuple[dt.date, Decimal]]:
    """Return what the ERP confirms for when, earliest first; a backorder shows as a later confirmation.

    A line has one promised date. Where a part is backordered that date is the backorder's, and the committed part
    leaves as requested; a backorder that is promised no later than that is not confirmed.
    """
    committed = row.ordered - row.cancelled - row.backordered
    late = row.backordered > 0 and _is_before(row.requested_date, row.promised_date)
    found: list[tuple[dt.date, Decimal]] = []
    committed_date = row.shipped_date or (row.requested_date if late else row.promised_date)
    if committed > 0 and committed_date is not None:
        found.append((committed_date, committed))
    if row.backordered > 0 and row.promised_date is not None and (not found or found[0][0] < row.promised_date):
        found.append((row.promised_date, row.backordered))
    return found


def _is_before(first: dt.date | None, second: dt.date | None) -> bool:
    return first is not None and second is not None and first < second
