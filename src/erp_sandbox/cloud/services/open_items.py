"""API_OPLACCTGDOCITEMCUBE_SRV: the customers' open and cleared items in accounting."""

from __future__ import annotations

from collections.abc import Sequence

from erp_sandbox.cloud.books import Books
from erp_sandbox.cloud.documents import BillingDocument
from erp_sandbox.cloud.odata.edm import EntityType, Node, Schema, day, decimal, text
from erp_sandbox.cloud.services.billing import COMPANY_CODE
from erp_sandbox.cloud.services.service import Call, Service

_CUSTOMER_ACCOUNT = "D"

OPEN_ITEM = EntityType(
    name="A_OperationalAcctgDocItemCubeType",
    set_name="A_OperationalAcctgDocItemCube",
    properties=(
        text("CompanyCode", 4, key=True),
        text("FiscalYear", 4, key=True),
        text("AccountingDocument", 10, key=True, alpha=True),
        text("AccountingDocumentItem", 6, key=True, alpha=True),
        text("FinancialAccountType", 1),
        text("Customer", 10, alpha=True),
        text("BillingDocument", 10, alpha=True),
        text("AssignmentReference", 18),
        day("NetDueDate"),
        decimal("AmountInCompanyCodeCurrency", 24, 3),
        text("CompanyCodeCurrency", 5),
        decimal("AmountInTransactionCurrency", 24, 3),
        text("TransactionCurrency", 5),
        text("ClearingAccountingDocument", 10, alpha=True),
        text("PaymentBlockingReason", 1),
        text("PaymentTerms", 4),
    ),
)

SCHEMA = Schema(service="API_OPLACCTGDOCITEMCUBE_SRV", types=(OPEN_ITEM,))


class OpenItemService(Service):
    """One item for each invoice; it is open while nothing cleared it."""

    schema = SCHEMA

    def __init__(self, books: Books) -> None:
        self._books = books

    def nodes(self, entity: EntityType, call: Call) -> Sequence[Node]:
        return [_node(document) for document in self._books.billing.values()]


def _node(document: BillingDocument) -> Node:
    gross = document.net + document.tax
    return Node(
        type=OPEN_ITEM,
        values={
            "CompanyCode": COMPANY_CODE,
            "FiscalYear": str(document.billing_date.year),
            "AccountingDocument": document.accounting_document,
            "AccountingDocumentItem": "1",
            "FinancialAccountType": _CUSTOMER_ACCOUNT,
            "Customer": document.sold_to,
            "BillingDocument": document.number,
            "AssignmentReference": document.assignment,
            "NetDueDate": document.due_date,
            "AmountInCompanyCodeCurrency": gross,
            "CompanyCodeCurrency": document.currency,
            "AmountInTransactionCurrency": gross,
            "TransactionCurrency": document.currency,
            "ClearingAccountingDocument": document.cleared_by,
        },
    )
