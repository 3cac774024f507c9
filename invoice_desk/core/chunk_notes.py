"""What is noted about the rows of a chunk while it is cleaned, and what people decided of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from invoice_desk.core.cells import dump_cells
from invoice_desk.core.decisions import RowVerdict
from invoice_desk.core.findings import FINDING_SCHEMA, anomaly_of
from invoice_desk.core.text import flags


class Notes:
    """Findings of a chunk, gathered as columns."""

    def __init__(self, row_numbers: pa.Array) -> None:
        self._row_numbers = row_numbers
        self._parts: list[pa.Table] = []
        self.counts = np.zeros(len(row_numbers), np.int64)

    def add(
        self,
        mask: np.ndarray,
        code: str,
        severity: str,
        *,
        field_name: str | None,
        texts: pa.Array | None = None,
        anomaly: str | None = None,
    ) -> None:
        """Note the same doubt about all rows of `mask`."""
        if not mask.any():
            return
        self.counts += mask
        chosen = flags(mask)
        numbers = self._row_numbers.filter(chosen)
        count = len(numbers)
        text = pa.nulls(count, pa.string()) if texts is None else texts.filter(chosen)
        columns = [
            numbers,
            pa.array([field_name] * count, pa.string()),
            pa.array([str(code)] * count, pa.string()),
            pa.array([str(severity)] * count, pa.string()),
            pa.array([anomaly or anomaly_of(code)] * count, pa.string()),
            text,
        ]
        self._parts.append(pa.table(columns, schema=FINDING_SCHEMA))

    def table(self) -> pa.Table:
        """Return everything noted, of `FINDING_SCHEMA`."""
        return pa.concat_tables([FINDING_SCHEMA.empty_table(), *self._parts]).combine_chunks()


class Decided:
    """What people decided about the rows of a chunk."""

    def __init__(self, row_numbers: pa.Array, verdicts: Mapping[int, RowVerdict]) -> None:
        self.count = len(row_numbers)
        self._places: dict[int, RowVerdict] = {}
        if verdicts:
            numbers = row_numbers.to_pylist()
            places = {number: place for place, number in enumerate(numbers)}
            self._places = {places[n]: v for n, v in verdicts.items() if n in places}
        self.fields = {name for v in self._places.values() for name in v.corrections}

    def mask(self, field_name: str) -> np.ndarray:
        """Return the rows of which this field was corrected."""
        mask = np.zeros(self.count, bool)
        mask[[p for p, v in self._places.items() if field_name in v.corrections]] = True
        return mask

    def texts(self, field_name: str) -> pa.Array:
        """Return the corrected texts, in the order of the rows."""
        ordered = sorted(self._places)
        found = [self._places[p].corrections for p in ordered]
        return pa.array([c[field_name] for c in found if field_name in c], pa.string())

    def excluded(self) -> dict[int, str]:
        """Return place → reason of the rows that are not to count, in their order."""
        found = {place: self._places[place].excluded for place in sorted(self._places)}
        return {place: reason for place, reason in found.items() if reason is not None}

    def columns(self) -> dict[str, pa.Array]:
        """Return `corrected` (JSON array of fields) and `approved` (0 or 1)."""
        corrected: list[str | None] = [None] * self.count
        approved = np.zeros(self.count, np.int64)
        for place, verdict in self._places.items():
            if verdict.corrections:
                corrected[place] = dump_cells(sorted(verdict.corrections))
            approved[place] = verdict.approved
        return {"corrected": pa.array(corrected, pa.string()), "approved": pa.array(approved)}
