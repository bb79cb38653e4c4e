"""What callers are told when an order, a change or a look-up is refused."""

from __future__ import annotations

import datetime as dt

import grpc

from erp_facade.api_error import ApiError

_CODE = grpc.StatusCode


def key_reused(request_id: str) -> ApiError:
    text = f"the request id {request_id} was used before with other content"
    return ApiError(_CODE.INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED", text, metadata={"request_id": request_id})


def key_expired(first_sent: dt.datetime, retention: dt.timedelta) -> ApiError:
    return ApiError(
        _CODE.FAILED_PRECONDITION,
        "IDEMPOTENCY_KEY_EXPIRED",
        f"the request was first sent at {first_sent.isoformat()} and its id is unknown; ids are kept for "
        f"{retention.days} days, so nothing tells whether it was executed",
    )


def order_not_found(name: str) -> ApiError:
    text = f"the order {name} does not exist"
    return ApiError(_CODE.NOT_FOUND, "ORDER_NOT_FOUND", text, resource=("erp.v1/Order", name))


def not_settled(name: str, why: str) -> ApiError:
    text = f"the order {name} {why}; try again later"
    return ApiError(_CODE.FAILED_PRECONDITION, "ORDER_NOT_SETTLED", text, resource=("erp.v1/Order", name))


def wrong_state(name: str, why: str) -> ApiError:
    text = f"the order {name} {why}"
    return ApiError(_CODE.FAILED_PRECONDITION, "ORDER_STATE", text, resource=("erp.v1/Order", name))


def has_parts(name: str) -> ApiError:
    text = f"the order {name} has more than one part; cancelling it is not supported yet"
    return ApiError(_CODE.FAILED_PRECONDITION, "ORDER_HAS_PARTS", text, resource=("erp.v1/Order", name))


def etag_mismatch(name: str) -> ApiError:
    text = f"the order {name} changed since it was read; read it again"
    return ApiError(_CODE.ABORTED, "ETAG_MISMATCH", text, resource=("erp.v1/Order", name))


def cancel_unsupported(name: str, backend: str) -> ApiError:
    text = f"orders in {backend} cannot be cancelled through this contract"
    return ApiError(_CODE.UNIMPLEMENTED, "OPERATION_UNSUPPORTED", text, resource=("erp.v1/Order", name))


def not_created_here(name: str) -> ApiError:
    text = f"the order {name} was entered in its ERP and can be cancelled there only"
    return ApiError(_CODE.UNIMPLEMENTED, "OPERATION_UNSUPPORTED", text, resource=("erp.v1/Order", name))
