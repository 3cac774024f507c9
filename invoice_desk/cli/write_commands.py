"""Commands that write into clean tables, and that say what became of the rows of a job."""

from __future__ import annotations

import argparse
from typing import Any

from invoice_desk.cli.commands import desk_of
from invoice_desk.cli.output import print_json, print_table, say, watched
from invoice_desk.core.jobs import JobState
from invoice_desk.errors import ExitCode

_SHOWN = 1000


def write_command(options: argparse.Namespace) -> int:
    """Write the rows of a file into a clean table."""
    from invoice_desk.core.bulk_writes import Operation
    from invoice_desk.services.bulk_requests import write_request
    from invoice_desk.services.bulk_writing import BulkWriteJob

    unique = options.unique.split(",") if options.unique else None
    with desk_of(options, must_exist=False) as desk:
        request = write_request(
            desk,
            Operation(options.operation),
            options.type,
            path=options.file,
            unique=unique,
            empty_clears=options.empty_clears,
        )
        job = BulkWriteJob(desk, request)
        with watched(job):
            result = job.run()
    if options.json:
        print_json(result)
    else:
        print(
            f"{result.total:,} rows: {result.successful:,} successful, {result.failed:,} failed, "
            f"{result.unprocessed:,} not processed; {result.created:,} created, "
            f"{result.updated:,} updated, {result.unchanged:,} unchanged, "
            f"{result.deleted:,} deleted in {result.seconds:.1f} s (job {result.job_id})"
        )
    return _write_code(result)


def _write_code(result: Any) -> ExitCode:
    if result.error is not None:
        say(result.error)
        return ExitCode(result.exit_code or ExitCode.BUG)
    if result.state is JobState.ABORTED:
        return ExitCode.CANCELLED
    return ExitCode.PARTIAL if result.failed else ExitCode.OK


def results_command(options: argparse.Namespace) -> int:
    """List the rows of a job, or write them to a file."""
    from invoice_desk.services.job_results import ResultList, export_results, result_rows

    which = ResultList(options.list)
    with desk_of(options) as desk:
        if options.out is not None:
            count = export_results(desk, options.job, which, options.out)
            if options.json:
                print_json({"path": options.out, "rows": count})
            else:
                print(f"{options.out}: {count:,} rows")
            return ExitCode.OK
        found = result_rows(desk, options.job, which)
        if options.json:
            print_json({"columns": found.columns, "rows": list(found.rows)})
            return ExitCode.OK
        rows = [
            (row.row_number, str(row.id or ""), row.error, *row.values)
            for row, _ in zip(found.rows, range(_SHOWN), strict=False)
        ]
    print_table(("row", "id", "error", *found.columns), rows)
    return ExitCode.OK
