"""The HTTP server of the stand-in: authentication, CSRF, faults, and what is seeded for a call."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import unquote

from aiohttp import web

from erp_sandbox import keys
from erp_sandbox.cloud.books import Books
from erp_sandbox.cloud.control import Control
from erp_sandbox.cloud.dispatch import ODataRequest, answer
from erp_sandbox.cloud.faults import FaultBox
from erp_sandbox.cloud.messages import SapError, Text, message, refused
from erp_sandbox.cloud.ordering import Clerk
from erp_sandbox.cloud.repeatability import once
from erp_sandbox.cloud.replies import Reply, error_reply, text_reply
from erp_sandbox.cloud.seeding import CallSeeds
from erp_sandbox.cloud.services.availability import AvailabilityService
from erp_sandbox.cloud.services.billing import BillingService
from erp_sandbox.cloud.services.masters import BusinessPartnerService, ProductService
from erp_sandbox.cloud.services.open_items import OpenItemService
from erp_sandbox.cloud.services.sales_order import SalesOrderService
from erp_sandbox.cloud.services.service import Call, Service
from erp_sandbox.cloud.services.simulation import SimulationService
from erp_sandbox.cloud.sessions import COOKIE, Sessions
from erp_sandbox.cloud.setup import Setup, User
from erp_sandbox.cloud.store import Store

_ROOT = "/sap/opu/odata/sap/"
_CONTROL = "/sandbox/"
_SAFE = ("GET", "HEAD")
_HOLD_SECONDS = 30.0
_LOOK_SECONDS = 0.05


class Server:
    """Every request comes through `handle`."""

    def __init__(self, setup: Setup, store: Store, books: Books) -> None:
        self._setup = setup
        self._store = store
        self._books = books
        self._sessions = Sessions(setup)
        self._faults = FaultBox()
        self._control = Control(setup, books, self._sessions, self._faults)
        self._services = _services(setup, books)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if path.startswith(_CONTROL):
            return _sent(await self._answer_control(request, path))
        faults = self._faults.now
        if faults.slow:
            await asyncio.sleep(faults.slow)
        if faults.cut:
            return _cut(request)
        if faults.down:
            return _sent(error_reply(refused(Text.UNAVAILABLE, status=HTTPStatus.SERVICE_UNAVAILABLE)))
        if faults.throttling is not None:
            headers = {"Retry-After": str(faults.throttling)}
            return _sent(error_reply(SapError(HTTPStatus.TOO_MANY_REQUESTS, [message(Text.THROTTLED)], headers)))
        return await self._answer_odata(request, path)

    async def _answer_control(self, request: web.BaseRequest, path: str) -> Reply:
        token, _, rest = path.removeprefix(_CONTROL).partition("/")
        if not secrets.compare_digest(token, self._setup.control_token):
            return text_reply(HTTPStatus.UNAUTHORIZED, "", "text/plain")
        return await self._control.answer(request.method, rest, request.query, await request.read())

    async def _answer_odata(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        user = self._sessions.user(request.headers.get("Authorization", ""))
        if user is None:
            challenge = {"WWW-Authenticate": 'Basic realm="SAP NetWeaver Application Server"'}
            return _sent(text_reply(HTTPStatus.UNAUTHORIZED, "Logon failed", "text/plain", challenge))
        body = await request.read()
        headers: dict[str, str] = {}
        token = request.headers.get("x-csrf-token", "")
        if request.method in _SAFE:
            if token.lower() == "fetch":
                headers = self._fetched(user, request.cookies)
        elif not self._sessions.accepts(user, request.cookies, token):
            required = {"x-csrf-token": "Required"}
            return _sent(text_reply(HTTPStatus.FORBIDDEN, "CSRF token validation failed", "text/plain", required))
        name, _, rest = path.removeprefix(_ROOT).partition("/")
        service = self._services.get(unquote(name).partition(";")[0]) if path.startswith(_ROOT) else None
        if service is None:
            return _sent(error_reply(refused(Text.SERVICE_UNKNOWN, name, status=HTTPStatus.NOT_FOUND)))
        is_write = service.books and request.method not in _SAFE and user.name == self._setup.live.name
        if is_write and (delay := self._faults.delay_of_write()):
            await asyncio.sleep(delay)
        seeds = self._seeds_for(request, user)
        reply = self._execute(_odata_request(request, rest, path, body), service, user, seeds)
        self._control.applied.update(((each.seed_id, each.correlation_id), each) for each in seeds.applied)
        if seeds.hold:
            await _hold(request)
        if is_write and self._faults.drops_reply():
            return _cut(request)
        return _sent(replace(reply, headers={**reply.headers, **headers}))

    def _fetched(self, user: User, cookies: Mapping[str, str]) -> dict[str, str]:
        session, token = self._sessions.fetch(user, cookies)
        return {"x-csrf-token": token, "Set-Cookie": f"{COOKIE}={session}; path=/; HttpOnly"}

    def _seeds_for(self, request: web.BaseRequest, user: User) -> CallSeeds:
        return CallSeeds(
            self._setup.seeds,
            correlation_id=request.headers.get("X-Correlation-ID", ""),
            shadow=user.name == self._setup.shadow.name,
        )

    def _execute(self, request: ODataRequest, service: Service, user: User, seeds: CallSeeds) -> Reply:
        """Answer the request in one go: nothing else happens in the ERP meanwhile."""
        call = Call(user=user.name, seeds=seeds)
        page_size = self._setup.settings.page_size
        try:
            if request.method in _SAFE or not service.books:
                return answer(request, service, call, page_size)
            if user.name != self._setup.live.name:
                raise refused(Text.NOT_AUTHORISED, status=HTTPStatus.FORBIDDEN)
            with self._books.transaction():
                if request.method != "POST":
                    return answer(request, service, call, page_size)
                settings = self._setup.settings
                return once(
                    request.headers,
                    user.name,
                    settings,
                    self._store,
                    lambda: answer(request, service, call, page_size),
                )
        except SapError as error:
            return error_reply(error)


def _services(setup: Setup, books: Books) -> dict[str, Service]:
    clerk = Clerk(setup, books)
    services: tuple[Service, ...] = (
        SalesOrderService(setup, books, clerk),
        SimulationService(setup, clerk),
        AvailabilityService(setup, books),
        BillingService(books, keys.CLOUD_SALES_ORGANIZATION),
        OpenItemService(books),
        ProductService(setup),
        BusinessPartnerService(setup),
    )
    return {service.schema.service: service for service in services}


def _odata_request(request: web.BaseRequest, rest: str, path: str, body: bytes) -> ODataRequest:
    origin = f"{request.scheme}://{request.host}"
    service = path[: len(path) - len(rest)].rstrip("/")
    return ODataRequest(
        method=request.method,
        path=rest,
        url=f"{origin}{path}",
        service_url=f"{origin}{service}",
        options=request.query,
        headers=request.headers,
        body=body,
    )


def _sent(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, headers=reply.headers, body=reply.body)


def _cut(request: web.BaseRequest) -> web.Response:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _hold(request: web.BaseRequest) -> None:
    """Wait for the time of the `timeout` seed, but not longer than the caller does."""
    for _ in range(int(_HOLD_SECONDS / _LOOK_SECONDS)):
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(_LOOK_SECONDS)
