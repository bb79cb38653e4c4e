"""What a failure of S/4HANA means: one table of message codes, one of HTTP statuses, one of broken connections.

A write is held to more: unless a reply proves that it was not executed, its outcome is unknown.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

import aiohttp
import httpx

from cloud_erp.s4hana.config import Meaning
from cloud_erp.s4hana.wire import Reply, SapMessage, error_messages
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

# Numbers of SAP's message classes V1, VP, VS (sales), M3 (materials), /IWBEP/CM_COS (repeatable requests).
# Systems differ by release and configuration: `messages` of the configuration adds to this and overrides it.
MESSAGES: Mapping[str, Meaning] = MappingProxyType(
    {
        "V1/302": "PRODUCT_UNKNOWN",  # material is not defined for the sales area
        "M3/305": "PRODUCT_UNKNOWN",  # material does not exist
        "M3/351": "PRODUCT_UNKNOWN",  # material is not maintained in the plant
        "V1/382": "PRODUCT_UNKNOWN",  # likewise
        "VS/406": "CUSTOMER_UNKNOWN",  # customer is not created in the sales area
        "VP/199": "CUSTOMER_UNKNOWN",  # sold-to party is not defined for the sales area
        "VP/196": "CUSTOMER_UNKNOWN",  # payer is not maintained for the sales area
        "V1/150": "CREDIT",  # static credit check: limit exceeded
        "V1/151": "CREDIT",
        "V1/152": "CREDIT",  # dynamic credit check
        "V1/153": "CREDIT",
        "V1/154": "CREDIT",  # credit customer blocked
        "V1/801": "PRICE_MISSING",  # mandatory condition is missing
        "V1/042": "LOCKED",  # the document is being processed by another user
        "/IWBEP/CM_COS/005": "OUTCOME_UNKNOWN",  # repeated request id: executed before, its reply is forgotten
    }
)

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "PRODUCT_UNKNOWN": "product",
        "CUSTOMER_UNKNOWN": "customer",
        "PLANT_UNKNOWN": "plant",
        "UNIT_UNKNOWN": "unit",
        "ORDER_UNKNOWN": "order",
        "INVOICE_UNKNOWN": "invoice",
    }
)


class Verdict(enum.Enum):
    """What a status says when no message code says more."""

    BUSINESS = "the ERP refuses"
    MISSING = "what was asked for does not exist"
    ACCESS = "the access is not set up"
    STALE = "it changed meanwhile"
    SLOW_DOWN = "too many requests"
    BUSY = "not able to work now"
    LATE = "no answer in time"
    UNKNOWN = "no rule knows it"


STATUSES: Mapping[int, Verdict] = MappingProxyType(
    {
        400: Verdict.BUSINESS,
        401: Verdict.ACCESS,
        403: Verdict.ACCESS,
        404: Verdict.MISSING,
        405: Verdict.ACCESS,
        406: Verdict.ACCESS,
        408: Verdict.LATE,
        409: Verdict.STALE,
        410: Verdict.MISSING,
        412: Verdict.STALE,
        413: Verdict.BUSINESS,
        415: Verdict.ACCESS,
        422: Verdict.BUSINESS,
        428: Verdict.STALE,
        429: Verdict.SLOW_DOWN,
        501: Verdict.ACCESS,
        503: Verdict.BUSY,
        504: Verdict.LATE,
    }
)


def failure(reply: Reply, *, effect: Effect, kind: str = "", messages: Mapping[str, Meaning] = MESSAGES) -> ErpError:
    """Return the error that a reply other than a success stands for.

    `kind` is what was asked for by its key (`order`, `invoice`, `product`); empty where a 404 can only mean that the
    service is not there.
    """
    said = error_messages(reply.content)
    detail = f"HTTP {reply.status} {reply.content[:1000].decode('utf-8', 'replace')}"
    words = said[0].text if said and said[0].text else f"S/4HANA answered with HTTP {reply.status}"
    verdict = STATUSES.get(reply.status, Verdict.UNKNOWN)
    refused = 400 <= reply.status < 500 and verdict not in (Verdict.LATE, Verdict.UNKNOWN)
    executed_perhaps = effect is Effect.WRITE and not refused
    if not executed_perhaps and verdict is not Verdict.SLOW_DOWN:
        for message in said:
            if message.code in messages:
                return _by_meaning(messages[message.code], message, detail)
        if repeats_nothing(reply):
            return Misconfigured("S/4HANA does not accept repeatable requests", detail=detail)
    return _by_verdict(verdict, reply, said, words, detail, effect, kind)


def _by_meaning(meaning: Meaning, message: SapMessage, detail: str) -> ErpError:
    words = message.text or f"S/4HANA refused with {message.code}"
    if meaning in _KINDS:
        return NotFound(words, kind=_KINDS[meaning], detail=detail)
    if meaning == "LOCKED":
        return Conflict(words, detail=detail)
    if meaning == "OUTCOME_UNKNOWN":
        return OutcomeUnknown(words, detail=detail)
    if meaning == "MISCONFIGURED":
        return Misconfigured(words, detail=detail)
    return Rejected(words, reason=RefusalReason(meaning), source_code=message.code, detail=detail)


def _by_verdict(
    verdict: Verdict,
    reply: Reply,
    said: tuple[SapMessage, ...],
    words: str,
    detail: str,
    effect: Effect,
    kind: str,
) -> ErpError:
    wait = retry_after(reply)
    match verdict:
        case Verdict.BUSINESS if said:
            return Rejected(words, source_code=said[0].code, detail=detail)
        case Verdict.MISSING if kind:
            return NotFound(words, kind=kind, detail=detail)
        case Verdict.MISSING | Verdict.ACCESS:
            return Misconfigured(words, detail=detail)
        case Verdict.STALE:
            return Conflict(words, detail=detail)
        case Verdict.SLOW_DOWN:
            return Throttled("S/4HANA asks to slow down", retry_after=wait, detail=detail)
        # A 503 may come from a proxy that lost the system's answer, so that of a write nothing is known.
        case Verdict.BUSY if effect is not Effect.WRITE and wait is not None:
            return Throttled("S/4HANA is overloaded", retry_after=wait, detail=detail)
        case Verdict.BUSY if effect is not Effect.WRITE:
            return Unavailable("S/4HANA is not able to work now", detail=detail)
        case Verdict.LATE:
            return OutcomeUnknown("S/4HANA did not answer in time", timed_out=True, detail=detail)
        case _:
            return OutcomeUnknown(words, detail=detail)


def repeats_nothing(reply: Reply) -> bool:
    """Say whether the system told that it does not know repeatable requests."""
    return reply.headers.get("RepeatabilityResult", "").lower() == "unsupported"


def retry_after(reply: Reply) -> float | None:
    """Return the seconds of `Retry-After`; a date there counts as one second, an unreadable value as none."""
    raw = reply.headers.get("retry-after", "").strip()
    if not raw:
        return None
    return float(raw) if raw.isascii() and raw.isdecimal() else 1.0


# httpx-aiohttp turns every `ClientConnectionError` into `httpx.ConnectTimeout`, also when the server hangs up after it
# has received the request. Only the cause says whether anything was sent.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ServerFingerprintMismatch)
_LATE = (aiohttp.ServerTimeoutError, TimeoutError)


def broken(problem: Exception) -> ErpError:
    """Return the error that a broken connection stands for: Unavailable only where nothing was sent."""
    cause = problem.__cause__ if isinstance(problem, httpx.HTTPError) and problem.__cause__ else problem
    detail = f"{type(cause).__name__}: {cause}"
    if isinstance(cause, (*_NOT_SENT, httpx.ConnectError, httpx.UnsupportedProtocol)):
        return Unavailable("S/4HANA cannot be reached", detail=detail)
    if isinstance(cause, (*_LATE, httpx.ReadTimeout, httpx.WriteTimeout)):
        return OutcomeUnknown("S/4HANA did not answer in time", timed_out=True, detail=detail)
    return OutcomeUnknown("the connection to S/4HANA broke off", detail=detail)
