"""A stand-in cloud ERP in the manner of S/4HANA: its OData V2 services over HTTP, in a process of its own."""

from erp_sandbox.cloud.sandbox import CloudSandbox as CloudSandbox
from erp_sandbox.cloud.sandbox import start_cloud as start_cloud
