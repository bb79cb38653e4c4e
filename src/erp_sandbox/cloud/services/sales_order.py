"""API_SALES_ORDER_SRV: sales orders are created, read, changed and rejected here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from urllib.parse import quote

from erp_sandbox.cloud.books import Books, next_change
from erp_sandbox.cloud.documents import Item, SalesOrder
from erp_sandbox.cloud.messages import Message, Text, refused
from erp_sandbox.cloud.odata.bodies import Entered
from erp_sandbox.cloud.odata.edm import EntityType, Node, Value
from erp_sandbox.cloud.odata.query import shape_of
from erp_sandbox.cloud.ordering import Clerk, OrderRequest, rejected, request_of
from erp_sandbox.cloud.services.entered import order_request
from erp_sandbox.cloud.services.sales_order_model import (
    HEADER_PARTNER,
    HEADER_PRICE_ELEMENT,
    ITEM_PRICE_ELEMENT,
    SALES_ORDER,
    SALES_ORDER_ITEM,
    SCHEDULE_LINE,
    SCHEMA,
)
from erp_sandbox.cloud.services.service import Call, Created, Service, children
from erp_sandbox.cloud.services.statuses import item_statuses, order_statuses
from erp_sandbox.cloud.services.views import condition_values, item_values, schedule_values
from erp_sandbox.cloud.setup import Setup
from erp_sandbox.seeds import ORDERS

_PATHS = {
    SALES_ORDER_ITEM: ("to_Item",),
    SCHEDULE_LINE: ("to_Item", "to_ScheduleLine"),
    ITEM_PRICE_ELEMENT: ("to_Item", "to_PricingElement"),
    HEADER_PRICE_ELEMENT: ("to_PricingElement",),
    HEADER_PARTNER: ("to_Partner",),
}


class SalesOrderService(Service):
    """The order book."""

    schema = SCHEMA
    books = True

    def __init__(self, setup: Setup, books: Books, clerk: Clerk) -> None:
        self._setup = setup
        self._books = books
        self._clerk = clerk

    def nodes(self, entity: EntityType, call: Call) -> Sequence[Node]:
        orders = [order_node(order) for order in self._books.orders.values()]
        return orders if entity is SALES_ORDER else children(orders, *_PATHS[entity])

    def node(self, entity: EntityType, key: tuple[str, ...], call: Call) -> Node | None:
        order = self._books.orders.get(key[0])
        if order is None:
            return None
        if entity is SALES_ORDER:
            return order_node(order)
        return next((node for node in children([order_node(order)], *_PATHS[entity]) if node.key == key), None)

    def create(self, entity: EntityType, entered: Entered, call: Call) -> Created:
        if entity is not SALES_ORDER:
            return super().create(entity, entered, call)
        request = order_request(entered, plant_property="ProductionPlant", today=self._setup.today)
        draft = self._clerk.draft(request, operation=ORDERS, seeds=None)
        now = next_change(None)
        order = SalesOrder(
            number=self._books.next_number("sales_order"),
            order_type=request.order_type,
            sales_organization=request.sales_organization,
            channel=request.channel,
            division=request.division,
            sold_to=request.sold_to,
            ship_to=request.ship_to,
            purchase_order=request.purchase_order,
            assignment=request.assignment,
            order_date=request.order_date,
            pricing_date=request.pricing_date,
            requested_date=request.requested_date,
            currency=request.currency,
            items=draft.items,
            created_by=call.user,
            created=now,
            changed=now,
            other=request.other,
        )
        self._books.put_order(order)
        shape = shape_of(list(entered.paths()), SALES_ORDER, SCHEMA)
        return Created(node=order_node(order), shape=shape, warnings=draft.warnings)

    def change(self, node: Node, changes: Mapping[str, Value]) -> tuple[Message, ...]:
        order = self._books.orders[str(node.values["SalesOrder"])]
        if node.type is SALES_ORDER:
            return self._change_header(order, changes)
        if node.type not in (SALES_ORDER_ITEM, SCHEDULE_LINE):
            return super().change(node, changes)
        item = order.item(str(node.values["SalesOrderItem"]))
        assert item is not None, "the node was found through its order"
        if item.shipped:
            raise refused(Text.ITEM_SHIPPED, item.number, order.number)
        return self._change_item(order, item, changes)

    def delete(self, node: Node) -> None:
        order = self._books.orders[str(node.values["SalesOrder"])]
        if node.type not in (SALES_ORDER, SALES_ORDER_ITEM):
            return super().delete(node)
        gone = [
            item for item in order.items if node.type is SALES_ORDER or item.number == node.values["SalesOrderItem"]
        ]
        if any(item.shipped for item in gone):
            raise refused(Text.DOCUMENT_HAS_SUCCESSORS, order.number)
        if node.type is SALES_ORDER:
            return self._books.delete_order(order)
        left = tuple(item for item in order.items if item not in gone)
        return self._books.put_order(replace(order, items=left, changed=next_change(order)))

    def _change_header(self, order: SalesOrder, changes: Mapping[str, Value]) -> tuple[Message, ...]:
        texts = {name: str(value) for name, value in changes.items() if isinstance(value, str)}
        changed = replace(
            order,
            purchase_order=texts.pop("PurchaseOrderByCustomer", order.purchase_order),
            assignment=texts.pop("AssignmentReference", order.assignment),
            other={**order.other, **texts},
            changed=next_change(order),
        )
        date = changes.get("RequestedDeliveryDate")
        if not isinstance(date, dt.date):
            self._books.put_order(changed)
            return ()
        if any(item.shipped for item in order.items):
            raise refused(Text.DOCUMENT_HAS_SUCCESSORS, order.number)
        request = request_of(changed)
        items = tuple(replace(item, requested_date=date) for item in request.items)
        return self._redraft(replace(changed, requested_date=date), replace(request, requested_date=date, items=items))

    def _change_item(self, order: SalesOrder, item: Item, changes: Mapping[str, Value]) -> tuple[Message, ...]:
        number = changes.get("UnderlyingPurchaseOrderItem", item.purchase_order_item)
        item = replace(item, purchase_order_item=str(number))
        reason = str(changes.get("SalesDocumentRjcnReason", item.rejection))
        if reason:
            return self._put_items(order, rejected(item, reason))
        reopened = self._with(order, replace(item, rejection=""))
        request = request_of(reopened)
        quantity, date = changes.get("RequestedQuantity"), changes.get("RequestedDeliveryDate")
        items = tuple(
            replace(
                each,
                quantity=quantity if isinstance(quantity, Decimal) else each.quantity,
                requested_date=date if isinstance(date, dt.date) else each.requested_date,
            )
            if each.number == item.number
            else each
            for each in request.items
        )
        return self._redraft(reopened, replace(request, items=items), only=item.number)

    def _redraft(self, order: SalesOrder, request: OrderRequest, only: str = "") -> tuple[Message, ...]:
        """Price and confirm again what is not shipped (`only` one item of it), the order's own stock being free."""
        before = self._books.orders[order.number]
        open_items = tuple(
            each
            for each in request.items
            if (item := order.item(each.number)) is not None and not item.shipped and only in ("", each.number)
        )
        held = replace(
            before, items=tuple(item for item in before.items if any(o.number == item.number for o in open_items))
        )
        draft = self._clerk.draft(replace(request, items=open_items), operation=ORDERS, seeds=None, own=held)
        self._put_items(order, *draft.items)
        return draft.warnings

    def _put_items(self, order: SalesOrder, *items: Item) -> tuple[Message, ...]:
        self._books.put_order(replace(self._with(order, *items), changed=next_change(order)))
        return ()

    @staticmethod
    def _with(order: SalesOrder, *items: Item) -> SalesOrder:
        by_number = {item.number: item for item in items}
        return replace(order, items=tuple(by_number.get(item.number, item) for item in order.items))


def etag(order: SalesOrder) -> str:
    """Return the ETag of an order and its items: the moment of the last change, as SAP Gateway writes it."""
    moment = f"{order.changed:%Y-%m-%dT%H:%M:%S.%f}0Z"
    return f"W/\"datetimeoffset'{quote(moment, safe='')}'\""


@lru_cache(maxsize=8192)
def order_node(order: SalesOrder) -> Node:
    """Return the order as an entity; an order never changes, it is replaced."""
    key: dict[str, Value] = {"SalesOrder": order.number}
    created = order.created.date()
    values: dict[str, Value] = {
        **key,
        "SalesOrderType": order.order_type,
        "SalesOrganization": order.sales_organization,
        "DistributionChannel": order.channel,
        "OrganizationDivision": order.division,
        "SoldToParty": order.sold_to,
        "PurchaseOrderByCustomer": order.purchase_order,
        "AssignmentReference": order.assignment,
        "SalesOrderDate": order.order_date,
        "PricingDate": order.pricing_date,
        "RequestedDeliveryDate": order.requested_date,
        "TransactionCurrency": order.currency,
        "TotalNetAmount": order.net,
        "CreationDate": created,
        "CreatedByUser": order.created_by[:12],
        "LastChangeDate": order.changed.date(),
        "LastChangeDateTime": order.changed,
        **order_statuses(order),
        **order.other,
    }
    tag = etag(order)
    return Node(
        type=SALES_ORDER,
        values=values,
        etag=tag,
        links={
            "to_Item": lambda: [_item_node(order, item, tag) for item in order.items],
            "to_Partner": lambda: [
                Node(type=HEADER_PARTNER, values={**key, "PartnerFunction": function, "Customer": customer})
                for function, customer in (("SH", order.ship_to), ("SP", order.sold_to))
            ],
            "to_PricingElement": list,
        },
    )


def _item_node(order: SalesOrder, item: Item, tag: str) -> Node:
    key: dict[str, Value] = {"SalesOrder": order.number, "SalesOrderItem": item.number}
    return Node(
        type=SALES_ORDER_ITEM,
        values={
            **key,
            **item_values(item, order.currency),
            **item_statuses(item),
            "PurchaseOrderByCustomer": order.purchase_order,
            "ProductionPlant": item.plant,
        },
        etag=tag,
        links={
            "to_PricingElement": lambda: [
                Node(type=ITEM_PRICE_ELEMENT, values={**key, **condition_values(each, order.currency)})
                for each in item.conditions
            ],
            "to_ScheduleLine": lambda: [
                Node(type=SCHEDULE_LINE, values={**key, **schedule_values(line, item.unit)}, etag=tag)
                for line in item.schedule
            ],
            "to_SalesOrder": lambda: [order_node(order)],
        },
    )
