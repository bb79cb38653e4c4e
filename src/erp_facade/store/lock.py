"""An operating-system lock that keeps a second process away from the store."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from erp_facade.store.errors import StoreLocked


class StoreLock:
    """Holds `{store}.lock` for the life of the process; the kernel releases it however the process ends."""

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(store.name + ".lock")
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 64, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StoreLocked(
                f"the store {store} is in use by process {holder}, which holds {self.path}; "
                "stop that process or configure another store"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the store free. The file stays: removing it could unlock a store that another process just took."""
        os.close(self._descriptor)
