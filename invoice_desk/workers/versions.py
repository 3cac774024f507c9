"""What is installed on the machines of a cluster, held against this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import invoice_desk

#: What must be the same everywhere: chunks and rows are pickled, and rows must come out alike.
MUST_AGREE = ("python", "invoice-desk", "pyarrow", "dask", "distributed", "msgpack")
#: The most machines that a sentence names.
_MOST_NAMED = 3

Packages = Mapping[str, str | None]


def disagreements(mine: Packages, others: Mapping[str, Packages]) -> str | None:
    """Return a sentence on machines that have other versions than this one, None if none has.

    Args:
        mine: Package → version on this machine; Python counts by major and minor version.
        others: The same of scheduler and workers, by what they are called.
    """
    told = [f"{name} has {found}" for name, has in others.items() if (found := _other(mine, has))]
    if not told:
        return None
    more = f"; and {len(told) - _MOST_NAMED} more" if len(told) > _MOST_NAMED else ""
    return (
        f"The cluster does not run what this machine runs: {'; '.join(told[:_MOST_NAMED])}{more}."
    )


def _other(mine: Packages, has: Packages) -> str:
    parts = []
    for package in MUST_AGREE:
        here, there = _version(package, mine), _version(package, has)
        if there is None:
            parts.append(f"no {package}")
        elif here != there:
            parts.append(f"{package} {there} (here {here})")
    return ", ".join(parts)


def _version(package: str, packages: Packages) -> str | None:
    version = packages.get(package)
    if version is not None and package == "python":
        return ".".join(version.split(".")[:2])
    return version


def packages_of(answer: Mapping[str, Any]) -> tuple[Packages, dict[str, Packages]]:
    """Return what this machine has, and the others, from dask's answer of `get_versions`."""
    mine = dict(answer["client"]["packages"])
    mine["invoice-desk"] = mine.get("invoice-desk") or invoice_desk.__version__
    others: dict[str, Packages] = {"the scheduler": answer["scheduler"]["packages"]}
    for address, found in answer["workers"].items():
        others[f"worker {address}"] = found["packages"]
    return mine, others
