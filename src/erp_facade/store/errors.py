"""What the store raises, named by what its caller should do next.

StoreUnavailable    try again later    (disk full, locked, I/O error, shutting down; nothing was kept)
StoreLocked         end the other process, or configure another store
"""

from __future__ import annotations


class StoreUnavailable(Exception):
    """The store cannot be written or read at the moment; the work that was asked for left no trace."""


class StoreLocked(Exception):
    """Another process holds the store; `args[0]` names the store, the lock file and the holder."""
