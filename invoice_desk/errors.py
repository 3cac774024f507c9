"""Everything Invoice Desk raises on purpose.

The tree, from general to particular::

    InvoiceDeskError
    ├── UserError               the user can fix it: show `str(error)` and `error.advice`
    │   ├── ArgumentError       the command line, or a dialog, asks for something impossible
    │   ├── CancelledError      the user stopped it
    │   ├── JobStateError       the job is in a state in which that cannot be done
    │   ├── SourceError         something is wrong with one source file
    │   │   ├── MissingSourceError
    │   │   ├── UnreadableSourceError   no right to read
    │   │   ├── EmptySourceError
    │   │   ├── UnsupportedKindError
    │   │   ├── OwnFileError            of the desk that is open
    │   │   ├── EncryptedSourceError
    │   │   │   └── LockedSourceError   in a way that cannot be opened here at all
    │   │   ├── CorruptSourceError
    │   │   ├── UnsafeSourceError       a bomb: far larger inside than outside
    │   │   └── IncompleteReadingError  pages or words went missing on the way
    │   ├── EngineError         what recognises text cannot be used here
    │   ├── PasswordStoreError  the system has no keyring, or it is locked
    │   ├── PluginError         a package that somebody added does not work
    │   ├── TemplateError       a template or document type does not fit, or is not valid
    │   ├── ClusterError        the machines that were named cannot be used
    │   │   ├── ClusterVersionError     they run other versions
    │   │   └── ClusterPackageError     what speaks with them is not installed here
    │   ├── VisionError         Florence-2 cannot be used
    │   │   ├── VisionPackageError      what runs it is not installed here
    │   │   ├── VisionModelError        its weights are not there, or are others
    │   │   ├── ModelDownloadError      they could not be fetched
    │   │   └── UnfinishedReadingError  it did not come to the end of a page
    │   └── StorageError        disk full, database locked, read-only folder
    │       ├── OtherFileError          what was named as the desk is none
    │       ├── MissingDeskError
    │       └── NewerDatabaseError
    └── BugError                our fault: log the traceback, offer to copy it

`UserError` is always caused by the world; anything else that reaches the top is a bug.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What `invoice-desk` returns to the shell."""

    OK = 0
    BAD_ARGUMENTS = 1
    BAD_SOURCE = 2
    BAD_TEMPLATE = 3
    STORAGE = 4
    PARTIAL = 5
    BUG = 70
    CANCELLED = 130


class InvoiceDeskError(Exception):
    """Base of every error that Invoice Desk raises on purpose."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG
    code: ClassVar[str] = "bug"
    advice: ClassVar[str] = "This is our mistake. Please send us the report."


class UserError(InvoiceDeskError):
    """The user can do something about it; the message says what."""

    exit_code = ExitCode.BAD_ARGUMENTS
    code = "user"
    advice = ""


class ArgumentError(UserError):
    """What was asked for does not exist."""

    code = "argument"
    advice = "Check the spelling, or list what there is."


class UnreadyError(ArgumentError):
    """Something is to be done first, or to be said more exactly; the message says what."""

    advice = ""


class DisplayError(UserError):
    """There is no display that a window could be shown on."""

    code = "display"
    advice = "Log in with a desktop, or use the commands: invoice-desk --help lists them."


class PluginError(UserError):
    """A package that somebody added to the program does not work."""

    code = "plugin"
    advice = "It is no part of Invoice Desk; ask whoever made it, or remove the package."


class PasswordStoreError(UserError):
    """The keyring of the system does not keep or give passwords."""

    code = "passwords"
    advice = (
        "Unlock it, or write the passwords into a file that only you can read, one a line, and "
        "name it in INVOICE_DESK_PASSWORDS_FILE or with --password-file."
    )


class CancelledError(UserError):
    """The user stopped it."""

    exit_code = ExitCode.CANCELLED
    code = "cancelled"
    advice = "What was stored before stays; start it again to do the rest."


class JobStateError(UserError):
    """The job is in a state in which that cannot be done, or another process runs it."""

    code = "job_state"
    advice = "List the jobs to see where it is now."


class SourceError(UserError):
    """One source file cannot be read."""

    exit_code = ExitCode.BAD_SOURCE
    code = "source"
    advice = "Check the file in the program that made it."


class MissingSourceError(SourceError):
    """Nothing is at that path."""

    code = "missing"
    advice = "Check the spelling and whether the drive is connected."


class UnreadableSourceError(SourceError):
    """The system does not let us read the file."""

    code = "no_permission"
    advice = "Give your user the right to read it, or copy it to a folder of your own."


class EmptySourceError(SourceError):
    """There is nothing in the file."""

    code = "empty"
    advice = "Export or scan it again."


class UnsupportedKindError(SourceError):
    """No reader accepts this kind of file."""

    code = "unsupported"
    advice = "Save it as CSV, XLSX, PDF or an image, and import that."


class OwnFileError(SourceError):
    """The file is one that the open desk is made of."""

    code = "own_file"
    advice = "Import the invoices themselves; what the desk holds is in it already."


class EncryptedSourceError(SourceError):
    """The file is password-protected."""

    code = "encrypted"
    advice = (
        "Give its password with “invoice-desk passwords add NAME”, or in the window under "
        "Settings, Passwords, and import it again; or save it once without a password."
    )


class LockedSourceError(EncryptedSourceError):
    """The file is protected in a way that no password opens here."""

    advice = "Open it once with its password, save it without, and import it again."


class CorruptSourceError(SourceError):
    """The file claims a kind that its bytes do not keep."""

    code = "corrupt"
    advice = (
        "Open it in the program that made it and save it anew, or ask the sender for another copy."
    )


class UnsafeSourceError(SourceError):
    """Unpacked, the file would be far larger than is plausible."""

    code = "unsafe"
    advice = "Unpack it yourself if you trust it, and import the files that you need."


class IncompleteReadingError(SourceError):
    """Not all pages that went in came out; the document is not done."""

    code = "incomplete"
    advice = "Import it again; if that does not help, send us the report."


class EngineError(UserError):
    """What recognises text is not installed, or does not work."""

    code = "engine"
    advice = "Choose another engine, or let the program choose."


class TemplateError(UserError):
    """A template or a document type does not fit this source, or is not valid."""

    exit_code = ExitCode.BAD_TEMPLATE
    code = "template"
    advice = "Open the mapping of the table and choose its columns."


class ClusterError(UserError):
    """A cluster was named, and cannot be used."""

    code = "cluster"
    advice = (
        "Check the address, and that scheduler and workers run; or leave --cluster out "
        "to work on this machine."
    )


class ClusterVersionError(ClusterError):
    """Machines of a cluster run other versions than this one."""

    code = "cluster_versions"
    advice = "Install the same versions everywhere, then start scheduler and workers anew."


class ClusterPackageError(ClusterError):
    """The package that speaks with clusters is not installed on this machine."""

    code = "cluster_package"
    advice = "Install it with: pip install invoice-desk[cluster]"


class VisionError(UserError):
    """Florence-2 cannot be used on this machine as it is."""

    code = "vision"
    advice = "Run invoice-desk doctor: it says what is missing and how to get it."


class VisionPackageError(VisionError):
    """The packages that run Florence-2 are not installed."""

    code = "vision_package"
    advice = "Install them with: pip install 'invoice-desk[vision]'"


class VisionModelError(VisionError):
    """The weights of Florence-2 are not there, not whole, or those of something else."""

    code = "vision_model"
    advice = (
        "Fetch the weights once with: invoice-desk models fetch. Or copy the folder from a machine "
        "that has them, and name it in OPTIMIZE_VISION_MODEL."
    )


class ModelDownloadError(VisionError):
    """The weights could not be fetched."""

    code = "model_download"
    advice = (
        "Check the connection and try again; what came so far is kept. Without one, fetch them on "
        "another machine and copy the folder (docs/vision.md)."
    )


class UnfinishedReadingError(VisionError):
    """Florence-2 wrote and wrote, and did not come to the end of a page."""

    code = "unfinished_reading"
    advice = "Recognise this page with another engine."


class StorageError(UserError):
    """The database cannot be read or written."""

    exit_code = ExitCode.STORAGE
    code = "storage"
    advice = "Check free space and write permission of the folder that holds the desk."


class OtherFileError(StorageError):
    """The file that was named as the desk is something else."""

    advice = "Name the file of a desk, or one that is not there yet, to make a new desk."


class MissingDeskError(StorageError):
    """There is no desk where one was looked for."""

    code = "no_desk"
    advice = "Name another one with --desk, or make it there: invoice-desk import FILE."


class NewerDatabaseError(StorageError):
    """The database was written by a newer Invoice Desk."""

    code = "newer_desk"
    advice = "Install the newest Invoice Desk, or open another desk."


class BugError(InvoiceDeskError):
    """Invoice Desk itself is wrong."""
