"""The bare alternative over gRPC: grpc.aio on uvloop that parses the same request and sends the same answer.

Nothing is identified, checked, decided, logged or counted.
"""

from __future__ import annotations

import base64
from typing import Any

import grpc.aio

from erp.v1 import pricing_pb2_grpc
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_facade.bench.answering import answer_commands, run_child


class _Echo(pricing_pb2_grpc.PricingServiceServicer):
    """Answers every request with the message that it was given."""

    def __init__(self, answer: CalculatePricesResponse) -> None:
        self._answer = answer

    async def CalculatePrices(  # noqa: N802
        self, request: CalculatePricesRequest, context: object
    ) -> CalculatePricesResponse:
        return self._answer


async def main(given: dict[str, Any]) -> None:
    server = grpc.aio.server()
    answer = CalculatePricesResponse.FromString(base64.b64decode(given["answer"]))
    pricing_pb2_grpc.add_PricingServiceServicer_to_server(_Echo(answer), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        await answer_commands({"grpc": port})
    finally:
        await server.stop(1.0)


if __name__ == "__main__":
    run_child(main)
