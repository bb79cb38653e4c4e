"""Generate `src/erp` from `proto/`, or check that the committed code is current.

The contract imports `buf/validate/validate.proto`, which no package installs for the protobuf runtime.
Its rules travel as options and nothing needs the import at run time, so the dependency is taken out of the
descriptors before Python code is generated from them: callers import the stubs without a `buf` package.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc_tools
from google.api import annotations_pb2, field_behavior_pb2, resource_pb2
from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
OUT = ROOT / "src"
PACKAGES = ("erp/v1", "erp/admin/v1")
VALIDATE = "buf/validate/validate.proto"
# Imported so that this process knows these extensions: what it does not know are the validation rules alone.
KNOWN_OPTIONS = (annotations_pb2, field_behavior_pb2, resource_pb2)


def proto_files() -> list[str]:
    """Return the contract's files, relative to `proto/`, in a stable order."""
    return sorted(str(p.relative_to(PROTO)) for package in PACKAGES for p in (PROTO / package).glob("*.proto"))


def validate_descriptor() -> descriptor_pb2.FileDescriptorProto:
    """Return the descriptor of protovalidate's rules as the installed package carries it."""
    from protovalidate._gen.buf.validate import validate_pb

    return descriptor_pb2.FileDescriptorProto.FromString(validate_pb._DESC.proto.to_binary())


def protoc(*arguments: str) -> None:
    """Run the pinned protoc; end with its message when it fails."""
    # protoc looks for its plugins in PATH, where an environment that is not activated has none.
    plugins = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    command = [sys.executable, "-m", "grpc_tools.protoc", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "PATH": plugins})
    if done.returncode:
        sys.exit(f"protoc failed with exit code {done.returncode}")


def compile_contract(into: Path) -> Path:
    """Compile the contract with everything it imports, comments included; return the descriptor set."""
    deps = into / "validate.binpb"
    deps.write_bytes(descriptor_pb2.FileDescriptorSet(file=[validate_descriptor()]).SerializeToString())
    common = Path(annotations_pb2.__file__).parent.parent.parent
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    image = into / "contract.binpb"
    protoc(
        f"--descriptor_set_in={deps}",
        f"-I{PROTO}",
        f"-I{common}",
        f"-I{well_known}",
        "--include_imports",
        "--include_source_info",
        f"--descriptor_set_out={image}",
        *proto_files(),
    )
    return image


def without_validate(image: Path) -> descriptor_pb2.FileDescriptorSet:
    """Return the descriptor set without the import of protovalidate's rules and without its custom (CEL) rules.

    The standard rules stay, as options. A custom rule costs as much as all standard rules of a line together, so the
    facade holds those in code of its own, and a test proves that code and contract agree.
    """
    contract = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    kept = descriptor_pb2.FileDescriptorSet(file=[f for f in contract.file if f.name != VALIDATE])
    for file in kept.file:
        if VALIDATE in file.dependency:
            file.dependency.remove(VALIDATE)
            for message in file.message_type:
                for options in (message.options, *(f.options for f in message.field)):
                    if b"this" in _rules(options):  # every expression of a custom rule names the value it is about
                        options.DiscardUnknownFields()
    return kept


def _rules(options: descriptor_pb2.MessageOptions | descriptor_pb2.FieldOptions) -> bytes:
    """Return the encoded validation rules: the one extension of our options that this process does not know."""
    known = type(options)()
    known.CopyFrom(options)
    known.DiscardUnknownFields()
    return options.SerializeToString(deterministic=True)[len(known.SerializeToString(deterministic=True)) :]


def generate(into: Path) -> None:
    """Write the Python messages, stubs and type stubs of the contract below `into`."""
    with tempfile.TemporaryDirectory() as scratch:
        stripped = Path(scratch) / "stripped.binpb"
        contract = without_validate(compile_contract(Path(scratch)))
        stripped.write_bytes(contract.SerializeToString())
        with_services = {f.name for f in contract.file if f.service}
        known = f"--descriptor_set_in={stripped}"
        protoc(known, f"--python_out={into}", f"--mypy_out=quiet:{into}", *proto_files())
        services = [name for name in proto_files() if name in with_services]
        protoc(known, f"--grpc_python_out={into}", f"--mypy_grpc_out=quiet:{into}", *services)
    for package in (into / "erp", into / "erp/v1", into / "erp/admin", into / "erp/admin/v1"):
        init = package / "__init__.py"
        if not init.exists():
            init.write_text('"""Generated from `proto/`; see `make proto`."""\n')
    (into / "erp" / "py.typed").touch()


def differences(expected: Path, actual: Path) -> list[str]:
    """Return what differs between two trees of generated code, as paths below them."""
    names = {str(p.relative_to(d)) for d in (expected, actual) for p in d.rglob("*") if p.is_file()}
    names = {n for n in names if "__pycache__" not in n}
    same, _, _ = filecmp.cmpfiles(expected, actual, sorted(names), shallow=False)
    return sorted(names - set(same))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the code is not current")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        fresh, committed = Path(scratch) / "erp", OUT / "erp"
        if options.check:
            stale = differences(fresh, committed)
            for name in stale:
                print(f"not current: src/erp/{name} (run `make proto`)", file=sys.stderr)
            return 1 if stale else 0
        shutil.rmtree(committed, ignore_errors=True)
        shutil.copytree(fresh, committed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
