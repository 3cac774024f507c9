from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from alembic import command
from sqlalchemy import Engine, select, text

from invoice_desk.core.document_types import DocumentType, FieldSpec, ValueType
from invoice_desk.db.bulk import BulkWriter, InProcessWriter, ProcessWriter, read_columns
from invoice_desk.db.clean_tables import clean_table, ensure_clean_table
from invoice_desk.db.engine import open_engine, reading, writing
from invoice_desk.db.migrate import alembic_config, upgrade
from invoice_desk.db.schema import audit_entry, raw_row
from invoice_desk.errors import BugError, NewerDatabaseError, OtherFileError, StorageError
from invoice_desk.services.desk import Desk, open_desk


def test_the_migrations_make_what_the_schema_says(desk: Desk) -> None:
    config = alembic_config()
    with desk.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_upgrade_twice_is_upgrade_once(desk: Desk) -> None:
    upgrade(desk.engine, desk.path)

    assert list(desk.path.parent.glob("*.before-*")) == []


def test_a_newer_desk_is_refused_with_a_sentence(desk: Desk) -> None:
    with writing(desk.engine) as connection:
        connection.execute(text("update alembic_version set version_num = 'from_the_future'"))

    with pytest.raises(NewerDatabaseError, match="newer version"):
        open_desk(desk.path)


def test_an_older_desk_is_copied_and_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    engine = open_engine(path)
    config = alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO finding (source_id, code, severity) VALUES (1, 'unreadable', 'error')"
        )
        connection.exec_driver_sql(
            "CREATE TABLE clean_x (id INTEGER PRIMARY KEY, cleaning_status TEXT NOT NULL, "
            "findings INTEGER NOT NULL, approved INTEGER NOT NULL, "
            "row_number BIGINT GENERATED ALWAYS AS (id & 4294967295))"
        )
        connection.exec_driver_sql("INSERT INTO clean_x VALUES (4294967303, 'filtered_out', 2, 1)")

    upgrade(engine, path)

    with reading(engine) as connection:
        found = connection.exec_driver_sql("SELECT code, anomaly, scan FROM finding").fetchall()
        clean = connection.exec_driver_sql("SELECT * FROM clean_x").fetchall()
    with writing(engine) as connection:
        connection.exec_driver_sql("INSERT INTO clean_x (id) VALUES (4294967304)")
        usual = connection.exec_driver_sql("SELECT * FROM clean_x WHERE id = 4294967304").one()
    engine.dispose()
    assert [tuple(row) for row in found] == [("unreadable", "other", None)]
    assert [tuple(row) for row in clean] == [(4294967303, "filtered_out", 2, 1, 7)]
    assert tuple(usual) == (4294967304, "cleaned", 0, 0, 8)
    copies = list(tmp_path.glob("desk.before-*.db"))
    assert len(copies) == 1
    with closing(sqlite3.connect(copies[0])) as copy:
        columns = copy.execute("SELECT name FROM pragma_table_info('finding')").fetchall()
    assert ("anomaly",) not in columns


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"x"])
def test_a_file_that_is_no_desk_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "torn.db"
    path.write_bytes(content)

    with pytest.raises(OtherFileError, match="is not a desk") as refused:
        open_desk(path)
    assert "Name the file of a desk" in refused.value.advice
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("create table songs (id integer)")
    other.commit()
    other.close()

    with pytest.raises(StorageError, match="another program"):
        open_desk(path)


def test_a_folder_is_no_desk(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="folder"):
        open_desk(tmp_path)


def test_our_mistakes_and_the_worlds_are_told_apart(desk: Desk) -> None:
    with pytest.raises(BugError), writing(desk.engine) as connection:
        connection.execute(text("select no_such_column from raw_row"))


@pytest.fixture(params=["in process", "process of its own"])
def writer(desk: Desk, request: pytest.FixtureRequest) -> BulkWriter:
    return desk.bulk if request.param == "process of its own" else InProcessWriter(desk.engine)


def raw(*numbers: int) -> pa.Table:
    return pa.table(
        {"id": [(1 << 32) + n for n in numbers], "cells": [f'["{n}"]' for n in numbers]}
    )


def test_rows_are_appended_as_columns_or_not_at_all(desk: Desk, writer: BulkWriter) -> None:
    with writer.transaction() as transaction:
        transaction.append(raw_row, raw(5, 6))

    with pytest.raises(BugError, match="UNIQUE"), writer.transaction() as transaction:
        transaction.append(raw_row, raw(7, 6))

    found = read_columns(desk.engine, select(raw_row))
    assert found["raw_table_id"].to_pylist() == [1, 1]
    assert found["row_number"].to_pylist() == [5, 6]


def test_an_error_in_a_transaction_rolls_all_of_it_back(desk: Desk, writer: BulkWriter) -> None:
    with pytest.raises(ZeroDivisionError):
        _append_and_fail(writer)
    with writer.transaction() as transaction:
        transaction.append(raw_row, raw(8))
        values = {"at": desk.now(), "actor": "a", "action": "b", "object": "c", "detail": {"n": 1}}
        assert transaction.insert(audit_entry.insert().values(**values)) == 1
        transaction.execute(audit_entry.update().values(detail={"n": 2}))

    assert read_columns(desk.engine, select(raw_row.c.row_number)).to_pylist() == [
        {"row_number": 8}
    ]
    with desk.engine.connect() as connection:
        assert connection.execute(select(audit_entry.c.detail)).scalar_one() == {"n": 2}


def _append_and_fail(writer: BulkWriter) -> None:
    with writer.transaction() as transaction:
        transaction.append(raw_row, raw(1, 2, 3))
        raise ZeroDivisionError


def test_both_sides_write_by_turns_and_nothing_is_lost(desk: Desk) -> None:
    for n in range(30):
        with desk.bulk.transaction() as transaction:
            transaction.append(raw_row, raw(n))
        with writing(desk.engine) as connection:
            connection.execute(raw_row.insert().values(id=(2 << 32) + n, cells="[]"))
        desk.engine.dispose()  # closing connections is what two libraries could not bear

    assert read_columns(desk.engine, select(raw_row)).num_rows == 60


def test_a_writer_that_was_killed_is_a_sentence_and_starts_again(desk: Desk) -> None:
    with desk.bulk.transaction() as transaction:
        transaction.append(raw_row, raw(1))
    assert desk.bulk._process is not None

    with pytest.raises(StorageError, match="ended"):
        _append_and_kill(desk.bulk)
    with desk.bulk.transaction() as transaction:
        transaction.append(raw_row, raw(3))

    assert read_columns(desk.engine, select(raw_row))["row_number"].to_pylist() == [1, 3]


def _append_and_kill(writer: ProcessWriter) -> None:
    with writer.transaction() as transaction:
        assert writer._process is not None
        writer._process.kill()
        transaction.append(raw_row, raw(2))


def _write_with_room_for(writer: ProcessWriter, rows: pa.Table, *, pages: int) -> None:
    with writer.transaction() as transaction:
        transaction.execute(text(f"PRAGMA max_page_count = {pages}"))
        transaction.append(raw_row, rows)


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "small.db")
    upgrade(engine, tmp_path / "small.db")
    rows = pa.table({"id": list(range(20_000)), "cells": ["x" * 200] * 20_000})
    process = ProcessWriter(tmp_path / "small.db")

    with pytest.raises(StorageError, match="disk is full"):
        _write_with_room_for(process, rows, pages=100)
    with process.transaction() as transaction:
        transaction.append(raw_row, raw(1))
    process.close()
    with pytest.raises(StorageError, match="disk is full"):
        _append_with_room_for(engine, rows, pages=100)
    engine.dispose()


def _append_with_room_for(engine: Engine, rows: pa.Table, *, pages: int) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        values = [(row["id"], row["cells"]) for row in rows.to_pylist()]
        connection.exec_driver_sql("INSERT INTO raw_row (id, cells) VALUES (?, ?)", values)


def test_a_clean_table_gains_the_columns_that_its_type_gains(desk: Desk) -> None:
    before = DocumentType("thing", 1, "Thing", (FieldSpec("a"),))
    after = DocumentType(
        "thing", 2, "Thing", (FieldSpec("a"), FieldSpec("b", ValueType.AMOUNT, scale=4))
    )
    ensure_clean_table(desk.engine, before)

    table = ensure_clean_table(desk.engine, after)

    with desk.engine.connect() as connection:
        assert connection.execute(select(table.c.b)).all() == []
    assert clean_table(after).name == "clean_thing"


def test_a_writer_that_dies_before_it_is_ready_is_told_and_made_anew(tmp_path: Path) -> None:
    open_desk(tmp_path / "desk.db").close()
    writer = ProcessWriter(tmp_path / "desk.db")
    writer.start()
    assert writer._process is not None
    writer._process.kill()

    with pytest.raises(StorageError, match="ended"):
        writer.await_start()
    writer.await_start()
    writer.close()
