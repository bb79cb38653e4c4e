"""The writer of log lines: none is lost or written twice, and a full disk does not end it."""

from __future__ import annotations

import io
import threading

from erp_facade.observe import BatchWriter


class FullDisk(io.BytesIO):
    """A file that takes nothing while `full`."""

    full = False

    def write(self, data: object) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(data)  # type: ignore[arg-type]


def test_lines_of_many_threads_are_written_once_each() -> None:
    file = io.BytesIO()
    writer = BatchWriter(file, interval=0.001)

    def say(thread: int) -> None:
        for number in range(2_000):
            writer.msg(f"{thread}-{number}".encode())
            if number % 50 == 0:
                writer.flush()

    threads = [threading.Thread(target=say, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    written = file.getvalue().decode().splitlines()
    assert sorted(written) == sorted(f"{t}-{n}" for t in range(4) for n in range(2_000))


def test_after_a_full_disk_lines_are_written_again() -> None:
    file = FullDisk()
    writer = BatchWriter(file, interval=3_600)
    file.full = True
    writer.msg(b"lost")
    writer.flush()
    file.full = False
    writer.msg(b"kept")
    writer.close()
    assert file.getvalue() == b"kept\n"
