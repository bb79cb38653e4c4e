"""Does the access to a system work: services, permissions, the fields that are needed. Nothing is written."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from types import MappingProxyType

from cloud_erp.s4hana.config import S4Config
from cloud_erp.s4hana.gateway import Gateway
from erp_ports.call import Call
from erp_ports.errors import ErpError
from erp_ports.plugin import Credential
from erp_ports.values import CheckResult

_NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "simulation": (
            "SalesOrderType", "SoldToParty", "TransactionCurrency", "PricingDate", "RequestedDeliveryDate", "Material",
            "Plant", "RequestedQuantity", "RequestedQuantityUnit", "NetAmount", "ConditionType", "ConditionRateValue",
            "ConditionQuantity", "ConditionAmount", "ConditionClass", "ConditionInactiveReason",
            "ConfdOrderQtyByMatlAvailCheck", "ConfirmedDeliveryDate",
        ),
        "availability": (
            "CalculateAvailabilityTimeseries", "PeriodStartUTCDateTime", "AvailableQuantityInBaseUnit", "BaseUnit",
        ),
        "product": ("Product", "AlternativeUnit", "QuantityNumerator", "QuantityDenominator"),
        "sales_order": (
            "SalesOrder", "PurchaseOrderByCustomer", "TotalNetAmount", "OverallSDDocumentRejectionSts",
            "SalesOrderItem", "UnderlyingPurchaseOrderItem", "ProductionPlant", "SalesDocumentRjcnReason",
            "ConfirmedDeliveryDate",
        ),
        "billing_document": (
            "BillingDocument", "BillingDocumentDate", "SalesOrganization", "PayerParty", "TotalNetAmount", "TaxAmount",
            "TotalGrossAmount", "AccountingDocument", "SalesDocument", "BillingQuantity",
        ),
        "open_items": ("NetDueDate", "ClearingAccountingDocument", "FinancialAccountType"),
    }
)  # fmt: skip
_QUESTIONS = ("simulation", "availability", "product")
_PROPERTY = re.compile(r'<(?:Property|FunctionImport|NavigationProperty)\b[^>]*?\bName="([^"]+)"')


async def check_user(config: S4Config, gateway: Gateway, credential: Credential, call: Call) -> list[CheckResult]:
    """Return what was found out about one user."""
    live = credential is Credential.LIVE
    user = (config.users.live if live else config.users.shadow).user
    services = {name: getattr(config.services, name) for name in _NEEDED}
    found = [
        await _service(gateway, name, path, _needed(config, name), user, call)
        for name, path in services.items()
        if path is not None and (live or name in _QUESTIONS)
    ]
    found.append(await _token(gateway, config.services.simulation, user, call))
    if not live:
        found.append(await _no_writing(gateway, config.services.sales_order, user, call))
    return found


def _needed(config: S4Config, name: str) -> tuple[str, ...]:
    return (*_NEEDED[name], config.reference.field) if name == "sales_order" else _NEEDED[name]


async def _service(
    gateway: Gateway, name: str, path: str, needed: tuple[str, ...], user: str, call: Call
) -> CheckResult:
    subject = f"service {name} as {user}"
    started = time.monotonic()
    try:
        reply = await gateway.raw(path, "$metadata", call, headers={"accept": "application/xml"})
    except ErpError as problem:
        return _result(subject, started, f"{problem.message}: look at base_url and the network")
    if reply.status in (401, 403):
        return _result(subject, started, f"{user} has no access to {path}: look at password and communication scenario")
    if reply.status != 200:
        return _result(subject, started, f"{path} answers with HTTP {reply.status}: activate the service")
    known = set(_PROPERTY.findall(reply.content.decode("utf-8", "replace")))
    missing = sorted(set(needed) - known)
    if missing:
        return _result(subject, started, f"{path} lacks {', '.join(missing)}: use a release that has them")
    return _result(subject, started, "")


async def _token(gateway: Gateway, path: str, user: str, call: Call) -> CheckResult:
    subject = f"CSRF token as {user}"
    started = time.monotonic()
    try:
        await gateway.renew_token(path, call)
    except ErpError as problem:
        return _result(subject, started, f"{problem.message}: {user} could not post")
    return _result(subject, started, "")


async def _no_writing(gateway: Gateway, path: str, user: str, call: Call) -> CheckResult:
    """Ask without writing: a user who may not even open the service that books cannot book.

    One who may open it can be a reader of orders; whether it may also book could be told by a write alone, so this is
    said and left to a person.
    """
    subject = f"{user} cannot write"
    started = time.monotonic()
    try:
        reply = await gateway.raw(path, "$metadata", call, headers={"accept": "application/xml"})
    except ErpError as problem:
        return _result(subject, started, f"{problem.message}: ask again")
    if reply.status in (401, 403):
        return _result(subject, started, "")
    advice = f"{user} can open {path}: make sure that its communication arrangement has no right to book"
    return CheckResult(subject=subject, ok=True, message=advice, seconds=time.monotonic() - started)


def _result(subject: str, started: float, problem: str) -> CheckResult:
    return CheckResult(
        subject=subject, ok=not problem, message=problem or "in order", seconds=time.monotonic() - started
    )
