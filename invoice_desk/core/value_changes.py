"""In which fields rows of an input differ from the rows that they are written over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.text import mask_of


def changes_of(
    new: pa.Table, old: pa.Table, fields: Sequence[str], *, empty_clears: bool
) -> dict[str, np.ndarray]:
    """Return field → mask of the rows in which `new` changes what `old` holds.

    Args:
        new: Rows of the input, with the types of the fields.
        old: As many rows that they are written over, in the same order.
        fields: Those that the input has.
        empty_clears: Whether an empty value takes the place of one that is there.
    """
    found = {}
    for name in fields:
        ours = new[name].combine_chunks()
        theirs = old[name].combine_chunks().cast(ours.type)
        has, had = mask_of(ours.is_valid()), mask_of(theirs.is_valid())
        differs = has & ~(had & mask_of(pc.equal(ours, theirs)))
        found[name] = differs | (had & ~has) if empty_clears else differs
    return found
