"""Orders, invoices and their states between the messages and the ERP's rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from erp.v1.orders_pb2 import (
    BILLING_STATE_BILLED,
    BILLING_STATE_NOT_BILLED,
    BILLING_STATE_PARTIAL,
    BILLING_STATE_UNKNOWN,
    FULFILMENT_STATE_COMPLETE,
    FULFILMENT_STATE_NOT_APPLICABLE,
    FULFILMENT_STATE_NOT_STARTED,
    FULFILMENT_STATE_PARTIAL,
    FULFILMENT_STATE_UNKNOWN,
    PAYMENT_STATE_OPEN,
    PAYMENT_STATE_PAID,
    PAYMENT_STATE_PARTIAL,
    PAYMENT_STATE_UNKNOWN,
    PAYMENT_STATE_UNSPECIFIED,
    BillingState,
    FulfilmentState,
    Order,
    PaymentState,
)
from erp_ports.amounts import from_date, quantity, to_date
from erp_ports.errors import NotFound, RefusalReason, Rejected
from erp_ports.values import OrderSubmission
from erp_ports.xref import CrossReference, Table, ZeroPad
from legacy_erp.sql.config import SqlConfig
from legacy_erp.sql.invoice_mapping import invoices_from_jde
from legacy_erp.sql.keys import Keys
from legacy_erp.sql.order_mapping import (
    AgreedTerms,
    StoredOrder,
    confirmations,
    merge_lines,
    order_from_jde,
    order_to_jde,
)
from legacy_erp.sql.refusals import job_refusal
from legacy_erp.sql.rows import DetailRow, HeaderRow, InvoiceKey, MessageRow, PayItemRow
from legacy_erp.sql.status import line_status, payment_state

TODAY = dt.date(2026, 3, 2)
LATER = dt.date(2026, 3, 9)
CONFIG = SqlConfig.model_validate(
    {
        "url": "sqlite://",
        "shadow_url": "sqlite://",
        "business_units": {"NW": {"company": "00100", "currency": "USD"}},
        "decimals": {"quantity": 3},
    }
)
KEYS = Keys(
    CONFIG,
    CrossReference(
        backend="legacy",
        rules={"customer": Table({"ALFKI": "4201"}), "product": ZeroPad(8), "unit": Table({"EA": "EA", "DZN": "DZ"})},
    ),
)
HEADER = HeaderRow(
    company="00100", order_type="SO", number=500001, customer=4201, purchase_order_number="PO 1", hold="",
    currency="USD", pricing_date=TODAY, requested_date=TODAY,
)  # fmt: skip


def line(**more: object) -> DetailRow:
    return DetailRow(
        **{
            "order_number": 500001, "line_number": Decimal(1), "branch": "EU01", "number": "00000011",
            "description1": "Queso", "description2": "Cabrales", "ordered": Decimal(10), "shipped": Decimal(10),
            "backordered": Decimal(0), "cancelled": Decimal(0), "unit": "EA", "amount": 21000, "last_status": "520",
            "next_status": "540", "requested_date": TODAY, "promised_date": TODAY, "shipped_date": None, "invoice": 0,
            "invoice_type": "", "line_id": "20", **more,
        }
    )  # fmt: skip


def pay_item(**more: object) -> PayItemRow:
    return PayItemRow(
        **{
            "company": "00100", "document_type": "RI", "document": 700001, "suffix": "001", "customer": 4201,
            "invoice_date": TODAY, "due_date": LATER, "currency": "USD", "gross": 11900, "open": 11900,
            "taxable": 10000, "untaxed": 0, "tax": 1900, "payment_code": "A", "void": "", "order_company": "00100",
            "order_type": "SO", "order_number": 500001, "purchase_order_number": "PO 1", **more,
        }
    )  # fmt: skip


def order() -> Order:
    message = Order(
        customer="businessUnits/NW/customers/ALFKI",
        currency_code="USD",
        purchase_order_number="PO 1",
        pricing_date=from_date(TODAY),
    )
    for line_id, unit, amount, requested in (("20", "EA", "2", LATER), ("A-7", "DZN", "0.5", TODAY)):
        message.lines.add(
            line_id=line_id,
            product="businessUnits/NW/products/11",
            plant="EU01",
            quantity=quantity(Decimal(amount), unit),
            requested_date=from_date(requested),
        )
    message.lines[0].agreed_discount.value = "0.05"
    return message


def rows(
    message: Order, agreed: dict[str, AgreedTerms] | None = None
) -> tuple[dict[str, object], list[dict[str, object]]]:
    submission = OrderSubmission(
        business_unit="NW", order=message, reference="70001", attempt=1, first_attempt_time=dt.datetime.now(dt.UTC)
    )
    return order_to_jde(submission, agreed or {}, KEYS, CONFIG, today=TODAY)


def test_header_and_lines_carry_the_reference_and_the_callers_line_ids() -> None:
    header, lines = rows(order())
    assert [(row["EDOC"], row["EDLN"], row["VR02"]) for row in lines] == [
        (70001, Decimal(1), "20"),
        (70001, Decimal(2), "A-7"),
    ]
    assert (header["EKCO"], header["EDOC"], header["EDCT"], header["EDSP"]) == ("00100", 70001, "SO", "")
    assert (header["AN8"], header["VR01"], header["TPUR"], header["DOCO"]) == (4201, "PO 1", "00", 0)


def test_the_header_asks_for_the_earliest_date_of_its_lines() -> None:
    assert rows(order())[0]["DRQJ"] == TODAY


def test_an_agreed_discount_travels_as_per_cent() -> None:
    first, second = rows(order())[1]
    assert (first["DSPR"], first["PROV"], second["DSPR"]) == (Decimal("5.00"), "", Decimal(0))


def test_an_agreed_price_is_booked_as_it_is_and_its_discount_not_taken_twice() -> None:
    agreed = {"20": AgreedTerms(unit_price=Decimal("19.0000"), net_amount=Decimal("38.00"))}
    first = rows(order(), agreed)[1][0]
    assert (first["PROV"], first["UPRC"], first["AEXP"], first["DSPR"]) == ("1", Decimal("19.0000"), 3800, Decimal(0))


def test_a_quantity_finer_than_the_erp_keeps_is_refused() -> None:
    message = order()
    message.lines[0].quantity.value.value = "0.0001"
    with pytest.raises(Rejected, match="at most 3 decimals"):
        rows(message)


def test_a_booked_order_is_read_back_with_one_part() -> None:
    stored = StoredOrder(
        header=HEADER, lines=(line(), line(line_number=Decimal(2), line_id="A-7")), references=(70001,)
    )
    message = order_from_jde(stored, "NW", "legacy", KEYS, CONFIG)
    assert (message.customer, message.purchase_order_number) == ("businessUnits/NW/customers/ALFKI", "PO 1")
    assert [x.line_id for x in message.lines] == ["20", "A-7"]
    assert message.lines[0].description == "Queso Cabrales"
    assert (message.parts[0].document_number, message.parts[0].reference) == ("00100-SO-00500001", "70001")
    assert message.parts[0].net_amount.units == 420
    assert [(s.field, s.value) for s in message.parts[0].source_statuses] == [("LTTR/NXTR", "520/540")]


def test_a_line_that_the_erp_splits_is_still_the_line_that_was_ordered() -> None:
    split = (
        line(line_number=Decimal("1.000"), ordered=Decimal(6), amount=12600),
        line(line_number=Decimal("1.001"), ordered=Decimal(4), amount=8400, promised_date=LATER),
        line(line_number=Decimal("2.000"), ordered=Decimal(4), amount=8400, line_id="30"),
    )
    found = order_from_jde(StoredOrder(header=HEADER, lines=split), "NW", "legacy", KEYS, CONFIG)
    assert [(x.line_id, x.quantity, x.net_amount.units) for x in found.lines] == [
        ("20", quantity(Decimal(10), "EA"), 210),
        ("30", quantity(Decimal(4), "EA"), 84),
    ]
    assert [(to_date(c.ship_date), c.quantity.value.value) for c in found.lines[0].confirmations] == [
        (TODAY, "6"),
        (LATER, "4"),
    ]
    assert list(found.parts[0].line_ids) == ["20", "30"]


def test_an_order_is_cancelled_when_all_its_lines_are() -> None:
    gone = line(cancelled=Decimal(10), last_status="980", next_status="999")
    assert order_from_jde(StoredOrder(header=HEADER, lines=(gone,)), "NW", "legacy", KEYS, CONFIG).submission_state == (
        Order.CANCELLED
    )
    both = StoredOrder(header=HEADER, lines=(gone, line(line_number=Decimal(2))))
    partly = order_from_jde(both, "NW", "legacy", KEYS, CONFIG)
    assert (partly.submission_state, partly.net_amount.units) == (Order.BOOKED, 210)


def test_a_line_that_moves_to_history_between_two_reads_counts_once() -> None:
    moved = line(last_status="620", next_status="999")
    assert merge_lines([line(), line(line_number=Decimal(2))], [moved]) == (moved, line(line_number=Decimal(2)))


@pytest.mark.parametrize(
    ("row", "fulfilment", "billing"),
    [
        (line(), FULFILMENT_STATE_NOT_STARTED, BILLING_STATE_NOT_BILLED),
        (line(last_status="540", next_status="560"), FULFILMENT_STATE_NOT_STARTED, BILLING_STATE_NOT_BILLED),
        (line(last_status="560", next_status="580"), FULFILMENT_STATE_COMPLETE, BILLING_STATE_NOT_BILLED),
        (line(last_status="600", next_status="620"), FULFILMENT_STATE_COMPLETE, BILLING_STATE_BILLED),
        (line(last_status="620", next_status="999"), FULFILMENT_STATE_COMPLETE, BILLING_STATE_BILLED),
        (
            line(last_status="560", next_status="580", shipped=Decimal(4), backordered=Decimal(6)),
            FULFILMENT_STATE_PARTIAL,
            BILLING_STATE_NOT_BILLED,
        ),
        (line(last_status="777", next_status="778"), FULFILMENT_STATE_UNKNOWN, BILLING_STATE_UNKNOWN),
    ],
)
def test_status_codes_become_our_axes(
    row: DetailRow, fulfilment: FulfilmentState.ValueType, billing: BillingState.ValueType
) -> None:
    found = line_status(row, CONFIG.statuses, "legacy")
    assert (found.fulfilment, found.billing) == (fulfilment, billing)


def test_a_code_without_a_rule_raises_an_alert(caplog: pytest.LogCaptureFixture) -> None:
    line_status(line(next_status="541"), CONFIG.statuses, "legacy")
    assert [(r.message, r.__dict__["alert"]) for r in caplog.records] == [("legacy_sql.status_unmapped", True)]


def test_a_document_is_as_far_as_its_lines_are_together() -> None:
    done = line(line_number=Decimal(2), last_status="620", next_status="999")
    gone = line(line_number=Decimal(3), cancelled=Decimal(10))
    half = order_from_jde(StoredOrder(header=HEADER, lines=(line(), done, gone)), "NW", "legacy", KEYS, CONFIG)
    assert (half.fulfilment_state, half.billing_state) == (FULFILMENT_STATE_PARTIAL, BILLING_STATE_PARTIAL)
    nothing = order_from_jde(StoredOrder(header=HEADER, lines=(gone,)), "NW", "legacy", KEYS, CONFIG)
    assert nothing.fulfilment_state == FULFILMENT_STATE_NOT_APPLICABLE


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (line(), [(TODAY, 10)]),
        (line(promised_date=None), []),
        (line(backordered=Decimal(4), promised_date=LATER), [(TODAY, 6), (LATER, 4)]),
        (line(backordered=Decimal(10), promised_date=LATER), [(LATER, 10)]),
        (line(backordered=Decimal(4), promised_date=TODAY), [(TODAY, 6)]),
        (line(shipped_date=LATER), [(LATER, 10)]),
        (line(cancelled=Decimal(10)), []),
    ],
)
def test_a_backorder_shows_as_a_later_confirmation(row: DetailRow, expected: list[tuple[dt.date, int]]) -> None:
    assert confirmations(row) == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], PAYMENT_STATE_UNSPECIFIED),
        ([pay_item()], PAYMENT_STATE_OPEN),
        ([pay_item(payment_code="H")], PAYMENT_STATE_OPEN),
        ([pay_item(open=5000)], PAYMENT_STATE_PARTIAL),
        ([pay_item(open=0, payment_code="P")], PAYMENT_STATE_PAID),
        ([pay_item(open=0, payment_code="P"), pay_item(suffix="002")], PAYMENT_STATE_PARTIAL),
        ([pay_item(void="V", payment_code="P")], PAYMENT_STATE_UNSPECIFIED),
        ([pay_item(payment_code="Z")], PAYMENT_STATE_UNKNOWN),
    ],
)
def test_payment_follows_open_amounts_and_codes(items: list[PayItemRow], expected: PaymentState.ValueType) -> None:
    assert payment_state(items, CONFIG.payment_codes, "legacy") == expected


def test_an_invoice_adds_its_pay_items_up_and_lists_the_lines_it_bills() -> None:
    items = [pay_item(), pay_item(suffix="002", gross=100, open=0, taxable=0, untaxed=100, tax=0, due_date=TODAY)]
    billed = line(invoice=700001, invoice_type="RI", last_status="620", next_status="999")
    other_order = line(order_number=500002, invoice=700001, invoice_type="RI")
    key = InvoiceKey(document_type="RI", document=700001)
    (found,) = invoices_from_jde([key], items, [billed, billed, other_order, line()], "NW", "legacy", KEYS, CONFIG)
    invoice = found.invoice
    assert (found.native_key, invoice.name) == (
        "00100-RI-00700001",
        "businessUnits/NW/invoices/legacy~00100-RI-00700001",
    )
    assert (invoice.net_amount.units, invoice.tax_amount.units, invoice.gross_amount.units) == (101, 19, 120)
    assert (invoice.open_amount.units, invoice.due_date.day) == (119, LATER.day)
    assert (len(invoice.lines), invoice.order_document_number) == (2, "00100-SO-00500001")
    assert not invoice.cancelled


def test_an_invoice_is_cancelled_when_all_its_pay_items_are_void() -> None:
    key = InvoiceKey(document_type="RI", document=700001)
    (found,) = invoices_from_jde([key], [pay_item(void="V", gross=0, open=0)], [], "NW", "legacy", KEYS, CONFIG)
    assert found.invoice.cancelled


@pytest.mark.parametrize("code", sorted(CONFIG.refusals))
def test_every_message_of_the_job_becomes_a_refusal(code: str, caplog: pytest.LogCaptureFixture) -> None:
    found = job_refusal([MessageRow(code=code, text="Words")], CONFIG.refusals, "legacy")
    rule = CONFIG.refusals[code]
    error = found.error()
    assert (found.reason, found.message) == (rule.reason, "Words")
    assert isinstance(error, NotFound if rule.reason == "NOT_FOUND" else Rejected)
    assert caplog.records == []


def test_a_message_that_nobody_mapped_counts_as_validation_with_an_alert(caplog: pytest.LogCaptureFixture) -> None:
    found = job_refusal([MessageRow(code="NEW", text="A"), MessageRow(code="X", text="B")], CONFIG.refusals, "legacy")
    assert (found.reason, found.message) == (RefusalReason.VALIDATION, "A; B")
    assert [r.message for r in caplog.records] == ["legacy_sql.message_code_unmapped"]
