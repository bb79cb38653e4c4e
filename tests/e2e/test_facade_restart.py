"""A facade that is killed between accepting an order and its booking loses nothing and books nothing twice."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

COMMAND = (sys.executable, "-c", "from erp_facade.cli import main; main()")


class Served:
    """`erp-facade serve` as a process of its own, killed at the end of the test."""

    def __init__(self, config: Path, log: Path, until: Any) -> None:
        self._log = log
        known = len(self._lines())
        self.process = subprocess.Popen([*COMMAND, "serve", "--config", str(config)], stderr=subprocess.PIPE)
        started = until(lambda: next((x for x in self._lines()[known:] if x["event"] == "facade.started"), None), 60)
        self.url = f"http://127.0.0.1:{started['http_port']}/v1"

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(x) for x in self._log.read_text().splitlines()] if self._log.exists() else []

    def create(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        headers = {"idempotency-key": request["requestId"], "x-request-timeout": str(seconds)}
        response = httpx.post(
            f"{self.url}/{request['parent']}/orders", json=request["order"], headers=headers, timeout=30
        )
        assert response.is_success, response.text
        return dict(response.json())

    def get(self, name: str) -> dict[str, Any]:
        return dict(httpx.get(f"{self.url}/{name}", timeout=30).json())

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


@pytest.fixture
def serve(stand_ins: Any, tmp_path: Path, wait_until: Any) -> Iterator[Any]:
    """Starts `erp-facade serve` on the stand-ins, with a store of its own and every plant on the cloud ERP."""
    routes = tmp_path / "routes.yaml"
    row = {"stage": "CLOUD", "legacy_backend": "legacy", "cloud_backend": "cloud", "stock_sync": "LIVE"}
    routes.write_text(yaml.safe_dump({"routes": [row]}))
    config = tmp_path / "facade.yaml"
    log = tmp_path / "facade.log"
    content = {
        **stand_ins.content,
        "store": {"url": f"sqlite:///{tmp_path / 'facade.db'}"},
        "log": {"file": str(log)},
        "routes_file": str(routes),
    }
    config.write_text(yaml.safe_dump(content))
    running: list[Served] = []

    def start() -> Served:
        running.append(Served(config, log, wait_until))
        return running[-1]

    yield start
    stand_ins.cloud.faults()
    for served in running:
        if served.process.poll() is None:
            served.end(signal.SIGKILL)


@pytest.fixture
def order(stand_ins: Any, ask: Any) -> Any:
    asking = type(ask)(unit=stand_ins.master.business_unit, customer=stand_ins.master.customers[0].customer)
    product, plant = next((p, pl) for (p, pl), s in stand_ins.master.stock.items() if s.on_hand > 50)

    def make(number: str) -> dict[str, Any]:
        return dict(asking.create(number, asking.line("1", product, plant, "1")))

    return make


def booked(served: Served, name: str, until: Any) -> dict[str, Any]:
    return dict(until(lambda: o if (o := served.get(name))["submissionState"] == "BOOKED" else None, 60))


def test_killed_while_the_erp_books_the_order_is_found_again_and_booked_once(
    serve: Any, stand_ins: Any, order: Any, wait_until: Any
) -> None:
    first = serve()
    stand_ins.cloud.faults(answer_late=(2.0, 1))
    accepted = first.create(order("KILLED"), 0.5)
    assert accepted["submissionState"] == "DISPATCHING"
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    # The ERP has the request and executes it, although nobody waits for the answer any more.
    wait_until(lambda: stand_ins.booked("KILLED") or None, 30)
    stand_ins.cloud.faults()

    second = serve()
    again = second.create(order("KILLED"), 20)
    found = booked(second, accepted["name"], wait_until)

    assert (again["name"], again["replayed"]) == (accepted["name"], True)
    assert [p["documentNumber"] for p in found["parts"]] == [b.document for b in stand_ins.cloud.book()
                                                             if b.purchase_order_number == "KILLED"]  # fmt: skip
    assert stand_ins.booked("KILLED") == [("cloud", "1")]


def test_killed_before_anything_was_sent_the_order_is_sent_after_the_restart(
    serve: Any, stand_ins: Any, order: Any, wait_until: Any
) -> None:
    first = serve()
    stand_ins.cloud.faults(throttling=60)
    accepted = first.create(order("WAITING"), 1.0)
    assert accepted["submissionState"] in ("ACCEPTED", "DISPATCHING")
    first.end(signal.SIGKILL)
    assert stand_ins.booked("WAITING") == []
    stand_ins.cloud.faults()

    second = serve()
    booked(second, accepted["name"], wait_until)

    assert stand_ins.booked("WAITING") == [("cloud", "1")]


def test_told_to_stop_it_ends_in_order_and_what_it_was_sending_is_booked(
    serve: Any, stand_ins: Any, order: Any, wait_until: Any
) -> None:
    first = serve()
    stand_ins.cloud.faults(slow=1.0)
    accepted = first.create(order("STOPPED"), 0.3)
    assert accepted["submissionState"] == "DISPATCHING"

    assert first.end(signal.SIGTERM) == os.EX_OK
    assert stand_ins.booked("STOPPED") == [("cloud", "1")]
    stand_ins.cloud.faults()

    shown = serve().get(accepted["name"])
    assert (shown["submissionState"], shown["parts"][0]["attempts"]) == ("BOOKED", 1)


def test_a_second_process_on_the_same_store_is_refused_in_words(serve: Any, tmp_path: Path) -> None:
    serve()
    done = subprocess.run(
        [*COMMAND, "serve", "--config", str(tmp_path / "facade.yaml")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 4
    assert re.search(r"store\.url: the store .* is in use by process \d+", done.stderr)
    assert "Traceback" not in done.stderr
