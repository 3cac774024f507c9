"""Tables as CSV, XLSX, JSON and Parquet, typed, and safe to open in Excel.

Amounts are written as numbers and codes as text.  In CSV and XLSX a text that a spreadsheet
would run as a formula gets an apostrophe in front; signed numbers and telephone numbers are
left as they are.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from invoice_desk.core.amounts import amount_text
from invoice_desk.errors import ArgumentError, StorageError

_EXCEL_ROWS = 1_048_575
#: Rows that say how wide columns are, and the widest, in characters.
_MEASURED, _WIDEST = 300, 60
#: Workbooks count days from 1900, with a leap day that year did not have.
_FIRST_YEAR = 1901
_DAYS, _TIMES = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
_FORMULA = r"^(?:[=@\t\r]|[+\-](?:.*[^0-9\s().,/+\-]))"


class Format(StrEnum):
    """What can be written."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    PARQUET = "parquet"


def write_table(
    table: pa.Table,
    path: Path,
    *,
    digits: dict[str, int],
    days: Collection[str] = (),
    format: Format | None = None,  # noqa: A002
) -> None:
    """Write `table` to `path`, under another name first, so that no half file is left.

    Args:
        table: Text, ISO dates as text, decimals and whole numbers.
        path: Its ending names the format when `format` is None.
        digits: Column → decimals that are shown at least.
        days: Columns of ISO 8601 days and times, which a workbook has as such.
        format: Overrides the ending.

    Raises:
        ArgumentError: If the ending is no known format.
        StorageError: If it cannot be written.
    """
    chosen = format or _format_of(path)
    unfinished = path.with_name(path.name + ".part")
    writers: dict[Format, Callable[[pa.Table, Path, dict[str, int]], None]] = {
        Format.CSV: _write_csv,
        Format.XLSX: lambda *args: _write_xlsx(*args, days=days),
        Format.JSON: _write_json,
        Format.PARQUET: _write_parquet,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writers[chosen](table, unfinished, digits)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        full = error.errno == errno.ENOSPC
        why = "the disk is full" if full else (error.strerror or str(error))
        raise StorageError(f"{path.name} cannot be written: {why}.") from error
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_raw_csv(rows: Iterator[list[str]], path: Path) -> None:
    """Write rows of text as they are: UTF-8, comma, RFC 4180."""
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)


def _format_of(path: Path) -> Format:
    try:
        return Format(path.suffix.lower().lstrip("."))
    except ValueError:
        known = ", ".join(f".{f}" for f in Format)
        raise ArgumentError(f"{path.name}: the ending must be one of {known}.") from None


def texts_of(column: pa.ChunkedArray, *, digits: int) -> pa.Array:
    """Return a column as text, decimals plain and without zeros that say nothing."""
    flat = column.combine_chunks()
    if not pa.types.is_decimal(flat.type):
        return pc.fill_null(flat.cast(pa.string()), "")
    encoded = pc.dictionary_encode(flat)
    shown = [amount_text(value, digits=digits) for value in encoded.dictionary.to_pylist()]
    return pc.fill_null(pa.array(shown, pa.string()).take(encoded.indices), "")


def guarded(column: pa.Array) -> pa.Array:
    """Return texts with an apostrophe before those that a spreadsheet would run."""
    dangerous = pc.match_substring_regex(column, _FORMULA)
    if not pc.any(dangerous).as_py():
        return column
    marked = pc.binary_join_element_wise(pa.scalar("'"), column, "")
    return pc.if_else(dangerous, marked, column)


def _write_csv(table: pa.Table, path: Path, digits: dict[str, int]) -> None:
    columns: dict[str, Any] = {}
    for name in table.column_names:
        texts = texts_of(table[name], digits=digits.get(name, 0))
        columns[name] = guarded(texts) if pa.types.is_string(table[name].type) else texts
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf")  # so that Excel sees UTF-8
        pa_csv.write_csv(pa.table(columns), file, pa_csv.WriteOptions(quoting_style="needed"))


def _write_json(table: pa.Table, path: Path, digits: dict[str, int]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number, row in enumerate(_rows(table)):
            plain = {
                name: amount_text(value, digits=digits.get(name, 0))
                if isinstance(value, Decimal)
                else value
                for name, value in row.items()
            }
            file.write((",\n" if number else "\n") + json.dumps(plain, ensure_ascii=False))
        file.write("\n]\n")


def _write_parquet(table: pa.Table, path: Path, _digits: dict[str, int]) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd")


def _write_xlsx(
    table: pa.Table, path: Path, digits: dict[str, int], *, days: Collection[str]
) -> None:
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = openpyxl.Workbook(write_only=True)
    for part, start in enumerate(range(0, max(table.num_rows, 1), _EXCEL_ROWS)):
        sheet = book.create_sheet("Rows" if part == 0 else f"Rows {part + 1}")
        sheet.freeze_panes = "A2"
        for letter, width in _widths(table.slice(start, _MEASURED)):
            sheet.column_dimensions[letter].width = width
        heads = [WriteOnlyCell(sheet, value=name) for name in table.column_names]
        for head in heads:
            head.font = Font(bold=True)
        sheet.append(heads)
        formats = _number_formats(table, digits)
        for row in _rows(table.slice(start, _EXCEL_ROWS)):
            sheet.append(
                [
                    _excel_cell(sheet, _day(value) if name in days else value, formats[name])
                    for name, value in row.items()
                ]
            )
    with path.open("wb") as file:
        book.save(file)


def _number_formats(table: pa.Table, digits: dict[str, int]) -> dict[str, str | None]:
    formats: dict[str, str | None] = {}
    for name in table.column_names:
        shown = digits.get(name, 0)
        plain = "0" if shown == 0 else "0." + "0" * shown
        formats[name] = plain + "#" * 4 if pa.types.is_decimal(table[name].type) and shown else None
    return formats


def _widths(table: pa.Table) -> Iterator[tuple[str, float]]:
    """Yield the letter of each column and how many characters it is wide."""
    from openpyxl.utils import get_column_letter

    for number, name in enumerate(table.column_names, start=1):
        texts = texts_of(table[name], digits=2)
        longest = pc.max(pc.utf8_length(texts)).as_py() or 0
        yield get_column_letter(number), float(min(_WIDEST, max(longest, len(name)) + 2))


def _day(text: Any) -> Any:
    """Return an ISO 8601 text as a day or a time; as it is where a workbook cannot have it."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return text
    if moment.year < _FIRST_YEAR or moment.tzinfo is not None:
        return text
    return moment if len(text) > len("2024-01-31") else moment.date()


def _excel_cell(sheet: Any, value: Any, number_format: str | None) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if value is None:
        return None
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)[:32767])
        cell.data_type = "s"  # text, whatever it looks like: codes keep zeros, "=1+1" stays text
        return cell
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, dt.date):
        number_format = _TIMES if isinstance(value, dt.datetime) else _DAYS
    if number_format:
        cell.number_format = number_format
    return cell


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()
