"""`erp-facade orders`: orders and their way through the ERPs."""

from __future__ import annotations

from typing import Annotated

import typer
from google.type.money_pb2 import Money

from erp.admin.v1 import documents_pb2, documents_pb2_grpc
from erp.v1 import orders_pb2, orders_pb2_grpc
from erp_facade.cli.client import Json, Server, connection
from erp_facade.cli.output import console, print_json, print_table
from erp_facade.cli.routes import DEFAULT_SERVER
from erp_ports.amounts import money_amount, round_money

app = typer.Typer(help="Orders and their way through the ERPs.", no_args_is_help=True)

_State = orders_pb2.Order.SubmissionState


@app.command("list")
def list_orders(
    business_unit: Annotated[str, typer.Argument(help="Business unit.")],
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many orders.")] = 20,
    server: Server = DEFAULT_SERVER,
    as_json: Json = False,
) -> None:
    """List orders, newest first."""
    request = orders_pb2.ListOrdersRequest(parent=f"businessUnits/{business_unit}", page_size=limit)
    with connection(server) as channel:
        answer = orders_pb2_grpc.OrderServiceStub(channel).ListOrders(request, timeout=30)
    if as_json:
        print_json(answer)
        return
    print_table(
        f"Orders of {business_unit}",
        ("order", "customer", "purchase order", "state", "booked in"),
        [
            (
                o.name,
                o.customer.rpartition("/")[2],
                o.purchase_order_number,
                _State.Name(o.submission_state),
                ", ".join(f"{p.source.backend} {p.document_number}" for p in o.parts if p.document_number),
            )
            for o in answer.orders
        ],
    )


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Order, as businessUnits/NW/orders/….")],
    server: Server = DEFAULT_SERVER,
    as_json: Json = False,
) -> None:
    """Show one order with its parts and their present state."""
    with connection(server) as channel:
        order = orders_pb2_grpc.OrderServiceStub(channel).GetOrder(orders_pb2.GetOrderRequest(name=name), timeout=30)
    if as_json:
        print_json(order)
        return
    print_order(order)


def print_order(order: orders_pb2.Order) -> None:
    """Print an order for a person."""
    console.print(
        f"{order.name}: {_State.Name(order.submission_state)}, purchase order {order.purchase_order_number} of "
        f"{order.customer.rpartition('/')[2]}",
        markup=False,
    )
    if order.HasField("refusal"):
        console.print(f"refused: {order.refusal.reason}: {order.refusal.message}", markup=False)
    print_table(
        "Lines",
        ("line", "product", "plant", "quantity", "net amount", "owned by"),
        [
            (
                line.line_id,
                line.product.rpartition("/")[2],
                line.plant,
                f"{line.quantity.value.value} {line.quantity.unit}",
                _amount(line.net_amount) if line.HasField("net_amount") else "–",
                line.source.backend or "–",
            )
            for line in order.lines
        ],
    )
    if order.parts:
        print_table(
            "Parts",
            (
                "part",
                "backend",
                "state",
                "document",
                "reference",
                "attempts",
                "lines",
                "delivery",
                "billing",
                "payment",
            ),
            [
                (
                    p.part_id,
                    p.source.backend,
                    _State.Name(p.submission_state),
                    p.document_number or "–",
                    p.reference,
                    p.attempts,
                    " ".join(p.line_ids),
                    _axis(orders_pb2.FulfilmentState.Name(p.fulfilment_state)),
                    _axis(orders_pb2.BillingState.Name(p.billing_state)),
                    _axis(orders_pb2.PaymentState.Name(p.payment_state)),
                )
                for p in order.parts
            ],
        )


def _amount(value: Money) -> str:
    """Return an amount with the decimals of its currency: `6813.92 USD`."""
    return f"{round_money(money_amount(value), value.currency_code):f} {value.currency_code}"


def _axis(name: str) -> str:
    """Return a state without its enum's prefix."""
    return name.partition("_STATE_")[2].lower().replace("_", " ")


@app.command()
def trace(
    name: Annotated[str, typer.Argument(help="Order, as businessUnits/NW/orders/….")],
    server: Server = DEFAULT_SERVER,
    as_json: Json = False,
) -> None:
    """Tell an order's whole way: every state change and attempt."""
    with connection(server) as channel:
        stub = documents_pb2_grpc.DocumentServiceStub(channel)
        answer = stub.TraceOrder(documents_pb2.TraceOrderRequest(name=name), timeout=30)
    if as_json:
        print_json(answer)
        return
    print_order(answer.order)
    print_table(
        "Its way",
        ("#", "time (UTC)", "event", "part", "state", "by", "detail"),
        [
            (
                e.sequence,
                e.event_time.ToDatetime().isoformat(sep=" ", timespec="milliseconds"),
                e.event,
                e.part_id,
                _State.Name(e.submission_state) if e.submission_state else "",
                e.actor,
                e.detail,
            )
            for e in answer.entries
        ],
    )
