"""Who may call what, and how often."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

PRICES = "PricingService.CalculatePrices"
ROUTES = "RouteService.ListRoutes"


def token(client: str, secret: str, *roles: str, **more: Any) -> dict[str, Any]:
    return {"client": client, "sha256": hashlib.sha256(secret.encode()).hexdigest(), "roles": list(roles), **more}


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.fixture(scope="module")
def guarded(start_shared: Any) -> Any:
    """A facade that knows a CRM, a migration lead and a client with one call a second."""
    return start_shared(
        tokens=[
            token("crm", "crm-secret", "caller"),
            token("lead", "lead-secret", "admin"),
            token("shop", "shop-secret", "caller"),
            token("slow-grpc", "slow-grpc", "caller", requests_per_second=1),
            token("slow-rest", "slow-rest", "caller", requests_per_second=1),
        ]
    )


@pytest.mark.parametrize(
    "headers",
    [{}, bearer("guessed"), {"authorization": "Basic Y3JtLXNlY3JldA=="}, {"authorization": "Bearer"}],
    ids=["no credentials", "unknown token", "another scheme", "empty token"],
)
def test_a_caller_who_is_not_known_is_refused(guarded: Any, transport: str, ask: Any, headers: Any) -> None:
    answer = guarded.client(transport)(PRICES, ask.prices(), headers=headers)
    assert answer.error == ("UNAUTHENTICATED", "UNAUTHENTICATED", {})
    if transport == "rest":
        assert (answer.http_status, answer.metadata["www-authenticate"]) == (401, "Bearer")


def test_a_caller_needs_the_role_of_the_method(guarded: Any, transport: str, ask: Any) -> None:
    call = guarded.client(transport)

    assert call(PRICES, ask.prices(), headers=bearer("crm-secret")).status == "OK"
    assert call(ROUTES, {}, headers=bearer("lead-secret")).status == "OK"
    for secret, method, request, role in (
        ("crm-secret", ROUTES, {}, "admin"),
        ("lead-secret", PRICES, ask.prices(), "caller"),
    ):
        refused = call(method, request, headers=bearer(secret))
        assert refused.error == ("PERMISSION_DENIED", "PERMISSION_DENIED", {})
        assert refused.error_metadata == {"role": role}


def test_a_refused_caller_learns_nothing_of_the_request(guarded: Any, transport: str, ask: Any) -> None:
    spoiled = ask.prices(ask.line(plant="XX", quantity="0"))
    answer = guarded.client(transport)(PRICES, spoiled, headers=bearer("guessed"))
    assert answer.error == ("UNAUTHENTICATED", "UNAUTHENTICATED", {})


def test_a_client_above_its_rate_is_told_when_to_come_again(guarded: Any, transport: str, ask: Any) -> None:
    call, headers = guarded.client(transport), bearer(f"slow-{transport}")

    answers = [call(PRICES, ask.prices(), headers=headers) for _ in range(8)]

    assert answers[0].status == "OK"
    refused = [a for a in answers if a.status != "OK"]
    assert refused
    for answer in refused:
        assert answer.error == ("RESOURCE_EXHAUSTED", "RATE_LIMITED", {})
        assert answer.retry_after is not None and 0 < answer.retry_after <= 1
    assert call(PRICES, ask.prices(), headers=bearer("crm-secret")).status == "OK"


def test_two_clients_never_share_a_request_id(guarded: Any, ask: Any) -> None:
    request = ask.create("SHARED-ID")
    first = guarded.grpc("OrderService.CreateOrder", request, headers=bearer("crm-secret"))
    again = guarded.rest("OrderService.CreateOrder", request, headers=bearer("crm-secret"))
    other = guarded.grpc("OrderService.CreateOrder", request, headers=bearer("shop-secret"))

    assert (again.json["name"], again.json["replayed"]) == (first.json["name"], True)
    assert (other.status, other.json["replayed"]) == ("OK", False)
    assert other.json["name"] != first.json["name"]


def test_a_change_of_routes_names_the_client_and_the_person(guarded: Any) -> None:
    route = {
        "businessUnit": "NW",
        "plant": "EU01",
        "stage": "LEGACY",
        "legacyBackend": "legacy",
        "cloudBackend": "cloud",
    }
    request = {"route": route, "reason": "made explicit", "person": "Ada"}
    assert guarded.grpc("RouteService.SetRoute", request, headers=bearer("lead-secret")).status == "OK"

    changes = guarded.grpc("RouteService.ListRouteChanges", {}, headers=bearer("lead-secret")).json["changes"]
    assert (changes[0]["person"], changes[0]["reason"]) == ("Ada (lead)", "made explicit")


def test_operations_need_no_token_for_health_and_metrics(guarded: Any) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json"):
        assert guarded.rest.http.get(path).status_code == 200


def test_a_token_stands_in_no_log_line(guarded: Any, ask: Any) -> None:
    guarded.grpc(PRICES, ask.prices(), headers=bearer("crm-secret"))
    guarded.rest(PRICES, ask.prices(), headers=bearer("guessed"))
    written = str(guarded.log_lines())
    assert "crm" in written
    assert "crm-secret" not in written
    assert "guessed" not in written
