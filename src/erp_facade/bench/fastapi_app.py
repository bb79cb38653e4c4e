"""The alternative over REST: one price endpoint in FastAPI and pydantic, as an engineer would write it by hand.

It does what the facade does for this call: identifies the client, validates, asks the ERP within a deadline, and
leaves a log line and a metric. It knows one ERP and no routes.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from fastapi import Depends, FastAPI, Header, HTTPException
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from erp_facade.bench.fastapi_mapping import from_message, to_message
from erp_facade.bench.fastapi_models import PriceAnswer, PriceRequest, Source
from erp_ports.call import Call
from erp_ports.errors import ErpError, NotFound
from erp_ports.memory import InMemoryErp

_DEADLINE_SECONDS = 9.5
_VALIDITY = dt.timedelta(seconds=900)

AsgiScope = MutableMapping[str, Any]
AsgiReceive = Callable[[], Awaitable[MutableMapping[str, Any]]]
AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Site:
    """What requests are checked against besides their form."""

    business_unit: str
    currencies: frozenset[str]
    plants: frozenset[str]
    units: frozenset[str]
    token_sha256: str


class Telemetry:
    """ASGI middleware that leaves one log line and one measurement of every call."""

    def __init__(self, app: Any, *, log: Any, seconds: Histogram) -> None:
        self._app = app
        self._log = log
        self._seconds = seconds

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        correlation_id = uuid.uuid4().hex
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        status = 500

        async def send_with_id(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-correlation-id", correlation_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            self._seconds.labels(scope["method"], str(status)).observe(seconds)
            self._log.info(
                "call",
                path=scope["path"],
                status=status,
                client=scope["state"].get("client", ""),
                correlation_id=correlation_id,
                ms=round(seconds * 1000, 3),
            )


def build_app(erp: InMemoryErp, site: Site, log: structlog.typing.FilteringBoundLogger) -> FastAPI:
    """Return the application."""
    registry = CollectorRegistry()
    seconds = Histogram("http_request_seconds", "Time of a request.", ("method", "status"), registry=registry)
    app = FastAPI(openapi_url=None)
    app.add_middleware(Telemetry, log=log, seconds=seconds)

    async def identify(request: Request, authorization: Annotated[str, Header()] = "") -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or hashlib.sha256(token.encode()).hexdigest() != site.token_sha256:
            raise HTTPException(401, "a valid bearer token is required")
        request.state.client = "bench"

    @app.post(
        "/v1/businessUnits/{business_unit}:calculatePrices",
        response_model_exclude_none=True,
        dependencies=[Depends(identify)],
    )
    async def calculate_prices(business_unit: str, request: PriceRequest) -> PriceAnswer:
        now = dt.datetime.now(dt.UTC)
        problems = _problems(site, business_unit, request)
        if problems:
            raise HTTPException(400, problems)
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                answer = await erp.calculate_prices(
                    to_message(business_unit, request, now.date()), Call.within(_DEADLINE_SECONDS)
                )
        except NotFound as error:
            raise HTTPException(404, error.message) from error
        except ErpError as error:
            raise HTTPException(503, error.message) from error
        source = Source(backend="legacy", route_version="1", as_of=now)
        return from_message(answer, source, _valid_until(now))

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type="text/plain")

    return app


def _valid_until(now: dt.datetime) -> dt.datetime:
    """Prices hold for a while, and not beyond the day."""
    midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
    return min(now + _VALIDITY, midnight)


def _problems(site: Site, business_unit: str, request: PriceRequest) -> list[str]:
    """Return everything about a well-formed request that does not fit this site."""
    if business_unit != site.business_unit:
        return [f"the business unit {business_unit} does not exist"]
    found: list[str] = []
    parent = f"businessUnits/{business_unit}"
    if not request.customer.startswith(f"{parent}/customers/"):
        found.append("the customer belongs to another business unit")
    if request.currency_code not in site.currencies:
        found.append(f"{request.currency_code} is not a currency of the business unit")
    date = request.pricing_date
    if date is not None:
        try:
            dt.date(date.year, date.month, date.day)
        except ValueError:
            found.append("the pricing date is not a calendar date")
    seen: set[str] = set()
    for index, line in enumerate(request.lines):
        if line.line_id in seen:
            found.append(f"lines[{index}]: the line id {line.line_id} stands there twice")
        seen.add(line.line_id)
        if line.plant not in site.plants:
            found.append(f"lines[{index}]: the plant {line.plant} does not exist")
        if not line.product.startswith(f"{parent}/products/"):
            found.append(f"lines[{index}]: the product belongs to another business unit")
        if line.quantity.unit not in site.units:
            found.append(f"lines[{index}]: the unit {line.quantity.unit} does not exist")
    return found
