"""The words by which a row says that it sums up others, in English, French and German."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.cell_kinds import Kind, kind_of, words_of
from invoice_desk.core.text import mask_of

_SUM = (
    r"(?:sub ?|sous ?|grand |overall |net |gross |zwischen ?|gesamt ?|end ?)?"
    r"(?:totals?|totaux|totales?|totaal|summen?|sum|somme|saldo|solde|insgesamt|gesamt"
    r"|montant total|celkem|jumlah|suma|soma|somma|razem|ogołem|итого|всего|合計|総計|小計|計)"
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
_BALANCE = re.compile(
    r"(?!.*\b(?:opening|initial|brought|anterieur|report)\b)"
    r".*\b(?:balance|net|difference|surplus|deficit|solde|saldo|reste|percent|percentage|change"
    r"|pourcentage|prozent|anteil|share|ratio|evolution|veranderung)\b.*"
)
_TAX = re.compile(r"(?:dont |plus |zzgl )?(?:tva|vat|tax|taxes?|mwst|ust|timbre)(?: \d+)*")
#: Every label that one of the above fits has one of these in it, whatever its accents.
_HINT = (
    r"(?i)tot[ai]|sum|som|sald|sold|gesamt|av(?:erage|g)|mean|moyenn|m[eé]dian|mittel|schnitt"
    r"|std|[eé]cart|all|both|to[ui]|ensemble|overall|whole|combined"
    r"|celkem|jumlah|razem|ogo[lł]em|итого|всего|計"
)


def strength_of(text: str) -> int:
    """Return how surely a text names a sum: 3 by itself, 2 with its object, 1 perhaps, 0 not."""
    label = words_of(text)
    if _STRONG.fullmatch(label):
        return 3
    if _MEDIUM.fullmatch(label):
        return 2
    return 1 if _WEAK.fullmatch(label) else 0


def may_name_sums(texts: Sequence[str]) -> np.ndarray:
    """Return which texts may name a sum, all at once; the others need no closer look."""
    return mask_of(pc.match_substring_regex(pa.array(texts, pa.string()), _HINT))


def names_balance(text: str) -> bool:
    """Return whether a text names what is left between sums, or their share or change."""
    return bool(_BALANCE.fullmatch(words_of(text)))


def names_tax(text: str) -> bool:
    """Return whether a text names a tax and nothing else."""
    return bool(_TAX.fullmatch(words_of(text)))


def says_total(row: Sequence[str]) -> bool:
    """Return whether the first text of a row says, by itself, that the row sums up others."""
    return strength_of(next((cell for cell in row if cell.strip()), "")) == 3


#: The first text of a row, stored as JSON, has a word that sums up; letters may stand before it.
_MAY_SUM = (
    r'(?i)^\[(?:"\s*",)*"[^"]{0,80}(?:total|totaux|summe|gesamt|somme|solde|saldo|\bsum\b'
    r"|average|moyenne|median|mittelwert|durchschnitt|\bmean\b|summary)"
)


def find_totals(numbers: pa.Array, cells: pa.Array) -> tuple[int, ...]:
    """Return the numbers of the rows of a long table that say that they sum up others.

    Where many rows have such a word it is part of what the rows are about, and of them only
    those are looked at that leave more cells empty than rows do as a rule.

    Args:
        numbers: The number of each row.
        cells: The rows as JSON arrays of text.
    """
    hits = np.flatnonzero(mask_of(pc.match_substring_regex(cells, _MAY_SUM)))
    if len(hits) == 0:
        return ()
    near = [json.loads(row) for row in cells[:: max(1, len(cells) // 50)].to_pylist()]
    typical = float(np.median([_filled(row) for row in near]))
    last = len(cells) - 3
    if len(hits) > 50:
        empty = pc.count_substring(cells.take(pa.array(hits)), '""').to_numpy()
        usual = float(np.median([row.count("") for row in near]))
        hits = hits[(empty > usual) | (hits >= last)]
    texts = cells.take(pa.array(hits)).to_pylist()
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
    strength = strength_of(next(cell for cell in row if cell.strip()))
    filled = _filled(row)
    if strength == 3:
        dated = any(kind_of(cell.strip()) is Kind.DATE for cell in row)
        return filled < typical or typical <= 2 or (at_end and not dated)
    return strength == 2 and filled <= 0.7 * typical


def has_number(cells: Sequence[str]) -> bool:
    """Return whether one of the cells holds a number or a date."""
    return any(kind_of(cell.strip()) in {Kind.NUMBER, Kind.DATE} for cell in cells)
