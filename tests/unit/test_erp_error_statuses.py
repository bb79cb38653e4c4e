"""Every error of an adapter has a status and a reason; every reason that the code gives stands in the contract."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from erp.v1.errors_pb2 import ErrorReason
from erp_facade.api_error import ApiError, from_erp_error, refusal_reason
from erp_facade.error_details import status_of
from erp_facade.rest.errors import ADDITIONS, CANONICAL, http_status
from erp_ports import errors
from erp_ports.errors import (
    Conflict,
    CrossReferenceMissing,
    ErpError,
    ForeignCurrency,
    Misconfigured,
    NotFound,
    OutcomeUnknown,
    RefusalReason,
    Rejected,
    Throttled,
    Unavailable,
    Unsupported,
)

CODE = grpc.StatusCode
REASONS = set(ErrorReason.keys()) - {"ERROR_REASON_UNSPECIFIED"}

# What a caller of a read is told; the table that callers were promised.
TOLD: list[tuple[ErpError, grpc.StatusCode, str]] = [
    (Rejected("no"), CODE.INVALID_ARGUMENT, "REFUSED"),
    (Rejected("no", reason=RefusalReason.CREDIT), CODE.FAILED_PRECONDITION, "CREDIT"),
    (Rejected("no", reason=RefusalReason.STOCK), CODE.FAILED_PRECONDITION, "STOCK"),
    (Rejected("no", reason=RefusalReason.PRICE_MISSING), CODE.FAILED_PRECONDITION, "PRICE_MISSING"),
    (ForeignCurrency("no"), CODE.FAILED_PRECONDITION, "ANSWER_CURRENCY"),
    (NotFound("no", kind="product"), CODE.NOT_FOUND, "UNKNOWN_PRODUCT"),
    (NotFound("no", kind="customer"), CODE.NOT_FOUND, "UNKNOWN_CUSTOMER"),
    (NotFound("no", kind="plant"), CODE.NOT_FOUND, "UNKNOWN_PLANT"),
    (NotFound("no", kind="unit"), CODE.NOT_FOUND, "UNKNOWN_UNIT"),
    (NotFound("no", kind="order"), CODE.NOT_FOUND, "ORDER_NOT_FOUND"),
    (NotFound("no", kind="invoice"), CODE.NOT_FOUND, "INVOICE_NOT_FOUND"),
    (CrossReferenceMissing("no", kind="customer"), CODE.NOT_FOUND, "UNKNOWN_CUSTOMER"),
    (Conflict("no"), CODE.ABORTED, "BACKEND_CONFLICT"),
    (Throttled("no", retry_after=7.0), CODE.RESOURCE_EXHAUSTED, "BACKEND_THROTTLED"),
    (Unavailable("no"), CODE.UNAVAILABLE, "BACKEND_UNAVAILABLE"),
    (OutcomeUnknown("no", timed_out=True), CODE.DEADLINE_EXCEEDED, "BACKEND_TIMEOUT"),
    (OutcomeUnknown("no"), CODE.UNAVAILABLE, "BACKEND_OUTCOME_UNKNOWN"),
    (Unsupported("no"), CODE.UNIMPLEMENTED, "OPERATION_UNSUPPORTED"),
    (Misconfigured("no"), CODE.INTERNAL, "BACKEND_MISCONFIGURED"),
]


def test_every_error_of_the_ports_is_in_the_table() -> None:
    defined = {c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, ErpError)}
    assert {type(error) for error, _, _ in TOLD} == defined - {ErpError}


@pytest.mark.parametrize(
    ("error", "code", "reason"), TOLD, ids=lambda value: getattr(value, "name", None) or repr(value)
)
def test_an_adapters_error_becomes_a_status_with_a_reason_of_the_contract(
    error: ErpError, code: grpc.StatusCode, reason: str
) -> None:
    told = from_erp_error(error, "legacy")
    assert (told.code, told.reason, told.metadata) == (code, reason, {"backend": "legacy"})
    assert reason in REASONS
    assert http_status(told) == CANONICAL[code]


def test_an_error_of_a_kind_that_nobody_knows_is_told_as_an_unknown_outcome() -> None:
    told = from_erp_error(ErpError("?"), "legacy")
    assert (told.code, told.reason) == (CODE.UNAVAILABLE, "BACKEND_OUTCOME_UNKNOWN")


@pytest.mark.parametrize("error", [Throttled("no", retry_after=7.0), Unavailable("no", retry_after=7.0)])
def test_the_time_that_an_erp_asks_for_is_passed_on(error: ErpError) -> None:
    assert from_erp_error(error, "legacy").retry_after == 7.0


@pytest.mark.parametrize("error", [Throttled("no"), Unavailable("no"), OutcomeUnknown("no")])
def test_what_may_be_tried_again_says_after_which_time(error: ErpError) -> None:
    assert from_erp_error(error, "legacy").retry_after == 1.0


def test_the_details_of_a_wrong_set_up_are_for_the_log_only() -> None:
    told = from_erp_error(Misconfigured("password of FACADE refused", detail="ORA-01017"), "legacy")
    assert "password" not in told.message
    assert told.detail == "ORA-01017"
    assert b"ORA-01017" not in status_of(told).SerializeToString()


@pytest.mark.parametrize("reason", RefusalReason)
def test_every_class_of_refusal_has_a_reason_of_the_contract(reason: RefusalReason) -> None:
    assert refusal_reason(Rejected("no", reason=reason)) in REASONS


def test_every_http_status_of_our_own_belongs_to_a_reason_of_the_contract() -> None:
    assert set(ADDITIONS) <= REASONS


def test_the_status_on_the_wire_carries_code_reason_and_domain() -> None:
    status = status_of(ApiError(CODE.NOT_FOUND, "ORDER_NOT_FOUND", "gone", metadata={"a": "b"}))
    (info, *_) = status.details
    assert (status.code, info.type_url) == (5, "type.googleapis.com/google.rpc.ErrorInfo")
    assert b"erp.v1" in info.value


# Where a reason is written down: the calls that take one, by position and by keyword.
_TAKES_REASON = {"ApiError": 1, "Violation": None, "Problem": None, "_refusal": 1}
_TABLES = {"_KIND_REASONS", "_REFUSAL_REASONS", "_REFUSALS", "ADDITIONS"}


def given_reasons(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every reason that a module gives, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TAKES_REASON:
            position = _TAKES_REASON[node.func.id]
            values = [k.value for k in node.keywords if k.arg == "reason"]
            if position is not None and len(node.args) > position:
                values.append(node.args[position])
            yield from ((v.lineno, v.value) for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str))
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(t, ast.Name) and t.id in _TABLES for t in targets):
                yield from _table(node.value)


def _table(value: ast.expr | None) -> Iterator[tuple[int, str]]:
    for node in ast.walk(value) if value is not None else ():
        if isinstance(node, ast.Dict):
            for cell in node.values:
                if isinstance(cell, ast.Constant) and isinstance(cell.value, str):
                    yield cell.lineno, cell.value


def test_every_reason_that_the_code_gives_stands_in_the_contract(repository: Path) -> None:
    files = [f for root in ("src/erp_facade", "routing") for f in (repository / root).rglob("*.py")]
    found = [
        (f"{file.relative_to(repository)}:{line}", reason)
        for file in files
        for line, reason in given_reasons(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert len(found) > 60
    assert [(place, reason) for place, reason in found if reason not in REASONS] == []


def test_a_reason_that_is_not_in_the_contract_is_found() -> None:
    source = 'raise ApiError(code, "MADE_UP", "text")\nViolation(field="f", description="d", reason="NO")\n'
    assert [reason for _, reason in given_reasons(ast.parse(source))] == ["MADE_UP", "NO"]
