"""When a write of orders is answered with 202: its order is accepted and not settled yet."""

from __future__ import annotations

from google.protobuf.message import Message

from erp.v1 import orders_pb2
from erp_facade.rest.template import Template

_ORDER = orders_pb2.Order
FINAL_STATES = frozenset({_ORDER.BOOKED, _ORDER.PARTIALLY_BOOKED, _ORDER.REJECTED, _ORDER.CANCELLED})

ACCEPTING_METHODS = frozenset(f"/erp.v1.OrderService/{name}" for name in ("CreateOrder", "UpdateOrder", "CancelOrder"))
READING_METHOD = "/erp.v1.OrderService/GetOrder"


def location_of_unsettled(request: Message, response: Message, order_path: Template) -> str | None:
    """Return where to follow an accepted order, or None when what this request submitted is final.

    A change of an existing order is told by its own entry among the order's changes; without one the order's state
    counts.
    """
    if not isinstance(response, orders_pb2.Order):
        return None
    request_id = getattr(request, "request_id", "")
    own = next((change for change in response.changes if change.request_id == request_id), None)
    state = own.state if own is not None else response.submission_state
    return None if state in FINAL_STATES else order_path.expand({"name": response.name})
