"""Which letters the bytes of a text stand for; each line may have an encoding of its own."""

from __future__ import annotations

import codecs
import re
from functools import cache

import numpy as np
import pyarrow as pa

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_UTF8_BOM = b"\xef\xbb\xbf"
#: Encodings of one byte a letter that Western office programs have written; the likeliest first.
_SINGLE_BYTE = ("cp1252", "mac_roman", "cp850")
#: In a Western text fewer letters than this are outside ASCII.
_WESTERN_SHARE = 0.3
_UTF8_LETTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_LINE = re.compile(rb"[^\r\n]+")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_SIGNS = frozenset("€£§°«»–—…‘’“”„•·²³½¼¾ºª®©™¿¡ŒœŠšŽžŸ×µ±\u00a0")


def find_encoding(sample: bytes) -> str:
    """Return the encoding of a text from its first bytes.

    By its mark, by the zeros of letters of two or four bytes, UTF-8 if it fits; else the one
    under which what is not ASCII looks most like letters within words.
    """
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    if (wide := _wide_encoding(sample[:4096])) is not None:
        return wide
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4:  # not just cut off in the middle of a letter
            fits = [is_utf8(line) for line in _lines_beyond_ascii(sample)]
            return "utf-8" if sum(fits) * 2 > len(fits) else _other_encoding(sample)
    return "utf-8"


def is_wide(encoding: str) -> bool:
    """Return whether each letter takes two bytes or four, so that a line feed is no byte."""
    return encoding.startswith(("utf-16", "utf-32"))


def to_utf8(content: bytes, encoding: str) -> tuple[bytes, bool]:
    """Return a text as UTF-8, and whether some lines were written in another encoding.

    A line that is valid UTF-8 is read as such, whatever the others are: in the other encodings
    it would hold pairs of letters that no word has.
    """
    if is_wide(encoding):
        return content.decode(encoding, "replace").encode("utf-8", "replace"), False
    content = content.removeprefix(_UTF8_BOM)
    expects_utf8 = encoding.startswith("utf-8")
    if content.isascii() or (expects_utf8 and is_utf8(content)):
        return content, False
    if not expects_utf8 and encoding not in {*_SINGLE_BYTE, "latin-1"}:
        return content.decode(encoding, "replace").encode(), False
    if not expects_utf8 and not _may_hold_utf8(content):
        return _as_utf8(content, encoding), False
    single = _other_encoding(content) if expects_utf8 else encoding
    return _by_lines(content, single, expects_utf8=expects_utf8)


def is_utf8(content: bytes) -> bool:
    """Return whether `content` is valid UTF-8."""
    try:
        if len(content) < 1 << 16 or len(content) >= 1 << 31:
            content.decode("utf-8")
        else:  # Arrow checks without making letters of it, several times as fast
            ends = np.array([0, len(content)], np.int32)
            buffers = [None, pa.py_buffer(ends), pa.py_buffer(content)]
            pa.Array.from_buffers(pa.string(), 1, buffers).validate(full=True)
    except (UnicodeDecodeError, pa.ArrowInvalid):
        return False
    return True


def _lines_beyond_ascii(content: bytes) -> list[bytes]:
    return [line for line in _LINE.findall(content) if not line.isascii()]


def _wide_encoding(sample: bytes) -> str | None:
    """Return the encoding of letters of two or four bytes, most of which hold zeros."""
    count = len(sample) // 4
    if count == 0:
        return None
    first, second, third, fourth = (
        sample[i : count * 4 : 4].count(0) > count * 0.6 for i in range(4)
    )
    return _BY_ZEROS.get((first, second, third, fourth))


#: Which of four bytes are mostly zero in a text that is mostly ASCII.
_BY_ZEROS = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}


def _other_encoding(content: bytes) -> str:
    """Return the likeliest encoding of a text that is not UTF-8 throughout."""
    lines = _lines_beyond_ascii(content[: 1 << 16])
    sample = b"\n".join(line for line in lines if not is_utf8(line))[: 1 << 12]
    beyond = sum(byte >= 0x80 and byte != 0xA0 for byte in sample)  # 0xA0 groups digits
    letters = sum(bytes([byte]).isalpha() for byte in sample) + beyond
    if beyond > 8 and beyond > letters * _WESTERN_SHARE and (found := _asked_chardet(sample)):
        return found
    return max(_SINGLE_BYTE, key=lambda encoding: _likeliness(sample, encoding))


def _asked_chardet(sample: bytes) -> str | None:
    """Return what chardet takes a text of another script for."""
    import chardet

    found = chardet.detect(sample[:8192])
    encoding = (found.get("encoding") or "").lower()
    if not encoding or (found.get("confidence") or 0) < 0.2 or is_wide(encoding):
        return None
    try:
        codecs.lookup(encoding)
        sample.rpartition(b"\n")[0].decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return None
    return encoding


def _likeliness(sample: bytes, encoding: str) -> float:
    """Return how many letters beyond ASCII stand where a word has such a letter, less the rest."""
    score = 0.0
    for match in _BEYOND_ASCII.finditer(sample):
        start, stop = match.span()
        before = sample[start - 1 : start].decode("ascii", "replace")
        after = sample[stop : stop + 1].decode("ascii", "replace")
        for letter in _decoded(match[0], encoding):
            score += _fitness(before, letter, after)
            before = letter
    return score


def _fitness(before: str, letter: str, after: str) -> float:
    if letter == "\u00a0" and (before.isdigit() or after.isdigit()):
        return 1.0  # it groups digits, or stands before a currency
    if letter.isalpha() and (before.isdigit() or after.isdigit()):
        return -1.0  # no word begins or ends in a digit
    inside = before.isalpha() and after.isalpha()
    if "À" <= letter <= "ÿ" and letter.isalpha():
        return 1.0 if letter.islower() or not before.islower() else -1.0
    if letter in _SIGNS:
        return -0.5 if inside and not letter.isalpha() and letter not in "’·" else 0.5
    return -1.0


def _by_lines(content: bytes, encoding: str, *, expects_utf8: bool) -> tuple[bytes, bool]:
    """Decode each line by what fits it; return also whether some line was not as expected."""
    kinds: set[bool] = set()

    def to_utf8_line(match: re.Match[bytes]) -> bytes:
        line = match[0]
        if line.isascii():
            return line
        fits = is_utf8(line)
        kinds.add(fits)
        return line if fits else _decoded(line, encoding).encode()

    made = _LINE.sub(to_utf8_line, content)
    return made, (not expects_utf8) in kinds


def _may_hold_utf8(content: bytes) -> bool:
    """Return whether some bytes are a letter beyond ASCII in UTF-8."""
    octets = np.frombuffer(content, np.uint8)
    pairs = (octets[:-1] >= 0xC2) & (octets[1:] >= 0x80) & (octets[1:] < 0xC0)
    return bool(pairs.any()) and _UTF8_LETTER.search(content) is not None


def _as_utf8(content: bytes, encoding: str) -> bytes:
    """Return bytes of one letter each as UTF-8."""
    if encoding not in {"cp1252", "latin-1"}:
        return _decoded(content, encoding).encode()
    # Both agree but for 32 bytes, and Python reads latin-1 twenty times as fast.
    made = content.decode("latin-1").encode()
    if encoding == "cp1252":
        for byte in range(0x80, 0xA0):
            if bytes([byte]) in content:
                made = made.replace(bytes([0xC2, byte]), _letters(encoding)[byte].encode())
    return made


def _decoded(content: bytes, encoding: str) -> str:
    """Decode bytes of one letter each; a byte that the encoding lacks is read as latin-1 says."""
    if encoding not in {*_SINGLE_BYTE, "latin-1"}:
        return content.decode(encoding, "replace")
    return codecs.charmap_decode(content, "strict", _letters(encoding))[0]


@cache
def _letters(encoding: str) -> str:
    table = []
    for byte in range(256):
        try:
            table.append(bytes([byte]).decode(encoding))
        except UnicodeDecodeError:
            table.append(chr(byte))
    return "".join(table)
