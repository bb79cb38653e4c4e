"""The one error that the pipeline raises; both transports turn it into their own form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import grpc

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

DOMAIN = "erp.v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One field that breaks a rule. `field` is a path in the request such as `order.lines[3].quantity`."""

    field: str
    description: str
    reason: str = "INVALID_FIELD"


class ApiError(Exception):
    """A call is refused or failed, in the words of the contract.

    `code` is the gRPC status, `reason` a value name of `erp.v1.ErrorReason`; `metadata` holds what a program needs
    (ids, limits), `retry_after` seconds.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        violations: Sequence[Violation] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        resource: tuple[str, str] | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after
        self.resource = resource
        """(type, name) of the thing that an error is about, for `google.rpc.ResourceInfo`."""
        self.detail = detail
        """For the log only."""


def invalid(violations: Sequence[Violation]) -> ApiError:
    """Return the error for a request that breaks rules: one reason if all share it, every violation named."""
    reasons = {v.reason for v in violations}
    reason = reasons.pop() if len(reasons) == 1 else "INVALID_FIELD"
    first = violations[0]
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return ApiError(
        grpc.StatusCode.INVALID_ARGUMENT, reason, f"{first.field}: {first.description}{more}", violations=violations
    )


_KIND_REASONS = {
    "product": "UNKNOWN_PRODUCT",
    "customer": "UNKNOWN_CUSTOMER",
    "plant": "UNKNOWN_PLANT",
    "unit": "UNKNOWN_UNIT",
    "order": "ORDER_NOT_FOUND",
    "invoice": "INVOICE_NOT_FOUND",
}
_REFUSAL_REASONS = {
    RefusalReason.VALIDATION: "REFUSED",
    RefusalReason.CREDIT: "CREDIT",
    RefusalReason.STOCK: "STOCK",
    RefusalReason.PRICE_MISSING: "PRICE_MISSING",
}


def refusal_reason(error: Rejected | NotFound) -> str:
    """Return the `ErrorReason` of a business refusal, the same for a failed read and for a rejected order."""
    if isinstance(error, NotFound):
        return _KIND_REASONS.get(error.kind, "NOT_FOUND")
    if isinstance(error, ForeignCurrency):
        return "ANSWER_CURRENCY"
    return _REFUSAL_REASONS[error.reason]


def from_erp_error(error: ErpError, backend: str) -> ApiError:
    """Return what a caller of a read or a simulation is told of an adapter's error."""
    code = grpc.StatusCode
    message, detail = error.message, error.detail
    metadata = {"backend": backend}
    match error:
        case CrossReferenceMissing() | NotFound():
            return ApiError(code.NOT_FOUND, refusal_reason(error), message, metadata=metadata, detail=detail)
        case Rejected():
            fixable = error.reason is RefusalReason.VALIDATION and not isinstance(error, ForeignCurrency)
            status = code.INVALID_ARGUMENT if fixable else code.FAILED_PRECONDITION
            return ApiError(status, refusal_reason(error), message, metadata=metadata, detail=detail)
        case Conflict():
            return ApiError(code.ABORTED, "BACKEND_CONFLICT", message, metadata=metadata, detail=detail)
        case Throttled():
            return ApiError(
                code.RESOURCE_EXHAUSTED, "BACKEND_THROTTLED", message,
                metadata=metadata, retry_after=error.retry_after or 1.0, detail=detail,
            )  # fmt: skip
        case Unavailable():
            return ApiError(
                code.UNAVAILABLE, "BACKEND_UNAVAILABLE", message,
                metadata=metadata, retry_after=error.retry_after or 1.0, detail=detail,
            )  # fmt: skip
        case OutcomeUnknown() if error.timed_out:
            return ApiError(code.DEADLINE_EXCEEDED, "BACKEND_TIMEOUT", message, metadata=metadata, detail=detail)
        case Unsupported():
            return ApiError(code.UNIMPLEMENTED, "OPERATION_UNSUPPORTED", message, metadata=metadata, detail=detail)
        case Misconfigured():
            told = f"the access to {backend} is not set up correctly; the log tells more"
            return ApiError(code.INTERNAL, "BACKEND_MISCONFIGURED", told, metadata=metadata, detail=detail or message)
        case _:
            return ApiError(
                code.UNAVAILABLE, "BACKEND_OUTCOME_UNKNOWN", message,
                metadata=metadata, retry_after=1.0, detail=detail,
            )  # fmt: skip
