"""The facade itself, whole and as it is deployed, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from erp_facade.app import Facade
from erp_facade.bench.answering import answer_commands, run_child
from erp_facade.settings import load_settings


async def main(given: dict[str, Any]) -> None:
    facade = Facade(load_settings(Path(given["config"])))
    await facade.start()
    try:
        await answer_commands({"grpc": facade.grpc_port, "http": facade.http_port})
    finally:
        await facade.stop(2.0)


if __name__ == "__main__":
    run_child(main)
