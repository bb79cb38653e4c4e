"""What became of an attempt or a look-up, as a value; the table of errors and next states lives here alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from erp.v1.orders_pb2 import Order
from erp_facade.api_error import refusal_reason
from erp_facade.orders.content import differences
from erp_facade.orders.states import State
from erp_ports.errors import (
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
from erp_ports.values import Booked, FindResult, FindState, HandedOver

_DOCUMENTS = ("order", "invoice")
_REFUSALS = {
    RefusalReason.VALIDATION.value: "REFUSED",
    RefusalReason.CREDIT.value: "CREDIT",
    RefusalReason.STOCK.value: "STOCK",
    RefusalReason.PRICE_MISSING.value: "PRICE_MISSING",
    "NOT_FOUND": "NOT_FOUND",
}


_UNKNOWN = {"product": "UNKNOWN_PRODUCT", "customer": "UNKNOWN_CUSTOMER"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The state that a part, or a change, moves to, and what is known with it.

    `outcome` names what happened in one word for the record of attempts. `pause` asks to leave the backend alone for
    some seconds (0: as long as the back-off says); None when there is no reason to.
    """

    state: State
    outcome: str
    detail: str = ""
    document_number: str | None = None
    document: Order | None = None
    refusal_reason: str | None = None
    refusal_message: str | None = None
    evidence: tuple[str, ...] = ()
    pause: float | None = None
    duplicates: tuple[str, ...] = field(default=())
    """Numbers of further bookings with the same reference: an incident."""


def of_answer(ordered: Order, reference: str, answer: Booked | HandedOver) -> Result:
    """Return the result of an attempt that the ERP answered."""
    if isinstance(answer, HandedOver):
        return Result(state=State.HANDED_OVER, outcome="HANDED_OVER", detail=answer.detail)
    return of_booking(ordered, reference, answer)


def of_booking(ordered: Order, reference: str, booked: Booked, outcome: str = "") -> Result:
    """Return BOOKED when the booking holds what was ordered, REVIEW with the differences when it does not."""
    found = differences(ordered, reference, booked)
    outcome = outcome or ("EXISTING" if booked.existing else "BOOKED")
    detail = "; ".join(found) if found else f"booked as {booked.document_number}"
    return Result(
        state=State.REVIEW if found else State.BOOKED,
        outcome="CONTENT_DIFFERS" if found else outcome,
        detail=detail,
        document_number=booked.document_number,
        document=booked.order,
        evidence=tuple(found),
    )


def of_error(error: BaseException, *, dirty: bool) -> Result:
    """Return the result of an attempt that raised; whatever no rule knows is in doubt.

    `dirty`: an earlier attempt may have been executed, so a certain non-execution of this one settles nothing.
    """
    back = State.IN_DOUBT if dirty else State.ACCEPTED
    detail = str(error) or type(error).__name__
    match error:
        case NotFound() if error.kind in _DOCUMENTS:
            return Result(state=State.REVIEW, outcome="DOCUMENT_MISSING", detail=detail, evidence=(detail,))
        case ForeignCurrency():
            # An answer in another currency is an answer: something may have been booked.
            return Result(state=State.IN_DOUBT, outcome="FOREIGN_CURRENCY", detail=detail)
        case Rejected() | NotFound():
            return Result(
                state=State.REJECTED,
                outcome="REFUSED",
                detail=detail,
                refusal_reason=refusal_reason(error),
                refusal_message=error.message,
            )
        case Unavailable() | Throttled():
            outcome = "THROTTLED" if isinstance(error, Throttled) else "UNAVAILABLE"
            return Result(state=back, outcome=outcome, detail=detail, pause=error.retry_after or 0.0)
        case Misconfigured():
            return Result(state=back, outcome="MISCONFIGURED", detail=detail, pause=60.0)
        case Unsupported():
            return Result(state=State.REVIEW, outcome="UNSUPPORTED", detail=detail, evidence=(detail,))
        case OutcomeUnknown() if error.timed_out:
            return Result(state=State.IN_DOUBT, outcome="TIMED_OUT", detail=detail)
        case ErpError():
            return Result(state=State.IN_DOUBT, outcome="UNKNOWN", detail=detail)
        case _:
            return Result(state=State.IN_DOUBT, outcome="UNKNOWN", detail=f"{type(error).__name__}: {detail}")


def of_finding(ordered: Order, reference: str, found: FindResult) -> Result | None:
    """Return the result of a look-up, or None when the ERP has nothing under the reference."""
    match found.state:
        case FindState.BOOKED if len(found.bookings) > 1:
            numbers = tuple(b.document_number for b in found.bookings)
            text = f"booked {len(numbers)} times, as {', '.join(numbers)}"
            return Result(
                state=State.REVIEW,
                outcome="DUPLICATE_FOUND",
                detail=text,
                document_number=numbers[0],
                document=found.bookings[0].order,
                evidence=(text,),
                duplicates=numbers[1:],
            )
        case FindState.BOOKED:
            return of_booking(ordered, reference, found.bookings[0], "FOUND")
        case FindState.HANDED_OVER:
            return Result(state=State.HANDED_OVER, outcome="FOUND_HANDED_OVER")
        case FindState.REFUSED:
            return Result(
                state=State.REJECTED,
                outcome="FOUND_REFUSED",
                detail=found.refusal_message,
                refusal_reason=_UNKNOWN.get(found.refusal_kind) or _REFUSALS.get(found.refusal_reason, "REFUSED"),
                refusal_message=found.refusal_message,
            )
        case FindState.NOT_FOUND:
            return None
