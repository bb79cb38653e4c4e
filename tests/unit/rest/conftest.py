"""A sample service with every kind of field and rule, compiled once."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import grpc_tools
import pytest
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def sample_service(tmp_path_factory: pytest.TempPathFactory) -> ServiceDescriptor:
    """The service of `sample.proto`."""
    image = tmp_path_factory.mktemp("sample") / "sample.binpb"
    common = Path(annotations_pb2.__file__).parent.parent.parent
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{HERE}", f"-I{common}", f"-I{well_known}",
         f"--descriptor_set_out={image}", "sample.proto"],
        check=True,
    )  # fmt: skip
    pool = descriptor_pool.Default()
    for file in descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes()).file:
        for needed in file.dependency:
            importlib.import_module(needed.removesuffix(".proto").replace("/", ".") + "_pb2")
        pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName("sample.v1.SampleService")


@pytest.fixture(scope="session")
def everything(sample_service: ServiceDescriptor) -> type[Message]:
    """The message with every kind of field."""
    return GetMessageClass(sample_service.methods_by_name["GetThing"].input_type)
