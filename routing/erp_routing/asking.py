"""Asking one ERP on behalf of the dual run: every outcome is a value, and none takes longer than the deadline."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from google.protobuf.message import Message

from erp_ports.call import Call
from erp_ports.errors import ErpError, OutcomeUnknown, Unsupported
from erp_ports.operations import Operation
from erp_ports.ports import ShadowAdapter

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an ERP said or how it failed, how long it took, and when it ended (`time.monotonic()`)."""

    outcome: Message | ErpError
    seconds: float
    ended: float


async def ask(
    adapter: ShadowAdapter | None,
    operation: Operation,
    request: Message,
    *,
    seconds: float,
    correlation_id: str,
    traceparent: str,
) -> Asked:
    """Ask, and give up after `seconds`. An unexpected exception is an outcome too: it must not end the worker."""
    started = time.monotonic()
    outcome: Message | ErpError
    if adapter is None or not adapter.declaration.offers(operation):
        outcome = Unsupported(f"the backend does not offer {operation}")
        return Asked(outcome=outcome, seconds=0.0, ended=started)
    method: Callable[[Message, Call], Awaitable[Message]] = getattr(adapter, operation)
    call = Call(deadline=started + seconds, correlation_id=correlation_id, traceparent=traceparent)
    try:
        async with asyncio.timeout(seconds):
            outcome = await method(request, call)
    except ErpError as error:
        outcome = error
    except TimeoutError:
        outcome = OutcomeUnknown(f"no answer within {seconds:g} s", timed_out=True)
    except Exception as error:
        _log.exception("dual_run.ask_failed", extra={"operation": operation, "correlation_id": correlation_id})
        outcome = OutcomeUnknown(f"the adapter failed: {type(error).__name__}")
    ended = time.monotonic()
    return Asked(outcome=outcome, seconds=ended - started, ended=ended)
