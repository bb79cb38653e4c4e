"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """In CI a test that lacks something of the machine fails instead of being skipped."""
    os.environ.setdefault("ERP_FACADE_STRICT", "")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the project."""
    return REPOSITORY


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.skipped and os.environ.get("ERP_FACADE_STRICT") and "needs_system" in item.keywords:
        report.outcome = "failed"
        report.longrepr = f"skipped although everything must be there: {report.longrepr}"
    return report
