"""Telephone numbers to E.164 (ITU-T), with short codes and withheld numbers as they stand."""

from __future__ import annotations

import re

#: Texts that stand for "no number", as switches write them.
_WITHHELD = frozenset({"anonymous", "withheld", "private", "unknown", "restricted", "masque"})
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,2}")


def e164(text: str, *, region: str) -> str | None:
    """Return `text` as `+213550123456`; None when it is no number at all.

    `00` is read as `+`; a number without a country belongs to `region` (ISO 3166).  Where a
    spreadsheet took the `+` or the leading 0 away, it is put back only if exactly that makes a
    valid number.  Short codes and words for a withheld number stay as they are.  A number in
    scientific notation has lost digits and cannot be read.
    """
    import phonenumbers

    bare = text.strip().strip("'")
    digits = re.sub(r"[\s().\-/]", "", bare)
    if bare.lower() in _WITHHELD or re.fullmatch(r"[*#]?\d{2,6}#?", digits):
        return bare if bare.lower() in _WITHHELD else digits
    if _SCIENTIFIC.fullmatch(bare) or not re.fullmatch(r"\+?\d{7,15}", digits):
        return None
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    national = digits if digits.startswith(("0", "+")) else "0" + digits
    for candidate in dict.fromkeys((digits, "+" + digits.lstrip("+"), national)):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None
