"""The store: group commit, isolation of works, snapshots, failures, the lock."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from sqlalchemy import func, insert, select

from erp_facade.store import Store, StoreLocked, StoreUnavailable
from erp_facade.store.chain import first_broken_link
from erp_facade.store.journal import audited, event
from erp_facade.store.schema import audit, coverage, outbox


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(f"sqlite:///{tmp_path}/store.db")
    yield store
    await store.close()


def put(connection, key, *, fail=False):
    connection.execute(insert(coverage), {"business_unit": key, "plants": "", "capability": "", "kind": "", "count": 1})
    audited(connection, time="t", actor="a", action=key, subject="s")
    event(connection, order_id=key, sequence=1, kind="k", subject="s", time="t", data={})
    if fail:
        raise ValueError(key)
    return key


def put_and_fail(connection, key):
    put(connection, key, fail=True)


def count(connection, table=coverage):
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


async def test_what_was_written_is_there_after_a_restart(store, tmp_path):
    assert await store.write(put, "x") == "x"
    await store.close()
    again = await Store.open(f"sqlite:///{tmp_path}/store.db")
    assert await again.read(count) == 1
    await again.close()


async def test_a_work_that_raises_leaves_no_trace_and_does_not_disturb_the_others_of_its_commit(store):
    works = [store.write(put_and_fail if n % 3 == 0 else put, f"k{n}") for n in range(60)]
    results = await asyncio.gather(*works, return_exceptions=True)
    assert [isinstance(r, ValueError) for r in results] == [n % 3 == 0 for n in range(60)]
    for table in (coverage, audit, outbox):
        assert await store.read(count, table) == 40
    assert await store.read(first_broken_link) is None


async def test_many_works_share_a_commit(store):
    commits = []
    connection = store._writing

    from sqlalchemy import event as sqlalchemy_event

    sqlalchemy_event.listen(connection, "commit", lambda _: commits.append(1))
    await asyncio.gather(*(store.write(put, f"k{n}") for n in range(200)))
    assert len(commits) < 100


async def test_a_reader_sees_only_what_is_committed_and_cannot_write(store):
    assert await store.read(count) == 0
    await store.write(put, "x")
    assert await store.read(count) == 1
    with pytest.raises(StoreUnavailable):
        await store.read(put, "y")
    assert await store.read(count) == 1


async def test_a_write_whose_caller_hung_up_is_carried_out(store):
    write = asyncio.ensure_future(store.write(put, "x"))
    await asyncio.sleep(0)
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    await store.write(put, "y")
    assert await store.read(count) == 2


async def test_when_the_commit_fails_nobody_is_told_that_it_worked(store):
    def break_the_journal(connection):
        audited(connection, time=object(), actor="a", action="b", subject="s")

    results = await asyncio.gather(
        store.write(put, "x"), store.write(break_the_journal), store.write(put, "y"), return_exceptions=True
    )
    kept = await store.read(count)
    assert isinstance(results[1], StoreUnavailable)
    assert kept == sum(not isinstance(r, StoreUnavailable) for r in results)
    assert await store.write(put, "z") == "z"


async def test_with_a_full_disk_the_store_is_unavailable_and_recovers(store):
    def fill(connection):
        connection.exec_driver_sql("CREATE TABLE big (x BLOB)")
        connection.exec_driver_sql("INSERT INTO big VALUES (zeroblob(10000000))")

    await store.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 200").scalar())
    with pytest.raises(StoreUnavailable, match="full"):
        await store.write(fill)
    assert await store.write(put, "x") == "x"


async def test_an_altered_audit_entry_is_noticed(store):
    for key in ("a", "b", "c"):
        await store.write(put, key)
    await store.write(lambda c: c.exec_driver_sql("UPDATE audit SET actor = 'someone else' WHERE sequence = 2"))
    assert await store.read(first_broken_link) == 2


async def test_a_removed_audit_entry_is_noticed(store):
    for key in ("a", "b", "c"):
        await store.write(put, key)
    await store.write(lambda c: c.exec_driver_sql("DELETE FROM audit WHERE sequence = 2"))
    assert await store.read(first_broken_link) == 2


async def test_the_second_opener_is_told_which_file_and_process_hold_the_store(store, tmp_path):
    with pytest.raises(StoreLocked, match=r"store\.db is in use by process \d+, which holds .*store\.db\.lock"):
        await Store.open(f"sqlite:///{tmp_path}/store.db")


async def test_a_store_that_is_reached_by_another_path_is_locked_all_the_same(store, tmp_path):
    (tmp_path / "link.db").symlink_to(tmp_path / "store.db")
    with pytest.raises(StoreLocked):
        await Store.open(f"sqlite:///{tmp_path}/link.db")


async def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no database at all, but somebody's notes\n" * 20)
    for _ in range(2):  # the lock is given free again
        with pytest.raises(StoreUnavailable, match=r"notes\.txt cannot be opened"):
            await Store.open(f"sqlite:///{path}")
    assert path.read_text().startswith("no database at all")


async def test_a_second_process_is_refused(store, tmp_path):
    program = (
        "import asyncio, sys\n"
        "from erp_facade.store import Store, StoreLocked\n"
        "try:\n"
        "    asyncio.run(Store.open(sys.argv[1]))\n"
        "except StoreLocked as error:\n"
        "    sys.exit(str(error))\n"
    )
    child = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program, f"sqlite:///{tmp_path}/store.db"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert child.returncode == 1
    assert "store.db.lock" in child.stderr


async def test_a_closed_store_can_be_opened_again_and_refuses_work_itself(store, tmp_path):
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.write(put, "x")
    with pytest.raises(StoreUnavailable):
        await store.read(count)


async def test_closing_commits_what_is_queued(store, tmp_path):
    writes = [asyncio.ensure_future(store.write(put, f"k{n}")) for n in range(20)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*writes) == [f"k{n}" for n in range(20)]


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "sqlite://", "sqlite:///:memory:"])
async def test_a_store_that_is_no_file_is_refused(url):
    with pytest.raises(ValueError, match="must be a file"):
        await Store.open(url)
