"""The properties of a pricing element, the same in orders and simulations."""

from __future__ import annotations

from erp_sandbox.cloud.odata.edm import decimal, flag, text

CONDITION = (
    text("PricingProcedureStep", 3, key=True),
    text("PricingProcedureCounter", 3, key=True),
    text("ConditionType", 4, access="c"),
    text("ConditionCalculationType", 3, access="c"),
    decimal("ConditionBaseValue", 24, 9),
    decimal("ConditionRateValue", 24, 9, access="c"),
    text("ConditionCurrency", 5, access="c"),
    decimal("ConditionQuantity", 5, 0, access="c"),
    text("ConditionQuantityUnit", 3, access="c"),
    flag("ConditionIsForStatistics"),
    decimal("ConditionAmount", 16, 3),
    text("TransactionCurrency", 5),
    text("ConditionInactiveReason", 1),
    text("ConditionClass", 1),
    flag("ConditionIsManuallyChanged", access="c"),
)
