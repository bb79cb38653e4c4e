"""`google.rpc.Status` with its details, from the pipeline's error."""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from erp_facade.api_error import DOMAIN, ApiError


def details_of(error: ApiError) -> list[Message]:
    """Return the details that apply: ErrorInfo always, then violations, retry delay, resource, and which limit was met
    or which condition does not hold."""
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)]
    if error.violations:
        bad = error_details_pb2.BadRequest()
        for v in error.violations:
            bad.field_violations.add(field=v.field, description=v.description, reason=v.reason)
        details.append(bad)
    if error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(int(error.retry_after * 1_000_000_000))
        details.append(retry)
    if error.resource is not None:
        kind, name = error.resource
        details.append(error_details_pb2.ResourceInfo(resource_type=kind, resource_name=name))
    subject = error.resource[1] if error.resource is not None else error.metadata.get("backend", "")
    if error.code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        quota = error_details_pb2.QuotaFailure()
        quota.violations.add(subject=subject or "client", description=error.message)
        details.append(quota)
    elif error.code is grpc.StatusCode.FAILED_PRECONDITION:
        precondition = error_details_pb2.PreconditionFailure()
        precondition.violations.add(type=error.reason, subject=subject, description=error.message)
        details.append(precondition)
    return details


def status_of(error: ApiError) -> status_pb2.Status:
    """Return the rich status that gRPC callers read from `grpc-status-details-bin`."""
    status = status_pb2.Status(code=error.code.value[0], message=error.message)
    for detail in details_of(error):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status
