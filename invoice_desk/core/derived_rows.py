"""Rows that sum up others, told by arithmetic and by words, each weighed against the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from invoice_desk.core.cell_kinds import Grid, Kind, number_of, words_of
from invoice_desk.core.total_words import may_name_sums, names_balance, names_tax, strength_of

#: So many rows above or below a row are added up at most.
_REACH = 2000
_NEAR = 64
#: More rows that name a sum than this are not all added up.
_MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class _Body:
    """The rows of one table: numbers, first texts, and where its parts begin.

    Attributes:
        rows: Where the rows stand in the grid.
        kinds: What their cells hold.
        values: The numbers of its columns of numbers, NaN elsewhere.
        labels: The first text of each row.
        starts: The first row of each part; parts are parted by blank rows or group headings.
        ends: The last row of each part.
    """

    rows: np.ndarray
    kinds: np.ndarray
    values: np.ndarray
    labels: list[str]
    starts: list[int]
    ends: frozenset[int]


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
    body = _body(grid, rows, {*blank_after, *groups})
    found = _by_sums(body)
    found |= _by_words(body, found)
    found |= _by_shares(body, found)
    found |= _by_same_name(grid, body, found)
    return tuple(int(body.rows[i]) for i in sorted(found))


def _body(grid: Grid, rows: Sequence[int], breaks: set[int]) -> _Body:
    starts = [0, *(i + 1 for i, row in enumerate(rows) if row in breaks and i + 1 < len(rows))]
    ends = {i - 1 for i in starts} | {len(rows) - 1}
    numbers = np.asarray(rows)
    kinds = grid.kinds[numbers]
    texts = kinds == Kind.TEXT
    columns = np.where(texts.any(axis=1), texts.argmax(axis=1), -1).tolist()
    labels = [
        grid.texts[row][column] if column >= 0 else ""
        for row, column in zip(rows, columns, strict=True)
    ]
    return _Body(numbers, kinds, _values(grid, numbers), labels, starts, frozenset(ends))


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
    for reach in (_NEAR, _REACH):  # most sums are near, and there may be very many
        part = body.values[begin : min(stop, begin + reach)]
        if len(part) < 3 or part.shape[1] == 0:
            return None
        sums = np.cumsum(np.nan_to_num(part), axis=0)
        counts = np.cumsum(~np.isnan(part) & (part != 0), axis=0)
        own, above, parts = part[2:], sums[1:-1], counts[1:-1]
        told = ~np.isnan(own) & (own != 0) & (parts >= 2)
        close = told & _is_close(own, above)
        enough = (close.sum(axis=1) >= 1) & (close.sum(axis=1) * 4 >= told.sum(axis=1) * 3)
        for i in np.flatnonzero(enough).tolist():
            row = begin + i + 2
            if _is_proof(own[i][close[i]], at_end=row + 1 == stop) and not _is_record(body, row):
                return int(row)
        if begin + reach >= stop:
            return None
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
    data, sums = np.zeros(filled.shape[1]), np.zeros(filled.shape[1])
    for start, stop in pairwise([*body.starts, len(body.rows)]):
        last = stop - 1
        own = filled[last]
        if last > start or start > 2:
            inner = [i for i in range(start, last) if i in found]
            before = filled[start:last].sum(axis=0) - filled[inner].sum(axis=0)
            for total in (data + before, sums + filled[inner].sum(axis=0)):
                told = own != 0
                close = told & _is_close(own, total)
                enough = last not in found and start and close.sum() * 4 >= told.sum() * 3
                proof = enough and _is_proof(own[close], at_end=stop == len(body.rows))
                if proof and not _is_record(body, last):
                    more.add(last)
        for i in range(start, stop):
            if i in found or i in more:
                sums += filled[i]
            else:
                data += filled[i]
    return more


def _by_words(body: _Body, found: set[int]) -> set[int]:
    """Return rows whose label says that they sum up others, and whose place or sums agree."""
    may = (body.kinds == Kind.NUMBER).any(axis=1) & may_name_sums(body.labels)
    strengths = {
        i: strength
        for i in np.flatnonzero(may).tolist()
        if i not in found and (strength := strength_of(body.labels[i]))
    }
    if len(strengths) > _MOST_NAMED:  # then the word is part of what the rows are about
        strengths = {i: s for i, s in strengths.items() if i in body.ends or _lacks_cells(body, i)}
    adds_up = len(strengths) <= _MOST_NAMED
    known = set(found)
    for _ in range(2):  # a sum above a sum is known for one when the lower is
        for i, strength in strengths.items():
            if i not in known and _is_believed(body, i, strength, known, adds_up=adds_up):
                known.add(i)
    return (known | _beside_sums(body, known)) - found


def _beside_sums(body: _Body, found: set[int]) -> set[int]:
    """Return balances and shares from a sum down to the end, and taxes between two sums."""
    more: set[int] = set()
    for i in sorted(found):
        run = i + 1
        while run < len(body.rows) and run not in found and run - 1 not in body.ends:
            if not names_balance(body.labels[run]) and not names_tax(body.labels[run]):
                break
            run += 1
        between = range(i + 1, run)
        taxes = run in found and all(names_tax(body.labels[j]) for j in between)
        if between and (run - 1 in body.ends or taxes):
            more |= set(between)
    return more


def _is_believed(
    body: _Body, index: int, strength: int, derived: set[int], *, adds_up: bool
) -> bool:
    """Return whether a row that names a sum is one.

    It must agree with other rows, which is tried when `adds_up`; or stand where sums stand, last
    in its part, and leave out what records have or be the largest; `Total` by itself needs one
    of these only.
    """
    if adds_up and _sums_agree(body, index, derived, strict=strength == 1):
        return True
    if strength == 1 or _is_record(body, index):
        return False
    if index == 0:
        return strength == 3 and _tops_all_below(body)
    at_end = index in body.ends or index + 1 in derived
    alike = _lacks_cells(body, index) or _is_largest(body, index, derived)
    return (at_end or alike) if strength == 3 else (at_end and alike)


def _near(body: _Body, index: int) -> np.ndarray:
    """Return what the cells of the rows around hold."""
    near = [*range(max(0, index - 30), index), *range(index + 1, min(index + 31, len(body.rows)))]
    result: np.ndarray = body.kinds[near]
    return result


def _lacks_cells(body: _Body, index: int) -> bool:
    """Return whether the row leaves out what the records around it have nearly always."""
    usual = (_near(body, index) != Kind.EMPTY).mean(axis=0) > 0.8
    return bool((usual & (body.kinds[index] == Kind.EMPTY)).any())


def _is_record(body: _Body, index: int) -> bool:
    """Return whether the row is told to be a record: it has three texts and dates as others."""
    near = _near(body, index)
    usual = ((near == Kind.TEXT) | (near == Kind.DATE)).mean(axis=0) > 0.6
    return bool(usual.sum() >= 3 and not (usual & (body.kinds[index] == Kind.EMPTY)).any())


def _is_largest(body: _Body, index: int, derived: set[int]) -> bool:
    """Return whether no row since the last sum has larger numbers, as is so for most sums."""
    first = max((i for i in derived if i < index), default=-1) + 1
    above = body.values[max(first, index - _REACH) : index]
    own = body.values[index]
    told = ~np.isnan(own) & ~np.isnan(above).all(axis=0) if len(above) else np.isnan(own) & False
    if not told.any():
        return first > 0
    largest = np.nanmax(np.abs(above[:, told]), axis=0)
    return bool((np.abs(own[told]) >= largest).mean() >= 0.6)


def _tops_all_below(body: _Body) -> bool:
    """Return whether the first row has the largest numbers of the table, as a total above it."""
    own, below = body.values[0], body.values[1:]
    told = ~np.isnan(own) & ~np.isnan(below).all(axis=0)
    if len(below) < 3 or not told.any():
        return False
    return bool((own[told] >= np.nanmax(below[:, told], axis=0)).mean() >= 0.8)


def _sums_agree(body: _Body, index: int, derived: set[int], *, strict: bool) -> bool:
    """Return whether the row is, in most columns, the sum of rows above or below it."""
    own = body.values[index]
    sums = np.array(sorted(i for i in derived if index - _REACH <= i < index), np.int64)
    above = np.arange(max(0, index - _REACH), index)
    plain = np.setdiff1d(above, sums, assume_unique=True)
    since = plain[plain > (sums[-1] if len(sums) else -1)]
    part = body.starts[bisect_right(body.starts, index) - 1]
    for parts in (plain, since, plain[plain >= part], sums, sums[-2:], sums[-3:]):
        if _agrees(body, own, parts, strict=strict):
            return True
    below = body.values[index + 1 : index + 1 + _REACH]
    if len(below) < 2:
        return False
    running = np.cumsum(np.nan_to_num(below), axis=0)[1:]
    told = ~np.isnan(own) & (own != 0)
    close = told & _is_close(np.broadcast_to(own, running.shape), running)
    enough = close.sum(axis=1) * 4 >= told.sum() * 3
    return bool(told.any()) and any(
        _is_proof(own[close[i]], at_end=not strict) for i in np.flatnonzero(enough).tolist()
    )


def _agrees(body: _Body, own: np.ndarray, parts: np.ndarray, *, strict: bool) -> bool:
    """Return whether `own` is sum or mean of the rows `parts`, within what rounding explains."""
    if len(parts) < 2:
        return False
    chosen = body.values[parts]
    count = (~np.isnan(chosen)).sum(axis=0)
    total = np.nansum(chosen, axis=0)
    told = ~np.isnan(own) & (own != 0) & (count >= 2)
    mean = total / np.maximum(count, 1)
    near = _is_close(own, total) | _is_close(own, mean)
    if not strict:
        near |= np.abs(own - total) <= 0.011 + 0.003 * np.abs(total)
    near &= told
    needed = 3 if strict else 2
    return bool(told.any()) and bool(near.sum() * 4 >= told.sum() * needed)


def _by_shares(body: _Body, found: set[int]) -> set[int]:
    """Return rows without a label that are the row above divided by one further up."""
    more: set[int] = set()
    if body.values.shape[1] < 3:
        return more
    small = (np.abs(np.nan_to_num(body.values)) <= 1).all(axis=1)
    told = ~np.isnan(body.values) & (body.values != 0)
    for i in np.flatnonzero(small & (told.sum(axis=1) >= 3)).tolist():
        if i < 2 or body.labels[i] or i in found or len(set(body.values[i][told[i]])) < 3:
            continue
        own, above = body.values[i], body.values[max(0, i - 12) : i - 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = body.values[i - 1] / above
        close = told[i] & (np.abs(own - share) <= 1e-3 * np.abs(share))
        enough = (close.sum(axis=1) >= 3) & (close.sum(axis=1) * 4 >= told[i].sum() * 3)
        if enough.any():
            more.add(i)
    return more


def _by_same_name(grid: Grid, body: _Body, found: set[int]) -> set[int]:
    """Return rows that bear the name of a row found before: what it stands for, it sums up."""
    if not found:
        return set()
    all_names = [_name(grid, row) for row in body.rows.tolist()]
    names = {all_names[i] for i in found if all_names[i]}
    more = {i for i, name in enumerate(all_names) if name in names and not _is_record(body, i)}
    return more if len(more) * 3 <= len(body.rows) else set()


def _name(grid: Grid, row: int) -> str:
    """Return the last text before the first number of the row."""
    texts = np.flatnonzero(grid.kinds[row] == Kind.TEXT)
    numbers = np.flatnonzero(grid.kinds[row] == Kind.NUMBER)
    before = texts[texts < numbers[0]] if len(numbers) else texts
    return words_of(grid.texts[row][before[-1]]) if len(before) else ""
