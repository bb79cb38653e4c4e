"""ComparisonService of `erp.admin.v1`: what the dual run found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

import grpc

from erp.admin.v1 import comparisons_pb2, routes_pb2
from erp_facade.api_error import ApiError
from erp_facade.comparisons import queries
from erp_facade.comparisons.messages import (
    field_message,
    observation_message,
    scope_message,
    whole_observation_message,
)
from erp_facade.comparisons.queries import Filter
from erp_facade.comparisons.rows import plants_from_text, plants_to_text
from erp_facade.context import Context
from erp_facade.page_token import PageTokens, request_scope
from erp_facade.store import Store
from erp_routing.coverage import Counts
from erp_routing.observation import CoverageScope

_DEFAULT_PAGE = 50
_LARGEST_PAGE = 500


class ComparisonService:
    """Answers from the store; `counts` are the dual run's own, for the comparisons that have not ended."""

    def __init__(self, store: Store, tokens: PageTokens, counts: Callable[[], Mapping[CoverageScope, Counts]]) -> None:
        self._store = store
        self._tokens = tokens
        self._counts = counts

    async def list_observations(
        self, context: Context, request: comparisons_pb2.ListObservationsRequest
    ) -> comparisons_pb2.ListObservationsResponse:
        """Return a page, newest first, without the answers."""
        scope = request_scope(request)
        before = str(self._tokens.read(request.page_token, scope)["before"]) if request.page_token else ""
        limit = min(request.page_size or _DEFAULT_PAGE, _LARGEST_PAGE)
        wanted = Filter(
            business_unit=request.business_unit,
            plant=request.plant,
            capability=_capability(request.capability),
            comparison_class=comparisons_pb2.ComparisonClass.Name(request.comparison_class)
            if request.comparison_class
            else "",
            correlation_id=request.correlation_id,
        )
        rows = await self._store.read(queries.page, wanted, before, limit + 1)
        response = comparisons_pb2.ListObservationsResponse(
            observations=[observation_message(row) for row in rows[:limit]]
        )
        if len(rows) > limit:
            response.next_page_token = self._tokens.issue(scope, {"before": rows[limit - 1].id})
        return response

    async def get_observation(
        self, context: Context, request: comparisons_pb2.GetObservationRequest
    ) -> comparisons_pb2.Observation:
        """Return one observation with the request and both answers; raise NOT_FOUND when there is none."""
        row = await self._store.read(queries.one, request.name.rpartition("/")[2])
        if row is None:
            raise ApiError(
                grpc.StatusCode.NOT_FOUND,
                "NOT_FOUND",
                f"there is no {request.name}",
                resource=("erp.admin.v1/Observation", request.name),
            )
        return whole_observation_message(row)

    async def summarize_observations(
        self, context: Context, request: comparisons_pb2.SummarizeObservationsRequest
    ) -> comparisons_pb2.SummarizeObservationsResponse:
        """Return the counts by scope and by field."""
        wanted = Filter(
            business_unit=request.business_unit, plant=request.plant, capability=_capability(request.capability)
        )
        scopes: defaultdict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
        for row in await self._store.read(queries.scope_counts, wanted):
            scopes[row.business_unit, row.plants, row.capability][row.kind] = row.number
        pending = {
            (scope.business_unit, plants_to_text(scope.plants), str(scope.capability)): counts.pending
            for scope, counts in self._counts().items()
            if counts.pending and _includes(wanted, scope)
        }
        fields = await self._store.read(queries.field_counts, wanted)
        return comparisons_pb2.SummarizeObservationsResponse(
            scopes=[
                scope_message(unit, plants_from_text(plants), capability, scopes.get(key, {}), pending.get(key, 0))
                for key in sorted({*scopes, *pending})
                for unit, plants, capability in (key,)
            ],
            fields=[field_message(found) for found in fields],
        )


def _capability(value: int) -> str:
    return routes_pb2.Capability.Name(value) if value else ""  # type: ignore[arg-type]


def _includes(wanted: Filter, scope: CoverageScope) -> bool:
    return (
        wanted.business_unit in ("", scope.business_unit)
        and wanted.capability in ("", scope.capability)
        and (not wanted.plant or wanted.plant in scope.plants)
    )
