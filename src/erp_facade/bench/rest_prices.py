"""The REST price call against a FastAPI endpoint written by hand."""

from __future__ import annotations

import json
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from erp_facade.bench.child import Child
from erp_facade.bench.configuration import token_settings, write_memory_facade
from erp_facade.bench.driving import answer_of, drive, http_load
from erp_facade.bench.errors import BenchError
from erp_facade.bench.result import Result, Target, ratios_of_servers
from erp_facade.bench.rounds import Plan, interleave
from erp_facade.bench.same_answer import require_same
from erp_facade.bench.workload import UNITS, Workload

_IN_FLIGHT = 16
_WHAT = (
    "the REST price call, ten lines, through the full pipeline on InMemoryErp in process, against a FastAPI and "
    "pydantic endpoint written by hand with the same backend, validation, log line and metric on uvicorn, uvloop and "
    f"httptools; {_IN_FLIGHT} calls in flight"
)


async def rest_prices(folder: Path, workload: Workload, plan: Plan) -> list[Result]:
    """Measure both after making sure that they give the same answer."""
    if find_spec("fastapi") is None:
        raise BenchError("fastapi is missing: install the development requirements (make bench does)")
    plan.tell("price call over REST against FastAPI")
    config = write_memory_facade(folder / "rest_prices", workload)
    async with (
        rest_load(workload) as load,
        Child("facade_server", {"config": str(config)}) as facade,
        fastapi_server(folder, workload) as fastapi,
    ):
        servers = {"facade": facade, "fastapi": fastapi}
        answers = {name: await answer_of(load, port=server.ready["http"]) for name, server in servers.items()}
        require_same(answers["facade"], answers["fastapi"])
        contenders = await interleave(
            {
                name: partial(
                    drive, load, server, "closed", plan.seconds, port=server.ready["http"], in_flight=_IN_FLIGHT
                )
                for name, server in servers.items()
            },
            plan,
        )
    return [
        Result(
            name="rest_price",
            what=_WHAT,
            figure="calls_per_second",
            unit="calls/s",
            contenders=contenders,
            judged=ratios_of_servers(contenders, "facade", "fastapi", Target(at_least=1.3)),
        )
    ]


def rest_load(workload: Workload) -> Child:
    """Return the process, not yet started, that posts the workload's request as JSON."""
    return http_load(workload.rest_path, json.dumps(workload.rest_body()).encode())


def fastapi_server(folder: Path, workload: Workload) -> Child:
    """Return the FastAPI process, not yet started, with the facade's master data, plants, units and token."""
    master = workload.master
    return Child(
        "fastapi_server",
        {
            "erp": workload.memory_settings(),
            "site": {
                "business_unit": master.business_unit,
                "currencies": [master.currency],
                "plants": sorted(master.plants),
                "units": list(UNITS),
            },
            "token_sha256": token_settings()[0]["sha256"],
            "log_file": str(folder / "fastapi.log"),
        },
    )
