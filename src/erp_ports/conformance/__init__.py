"""The conformance suite: how an adapter proves that it can stand on either side.

    class TestMyErp(AdapterConformance):
        @pytest.fixture
        async def subject(self):
            async with my_stand_in() as erp:
                yield Subject(adapter=..., book=erp.book, ...)

`Subject` says what the suite needs; `CHECKS` holds every promise as an asynchronous function of a subject, so that a
single one can be run without pytest.
"""

from erp_ports.conformance.check import Check, NotApplicable, NotConformant
from erp_ports.conformance.checks import CHECKS
from erp_ports.conformance.subject import BookLine, KnownProduct, Subject
from erp_ports.conformance.suite import AdapterConformance

__all__ = [
    "CHECKS",
    "AdapterConformance",
    "BookLine",
    "Check",
    "KnownProduct",
    "NotApplicable",
    "NotConformant",
    "Subject",
]
