"""What a process has to settle before it imports anything slow."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType


class _NoPandas(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        """Refuse pandas; leave everything else to the other finders."""
        del path, target
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is kept out of this process", name="pandas")


def keep_pandas_out() -> None:
    """Have Arrow find no pandas in this process.

    Arrow imports pandas, where it is installed, at the first list that it turns into a column:
    half a second and 60 MB a process, for nothing.
    """
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _NoPandas())
