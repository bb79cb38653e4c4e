"""What a caller of the JSON surface may rely on, row by row, over a real socket."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from erp.v1 import errors_pb2, orders_pb2, pricing_pb2
from erp_facade.api_error import ApiError, Violation, invalid
from erp_facade.call_meta import CallMeta
from erp_facade.rest.app import OperationalRequest, RestSettings
from erp_facade.rest.errors import ADDITIONS, CANONICAL

PRICES = "/v1/businessUnits/NW:calculatePrices"
ORDERS = "/v1/businessUnits/NW/orders"
Start = Callable[..., Awaitable[Any]]


def raising(error: ApiError) -> Callable[[CallMeta, Message], Awaitable[Message]]:
    async def answer(_meta: CallMeta, _request: Message) -> Message:
        raise error

    return answer


def answering(response: Message) -> Callable[[CallMeta, Message], Awaitable[Message]]:
    async def answer(_meta: CallMeta, _request: Message) -> Message:
        return response

    return answer


async def test_a_call_reaches_the_pipeline_and_its_answer_comes_back_as_json(start: Start) -> None:
    wire = await start(answer=answering(pricing_pb2.CalculatePricesResponse(split=True)))

    response = await wire.request("POST", PRICES, {"currencyCode": "EUR", "lines": [{"line_id": "1"}]})

    assert (response.status, response.headers["content-type"]) == (200, "application/json")
    assert response.json == {"lines": [], "split": True, "partial": False, "missing": []}
    assert wire.pipeline.meta.method == "/erp.v1.PricingService/CalculatePrices"
    assert wire.pipeline.meta.transport == "rest"
    assert wire.pipeline.meta.request_bytes == 52
    assert wire.pipeline.meta.peer.startswith("127.0.0.1:")
    assert wire.pipeline.request.parent == "businessUnits/NW"
    assert wire.pipeline.request.lines[0].line_id == "1"


# Rows of the table of binding


async def test_a_query_parameter_cannot_override_what_the_path_binds(wire: Any) -> None:
    response = await wire.request("GET", f"{ORDERS}?parent=businessUnits/X")

    assert (response.status, response.violations) == (400, {"parent": "INVALID_FIELD"})
    assert wire.pipeline.calls == []


async def test_a_query_parameter_cannot_override_what_the_body_binds(wire: Any) -> None:
    response = await wire.request("POST", f"{ORDERS}?order.customer=c", {})

    assert (response.status, response.violations) == (400, {"order.customer": "INVALID_FIELD"})


async def test_an_unknown_query_parameter_is_a_field_violation(wire: Any) -> None:
    response = await wire.request("GET", f"{ORDERS}?nope=1&pageSize=x")

    assert response.status == 400
    assert response.violations == {"nope": "UNKNOWN_FIELD", "page_size": "INVALID_FIELD"}


async def test_an_unknown_body_field_is_a_field_violation(wire: Any) -> None:
    response = await wire.request("POST", ORDERS, {"nope": 1, "lines": [{"nope": 1}]})

    assert (response.status, response.reason) == (400, "UNKNOWN_FIELD")
    assert response.violations == {"order.nope": "UNKNOWN_FIELD", "order.lines[0].nope": "UNKNOWN_FIELD"}


@pytest.mark.parametrize(("parent", "status"), [("businessUnits/NW", 200), ("businessUnits/X", 400)])
async def test_a_body_value_may_equal_the_path_and_not_contradict_it(wire: Any, parent: str, status: int) -> None:
    assert (await wire.request("POST", PRICES, {"parent": parent})).status == status


@pytest.mark.parametrize(
    "path", ["/v1/businessUnits//orders", "/v1//orders", "/w/", "/w//", f"{ORDERS}/", "/rest/a//b", "/rest/"]
)
async def test_an_empty_segment_or_a_trailing_slash_is_an_unknown_path(wire: Any, path: str) -> None:
    response = await wire.request("GET", path)

    assert (response.status, response.reason) == (404, "UNKNOWN_PATH")


@pytest.mark.parametrize("target", ["/w/a%zz", "/w/%", "/w/a%2", "/w/%ff", "/nowhere/%zz"])
async def test_a_bad_percent_escape_in_the_path_is_refused(wire: Any, target: str) -> None:
    response = await wire.request("GET", target)

    assert (response.status, response.reason) == (400, "INVALID_FIELD")


@pytest.mark.parametrize("query", ["text=%zz", "texts=%f", "texts=%ff"])
async def test_a_bad_percent_escape_in_the_query_is_refused(wire: Any, query: str) -> None:
    assert (await wire.request("GET", f"/flags/true?{query}")).status == 400


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", ORDERS, "GET, POST, HEAD"),
        ("GET", PRICES, "POST"),
        ("HEAD", PRICES, "POST"),
        ("OPTIONS", f"{ORDERS}/1:cancel", "POST"),
        ("PUT", f"{ORDERS}/1", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
    ],
)
async def test_a_known_path_with_another_method_tells_what_is_allowed(
    wire: Any, method: str, path: str, allow: str
) -> None:
    response = await wire.request(method, path)

    assert (response.status, response.headers["allow"]) == (405, allow)
    if method != "HEAD":
        assert response.reason == "METHOD_NOT_ALLOWED"


async def test_head_answers_like_get_without_a_body(wire: Any) -> None:
    response = await wire.request("HEAD", ORDERS)

    assert (response.status, response.headers["content-length"]) == (200, "32")


async def test_a_scalar_given_twice_in_the_query_is_refused(wire: Any) -> None:
    response = await wire.request("GET", f"{ORDERS}?pageSize=1&page_size=1")

    assert (response.status, response.violations) == (400, {"page_size": "INVALID_FIELD"})


@pytest.mark.parametrize(
    "body",
    [
        b'{"customer":"a","customer":"a"}',
        b'{"lines":[{"quantity":{"unit":"EA","unit":"KG"}}]}',
        b'{"purchaseOrderNumber":"a:b","customer":"a","customer":"b"}',
    ],
)
async def test_the_same_json_key_twice_is_refused(wire: Any, body: bytes) -> None:
    response = await wire.request("POST", ORDERS, body)

    assert (response.status, response.reason) == (400, "MALFORMED_BODY")


@pytest.mark.parametrize("target", [ORDERS, PRICES])
@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'"x"', b"7", b'{"customer":', b"\xff\xfe", b'{"customer":"\xe9"}', b"{}{}", b" "]
)
async def test_a_body_that_is_no_json_object_is_malformed(wire: Any, target: str, body: bytes) -> None:
    response = await wire.request("POST", target, body)

    assert (response.status, response.reason) == (400, "MALFORMED_BODY")


async def test_null_is_absent(wire: Any) -> None:
    response = await wire.request("POST", ORDERS, {"customer": None, "lines": None, "requestedDate": None})

    assert response.status == 202
    assert wire.pipeline.request.order == orders_pb2.Order()


@pytest.mark.parametrize("value", ["NOPE", "99", "-1", ""])
async def test_an_unknown_enum_is_refused_in_the_query(wire: Any, value: str) -> None:
    response = await wire.request("GET", f"{ORDERS}?submissionState={value}")

    assert (response.status, response.violations) == (400, {"submission_state": "INVALID_FIELD"})


@pytest.mark.parametrize("value", ["NOPE", 99, "99", True])
async def test_an_unknown_enum_is_refused_in_the_body(wire: Any, value: Any) -> None:
    response = await wire.request("POST", ORDERS, {"submissionState": value})

    assert (response.status, response.violations) == (400, {"order.submission_state": "INVALID_FIELD"})


@pytest.mark.parametrize("value", ["BOOKED", "7"])
async def test_an_enum_is_taken_by_name_or_number(wire: Any, value: str) -> None:
    assert (await wire.request("GET", f"{ORDERS}?submissionState={value}")).status == 200
    assert wire.pipeline.request.submission_state == orders_pb2.Order.BOOKED


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "json"]
)
async def test_a_body_that_is_not_declared_as_json_is_refused(wire: Any, content_type: str) -> None:
    response = await wire.request("POST", PRICES, {}, content_type=content_type)

    assert (response.status, response.reason) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert response.json["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/json;v=1"]
)
async def test_json_may_name_its_character_set(wire: Any, content_type: str) -> None:
    assert (await wire.request("POST", PRICES, {}, content_type=content_type)).status == 200


async def test_a_body_without_a_content_type_or_compressed_is_refused(wire: Any) -> None:
    bare = await wire.send(f"POST {PRICES} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    packed = await wire.request("POST", PRICES, {}, headers=("Content-Encoding: gzip",))

    assert (bare.status, packed.status) == (415, 415)


@pytest.mark.parametrize(("text", "expected"), [("True", True), ("False", False), ("true", True), ("false", False)])
async def test_python_s_booleans_are_taken_in_path_and_query(wire: Any, text: str, expected: bool) -> None:
    assert (await wire.request("GET", f"/flags/{text}")).json["yes"] is expected
    assert (await wire.request("GET", f"/w/x?yes={text}")).json["yes"] is expected


async def test_alt_is_taken_escaped_or_not_and_says_how_enums_are_written(start: Start) -> None:
    wire = await start(answer=answering(orders_pb2.Order(name="businessUnits/NW/orders/1", submission_state=7)))

    for target in (f"{ORDERS}/1?%24alt=json;enum-encoding=int", f"{ORDERS}/1?$alt=json%3Benum-encoding%3Dint"):
        assert (await wire.request("GET", target)).json["submissionState"] == 7
    assert (await wire.request("GET", f"{ORDERS}/1?%24alt=json")).json["submissionState"] == "BOOKED"
    assert (await wire.request("GET", f"{ORDERS}/1?$alt=media")).status == 400


async def test_a_plus_is_a_space_in_the_query_and_a_plus_in_the_path(wire: Any) -> None:
    assert (await wire.request("GET", "/w/a+b?texts=c+d&texts=e%2Bf")).json == {
        "text": "a+b", "yes": False, "texts": ["c d", "e+f"]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/w/a%2Fb%20c%3Ad", "a/b c:d"),
        ("/w/%C3%A4", "ä"),
        ("/w/a%252Fb", "a%2Fb"),
        ("/pairs/a/b%2Fc%20d", "a/b%2Fc d"),
        ("/rest/a/b%2fc%3Fd", "a/b%2fc?d"),
        ("/rest/a/b:c", "a/b:c"),
    ],
)
async def test_a_variable_is_decoded_and_keeps_escaped_slashes_only_when_it_spans_segments(
    wire: Any, target: str, text: str
) -> None:
    assert (await wire.request("GET", target)).json["text"] == text


async def test_a_colon_is_data_where_no_verb_is_registered(wire: Any) -> None:
    await wire.request("GET", f"{ORDERS}/a:b")

    assert wire.pipeline.request.name == "businessUnits/NW/orders/a:b"


async def test_64_000_slashes_are_an_unknown_path(wire: Any) -> None:
    assert (await wire.request("GET", "/v1" + "/" * 64_000)).status == 404


# JSON


async def test_bodies_are_limited_before_they_are_read(wire: Any) -> None:
    announced = (
        f"POST {PRICES} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1048577\r\n\r\n"
    )
    response = await wire.send(announced.encode())

    assert (response.status, response.reason) == (413, "BODY_TOO_LARGE")
    assert response.json["error"]["status"] == "INVALID_ARGUMENT"
    assert response.detail("ErrorInfo")["metadata"] == {"limit_bytes": "1048576"}


async def test_the_limit_holds_for_chunks_and_is_lower_for_orders(wire: Any) -> None:
    head = f"POST {ORDERS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    response = await wire.send(head.encode() + chunk * 5 + b"0\r\n\r\n")
    allowed = await wire.request("POST", PRICES, b" " * 300_000 + b"{}")

    assert (response.status, response.detail("ErrorInfo")["metadata"]) == (413, {"limit_bytes": "262144"})
    assert allowed.status == 200


async def test_a_body_nests_at_most_32_levels(wire: Any) -> None:
    response = await wire.request("POST", PRICES, b'{"lines":' + b"[" * 32 + b"]" * 32 + b"}")

    assert (response.status, response.reason) == (400, "MALFORMED_BODY")
    assert "deeper than 32" in response.json["error"]["message"]


# Errors


@pytest.mark.parametrize("code", list(grpc.StatusCode))
async def test_every_code_has_its_canonical_http_status(start: Start, code: grpc.StatusCode) -> None:
    wire = await start(answer=raising(ApiError(code, "INTERNAL", "as told", metadata={"a": "b"})))

    response = await wire.request("GET", ORDERS)

    assert response.status == CANONICAL[code]
    error = response.json["error"]
    assert (error["code"], error["status"], error["message"]) == (CANONICAL[code], code.name, "as told")
    assert response.detail("ErrorInfo") == {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "INTERNAL",
        "domain": "erp.v1",
        "metadata": {"a": "b"},
    }


def test_the_statuses_are_those_of_the_canonical_mapping() -> None:
    named = {code.name: status for code, status in CANONICAL.items()}

    assert set(CANONICAL) == set(grpc.StatusCode)
    assert named == {
        "OK": 200, "CANCELLED": 499, "UNKNOWN": 500, "INVALID_ARGUMENT": 400, "DEADLINE_EXCEEDED": 504,
        "NOT_FOUND": 404, "ALREADY_EXISTS": 409, "PERMISSION_DENIED": 403, "UNAUTHENTICATED": 401,
        "RESOURCE_EXHAUSTED": 429, "FAILED_PRECONDITION": 400, "ABORTED": 409, "OUT_OF_RANGE": 400,
        "UNIMPLEMENTED": 501, "INTERNAL": 500, "UNAVAILABLE": 503, "DATA_LOSS": 500,
    }  # fmt: skip


@pytest.mark.parametrize("reason", list(ADDITIONS))
async def test_the_additions_go_before_the_canonical_mapping(start: Start, reason: str) -> None:
    wire = await start(answer=raising(ApiError(grpc.StatusCode.FAILED_PRECONDITION, reason, "as told")))

    response = await wire.request("GET", ORDERS)

    assert response.status == ADDITIONS[reason].status
    assert reason in errors_pb2.ErrorReason.keys()  # noqa: SIM118


async def test_details_tell_violations_delay_resource_quota_and_precondition(start: Start) -> None:
    bad = invalid([Violation(field="a", description="one"), Violation(field="b", description="two", reason="X")])
    slow = ApiError(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", "slow down", retry_after=1.5, resource=("erp.v1/Order", "o")
    )
    state = ApiError(grpc.StatusCode.FAILED_PRECONDITION, "ORDER_STATE", "too late")
    responses = [
        await (await start(answer=raising(error))).request("GET", ORDERS) for error in (bad, slow, state)
    ]  # fmt: skip

    assert responses[0].violations == {"a": "INVALID_FIELD", "b": "X"}
    assert responses[1].detail("RetryInfo")["retryDelay"] == "1.500s"
    assert responses[1].headers["retry-after"] == "2"
    assert responses[1].detail("ResourceInfo")["resourceName"] == "o"
    assert responses[1].detail("QuotaFailure")["violations"] == [{"subject": "o", "description": "slow down"}]
    assert responses[2].detail("PreconditionFailure")["violations"][0]["type"] == "ORDER_STATE"


async def test_a_fault_is_told_without_its_cause(start: Start) -> None:
    async def fail(_meta: CallMeta, _request: Message) -> Message:
        raise ZeroDivisionError("secret")

    response = await (await start(answer=fail)).request("GET", ORDERS)

    assert (response.status, response.reason) == (500, "INTERNAL")
    assert b"secret" not in response.body
    assert response.detail("ErrorInfo")["metadata"] == {"correlation_id": response.headers["x-correlation-id"]}


async def test_401_says_how_to_authenticate(start: Start) -> None:
    wire = await start(answer=raising(ApiError(grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", "who?")))

    assert (await wire.request("GET", ORDERS)).headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("state", orders_pb2.Order.SubmissionState.keys())
async def test_an_order_that_is_not_settled_answers_202_with_its_location(start: Start, state: str) -> None:
    order = orders_pb2.Order(name="businessUnits/NW/orders/01A b", submission_state=state)
    wire = await start(answer=answering(order))

    created = await wire.request("POST", ORDERS, {})
    cancelled = await wire.request("POST", f"{ORDERS}/1:cancel", {})
    read = await wire.request("GET", f"{ORDERS}/1")

    final = state in ("BOOKED", "PARTIALLY_BOOKED", "REJECTED", "CANCELLED")
    location = None if final else "/v1/businessUnits/NW/orders/01A%20b"
    assert (created.status, created.headers.get("location")) == (200 if final else 202, location)
    assert (cancelled.status, cancelled.headers.get("location")) == (200 if final else 202, location)
    assert (read.status, "location" in read.headers) == (200, False)


async def test_a_cancellation_on_its_way_answers_202_although_the_order_is_booked(start: Start) -> None:
    order = orders_pb2.Order(name="businessUnits/NW/orders/1", submission_state="BOOKED")
    order.changes.add(request_id="earlier", state="CANCELLED")
    order.changes.add(request_id="mine", state="DISPATCHING")
    wire = await start(answer=answering(order))

    pending = await wire.request("POST", f"{ORDERS}/1:cancel", {}, headers=("Idempotency-Key: mine",))
    settled = await wire.request("POST", f"{ORDERS}/1:cancel", {}, headers=("Idempotency-Key: earlier",))

    assert (pending.status, settled.status) == (202, 200)


# Calls


async def test_the_idempotency_key_is_the_request_id(wire: Any) -> None:
    response = await wire.request("POST", ORDERS, {}, headers=("Idempotency-Key: k-1",))

    assert response.status == 202
    assert wire.pipeline.request.request_id == "k-1"


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (f"{ORDERS}?requestId=other", ("Idempotency-Key: k",)),
        (ORDERS, ("Idempotency-Key: k", "Idempotency-Key: k")),
    ],
)
async def test_two_idempotency_keys_in_one_request_are_refused(
    wire: Any, target: str, headers: tuple[str, ...]
) -> None:
    response = await wire.request("POST", target, {}, headers=headers)

    assert (response.status, response.reason) == (400, "IDEMPOTENCY_KEY_CONFLICT")


async def test_correlation_and_trace_go_in_and_come_back(wire: Any) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    response = await wire.request("GET", ORDERS, headers=("X-Correlation-ID: Call-7", f"traceparent: {trace}"))

    assert (response.headers["x-correlation-id"], response.headers["traceparent"]) == ("Call-7", trace)
    assert (wire.pipeline.meta.correlation_id, wire.pipeline.meta.traceparent) == ("Call-7", trace)


async def test_a_missing_correlation_id_is_made_up_and_told_in_errors_too(wire: Any) -> None:
    good, bad = await wire.request("GET", ORDERS), await wire.request("GET", "/nowhere")

    assert wire.pipeline.meta.correlation_id == good.headers["x-correlation-id"]
    assert re.fullmatch("[0-9a-f]{32}", bad.headers["x-correlation-id"])


@pytest.mark.parametrize("given", ["x" * 129, "a b", "ä", ""])
async def test_a_correlation_id_that_cannot_be_taken_over_is_refused(wire: Any, given: str) -> None:
    response = await wire.request("GET", ORDERS, headers=(f"X-Correlation-ID: {given}",))

    assert (response.status, response.violations) == (400, {"x-correlation-id": "INVALID_FIELD"})


async def test_a_trace_that_is_not_of_the_w3c_form_is_not_carried_on(wire: Any) -> None:
    response = await wire.request("GET", ORDERS, headers=("traceparent: nonsense",))

    assert (response.status, wire.pipeline.meta.traceparent) == (200, "")
    assert "traceparent" not in response.headers


@pytest.mark.parametrize(
    ("given", "seconds"), [("", 9.5), ("X-Request-Timeout: 2.5", 2.5), ("X-Request-Timeout: 9999", 20)]
)
async def test_the_deadline_is_the_caller_s_within_limits(start: Start, given: str, seconds: float) -> None:
    wire = await start(settings=RestSettings(longest_seconds=20))
    before = time.monotonic()

    await wire.request("GET", ORDERS, headers=(given,) if given else ())

    assert before + seconds <= wire.pipeline.meta.deadline <= time.monotonic() + seconds


@pytest.mark.parametrize("given", ["0", "-1", "nan", "1e3", "5s", "", "0.0", "²"])
async def test_a_deadline_that_is_no_number_of_seconds_is_refused(wire: Any, given: str) -> None:
    response = await wire.request("GET", ORDERS, headers=(f"X-Request-Timeout: {given}",))

    assert (response.status, response.violations) == (400, {"x-request-timeout": "INVALID_FIELD"})


@pytest.mark.parametrize(
    ("header", "token"), [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic YTpi", ""), (None, None)]
)
async def test_the_bearer_token_reaches_the_pipeline(wire: Any, header: str | None, token: str | None) -> None:
    await wire.request("GET", ORDERS, headers=(f"Authorization: {header}",) if header is not None else ())

    assert wire.pipeline.meta.token == token


async def test_a_method_without_a_body_refuses_one(wire: Any) -> None:
    response = await wire.request("GET", ORDERS, {"pageSize": 1})

    assert (response.status, response.violations) == (400, {"body": "INVALID_FIELD"})


async def test_operational_routes_stand_beside_the_methods(start: Start) -> None:
    async def live(request: OperationalRequest) -> tuple[int, str, bytes]:
        return 503, "text/plain", request.path.encode() + b"?" + request.query

    wire = await start(operational={"/livez": live})

    response = await wire.request("GET", "/livez?a=b")

    assert (response.status, response.headers["content-type"], response.body) == (503, "text/plain", b"/livez?a=b")


async def test_the_openapi_document_is_served(wire: Any) -> None:
    response = await wire.request("GET", "/openapi.json")

    assert response.json["openapi"] == "3.0.3"
