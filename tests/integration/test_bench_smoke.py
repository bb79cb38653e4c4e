"""The bench measures what it says, fairly, and does not count calls that failed. Never how long anything takes."""

from __future__ import annotations

import base64
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from erp_facade.bench import run_bench
from erp_facade.bench.child import Child
from erp_facade.bench.configuration import TOKEN, write_memory_facade
from erp_facade.bench.driving import answer_of, grpc_load, grpc_target
from erp_facade.bench.errors import BenchError
from erp_facade.bench.grpc_load import arrivals
from erp_facade.bench.latency import percentile
from erp_facade.bench.rest_prices import fastapi_server
from erp_facade.bench.result import Target
from erp_facade.bench.rounds import Plan, Samples, interleave, order_of_round
from erp_facade.bench.run import BENCHMARKS, measure
from erp_facade.bench.same_answer import require_same
from erp_facade.bench.workload import Workload

SHORT = Plan(rounds=2, seconds=0.05, tell=lambda text: None)
CONTENDERS = {
    "grpc_price": [{"facade", "echo"}] * 3,
    "adapter_price": [{"sql", "s4hana", "memory"}],
    "rest_price": [{"facade", "fastapi"}],
    "comparator": [{"comparator", "deepdiff"}] * 2,
    "shadow_cost": [{"off", "on", "hanging"}],
}


@pytest.fixture
def workload() -> Workload:
    return Workload.of_today()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BENCHMARKS))
async def test_a_benchmark_reports_every_contender_with_raw_figures_of_every_round(name: str) -> None:
    for package in ("fastapi", "deepdiff"):
        pytest.importorskip(package)

    report = await measure(SHORT, name)

    assert json.loads(json.dumps(report)) == report
    assert report["rounds"] == SHORT.rounds
    assert {"cpu", "cores", "python", "versions", "load_average_before"} <= set(report["ran_on"])
    assert [set(b["raw"]) for b in report["benchmarks"]] == CONTENDERS[name]
    for benchmark in report["benchmarks"]:
        for raw in benchmark["raw"].values():
            assert len(raw["samples"]) == SHORT.rounds
            assert min(raw["samples"]) > 0
            assert raw["median"] == raw["medians"][benchmark["figure"]]
        assert all(ratio["value"] > 0 for ratio in benchmark["ratios"])
        assert len(benchmark["ratios"]) >= 1


def test_every_benchmark_is_covered_here() -> None:
    assert set(CONTENDERS) == set(BENCHMARKS)


@pytest.mark.parametrize("as_json", [True, False])
def test_the_command_prints_one_json_object_or_a_table_on_standard_output(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("deepdiff")

    run_bench(as_json=as_json, rounds=1, seconds=0.02, only="comparator")

    printed = capsys.readouterr().out
    if as_json:
        assert [b["name"] for b in json.loads(printed)["benchmarks"]] == [
            "comparator_equal",
            "comparator_three_differences",
        ]
    else:
        assert "comparator_equal" in printed
        assert "target at most 50" in printed


def test_a_name_that_no_benchmark_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        run_bench(as_json=True, rounds=1, seconds=0.02, only="nonsense")

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("count", [2, 3])
def test_every_contender_goes_first_equally_often(count: int) -> None:
    names = list("abc"[:count])

    rounds = [order_of_round(names, number) for number in range(2 * count)]

    assert Counter(r[0] for r in rounds) == dict.fromkeys(names, 2)
    assert all(sorted(r) == names for r in rounds)


async def test_the_warm_up_round_is_not_counted() -> None:
    calls: list[str] = []

    async def measured(name: str) -> dict[str, float]:
        calls.append(name)
        return {"calls_per_second": float(len(calls))}

    found = await interleave({"a": lambda: measured("a"), "b": lambda: measured("b")}, SHORT)

    assert calls == ["a", "b", "a", "b", "b", "a"]
    assert found["a"].values("calls_per_second") == [3.0, 6.0]


def test_medians_and_percentiles_are_values_that_were_measured() -> None:
    samples = Samples(figures=({"p50_ms": 3.0}, {"p50_ms": 1.0}, {"p50_ms": 2.0}))

    assert samples.median("p50_ms") == 2.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1, 201)], 0.99) == 198.0
    assert percentile([7.0], 0.99) == 7.0


def test_a_target_is_met_at_its_bound_and_missed_beyond() -> None:
    assert Target(at_least=1.3).met_by(1.3)
    assert not Target(at_least=1.3).met_by(1.29)
    assert Target(at_most=50).met_by(50)
    assert not Target(at_most=50).met_by(50.1)


def test_arrivals_are_the_same_for_every_contender_and_as_many_as_the_rate_says() -> None:
    planned = arrivals(500.0, 10.0, seed=1)

    assert planned == arrivals(500.0, 10.0, seed=1) != arrivals(500.0, 10.0, seed=2)
    assert planned == sorted(planned)
    assert 4500 < len(planned) < 5500


async def test_the_facade_and_the_hand_written_endpoint_give_the_same_answer_and_refuse_the_same(
    tmp_path: Path, workload: Workload
) -> None:
    pytest.importorskip("fastapi")
    async with _rest_servers(tmp_path, workload) as (facade, fastapi), httpx.AsyncClient() as client:
        for change, accepted in _CHANGES:
            answers = [await _post(client, server, workload, change) for server in (facade, fastapi)]
            assert [a.is_success for a in answers] == [accepted, accepted], change
            assert all(accepted or 400 <= a.status_code < 500 for a in answers), change
            if accepted:
                require_same(answers[0].content, answers[1].content)


async def test_a_refused_call_ends_the_measurement_over_http(tmp_path: Path, workload: Workload) -> None:
    config = write_memory_facade(tmp_path / "facade", workload)
    load = Child("http_load", {"path": "/v1/nothing", "body": "", "token": TOKEN})
    async with load, Child("facade_server", {"config": str(config)}) as facade:
        with pytest.raises(BenchError, match="404"):
            await load.ask("closed", port=facade.ready["http"], in_flight=1, seconds=0.05)


async def test_a_refused_call_ends_the_measurement_over_grpc(tmp_path: Path, workload: Workload) -> None:
    config = write_memory_facade(tmp_path / "facade", workload)
    request = workload.request(plant="nowhere")
    async with grpc_load(request) as load, Child("facade_server", {"config": str(config)}) as facade:
        for do, arguments in (("closed", {"in_flight": 1}), ("open", {"rate": 100.0, "seed": 1})):
            with pytest.raises(BenchError, match="grpc_load"):
                await load.ask(do, target=grpc_target(facade), seconds=0.05, **arguments)


async def test_the_echo_sends_the_very_message_that_the_facade_answers_with(tmp_path: Path, workload: Workload) -> None:
    config = write_memory_facade(tmp_path / "facade", workload)
    async with grpc_load(workload.request()) as load, Child("facade_server", {"config": str(config)}) as facade:
        answer = await answer_of(load, target=grpc_target(facade))
        async with Child("echo_server", {"answer": base64.b64encode(answer).decode()}) as echo:
            assert await answer_of(load, target=grpc_target(echo)) == answer


async def test_a_process_that_cannot_start_ends_the_bench() -> None:
    with pytest.raises(BenchError, match="ended early"):
        async with Child("echo_server", {}):
            pass


def test_answers_that_differ_are_not_compared_for_speed() -> None:
    one = {"lines": [{"netAmount": {"units": "1"}, "source": {"asOf": "1"}}], "validUntil": "1"}
    later = {"lines": [{"netAmount": {"units": "1"}, "source": {"asOf": "2"}}], "validUntil": "2"}
    other = {"lines": [{"netAmount": {"units": "2"}, "source": {"asOf": "1"}}], "validUntil": "1"}

    require_same(json.dumps(one).encode(), json.dumps(later).encode())
    with pytest.raises(BenchError, match="differ"):
        require_same(json.dumps(one).encode(), json.dumps(other).encode())


_CHANGES: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"pricingDate": None}, True),
    ({"customer": "businessUnits/XX/customers/K100"}, False),
    ({"currencyCode": "EUR"}, False),
    ({"pricingDate": {"year": 2026, "month": 2, "day": 30}}, False),
    ({"lines": []}, False),
    ({"unheardOf": 1}, False),
    ({"line": {"plant": "nowhere"}}, False),
    ({"line": {"product": "businessUnits/NW/products/none"}}, False),
    ({"line": {"lineId": "2"}}, False),
    ({"line": {"quantity": {"value": {"value": "0"}, "unit": "EA"}}}, False),
    ({"line": {"quantity": {"value": {"value": "0.000001"}, "unit": "EA"}}}, True),
    ({"line": {"quantity": {"value": {"value": "0.0000001"}, "unit": "EA"}}}, False),
    ({"line": {"quantity": {"value": {"value": "5"}, "unit": "KGM"}}}, False),
    ({"line": {"agreedDiscount": {"value": "1"}}}, False),
    ({"token": "wrong"}, False),
]


@contextlib.asynccontextmanager
async def _rest_servers(folder: Path, workload: Workload) -> AsyncIterator[tuple[int, int]]:
    config = write_memory_facade(folder / "facade", workload)
    async with (
        Child("facade_server", {"config": str(config)}) as facade,
        fastapi_server(folder, workload) as fastapi,
    ):
        yield facade.ready["http"], fastapi.ready["http"]


async def _post(client: httpx.AsyncClient, port: int, workload: Workload, change: dict[str, Any]) -> httpx.Response:
    body = {**workload.rest_body(), **change}
    token = body.pop("token", TOKEN)
    if "line" in change:
        body["lines"] = [{**body["lines"][0], **body.pop("line")}, *body["lines"][1:]]
    url = f"http://127.0.0.1:{port}{workload.rest_path}"
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return await client.post(url, content=json.dumps(body), headers=headers)
