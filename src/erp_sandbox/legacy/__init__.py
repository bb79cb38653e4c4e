"""A stand-in legacy ERP in the manner of JD Edwards: a SQLite file with its tables, and its batch jobs."""

from erp_sandbox.legacy.sandbox import LegacySandbox as LegacySandbox
from erp_sandbox.legacy.sandbox import start_legacy as start_legacy
