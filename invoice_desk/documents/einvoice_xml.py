"""XML of strangers: parsed without a document type, entities or network; found by local names.

The standard library's expat does the work.  A declared document type ends the reading at once,
so that no entity can grow and no address is ever asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from invoice_desk.errors import CorruptSourceError, EmptySourceError, UnsafeSourceError

#: An invoice may hold its attachments in base64; more than this is no invoice.
MAX_BYTES = 64 << 20
MAX_DEPTH = 200
#: What parts namespace and name in expat's tags; it stands in no address.
_SEPARATOR = "}"
#: How the bytes are read when the declared encoding is unknown or wrong; the last takes all.
_OTHER_ENCODINGS = ("utf-8", "cp1252", "latin-1")
_ABOUT_ENCODING = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_UNKNOWN_ENCODING,
        expat.errors.XML_ERROR_INCORRECT_ENCODING,
        expat.errors.XML_ERROR_INVALID_TOKEN,
        expat.errors.XML_ERROR_XML_DECL,
    )
)
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*\?>")


@dataclass(frozen=True, slots=True)
class ParsedXml:
    """A tree whose tags are local names.

    Attributes:
        namespace: That of the root.
        mended: The encoding used in place of the declared one, which could not be right.
    """

    root: Element
    namespace: str
    mended: str | None = None


class _Builder:
    """Builds the tree and refuses what no invoice has."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tree = TreeBuilder()
        self._depth = 0
        self.namespace: str | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, local = tag.rpartition(_SEPARATOR)
        if self.namespace is None:
            self.namespace = space
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnsafeSourceError(f"The XML of {self._name} is nested too deeply.")
        named = {key.rpartition(_SEPARATOR)[2]: value for key, value in attributes.items()}
        self._tree.start(local, named)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._tree.end(tag.rpartition(_SEPARATOR)[2])

    def text(self, text: str) -> None:
        self._tree.data(text)

    def refuse(self, *_: object) -> None:
        raise UnsafeSourceError(
            f"The XML of {self._name} declares a document type; invoices have none, and what it "
            "declares could fill the memory or read other files."
        )

    def close(self) -> Element:
        return self._tree.close()


def parse_xml(data: bytes, *, name: str) -> ParsedXml:
    """Return the tree of `data`.

    Args:
        data: The bytes, in any encoding that they declare.
        name: What to call the file when it cannot be read.

    Raises:
        EmptySourceError: If there is nothing in it.
        UnsafeSourceError: If it declares a document type, or is far too large or deep.
        CorruptSourceError: If it is not well-formed.
    """
    if not data.strip():
        raise EmptySourceError(f"The XML of {name} is empty.")
    if len(data) > MAX_BYTES:
        raise UnsafeSourceError(f"The XML of {name} is larger than any invoice.")
    try:
        return _parsed(data, name)
    except (expat.ExpatError, LookupError, ValueError) as error:
        again = _with_another_encoding(data, name) if _is_about_encoding(error) else None
        if again is not None:
            return again
        told = _told(error)
        raise CorruptSourceError(f"The XML of {name} is not well-formed: {told}.") from error


def find_all(element: Element, path: str) -> Iterator[Element]:
    """Yield the elements at `path` in the order of the document.

    Steps are parted by `/`; `A|B` is either, `A[scheme=VA]` has that attribute.
    """
    step, _, rest = path.partition("/")
    names, _, condition = step.partition("[")
    wanted = set(names.split("|"))
    key, _, value = condition.rstrip("]").partition("=")
    for child in element:
        if child.tag in wanted and (not key or child.get(key) == value):
            if rest:
                yield from find_all(child, rest)
            else:
                yield child


def find(element: Element, path: str) -> Element | None:
    """Return the first element at `path`."""
    return next(find_all(element, path), None)


def text_at(element: Element, path: str) -> str:
    """Return the first text at `path` that is not blank, its blanks and line ends made one."""
    return next((text for text in texts_at(element, path)), "")


def texts_at(element: Element, path: str) -> list[str]:
    """Return all texts at `path` that are not blank."""
    found = (" ".join((each.text or "").split()) for each in find_all(element, path))
    return [text for text in found if text]


def texts_of(element: Element, paths: Mapping[str, str]) -> dict[str, str]:
    """Return name → first text, for those of `paths` that are there."""
    found = {name: text_at(element, path) for name, path in paths.items()}
    return {name: text for name, text in found.items() if text}


def _parsed(data: bytes, name: str, encoding: str | None = None) -> ParsedXml:
    builder = _Builder(name)
    parser = expat.ParserCreate(encoding, _SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.refuse
    parser.EntityDeclHandler = builder.refuse
    parser.SkippedEntityHandler = builder.refuse
    parser.Parse(data, True)  # noqa: FBT003 - expat's own signature: this was the last part
    return ParsedXml(builder.close(), builder.namespace or "")


def _is_about_encoding(error: Exception) -> bool:
    return not isinstance(error, expat.ExpatError) or error.code in _ABOUT_ENCODING


def _with_another_encoding(data: bytes, name: str) -> ParsedXml | None:
    """Return the tree read in another encoding than declared, None where none helps."""
    data = _DECLARATION.sub(b"", data, count=1)
    for encoding in _OTHER_ENCODINGS:
        try:
            plain = data.decode(encoding).encode("utf-8")
            found = _parsed(plain, name, "utf-8")
        except (expat.ExpatError, ValueError):
            continue
        return ParsedXml(found.root, found.namespace, encoding)
    return None


def _told(error: Exception) -> str:
    if isinstance(error, expat.ExpatError):
        return f"{expat.ErrorString(error.code)}, line {error.lineno}, column {error.offset}"
    return str(error)
