"""The examples of the README work when they are pasted."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import yaml

from erp_facade.app import Facade
from erp_facade.settings import settings_from


@pytest.fixture
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


@pytest.fixture
async def facade(repository: Path, tmp_path: Path) -> AsyncIterator[Facade]:
    """A facade with the in-memory example's configuration, on free ports and with a store of its own."""
    folder = repository / "docs/examples/in-memory"
    content = yaml.safe_load((folder / "facade.yaml").read_text(encoding="utf-8"))
    content["listen"] = {"grpc": "127.0.0.1:0", "http": "127.0.0.1:0"}
    content["store"] = {"url": f"sqlite:///{tmp_path / 'facade.db'}"}
    content["log"] = {"file": str(tmp_path / "facade.log")}
    facade = Facade(settings_from(content, base=folder))
    await facade.start()
    yield facade
    await facade.stop(1.0)


async def test_the_rest_example_prices_both_lines(facade: Facade, readme: str) -> None:
    (example,) = re.findall(r"curl -s (http://127\.0\.0\.1:8080/\S+) \\\n.*?-d '(.*?)'", readme, re.DOTALL)
    url, body = example[0].replace(":8080", f":{facade.http_port}"), example[1]
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert [line["lineId"] for line in answer.json()["lines"]] == ["1", "2"]
    assert answer.json()["netAmount"] == {"currencyCode": "USD", "units": "25217", "nanos": 480000000}


async def test_the_grpc_example_books_once_and_is_answered_alike_the_second_time(facade: Facade, readme: str) -> None:
    (script,) = re.findall(r"python - <<'EOF'\n(.*?)\nEOF\n", readme, re.DOTALL)
    first, second = [await run(script.replace(":50051", f":{facade.grpc_port}")) for _ in range(2)]
    assert re.fullmatch(r"businessUnits/NW/orders/\w{26} BOOKED\nbooked in legacy as \d+\n", first)
    assert second == first


async def run(script: str) -> str:
    """Return what a Python script prints that is given on standard input."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-", stdin=pipe, stdout=pipe, stderr=pipe)
    output, errors = await process.communicate(script.encode())
    assert process.returncode == 0, errors.decode()
    return output.decode()
