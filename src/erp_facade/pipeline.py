"""The one way that every call takes, whichever transport it came by:

identify → authorise → limit → validate → decide and dispatch (the method's handler) → observe
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message

from erp_facade.api_error import ApiError, invalid
from erp_facade.call_meta import CallMeta
from erp_facade.clients import Client, Clients
from erp_facade.context import Context
from erp_facade.observe import Observability
from erp_facade.rate_limit import RateLimit
from erp_facade.store import StoreUnavailable
from erp_facade.validation import ContractRules

Handler = Callable[[Context, Any], Awaitable[Message]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """One method of the contract: its messages, the role it needs, and what serves it.

    `durable` methods are carried to their end when the caller hangs up: what they accepted stays accepted.
    """

    name: str
    request: type[Message]
    response: type[Message]
    role: str
    handler: Handler
    durable: bool = False


class Pipeline:
    """Serves calls of the methods it was built with."""

    def __init__(
        self, methods: Mapping[str, Method], *, clients: Clients, rules: ContractRules, observability: Observability
    ) -> None:
        self.methods = dict(methods)
        self._clients = clients
        self._rules = rules
        self._rate = RateLimit()
        self._observability = observability
        self._log = observability.log

    async def call(self, meta: CallMeta, request: Message) -> Message:
        """Serve one call; raise ApiError when it is refused or fails."""
        started = time.perf_counter()
        client: Client | None = None
        error: ApiError | None = None
        try:
            method = self.methods[meta.method]
            client = self._clients.identify(meta.token)
            self._clients.authorise(client, method.role, meta.method)
            if client.requests_per_second is not None:
                self._rate.take(client)
            violations = self._rules.violations(request)
            if violations:
                raise invalid(violations)
            return await self._serve(method, Context(client=client, meta=meta), request)
        except ApiError as raised:
            error = raised
            raise
        except StoreUnavailable as raised:
            error = _store_unavailable(raised)
            raise error from raised
        except asyncio.CancelledError:
            error = ApiError(grpc.StatusCode.CANCELLED, "CANCELLED", "the caller hung up")
            raise
        except Exception as raised:
            self._log.error("call.fault", method=meta.method, correlation_id=meta.correlation_id, exc_info=raised)
            error = ApiError(
                grpc.StatusCode.INTERNAL,
                "INTERNAL",
                f"a fault of the facade; the log tells more under correlation id {meta.correlation_id}",
                metadata={"correlation_id": meta.correlation_id},
            )
            raise error from raised
        finally:
            self._observe(meta, client, error, time.perf_counter() - started)

    @staticmethod
    async def _serve(method: Method, context: Context, request: Message) -> Message:
        if method.durable:
            # The task outlives a caller who hangs up: an order is accepted as a whole or not at all.
            return await asyncio.shield(asyncio.ensure_future(method.handler(context, request)))
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + context.remaining()):
                return await method.handler(context, request)
        except TimeoutError as raised:
            text = "the deadline passed before there was an answer"
            raise ApiError(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", text) from raised

    def _observe(self, meta: CallMeta, client: Client | None, error: ApiError | None, seconds: float) -> None:
        status = "OK" if error is None else error.code.name
        self._observability.observe_call(meta.method, meta.transport, status, seconds)
        name = client.name if client is not None else ""
        milliseconds = round(seconds * 1000, 3)
        if error is None:
            self._log.info(
                "call", method=meta.method, transport=meta.transport, status=status, client=name,
                correlation_id=meta.correlation_id, traceparent=meta.traceparent, ms=milliseconds,
            )  # fmt: skip
        else:
            self._log.warning(
                "call", method=meta.method, transport=meta.transport, status=status, client=name,
                correlation_id=meta.correlation_id, traceparent=meta.traceparent, ms=milliseconds,
                reason=error.reason, message=error.message, detail=error.detail,
            )  # fmt: skip


def _store_unavailable(raised: StoreUnavailable) -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAVAILABLE,
        "STORE_UNAVAILABLE",
        "the facade's store cannot be used at the moment; nothing was accepted",
        retry_after=1.0,
        detail=str(raised),
    )
