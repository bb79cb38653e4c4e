"""API_SALES_ORDER_SIMULATION_SRV: the entity types."""

from __future__ import annotations

from erp_sandbox.cloud.odata.edm import EntityType, Navigation, Schema, day, decimal, flag, text
from erp_sandbox.cloud.services.condition_model import CONDITION
from erp_sandbox.cloud.services.sales_order_model import PLANT_LENGTH

SIMULATION = EntityType(
    name="A_SalesOrderSimulationType",
    set_name="A_SalesOrderSimulation",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("SalesOrderType", 4, access="c"),
        text("SalesOrganization", 4, access="c"),
        text("DistributionChannel", 2, access="c"),
        text("OrganizationDivision", 2, access="c"),
        text("SoldToParty", 10, alpha=True, access="c"),
        text("PurchaseOrderByCustomer", 35, access="c"),
        text("CustomerPurchaseOrderType", 4, access="c"),
        day("SalesOrderDate", access="c"),
        day("PricingDate", access="c"),
        day("RequestedDeliveryDate", access="c"),
        text("TransactionCurrency", 5, access="c"),
        text("SDPricingProcedure", 6),
        text("ShippingCondition", 2, access="c"),
        flag("CompleteDeliveryIsDefined", access="c"),
        text("CustomerPaymentTerms", 4, access="c"),
    ),
    navigations=(
        Navigation(name="to_Credit", target="A_SalesOrderCreditSimulationType", many=False, creatable=True),
        Navigation(name="to_Item", target="A_SalesOrderItemSimulationType", creatable=True),
        Navigation(name="to_Partner", target="A_SalesOrderPartnerSimulationType", creatable=True),
        Navigation(name="to_Pricing", target="A_SalesOrderPricingSimulationType", many=False, creatable=True),
        Navigation(name="to_PricingElement", target="A_SalesOrderPrcgElmntSimlnType", creatable=True),
    ),
)

SIMULATED_ITEM = EntityType(
    name="A_SalesOrderItemSimulationType",
    set_name="A_SalesOrderItemSimulation",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("SalesOrderItem", 6, key=True, alpha=True, access="c"),
        text("HigherLevelItem", 6, alpha=True),
        text("SalesOrderItemCategory", 4),
        text("SalesOrderItemText", 40),
        text("Material", 40, alpha=True, access="c"),
        day("PricingDate", access="c"),
        decimal("RequestedQuantity", 15, 3, access="c"),
        text("RequestedQuantityUnit", 3, access="c"),
        text("RequestedQuantitySAPUnit", 3),
        text("RequestedQuantityISOUnit", 3),
        text("OrderQuantityUnit", 3),
        decimal("ConfdDelivQtyInOrderQtyUnit", 15, 3),
        decimal("NetAmount", 16, 3),
        decimal("TaxAmount", 14, 3),
        text("TransactionCurrency", 5),
        text("Plant", PLANT_LENGTH, access="c"),
        text("UnderlyingPurchaseOrderItem", 6, access="c"),
        text("SalesDocumentRjcnReason", 2),
    ),
    navigations=(
        Navigation(name="to_Partner", target="A_SalesOrderItemPartnerSimlnType", creatable=True),
        Navigation(name="to_PricingElement", target="A_SalesOrderItmPrcgElmntSimlnType", creatable=True),
        Navigation(name="to_ScheduleLine", target="A_SalesOrderScheduleLineSimlnType", creatable=True),
    ),
)

SIMULATED_SCHEDULE_LINE = EntityType(
    name="A_SalesOrderScheduleLineSimlnType",
    set_name="A_SalesOrderScheduleLineSimln",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("SalesOrderItem", 6, key=True, alpha=True),
        text("ScheduleLine", 4, key=True, alpha=True, access="c"),
        day("RequestedDeliveryDate", access="c"),
        day("ConfirmedDeliveryDate"),
        text("OrderQuantityUnit", 3),
        decimal("ScheduleLineOrderQuantity", 13, 3, access="c"),
        decimal("ConfdOrderQtyByMatlAvailCheck", 13, 3),
        decimal("OpenConfdDelivQtyInOrdQtyUnit", 13, 3),
    ),
)

SIMULATED_ITEM_CONDITION = EntityType(
    name="A_SalesOrderItmPrcgElmntSimlnType",
    set_name="A_SalesOrderItmPrcgElmntSimln",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("SalesOrderItem", 6, key=True, alpha=True),
        *CONDITION,
    ),
)

SIMULATED_CONDITION = EntityType(
    name="A_SalesOrderPrcgElmntSimlnType",
    set_name="A_SalesOrderPrcgElmntSimln",
    properties=(text("SalesOrder", 10, key=True, alpha=True), *CONDITION),
)

SIMULATED_PARTNER = EntityType(
    name="A_SalesOrderPartnerSimulationType",
    set_name="A_SalesOrderPartnerSimulation",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("PartnerFunction", 2, key=True, access="c"),
        text("Customer", 10, alpha=True, access="c"),
    ),
)

SIMULATED_ITEM_PARTNER = EntityType(
    name="A_SalesOrderItemPartnerSimlnType",
    set_name="A_SalesOrderItemPartnerSimln",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        text("SalesOrderItem", 6, key=True, alpha=True),
        text("PartnerFunction", 2, key=True, access="c"),
        text("Customer", 10, alpha=True, access="c"),
    ),
)

SIMULATED_PRICING = EntityType(
    name="A_SalesOrderPricingSimulationType",
    set_name="A_SalesOrderPricingSimulation",
    properties=(
        text("SalesOrder", 10, key=True, alpha=True),
        decimal("TotalNetAmount", 16, 3),
        text("TransactionCurrency", 5),
    ),
)

SIMULATED_CREDIT = EntityType(
    name="A_SalesOrderCreditSimulationType",
    set_name="A_SalesOrderCreditSimulation",
    properties=(text("SalesOrder", 10, key=True, alpha=True), text("TotalCreditCheckStatus", 1)),
)

SCHEMA = Schema(
    service="API_SALES_ORDER_SIMULATION_SRV",
    types=(
        SIMULATION,
        SIMULATED_ITEM,
        SIMULATED_SCHEDULE_LINE,
        SIMULATED_ITEM_CONDITION,
        SIMULATED_CONDITION,
        SIMULATED_PARTNER,
        SIMULATED_ITEM_PARTNER,
        SIMULATED_PRICING,
        SIMULATED_CREDIT,
    ),
)
