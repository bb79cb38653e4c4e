"""Write the contract's comments to `contract_comments.json`, or check that the committed file is current.

The generated Python code carries no comments; the OpenAPI document takes them from this file, so that the server
needs no compiler.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from google.protobuf import descriptor_pb2

from generate_stubs import ROOT, compile_contract, proto_files

OUT = ROOT / "src/erp_facade/rest/contract_comments.json"

Place = tuple[int, ...]
"""A place in a file's descriptor: field numbers and indexes, as `SourceCodeInfo.Location.path` has them."""


def paragraphs(comment: str) -> str:
    """Return a comment without its line breaks; an empty line stays a break."""
    blocks = comment.split("\n\n")
    return "\n\n".join(" ".join(line.strip() for line in block.split("\n")).strip() for block in blocks).strip()


def enums(prefix: str, path: Place, found: Iterable[descriptor_pb2.EnumDescriptorProto]) -> Iterator[tuple[Place, str]]:
    """Yield the places of enums and their values with full names; a value is named inside its enum."""
    for index, enum in enumerate(found):
        here, name = (*path, index), f"{prefix}.{enum.name}"
        yield here, name
        for number, value in enumerate(enum.value):
            yield (*here, 2, number), f"{name}.{value.name}"


def messages(prefix: str, path: Place, found: Iterable[descriptor_pb2.DescriptorProto]) -> Iterator[tuple[Place, str]]:
    """Yield the places of messages, their fields and everything nested, with full names."""
    for index, message in enumerate(found):
        here, name = (*path, index), f"{prefix}.{message.name}"
        yield here, name
        for number, field in enumerate(message.field):
            yield (*here, 2, number), f"{name}.{field.name}"
        yield from messages(name, (*here, 3), message.nested_type)
        yield from enums(name, (*here, 4), message.enum_type)


def elements(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[Place, str]]:
    """Yield the place and full name of every element of a file that can carry a comment."""
    yield from messages(file.package, (4,), file.message_type)
    yield from enums(file.package, (5,), file.enum_type)
    for index, service in enumerate(file.service):
        name = f"{file.package}.{service.name}"
        yield (6, index), name
        for number, method in enumerate(service.method):
            yield (6, index, 2, number), f"{name}.{method.name}"


def comments() -> dict[str, str]:
    """Return the comment of every element of the contract by its full name."""
    with tempfile.TemporaryDirectory() as scratch:
        image = compile_contract(Path(scratch)).read_bytes()
    own = set(proto_files())
    found: dict[str, str] = {}
    for file in descriptor_pb2.FileDescriptorSet.FromString(image).file:
        if file.name in own:
            written = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
            found.update((name, paragraphs(written[path])) for path, name in elements(file) if written.get(path))
    return dict(sorted(found.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the file is not current")
    options = parser.parse_args()
    text = json.dumps(comments(), indent=1, ensure_ascii=False) + "\n"
    if not options.check:
        OUT.write_text(text, encoding="utf-8")
        return 0
    if OUT.exists() and OUT.read_text(encoding="utf-8") == text:
        return 0
    print(f"not current: {OUT.relative_to(ROOT)} (run `make proto`)", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
