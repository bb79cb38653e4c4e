"""Keeps observations in the store: many in one transaction, built away from the event loop and from the writer."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, text

from erp_facade.comparisons.rows import observation_row, plants_to_text
from erp_facade.orders.ids import Ulids
from erp_facade.store import Store
from erp_facade.store.schema import observations
from erp_routing.observation import CoverageScope, LeftOut, Observation

_log = logging.getLogger(__name__)
_INSERT = insert(observations)
_COUNT = text(
    "INSERT INTO coverage (business_unit, plants, capability, kind, count)"
    " VALUES (:business_unit, :plants, :capability, :kind, :count)"
    " ON CONFLICT (business_unit, plants, capability, kind) DO UPDATE SET count = coverage.count + excluded.count"
)
_Batch = Sequence[tuple[Observation, asyncio.Future[None]]]


class StoreSink:
    """Collects observations for a moment, then writes them together.

    The classes are counted per scope in the same transaction, beside the calls that were left out, so that a summary
    never has to go through the observations. `observed` is called with each observation that is durable.
    """

    def __init__(
        self,
        store: Store,
        *,
        flush_seconds: float = 0.2,
        batch: int = 200,
        observed: Callable[[Observation], None] = lambda observation: None,
    ) -> None:
        self._store = store
        self._flush_seconds = flush_seconds
        self._batch = batch
        self._observed = observed
        self._ids = Ulids()
        self._buffer: list[tuple[Observation, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def store(self, observation: Observation) -> None:
        """Return when the observation is durable; raise what the store raises."""
        future = asyncio.get_running_loop().create_future()
        self._buffer.append((observation, future))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        await future

    async def count(self, left_out: Mapping[tuple[CoverageScope, LeftOut], int]) -> None:
        """Add to the counts of calls that were left out."""
        rows = [_count_row(scope, str(why), number) for (scope, why), number in left_out.items()]
        await self._store.write(_add_counts, rows)

    async def close(self) -> None:
        """Wait until everything that was given is written."""
        if self._flusher is not None:
            await self._flusher

    async def _flush(self) -> None:
        await asyncio.sleep(self._flush_seconds)
        while self._buffer:
            batch, self._buffer = self._buffer[: self._batch], self._buffer[self._batch :]
            await self._write(batch)
        self._flusher = None

    async def _write(self, batch: _Batch) -> None:
        try:
            ids = [self._ids.next(observation.observe_time) for observation, _ in batch]
            rows = await asyncio.to_thread(_rows, ids, [observation for observation, _ in batch])
            await self._store.write(_add_observations, *rows)
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for observation, future in batch:
            if not future.done():
                future.set_result(None)
            try:
                self._observed(observation)
            except Exception:
                _log.exception("comparisons.observed_failed", extra={"correlation_id": observation.correlation_id})


def _rows(ids: Sequence[str], kept: Sequence[Observation]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows = [observation_row(i, observation) for i, observation in zip(ids, kept, strict=True)]
    counts = Counter((observation.scope, str(observation.comparison_class)) for observation in kept)
    return rows, [_count_row(scope, kind, number) for (scope, kind), number in counts.items()]


def _count_row(scope: CoverageScope, kind: str, count: int) -> dict[str, Any]:
    return {
        "business_unit": scope.business_unit,
        "plants": plants_to_text(scope.plants),
        "capability": str(scope.capability),
        "kind": kind,
        "count": count,
    }


def _add_observations(connection: Connection, rows: list[dict[str, Any]], counts: list[dict[str, Any]]) -> None:
    connection.execute(_INSERT, rows)
    _add_counts(connection, counts)


def _add_counts(connection: Connection, counts: list[dict[str, Any]]) -> None:
    connection.execute(_COUNT, counts)
