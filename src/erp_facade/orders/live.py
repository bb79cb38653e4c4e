"""Booked documents as their ERPs show them now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import structlog

from erp.v1.orders_pb2 import Order
from erp_facade.orders.clock import Clock
from erp_facade.orders.rows import save_document
from erp_facade.orders.states import State
from erp_facade.orders.view import OrderRows, order_message
from erp_facade.store import Store, StoreUnavailable
from erp_facade.store.times import to_text
from erp_ports.call import Call
from erp_ports.errors import ErpError
from erp_ports.ports import FullAdapter


class LiveDocuments:
    """Reads documents again and keeps what changed, so that lists and stale answers are as fresh as can be."""

    def __init__(
        self,
        *,
        store: Store,
        adapters: Mapping[str, FullAdapter],
        clock: Clock,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._clock = clock
        self._log = log

    async def refresh(self, rows: OrderRows, call: Call) -> Order:
        """Return the order with each document as its ERP shows it now; parts of a silent ERP are marked stale."""
        asked = [p for p in rows.parts if p.document_number and p.state in (State.BOOKED, State.CANCELLED)]
        if not asked:
            return order_message(rows)
        unit = rows.order.business_unit
        documents = await asyncio.gather(*(self._read(unit, part, call) for part in asked))
        read_at = to_text(self._clock.now())
        fresh = {p.part_id: d.SerializeToString() for p, d in zip(asked, documents, strict=True) if d is not None}
        stale = frozenset(p.part_id for p in asked if p.part_id not in fresh)
        for part in asked:
            document = fresh.get(part.part_id)
            if document is not None and document != part.booked_order:
                await self._keep(part, document, read_at)
        parts = [_shown(p, fresh[p.part_id], read_at) if p.part_id in fresh else p for p in rows.parts]
        return order_message(OrderRows(order=rows.order, parts=parts, changes=rows.changes), stale=stale)

    async def _read(self, business_unit: str, part: Any, call: Call) -> Order | None:
        adapter = self._adapters.get(part.target)
        if adapter is None:
            return None
        try:
            return await adapter.get_order(business_unit, part.document_number, call)
        except ErpError as error:
            self._log.warning(
                "order.document_not_read", part=part.part_id, backend=part.target, error=repr(error),
                detail=error.detail, correlation_id=call.correlation_id,
            )  # fmt: skip
            return None

    async def _keep(self, part: Any, document: bytes, read_at: str) -> None:
        try:
            await self._store.write(save_document, part.part_id, part.document_number, document, read_at)
        except StoreUnavailable as error:
            self._log.warning("order.document_not_kept", part=part.part_id, error=str(error))


def _shown(row: Any, document: bytes, read_at: str) -> SimpleNamespace:
    """Return a part's row with its document as just read."""
    return SimpleNamespace(**{**row._mapping, "booked_order": document, "as_of": read_at})
