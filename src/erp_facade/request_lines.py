"""The lines of the requests that are split by ERP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from erp.v1.availability_pb2 import CheckAvailabilityRequest
from erp.v1.orders_pb2 import SimulateOrderRequest
from erp.v1.pricing_pb2 import CalculatePricesRequest

Request = CalculatePricesRequest | CheckAvailabilityRequest | SimulateOrderRequest
R = TypeVar("R", bound=Request)


def lines_of(request: Request) -> Sequence[Any]:
    """Return the lines of any splittable request."""
    return request.order.lines if isinstance(request, SimulateOrderRequest) else request.lines


def with_lines(request: R, indices: Sequence[int]) -> R:
    """Return a copy of the request that holds only some of its lines."""
    copy: Any = type(request)()
    copy.CopyFrom(request)
    all_lines = lines_of(request)
    kept: Any = lines_of(copy)
    del kept[:]
    kept.extend(all_lines[i] for i in indices)
    return cast(R, copy)
