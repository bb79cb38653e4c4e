"""The lines of a request as items of a sales document, with the conditions agreed with the customer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

from google.type.decimal_pb2 import Decimal as DecimalMessage

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.mapping import Words, item_number, item_position, quantity_to_s4
from erp.v1.common_pb2 import Quantity, UnitPrice
from erp_ports.amounts import money_amount, plain
from erp_ports.errors import Rejected

_LARGEST_PRICE_UNIT = 99_999


class Line(Protocol):
    """What a line to be priced and a line to be ordered have in common."""

    line_id: str
    product: str
    plant: str

    @property
    def quantity(self) -> Quantity: ...

    @property
    def agreed_discount(self) -> DecimalMessage: ...

    @property
    def agreed_unit_price(self) -> UnitPrice: ...

    def HasField(self, field_name: Any, /) -> bool: ...  # noqa: N802 - protobuf's own name


def item_to_s4(position: int, line: Line, words: Words, *, plant_field: str) -> dict[str, Any]:
    """Return one item without its conditions. The plant's field is named differently in each service."""
    return {
        "SalesOrderItem": item_number(position),
        "Material": words.product_to_s4(line.product),
        plant_field: words.plant_to_s4(line.plant),
        "RequestedQuantity": quantity_to_s4(line.line_id, line.quantity),
        "RequestedQuantityUnit": words.unit_to_s4(line.quantity.unit),
    }


def conditions_to_s4(line: Line, words: Words) -> list[dict[str, str]]:
    """Return the manual conditions of a line: the agreed price first, then the agreed discount in per cent."""
    types = words.config.conditions
    found = []
    if line.HasField("agreed_unit_price"):
        amount, units = _whole_price_unit(line)
        found.append(
            {
                "ConditionType": types.manual_price_type,
                "ConditionRateValue": plain(amount),
                "ConditionCurrency": line.agreed_unit_price.amount.currency_code,
                "ConditionQuantity": plain(units),
                "ConditionQuantityUnit": words.unit_to_s4(line.agreed_unit_price.unit),
            }
        )
    discount = Decimal(line.agreed_discount.value or 0)
    if discount:
        found.append({"ConditionType": types.discount_type, "ConditionRateValue": plain(-discount * 100)})
    return found


def _whole_price_unit(line: Line) -> tuple[Decimal, Decimal]:
    """Return the agreed price as amount and price unit; `ConditionQuantity` takes whole numbers of five digits."""
    price = line.agreed_unit_price
    amount, units = money_amount(price.amount), Decimal(price.per_quantity.value or 1).normalize()
    shift = max(0, -int(units.as_tuple().exponent))
    amount, units = amount.scaleb(shift), units.scaleb(shift)
    if not 1 <= units <= _LARGEST_PRICE_UNIT:
        raise Rejected(f"line {line.line_id}: S/4HANA states prices per 1 to {_LARGEST_PRICE_UNIT} units")
    return amount, units


def items_by_number(document: odata.Entity) -> dict[int, odata.Entity]:
    """Return the items by their number, `10` and `000010` alike, without items that belong to another (free goods)."""
    items = odata.children(document, "to_Item")
    if items is None:
        raise odata.Unreadable("the answer holds no items")
    found = {}
    for item in items:
        number = item_position(odata.text(item, "SalesOrderItem"))
        if number is not None and not is_sub_item(item):
            found[number] = item
    return found


def is_sub_item(item: odata.Entity) -> bool:
    """Say whether the ERP added the item beneath another one."""
    return bool(odata.text(item, "HigherLevelItem").strip("0"))


def item_of(position: int, line_id: str, items: dict[int, odata.Entity]) -> odata.Entity:
    """Return the answer's item of a line; raise Unreadable when it was dropped."""
    item = items.get(int(item_number(position)))
    if item is None:
        raise odata.Unreadable(f"the answer has no item for line {line_id}")
    return item
