"""Guard the contract: `buf lint`, `buf breaking`, and a check of our own for what buf does not see.

The released contract stands in `proto/released.binpb`; `--release` writes it anew when a release is made.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2

from contract_facts import facts, lost
from generate_stubs import PROTO, ROOT, compile_contract, proto_files

RELEASED = PROTO / "released.binpb"
# Field 8042 of a file in a buf image, holding `is_import = true`: buf then takes the file as known and leaves it alone.
_IS_IMPORT = bytes.fromhex("d2f603020801")


def image(into: Path) -> Path:
    """Compile the contract into an image in which only our own files are linted."""
    compiled = descriptor_pb2.FileDescriptorSet.FromString(compile_contract(into).read_bytes())
    ours = set(proto_files())
    marked = descriptor_pb2.FileDescriptorSet(
        file=[
            f if f.name in ours else descriptor_pb2.FileDescriptorProto.FromString(f.SerializeToString() + _IS_IMPORT)
            for f in compiled.file
        ]
    )
    target = into / "image.binpb"
    target.write_bytes(marked.SerializeToString())
    return target


def buf(*arguments: str) -> bool:
    """Run the buf of this environment; return whether it found nothing."""
    beside = Path(sys.executable).parent / "buf"
    binary = str(beside) if beside.exists() else shutil.which("buf")
    if binary is None:
        sys.exit("buf is not installed: run `make lint`, which installs it")
    return subprocess.run([binary, *arguments], cwd=ROOT, check=False).returncode == 0


def without_comments(compiled: Path) -> bytes:
    """Return the image without source positions and comments."""
    content = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes())
    for file in content.file:
        file.ClearField("source_code_info")
    return content.SerializeToString(deterministic=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", action="store_true", help="take the present contract as the released one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        present = image(Path(scratch))
        if options.release:
            RELEASED.write_bytes(without_comments(present))
            return 0
        good = buf("lint", str(present))
        good &= buf("breaking", str(present), "--against", str(RELEASED))
        problems = lost(facts(RELEASED.read_bytes()), facts(present.read_bytes()))
        for problem in problems:
            print(problem, file=sys.stderr)
        return 0 if good and not problems else 1


if __name__ == "__main__":
    sys.exit(main())
