"""Bad input gets a precise error on both transports, and nothing is half-done, booked or lost."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from erp.v1.orders_pb2 import CreateOrderRequest
from erp.v1.pricing_pb2 import CalculatePricesRequest

PRICES = "PricingService.CalculatePrices"
AVAILABILITY = "AvailabilityService.CheckAvailability"
CREATE = "OrderService.CreateOrder"
SIMULATE = "OrderService.SimulateOrder"
LIST = "OrderService.ListOrders"
PARENT = "businessUnits/NW"


def date(day: dt.date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}


def eur(path: str = "") -> dict[str, Any]:
    return {"agreedUnitPrice": {"amount": {"currencyCode": "EUR", "units": "20"}, "unit": "EA"}}


def priced(units: int = 20, per: str = "1") -> dict[str, Any]:
    amount = {"currencyCode": "USD", "units": str(units)}
    return {"agreedUnitPrice": {"amount": amount, "perQuantity": {"value": per}, "unit": "EA"}}


# What spoils a line with an agreed price, and the field that is told.
SPOILED_PRICES = {
    "a price unit that is no number": (priced(per="abc"), "per_quantity"),
    "a price unit of a billion digits": (priced(per="1E+999999999"), "per_quantity"),
    "a price beyond every sum": (priced(units=2**63 - 1), "amount"),
}

# What spoils a line, the field that is told, and the reason.
SPOILED_LINES = {
    "an unknown unit": ({"quantity": {"value": {"value": "1"}, "unit": "XPX"}}, "quantity.unit", "UNKNOWN_UNIT"),
    "an unknown plant": ({"plant": "MARS"}, "plant", "UNKNOWN_PLANT"),
    "a quantity of 0": ({"quantity": {"value": {"value": "0"}, "unit": "EA"}}, "quantity", "INVALID_FIELD"),
    "a negative quantity": ({"quantity": {"value": {"value": "-1"}, "unit": "EA"}}, "quantity", "INVALID_FIELD"),
    "a quantity with 20 decimals": (
        {"quantity": {"value": {"value": "1.01234567890123456789"}, "unit": "EA"}},
        "quantity",
        "INVALID_FIELD",
    ),
    "a quantity that is no number": (
        {"quantity": {"value": {"value": "NaN"}, "unit": "EA"}},
        "quantity",
        "INVALID_FIELD",
    ),
    "a line id that stands there twice": ({"lineId": "ok"}, "line_id", "DUPLICATE_LINE_ID"),
    "a product of another business unit": (
        {"product": "businessUnits/XX/products/11"},
        "product",
        "INVALID_FIELD",
    ),
}


@pytest.fixture(scope="module")
def shared(start_shared: Any) -> Any:
    """One facade that no test of this module can change: nothing here is accepted, apart from what a test says."""
    return start_shared()


def assert_nothing_of(facade: Any, purchase_order: str) -> None:
    """No ERP has booked it, and the facade has not accepted it."""
    listed = facade.grpc(LIST, {"parent": PARENT, "purchaseOrderNumber": purchase_order}).json["orders"]
    assert (facade.booked(purchase_order), listed) == ([], [])


@pytest.mark.parametrize("what", SPOILED_LINES)
@pytest.mark.parametrize("method", [PRICES, AVAILABILITY, SIMULATE, CREATE])
def test_a_spoiled_line_is_refused_with_its_field_and_reason(
    client: Any, shared: Any, ask: Any, method: str, what: str
) -> None:
    spoil, field, reason = SPOILED_LINES[what]
    lines = [ask.line("ok"), ask.line("bad", **{k: v for k, v in spoil.items() if k in ("plant",)})]
    lines[1].update(spoil)
    order = f"BAD-{list(SPOILED_LINES).index(what)}"
    request = {
        PRICES: lambda: ask.prices(*lines),
        AVAILABILITY: lambda: ask.availability(*lines),
        SIMULATE: lambda: ask.simulate(order, *lines),
        CREATE: lambda: ask.create(order, *lines),
    }[method]()

    answer = client(method, request)

    path = "order.lines[1]" if method in (SIMULATE, CREATE) else "lines[1]"
    assert answer.error == ("INVALID_ARGUMENT", reason, {f"{path}.{field}": reason})
    assert_nothing_of(shared, order)


def test_every_violation_is_told_at_once(client: Any, shared: Any, ask: Any) -> None:
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)
    lines = [
        ask.line("1", plant="MARS"),
        ask.line("2", quantity="1", requestedDate=date(tomorrow - dt.timedelta(days=30))),
        ask.line("3", **eur()),
    ]
    lines[2]["quantity"]["unit"] = "XPX"

    answer = client(CREATE, ask.create("BAD-ALL", *lines, currencyCode="CHF"))

    assert answer.error == (
        "INVALID_ARGUMENT",
        "INVALID_FIELD",
        {
            "order.currency_code": "UNSUPPORTED_CURRENCY",
            "order.lines[0].plant": "UNKNOWN_PLANT",
            "order.lines[1].requested_date": "DATE_IN_PAST",
            "order.lines[2].quantity.unit": "UNKNOWN_UNIT",
            "order.lines[2].agreed_unit_price.amount.currency_code": "MIXED_CURRENCIES",
        },
    )
    assert "and 4 more" in answer.message
    assert_nothing_of(shared, "BAD-ALL")


def test_every_broken_rule_of_the_contract_is_told_at_once(client: Any, ask: Any) -> None:
    request = ask.create("BAD-RULES", ask.line("much-too-long", quantity="0"))
    request["order"].update(currencyCode="usd", purchaseOrderNumber=" ")
    request["requestId"] = "with blank"

    answer = client(CREATE, request)

    assert (answer.status, answer.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert set(answer.violations) == {
        "order.lines[0].line_id",
        "order.lines[0].quantity",
        "order.currency_code",
        "order.purchase_order_number",
        "request_id",
    }


@pytest.mark.parametrize("method", [PRICES, SIMULATE, CREATE])
def test_amounts_in_another_currency_than_the_requests_are_refused(
    client: Any, shared: Any, ask: Any, method: str
) -> None:
    lines = [ask.line("1"), ask.line("2", **eur())]
    requests = {
        PRICES: ask.prices(*lines),
        SIMULATE: ask.simulate("BAD-MIX", *lines),
        CREATE: ask.create("BAD-MIX", *lines),
    }

    answer = client(method, requests[method])

    path = "lines[1].agreed_unit_price.amount.currency_code"
    field = path if method == PRICES else f"order.{path}"
    assert answer.error == ("INVALID_ARGUMENT", "MIXED_CURRENCIES", {field: "MIXED_CURRENCIES"})
    assert_nothing_of(shared, "BAD-MIX")


@pytest.mark.parametrize("what", SPOILED_PRICES)
@pytest.mark.parametrize("method", [PRICES, SIMULATE, CREATE])
def test_an_agreed_price_that_is_no_price_is_refused_with_its_field(
    client: Any, shared: Any, ask: Any, method: str, what: str
) -> None:
    spoil, field = SPOILED_PRICES[what]
    order = f"BAD-PRICE-{list(SPOILED_PRICES).index(what)}"
    line = ask.line("1", **spoil)
    request = {
        PRICES: lambda: ask.prices(line),
        SIMULATE: lambda: ask.simulate(order, line),
        CREATE: lambda: ask.create(order, line),
    }[method]()

    answer = client(method, request)

    path = f"lines[0].agreed_unit_price.{field}"
    told = path if method == PRICES else f"order.{path}"
    assert answer.error == ("INVALID_ARGUMENT", "INVALID_FIELD", {told: "INVALID_FIELD"})
    assert_nothing_of(shared, order)


def test_an_answer_in_another_currency_is_refused(client: Any, ask: Any) -> None:
    answer = client(PRICES, ask.prices(currencyCode="EUR"))
    assert answer.error == ("FAILED_PRECONDITION", "ANSWER_CURRENCY", {})


@pytest.mark.parametrize("method", [AVAILABILITY, SIMULATE, CREATE])
def test_today_is_the_plants_own_day(start: Any, transport: str, ask: Any, method: str) -> None:
    late = dt.datetime.combine(dt.datetime.now(dt.UTC).date(), dt.time(23, 30), tzinfo=dt.UTC)
    facade = start(now=lambda: late)
    wanted = {"requestedDate": date(late.date())}
    lines = [ask.line("1", plant="NA01", **wanted), ask.line("2", plant="AP01", **wanted)]
    requests = {
        AVAILABILITY: ask.availability(*lines),
        SIMULATE: ask.simulate("ZONES", *lines),
        CREATE: ask.create("ZONES", *lines),
    }

    answer = facade.client(transport)(method, requests[method])

    field = ("lines" if method == AVAILABILITY else "order.lines") + "[1].requested_date"
    assert answer.error == ("INVALID_ARGUMENT", "DATE_IN_PAST", {field: "DATE_IN_PAST"})
    assert_nothing_of(facade, "ZONES")


def test_a_pricing_date_in_the_past_is_legal(client: Any, shared: Any, ask: Any) -> None:
    past = {"pricingDate": {"year": 1996, "month": 7, "day": 4}}
    priced = client(PRICES, ask.prices(**past))
    created = client(CREATE, ask.create(f"PAST-{client.transport}", **past))

    assert priced.json["pricingDate"] == past["pricingDate"]
    assert created.json["submissionState"] == "BOOKED"
    assert shared.booked(f"PAST-{client.transport}") == [("legacy", "1")]


@pytest.mark.parametrize(
    "day", [{"year": 2026, "month": 2, "day": 30}, {"year": 2026}, {"year": 1, "month": 1, "day": 1}]
)
def test_a_date_that_is_none_is_refused(client: Any, ask: Any, day: dict[str, int]) -> None:
    answer = client(PRICES, ask.prices(pricingDate=day))
    assert answer.error == ("INVALID_ARGUMENT", "INVALID_FIELD", {"pricing_date": "INVALID_FIELD"})


def test_5000_lines_are_refused_by_their_number(client: Any, shared: Any, ask: Any) -> None:
    lines = [ask.line(f"{n}", quantity="1") for n in range(5000)]

    priced = client(PRICES, ask.prices(*lines))
    created = client(CREATE, ask.create("BAD-5000", *lines))

    assert priced.error == ("INVALID_ARGUMENT", "INVALID_FIELD", {"lines": "INVALID_FIELD"})
    if client.transport == "grpc":
        assert created.error == ("INVALID_ARGUMENT", "INVALID_FIELD", {"order.lines": "INVALID_FIELD"})
    else:
        assert (created.http_status, created.reason) == (413, "BODY_TOO_LARGE")
        assert created.error_metadata == {"limit_bytes": str(256 * 1024)}
    assert_nothing_of(shared, "BAD-5000")


@pytest.mark.parametrize("token", ["x", "not+base64/at==all", "A" * 40, "ä"])
@pytest.mark.parametrize("method", [LIST, "InvoiceService.ListInvoices"])
def test_a_malformed_page_token_is_refused(client: Any, method: str, token: str) -> None:
    answer = client(method, {"parent": PARENT, "pageToken": token})
    assert answer.error == ("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN", {"page_token": "INVALID_PAGE_TOKEN"})


def test_a_page_token_of_another_request_is_refused(client: Any, ask: Any) -> None:
    for number in range(2):
        assert client(CREATE, ask.create(f"PAGE-{client.transport}-{number}")).status == "OK"
    token = client(LIST, {"parent": PARENT, "pageSize": 1}).json["nextPageToken"]

    other = {"parent": PARENT, "pageSize": 1, "customer": f"{PARENT}/customers/BERGS", "pageToken": token}
    assert client(LIST, other).reason == "INVALID_PAGE_TOKEN"


def test_a_body_that_is_cut_off_is_refused(shared: Any, ask: Any) -> None:
    request = ask.create("BAD-CUT", ask.line("1"), ask.line("2"))
    whole = ParseDict(request, CreateOrderRequest()).SerializeToString()
    text = shared.rest.http.build_request("POST", "/", json=request["order"]).content

    cut = shared.grpc.send(CREATE, whole[: len(whole) // 2])
    over_http = shared.rest.http.post(
        f"/v1/{PARENT}/orders?requestId=cut",
        content=text[: len(text) // 2],
        headers={"content-type": "application/json"},
    )

    assert cut.error == ("INVALID_ARGUMENT", "MALFORMED_BODY", {})
    assert shared.rest.read(over_http).error == ("INVALID_ARGUMENT", "MALFORMED_BODY", {})
    assert_nothing_of(shared, "BAD-CUT")


def test_a_message_that_is_cut_between_two_fields_lacks_what_it_lacks(shared: Any, ask: Any) -> None:
    message = ParseDict(ask.prices(), CalculatePricesRequest())
    message.ClearField("lines")
    answer = shared.grpc.send(PRICES, message.SerializeToString())
    assert answer.error == ("INVALID_ARGUMENT", "INVALID_FIELD", {"lines": "INVALID_FIELD"})


@pytest.mark.parametrize("method", [PRICES, AVAILABILITY, SIMULATE, CREATE])
def test_a_customer_that_no_table_has_is_refused_before_any_erp_is_asked(
    start: Any, transport: str, ask: Any, method: str
) -> None:
    facade = start()
    facade.memory("legacy").faults.down = True
    stranger = type(ask)(customer="NOBODY")
    requests = {
        PRICES: stranger.prices(),
        AVAILABILITY: stranger.availability(),
        SIMULATE: stranger.simulate("BAD-CUST"),
        CREATE: stranger.create("BAD-CUST"),
    }

    answer = facade.client(transport)(method, requests[method])

    field = "order.customer" if method in (SIMULATE, CREATE) else "customer"
    assert answer.error == ("NOT_FOUND", "UNKNOWN_CUSTOMER", {field: "UNKNOWN_CUSTOMER"})
    assert_nothing_of(facade, "BAD-CUST")


@pytest.mark.parametrize(
    ("customer", "product", "reason"),
    [("ALFKI", "4711", "UNKNOWN_PRODUCT"), ("ONLYTAB", "11", "UNKNOWN_CUSTOMER")],
    ids=["an unknown product", "an unknown customer"],
)
def test_what_only_the_erp_does_not_know_is_not_found_or_ends_as_a_rejected_order(
    client: Any, shared: Any, ask: Any, customer: str, product: str, reason: str
) -> None:
    asking = type(ask)(customer=customer)
    line = asking.line(product=product)
    number = f"ERP-{reason[:12]}-{client.transport}"

    for method, request in (
        (PRICES, asking.prices(line)),
        (AVAILABILITY, asking.availability(line)),
        (SIMULATE, asking.simulate(number, line)),
    ):
        assert client(method, request).error == ("NOT_FOUND", reason, {}), method
    order = client(CREATE, asking.create(number, line))

    assert (order.status, order.json["submissionState"]) == ("OK", "REJECTED")
    assert order.json["refusal"]["reason"] == reason
    assert [p["refusal"]["reason"] for p in order.json["parts"]] == [reason]
    assert shared.booked(number) == []
    again = client(CREATE, asking.create(number, line)).json
    assert (again["replayed"], again["submissionState"], again["refusal"]) == (True, "REJECTED", order.json["refusal"])


@pytest.mark.parametrize(
    ("customer", "product", "status", "reason"),
    [
        ("HOLDS", "11", "FAILED_PRECONDITION", "CREDIT"),
        ("ALFKI", "90", "INVALID_ARGUMENT", "REFUSED"),
    ],
)
def test_a_business_refusal_is_the_same_for_a_simulation_and_an_order(
    client: Any, shared: Any, ask: Any, customer: str, product: str, status: str, reason: str
) -> None:
    asking = type(ask)(customer=customer)
    number = f"REFUSED-{reason}-{client.transport}"[:25]

    simulated = client(SIMULATE, asking.simulate(number, asking.line(product=product)))
    order = client(CREATE, asking.create(number, asking.line(product=product))).json

    assert simulated.error == (status, reason, {})
    assert (order["submissionState"], order["refusal"]["reason"]) == ("REJECTED", reason)
    assert order["refusal"]["message"] == simulated.message
    assert shared.booked(number) == []


def test_a_refused_request_does_not_use_its_key_up(client: Any, ask: Any) -> None:
    key = f"spoiled-first-{client.transport}"
    spoiled = client(CREATE, ask.create(f"KEY-{client.transport}", ask.line(plant="MARS"), request_id=key))
    good = client(CREATE, ask.create(f"KEY-{client.transport}", request_id=key))

    assert spoiled.reason == "UNKNOWN_PLANT"
    assert (good.status, good.json["replayed"]) == ("OK", False)


def test_an_unknown_business_unit_is_named_on_every_method(client: Any, ask: Any) -> None:
    foreign = type(ask)(unit="ZZ")
    asked = {
        PRICES: (foreign.prices(), "parent"),
        AVAILABILITY: (foreign.availability(), "parent"),
        SIMULATE: (foreign.simulate("Z"), "parent"),
        CREATE: (foreign.create("Z"), "parent"),
        LIST: ({"parent": "businessUnits/ZZ"}, "parent"),
        "OrderService.GetOrder": ({"name": "businessUnits/ZZ/orders/1"}, "name"),
        "OrderService.CancelOrder": ({"name": "businessUnits/ZZ/orders/1", "requestId": "c", "reason": "r"}, "name"),
        "InvoiceService.GetInvoice": ({"name": "businessUnits/ZZ/invoices/legacy~1"}, "name"),
        "InvoiceService.ListInvoices": ({"parent": "businessUnits/ZZ"}, "parent"),
    }
    for method, (request, field) in asked.items():
        answer = client(method, request)
        expected = ("INVALID_ARGUMENT", "UNKNOWN_BUSINESS_UNIT", {field: "UNKNOWN_BUSINESS_UNIT"})
        assert answer.error == expected, method
