"""Orders as the pipeline's handlers use them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

import orjson
import structlog

from erp.admin.v1.documents_pb2 import TraceEntry, TraceOrderResponse
from erp.v1.common_pb2 import Source
from erp.v1.orders_pb2 import (
    CancelOrderRequest,
    CreateOrderRequest,
    ListOrdersRequest,
    ListOrdersResponse,
    Order,
)
from erp_facade.api_error import ApiError, from_erp_error
from erp_facade.call_meta import CallMeta
from erp_facade.orders import refusals
from erp_facade.orders.acceptance import NewOrder, accept, decided_by_caller
from erp_facade.orders.cancel import NewCancel, accept_cancel
from erp_facade.orders.changes import ChangeSender
from erp_facade.orders.claim import Claimer
from erp_facade.orders.clock import Clock, SystemClock
from erp_facade.orders.dispatch import Sender
from erp_facade.orders.dispatcher import Dispatcher
from erp_facade.orders.fingerprint import fingerprint
from erp_facade.orders.ids import Ulids
from erp_facade.orders.keys import (
    Key,
    Known,
    instant,
    known_change,
    known_order,
    require_same,
    require_within_retention,
)
from erp_facade.orders.lanes import Lanes
from erp_facade.orders.live import LiveDocuments
from erp_facade.orders.lookup import Finder
from erp_facade.orders.options import OrderOptions
from erp_facade.orders.references import References
from erp_facade.orders.rows import ListQuery, count_open, list_rows, read_events, read_order
from erp_facade.orders.shadowing import Shadowing, StartShadowBooking
from erp_facade.orders.states import State
from erp_facade.orders.view import order_message, timestamp
from erp_facade.orders.waiting import released_within
from erp_facade.store import Store
from erp_ports.call import Call
from erp_ports.errors import ErpError, NotFound
from erp_ports.names import business_unit_of, last_segment, native_parts
from erp_ports.ports import FullAdapter

T = TypeVar("T")
Check = Callable[[CreateOrderRequest], Awaitable[Order]]
"""The checks against clock and configuration: returns the order with every default filled in, or raises ApiError."""

_DEFAULT_PAGE, _LARGEST_PAGE = 50, 500
_ANSWER_SECONDS = 0.1
"""What is left of a caller's time for the answer itself."""


class Tokens(Protocol):
    """Makes page tokens that only this facade can have made."""

    def issue(self, scope: str, fields: Mapping[str, Any]) -> str: ...

    def read(self, token: str, scope: str) -> Mapping[str, Any]: ...


class Orders:
    """Accepts, shows, lists and cancels orders; `dispatcher` sends them.

    `deployment_key` makes the references that are written into ERPs: it must stay the same for ever. `wait_seconds`
    is the longest that a call waits for the booking, whatever its deadline allows.
    """

    def __init__(
        self,
        *,
        store: Store,
        adapters: Mapping[str, FullAdapter],
        deployment_key: bytes,
        tokens: Tokens,
        log: structlog.typing.FilteringBoundLogger,
        options: OrderOptions | None = None,
        clock: Clock | None = None,
        shadow_booking: StartShadowBooking | None = None,
        wait_seconds: float = 30.0,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._tokens = tokens
        self._log = log
        self._options = options = options or OrderOptions()
        self._clock = clock = clock or SystemClock()
        self._wait_seconds = wait_seconds
        self._ids = Ulids()
        self._references = References(deployment_key, first_number=options.first_reference_number)
        self._live = LiveDocuments(store=store, adapters=adapters, clock=clock, log=log)
        self._accepting: set[asyncio.Task[Any]] = set()
        owner = secrets.token_hex(8)
        lanes = Lanes(adapters, options.backend_workers, clock.monotonic)
        claimer = Claimer(
            adapters=adapters,
            references=self._references,
            clock=clock,
            owner=owner,
            lease_seconds=options.lease_seconds,
        )
        sender = Sender(
            store=store,
            adapters=adapters,
            clock=clock,
            options=options,
            shadowing=Shadowing(shadow_booking, clock.monotonic, log),
            rest=lanes.rest,
            log=log,
        )
        self.dispatcher = Dispatcher(
            store=store,
            claimer=claimer,
            sender=sender,
            finder=Finder(store=store, adapters=adapters, clock=clock, options=options, log=log),
            changes=ChangeSender(
                store=store,
                adapters=adapters,
                clock=clock,
                options=options,
                sender=sender,
                rest=lanes.rest,
                owner=owner,
                log=log,
            ),
            lanes=lanes,
            clock=clock,
            options=options,
            owner=owner,
            log=log,
        )

    # ------------------------------------------------------------------------------------------------------ writing

    async def create(self, request: CreateOrderRequest, *, client: str, meta: CallMeta, check: Check) -> Order:
        """Accept an order durably and wait for its booking as long as the caller's deadline allows.

        A repetition with the same content returns the same order with `replayed` set; `check` runs for new orders
        only. Raises ApiError when nothing was accepted; StoreUnavailable likewise.
        """
        key = _key(client, "CreateOrder", request.parent, request.request_id)
        print_ = fingerprint(request)
        now = self._clock.now()
        first_sent = instant(request, "first_sent_time")
        try:
            require_within_retention(first_sent, now, self._options.key_retention)
            order = decided_by_caller(await check(request))
        except ApiError:
            # A known key is replayed, whatever a check says by now. New orders are by far the most, so the key is
            # looked up only here and, for all others, by the insert itself.
            known = await self._store.read(known_order, key)
            if known is None:
                raise
            return await self._replay_order(known, request, print_)
        new = NewOrder(
            id=self._ids.next(now),
            key=key,
            fingerprint=print_,
            order=order,
            correlation_id=meta.correlation_id,
            traceparent=meta.traceparent,
            first_sent=first_sent,
            now=now,
            duplicate_window=self._options.duplicate_window,
        )
        with self.dispatcher.waiting.watch(new.id) as settled:
            known = await self._to_the_end(self._accept(new))
            if known is not None:
                return await self._replay_order(known, request, print_)
            await self._wait(settled, meta)
        return await self._present(key.business_unit, new.id)

    async def _accept(self, new: NewOrder) -> Known | None:
        claimer, closed = self.dispatcher.claimer_now()
        accepted = await self._store.write(accept, new, claimer, closed)
        if isinstance(accepted, Known):
            return accepted
        self.dispatcher.accepted(new.id, accepted, claimed=claimer is not None)
        return None

    async def cancel(self, request: CancelOrderRequest, *, client: str, meta: CallMeta) -> Order:
        """Cancel an order here if it was never sent, else in its ERP, waiting as long as the deadline allows.

        Raises ApiError when the order's state forbids it; the order's `changes` tell what became of the rest.
        """
        key = _key(client, "CancelOrder", request.name, request.request_id)
        print_ = fingerprint(request)
        known = await self._store.read(known_change, key)
        if known is not None:
            return await self._replay_change(known, request, print_)
        if native_parts(request.name) is not None:
            raise refusals.not_created_here(request.name)
        now = self._clock.now()
        new = NewCancel(
            id=self._ids.next(now),
            key=key,
            fingerprint=print_,
            request=request,
            correlation_id=meta.correlation_id,
            traceparent=meta.traceparent,
            first_sent=instant(request, "first_sent_time"),
            now=now,
            retention=self._options.key_retention,
        )
        with self.dispatcher.waiting.watch(new.id) as settled:
            accepted = await self._to_the_end(self._accept_cancel(new))
            if isinstance(accepted, Known):
                return await self._replay_change(accepted, request, print_)
            if accepted is not None:
                await self._wait(settled, meta)
        return await self._present(key.business_unit, last_segment(request.name))

    async def _accept_cancel(self, new: NewCancel) -> Known | str | None:
        accepted = await self._store.write(accept_cancel, new, self._adapters, self._references)
        if accepted is None:
            self.dispatcher.told(last_segment(new.request.name), State.CANCELLED)
        elif isinstance(accepted, str):
            self.dispatcher.wake_change(accepted)
        return accepted

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the work even when the caller is cancelled: an order that is accepted is also sent."""
        task = asyncio.create_task(work)
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)
        return await asyncio.shield(task)

    # ------------------------------------------------------------------------------------------------------ reading

    async def get(self, name: str, *, call: Call) -> Order:
        """Return the order with its present state in the ERPs that own its parts; raise ApiError when there is none."""
        native = native_parts(name)
        if native is not None:
            return await self._native(name, *native, call)
        rows = await self._store.read(read_order, business_unit_of(name), last_segment(name))
        if rows is None:
            raise refusals.order_not_found(name)
        return await self._live.refresh(rows, call)

    async def _native(self, name: str, backend: str, document_number: str, call: Call) -> Order:
        adapter = self._adapters.get(backend)
        if adapter is None:
            raise refusals.order_not_found(name)
        try:
            order = await adapter.get_order(business_unit_of(name), document_number, call)
        except NotFound as error:
            raise refusals.order_not_found(name) from error
        except ErpError as error:
            raise from_erp_error(error, backend) from error
        order.name = name
        source = Source(backend=backend)
        source.as_of.FromDatetime(self._clock.now())
        for line in order.lines:
            line.source.CopyFrom(source)
        for part in order.parts:
            part.source.CopyFrom(source)
        return order

    async def list(self, request: ListOrdersRequest) -> ListOrdersResponse:
        """Return a page of the orders created here, newest first, without asking any ERP."""
        limit = min(request.page_size or _DEFAULT_PAGE, _LARGEST_PAGE)
        state = Order.SubmissionState.Name(request.submission_state) if request.submission_state else ""
        scope = f"orders|{request.parent}|{request.customer}|{request.purchase_order_number}|{state}"
        after = None
        if request.page_token:
            fields = self._tokens.read(request.page_token, scope)
            after = (str(fields["time"]), str(fields["id"]))
        query = ListQuery(
            business_unit=last_segment(request.parent),
            limit=limit + 1,
            customer=last_segment(request.customer),
            purchase_order_number=request.purchase_order_number,
            state=state,
            after=after,
        )
        found = await self._store.read(list_rows, query)
        response = ListOrdersResponse(orders=map(order_message, found[:limit]))
        if len(found) > limit:
            last = found[limit - 1].order
            response.next_page_token = self._tokens.issue(scope, {"time": last.create_time, "id": last.id})
        return response

    async def trace(self, name: str) -> TraceOrderResponse:
        """Return the order and everything that happened to it, oldest first; raise ApiError when there is none."""
        rows = await self._store.read(read_order, business_unit_of(name), last_segment(name))
        if rows is None:
            raise refusals.order_not_found(name)
        response = TraceOrderResponse(order=order_message(rows))
        for row in await self._store.read(read_events, rows.order.id):
            event = orjson.loads(row.data)
            data = event["data"]
            entry = TraceEntry(
                sequence=row.sequence,
                event=event["type"],
                part_id=data["part_id"],
                submission_state=State(data["submission_state"]).message,
                actor=data["actor"],
                detail=data["detail"],
            )
            entry.event_time.CopyFrom(timestamp(event["time"]))
            response.entries.append(entry)
        return response

    async def open_counts(self) -> dict[str, int]:
        """Return how many orders are in each state that is not final."""
        return await self._store.read(count_open)

    # ------------------------------------------------------------------------------------------------------ helpers

    async def _replay_order(self, known: Known, request: CreateOrderRequest, print_: str) -> Order:
        require_same(known, request, request.request_id, print_)
        return await self._present(last_segment(request.parent), known.order_id, replayed=True)

    async def _replay_change(self, known: Known, request: CancelOrderRequest, print_: str) -> Order:
        require_same(known, request, request.request_id, print_)
        return await self._present(business_unit_of(request.name), known.order_id, replayed=True)

    async def _present(self, business_unit: str, order_id: str, *, replayed: bool = False) -> Order:
        rows = await self._store.read(read_order, business_unit, order_id)
        assert rows is not None, "accepted orders are never removed"
        return order_message(rows, replayed=replayed)

    async def _wait(self, settled: asyncio.Event, meta: CallMeta) -> None:
        if self.dispatcher.running:
            left = meta.deadline - self._clock.monotonic() - _ANSWER_SECONDS
            await released_within(settled, min(left, self._wait_seconds))


def _key(client: str, method: str, name: str, request_id: str) -> Key:
    return Key(client=client, method=method, business_unit=business_unit_of(name), request_id=request_id)
