"""Page tokens: only ours are read, and only for the request that they continue."""

from __future__ import annotations

import base64

import grpc
import pytest

from erp.admin.v1.comparisons_pb2 import ListObservationsRequest
from erp_facade.api_error import ApiError
from erp_facade.page_token import PageTokens, request_scope

SECRET = b"0123456789abcdef"


def test_a_token_gives_back_what_was_put_into_it() -> None:
    tokens = PageTokens(SECRET)
    fields = {"before": "01J", "cursors": [["2026-03-02", "x"], 7]}
    assert tokens.read(tokens.issue("orders", fields), "orders") == fields


def test_a_token_needs_no_escaping_in_a_query() -> None:
    token = PageTokens(SECRET).issue("orders", {"before": "ÿþ?/+="})
    assert all(c.isalnum() or c in "-_" for c in token)


@pytest.mark.parametrize("token", ["", "x", "nonsense", "ü", "a b", "A" * 2048, "====", "AAAA*AAA"])
def test_a_token_that_was_never_issued_is_refused(token: str) -> None:
    with pytest.raises(ApiError) as refused:
        PageTokens(SECRET).read(token, "orders")
    assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")
    assert [v.field for v in refused.value.violations] == ["page_token"]


def test_a_changed_token_is_refused() -> None:
    tokens = PageTokens(SECRET)
    raw = bytearray(base64.urlsafe_b64decode(tokens.issue("orders", {"before": 5}) + "=="))
    for place in range(len(raw)):
        changed = raw.copy()
        changed[place] ^= 1
        with pytest.raises(ApiError):
            tokens.read(base64.urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode(), "orders")


def test_a_token_of_another_scope_or_another_secret_is_refused() -> None:
    token = PageTokens(SECRET).issue("orders", {"before": 5})
    with pytest.raises(ApiError):
        PageTokens(SECRET).read(token, "invoices")
    with pytest.raises(ApiError):
        PageTokens(b"fedcba9876543210").read(token, "orders")


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        PageTokens(b"short")


def test_the_scope_of_a_request_is_everything_but_the_page() -> None:
    first = ListObservationsRequest(business_unit="NW", page_size=5)
    next_page = ListObservationsRequest(business_unit="NW", page_size=9, page_token="t")
    assert request_scope(first) == request_scope(next_page)
    assert request_scope(first) != request_scope(ListObservationsRequest(business_unit="SW"))
    assert request_scope(ListObservationsRequest(business_unit="NW")) != request_scope(
        ListObservationsRequest(plant="NW")
    )
