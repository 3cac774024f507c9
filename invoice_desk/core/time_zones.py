"""Local times to UTC."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.text import by_distinct, mask_of

_OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"
#: Offsets change at quarters of an hour at the finest.
_QUARTER = 900


def own_offsets(texts: pa.Array) -> pa.Array:
    """Return the offset from UTC in seconds that each text names at its end, null for none."""
    has = pc.match_substring_regex(texts, r"[:\d]\d ?" + _OFFSET)
    if not pc.any(has).as_py():
        return pa.nulls(len(texts), pa.int64())
    return by_distinct(pc.if_else(has, texts, pa.scalar(None, pa.string())), _seconds, pa.int64())


def _seconds(text: str | None) -> int | None:
    match = re.search(_OFFSET, text) if text else None
    if match is None:
        return None
    if match[1] == "Z":
        return 0
    digits = match[1][1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if match[1][0] == "-" else seconds


def to_utc(local: pa.Array, *, zone: str, offsets: pa.Array) -> pa.Array:
    """Return ISO 8601 texts in UTC (`2024-02-20T07:00:00Z`) of local times.

    Args:
        local: ISO 8601 texts without an offset, or null; a date alone is its first second.
        zone: IANA name, for texts that name no offset.
        offsets: Seconds from UTC that a text named itself, as `own_offsets` gives them.
    """
    whole = pc.if_else(
        pc.equal(pc.utf8_length(local), 10),
        pc.binary_join_element_wise(local, pa.scalar("T00:00:00"), ""),
        local,
    )
    stamps = pc.strptime(whole, format="%Y-%m-%dT%H:%M:%S", unit="s", error_is_null=True)
    seconds = stamps.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    quarters, places = np.unique(seconds // _QUARTER, return_inverse=True)
    time_zone = ZoneInfo(zone)
    of_zone = np.array([_offset(int(q) * _QUARTER, time_zone) for q in quarters], np.int64)
    own = offsets.fill_null(0).to_numpy(zero_copy_only=False)
    shift = np.where(mask_of(offsets.is_valid()), own, of_zone[places])
    utc = pa.array(seconds - shift, mask=mask_of(stamps.is_null())).cast(pa.timestamp("s"))
    return pc.strftime(utc, format="%Y-%m-%dT%H:%M:%SZ")


def _offset(local_seconds: int, zone: ZoneInfo) -> int:
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=local_seconds)  # noqa: DTZ001
    offset = moment.replace(tzinfo=zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
