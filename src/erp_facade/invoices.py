"""Invoices: one from the ERP that owns it, lists merged over all ERPs of the business unit."""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
import itertools
from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Connection, select

from erp.v1.invoices_pb2 import GetInvoiceRequest, Invoice, ListInvoicesRequest, ListInvoicesResponse
from erp_facade.api_error import ApiError, Violation, from_erp_error, invalid
from erp_facade.backends import Backend
from erp_facade.checks import selling_unit
from erp_facade.context import Context
from erp_facade.observe import Observability
from erp_facade.page_token import PageTokens
from erp_facade.route_service import Routes
from erp_facade.site import Site
from erp_facade.store import Store
from erp_facade.store.schema import order_parts, orders
from erp_ports.amounts import to_date
from erp_ports.errors import ErpError, Misconfigured
from erp_ports.names import business_unit_of, invoice_name, last_segment, native_parts, order_name
from erp_ports.values import InvoiceQuery, KeyedInvoice

_DEFAULT_PAGE, _LARGEST_PAGE = 50, 500
Cursor = tuple[dt.date, str]


class InvoiceReads:
    """Serves GetInvoice and ListInvoices."""

    def __init__(
        self,
        *,
        site: Site,
        backends: dict[str, Backend],
        routes: Routes,
        store: Store,
        tokens: PageTokens,
        observability: Observability,
    ) -> None:
        self._site = site
        self._backends = backends
        self._routes = routes
        self._store = store
        self._tokens = tokens
        self._observability = observability

    async def get_invoice(self, context: Context, request: GetInvoiceRequest) -> Invoice:
        """Return an invoice from the ERP that its name says."""
        unit = business_unit_of(request.name)
        _known_unit(self._site, request.name, "name")
        parts = native_parts(request.name)
        backend = self._backends.get(parts[0]) if parts else None
        if parts is None or backend is None:
            raise _not_found(request.name)
        try:
            invoice = await backend.live.get_invoice(unit, parts[1], context.call())
        except ErpError as error:
            told = from_erp_error(error, backend.name)
            if told.code is grpc.StatusCode.NOT_FOUND:
                raise _not_found(request.name) from error
            raise told from error
        invoice.name = request.name
        await self._complete(unit, backend.name, [invoice])
        return invoice

    async def list_invoices(self, context: Context, request: ListInvoicesRequest) -> ListInvoicesResponse:
        """Return one page over all backends, newest first; name the silent ones."""
        unit = business_unit_of(request.parent)
        _known_unit(self._site, request.parent, "parent")
        limit = min(request.page_size or _DEFAULT_PAGE, _LARGEST_PAGE)
        scope = f"invoices|{request.parent}|{request.customer}|{request.order}"
        cursors = self._cursors(request, scope)
        wanted = await self._wanted(request, unit, cursors)
        call = context.call()

        async def ask(name: str, document: str) -> Sequence[KeyedInvoice] | ErpError:
            query = InvoiceQuery(
                business_unit=unit,
                limit=limit + 1,
                customer=last_segment(request.customer) if request.customer else "",
                order_document_number=document,
                after=cursors.get(name),
            )
            backend = self._backends.get(name)
            if backend is None:
                return Misconfigured(f"a route or an order names the backend {name}, which is not configured")
            try:
                return await backend.live.list_invoices(query, call)
            except ErpError as error:
                return error

        answers = await asyncio.gather(*(ask(n, d) for n, d in wanted))
        pages: dict[str, list[KeyedInvoice]] = {}
        silent: list[str] = []
        for (name, _), answer in zip(wanted, answers, strict=True):
            if isinstance(answer, ErpError):
                silent.append(name)
                self._observability.log.warning(
                    "invoices.backend_silent", backend=name, error=type(answer).__name__, message=answer.message,
                    detail=answer.detail, correlation_id=context.meta.correlation_id,
                )  # fmt: skip
            else:
                pages.setdefault(name, []).extend(answer)
        response = ListInvoicesResponse(unreachable=sorted(set(silent)))
        merged = heapq.merge(
            *(sorted(((k, n) for k in page), key=_order, reverse=True) for n, page in pages.items()),
            key=_order,
            reverse=True,
        )
        shown = list(itertools.islice(merged, limit + 1))
        more = len(shown) > limit
        for keyed, name in shown[:limit]:
            keyed.invoice.name = invoice_name(unit, name, keyed.native_key)
            response.invoices.append(keyed.invoice)
            cursors[name] = (to_date(keyed.invoice.invoice_date), keyed.native_key)
        for name in pages:
            of_backend = [i for i, (_, n) in zip(response.invoices, shown, strict=False) if n == name]
            await self._complete(unit, name, of_backend)
        if more:
            fields = {name: [date.isoformat(), key] for name, (date, key) in cursors.items()}
            response.next_page_token = self._tokens.issue(scope, fields)
        return response

    def _cursors(self, request: ListInvoicesRequest, scope: str) -> dict[str, Cursor]:
        if not request.page_token:
            return {}
        fields = self._tokens.read(request.page_token, scope)
        return {name: (dt.date.fromisoformat(date), key) for name, (date, key) in fields.items()}

    async def _wanted(
        self, request: ListInvoicesRequest, unit: str, cursors: dict[str, Cursor]
    ) -> list[tuple[str, str]]:
        """Return which backends are asked, each with the order document that the invoices must belong to."""
        if not request.order:
            return [(name, "") for name in self._routes.current.backends_for_invoices(unit)]
        native = native_parts(request.order)
        if native is not None:
            return [native] if native[0] in self._backends else []
        order_id = last_segment(request.order)

        def work(connection: Connection) -> list[tuple[str, str]]:
            query = select(order_parts.c.target, order_parts.c.document_number).where(
                order_parts.c.order_id == order_id, order_parts.c.document_number.is_not(None)
            )
            return [(target, number) for target, number in connection.execute(query)]

        return await self._store.read(work)

    async def _complete(self, unit: str, backend: str, invoices: Sequence[Invoice]) -> None:
        """Fill in who answered, and the name of each order that was created here."""
        if not invoices:
            return
        numbers = {i.order_document_number for i in invoices if i.order_document_number}

        def work(connection: Connection) -> dict[str, str]:
            query = (
                select(order_parts.c.document_number, orders.c.id)
                .join(orders, orders.c.id == order_parts.c.order_id)
                .where(
                    order_parts.c.target == backend,
                    orders.c.business_unit == unit,
                    order_parts.c.document_number.in_(numbers),
                )
            )
            return dict(connection.execute(query).all())

        names = await self._store.read(work) if numbers else {}
        now = Timestamp()
        now.GetCurrentTime()
        for invoice in invoices:
            invoice.source.backend = backend
            invoice.source.route_version = self._routes.current.version
            invoice.source.as_of.CopyFrom(now)
            if invoice.order_document_number in names:
                invoice.order = order_name(unit, names[invoice.order_document_number])


def _order(entry: tuple[KeyedInvoice, str]) -> tuple[Any, ...]:
    keyed, backend = entry
    return (to_date(keyed.invoice.invoice_date), backend, keyed.native_key)


def _known_unit(site: Site, name: str, field: str) -> None:
    unit = selling_unit(site, name, field)
    if isinstance(unit, Violation):
        raise invalid([unit])


def _not_found(name: str) -> ApiError:
    return ApiError(
        grpc.StatusCode.NOT_FOUND, "INVOICE_NOT_FOUND", f"there is no invoice {name}", resource=("erp.v1/Invoice", name)
    )
