"""The S/4HANA adapter against a server that says what a test has it say, over real sockets."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from google.type.date_pb2 import Date

from cloud_erp.s4hana import plugin
from erp.v1.availability_pb2 import CheckAvailabilityRequest
from erp.v1.common_pb2 import FULL
from erp.v1.orders_pb2 import Order
from erp.v1.pricing_pb2 import CalculatePricesRequest
from erp_ports.amounts import money_amount, quantity
from erp_ports.call import Call
from erp_ports.errors import ErpError, Misconfigured, NotFound, OutcomeUnknown, Rejected, Unavailable
from erp_ports.plugin import Credential, Surroundings
from erp_ports.ports import FullAdapter
from erp_ports.values import Booked, FindState, InvoiceQuery, OrderSubmission
from erp_ports.xref import CrossReference, Table, ZeroPad

ROOT = "/sap/opu/odata/sap"
SIMULATION = f"{ROOT}/API_SALES_ORDER_SIMULATION_SRV/A_SalesOrderSimulation"
ORDERS = f"{ROOT}/API_SALES_ORDER_SRV/A_SalesOrder"
ORDER = f"{ORDERS}('12')"
UNITS = f"{ROOT}/API_PRODUCT_SRV/A_ProductUnitsOfMeasure"
SERIES = f"{ROOT}/API_PRODUCT_AVAILY_INFO_BASIC/CalculateAvailabilityTimeseries"
INVOICES = f"{ROOT}/API_BILLING_DOCUMENT_SRV/A_BillingDocument"
OPEN_ITEMS = f"{ROOT}/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube"
SUNDAY = Date(year=2026, month=11, day=22)
SUNDAY_TICKS = "/Date(1795305600000)/"
MONDAY = Date(year=2026, month=11, day=23)
MONDAY_TICKS = "/Date(1795392000000)/"

Answer = web.StreamResponse
Handler = Callable[[web.Request], Any]


def item_address(number: str) -> str:
    return f"{ROOT}/API_SALES_ORDER_SRV/A_SalesOrderItem(SalesOrder='12',SalesOrderItem='{number}')"


def answered(body: Any, status: int = 200, **headers: str) -> Answer:
    return web.json_response({"d": body}, status=status, headers=headers)


def refused(status: int, code: str = "X/1", words: str = "It is refused", **headers: str) -> Answer:
    error = {"code": code, "message": {"lang": "en", "value": words}}
    return web.json_response({"error": error}, status=status, headers=headers)


def hang_up(request: web.Request) -> Answer:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@dataclass
class Erp:
    """A server with scripted answers: per method and path a list of them, the last one again and again."""

    url: str = ""
    script: dict[tuple[str, str], list[Handler | Any]] = field(default_factory=dict)
    requests: list[tuple[web.Request, bytes]] = field(default_factory=list)
    tokens: int = 0
    gives_tokens: bool = True
    cookie_attributes: str = "path=/; HttpOnly"

    def says(self, method: str, path: str, *answers: Any) -> None:
        """Script the answers to a request: bodies of `d`, or functions of the request."""
        self.script[method, path] = list(answers)

    def asked(self, method: str, path: str = "") -> list[tuple[web.Request, bytes]]:
        return [(r, b) for r, b in self.requests if r.method == method and (not path or r.path == path)]

    async def handle(self, request: web.Request) -> Answer:
        self.requests.append((request, await request.read()))
        if request.headers.get("x-csrf-token", "").lower() == "fetch":
            if not self.gives_tokens:
                return hang_up(request)
            self.tokens += 1
            cookie = f"SAP_SESSIONID=session-{self.tokens}; {self.cookie_attributes}"
            return answered({}, **{"x-csrf-token": f"token-{self.tokens}", "Set-Cookie": cookie})
        given = request.headers.get("x-csrf-token"), request.cookies.get("SAP_SESSIONID")
        expected = f"token-{self.tokens}", f"session-{self.tokens}"
        if request.method != "GET" and given != expected:
            return web.Response(status=403, headers={"x-csrf-token": "Required"}, text="CSRF token validation failed")
        answers = self.script.get((request.method, request.path))
        if answers is None:
            return refused(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for {request.path}")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer(request)
            if asyncio.iscoroutine(answer):
                answer = await answer
        return answer if isinstance(answer, web.StreamResponse) else answered(answer)


@pytest.fixture
async def erp() -> AsyncIterator[Erp]:
    server = Erp()
    runner = web.ServerRunner(web.Server(server.handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


def build(url: str, credential: Credential = Credential.LIVE, **more: Any) -> FullAdapter:
    config = plugin.config.model_validate(
        {
            "base_url": url,
            "users": {
                "live": {"user": "FACADE", "password": "pässword"},
                "shadow": {"user": "SHADOW", "password": "x"},
            },
            "business_units": {
                "NW": {"sales_organisation": "1010", "distribution_channel": "10", "division": "00", "order_type": "OR"}
            },
            "rejection_reason": "61",
            "base_units": ["EA"],
            **more,
        }
    )
    xref = CrossReference(
        backend="s4",
        rules={
            "customer": Table({"ALFKI": "0010100001"}),
            "product": ZeroPad(18),
            "unit": Table({"EA": "EA", "DZN": "DZ"}),
        },
    )
    return plugin.build(
        config,
        Surroundings(
            backend="s4",
            credential=credential,
            xref=xref,
            plant_zones={"1010": ZoneInfo("Europe/Berlin")},
            business_unit_zones={},
        ),
    )


@pytest.fixture
async def adapter(erp: Erp) -> AsyncIterator[FullAdapter]:
    built = build(erp.url)
    yield built
    await built.close()


def call() -> Call:
    return Call.within(10, correlation_id="corr 1", traceparent="00-aa-bb-01")


def price_question(unit: str = "EA") -> CalculatePricesRequest:
    question = CalculatePricesRequest(
        parent="businessUnits/NW",
        customer="businessUnits/NW/customers/ALFKI",
        currency_code="USD",
        pricing_date=SUNDAY,
    )
    question.lines.add(
        line_id="A", product="businessUnits/NW/products/11", plant="1010", quantity=quantity(Decimal(2), unit)
    )
    return question


def priced_answer() -> dict[str, Any]:
    return {"to_Item": {"results": [{"SalesOrderItem": "000010", "NetAmount": "28.000"}]}}


def submission(*dates: Date, attempt: int = 1, lines: int = 1) -> OrderSubmission:
    order = Order(
        customer="businessUnits/NW/customers/ALFKI",
        currency_code="USD",
        purchase_order_number="PO 1",
        pricing_date=SUNDAY,
        requested_date=SUNDAY,
    )
    for position, date in enumerate(dates or [SUNDAY] * lines, start=1):
        order.lines.add(
            line_id=f"L{position}",
            product="businessUnits/NW/products/11",
            plant="1010",
            quantity=quantity(Decimal(2), "EA"),
            requested_date=date,
        )
    return OrderSubmission(
        business_unit="NW",
        order=order,
        reference="ABCDEFGH",
        attempt=attempt,
        first_attempt_time=dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC),
    )


def document(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "SalesOrder": "12",
        "SalesOrganization": "1010",
        "SoldToParty": "10100001",
        "PurchaseOrderByCustomer": "PO 1",
        "AssignmentReference": "ABCDEFGH",
        "TransactionCurrency": "USD",
        "TotalNetAmount": "28.000",
        "OverallTotalDeliveryStatus": "A",
        "OverallOrdReltdBillgStatus": "A",
        "to_Item": {"results": list(items or [order_item()])},
        **fields,
    }


def order_item(number: str = "10", **fields: Any) -> dict[str, Any]:
    return {
        "__metadata": {"etag": f'W/"{number}"'},
        "SalesOrderItem": number,
        "UnderlyingPurchaseOrderItem": f"L{int(number) // 10}",
        "Material": "11",
        "ProductionPlant": "1010",
        "RequestedQuantity": "2.000",
        "RequestedQuantityUnit": "EA",
        "NetAmount": "28.000",
        **fields,
    }


def line_ids(booked: Booked) -> list[str]:
    return [line.line_id for line in booked.order.lines]


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == "cloud_erp.s4hana"]


# --- what every request carries


async def test_a_question_carries_identity_language_and_correlation(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("POST", SIMULATION, priced_answer())
    await adapter.calculate_prices(price_question(), call())
    request, body = erp.asked("POST")[0]
    assert request.headers.getall("authorization") == ["Basic RkFDQURFOnDDpHNzd29yZA=="]
    assert request.headers["x-correlation-id"] == "corr 1"
    assert request.headers["traceparent"] == "00-aa-bb-01"
    assert request.headers["accept-language"] == "en"
    assert request.headers["accept"] == "application/json"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["cookie"] == "SAP_SESSIONID=session-1"
    assert json.loads(body)["to_Item"][0]["Material"] == "000000000000000011"


async def test_blanks_and_quotes_in_a_query_arrive_percent_encoded(erp: Erp) -> None:
    adapter = build(erp.url, reference={"field": "AssignmentReference"})
    erp.says("GET", ORDERS, {"results": []})
    await adapter.find_order("NW", "A'B C+D", call())
    await adapter.close()
    request, _ = erp.asked("GET", ORDERS)[0]
    assert "+" not in request.raw_path
    assert request.query["$filter"] == "AssignmentReference eq 'A''B C+D'"


async def test_a_prefix_before_the_services_is_kept(erp: Erp) -> None:
    adapter = build(f"{erp.url}/s4/")
    erp.says("GET", f"/s4{ORDER}", document())
    assert (await adapter.get_order("NW", "12", call())).parts[0].document_number == "12"
    await adapter.close()


# --- the CSRF token and its session


async def test_the_token_is_fetched_once_for_many_calls(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("POST", SIMULATION, priced_answer())
    await asyncio.gather(*(adapter.calculate_prices(price_question(), call()) for _ in range(5)))
    assert erp.tokens == 1


async def test_a_session_that_has_ended_is_renewed_and_the_write_sent_once_more(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("POST", SIMULATION, priced_answer())
    await adapter.calculate_prices(price_question(), call())
    erp.tokens += 1  # the server forgot the session
    erp.says("POST", ORDERS, lambda _: answered(document(), 201))
    erp.says("GET", ORDER, document())
    await adapter.create_order(submission(), call())
    assert len(erp.asked("POST", ORDERS)) == 2
    assert erp.tokens == 3


async def test_a_token_that_is_never_accepted_is_a_misconfiguration(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("POST", ORDERS, lambda _: web.Response(status=403, headers={"x-csrf-token": "Required"}))
    with pytest.raises(Misconfigured):
        await adapter.create_order(submission(), call())
    assert len(erp.asked("POST", ORDERS)) == 2


async def test_a_token_is_sent_with_its_own_cookie_whatever_other_replies_set(erp: Erp, adapter: FullAdapter) -> None:
    def other_session(_: web.Request) -> Answer:
        return answered(priced_answer(), **{"Set-Cookie": "SAP_SESSIONID=of-another-server; path=/"})

    erp.says("POST", SIMULATION, other_session)
    await asyncio.gather(*(adapter.calculate_prices(price_question(), call()) for _ in range(4)))
    await adapter.calculate_prices(price_question(), call())
    assert erp.tokens == 1
    assert len(erp.asked("POST")) == 5


async def test_a_secure_cookie_is_sent_where_http_is_configured(erp: Erp, adapter: FullAdapter) -> None:
    erp.cookie_attributes = "path=/; secure; HttpOnly"
    erp.says("POST", SIMULATION, priced_answer())
    await adapter.calculate_prices(price_question(), call())
    assert len(erp.asked("POST")) == 1


async def test_a_stale_token_is_known_by_the_words_of_the_refusal_too(erp: Erp, adapter: FullAdapter) -> None:
    erp.says(
        "POST",
        SIMULATION,
        lambda _: web.Response(status=403, text="CSRF token validation failed"),
        priced_answer(),
    )
    await adapter.calculate_prices(price_question(), call())
    assert erp.tokens == 2


async def test_a_missing_permission_is_not_taken_for_a_stale_token(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("POST", ORDERS, lambda _: refused(403, "V1/031", "You are not authorised"))
    with pytest.raises(Misconfigured, match="You are not authorised"):
        await adapter.create_order(submission(), call())
    assert len(erp.asked("POST", ORDERS)) == 1


async def test_while_the_token_cannot_be_had_nothing_is_executed(erp: Erp, adapter: FullAdapter) -> None:
    erp.gives_tokens = False
    with pytest.raises(Unavailable):
        await adapter.create_order(submission(), call())
    assert erp.asked("POST") == []


# --- booking


async def test_an_order_is_booked_in_one_request_and_read_back(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("POST", ORDERS, lambda _: answered({"SalesOrder": "12"}, 201))
    erp.says("GET", ORDER, document())
    booked = await adapter.create_order(submission(), call())
    assert isinstance(booked, Booked)
    assert (booked.document_number, booked.existing, line_ids(booked)) == ("12", False, ["L1"])
    assert len(erp.asked("POST", ORDERS)) == 1
    assert erp.asked("GET", ORDER)[0][0].query["$expand"] == "to_Item,to_Item/to_ScheduleLine"


async def test_items_that_the_erp_dropped_are_missing_in_what_was_booked(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("POST", ORDERS, lambda _: answered(document(order_item("10"), order_item("20")), 201))
    erp.says("GET", ORDER, document(order_item("10")))
    booked = await adapter.create_order(submission(lines=2), call())
    assert isinstance(booked, Booked)
    assert line_ids(booked) == ["L1"]


async def test_a_complete_answer_stands_in_for_a_document_that_cannot_be_read_back(
    erp: Erp, adapter: FullAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    erp.says("POST", ORDERS, lambda _: answered(document(), 201))
    erp.says("GET", ORDER, lambda _: refused(500))
    booked = await adapter.create_order(submission(), call())
    assert isinstance(booked, Booked)
    assert line_ids(booked) == ["L1"]
    assert "s4.read_back_failed" in events(caplog)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"d": {}}', b'{"d": {"SalesOrder": "12"}}', b"null"])
async def test_a_success_that_cannot_be_read_is_an_unknown_outcome(erp: Erp, adapter: FullAdapter, body: bytes) -> None:
    erp.says("POST", ORDERS, lambda _: web.Response(status=201, body=body))
    erp.says("GET", ORDER, lambda _: refused(404))
    with pytest.raises(OutcomeUnknown):
        await adapter.create_order(submission(), call())


@pytest.mark.parametrize("stated", ["1E+40", "100000000000000000000"])
async def test_an_amount_that_no_message_has_room_for_is_an_unknown_outcome(
    erp: Erp, adapter: FullAdapter, stated: str
) -> None:
    erp.says("POST", ORDERS, lambda _: answered(document(TotalNetAmount=stated), 201))
    with pytest.raises(OutcomeUnknown):
        await adapter.create_order(submission(), call())


async def test_a_number_that_no_address_has_room_for_is_an_unknown_outcome(erp: Erp, adapter: FullAdapter) -> None:
    body = json.dumps({"d": document(SalesOrder="12\ud800")}).encode()
    erp.says("POST", ORDERS, lambda _: web.Response(status=201, body=body))
    with pytest.raises(OutcomeUnknown):
        await adapter.create_order(submission(), call())


async def test_a_connection_cut_after_the_request_is_an_unknown_outcome_and_not_sent_again(
    erp: Erp, adapter: FullAdapter
) -> None:
    erp.says("POST", ORDERS, hang_up)
    with pytest.raises(OutcomeUnknown):
        await adapter.create_order(submission(), call())
    assert len(erp.asked("POST", ORDERS)) == 1


async def test_a_refused_connection_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        adapter = build(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Unavailable):
            await adapter.create_order(submission(), call())
        await adapter.close()


async def test_a_host_without_an_address_is_unavailable() -> None:
    adapter = build("http://no-such-host.invalid")
    with pytest.raises(Unavailable):
        await adapter.create_order(submission(), call())
    await adapter.close()


async def test_a_server_without_tls_is_unavailable(erp: Erp) -> None:
    adapter = build(erp.url.replace("http:", "https:"))
    with pytest.raises(Unavailable):
        await adapter.create_order(submission(), call())
    await adapter.close()


async def test_without_time_left_nothing_is_sent(erp: Erp, adapter: FullAdapter) -> None:
    with pytest.raises(Unavailable):
        await adapter.create_order(submission(), Call.within(0))
    assert erp.requests == []


async def test_after_closing_nothing_is_sent(erp: Erp, adapter: FullAdapter) -> None:
    await adapter.close()
    with pytest.raises(Unavailable):
        await adapter.create_order(submission(), call())
    assert erp.requests == []


async def test_a_caller_who_leaves_is_told_only_when_the_write_has_ended(erp: Erp, adapter: FullAdapter) -> None:
    sent, answer = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> Answer:
        sent.set()
        await answer.wait()
        return answered(document(), 201)

    erp.says("POST", ORDERS, slow)
    erp.says("GET", ORDER, document())
    writing = asyncio.create_task(adapter.create_order(submission(), call()))  # type: ignore[arg-type]
    await sent.wait()
    for _ in range(2):  # however often
        writing.cancel()
        await asyncio.sleep(0.01)
        assert not writing.done()
    answer.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert len(erp.asked("GET", ORDER)) == 1


async def test_every_attempt_carries_the_same_request_id(erp: Erp) -> None:
    adapter = build(erp.url, repeatability={"enabled": True, "retention_hours": 48})
    erp.says("POST", ORDERS, lambda _: answered(document(), 201))
    erp.says("GET", ORDER, document())
    erp.says("GET", ORDERS, {"results": []})
    for attempt in (1, 2):
        await adapter.create_order(submission(attempt=attempt), call())
    await adapter.close()
    names = "RequestID", "RepeatabilityCreation"
    first, second = ([r.headers[name] for name in names] for r, _ in erp.asked("POST", ORDERS))
    assert first == second


async def test_a_later_attempt_finds_what_an_earlier_one_booked(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", ORDERS, {"results": [document()]})
    booked = await adapter.create_order(submission(attempt=2), call())
    assert isinstance(booked, Booked)
    assert (booked.document_number, booked.existing) == ("12", True)
    assert erp.asked("POST") == []


async def test_a_later_attempt_sends_nothing_while_the_look_up_fails(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", ORDERS, lambda _: refused(500))
    with pytest.raises(Unavailable):
        await adapter.create_order(submission(attempt=2), call())
    assert erp.asked("POST") == []


@pytest.mark.parametrize("code", ["V1/302", "X/1"])
async def test_a_refused_look_up_refuses_no_order(erp: Erp, adapter: FullAdapter, code: str) -> None:
    erp.says("GET", ORDERS, lambda _: refused(400, code, "The filter is not supported"))
    with pytest.raises(Unavailable):
        await adapter.create_order(submission(attempt=2), call())
    assert erp.asked("POST") == []


async def test_a_later_attempt_looks_before_it_refuses_what_cannot_be_mapped(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", ORDERS, {"results": [document()]})
    again = submission(attempt=2)
    again.order.customer = "businessUnits/NW/customers/NO-LONGER-MAPPED"
    assert (await adapter.create_order(again, call())).existing


async def test_two_bookings_of_one_reference_are_not_taken_for_one(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", ORDERS, {"results": [document(), document(SalesOrder="13")]})
    with pytest.raises(OutcomeUnknown, match="more than one order"):
        await adapter.create_order(submission(attempt=2), call())
    assert erp.asked("POST") == []


async def test_a_system_without_repeatable_requests_is_told_to_operations(
    erp: Erp, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = build(erp.url, repeatability={"enabled": True, "retention_hours": 48})
    erp.says("POST", ORDERS, lambda _: answered(document(), 201, RepeatabilityResult="unsupported"))
    erp.says("GET", ORDER, document())
    await adapter.create_order(submission(), call())
    await adapter.close()
    assert "s4.repeatability_unsupported" in events(caplog)


async def test_what_the_erp_warns_of_is_logged(
    erp: Erp, adapter: FullAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    warning = json.dumps({"code": "V1/555", "message": "The order is incomplete", "severity": "warning"})
    erp.says("POST", ORDERS, lambda _: answered(document(), 201, **{"sap-message": warning}))
    erp.says("GET", ORDER, document())
    with caplog.at_level(logging.WARNING):
        await adapter.create_order(submission(), call())
    notice = next(record for record in caplog.records if record.message == "s4.notice")
    assert (notice.__dict__["code"], notice.__dict__["correlation_id"]) == ("V1/555", "corr 1")


async def test_lines_with_dates_of_their_own_get_them_after_the_booking(erp: Erp, adapter: FullAdapter) -> None:
    address = (
        f"{ROOT}/API_SALES_ORDER_SRV/A_SalesOrderScheduleLine(SalesOrder='12',SalesOrderItem='20',ScheduleLine='1')"
    )
    schedule = {"__metadata": {"etag": 'W/"s"'}, "ScheduleLine": "1", "RequestedDeliveryDate": SUNDAY_TICKS}
    booked = document(order_item("10"), order_item("20", to_ScheduleLine={"results": [schedule]}))
    erp.says("POST", ORDERS, lambda _: answered(booked, 201))
    erp.says("GET", ORDER, booked)
    erp.says("GET", address, schedule)
    erp.says("PATCH", address, lambda _: web.Response(status=204))
    await adapter.create_order(submission(SUNDAY, MONDAY), call())
    [(request, body)] = erp.asked("PATCH")
    assert json.loads(body) == {"RequestedDeliveryDate": MONDAY_TICKS}
    assert request.headers["if-match"] == 'W/"s"'


async def test_an_order_stays_booked_although_a_date_could_not_be_set(
    erp: Erp, adapter: FullAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    booked = document(order_item("10"), order_item("20"))
    erp.says("POST", ORDERS, lambda _: answered(booked, 201))
    erp.says("GET", ORDER, booked)
    answer = await adapter.create_order(submission(SUNDAY, MONDAY), call())
    assert isinstance(answer, Booked)
    assert line_ids(answer) == ["L1", "L2"]
    assert "s4.requested_date_not_set" in events(caplog)


async def test_the_shadow_adapter_does_not_even_try_to_write(erp: Erp) -> None:
    adapter = build(erp.url, Credential.SHADOW)
    with pytest.raises(Misconfigured):
        await adapter.create_order(submission(), call())
    with pytest.raises(Misconfigured):
        await adapter.cancel_order("NW", "12", "REF", "-", call())
    await adapter.close()
    assert erp.requests == []


# --- looking up


async def test_pages_are_followed_on_the_configured_host_alone(erp: Erp, adapter: FullAdapter) -> None:
    inside = f"https://inside.example{ORDERS}?$filter=x&$skiptoken=1"
    erp.says(
        "GET",
        ORDERS,
        {"results": [document(SalesOrder="12")], "__next": inside},
        {"results": [document(SalesOrder="13")], "__next": "A_SalesOrder?$skiptoken=2"},
        {"results": [document(SalesOrder="14")]},
    )
    found = await adapter.find_order("NW", "ABCDEFGH", call())
    assert (found.state, [b.document_number for b in found.bookings]) == (FindState.BOOKED, ["12", "13", "14"])
    assert [r.query.get("$skiptoken") for r, _ in erp.asked("GET", ORDERS)] == [None, "1", "2"]


async def test_pages_that_lead_round_in_a_circle_end(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", ORDERS, {"results": [], "__next": f"{ORDERS}?$skiptoken=1"})
    with pytest.raises(OutcomeUnknown):
        await adapter.find_order("NW", "ABCDEFGH", call())


@pytest.mark.parametrize("link", ["http://[", "A_SalesOrder?$skiptoken=" + "x" * 70_000])
async def test_a_page_that_no_address_leads_to_is_an_unknown_outcome(erp: Erp, adapter: FullAdapter, link: str) -> None:
    erp.says("GET", ORDERS, {"results": [], "__next": link})
    with pytest.raises(OutcomeUnknown):
        await adapter.find_order("NW", "ABCDEFGH", call())


async def test_orders_that_a_server_returns_past_the_filter_are_not_ours(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", ORDERS, {"results": [document(AssignmentReference="OTHER")]})
    found = await adapter.find_order("NW", "ABCDEFGH", call())
    assert (found.state, found.bookings) == (FindState.NOT_FOUND, ())


@pytest.mark.parametrize("answer", [lambda _: refused(404), lambda _: refused(500), lambda _: web.Response(body=b"{}")])
async def test_a_look_up_that_fails_never_says_not_found(erp: Erp, adapter: FullAdapter, answer: Handler) -> None:
    erp.says("GET", ORDERS, answer)
    with pytest.raises((OutcomeUnknown, Misconfigured)):
        await adapter.find_order("NW", "ABCDEFGH", call())


async def test_a_rejected_order_counts_as_existing(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", ORDERS, {"results": [document(OverallSDDocumentRejectionSts="C")]})
    found = await adapter.find_order("NW", "ABCDEFGH", call())
    assert found.state is FindState.BOOKED
    assert found.bookings[0].order.parts[0].submission_state == Order.CANCELLED


async def test_items_that_the_server_left_for_another_page_are_read(erp: Erp, adapter: FullAdapter) -> None:
    items = {"results": [order_item("10")], "__next": f"{erp.url}{ORDER}/to_Item?$skiptoken=1"}
    erp.says("GET", ORDER, document(to_Item=items))
    erp.says("GET", f"{ORDER}/to_Item", {"results": [order_item("20")]})
    order = await adapter.get_order("NW", "12", call())
    assert [line.line_id for line in order.lines] == ["L1", "L2"]


async def test_schedule_lines_that_the_server_left_for_another_page_are_read(erp: Erp, adapter: FullAdapter) -> None:
    def line(ticks: str) -> dict[str, str]:
        return {"ConfdOrderQtyByMatlAvailCheck": "1.000", "ConfirmedDeliveryDate": ticks}

    rest = item_address("10") + "/to_ScheduleLine"
    first = {"results": [line(SUNDAY_TICKS)], "__next": f"{rest}?$skiptoken=1"}
    erp.says("GET", ORDER, document(order_item(to_ScheduleLine=first)))
    erp.says("GET", rest, {"results": [line(MONDAY_TICKS)]})
    order = await adapter.get_order("NW", "12", call())
    assert [confirmed.ship_date for confirmed in order.lines[0].confirmations] == [SUNDAY, MONDAY]


async def test_an_order_of_another_sales_organisation_is_not_found(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", ORDER, document(SalesOrganization="2020"))
    with pytest.raises(NotFound):
        await adapter.get_order("NW", "12", call())


# --- cancelling


def cancellable(erp: Erp, *numbers: str) -> None:
    """Script an order whose items can be rejected one by one."""
    rejected: set[str] = set()

    def item(number: str) -> dict[str, Any]:
        return order_item(number, SalesDocumentRjcnReason="61" if number in rejected else "")

    def reject(number: str) -> Handler:
        def answer(_: web.Request) -> Answer:
            rejected.add(number)
            return web.Response(status=204)

        return answer

    erp.says("GET", ORDER, lambda _: answered(document(*map(item, numbers))))
    for number in numbers:
        erp.says("GET", item_address(number), lambda _, number=number: answered(item(number)))
        erp.says("PATCH", item_address(number), reject(number))


async def test_cancelling_rejects_every_item_under_its_etag(erp: Erp, adapter: FullAdapter) -> None:
    cancellable(erp, "10", "20")
    cancelled = await adapter.cancel_order("NW", "12", "REF", "by mistake", call())
    assert cancelled.order.parts[0].submission_state == Order.CANCELLED
    sent = [(r.headers["if-match"], json.loads(body)) for r, body in erp.asked("PATCH")]
    assert sent == [('W/"10"', {"SalesDocumentRjcnReason": "61"}), ('W/"20"', {"SalesDocumentRjcnReason": "61"})]


async def test_an_etag_that_only_the_header_states_is_sent(erp: Erp, adapter: FullAdapter) -> None:
    cancellable(erp, "10")
    bare = {name: value for name, value in order_item("10").items() if name != "__metadata"}
    erp.says("GET", item_address("10"), lambda _: answered(bare, ETag='W/"of the header"'))
    await adapter.cancel_order("NW", "12", "REF", "by mistake", call())
    assert [r.headers["if-match"] for r, _ in erp.asked("PATCH")] == ['W/"of the header"']


async def test_a_document_that_somebody_changes_meanwhile_is_read_again(erp: Erp, adapter: FullAdapter) -> None:
    cancellable(erp, "10")
    done = erp.script["PATCH", item_address("10")]
    erp.says("PATCH", item_address("10"), lambda _: refused(412), lambda _: refused(400, "V1/042"), *done)
    await adapter.cancel_order("NW", "12", "REF", "by mistake", call())
    assert len(erp.asked("PATCH")) == 3
    assert len(erp.asked("GET", item_address("10"))) == 3


async def test_a_cancelled_document_is_not_written_again(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", ORDER, document(order_item(SalesDocumentRjcnReason="61"), OverallTotalDeliveryStatus="C"))
    cancelled = await adapter.cancel_order("NW", "12", "REF", "by mistake", call())
    assert cancelled.order.parts[0].submission_state == Order.CANCELLED
    assert erp.asked("PATCH") == []


@pytest.mark.parametrize(
    "shipped", [{"OverallTotalDeliveryStatus": "B"}, {"to_Item": {"results": [order_item(DeliveryStatus="C")]}}]
)
async def test_what_is_on_its_way_cannot_be_cancelled(erp: Erp, adapter: FullAdapter, shipped: dict[str, Any]) -> None:
    erp.says("GET", ORDER, document(**shipped))
    with pytest.raises(Rejected, match="order 12 can no longer be cancelled"):
        await adapter.cancel_order("NW", "12", "REF", "by mistake", call())
    assert erp.asked("PATCH") == []


@pytest.mark.parametrize(("first", "expected"), [(True, Rejected), (False, OutcomeUnknown)])
async def test_a_refusal_half_way_is_an_unknown_outcome(
    erp: Erp, adapter: FullAdapter, first: bool, expected: type[ErpError]
) -> None:
    cancellable(erp, "10", "20")
    erp.says("PATCH", item_address("10" if first else "20"), lambda _: refused(400, "V1/849", "Already delivered"))
    with pytest.raises(expected, match="Already delivered"):
        await adapter.cancel_order("NW", "12", "REF", "by mistake", call())


@pytest.mark.parametrize("status", [401, 404, 429])
async def test_whatever_stops_a_cancellation_half_way_leaves_it_unknown(
    erp: Erp, adapter: FullAdapter, status: int
) -> None:
    cancellable(erp, "10", "20")
    erp.says("PATCH", item_address("20"), lambda _: web.Response(status=status))
    with pytest.raises(OutcomeUnknown, match="cancelled in part"):
        await adapter.cancel_order("NW", "12", "REF", "by mistake", call())


async def test_an_unknown_order_cannot_be_cancelled(adapter: FullAdapter) -> None:
    with pytest.raises(NotFound):
        await adapter.cancel_order("NW", "99", "REF", "by mistake", call())


# --- prices, availability, invoices


def unit_rows(*units: tuple[str, str]) -> dict[str, Any]:
    rows = [
        {"AlternativeUnit": unit, "QuantityNumerator": factor, "QuantityDenominator": "1", "BaseUnit": "EA"}
        for unit, factor in units
    ]
    return {"results": rows}


async def test_factors_are_asked_for_only_where_the_unit_is_no_base_unit(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("POST", SIMULATION, priced_answer())
    erp.says("GET", UNITS, unit_rows(("EA", "1"), ("DZ", "12")))
    plain = await adapter.calculate_prices(price_question("EA"), call())
    assert not plain.lines[0].HasField("base_quantity")
    assert erp.asked("GET", UNITS) == []
    dozen = await adapter.calculate_prices(price_question("DZN"), call())
    assert dozen.lines[0].base_quantity == quantity(Decimal(24), "EA")


async def test_a_price_does_not_wait_for_factors_that_cannot_be_read(
    erp: Erp, adapter: FullAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    erp.says("POST", SIMULATION, priced_answer())
    erp.says("GET", UNITS, lambda _: refused(403))
    answer = await adapter.calculate_prices(price_question("DZN"), call())
    assert money_amount(answer.net_amount) == Decimal(28)
    assert "s4.unit_factors_unknown" in events(caplog)


async def test_a_refused_price_leaves_no_question_behind(erp: Erp, adapter: FullAdapter) -> None:
    started = asyncio.Event()

    async def never(_: web.Request) -> Answer:
        started.set()
        await asyncio.sleep(60)
        return web.Response()

    async def refuse(_: web.Request) -> Answer:
        await started.wait()
        return refused(400, "V1/302", "Material 11 is not defined")

    erp.says("GET", UNITS, never)
    erp.says("POST", SIMULATION, refuse)
    with pytest.raises(NotFound) as refusal:
        await adapter.calculate_prices(price_question("DZN"), call())
    assert refusal.value.kind == "product"


def availability_question(*units: str) -> CheckAvailabilityRequest:
    question = CheckAvailabilityRequest(parent="businessUnits/NW", customer="businessUnits/NW/customers/ALFKI")
    for position, unit in enumerate(units, start=1):
        question.lines.add(
            line_id=f"L{position}",
            product="businessUnits/NW/products/11",
            plant="1010",
            quantity=quantity(Decimal(2), unit),
            requested_date=SUNDAY,
        )
    return question


async def test_one_series_serves_all_lines_of_a_product_and_plant(erp: Erp, adapter: FullAdapter) -> None:
    record = {"PeriodStartUTCDateTime": SUNDAY_TICKS, "AvailableQuantityInBaseUnit": "26.000", "BaseUnit": "EA"}
    erp.says("GET", SERIES, {"results": [record]})
    erp.says("GET", UNITS, unit_rows(("EA", "1"), ("DZ", "12")))
    answer = await adapter.check_availability(availability_question("EA", "DZN"), call())
    assert [line.decision for line in answer.lines] == [FULL, FULL]
    [(request, _)] = erp.asked("GET", SERIES)
    expected = {"ATPCheckingRule": "'A'", "Material": "'000000000000000011'", "SupplyingPlant": "'1010'"}
    assert dict(request.query) == expected


def invoice(number: str = "90000001", **fields: Any) -> dict[str, Any]:
    return {
        "BillingDocument": number,
        "BillingDocumentDate": SUNDAY_TICKS,
        "SalesOrganization": "1010",
        "TotalNetAmount": "28.000",
        "TaxAmount": "0.000",
        "TotalGrossAmount": "28.000",
        "TransactionCurrency": "USD",
        "PayerParty": "10100001",
        "CompanyCode": "1010",
        "FiscalYear": "2026",
        "AccountingDocument": number,
        "InvoiceClearingStatus": "A",
        **fields,
    }


async def test_an_invoice_says_what_is_open(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", f"{INVOICES}('90000001')", invoice())
    row = {
        "CompanyCode": "1010",
        "FiscalYear": "2026",
        "AccountingDocument": "90000001",
        "NetDueDate": MONDAY_TICKS,
        "AmountInCompanyCodeCurrency": "10.00",
        "CompanyCodeCurrency": "USD",
        "ClearingAccountingDocument": "",
    }
    erp.says("GET", OPEN_ITEMS, {"results": [row]})
    found = await adapter.get_invoice("NW", "90000001", call())
    assert (money_amount(found.open_amount), found.due_date) == (Decimal(10), MONDAY)


async def test_an_invoice_without_access_to_accounting_has_no_open_amount(
    erp: Erp, adapter: FullAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    erp.says("GET", f"{INVOICES}('90000001')", invoice())
    erp.says("GET", OPEN_ITEMS, lambda _: refused(403))
    found = await adapter.get_invoice("NW", "90000001", call())
    assert not found.HasField("open_amount")
    assert "s4.open_items_unknown" in events(caplog)


async def test_invoices_are_read_page_by_page_up_to_the_limit(erp: Erp) -> None:
    adapter = build(erp.url, services={"open_items": None})
    pages: Sequence[Any] = [
        {"results": [invoice("3"), invoice("2")], "__next": f"{INVOICES}?$skiptoken=1"},
        {"results": [invoice("1"), invoice("0")], "__next": f"{INVOICES}?$skiptoken=2"},
    ]
    erp.says("GET", INVOICES, *pages)
    listed = await adapter.list_invoices(InvoiceQuery(business_unit="NW", limit=3), call())
    await adapter.close()
    assert [keyed.native_key for keyed in listed] == ["3", "2", "1"]
    first = erp.asked("GET", INVOICES)[0][0].query
    assert (first["$top"], first["$orderby"]) == ("3", "BillingDocumentDate desc,BillingDocument desc")


async def test_items_of_an_invoice_that_the_server_left_for_another_page_are_read(erp: Erp) -> None:
    adapter = build(erp.url, services={"open_items": None})
    address = f"{INVOICES}('1')"
    rest = f"{address}/to_Item"
    first = {"results": [{"BillingDocumentItem": "10", "Material": "11"}], "__next": f"{rest}?$skiptoken=1"}
    paged = invoice("1") | {"to_Item": first}
    erp.says("GET", INVOICES, {"results": [paged]})
    erp.says("GET", address, paged)
    erp.says("GET", rest, {"results": [{"BillingDocumentItem": "20", "Material": "11"}]})
    listed = await adapter.list_invoices(InvoiceQuery(business_unit="NW", limit=3), call())
    alone = await adapter.get_invoice("NW", "1", call())
    await adapter.close()
    assert [line.line_number for line in alone.lines] == ["10", "20"]
    assert listed[0].invoice == alone


async def test_an_order_without_invoices_has_none(erp: Erp, adapter: FullAdapter) -> None:
    erp.says("GET", f"{INVOICES}Item", {"results": []})
    query = InvoiceQuery(business_unit="NW", limit=3, order_document_number="12")
    assert list(await adapter.list_invoices(query, call())) == []
    assert erp.asked("GET", INVOICES) == []


# --- check


async def test_check_names_what_is_missing_and_raises_nothing(erp: Erp, adapter: FullAdapter) -> None:
    metadata = '<Property Name="AvailableQuantityInBaseUnit"/><FunctionImport Name="CalculateAvailabilityTimeseries"/>'
    service = f"{ROOT}/API_PRODUCT_AVAILY_INFO_BASIC/$metadata"
    erp.says("GET", service, lambda _: web.Response(text=metadata, content_type="application/xml"))
    erp.says("GET", f"{ROOT}/API_PRODUCT_SRV/$metadata", lambda _: refused(403))
    erp.says("GET", f"{ROOT}/API_SALES_ORDER_SRV/$metadata", lambda _: refused(403))
    results = {result.subject: result for result in await adapter.check(call())}
    assert "lacks BaseUnit, PeriodStartUTCDateTime" in results["service availability as FACADE"].message
    assert "has no access" in results["service product as FACADE"].message
    assert "HTTP 404" in results["service billing_document as FACADE"].message
    assert not any(r.ok for name, r in results.items() if name.startswith("service"))
    assert results["CSRF token as FACADE"].ok
    assert results["SHADOW cannot write"].ok
    assert erp.asked("POST") == []
