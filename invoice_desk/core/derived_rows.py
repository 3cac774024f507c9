"""Rows that sum up others, told by arithmetic and by words, each weighed against the other."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.cell_kinds import Grid, Kind, kind_of, number_of, words_of
from invoice_desk.core.text import mask_of

_SUM = (
    r"(?:sub ?|sous ?|grand |overall |net |gross |zwischen ?|gesamt ?|end ?)?"
    r"(?:totals?|totaux|totales?|summen?|sum|somme|saldo|solde|insgesamt|gesamt|montant total)"
)
_MEAN = (
    r"(?:overall |weighted |grand )?"
    r"(?:average|avg|mean|median|moyennes?|mediane|mittelwert|durchschnitt|std dev|ecart type)"
)
_TAIL = r"(?: (?:general|generale|generaux|ht|ttc|tva|net|brut|netto|brutto|due|eur|usd|dzd|da))*"
#: The whole label says it.
_STRONG = re.compile(rf"(?:{_SUM}|{_MEAN}){_TAIL}")
#: The label says it of something: `Total Paris`, `Paris total`; a number of things is no sum.
_MEDIUM = re.compile(
    rf"{_SUM} (?!number|no |nombre|anzahl|area|population).+|.+ (?:{_SUM}|summary)"
)
_WEAK = re.compile(
    rf"(?:all|both|tous|toutes|ensemble|alle|overall|whole|combined|{_MEAN})\b.*|.+ {_MEAN}"
)
_BALANCE = re.compile(r".*\b(?:balance|net|difference|surplus|deficit|solde|saldo|reste)\b.*")
_REACH = 2000


@dataclass(frozen=True, slots=True)
class _Body:
    """The rows of one table: numbers, labels, and where its parts begin."""

    rows: np.ndarray
    values: np.ndarray
    labels: list[str]
    names: list[str]
    filled: np.ndarray
    starts: list[int]


def find_derived(
    grid: Grid, rows: Sequence[int], *, blank_after: Sequence[int], groups: Sequence[int]
) -> tuple[int, ...]:
    """Return the rows of a table's body that sum up others.

    Args:
        grid: The sheet.
        rows: The filled rows of the body, ascending.
        blank_after: Those of them that a blank row follows.
        groups: Those of them that are headings of groups.
    """
    if len(rows) < 2:
        return ()
    breaks = {*blank_after, *groups}
    starts = [0, *(i + 1 for i, row in enumerate(rows) if row in breaks and i + 1 < len(rows))]
    numbers = np.asarray(rows)
    body = _Body(
        numbers,
        _values(grid, numbers),
        [_label(grid, row) for row in rows],
        [_name(grid, row) for row in rows],
        grid.filled[numbers],
        sorted(set(starts)),
    )
    if np.isnan(body.values).all():
        return ()
    found = _by_sums(body)
    found |= _by_words(body, found, grid)
    found |= _by_shares(body, found)
    found |= _by_same_label(body, found)
    return tuple(int(numbers[i]) for i in sorted(found))


def says_total(row: Sequence[str]) -> bool:
    """Return whether the first text of a row says, by itself, that the row sums up others."""
    first = next((cell for cell in row if cell.strip()), "")
    return bool(_STRONG.fullmatch(words_of(first)))


def says_total_of(text: str) -> bool:
    """Return whether a text names a sum, by itself or of something."""
    return _strength(words_of(text)) >= 2


def _label(grid: Grid, row: int) -> str:
    """Return the first text of the row, as words."""
    first = next((c for c in np.flatnonzero(grid.kinds[row] == Kind.TEXT).tolist()), None)
    return "" if first is None else words_of(grid.texts[row][first])


def _name(grid: Grid, row: int) -> str:
    """Return the last text before the first number of the row."""
    texts = np.flatnonzero(grid.kinds[row] == Kind.TEXT)
    numbers = np.flatnonzero(grid.kinds[row] == Kind.NUMBER)
    before = texts[texts < numbers[0]] if len(numbers) else texts
    return words_of(grid.texts[row][before[-1]]) if len(before) else ""


def _values(grid: Grid, rows: np.ndarray) -> np.ndarray:
    """Return the numbers of the rows, NaN elsewhere; columns with few numbers are left out."""
    kinds = grid.kinds[rows]
    numeric = kinds == Kind.NUMBER
    told = np.maximum((kinds != Kind.EMPTY).sum(axis=0), 1)
    columns = np.flatnonzero((numeric.sum(axis=0) >= 2) & (numeric.sum(axis=0) * 2 >= told))
    values = np.full((len(rows), len(columns)), np.nan)
    known: dict[str, float] = {}
    for j, column in enumerate(columns.tolist()):
        for i in np.flatnonzero(numeric[:, column]).tolist():
            text = grid.texts[rows[i]][column]
            if text not in known:
                known[text] = number_of(text)
            values[i, j] = known[text]
    return values


def _by_sums(body: _Body) -> set[int]:
    """Return rows that are, in several columns, the sum of the rows above them in their part."""
    found: set[int] = set()
    for start, stop in zip(body.starts, [*body.starts[1:], len(body.rows)], strict=True):
        begin = start
        while (hit := _first_sum(body, begin, stop)) is not None:
            found.add(hit)
            begin = hit + 1
    if len(body.starts) > 1:
        found |= _whole_sums(body, found)
    return found


def _first_sum(body: _Body, begin: int, stop: int) -> int | None:
    """Return the first row that is the sum of all from `begin` up to it."""
    part = body.values[begin : min(stop, begin + _REACH)]
    if len(part) < 3 or part.shape[1] == 0:
        return None
    sums = np.cumsum(np.nan_to_num(part), axis=0)
    counts = np.cumsum(~np.isnan(part) & (part != 0), axis=0)
    own, above, parts = part[2:], sums[1:-1], counts[1:-1]
    told = ~np.isnan(own) & (own != 0) & (parts >= 2)
    close = told & _is_close(own, above)
    enough = (close.sum(axis=1) >= 1) & (close.sum(axis=1) * 4 >= told.sum(axis=1) * 3)
    for i in np.flatnonzero(enough).tolist():
        if _is_proof(own[i][close[i]], at_end=begin + i + 3 == stop):
            return int(begin + i + 2)
    return None


def _is_close(own: np.ndarray, others: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.abs(own - others) <= 0.011 + 2e-9 * np.abs(others)
    result &= np.abs(own - others) <= 1e-4 * np.abs(others)
    return result


def _is_proof(values: np.ndarray, *, at_end: bool) -> bool:
    """Return whether sums that agree in these values are no chance: enough digits in all."""
    different = {f"{abs(value):.6g}".replace(".", "").strip("0") for value in values.tolist()}
    digits = sum(map(len, different))
    return (len(different) >= 2 and digits >= 6) or (at_end and digits >= 5)


def _whole_sums(body: _Body, found: set[int]) -> set[int]:
    """Return rows, last in their part, that are the sum of all data or of all sums above."""
    more: set[int] = set()
    filled = np.nan_to_num(body.values)
    for start, stop in zip(body.starts, [*body.starts[1:], len(body.rows)], strict=True):
        last = stop - 1
        if last in found or last < 3 or start == 0:
            continue
        before = sorted(i for i in found | more if i < last)
        plain = [i for i in range(last) if i not in found and i not in more]
        for parts in (before, plain):
            if len(parts) < 2:
                continue
            own = body.values[last]
            told = ~np.isnan(own) & (own != 0)
            close = told & _is_close(own, filled[parts].sum(axis=0))
            enough = told.any() and close.sum() * 4 >= told.sum() * 3
            if enough and _is_proof(own[close], at_end=last == len(body.rows) - 1):
                more.add(last)
                break
    return more


def _by_words(body: _Body, found: set[int], grid: Grid) -> set[int]:
    """Return rows whose label says that they sum up others, and whose place or sums agree."""
    more: set[int] = set()
    typical = float(np.percentile(body.filled, 75))
    ends = {i - 1 for i in body.starts} | {len(body.rows) - 1}
    for i, label in enumerate(body.labels):
        if not label or i in found or not (grid.kinds[body.rows[i]] == Kind.NUMBER).any():
            continue
        strength = _strength(label)
        if not strength:
            continue
        agrees = _sums_agree(body, i, found | more)
        spare = _is_sparer(grid, body, i, typical)
        at_end = i in ends or i + 1 in found
        if (
            agrees
            or (strength == 3 and i > 0 and (spare or at_end))
            or (strength == 2 and i > 0 and i - 1 not in ends and at_end)
            or (strength == 2 and i > 0 and at_end and spare)
        ):
            more.add(i)
    for i in sorted(found | more):
        if i + 1 < len(body.rows) and i + 1 not in found and _BALANCE.fullmatch(body.labels[i + 1]):
            more.add(i + 1)
    return more


def _strength(label: str) -> int:
    """Return how surely a label names a sum: 3 by itself, 2 with its object, 1 perhaps."""
    if _STRONG.fullmatch(label):
        return 3
    if _MEDIUM.fullmatch(label):
        return 2
    return 1 if _WEAK.fullmatch(label) else 0


def _is_sparer(grid: Grid, body: _Body, index: int, typical: float) -> bool:
    """Return whether the row leaves out texts or dates that other rows of the table have."""
    row = int(body.rows[index])
    near = body.rows[max(0, index - 30) : index + 31]
    near = near[near != row]
    kinds = grid.kinds[near]
    usual = ((kinds == Kind.TEXT) | (kinds == Kind.DATE)).mean(axis=0) > 0.6
    if usual.sum() <= 1:
        return True
    missing = usual & (grid.kinds[row] == Kind.EMPTY)
    same = [grid.texts[row][c] for c in np.flatnonzero(usual).tolist()]
    return bool(missing.any()) or len(set(same)) == 1 or body.filled[index] < 0.7 * typical


def _sums_agree(body: _Body, index: int, derived: set[int]) -> bool:
    """Return whether the row is, in most columns, the sum of rows above or below it."""
    own = body.values[index]
    plain = [i for i in range(max(0, index - _REACH), index) if i not in derived]
    since = [i for i in plain if i > max((d for d in derived if d < index), default=-1)]
    part = max((s for s in body.starts if s <= index), default=0)
    nearer = [i for i in plain if i >= part]
    sums = [i for i in sorted(derived) if i < index]
    choices = [plain, since, nearer, sums, sums[-2:], sums[-3:]]
    if any(_agrees(body, own, parts) for parts in choices):
        return True
    below = body.values[index + 1 : index + 1 + _REACH]
    if len(below) < 2:
        return False
    running = np.cumsum(np.nan_to_num(below), axis=0)[1:]
    told = ~np.isnan(own) & (own != 0)
    close = told & _is_close(np.broadcast_to(own, running.shape), running)
    return bool(told.any()) and bool((close.sum(axis=1) * 4 >= told.sum() * 3).any())


def _agrees(body: _Body, own: np.ndarray, parts: Sequence[int]) -> bool:
    if len(parts) < 2:
        return False
    chosen = body.values[list(parts)]
    total = np.nansum(chosen, axis=0)
    told = ~np.isnan(own) & (own != 0) & ((~np.isnan(chosen)).sum(axis=0) >= 2)
    mean = total / np.maximum((~np.isnan(chosen)).sum(axis=0), 1)
    rounding = 0.5 + 0.002 * np.abs(total)
    near = told & ((np.abs(own - total) <= rounding) | _is_close(own, mean))
    return bool(told.any()) and bool(near.sum() * 2 >= told.sum())


def _by_shares(body: _Body, found: set[int]) -> set[int]:
    """Return rows without a label that are the row above divided by one further up."""
    more: set[int] = set()
    for i in range(2, len(body.rows)):
        own = body.values[i]
        told = ~np.isnan(own) & (own != 0)
        if body.labels[i] or i in found or told.sum() < 3 or (np.abs(own[told]) > 10).any():
            continue
        for j in range(max(0, i - 12), i - 1):
            with np.errstate(divide="ignore", invalid="ignore"):
                share = body.values[i - 1] / body.values[j]
            close = told & (np.abs(own - share) <= 1e-3 * np.abs(share))
            if close.sum() >= 3 and close.sum() * 4 >= told.sum() * 3:
                more.add(i)
                break
    return more


def _by_same_label(body: _Body, found: set[int]) -> set[int]:
    """Return rows that bear the label of a row which arithmetic has proved."""
    names = {body.names[i] for i in found if body.names[i]}
    more = {i for i, name in enumerate(body.names) if name in names}
    return more if len(more) * 3 <= len(body.rows) else set()


#: The first text of a row, stored as JSON, has a word that sums up; letters may stand before it.
_MAY_SUM = (
    r'(?i)^\[(?:"\s*",)*"[^"]{0,80}(?:total|totaux|summe|gesamt|somme|solde|saldo|\bsum\b'
    r"|average|moyenne|median|mittelwert|durchschnitt|\bmean\b|summary)"
)


def find_totals(numbers: pa.Array, cells: pa.Array) -> tuple[int, ...]:
    """Return the numbers of the rows of a long table that say that they sum up others.

    Where very many rows have such a word it is part of what the rows are about, and only the
    last rows are believed.

    Args:
        numbers: The number of each row.
        cells: The rows as JSON arrays of text.
    """
    hits = np.flatnonzero(mask_of(pc.match_substring_regex(cells, _MAY_SUM)))
    if len(hits) > max(50, len(cells) // 20):
        hits = hits[hits >= len(cells) - 3]
    if len(hits) == 0:
        return ()
    near = cells[:: max(1, len(cells) // 50)].to_pylist()
    typical = float(np.median([_filled(json.loads(row)) for row in near]))
    texts = cells.take(pa.array(hits)).to_pylist()
    last = len(cells) - 3
    found = [
        hit
        for hit, row in zip(hits.tolist(), texts, strict=True)
        if _is_total_alone(json.loads(row), typical, at_end=hit >= last)
    ]
    return tuple(numbers.take(pa.array(found, pa.int64())).to_pylist())


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _is_total_alone(row: Sequence[str], typical: float, *, at_end: bool) -> bool:
    """Return whether a row, seen alone, sums up others; one that lacks nothing is data."""
    if not has_number(row):
        return False
    strength = _strength(words_of(next(cell for cell in row if cell.strip())))
    filled = _filled(row)
    if strength == 3:
        return at_end or filled < typical or typical <= 2
    return strength == 2 and filled <= 0.7 * typical


def has_number(cells: Sequence[str]) -> bool:
    """Return whether one of the cells holds a number or a date."""
    return any(kind_of(cell.strip()) in {Kind.NUMBER, Kind.DATE} for cell in cells)
