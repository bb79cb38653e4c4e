"""Brings a database's tables to a revision, forwards or back."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

# Alembic hands its context to the scripts through module globals: one migration at a time in a process.
_ONE_AT_A_TIME = threading.Lock()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the tables forward to the revision, in one transaction."""
    with _ONE_AT_A_TIME, engine.begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the tables back to the revision (`base` removes them), in one transaction."""
    with _ONE_AT_A_TIME, engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    config = Config()
    config.attributes["connection"] = connection
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    return config
