"""Orders: accepted durably, split into parts, pinned to their ERP, booked exactly once."""

from erp_facade.orders.dispatcher import Dispatcher
from erp_facade.orders.options import OrderOptions
from erp_facade.orders.service import Orders

__all__ = ["Dispatcher", "OrderOptions", "Orders"]
