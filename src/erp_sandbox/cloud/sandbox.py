"""Starting the stand-in cloud ERP, and the levers by which a demo or a test drives it."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import TracebackType

from erp_sandbox.books import BookLine
from erp_sandbox.cloud.control import APPLIED
from erp_sandbox.cloud.faults import FAULTS, Faults
from erp_sandbox.cloud.seeding import BACKEND
from erp_sandbox.cloud.setup import SETUP, Settings, Setup, User, setup_from
from erp_sandbox.cloud.store import orders_on_disk
from erp_sandbox.master_data import MasterData
from erp_sandbox.seeds import Application, Seed

_ENDS_WITHIN_SECONDS = 10.0
_ANSWERS_WITHIN_SECONDS = 30.0


def start_cloud(
    master: MasterData,
    *,
    seeds: Sequence[Seed] = (),
    directory: Path | None = None,
    today: dt.date | None = None,
    clock_runs: bool = False,
    ship_and_invoice_after: float | None = None,
    page_size: int = 100,
    csrf_seconds: float = 1800.0,
    tax_percent: Decimal = Decimal(0),
    repeatable: bool = True,
    repeatability_seconds: float = 12 * 3600.0,
) -> CloudSandbox:
    """Start the ERP in a process of its own, on a free port of the loopback interface.

    The books go to `directory`, where an earlier run's books are taken up, else to a temporary one that `close`
    removes. The ERP's clock stands still at `today`, the date of the master data if absent, unless `clock_runs`: then
    a plant's date is the present one in its time zone. What was booked is shipped and invoiced
    `ship_and_invoice_after` seconds later, never without that. `repeatable` says whether repeatable requests are
    supported, and `repeatability_seconds` how long an answer is kept for them.
    """
    with ExitStack() as opened:
        folder = directory or Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="cloud-erp-")))
        setup = setup_from(
            master,
            directory=str(folder.resolve()),
            port=0,
            control_token=secrets.token_urlsafe(24),
            live=User(name="FACADE_LIVE", password=secrets.token_urlsafe(18)),
            shadow=User(name="FACADE_SHADOW", password=secrets.token_urlsafe(18)),
            today=None if clock_runs else today or master.today,
            settings=Settings(
                page_size=page_size,
                csrf_seconds=csrf_seconds,
                tax_percent=tax_percent,
                repeatability="on" if repeatable else "off",
                repeatability_seconds=repeatability_seconds,
                ship_and_invoice_after=ship_and_invoice_after,
            ),
            seeds=tuple(seeds),
        )
        sandbox = CloudSandbox(setup)
        opened.callback(sandbox.crash)
        sandbox.restart()
        sandbox.keep(opened.pop_all())
    return sandbox


class CloudSandbox:
    """A running stand-in: use it as a context manager, or call `close`. Its methods may be called from any thread."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._process: subprocess.Popen[bytes] | None = None
        self._opened = ExitStack()

    def __enter__(self) -> CloudSandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def keep(self, opened: ExitStack) -> None:
        """Take over what `close` has to undo."""
        self._opened = opened

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:port`, without a path."""
        return f"http://127.0.0.1:{self._setup.port}"

    @property
    def process_id(self) -> int:
        """The operating system's id of the process; 0 when it does not run."""
        return self._process.pid if self._process is not None else 0

    @property
    def stock_url(self) -> str:
        """Where the other ERP posts its stock movements."""
        return f"{self.base_url}/sandbox/{self._setup.control_token}/stock-movements"

    @property
    def live(self) -> tuple[str, str]:
        """User and password of the user that may book."""
        return self._setup.live.name, self._setup.live.password

    @property
    def shadow(self) -> tuple[str, str]:
        """User and password of the user that may read and simulate, and whom seeds concern."""
        return self._setup.shadow.name, self._setup.shadow.password

    def faults(
        self,
        *,
        slow: float = 0.0,
        down: bool = False,
        cut: bool = False,
        throttling: int | None = None,
        drop_reply_after_executing: int = 0,
        answer_late: tuple[float, int] = (0.0, 0),
    ) -> None:
        """Make the ERP suffer from exactly these faults; without any it is healthy again.

        `slow` delays every answer by seconds, `down` answers 503, `cut` ends connections without an answer,
        `throttling` answers 429 with that many seconds in `Retry-After`, `drop_reply_after_executing` is the number
        of next writes whose reply is lost, `answer_late` a delay in seconds and the number of next writes that are
        executed that late, even if the caller gave up.
        """
        late_seconds, late_writes = answer_late
        faults = Faults(
            slow=slow,
            down=down,
            cut=cut,
            throttling=throttling,
            drop_replies=drop_reply_after_executing,
            late_writes=late_writes,
            late_seconds=late_seconds,
        )
        self._post("faults", FAULTS.dump_python(faults, mode="json"))

    def drop_reply_after_executing(self, writes: int = 1) -> None:
        """Execute the next writes and lose their replies; every other fault ends."""
        self.faults(drop_reply_after_executing=writes)

    def expire_csrf(self) -> None:
        """Forget every session, so that every token in use is refused."""
        self._post("csrf-expiry", {})

    def pay(self, billing_document: str) -> None:
        """Clear the open item of an invoice."""
        self._post("payments", {"billing_document": billing_document})

    def receive_stock(self, movement_id: str, *, product: str, plant: str, quantity: Decimal) -> bool:
        """Take over how the other ERP's booking changed free stock (a booking is negative); False when known before."""
        moved = {"movement_id": movement_id, "product": product, "plant": plant, "quantity": str(quantity)}
        return bool(json.loads(self._post("stock-movements", moved))["new"])

    def stock_movements(self, *, after: int, wait: float) -> list[dict[str, str | int]]:
        """Return what this ERP booked and cancelled after that sequence number, waiting seconds for the first."""
        found: list[dict[str, str | int]] = json.loads(self._call("GET", f"stock-movements?after={after}&wait={wait}"))
        return found

    def applied(self) -> list[Application]:
        """Return which seeds changed the answer of which call, oldest first; each pair once."""
        return APPLIED.validate_json(self._call("GET", "applied"))

    def book(self) -> list[BookLine]:
        """Return every item of every sales order, read from the file."""
        return [
            BookLine(
                backend=BACKEND,
                document=order.number,
                purchase_order_number=order.purchase_order,
                line_id=item.purchase_order_item,
                quantity=item.quantity,
                live=item.live,
                reference=order.assignment,
            )
            for order in orders_on_disk(Path(self._setup.directory))
            for item in order.items
        ]

    def crash(self) -> None:
        """Kill the process at once; what was answered is in the file."""
        process = self._process
        if process is not None:
            process.kill()
            self._reap(process)

    def restart(self) -> None:
        """Start the process (again), on the same port and the same books; sessions and applied seeds are forgotten."""
        process = subprocess.Popen(
            [sys.executable, "-m", "erp_sandbox.cloud"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None and process.stdout is not None
        self._process = process
        process.stdin.write(SETUP.dump_json(self._setup) + b"\n")
        process.stdin.flush()
        started = process.stdout.readline()
        if not started:
            raise RuntimeError(f"the cloud stand-in did not start: exit code {process.wait()}")
        self._setup = replace(self._setup, port=int(json.loads(started)["port"]))

    def close(self) -> None:
        """Stop the process and remove what is temporary; raise RuntimeError when it had died before."""
        process, died = self._process, None
        if process is not None and process.stdin is not None:
            died = process.poll()
            process.stdin.close()
            try:
                process.wait(_ENDS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            self._reap(process)
        self._opened.close()
        if died is not None:
            raise RuntimeError(f"the cloud stand-in ended early with exit code {died}")

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def _post(self, path: str, content: object) -> bytes:
        return self._call("POST", path, json.dumps(content).encode())

    def _call(self, method: str, path: str, body: bytes = b"") -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._setup.port, timeout=_ANSWERS_WITHIN_SECONDS)
        with closing(connection):
            connection.request(method, f"/sandbox/{self._setup.control_token}/{path}", body)
            response = connection.getresponse()
            content = response.read()
        if response.status != http.client.OK:
            raise ValueError(f"the cloud stand-in refused {path}: {content.decode()}")
        return content
