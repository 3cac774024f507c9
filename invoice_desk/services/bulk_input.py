"""The input of a bulk write: a file that is imported and mapped, its rows and what they meet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.bulk_writes import DOUBTS, InputRow, WriteRequest
from invoice_desk.core.cleaning import DERIVED, CleanChunk, CleaningStatus
from invoice_desk.core.decisions import RowVerdict, verdicts
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.mapping import template_for
from invoice_desk.core.raw_rows import RawRows
from invoice_desk.core.records import TableRecord
from invoice_desk.core.sentences import sentence
from invoice_desk.core.storage import storable
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.core.text import flags
from invoice_desk.core.type_detection import map_by_headers
from invoice_desk.core.value_changes import changes_of
from invoice_desk.db.bulk_matching import KeyTable, Matches
from invoice_desk.db.clean_tables import clean_table, ensure_clean_table
from invoice_desk.db.decisions import list_decisions
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.passes import add_pass, current_pass_ids, get_pass, make_current, pass_update
from invoice_desk.db.tables import (
    get_table,
    read_rows_between,
    row_bounds,
    table_update,
)
from invoice_desk.db.templates import list_templates
from invoice_desk.errors import ArgumentError
from invoice_desk.services.desk import Desk
from invoice_desk.services.planning import WRITTEN_UP_TO, make_plan
from invoice_desk.services.rewriting import Place, place_of, stored_rows

#: Rows that are written in one transaction; Bulk API 2.0 has as many in a batch.
CHUNK_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """A chunk of the input: rows numbered from `start` up to, not including, `stop`."""

    start: int
    stop: int

    @property
    def name(self) -> str:
        """Return what the mark of the chunk is called."""
        return f"rows {self.start}-{self.stop}"


class FileInput:
    """The rows of a file's table; they are read by the plan of a pass of their own."""

    def __init__(self, desk: Desk, request: WriteRequest, table_id: int, *, job_id: int) -> None:
        self._desk, self._request = desk, request
        self._made: DocumentType = desk.types[request.document_type]
        self._table_id = table_id
        ensure_clean_table(desk.engine, self._made)
        self.place = self._prepared(job_id)
        self._only = None if request.only is None else np.array(sorted(request.only), np.int64)
        self._matched: list[int] | None = None
        self._matches = Matches()

    @property
    def name(self) -> str:
        """Return what the table is called."""
        return self.place.table.name

    @property
    def total(self) -> int:
        """Return how many rows are to be written."""
        return self.place.table.row_count if self._only is None else len(self._only)

    def parts(self) -> list[Part]:
        """Return the chunks, the same ones every time."""
        with reading(self._desk.engine) as connection:
            first, stop = row_bounds(connection, self._table_id)
        starts = range(first, stop, CHUNK_ROWS)
        parts = [Part(start, min(start + CHUNK_ROWS, stop)) for start in starts]
        if self._only is None:
            return parts
        only = self._only
        return [p for p in parts if ((only >= p.start) & (only < p.stop)).any()]

    # --- mapping ----------------------------------------------------------------------

    def _prepared(self, job_id: int) -> Place:
        with reading(self._desk.engine) as connection:
            table = get_table(connection, self._table_id)
            assert table is not None
            known = table.current_pass_id and get_pass(connection, table.current_pass_id)
        if known and known.document_type != self._made.name:
            title = self._desk.types[known.document_type].title
            raise ArgumentError(
                f"{table.name} is cleaned as {title} already; choose that type, or another file."
            )
        place = place_of(self._desk, known.id) if known else self._first_pass(table, job_id)
        self._check_columns(place.table, place.plan.mapping)
        return place

    def _check_columns(self, table: TableRecord, mapping: dict[str, int]) -> None:
        missing = [name for name in self._request.unique if name not in mapping]
        if missing or not mapping:
            wanted = ", ".join(missing) or f"any field of {self._made.title}"
            raise ArgumentError(
                f"{table.name} has no column for {wanted}. It has: {', '.join(table.columns)}."
            )

    def _first_pass(self, table: TableRecord, job_id: int) -> Place:
        """Map the table to the type and give it a pass, which the rows come into chunk by chunk."""
        mapping = self._mapping(table)
        self._check_columns(table, mapping)
        with reading(self._desk.engine) as connection:
            first, _ = row_bounds(connection, table.id)
        details = table.details | {WRITTEN_UP_TO: first}
        with writing(self._desk.engine) as connection:
            changes: dict[str, Any] = {"document_type": self._made.name, "mapping": mapping}
            connection.execute(table_update(table.id, **changes))
            changed = get_table(connection, table.id)
        assert changed is not None
        plan = make_plan(self._desk, changed, self._made).plan
        now = self._desk.now()
        with writing(self._desk.engine) as connection:
            pass_id = add_pass(
                connection,
                raw_table_id=table.id,
                job_id=job_id,
                document_type=self._made.name,
                type_version=self._made.version,
                plan=plan.as_dict(),
                now=now,
            )
            # It is never half there: each chunk brings its rows and what they count.
            connection.execute(pass_update(pass_id, state="done", ended_at=now))
            for statement in make_current(table.id, pass_id):
                connection.execute(statement)
            connection.execute(table_update(table.id, details=details))
        return place_of(self._desk, pass_id)

    def _mapping(self, table: TableRecord) -> dict[str, int]:
        if table.document_type == self._made.name and table.mapping:
            return table.mapping
        with reading(self._desk.engine) as connection:
            templates = list_templates(connection)
        fitting = [t for t in templates if t.document_type == self._made.name]
        template = template_for(table.columns, fitting)
        return template.mapping if template else map_by_headers(self._made, table.columns)

    # --- matching ---------------------------------------------------------------------

    def match(self, check: Callable[[float], None]) -> None:
        """Find the clean rows that have the keys, unless that is known and still holds.

        Args:
            check: Called with the share that is done; may raise to stop.
        """
        made = self._made
        with reading(self._desk.engine) as connection:
            current = current_pass_ids(connection, made.name)
            table = get_table(connection, self._table_id)
        assert table is not None
        if table.current_pass_id is not None:
            self.place = place_of(self._desk, table.current_pass_id)
        others = [pass_id for pass_id in current if pass_id != self.place.done.id]
        if not self._request.unique or others == self._matched:
            return
        with reading(self._desk.engine) as connection:
            keys = KeyTable(connection, clean_table(made), self._request.unique)
            try:
                parts = self._all_parts()
                for done, part in enumerate(parts):
                    check(done / len(parts))
                    keys.add(self._keys(self._cleaned(part)[0]))
                self._matches = keys.match(others)
            finally:
                keys.drop()
        self._matched = others

    def _all_parts(self) -> list[Part]:
        """Return all chunks of the table: a key must be the only one in the whole file."""
        with reading(self._desk.engine) as connection:
            first, stop = row_bounds(connection, self._table_id)
        step = 5 * CHUNK_ROWS
        return [Part(start, min(start + step, stop)) for start in range(first, stop, step)]

    def _keys(self, chunk: CleanChunk) -> pa.Table:
        """Return the keys that are whole and sure, as they are stored."""
        names = self._request.unique
        sure = np.ones(chunk.rows.num_rows, bool)
        for name in names:
            sure &= chunk.rows[name].is_valid().to_numpy()
        numbers = chunk.rows["row_number"].to_numpy()
        sure &= ~np.isin(numbers, self.place.plan.derived_rows)
        doubts = _doubts(chunk, names)
        sure &= ~np.isin(numbers, list(doubts))
        stored = storable(chunk.rows.filter(flags(sure)), self._made, pass_id=0)
        return stored.select(["id", *names])

    # --- rows -------------------------------------------------------------------------

    def _cleaned(self, part: Part) -> tuple[CleanChunk, dict[int, RowVerdict]]:
        """Return rows as they are read, also excluded ones, and what was decided about them."""
        place = self.place
        with reading(self._desk.engine) as connection:
            numbers, body = read_rows_between(connection, place.table.id, part.start, part.stop)
            wanted = np.frombuffer(numbers, "<i8")
            decided = verdicts(
                list_decisions(connection, place.table.id, row_numbers=wanted.tolist())
            )
        raw = RawRows(pa.array(wanted), body, width=len(place.plan.columns))
        as_read = {number: verdict.as_read for number, verdict in decided.items()}
        return place.clean(raw, as_read), decided

    def rows(self, part: Part) -> tuple[list[InputRow], pa.Table]:
        """Return the rows of a chunk with all they meet, and their values in the same order."""
        chunk, decided = self._cleaned(part)
        if self._only is not None:
            numbers = pa.array(self._only)
            chunk = CleanChunk(
                chunk.rows.filter(pc.is_in(chunk.rows["row_number"], value_set=numbers)),
                chunk.findings.filter(pc.is_in(chunk.findings["row_number"], value_set=numbers)),
            )
        return list(self._met(chunk, decided)), chunk.rows

    def _met(self, chunk: CleanChunk, decided: dict[int, RowVerdict]) -> Iterator[InputRow]:
        rows, place = chunk.rows, self.place
        numbers = rows["row_number"].to_pylist()
        names = self._request.unique
        keys = list(zip(*(rows[name].to_pylist() for name in names), strict=True)) if names else []
        doubts = _doubts(chunk, list(place.plan.mapping))
        left_out = self._left_out(rows)
        counting = self._counting(numbers)
        changes = self._changes(rows, numbers)
        derived = set(place.plan.derived_rows)
        for index, number in enumerate(numbers):
            yield InputRow(
                number,
                place.base + number,
                key=dict(zip(names, keys[index], strict=True)) if names else {},
                doubts=doubts.get(number, {}),
                is_derived=number in derived,
                left_out=left_out.get(number),
                counts=number in counting,
                excluded=decided[number].excluded if number in decided else None,
                repeats=self._matches.repeated.get(number),
                found=self._matches.found.get(number, ()),
                changes=tuple(changes.get(number, ())),
            )

    def _left_out(self, rows: pa.Table) -> dict[int, str]:
        filtered = rows.filter(rows["reasons"].is_valid()).select(["row_number", "reasons"])
        found = {}
        for number, codes in zip(*(column.to_pylist() for column in filtered.columns), strict=True):
            told = [sentence(code, [self._made]) for code in json.loads(codes) if code != DERIVED]
            found[number] = " ".join(told)
        return found

    def _counting(self, numbers: Sequence[int]) -> set[int]:
        """Return those of the input's rows that count in the clean table already."""
        stored = stored_rows(self._desk, self.place, numbers, ["cleaning_status"])
        if not stored.num_rows:
            return set()
        kept = pc.equal(stored["cleaning_status"], CleaningStatus.CLEANED.value)
        return set(stored.filter(kept)["row_number"].to_pylist())

    def _changes(self, rows: pa.Table, numbers: Sequence[int]) -> dict[int, list[str]]:
        """Return row number → the fields in which it differs from the row that it meets."""
        names = [n for n in self.place.plan.mapping if n not in self._request.unique]
        found = self._matches.found
        met = {n: found[n][0] for n in numbers if len(found.get(n, ())) == 1}
        changed: dict[int, list[str]] = {}
        by_pass: dict[int, list[int]] = {}
        for number, identifier in met.items():
            by_pass.setdefault(identifier >> ROW_BITS, []).append(number)
        for pass_id, members in by_pass.items():
            place = place_of(self._desk, pass_id)
            theirs = [met[number] - place.base for number in members]
            old = stored_rows(self._desk, place, theirs, names)
            wanted = pc.index_in(pa.array(theirs), value_set=old["row_number"].combine_chunks())
            ours = pc.index_in(pa.array(members), value_set=rows["row_number"].combine_chunks())
            masks = changes_of(
                rows.take(ours), old.take(wanted), names, empty_clears=self._request.empty_clears
            )
            for name, mask in masks.items():
                for index in np.flatnonzero(mask):
                    changed.setdefault(members[index], []).append(name)
        return changed


def _doubts(chunk: CleanChunk, names: Sequence[str]) -> dict[int, dict[str, str]]:
    """Return row number → field → text of what could not be read for sure in these fields."""
    codes = pa.array([str(code) for code in DOUBTS])
    sure = pc.is_in(chunk.findings["code"], value_set=codes)
    mine = pc.is_in(chunk.findings["field"], value_set=pa.array(list(names), pa.string()))
    found: dict[int, dict[str, str]] = {}
    columns = chunk.findings.filter(pc.and_(sure, mine)).select(["row_number", "field", "text"])
    for number, name, text in zip(*(c.to_pylist() for c in columns.columns), strict=True):
        found.setdefault(number, {})[name] = text or ""
    return found
