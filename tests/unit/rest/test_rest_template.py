from __future__ import annotations

import pytest

from erp_facade.rest.router import Router, _find
from erp_facade.rest.template import TemplateError, decode_value, parse_template


def router_of(*routes: str) -> Router[str]:
    """A router whose targets are the templates' texts; each route is written `METHOD /template`."""
    router: Router[str] = Router()
    for route in routes:
        http_method, text = route.split(" ")
        router.add(http_method, parse_template(text), route, owner=route)
    return router


def values(route: str, path: str) -> dict[str, str]:
    match = router_of(f"GET {route}").match("GET", path)
    assert match is not None
    assert match.template is not None
    return match.template.bind(match.segments)


@pytest.mark.parametrize(
    ("template", "segments", "verb"),
    [
        ("/v1/orders", ("v1", "orders"), ""),
        ("/v1/{name=businessUnits/*/orders/*}", ("v1", "businessUnits", "*", "orders", "*"), ""),
        ("/v1/{parent=businessUnits/*}:calculatePrices", ("v1", "businessUnits", "*"), "calculatePrices"),
        ("/v1/{id}/parts/{order.part_id}", ("v1", "*", "parts", "*"), ""),
        ("/v1/files/{path=**}", ("v1", "files", "**"), ""),
        ("/v1/*/x:verb", ("v1", "*", "x"), "verb"),
    ],
)
def test_a_legal_template_is_taken_apart(template: str, segments: tuple[str, ...], verb: str) -> None:
    parsed = parse_template(template)

    assert (parsed.segments, parsed.verb) == (segments, verb)


@pytest.mark.parametrize(
    "template",
    [
        "", "v1", "/", "/v1/", "/v1//x", "/v1/{", "/v1/{}", "/v1/{a", "/v1/{a=}", "/v1/{a={b}}", "/v1/{1a}",
        "/v1/{a.}", "/v1/{a=**}/x", "/v1/**/x", "/v1/***", "/v1/a*", "/v1/*a", "/v1/x:", "/v1/x:y:z", "/v1/x y",
        "/v1/{a}/{a}", "/v1/{a}x", "/v1/x?y=1", "/v1/{a=x/}",
    ],
)  # fmt: skip
def test_an_illegal_template_is_refused_and_named(template: str) -> None:
    with pytest.raises(TemplateError) as refused:
        parse_template(template)

    assert repr(template) in str(refused.value)


def test_two_methods_that_claim_the_same_route_are_refused_with_both_named() -> None:
    router: Router[str] = Router()
    router.add("GET", parse_template("/v1/{name=things/*}"), "first", owner="a.First")

    with pytest.raises(TemplateError, match=r"b\.Second and a\.First claim the same route") as refused:
        router.add("GET", parse_template("/v1/things/{id}"), "second", owner="b.Second")

    assert "/v1/things/{id}" in str(refused.value)


def test_the_same_path_may_have_several_http_methods() -> None:
    router = router_of("GET /v1/things", "POST /v1/things")

    assert router.match("POST", "/v1/things").target == "POST /v1/things"
    assert router.match("GET", "/v1/things").target == "GET /v1/things"


def test_a_known_path_with_another_http_method_tells_which_are_allowed() -> None:
    match = router_of("GET /v1/things", "POST /v1/things").match("PUT", "/v1/things")

    assert (match.target, match.allowed) == (None, ("GET", "POST"))


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/things/special", "GET /v1/things/special"),
        ("/v1/things/other", "GET /v1/things/*"),
        ("/v1/things/other/deep", "GET /v1/things/**"),
        ("/v1/things", "GET /v1/things/**"),
        ("/v1/things/special/leaf", "GET /v1/things/**"),
        ("/v1/others/special/leaf", "GET /v1/*/special/leaf"),
    ],
)
def test_a_literal_goes_before_one_star_and_one_star_before_two(path: str, route: str) -> None:
    router = router_of(
        "GET /v1/things/**", "GET /v1/things/*", "GET /v1/things/special", "GET /v1/*/special/leaf"
    )  # fmt: skip

    assert router.match("GET", path).target == route


@pytest.mark.parametrize("path", ["/v1//orders", "/v1/NW/", "/v1/NW//", "/", "", "v1/NW", "/v1", "/v1/NW/x"])
def test_an_empty_segment_or_a_trailing_slash_matches_nothing(path: str) -> None:
    assert router_of("GET /v1/*", "GET /v1/*/orders").match("GET", path) is None


def test_a_verb_is_split_off_only_where_it_is_registered() -> None:
    router = router_of("GET /v1/{name=orders/*}", "POST /v1/{name=orders/*}:cancel")

    cancel = router.match("POST", "/v1/orders/7:cancel")
    other = router.match("GET", "/v1/orders/7:archive")

    assert (cancel.target, cancel.segments[-1]) == ("POST /v1/{name=orders/*}:cancel", "7")
    assert (other.target, other.segments[-1]) == ("GET /v1/{name=orders/*}", "7:archive")


def test_only_the_last_colon_can_begin_a_verb() -> None:
    match = router_of("POST /v1/{name=orders/*}:cancel").match("POST", "/v1/orders/a:b:cancel")

    assert match.template.bind(match.segments) == {"name": "orders/a:b"}


def test_an_escaped_colon_is_data() -> None:
    router = router_of("GET /v1/{name=orders/*}", "POST /v1/{name=orders/*}:cancel")

    match = router.match("GET", "/v1/orders/7%3Acancel")

    assert match.template.bind(match.segments) == {"name": "orders/7:cancel"}


def test_an_escaped_letter_of_a_literal_still_matches() -> None:
    assert router_of("GET /v1/orders/*").match("GET", "/v1/%6Frders/7") is not None


@pytest.mark.parametrize(
    ("route", "path", "expected"),
    [
        ("/s/{id}", "/s/a%2Fb%20c", {"id": "a/b c"}),
        ("/s/{id=*}", "/s/a%2fb", {"id": "a/b"}),
        ("/s/{name=x/*}", "/s/x/a%2Fb%20c%25", {"name": "x/a%2Fb c%"}),
        ("/s/{rest=**}", "/s/a/b%2fc/%C3%A4", {"rest": "a/b%2fc/ä"}),
        ("/s/{rest=**}", "/s", {"rest": ""}),
        ("/s/{a}/t/{b=u/*}", "/s/1/t/u/2", {"a": "1", "b": "u/2"}),
        ("/s/{id}", "/s/a+b", {"id": "a+b"}),
    ],
)
def test_a_variable_is_decoded_once_and_a_spanning_one_keeps_its_escaped_slashes(
    route: str, path: str, expected: dict[str, str]
) -> None:
    assert values(route, path) == expected


def test_a_value_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(UnicodeDecodeError):
        decode_value("%ff", multi=False)


def test_a_path_of_64_000_slashes_is_matched_in_one_pass() -> None:
    router = router_of("GET /v1/{rest=**}", "GET /v1/*/x", "GET /v1/*/*/y", "GET /v1/a/a/a")

    match = router.match("GET", "/v1" + "/a" * 64_000)
    visited = _CountingList(match.segments)
    _find(router._root, visited, 0, "")

    assert match.target == "GET /v1/{rest=**}"
    assert match.template.bind(match.segments) == {"rest": "/".join(["a"] * 64_000)}
    assert visited.reads < 10


class _CountingList(list[str]):
    """Counts how many segments are looked at."""

    reads = 0

    def __getitem__(self, at: int) -> str:  # type: ignore[override]
        self.reads += 1
        return super().__getitem__(at)


@pytest.mark.parametrize(
    ("template", "given"),
    [
        ("/v1/{name=businessUnits/*/orders/*}", {"name": "businessUnits/NW/orders/a?b:c"}),
        ("/v1/{id}/x", {"id": "a/b c"}),
        ("/v1/{name=things/*}:open", {"name": "things/7"}),
    ],
)
def test_an_expanded_template_matches_and_gives_the_values_back(template: str, given: dict[str, str]) -> None:
    assert values(template, parse_template(template).expand(given)) == given
