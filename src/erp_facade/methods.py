"""The methods of the contract and what serves each: one row per method, read by both transports."""

from __future__ import annotations

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from erp.admin.v1 import backends_pb2, comparisons_pb2, documents_pb2, routes_pb2
from erp.v1 import availability_pb2, invoices_pb2, orders_pb2, pricing_pb2
from erp_facade.clients import ADMIN, CALLER
from erp_facade.pipeline import Handler, Method

SERVICES: tuple[ServiceDescriptor, ...] = tuple(
    service
    for file in (
        pricing_pb2,
        availability_pb2,
        orders_pb2,
        invoices_pb2,
        routes_pb2,
        comparisons_pb2,
        backends_pb2,
        documents_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
)

# What these accepted stays accepted when the caller hangs up.
_DURABLE = frozenset({"CreateOrder", "CancelOrder", "SetRoute", "ApplyRoutes"})


def methods(handlers: dict[str, Handler]) -> dict[str, Method]:
    """Return every method of the contract by its full name.

    `handlers` maps `Service.Method` to what serves it; a method without a handler, or a handler without a method, is
    a mistake of the composition and raises ValueError.
    """
    found: dict[str, Method] = {}
    for service in SERVICES:
        for method in service.methods:
            handler = handlers.get(f"{service.name}.{method.name}")
            if handler is None:
                raise ValueError(f"nothing serves {service.full_name}.{method.name}")
            found[full_name(method)] = Method(
                name=full_name(method),
                request=GetMessageClass(method.input_type),
                response=GetMessageClass(method.output_type),
                role=ADMIN if service.full_name.startswith("erp.admin.") else CALLER,
                handler=handler,
                durable=method.name in _DURABLE,
            )
    if len(found) != len(handlers):
        known = {f"{m.containing_service.name}.{m.name}" for s in SERVICES for m in s.methods}
        raise ValueError(f"the contract has no {', '.join(sorted(set(handlers) - known))}")
    return found


def full_name(method: MethodDescriptor) -> str:
    """Return a method as gRPC names it: `/erp.v1.PricingService/CalculatePrices`."""
    return f"/{method.containing_service.full_name}/{method.name}"
