"""API_SALES_ORDER_SRV: the entity types."""

from __future__ import annotations

from erp_sandbox.cloud.odata.edm import EntityType, Navigation, Schema, day, decimal, flag, instant, text
from erp_sandbox.cloud.services.condition_model import CONDITION

# Plants of the master data may be longer than the four characters of the original.
PLANT_LENGTH = 12
# Kept as they are sent: nothing in the stand-in depends on them.
KEPT = (
    ("SalesGroup", 3),
    ("SalesOffice", 4),
    ("SalesDistrict", 6),
    ("PurchaseOrderByShipToParty", 35),
    ("CustomerPurchaseOrderType", 4),
    ("AccountingDocExternalReference", 16),
    ("SDDocumentReason", 3),
    ("ShippingCondition", 2),
    ("DeliveryBlockReason", 2),
    ("HeaderBillingBlockReason", 2),
    ("IncotermsClassification", 3),
    ("CustomerPaymentTerms", 4),
    ("PaymentMethod", 1),
)

SALES_ORDER = EntityType(
    name="A_SalesOrderType",
    set_name="A_SalesOrder",
    concurrency="LastChangeDateTime",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("SalesOrderType", 4, access="c"),
        text("SalesOrganization", 4, access="c"),
        text("DistributionChannel", 2, access="c"),
        text("OrganizationDivision", 2, access="c"),
        text("SoldToParty", 10, alpha=True, access="c"),
        text("PurchaseOrderByCustomer", 35, access="cu"),
        text("AssignmentReference", 18, access="cu"),
        text("ExternalDocumentID", 40),
        *(text(name, length, access="cu") for name, length in KEPT),
        flag("CompleteDeliveryIsDefined"),
        day("CustomerPurchaseOrderDate"),
        day("SalesOrderDate", access="c"),
        day("PricingDate", access="c"),
        day("RequestedDeliveryDate", access="cu"),
        text("TransactionCurrency", 5, access="c"),
        decimal("TotalNetAmount", 16, 3),
        day("CreationDate"),
        text("CreatedByUser", 12),
        day("LastChangeDate"),
        instant("LastChangeDateTime"),
        text("OverallSDProcessStatus", 1),
        text("OverallDeliveryStatus", 1),
        text("OverallTotalDeliveryStatus", 1),
        text("OverallOrdReltdBillgStatus", 1),
        text("OverallSDDocumentRejectionSts", 1),
        text("TotalBlockStatus", 1),
        text("TotalCreditCheckStatus", 1),
    ),
    navigations=(
        Navigation(name="to_Item", target="A_SalesOrderItemType", creatable=True),
        Navigation(name="to_Partner", target="A_SalesOrderHeaderPartnerType", creatable=True),
        Navigation(name="to_PricingElement", target="A_SalesOrderHeaderPrElementType"),
    ),
)

SALES_ORDER_ITEM = EntityType(
    name="A_SalesOrderItemType",
    set_name="A_SalesOrderItem",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("SalesOrderItem", 6, key=True, alpha=True, access="c"),
        text("HigherLevelItem", 6, alpha=True),
        text("SalesOrderItemCategory", 4),
        text("SalesOrderItemText", 40),
        text("PurchaseOrderByCustomer", 35),
        text("Material", 40, alpha=True, access="c"),
        day("PricingDate", access="c"),
        decimal("RequestedQuantity", 15, 3, access="cu"),
        text("RequestedQuantityUnit", 3, access="c"),
        text("RequestedQuantitySAPUnit", 3),
        text("RequestedQuantityISOUnit", 3),
        text("OrderQuantityUnit", 3),
        decimal("ConfdDelivQtyInOrderQtyUnit", 15, 3),
        decimal("NetAmount", 16, 3),
        decimal("TaxAmount", 14, 3),
        text("TransactionCurrency", 5),
        text("ProductionPlant", PLANT_LENGTH, access="c"),
        text("UnderlyingPurchaseOrderItem", 6, access="cu"),
        text("SalesDocumentRjcnReason", 2, access="u"),
        text("SDProcessStatus", 1),
        text("DeliveryStatus", 1),
        text("OrderRelatedBillingStatus", 1),
    ),
    navigations=(
        Navigation(name="to_PricingElement", target="A_SalesOrderItemPrElementType", creatable=True),
        Navigation(name="to_ScheduleLine", target="A_SalesOrderScheduleLineType"),
        Navigation(name="to_SalesOrder", target="A_SalesOrderType", many=False),
    ),
)

SCHEDULE_LINE = EntityType(
    name="A_SalesOrderScheduleLineType",
    set_name="A_SalesOrderScheduleLine",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("SalesOrderItem", 6, key=True, alpha=True),
        text("ScheduleLine", 4, key=True, alpha=True),
        day("RequestedDeliveryDate", access="u"),
        day("ConfirmedDeliveryDate"),
        text("OrderQuantityUnit", 3),
        decimal("ScheduleLineOrderQuantity", 13, 3),
        decimal("ConfdOrderQtyByMatlAvailCheck", 13, 3),
        decimal("DeliveredQtyInOrderQtyUnit", 13, 3),
        decimal("OpenConfdDelivQtyInOrdQtyUnit", 13, 3),
    ),
)

ITEM_PRICE_ELEMENT = EntityType(
    name="A_SalesOrderItemPrElementType",
    set_name="A_SalesOrderItemPrElement",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("SalesOrderItem", 6, key=True, alpha=True),
        *CONDITION,
    ),
)

HEADER_PRICE_ELEMENT = EntityType(
    name="A_SalesOrderHeaderPrElementType",
    set_name="A_SalesOrderHeaderPrElement",
    properties=(text("SalesOrder", 10, key=True, alpha=True), *CONDITION),
)

HEADER_PARTNER = EntityType(
    name="A_SalesOrderHeaderPartnerType",
    set_name="A_SalesOrderHeaderPartner",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("PartnerFunction", 2, key=True, access="c"),
        text("Customer", 10, alpha=True, access="c"),
    ),
)

SCHEMA = Schema(
    service="API_SALES_ORDER_SRV",
    types=(
        SALES_ORDER,
        SALES_ORDER_ITEM,
        SCHEDULE_LINE,
        ITEM_PRICE_ELEMENT,
        HEADER_PRICE_ELEMENT,
        HEADER_PARTNER,
    ),
)
