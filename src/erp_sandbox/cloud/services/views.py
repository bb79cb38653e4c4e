"""Values of conditions, units and schedule lines, which several services show alike."""

from __future__ import annotations

from erp_sandbox import keys
from erp_sandbox.cloud.documents import Condition, Item, ScheduleLine
from erp_sandbox.cloud.odata.edm import Values

_ISO = {keys.CLOUD_UNITS[unit]: iso for unit, iso in keys.CLOUD_ISO_UNITS.items()}
_OVERRULED = "Y"


def condition_values(condition: Condition, currency: str) -> Values:
    return {
        "PricingProcedureStep": condition.step,
        "PricingProcedureCounter": "1",
        "ConditionType": condition.type,
        "ConditionCalculationType": condition.calculation,
        "ConditionBaseValue": condition.base,
        "ConditionRateValue": condition.rate,
        "ConditionCurrency": condition.currency,
        "ConditionQuantity": condition.per,
        "ConditionQuantityUnit": condition.unit,
        "ConditionIsForStatistics": False,
        "ConditionAmount": condition.amount,
        "TransactionCurrency": currency,
        "ConditionInactiveReason": _OVERRULED if condition.inactive else "",
        "ConditionClass": condition.condition_class,
        "ConditionIsManuallyChanged": condition.manual,
    }


def item_values(item: Item, currency: str) -> Values:
    """Return what an item of an order and of a simulation have in common."""
    return {
        "SalesOrderItem": item.number,
        "SalesOrderItemCategory": "TAN",
        "SalesOrderItemText": item.text,
        "Material": item.material,
        "PricingDate": item.pricing_date,
        "RequestedQuantity": item.quantity,
        "RequestedQuantityUnit": item.unit,
        "RequestedQuantitySAPUnit": item.unit,
        "RequestedQuantityISOUnit": iso_unit(item.unit),
        "OrderQuantityUnit": item.unit,
        "ConfdDelivQtyInOrderQtyUnit": item.confirmed,
        "NetAmount": item.net,
        "TaxAmount": item.tax,
        "TransactionCurrency": currency,
        "UnderlyingPurchaseOrderItem": item.purchase_order_item,
        "SalesDocumentRjcnReason": item.rejection,
    }


def schedule_values(line: ScheduleLine, unit: str) -> Values:
    return {
        "ScheduleLine": line.number,
        "RequestedDeliveryDate": line.requested_date,
        "ConfirmedDeliveryDate": line.confirmed_date if line.confirmed else None,
        "OrderQuantityUnit": unit,
        "ScheduleLineOrderQuantity": line.ordered,
        "ConfdOrderQtyByMatlAvailCheck": line.confirmed,
        "DeliveredQtyInOrderQtyUnit": line.delivered,
        "OpenConfdDelivQtyInOrdQtyUnit": line.confirmed - line.delivered,
    }


def iso_unit(unit: str) -> str:
    """Return the ISO code of an internal unit."""
    return _ISO.get(unit, "")
