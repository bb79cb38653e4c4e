"""The suite as a pytest class; pytest is imported here and nowhere else in the package."""

from __future__ import annotations

import pytest

from erp_ports.conformance.check import Check, NotApplicable
from erp_ports.conformance.checks import CHECKS
from erp_ports.conformance.subject import Subject


class AdapterConformance:
    """Every promise of the ports as a test.

    Subclass it as `class TestMyErp(AdapterConformance)` and give it a fixture `subject` that yields a fresh `Subject`
    and closes it afterwards. A check that the subject lacks something for is skipped, and says what it lacks.
    """

    @pytest.mark.asyncio
    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
    async def test_promise(self, check: Check, subject: Subject) -> None:
        try:
            await check(subject)
        except NotApplicable as reason:
            pytest.skip(str(reason))
