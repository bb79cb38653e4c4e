"""Faults on demand, stock that both ERPs know of, and a process that leaves nothing behind."""

import os
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from erp_sandbox.legacy import start_legacy
from erp_sandbox.stock_sync import connect_stock

SERIES = (
    "API_PRODUCT_AVAILY_INFO_BASIC/CalculateAvailabilityTimeseries?"
    "ATPCheckingRule='A'&Material='11'&SupplyingPlant='EU01'"
)


def until(condition):
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within ten seconds")


def test_a_reply_is_lost_after_the_order_was_booked(sandbox, live, kit):
    live.fetch_token()
    sandbox.drop_reply_after_executing(1)
    with pytest.raises(httpx.RemoteProtocolError):
        live.order(kit.ordered(), AssignmentReference="REF1")
    (found,) = live.d("API_SALES_ORDER_SRV/A_SalesOrder", filter="AssignmentReference eq 'REF1'")["results"]
    assert live.booked(kit.ordered()) == str(int(found["SalesOrder"]) + 1)


def test_a_late_order_is_booked_although_the_caller_gave_up(sandbox, live, kit):
    live.fetch_token()
    sandbox.faults(answer_late=(0.3, 1))
    with pytest.raises(httpx.ReadTimeout):
        live.send("POST", "API_SALES_ORDER_SRV/A_SalesOrder", kit.document(kit.ordered()), timeout=0.1)
    assert sandbox.book() == []
    until(lambda: len(sandbox.book()) == 1)


def test_simulations_and_refused_writes_do_not_use_a_fault_up(sandbox, live, shadow, kit):
    live.fetch_token()
    sandbox.drop_reply_after_executing(1)
    assert live.simulate(kit.asked()).status_code == 201
    assert shadow.order(kit.ordered()).status_code == 403
    with pytest.raises(httpx.RemoteProtocolError):
        live.order(kit.ordered())


def test_an_erp_may_be_down_cut_throttling_and_well_again(sandbox, live):
    sandbox.faults(down=True)
    assert live.get(SERIES).status_code == 503
    sandbox.faults(cut=True)
    with pytest.raises(httpx.RemoteProtocolError):
        live.get(SERIES)
    sandbox.faults(throttling=7)
    response = live.get(SERIES)
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")
    sandbox.faults()
    assert live.get(SERIES).status_code == 200


def test_a_slow_erp_answers_after_its_delay(sandbox, live):
    sandbox.faults(slow=0.3)
    with pytest.raises(httpx.ReadTimeout):
        live.get(SERIES, timeout=0.1)
    assert live.get(SERIES).status_code == 200


def test_a_movement_of_the_other_erp_counts_once(sandbox, live):
    moved = {"product": "11", "plant": "EU01", "quantity": Decimal(-5)}
    assert [sandbox.receive_stock("legacy-1", **moved) for _ in range(2)] == [True, False]
    assert live.available() == 17
    sandbox.crash()
    sandbox.restart()
    assert sandbox.receive_stock("legacy-1", **moved) is False
    assert sandbox.receive_stock("legacy-2", product="99", plant="EU01", quantity=Decimal(-5)) is False
    assert live.available() == 17


def test_a_control_request_without_the_token_is_refused(sandbox):
    url = sandbox.base_url + "/sandbox/guessed/faults"
    assert httpx.post(url, json={"down": True}).status_code == 401


def test_a_booking_and_its_cancellation_reach_the_legacy_erp(sandbox, live, kit, tmp_path):
    with start_legacy(kit.master, directory=tmp_path) as legacy, connect_stock(legacy, sandbox):
        number = live.booked(kit.ordered("1", RequestedQuantityUnit="DZ"))
        until(lambda: legacy.free_stock("11", "EU01") == 10)
        item = f"API_SALES_ORDER_SRV/A_SalesOrderItem(SalesOrder='{number}',SalesOrderItem='10')"
        live.send("PATCH", item, {"SalesDocumentRjcnReason": "61"}, {"If-Match": "*"})
        until(lambda: legacy.free_stock("11", "EU01") == 22)


def test_stock_is_told_again_after_the_cloud_erp_was_away(sandbox, live, kit, tmp_path):
    with start_legacy(kit.master, directory=tmp_path) as legacy, connect_stock(legacy, sandbox):
        sandbox.crash()
        sandbox.restart()
        live.fetch_token()
        live.booked(kit.ordered("5"))
        until(lambda: legacy.free_stock("11", "EU01") == 17)


def test_a_stand_in_ends_with_its_parent(tmp_path):
    program = (
        "import os, sys; sys.path[:0] = sys.argv[1:2]\n"
        "import conftest\n"
        "from erp_sandbox.cloud import start_cloud\n"
        "sandbox = start_cloud(conftest.MASTER)\n"
        "print(sandbox.base_url, flush=True)\n"
        "os._exit(0)\n"
    )
    here = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", program, here], capture_output=True, text=True, check=True)
    url = done.stdout.strip()

    def is_gone():
        try:
            httpx.get(url)
        except httpx.ConnectError:
            return True
        return False

    until(is_gone)


def test_a_stand_in_that_died_is_noticed_at_the_end(start):
    sandbox = start()
    os.kill(sandbox.process_id, 9)
    os.waitid(os.P_PID, sandbox.process_id, os.WEXITED | os.WNOWAIT)
    with pytest.raises(RuntimeError, match="ended early"):
        sandbox.close()
