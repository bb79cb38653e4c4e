"""What the in-memory ERP adds to the promises that the conformance suite tests."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from erp.v1.availability_pb2 import CheckAvailabilityRequest, LineAvailability
from erp.v1.common_pb2 import FULL, NONE, NOT_CHECKED, PARTIAL
from erp.v1.orders_pb2 import FULFILMENT_STATE_COMPLETE, PAYMENT_STATE_PAID, Order
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_ports.amounts import from_date, money, money_amount, quantity, to_date
from erp_ports.call import Call
from erp_ports.errors import CrossReferenceMissing, ForeignCurrency, NotFound, RefusalReason, Rejected
from erp_ports.memory import InMemoryConfig, InMemoryErp, plugin
from erp_ports.plugin import Credential, Surroundings
from erp_ports.values import Booked, FindState, OrderSubmission
from erp_ports.xref import CrossReference, Table

TODAY = dt.date(2026, 3, 2)
UNIT = "businessUnits/NW"
CONFIG: dict[str, Any] = {
    "products": {"11": {"description": "Queso Cabrales", "price": "21.00", "units": {"DZN": 12}}},
    "customers": {"ALFKI": {}, "LATE": {"credit_hold": True}},
    "stock": [{"product": "11", "plant": "HAM", "on_hand": 30, "receipts": [{"date": "2026-03-07", "quantity": 10}]}],
}


def erp(**settings: Any) -> InMemoryErp:
    return InMemoryErp(InMemoryConfig.model_validate({**CONFIG, **settings}), clock=nine_in_the_morning)


def nine_in_the_morning() -> dt.datetime:
    return dt.datetime.combine(TODAY, dt.time(9), tzinfo=dt.UTC)


def call() -> Call:
    return Call.within(30)


async def priced(
    subject: InMemoryErp, amount: str = "1", unit: str = "EA", currency: str = "EUR", agreed_per_dozen: str = ""
) -> CalculatePricesResponse:
    request = CalculatePricesRequest(
        parent=UNIT, customer=f"{UNIT}/customers/ALFKI", currency_code=currency, pricing_date=from_date(TODAY)
    )
    line = request.lines.add(
        line_id="1", product=f"{UNIT}/products/11", plant="HAM", quantity=quantity(Decimal(amount), unit)
    )
    if agreed_per_dozen:
        line.agreed_unit_price.amount.CopyFrom(money(Decimal(agreed_per_dozen), "EUR"))
        line.agreed_unit_price.unit = "DZN"
    return await subject.calculate_prices(request, call())


async def available(
    subject: InMemoryErp, *amounts: str, unit: str = "EA", plant: str = "HAM"
) -> list[LineAvailability]:
    request = CheckAvailabilityRequest(parent=UNIT, customer=f"{UNIT}/customers/ALFKI")
    for number, amount in enumerate(amounts):
        request.lines.add(
            line_id=str(number),
            product=f"{UNIT}/products/11",
            plant=plant,
            quantity=quantity(Decimal(amount), unit),
            requested_date=from_date(TODAY),
        )
    return list((await subject.check_availability(request, call())).lines)


def submission(
    reference: str, *, amount: str = "2", customer: str = "ALFKI", business_unit: str = "NW"
) -> OrderSubmission:
    parent = f"businessUnits/{business_unit}"
    order = Order(
        customer=f"{parent}/customers/{customer}",
        currency_code="EUR",
        purchase_order_number="PO 1",
        pricing_date=from_date(TODAY),
    )
    order.lines.add(
        line_id="1",
        product=f"{parent}/products/11",
        plant="HAM",
        quantity=quantity(Decimal(amount), "EA"),
        requested_date=from_date(TODAY),
    )
    return OrderSubmission(
        business_unit=business_unit,
        order=order,
        reference=reference,
        attempt=1,
        first_attempt_time=nine_in_the_morning(),
    )


async def booked(subject: InMemoryErp, sent: OrderSubmission) -> Booked:
    answer = await subject.create_order(sent, call())
    assert isinstance(answer, Booked)
    return answer


async def test_a_dozen_costs_twelve_times_the_base_unit() -> None:
    line = (await priced(erp(), "2", "DZN")).lines[0]
    assert money_amount(line.net_amount) == Decimal("504.00")
    assert (line.base_quantity.value.value, line.base_quantity.unit) == ("24", "EA")


async def test_an_agreed_price_per_dozen_is_divided_for_single_pieces() -> None:
    line = (await priced(erp(), "3", agreed_per_dozen="200.00")).lines[0]
    assert money_amount(line.net_amount) == Decimal("50.00")


async def test_a_unit_that_the_product_lacks_is_not_found() -> None:
    with pytest.raises(NotFound) as caught:
        await priced(erp(), "1", "KGM")
    assert caught.value.kind == "unit"


async def test_a_currency_without_prices_is_refused() -> None:
    with pytest.raises(ForeignCurrency):
        await priced(erp(), currency="USD")


async def test_tax_is_stated_where_a_rate_is_configured() -> None:
    without, taxed = await priced(erp()), await priced(erp(tax_rate="0.19"))
    assert not without.HasField("tax_amount")
    assert money_amount(taxed.tax_amount) == Decimal("3.99")


async def test_an_answer_can_be_changed_without_changing_the_next() -> None:
    subject = erp()
    first = await priced(subject)
    first.lines[0].net_amount.units = 0
    assert money_amount((await priced(subject)).lines[0].net_amount) == Decimal("21.00")


async def test_lines_of_one_question_share_the_stock() -> None:
    lines = await available(erp(), "25", "25")
    assert [x.decision for x in lines] == [FULL, PARTIAL]
    second = [(to_date(x.ship_date), x.quantity.value.value) for x in lines[1].confirmations]
    assert second == [(TODAY, "5"), (dt.date(2026, 3, 7), "10")]
    assert not lines[1].HasField("earliest_full_date")


async def test_the_lead_time_covers_what_no_receipt_does() -> None:
    line = (await available(erp(lead_time_days=14), "45"))[0]
    assert to_date(line.earliest_full_date) == dt.date(2026, 3, 16)


async def test_confirmations_in_dozens_add_up_to_what_was_asked() -> None:
    line = (await available(erp(lead_time_days=14), "4", unit="DZN"))[0]
    assert [x.quantity.value.value for x in line.confirmations] == ["2.5", "0.833333", "0.666667"]
    assert line.HasField("earliest_full_date")


async def test_a_plant_that_keeps_no_stock_of_a_product_does_not_check_it() -> None:
    assert (await available(erp(), "1", plant="MUC"))[0].decision == NOT_CHECKED


async def test_the_plant_decides_which_day_it_is() -> None:
    config = InMemoryConfig.model_validate(
        {**CONFIG, "stock": [{"product": "11", "plant": "HAM", "lead_time_days": 0}]}
    )
    evening = dt.datetime(2026, 3, 2, 20, tzinfo=dt.UTC)
    subject = InMemoryErp(config, plant_zones={"HAM": ZoneInfo("Asia/Tokyo")}, clock=lambda: evening)
    line = (await available(subject, "1"))[0]
    assert line.decision == NONE
    assert to_date(line.earliest_full_date) == dt.date(2026, 3, 3)


async def test_a_booking_takes_stock_and_its_cancellation_gives_it_back() -> None:
    subject = erp()
    answer = await booked(subject, submission("A", amount="30"))
    assert (await available(subject, "1"))[0].decision == NONE
    await subject.cancel_order("NW", answer.document_number, "C", "Mistake", call())
    assert (await available(subject, "30"))[0].decision == FULL


async def test_a_customer_on_credit_hold_gets_no_order() -> None:
    with pytest.raises(Rejected) as caught:
        await erp().create_order(submission("A", customer="LATE"), call())
    assert caught.value.reason is RefusalReason.CREDIT


async def test_a_held_order_can_be_refused_when_it_is_booked() -> None:
    subject = erp()
    subject.faults.hold_bookings = True
    subject.faults.refuse_next = Rejected("the limit is reached", reason=RefusalReason.CREDIT)
    await subject.create_order(submission("A"), call())
    assert (await subject.find_order("NW", "A", call())).state is FindState.HANDED_OVER
    subject.book_held()
    found = await subject.find_order("NW", "A", call())
    assert (found.state, found.refusal_reason, found.refusal_message) == (
        FindState.REFUSED,
        "CREDIT",
        "the limit is reached",
    )
    assert subject.ledger() == []


async def test_business_units_do_not_see_each_others_documents() -> None:
    subject = erp()
    answer = await booked(subject, submission("A"))
    with pytest.raises(NotFound):
        await subject.get_order("SW", answer.document_number, call())
    assert (await subject.find_order("SW", "A", call())).state is FindState.NOT_FOUND
    other = await booked(subject, submission("A", business_unit="SW"))
    assert other.document_number != answer.document_number


async def test_a_document_tells_that_it_is_shipped_and_its_invoice_that_it_is_paid() -> None:
    subject = erp()
    answer = await booked(subject, submission("A"))
    with pytest.raises(Rejected):
        subject.invoice(answer.document_number)
    subject.ship(answer.document_number)
    key = subject.invoice(answer.document_number)
    subject.pay(key)
    document = await subject.get_order("NW", answer.document_number, call())
    invoice = await subject.get_invoice("NW", key, call())
    assert document.parts[0].fulfilment_state == FULFILMENT_STATE_COMPLETE
    assert [x.value for x in document.parts[0].source_statuses] == ["C"]
    assert invoice.payment_state == PAYMENT_STATE_PAID
    assert money_amount(invoice.open_amount) == 0
    assert to_date(invoice.due_date) == dt.date(2026, 4, 1)


async def test_an_id_without_a_cross_reference_is_missed_before_the_erp_is_asked() -> None:
    xref = CrossReference(rules={"product": Table({"cheese": "11"})}, backend="memory")
    subject = InMemoryErp(InMemoryConfig.model_validate(CONFIG), xref=xref)
    with pytest.raises(CrossReferenceMissing):
        await priced(subject)


async def test_live_and_shadow_adapters_of_one_configuration_are_one_erp() -> None:
    config = InMemoryConfig.model_validate(CONFIG)

    def build(credential: Credential) -> Any:
        return plugin.build(
            config,
            Surroundings(
                backend="erp1",
                credential=credential,
                xref=CrossReference(backend="erp1"),
                plant_zones={},
                business_unit_zones={},
            ),
        )

    live, shadow = build(Credential.LIVE), build(Credential.SHADOW)
    await booked(live, submission("A", amount="30"))
    assert (await available(shadow, "1"))[0].decision == NONE
    assert (await available(erp(), "1"))[0].decision == FULL


def test_the_plugin_is_found_under_its_name() -> None:
    (found,) = entry_points(group="erp_facade.adapters", name="memory")
    assert found.load() is plugin


def test_master_data_is_read_from_a_file_and_the_configuration_goes_before_it(tmp_path: Path) -> None:
    path = tmp_path / "master.json"
    path.write_text(json.dumps({**CONFIG, "currency": "USD"}))
    config = InMemoryConfig.model_validate({"file": str(path), "currency": "CHF"})
    assert config.currency == "CHF"
    assert config.products["11"].price == Decimal("21.00")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"file": "/does/not/exist.json"}, "cannot be read"),
        ({"stock": [{"product": "12", "plant": "HAM"}]}, "not configured: 12"),
        ({"stock": [{"product": "11", "plant": "HAM"}] * 2}, "more than one stock entry for: 11 in HAM"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_a_configuration_that_contradicts_itself_is_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        InMemoryConfig.model_validate({**CONFIG, **settings})
