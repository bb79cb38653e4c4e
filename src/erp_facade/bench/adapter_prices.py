"""The same price call through each real adapter and its stand-in ERP."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from erp_facade.bench.child import Child
from erp_facade.bench.configuration import write_adapter_facade, write_memory_facade
from erp_facade.bench.driving import drive, grpc_load, grpc_target
from erp_facade.bench.result import Result, ratio
from erp_facade.bench.rounds import Plan, interleave
from erp_facade.bench.workload import Workload
from erp_sandbox.cloud import start_cloud
from erp_sandbox.legacy import start_legacy

_IN_FLIGHT = 16
_WHAT = (
    "CalculatePrices, ten lines, over gRPC through the full pipeline and each adapter to its stand-in ERP (sql: a "
    "SQLite file; s4hana: HTTP to a process of its own, which shares the machine), beside InMemoryErp in process; "
    f"{_IN_FLIGHT} calls in flight"
)


async def adapter_prices(folder: Path, workload: Workload, plan: Plan) -> list[Result]:
    """Measure the SQL adapter, the OData adapter and the in-memory ERP."""
    plan.tell("price call through each adapter and its stand-in")
    master = workload.master
    with start_legacy(master, today=master.today) as legacy, start_cloud(master, today=master.today) as cloud:
        configs = {
            "sql": write_adapter_facade(folder / "sql", workload, legacy, cloud, stage="LEGACY"),
            "s4hana": write_adapter_facade(folder / "s4hana", workload, legacy, cloud, stage="CLOUD"),
            "memory": write_memory_facade(folder / "memory", workload),
        }
        async with (
            grpc_load(workload.request()) as load,
            Child("facade_server", {"config": str(configs["sql"])}) as sql,
            Child("facade_server", {"config": str(configs["s4hana"])}) as s4hana,
            Child("facade_server", {"config": str(configs["memory"])}) as memory,
        ):
            contenders = await interleave(
                {
                    name: partial(
                        drive, load, server, "closed", plan.seconds, target=grpc_target(server), in_flight=_IN_FLIGHT
                    )
                    for name, server in (("sql", sql), ("s4hana", s4hana), ("memory", memory))
                },
                plan,
            )
    figure = "calls_per_second"
    return [
        Result(
            name="grpc_price_through_adapters",
            what=_WHAT,
            figure=figure,
            unit="calls/s",
            contenders=contenders,
            judged=(ratio(contenders, "sql", "memory", figure), ratio(contenders, "s4hana", "memory", figure)),
        )
    ]
