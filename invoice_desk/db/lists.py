"""Many numbers as one parameter: SQLite takes only so many parameters in one statement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select


def listed(numbers: Sequence[int]) -> Select[Any]:
    """Return numbers as a query."""
    each = func.json_each(json.dumps(list(numbers))).table_valued("value")
    return select(each.c.value)
