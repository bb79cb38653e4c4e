"""API_BILLING_DOCUMENT_SRV: invoices."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from erp_sandbox.cloud.books import Books
from erp_sandbox.cloud.documents import BillingDocument, BillingItem
from erp_sandbox.cloud.odata.edm import (
    EntityType,
    Navigation,
    Node,
    Schema,
    Value,
    day,
    decimal,
    flag,
    instant,
    text,
)
from erp_sandbox.cloud.ordering import BASE_UNIT
from erp_sandbox.cloud.services.sales_order_model import PLANT_LENGTH
from erp_sandbox.cloud.services.service import Call, Service, children
from erp_sandbox.cloud.services.views import iso_unit

COMPANY_CODE = "1010"
_CLEARED, _OPEN = "C", "A"
_DONE = "C"

BILLING_DOCUMENT = EntityType(
    name="A_BillingDocumentType",
    set_name="A_BillingDocument",
    concurrency="LastChangeDateTime",
    properties=(
        text("BillingDocument", 10, key=True, alpha=True),
        text("SDDocumentCategory", 4),
        text("BillingDocumentType", 4),
        day("BillingDocumentDate"),
        day("CreationDate"),
        instant("LastChangeDateTime"),
        flag("BillingDocumentIsCancelled"),
        text("CancelledBillingDocument", 10, alpha=True),
        decimal("TotalNetAmount", 16, 3),
        decimal("TaxAmount", 14, 3),
        decimal("TotalGrossAmount", 17, 3),
        text("TransactionCurrency", 5),
        text("SalesOrganization", 4),
        text("SoldToParty", 10, alpha=True),
        text("PayerParty", 10, alpha=True),
        text("PurchaseOrderByCustomer", 35),
        text("CustomerPaymentTerms", 4),
        text("CompanyCode", 4),
        text("FiscalYear", 4),
        text("AccountingDocument", 10, alpha=True),
        text("AssignmentReference", 18),
        text("OverallSDProcessStatus", 1),
        text("OverallBillingStatus", 1),
        text("AccountingPostingStatus", 1),
        text("AccountingTransferStatus", 1),
        text("InvoiceClearingStatus", 1),
    ),
    navigations=(Navigation(name="to_Item", target="A_BillingDocumentItemType"),),
)

BILLING_ITEM = EntityType(
    name="A_BillingDocumentItemType",
    set_name="A_BillingDocumentItem",
    properties=(
        text("BillingDocument", 10, key=True, alpha=True),
        text("BillingDocumentItem", 6, key=True, alpha=True),
        text("Material", 40, alpha=True),
        text("BillingDocumentItemText", 40),
        text("Plant", PLANT_LENGTH),
        decimal("BillingQuantity", 13, 3),
        text("BillingQuantityUnit", 3),
        text("BillingQuantityISOUnit", 3),
        decimal("BillingQuantityInBaseUnit", 13, 3),
        text("BaseUnit", 3),
        decimal("BillingToBaseQuantityDnmntr", 5, 0),
        decimal("BillingToBaseQuantityNmrtr", 5, 0),
        decimal("NetAmount", 16, 3),
        decimal("TaxAmount", 14, 3),
        decimal("GrossAmount", 16, 3),
        text("TransactionCurrency", 5),
        day("PricingDate"),
        text("ReferenceSDDocument", 10, alpha=True),
        text("ReferenceSDDocumentItem", 6, alpha=True),
        text("SalesDocument", 10, alpha=True),
        text("SalesDocumentItem", 6, alpha=True),
        text("UnderlyingPurchaseOrderItem", 6),
    ),
)

SCHEMA = Schema(service="API_BILLING_DOCUMENT_SRV", types=(BILLING_DOCUMENT, BILLING_ITEM))


class BillingService(Service):
    """Invoices are made by the ERP's own job; here they are read."""

    schema = SCHEMA

    def __init__(self, books: Books, sales_organization: str) -> None:
        self._books = books
        self._sales_organization = sales_organization

    def nodes(self, entity: EntityType, call: Call) -> Sequence[Node]:
        documents = [billing_node(each, self._sales_organization) for each in self._books.billing.values()]
        return documents if entity is BILLING_DOCUMENT else children(documents, "to_Item")

    def node(self, entity: EntityType, key: tuple[str, ...], call: Call) -> Node | None:
        document = self._books.billing.get(key[0])
        if document is None:
            return None
        node = billing_node(document, self._sales_organization)
        if entity is BILLING_DOCUMENT:
            return node
        return next((each for each in children([node], "to_Item") if each.key == key), None)


@lru_cache(maxsize=8192)
def billing_node(document: BillingDocument, sales_organization: str) -> Node:
    """Return the invoice as an entity; a document never changes, it is replaced."""
    return Node(
        type=BILLING_DOCUMENT,
        values={
            "BillingDocument": document.number,
            "SDDocumentCategory": "M",
            "BillingDocumentType": "F2",
            "BillingDocumentDate": document.billing_date,
            "CreationDate": document.created.date(),
            "LastChangeDateTime": document.created,
            "BillingDocumentIsCancelled": False,
            "TotalNetAmount": document.net,
            "TaxAmount": document.tax,
            "TotalGrossAmount": document.net + document.tax,
            "TransactionCurrency": document.currency,
            "SalesOrganization": sales_organization,
            "SoldToParty": document.sold_to,
            "PayerParty": document.sold_to,
            "PurchaseOrderByCustomer": document.purchase_order,
            "CompanyCode": COMPANY_CODE,
            "FiscalYear": str(document.billing_date.year),
            "AccountingDocument": document.accounting_document,
            "AssignmentReference": document.assignment,
            "OverallSDProcessStatus": _DONE,
            "OverallBillingStatus": _DONE,
            "AccountingPostingStatus": _DONE,
            "AccountingTransferStatus": _DONE,
            "InvoiceClearingStatus": _CLEARED if document.cleared_by else _OPEN,
        },
        links={"to_Item": lambda: [_item_node(document, item) for item in document.items]},
    )


def _item_node(document: BillingDocument, item: BillingItem) -> Node:
    values: dict[str, Value] = {
        "BillingDocument": document.number,
        "BillingDocumentItem": item.number,
        "Material": item.material,
        "BillingDocumentItemText": item.text,
        "Plant": item.plant,
        "BillingQuantity": item.quantity,
        "BillingQuantityUnit": item.unit,
        "BillingQuantityISOUnit": iso_unit(item.unit),
        "BillingQuantityInBaseUnit": item.quantity * item.factor,
        "BaseUnit": BASE_UNIT,
        "BillingToBaseQuantityDnmntr": Decimal(1),
        "BillingToBaseQuantityNmrtr": item.factor,
        "NetAmount": item.net,
        "TaxAmount": item.tax,
        "GrossAmount": item.net + item.tax,
        "TransactionCurrency": document.currency,
        "PricingDate": item.pricing_date,
        "ReferenceSDDocument": document.order,
        "ReferenceSDDocumentItem": item.order_item,
        "SalesDocument": document.order,
        "SalesDocumentItem": item.order_item,
        "UnderlyingPurchaseOrderItem": item.purchase_order_item,
    }
    return Node(type=BILLING_ITEM, values=values)
