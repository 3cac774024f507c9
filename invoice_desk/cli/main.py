"""The commands, their options, and exit codes."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import invoice_desk
from invoice_desk.errors import ArgumentError, BugError, ExitCode, InvoiceDeskError, UserError
from invoice_desk.settings import hand_on

#: Command → what it does; anything else on the command line is a path for the window.
COMMANDS = {
    "import": "keep files and folders, and save what is in them raw",
    "clean": "clean what is imported, everything if nothing is named",
    "inspect": "say what files are and what is in them, without a desk",
    "recognise": "read one page of a source again with an engine that is named",
    "convert": "write the tables of files as read, as CSV, without a desk",
    "parse": "try how amounts or dates are understood, one text a line",
    "sources": "list what the desk keeps",
    "rows": "list rows of a table, raw and cleaned",
    "passes": "list the cleaning passes, with counts and sums",
    "compare": "say what two passes of a table disagree on",
    "search": "find pages by the words on them",
    "likeness": "list invoices that look like one and the same, or decide about them",
    "supplier": "show what is remembered of a supplier",
    "scan": "look for anomalies over whole types, and between them",
    "settle": "say how the dates or amounts of a column are written",
    "types": "list document types, show one, copy one, or switch a rule",
    "aggregate": "count, sum and average what is cleaned, or list such reports",
    "objectives": "list what is to be reached, or import it from a file",
    "kpis": "print evolution, achievement and collection rate by organisation",
    "jobs": "list jobs, show one, change some, or run what waits",
    "templates": "list mappings that were confirmed",
    "export": "write cleaned rows as CSV, XLSX, JSON or Parquet",
    "write": "insert, update, upsert or delete rows of a clean table by those of a file",
    "results": "list what was successful, failed or not processed in a job",
    "passwords": "keep passwords of documents in the keyring of the system",
    "split": "list files that seem to hold several documents, split one, or leave it whole",
    "samples": "write made-up files of every type",
    "models": "say which models are on this machine, or fetch one, once",
    "doctor": "say what works on this machine and what to do if not",
}

#: Where the functions of the commands are; only what is looked into is imported.
_MODULES = (
    "commands",
    "job_commands",
    "rule_commands",
    "report_commands",
    "write_commands",
    "model_commands",
    "search_commands",
    "document_commands",
    "page_commands",
)


_WITHOUT_DESK = {"inspect", "convert", "parse", "samples", "passwords", "models"}
_MODES = ("auto", "standard", "optimized")


class _Parser(argparse.ArgumentParser):
    """Ends with our exit code for wrong arguments."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(ExitCode.BAD_ARGUMENTS, f"{self.prog}: {message}\n")


#: Paths to import, the desk, a file for the self-test → exit code.
OpenWindow = Callable[[list[Path], Path | None, Path | None], int]


def run(arguments: Sequence[str], *, open_window: OpenWindow) -> int:
    """Run one command line; return its exit code."""
    logging.basicConfig(level=os.environ.get("INVOICE_DESK_LOG", "CRITICAL"), stream=sys.stderr)
    hand_on()
    desk, rest = _desk_before(arguments)
    if not rest or not (rest[0] in COMMANDS or rest[0].startswith("-")):
        return _guarded(lambda: open_window(_paths(rest), desk, None))
    options = parser().parse_args(arguments)
    if options.command is None:
        return _guarded(lambda: open_window([], options.desk, options.self_test))
    name = f"{options.command}_command"
    places = (import_module(f"invoice_desk.cli.{module}") for module in _MODULES)
    place = next(place for place in places if hasattr(place, name))
    return _guarded(lambda: getattr(place, name)(options))


def _desk_before(arguments: Sequence[str]) -> tuple[Path | None, Sequence[str]]:
    """Return the desk that is named before everything else, and what follows it."""
    if len(arguments) > 1 and arguments[0] == "--desk":
        return Path(arguments[1]), arguments[2:]
    return None, arguments


def _paths(named: Sequence[str]) -> list[Path]:
    """Return what is to be imported.

    Raises:
        ArgumentError: If nothing of it is there, or options follow: then a command was meant.
    """
    paths = [Path(name) for name in named]
    has_options = any(name.startswith("--") for name in named)
    if paths and not any(path.exists() for path in paths[: 1 if has_options else None]):
        near = get_close_matches(named[0], COMMANDS, 1)
        told = f" Did you mean “{near[0]}”?" if near else ""
        raise ArgumentError(f"There is no command, file or folder “{named[0]}”.{told}")
    return paths


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    made = _Parser(
        prog="invoice-desk",
        description="Keeps, reads, cleans and exports mixed invoices. "
        "Without a command it opens the window; paths are imported.",
    )
    made.add_argument("--version", action="version", version=invoice_desk.__version__)
    made.add_argument("--self-test", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    made.add_argument("--desk", type=Path, metavar="FILE", help="the desk to open")
    commands = made.add_subparsers(dest="command", metavar="COMMAND")
    add = {name: commands.add_parser(name, help=text) for name, text in COMMANDS.items()}
    for name in sorted(set(COMMANDS) - _WITHOUT_DESK):
        # Suppressed, so that what was said before the command is not undone.
        add[name].add_argument(
            "--desk",
            type=Path,
            metavar="FILE",
            help="the desk to work on",
            default=argparse.SUPPRESS,
        )
    for name, one in add.items():
        if name not in {"parse", "samples", "settle"}:
            one.add_argument("--json", action="store_true", help="print one JSON document")
    for name in ("import", "clean"):
        add[name].add_argument("--workers", type=_workers, metavar="N", help="worker processes")
        add[name].add_argument("--cluster", type=_address, metavar="URL", help="tcp://HOST:PORT")
        add[name].add_argument("--mode", choices=_MODES, default="auto", help="how to work")
    for name in ("clean", "export"):
        add[name].add_argument("--source", type=int, nargs="+", metavar="ID", help="only these")
        add[name].add_argument("--type", metavar="NAME", help="only this document type")
    for name in ("import", "inspect", "convert"):
        add[name].add_argument("paths", type=Path, nargs="+", metavar="PATH")
        told = "passwords of documents, one a line, besides those that are kept"
        add[name].add_argument("--password-file", type=Path, metavar="FILE", help=told)
    _add_listing_options(add)
    _add_job_options(add)
    _add_rule_options(add)
    _add_report_options(add)
    _add_file_options(add)
    _add_write_options(add)
    _add_model_options(add["models"])
    _add_document_options(add)
    _add_search_options(add)
    return made


def _add_listing_options(add: Mapping[str, argparse.ArgumentParser]) -> None:
    statuses = ("raw", "cleaning", "cleaned", "filtered_out")
    for name in ("sources", "rows"):
        add[name].add_argument("--cleaning-status", choices=statuses, help="only what stands so")
        add[name].add_argument(
            "--include-raw",
            action=argparse.BooleanOptionalAction,
            default=True,
            help="also what is not cleaned",
        )
    add["rows"].add_argument("table", type=int, metavar="TABLE")
    add["rows"].add_argument("--limit", type=_positive, default=100, metavar="N")
    add["rows"].add_argument("--text", default="", help="only rows that hold this")
    add["passes"].add_argument("table", type=int, nargs="?", metavar="TABLE")
    add["compare"].add_argument("before", type=int, metavar="PASS")
    add["compare"].add_argument("after", type=int, metavar="PASS")
    add["compare"].add_argument("--limit", type=_positive, default=100, metavar="N")
    add["scan"].add_argument("types", nargs="*", metavar="TYPE")


def _add_job_options(add: Mapping[str, argparse.ArgumentParser]) -> None:
    one = add["jobs"]
    many: dict[str, Any] = {"type": int, "nargs": "+", "default": [], "metavar": "ID"}
    pairs: dict[str, Any] = {"nargs": 2, "action": "append", "default": []}
    standings = ("running", "waiting", "complete", "failed", "aborted", "left_over")
    one.add_argument("job", type=int, nargs="?", metavar="ID", help="show its steps and files")
    one.add_argument("--state", choices=standings, help="list only those that stand so")
    one.add_argument("--kind", metavar="K", help="list only import, clean, …")
    one.add_argument("--text", default="", help="list only those with this in their title")
    one.add_argument("--limit", type=_positive, default=1000, metavar="N", help="newest first")
    one.add_argument("--cancel", **many, help="stop; what is stored stays")
    one.add_argument("--pause", **many, help="begin nothing new until it is resumed")
    one.add_argument("--resume", **many, help="go on")
    one.add_argument("--retry", **many, help="do again what failed or was not processed")
    one.add_argument("--delete", **many, help="remove from the list; what it stored stays")
    one.add_argument("--priority", **pairs, metavar=("ID", "N"), help="higher runs first")
    one.add_argument("--schedule", **pairs, metavar=("ID", "TIME"), help="18:30, a date, or now")
    one.add_argument("--after", **pairs, metavar=("ID", "OTHER"), help="a job to wait for, or none")
    one.add_argument("--workers", type=_workers, metavar="N", help="with --retry: processes")
    one.add_argument("--mode", choices=_MODES, help="with --retry: how to work")
    one.add_argument("--ocr", metavar="ENGINE", help="with --retry: as for import")
    one.add_argument("--run", action="store_true", help="run what waits until nothing may run")
    one.add_argument("--cluster", type=_address, metavar="URL", help="with --run: tcp://HOST:PORT")
    for name in ("import", "clean"):
        add[name].add_argument("--later", action="store_true", help="record it, run it later")
        add[name].add_argument("--priority", type=int, metavar="N", help="later; higher runs first")
        add[name].add_argument("--at", metavar="TIME", help="later, not before 18:30 or a date")
        add[name].add_argument("--after", type=int, metavar="ID", help="later, after this job")


def _add_rule_options(add: Mapping[str, argparse.ArgumentParser]) -> None:
    add["settle"].add_argument("table", type=int, metavar="TABLE")
    add["settle"].add_argument("field", metavar="FIELD")
    add["settle"].add_argument("--decimal-mark", choices=(".", ","))
    add["settle"].add_argument("--date-order", choices=("dmy", "mdy"))
    add["types"].add_argument("type", nargs="?", metavar="TYPE", help="show this one")
    add["types"].add_argument("--copy", metavar="NAME", help="copy it under this name")
    add["types"].add_argument("--title", help="the title of the copy")
    add["types"].add_argument("--switch-off", metavar="RULE", help="a rule that is not to apply")
    add["types"].add_argument("--switch-on", metavar="RULE", help="a rule that is to apply again")
    add["types"].add_argument("--reset", action="store_true", help="bring its own rules back")
    add["clean"].add_argument(
        "--option", action="append", default=[], metavar="NAME=CHOICE", help="choose a reading"
    )


def _add_report_options(add: Mapping[str, argparse.ArgumentParser]) -> None:
    add["aggregate"].add_argument(
        "figures",
        nargs="*",
        metavar="NAME | FUNCTION:FIELD",
        help="a report by its name, or count, sum:FIELD, avg:FIELD, min:FIELD, max:FIELD",
    )
    add["aggregate"].add_argument("--type", metavar="NAME", help="of this document type")
    add["aggregate"].add_argument(
        "--by", default="", metavar="FIELD,FIELD", help="group by these, as in issue_date.month"
    )
    add["aggregate"].add_argument(
        "--job", type=int, metavar="ID", help="only what this job cleaned; else all that is current"
    )
    add["objectives"].add_argument(
        "--import", dest="import_file", type=Path, metavar="FILE", help="a CSV file or a workbook"
    )
    add["kpis"].add_argument("--type", metavar="NAME", help="only of this report")
    add["kpis"].add_argument("--year", type=_positive, metavar="Y", help="the newest, if not said")


def _add_file_options(add: Mapping[str, argparse.ArgumentParser]) -> None:
    add["inspect"].add_argument("--text", action="store_true", help="add the lines of each page")
    add["inspect"].add_argument(
        "--ignore-xml", action="store_true", help="read only the visible page of an e-invoice"
    )
    for name in ("import", "inspect"):
        add[name].add_argument(
            "--ocr", metavar="ENGINE", help="rapidocr or tesseract is to read every page"
        )
    add["recognise"].add_argument("source", type=int, metavar="SOURCE")
    add["recognise"].add_argument("page", type=_positive, metavar="PAGE")
    add["recognise"].add_argument("--ocr", metavar="ENGINE", required=True, help="rapidocr, …")
    add["inspect"].add_argument("--workers", type=_workers, metavar="N", help="worker processes")
    add["convert"].add_argument("--out", type=Path, required=True, metavar="DIR")
    add["parse"].add_argument("--kind", choices=("amount", "date"), required=True)
    add["parse"].add_argument(
        "--hint", help="language (fr, de-CH, en-US), excel-1900 or excel-1904"
    )
    add["export"].add_argument("--out", type=Path, required=True, metavar="PATH")
    add["export"].add_argument("--format", choices=("csv", "xlsx", "json", "parquet"))
    add["export"].add_argument(
        "--include-filtered", action="store_true", help="also rows that were left out"
    )
    add["samples"].add_argument("--out", type=Path, required=True, metavar="DIR")
    add["samples"].add_argument("--rows", type=_positive, default=200, metavar="N")
    add["samples"].add_argument("--seed", type=int, default=1, metavar="N")


def _add_write_options(add: Mapping[str, argparse.ArgumentParser]) -> None:
    one = add["write"]
    one.add_argument("operation", choices=("insert", "update", "upsert", "delete"))
    one.add_argument("file", type=Path, metavar="FILE")
    one.add_argument("--type", required=True, metavar="NAME", help="into the rows of this type")
    one.add_argument(
        "--unique", metavar="FIELD,FIELD", help="the fields that tell one row from another"
    )
    one.add_argument(
        "--empty-clears", action="store_true", help="an empty cell empties what is there"
    )
    add["results"].add_argument("job", type=int, metavar="JOB")
    lists = ("successful", "failed", "unprocessed")
    add["results"].add_argument("--list", choices=lists, required=True, help="which rows")
    add["results"].add_argument("--out", type=Path, metavar="FILE", help="write them there")


def _add_model_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("action", choices=("list", "fetch"), nargs="?", default="list")
    one.add_argument("--folder", type=Path, metavar="DIR", help="where it is, or is to be")
    one.add_argument("--repository", metavar="NAME", help="fetch these weights of Florence-2")


def _add_document_options(add: Mapping[str, argparse.ArgumentParser]) -> None:
    one = add["passwords"]
    told = "the password of “add” is asked for, or read from the standard input"
    one.add_argument("action", choices=("add", "list", "remove"), help=told)
    one.add_argument("name", nargs="?", metavar="NAME", help="what you call the password")
    one = add["split"]
    one.add_argument("source", type=int, nargs="?", metavar="SOURCE", help="the file to decide on")
    answer = one.add_mutually_exclusive_group()
    answer.add_argument("--accept", action="store_true", help="make a source of each document")
    answer.add_argument("--decline", action="store_true", help="it is one document; ask no more")
    pages = "split here instead of where it was proposed, as in 1-2,3"
    one.add_argument("--pages", metavar="RANGES", help=pages)


def _add_search_options(add: Mapping[str, argparse.ArgumentParser]) -> None:
    add["search"].add_argument("words", nargs="+", metavar="WORD")
    add["search"].add_argument("--limit", type=_positive, default=50, metavar="N")
    one = add["likeness"]
    actions = ("list", "same", "different", "account", "withdraw")
    one.add_argument("action", nargs="?", choices=actions, default="list", help="what to do")
    one.add_argument("ids", type=int, nargs="*", metavar="ID", help="as the list shows them")
    one.add_argument("--decided", action="store_true", help="also pairs that were decided")
    add["supplier"].add_argument("name", metavar="NAME")
    add["supplier"].add_argument("--vat-id", default="", metavar="ID")


def _workers(text: str) -> int:
    number = _positive(text)
    if number > 32:
        raise argparse.ArgumentTypeError("must be 1 to 32")
    return number


def _address(text: str) -> str:
    if "://" not in text:
        raise argparse.ArgumentTypeError(f"“{text}” is no address such as tcp://HOST:8786")
    return text


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number above zero")
    return int(text)


def _guarded(command: Callable[[], int]) -> int:
    """Run a command and turn what goes wrong into a sentence and an exit code."""
    try:
        return int(command())
    except UserError as error:
        print(f"invoice-desk: {error} {error.advice}".rstrip(), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.CANCELLED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - the edge of the process
        advice = error.advice if isinstance(error, InvoiceDeskError) else BugError.advice
        print(f"invoice-desk: {type(error).__name__}: {error}\n{advice}", file=sys.stderr)
        if os.environ.get("INVOICE_DESK_LOG"):
            traceback.print_exc()
        return ExitCode.BUG
