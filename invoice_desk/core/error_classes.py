"""What kind of thing went wrong with a file, and how bad that is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from invoice_desk.core.findings import Severity


class ErrorClass(StrEnum):
    """What kind of thing went wrong."""

    FILE_FORMAT = "file_format"
    PARSING = "parsing"
    VALIDATION = "validation"
    DATABASE = "database"
    SYSTEM = "system"
    DUPLICATE = "duplicate"
    MISSING_FIELD = "missing_field"


@dataclass(frozen=True, slots=True)
class ErrorTraits:
    """What is known of errors with one code.

    Attributes:
        kind: Of thing that went wrong.
        severity: How bad it is.
    """

    kind: ErrorClass
    severity: Severity


_TRAITS = {
    "missing": ErrorTraits(ErrorClass.SYSTEM, Severity.ERROR),
    "no_permission": ErrorTraits(ErrorClass.SYSTEM, Severity.ERROR),
    "io": ErrorTraits(ErrorClass.SYSTEM, Severity.ERROR),
    "memory": ErrorTraits(ErrorClass.SYSTEM, Severity.CRITICAL),
    "worker_died": ErrorTraits(ErrorClass.SYSTEM, Severity.CRITICAL),
    "too_slow": ErrorTraits(ErrorClass.SYSTEM, Severity.CRITICAL),
    "storage": ErrorTraits(ErrorClass.DATABASE, Severity.CRITICAL),
    "empty": ErrorTraits(ErrorClass.FILE_FORMAT, Severity.WARNING),
    "unsupported": ErrorTraits(ErrorClass.FILE_FORMAT, Severity.ERROR),
    "own_file": ErrorTraits(ErrorClass.FILE_FORMAT, Severity.ERROR),
    "encrypted": ErrorTraits(ErrorClass.FILE_FORMAT, Severity.ERROR),
    "corrupt": ErrorTraits(ErrorClass.FILE_FORMAT, Severity.ERROR),
    "unsafe": ErrorTraits(ErrorClass.FILE_FORMAT, Severity.CRITICAL),
    "source": ErrorTraits(ErrorClass.PARSING, Severity.ERROR),
    "duplicate": ErrorTraits(ErrorClass.DUPLICATE, Severity.INFO),
    "validation": ErrorTraits(ErrorClass.VALIDATION, Severity.ERROR),
    "missing_field": ErrorTraits(ErrorClass.MISSING_FIELD, Severity.ERROR),
    "template": ErrorTraits(ErrorClass.MISSING_FIELD, Severity.ERROR),
    "bug": ErrorTraits(ErrorClass.PARSING, Severity.CRITICAL),
}


def error_traits(code: str) -> ErrorTraits:
    """Return what is known of errors with this code; of an unknown one, that it is ours."""
    return _TRAITS.get(code, _TRAITS["bug"])
