from __future__ import annotations

import json
from collections.abc import Mapping
from typing import get_args

import aiohttp
import httpx
import pytest
from aiohttp.client_reqrep import ConnectionKey

from cloud_erp.s4hana.config import Meaning
from cloud_erp.s4hana.errors import MESSAGES, STATUSES, Verdict, broken, failure
from cloud_erp.s4hana.wire import Reply, SapMessage, error_messages, notices
from erp_ports.errors import (
    Conflict,
    ErpError,
    Misconfigured,
    NotFound,
    OutcomeUnknown,
    RefusalReason,
    Rejected,
    Throttled,
    Unavailable,
)
from erp_ports.operations import Effect

CONNECTOR_FAILURE = aiohttp.ClientConnectorError(
    ConnectionKey("erp.example", 443, True, True, None, None, None),
    ConnectionRefusedError(111, "refused"),
)


def sap_error(code: str, words: str = "It is refused", *details: Mapping[str, str]) -> bytes:
    error = {"code": code, "message": {"lang": "en", "value": words}, "innererror": {"errordetails": list(details)}}
    return json.dumps({"error": error}).encode()


def reply(status: int, content: bytes = b"", **headers: str) -> Reply:
    return Reply(status=status, headers=httpx.Headers(headers), content=content)


@pytest.mark.parametrize("meaning", get_args(Meaning))
def test_every_meaning_of_a_message_has_an_error(meaning: Meaning) -> None:
    error = failure(reply(400, sap_error("X/1", "No")), effect=Effect.WRITE, messages={"X/1": meaning})
    assert error.message == "No"
    assert type(error) is not ErpError


@pytest.mark.parametrize("code", MESSAGES)
def test_every_known_message_says_more_than_validation_failed(code: str) -> None:
    error = failure(reply(400, sap_error(code)), effect=Effect.SIMULATE)
    assert not (isinstance(error, Rejected) and error.reason is RefusalReason.VALIDATION)


@pytest.mark.parametrize("effect", Effect)
def test_every_status_has_an_error(effect: Effect) -> None:
    errors = [failure(reply(status), effect=effect) for status in range(100, 600)]
    assert all(isinstance(error, ErpError) for error in errors)


def test_a_status_that_no_rule_knows_is_an_unknown_outcome() -> None:
    unknown = [status for status in range(100, 600) if status not in STATUSES]
    codes = ("X/1", "V1/302")
    errors = [failure(reply(status, sap_error(code)), effect=Effect.WRITE) for status in unknown for code in codes]
    assert {type(error) for error in errors} == {OutcomeUnknown}


def test_every_verdict_is_used() -> None:
    assert {*STATUSES.values(), Verdict.UNKNOWN} == set(Verdict)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Rejected),
        (401, Misconfigured),
        (403, Misconfigured),
        (404, Misconfigured),
        (408, OutcomeUnknown),
        (412, Conflict),
        (429, Throttled),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (503, OutcomeUnknown),
        (504, OutcomeUnknown),
    ],
)
def test_what_a_refused_write_means(status: int, expected: type[ErpError]) -> None:
    assert type(failure(reply(status, sap_error("X/1")), effect=Effect.WRITE)) is expected


def test_an_internal_error_of_a_write_is_an_unknown_outcome_whatever_it_says() -> None:
    assert isinstance(failure(reply(500, sap_error("V1/302")), effect=Effect.WRITE), OutcomeUnknown)


def test_an_internal_error_of_a_question_may_be_a_refusal() -> None:
    error = failure(reply(500, sap_error("V1/302")), effect=Effect.SIMULATE)
    assert isinstance(error, NotFound)
    assert error.kind == "product"


def test_a_bad_request_that_is_not_saps_is_an_unknown_outcome() -> None:
    assert isinstance(failure(reply(400, b"<html>proxy</html>"), effect=Effect.WRITE), OutcomeUnknown)


def test_a_message_among_the_details_is_understood() -> None:
    content = sap_error(
        "/IWBEP/CX_MGW_BUSI_EXCEPTION",
        "Something failed",
        {"code": "V1/801", "message": "only a warning", "severity": "warning"},
        {"code": "V1/150", "message": "Credit limit exceeded", "severity": "Error"},
    )
    error = failure(reply(400, content), effect=Effect.WRITE)
    assert isinstance(error, Rejected)
    assert (error.reason, error.message, error.source_code) == (RefusalReason.CREDIT, "Credit limit exceeded", "V1/150")


def test_a_missing_document_is_not_found_and_a_missing_service_is_a_misconfiguration() -> None:
    missing = reply(404, sap_error("/IWBEP/CM_MGW_RT/020"))
    error = failure(missing, effect=Effect.READ, kind="order")
    assert isinstance(error, NotFound)
    assert error.kind == "order"
    assert isinstance(failure(missing, effect=Effect.READ), Misconfigured)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0), ("x", 1.0)])
def test_an_overloaded_system_says_how_long_to_wait(header: str, seconds: float) -> None:
    for status, effect in ((429, Effect.WRITE), (429, Effect.READ), (503, Effect.READ)):
        error = failure(reply(status, **{"Retry-After": header}), effect=effect)
        assert isinstance(error, Throttled)
        assert error.retry_after == seconds


def test_a_booking_answered_503_may_have_been_executed_whatever_the_proxy_promises() -> None:
    assert isinstance(failure(reply(503, **{"Retry-After": "7"}), effect=Effect.WRITE), OutcomeUnknown)


def test_a_question_to_a_system_that_cannot_work_now_is_unavailable() -> None:
    assert isinstance(failure(reply(503), effect=Effect.READ), Unavailable)


def test_a_forgotten_reply_of_a_repeated_request_is_an_unknown_outcome() -> None:
    assert isinstance(failure(reply(400, sap_error("/IWBEP/CM_COS/005")), effect=Effect.WRITE), OutcomeUnknown)


def test_a_system_without_repeatable_requests_is_a_misconfiguration() -> None:
    refused = reply(400, sap_error("X/1"), RepeatabilityResult="unsupported")
    assert isinstance(failure(refused, effect=Effect.WRITE), Misconfigured)


def test_words_of_the_erp_are_for_the_caller_and_its_body_for_the_log() -> None:
    error = failure(reply(400, sap_error("X/1", "Enter a  quantity")), effect=Effect.WRITE)
    assert error.message == "Enter a quantity"
    assert "HTTP 400" in error.detail


def all_httpx_failures(kind: type[httpx.TransportError] = httpx.TransportError) -> list[type[httpx.TransportError]]:
    return [kind, *(each for below in kind.__subclasses__() for each in all_httpx_failures(below))]


@pytest.mark.parametrize("kind", all_httpx_failures())
def test_every_failure_of_the_http_library_has_an_error(kind: type[httpx.TransportError]) -> None:
    assert isinstance(broken(kind("x")), Unavailable | OutcomeUnknown)


def caused(problem: httpx.TransportError, cause: Exception) -> httpx.TransportError:
    problem.__cause__ = cause
    return problem


def test_a_connection_that_was_never_made_is_unavailable() -> None:
    for problem, cause in (
        (httpx.ConnectError("x"), CONNECTOR_FAILURE),
        (httpx.ConnectTimeout("x"), aiohttp.ConnectionTimeoutError()),
    ):
        assert isinstance(broken(caused(problem, cause)), Unavailable)


def test_a_server_that_hangs_up_after_the_request_is_an_unknown_outcome() -> None:
    # httpx-aiohttp reports this as ConnectTimeout, which would say that nothing was sent.
    for cause in (aiohttp.ServerDisconnectedError(), aiohttp.ClientOSError(104, "reset")):
        error = broken(caused(httpx.ConnectTimeout("x"), cause))
        assert isinstance(error, OutcomeUnknown)
        assert not error.timed_out


def test_a_server_that_does_not_answer_is_a_time_out() -> None:
    error = broken(caused(httpx.ReadTimeout("x"), aiohttp.SocketTimeoutError()))
    assert isinstance(error, OutcomeUnknown)
    assert error.timed_out


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"error": 1}', b'{"fault": {}}'])
def test_a_body_that_is_no_sap_error_says_nothing(content: bytes) -> None:
    assert error_messages(content) == ()


@pytest.mark.parametrize(
    "content",
    [
        b'{"error": {"code": "V1/302", "message": "No"}}',
        b'{"error": {"code": "V1/302", "message": {"value": "No"}, "innererror": null}}',
        b'{"error": {"code": "V1/302", "message": {"value": "No"}, "innererror": {"errordetails": null}}}',
        b'{"error": {"code": "V1/302", "message": "No", "innererror": {"errordetails": {"errordetail": []}}}}',
    ],
)
def test_error_bodies_are_read_in_every_shape(content: bytes) -> None:
    assert error_messages(content) == (SapMessage(code="V1/302", text="No", severity="error"),)


def test_warnings_of_a_success_are_read_from_the_header() -> None:
    header = json.dumps(
        {
            "code": "V1/555",
            "message": "The order is incomplete",
            "severity": "warning",
            "target": "",
            "details": [{"code": "V4/219", "message": "Backorder", "severity": "info"}],
        }
    )
    assert notices(httpx.Headers({"sap-message": header})) == (
        SapMessage(code="V1/555", text="The order is incomplete", severity="warning"),
        SapMessage(code="V4/219", text="Backorder", severity="info"),
    )


def test_a_warning_that_cannot_be_read_is_kept_in_its_own_words() -> None:
    assert notices(httpx.Headers({"sap-message": "<notification/>"})) == (
        SapMessage(code="", text="<notification/>", severity="unreadable"),
    )
