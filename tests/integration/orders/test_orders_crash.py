"""A process that is killed at any point leaves an order that the next process books exactly once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("crash_child.py")


def run(folder: Path, point: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHILD), str(folder), point], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("point", "attempts"),
    [
        ("before the claim", "1"),
        ("before the send", "2"),
        ("after the send", "1"),
        ("before the result is stored", "1"),
        ("after the result is stored", "1"),
    ],
)
def test_an_order_is_booked_exactly_once_when_the_process_is_killed(tmp_path, point, attempts):
    killed = run(tmp_path, point)
    assert killed.returncode == 9, killed.stderr
    revived = run(tmp_path, "none")
    assert revived.stdout.split() == ["BOOKED", "1", attempts], revived.stderr
    assert len((tmp_path / "books").read_text().splitlines()) == 1


def test_a_process_that_is_killed_again_and_again_still_books_once(tmp_path):
    for point in ("before the send", "before the send", "after the send", "before the result is stored"):
        killed = run(tmp_path, point)
        assert killed.returncode == 9, killed.stderr
        if point == "after the send":
            break
    revived = run(tmp_path, "none")
    assert revived.stdout.split()[:2] == ["BOOKED", "1"], revived.stderr
    assert len((tmp_path / "books").read_text().splitlines()) == 1
