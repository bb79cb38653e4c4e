"""What callers rely on and `buf breaking` does not see: HTTP paths, bodies, field behaviour, resource patterns,
error reasons, and the rules that a request must keep.

Each fact is a line; a line of the released contract that is gone breaks somebody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from google.api import annotations_pb2, field_behavior_pb2, http_pb2, resource_pb2
from google.protobuf import descriptor_pb2

_PREFIX = "erp."
_VALIDATE_EXTENSION = 1159
# A field that becomes required, or a rule that becomes stricter, breaks callers too: these facts may not appear.
_NARROWING = ("required ", "rule ")


def facts(image: bytes) -> set[str]:
    """Return the facts of a compiled contract."""
    contract = descriptor_pb2.FileDescriptorSet.FromString(image)
    found: set[str] = set()
    for file in contract.file:
        if file.package.startswith(_PREFIX):
            found.update(_file_facts(file))
    return found


def lost(released: set[str], present: set[str]) -> list[str]:
    """Return what breaks callers of the released contract, in words."""
    gone = [f"gone from the contract: {fact}" for fact in sorted(released - present)]
    messages = {fact.split()[1] for fact in released if fact.startswith("field ")}
    new = [
        f"narrows the contract: {fact}"
        for fact in sorted(present - released)
        if fact.startswith(_NARROWING) and fact.split()[1] in messages
    ]
    return gone + new


def _file_facts(file: descriptor_pb2.FileDescriptorProto) -> Iterator[str]:
    for definition in file.options.Extensions[resource_pb2.resource_definition]:
        yield f"resource {definition.type} {','.join(definition.pattern)}"
    for service in file.service:
        for method in service.method:
            name = f"{file.package}.{service.name}.{method.name}"
            rule = method.options.Extensions[annotations_pb2.http]
            for binding in (rule, *rule.additional_bindings):
                yield f"http {name} {_http(binding)}"
    for enum in file.enum_type:
        yield from (f"value {file.package}.{enum.name} {v.name} = {v.number}" for v in enum.value)
    yield from _message_facts(file.package, file.message_type)


def _http(rule: http_pb2.HttpRule) -> str:
    verb = rule.WhichOneof("pattern") or "none"
    return f"{verb} {getattr(rule, verb, '')} body={rule.body!r} response_body={rule.response_body!r}"


def _message_facts(scope: str, messages: Iterable[descriptor_pb2.DescriptorProto]) -> Iterator[str]:
    for message in messages:
        name = f"{scope}.{message.name}"
        if message.options.HasExtension(resource_pb2.resource):
            resource = message.options.Extensions[resource_pb2.resource]
            yield f"resource {resource.type} {','.join(resource.pattern)}"
        for enum in message.enum_type:
            yield from (f"value {name}.{enum.name} {v.name} = {v.number}" for v in enum.value)
        for field in message.field:
            path = f"{name}.{field.name}"
            yield f"field {path}"
            for behavior in field.options.Extensions[field_behavior_pb2.field_behavior]:
                word = field_behavior_pb2.FieldBehavior.Name(behavior)
                yield f"required {path}" if word == "REQUIRED" else f"behavior {path} {word}"
            rules = _validation_rules(field)
            if rules:
                yield f"rule {path} {rules}"
        yield from _message_facts(name, message.nested_type)


def _validation_rules(field: descriptor_pb2.FieldDescriptorProto) -> str:
    """Return the field's protovalidate rules in hexadecimal; they are an extension that this process need not know."""
    raw = field.options.SerializeToString(deterministic=True)
    bare = descriptor_pb2.FieldOptions.FromString(raw)
    bare.DiscardUnknownFields()
    without = len(bare.SerializeToString(deterministic=True))
    return raw[without:].hex() if len(raw) > without else ""
