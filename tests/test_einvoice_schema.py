from __future__ import annotations

import subprocess
import sys

import pytest
from einvoices import CII, UBL

from invoice_desk.core.findings import FindingCode, Severity
from invoice_desk.documents.einvoice_reading import reading_of
from invoice_desk.documents.einvoice_schema import schema_errors
from invoice_desk.documents.embedded import read_invoice

SPACES = {
    "urn:a": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "urn:b": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "urn:c": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}


def with_real_spaces(xml: str) -> bytes:
    for short, real in SPACES.items():
        xml = xml.replace(f'"{short}"', f'"{real}"')
    return xml.encode()


def test_an_element_where_none_may_stand_is_told_in_words() -> None:
    strange = with_real_spaces(CII).replace(b"<a:TypeCode>380", b"<a:Colour/><a:TypeCode>380", 1)

    told = schema_errors(strange, profile="urn:cen.eu:en16931:2017")

    assert told
    assert any("Colour must not stand there" in each for each in told)
    assert not any("{" in each for each in told)
    assert len(told) <= 3


@pytest.mark.parametrize(
    ("data", "profile"),
    [
        (CII.encode(), "urn:cen.eu:en16931:2017"),  # its namespaces are made up
        (with_real_spaces(CII), "urn:a-profile-of-our-own"),
        (b"<torn", "urn:cen.eu:en16931:2017"),
        (b"", ""),
    ],
)
def test_where_no_schema_is_known_nothing_is_said(data: bytes, profile: str) -> None:
    assert schema_errors(data, profile=profile) == ()


def test_what_the_schema_says_is_a_finding_and_stops_nothing() -> None:
    strange = with_real_spaces(CII).replace(b"<a:TypeCode>380", b"<a:Colour/><a:TypeCode>380", 1)

    reading = reading_of(read_invoice(strange, name="a.xml"))

    found = [f for f in reading.findings if f.code == FindingCode.EINVOICE_SCHEMA]
    assert [f.severity for f in found] == [Severity.INFO]
    assert reading.fields["invoice_number"].value == "R-77"
    assert reading.lines


def test_an_invoice_in_ubl_is_held_to_its_schema_whatever_its_profile() -> None:
    (told,) = read_invoice(UBL.encode(), name="a.xml").schema_errors

    assert told.startswith("line 3: CustomizationID must not stand there; expected is ")


def test_a_worker_starts_without_the_library_of_schemas() -> None:
    code = (
        "import sys, invoice_desk.workers.reading;"
        "sys.exit(any(name in sys.modules for name in ('lxml', 'facturx', 'requests')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
