"""One contender a process: `python3 -m benchmarks.contenders NAME FILE SCRATCH`."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

Answer = dict[str, Any]


def ours(path: Path, scratch: Path) -> Answer:
    """Import and clean as the command line does."""
    from invoice_desk.services.browsing import desk_summary
    from invoice_desk.services.cleaning import clean_tables
    from invoice_desk.services.desk import open_desk
    from invoice_desk.services.importing import import_paths
    from invoice_desk.startup import keep_pandas_out
    from invoice_desk.workers.executors import WarmPool

    keep_pandas_out()  # as the program does
    desk = open_desk(scratch / "desk.db")
    desk.pool = WarmPool()  # as the window keeps it
    steps, clock = {}, _Clock()
    import_paths(desk, [path])
    steps["import"] = clock()
    clean_tables(desk)
    steps["clean"] = clock()
    total = desk_summary(desk)["totals"]["online_retail"]["net_amount"]
    desk.pool.close()
    desk.close()
    return {"steps": steps, "sum": f"{total:.2f}"}


def pandas(path: Path, scratch: Path) -> Answer:
    """Do the same with pandas and `to_sql`, as one would first write it."""
    import pandas as pd
    from sqlalchemy import create_engine

    steps, clock = {}, _Clock()
    engine = create_engine(f"sqlite:///{scratch / 'pandas.db'}")
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    raw.to_sql("raw_row", engine, index=False)
    steps["import"] = clock()
    clean = pd.DataFrame({name: raw[name].str.strip() for name in raw.columns})
    clean["InvoiceDate"] = pd.to_datetime(clean["InvoiceDate"])
    for name in ("Quantity", "UnitPrice"):
        clean[name] = clean[name].map(Decimal)
    clean["net_amount"] = clean["Quantity"] * clean["UnitPrice"]
    total = sum(clean["net_amount"], Decimal(0))
    for name in ("Quantity", "UnitPrice", "net_amount"):
        clean[name] = clean[name].astype(str)
    clean.to_sql("clean_row", engine, index=False)
    steps["clean"] = clock()
    return {"steps": steps, "sum": f"{total:.2f}"}


def csv_and_executemany(path: Path, scratch: Path) -> Answer:
    """Do the same with the csv module, row by row, and `executemany`."""
    steps, clock = {}, _Clock()
    with closing(sqlite3.connect(scratch / "plain.db")) as desk:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            head = next(reader)
            _fill(desk, "raw_row", head, reader)
        steps["import"] = clock()
        total = Decimal(0)

        def cleaned() -> Iterable[list[Any]]:
            nonlocal total
            for row in desk.execute("SELECT * FROM raw_row"):
                cells = [cell.strip() for cell in row]
                net = Decimal(cells[3]) * Decimal(cells[5])
                total += net
                cells[4] = dt.datetime.fromisoformat(cells[4]).isoformat()
                yield [*cells, str(net)]

        _fill(desk, "clean_row", [*head, "net_amount"], cleaned())
        steps["clean"] = clock()
    return {"steps": steps, "sum": f"{total:.2f}"}


def _fill(
    desk: sqlite3.Connection, table: str, columns: list[str], rows: Iterable[list[Any]]
) -> None:
    names = ", ".join(f"{name} TEXT" for name in columns)
    desk.execute(f"CREATE TABLE {table} ({names})")
    marks = ", ".join("?" * len(columns))
    desk.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    desk.commit()


class _Clock:
    """Gives the seconds since it was last asked."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def __call__(self) -> float:
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        return round(seconds, 2)


CONTENDERS: dict[str, Callable[[Path, Path], Answer]] = {
    "ours": ours,
    "pandas": pandas,
    "csv": csv_and_executemany,
}

os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # as the program does

if __name__ == "__main__":
    name, file, folder = sys.argv[1:]
    print(json.dumps(CONTENDERS[name](Path(file), Path(folder))))
