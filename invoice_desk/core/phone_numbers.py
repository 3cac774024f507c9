"""Telephone numbers to E.164 (ITU-T), with short codes and withheld numbers as they stand."""

from __future__ import annotations

import re

#: Texts that stand for "no number", as switches write them.
_WITHHELD = frozenset({"anonymous", "withheld", "private", "unknown", "restricted", "masque"})
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})")


def e164(text: str, *, region: str) -> str | None:
    """Return `text` as `+213550123456`; None when it is no number at all.

    `00` is read as `+`; a number without a country belongs to `region` (ISO 3166), and has to
    have a length that numbers have there: plans gain ranges faster than any list of them.  Where
    a spreadsheet took the `+` or the leading 0 away, it is put back only if exactly that makes a
    number of a range in use.  Short codes and words for a withheld number stay as they are.
    Scientific notation is read where it kept all digits.
    """
    import phonenumbers

    bare = text.strip().strip("'")
    digits = re.sub(r"[\s().\-/]", "", bare)
    if bare.lower() in _WITHHELD or re.fullmatch(r"[*#]?\d{2,6}#?", digits):
        return bare if bare.lower() in _WITHHELD else digits
    if match := _SCIENTIFIC.fullmatch(bare):
        kept = match[2] or ""
        digits = match[1] + kept if len(kept) == int(match[3]) else ""
    if not re.fullmatch(r"\+?\d{7,15}", digits):
        return None
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    whole = digits.startswith(("0", "+"))
    candidates = [digits] if whole else [digits, "+" + digits, "0" + digits]
    for candidate in candidates:
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        fits = phonenumbers.is_possible_number if whole else phonenumbers.is_valid_number
        if fits(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None
