"""The command `jobs`: list, show, change and run jobs; and recording one to be run later."""

from __future__ import annotations

import argparse
import datetime as dt
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from invoice_desk.cli.commands import desk_of, workers_of
from invoice_desk.cli.output import drawn, print_json, print_table, say
from invoice_desk.core.error_classes import error_traits
from invoice_desk.core.job_lines import JobLine, Standing
from invoice_desk.core.jobs import JobState
from invoice_desk.core.modes import Mode
from invoice_desk.core.records import JobFileRecord
from invoice_desk.documents.ocr import check_engines
from invoice_desk.errors import ArgumentError, ExitCode, UserError
from invoice_desk.services.desk import Desk
from invoice_desk.services.job_listing import JobDetail
from invoice_desk.services.jobs import JobSettings, RunningJob

if TYPE_CHECKING:
    from invoice_desk.services.job_manager import Ended, JobManager

#: What is done with one job, by its number; a new job's number comes back.
_Call = Callable[[int], int | None]


def jobs_command(options: argparse.Namespace) -> int:
    """List jobs, show one, change some, or run what waits."""
    if not options.retry and (options.workers or options.ocr or options.mode):
        raise ArgumentError("--workers, --mode and --ocr say how to --retry jobs.")
    with desk_of(options) as desk:
        wanted = _changes(desk, options)
        if wanted:
            code = _change(wanted, options, print_result=not (options.run and options.json))
            return code if not options.run else max(code, _run(desk, options))
        if options.run:
            return _run(desk, options)
        if options.job is not None:
            _show_one(desk, options)
        else:
            _show_list(desk, options)
    return ExitCode.OK


# --- listing --------------------------------------------------------------------------


def _show_list(desk: Desk, options: argparse.Namespace) -> None:
    from invoice_desk.services.job_listing import job_lines

    found = job_lines(
        desk,
        standing=Standing(options.state) if options.state else None,
        operation=options.kind,
        text=options.text,
        limit=options.limit,
    )
    if options.json:
        print_json(found)
        return
    print_table(_HEADINGS, [_cells(line) for line in found])


_HEADINGS = (
    *("id", "operation", "state", "title", "progress", "successful", "failed"),
    *("unprocessed", "rows", "priority", "seconds", "now"),
)


def _cells(line: JobLine) -> list[object]:
    share = "" if line.has_ended else f"{line.work_done:.0%}"
    now = (line.error or "") if line.has_ended else (line.waiting_for or line.step)
    state = f"{line.state.label}, paused" if line.is_paused else line.state.label
    return [
        *(str(line.id), line.operation, state, line.title, share, line.successful, line.failed),
        *(line.unprocessed, line.rows, line.priority or None, line.seconds, now),
    ]


def _show_one(desk: Desk, options: argparse.Namespace) -> None:
    from invoice_desk.services.job_listing import job_detail

    detail = job_detail(desk, options.job)
    files = [_plain_file(file) for file in detail.files]
    if options.json:
        steps = [{"step": step, "started_at": at} for step, at in detail.steps]
        print_json({"job": detail.job, "steps": steps, "files": files})
        return
    job = detail.job
    print(f"Job {job.id}: {job.operation} {job.title}".rstrip() + f", {job.state.label}")
    for line in _count_lines(detail):
        print(line)
    for text in (job.error, job.waiting_for):
        if text:
            print(text)
    _print_steps(detail, now=desk.now())
    headings = ("outcome", "file", "step", "rows", "pages", "severity", "kind of error", "error")
    names = ("outcome", "name", "step", "rows", "pages", "severity", "error_class", "error_message")
    if files:
        print_table(headings, [[file[name] or None for name in names] for file in files])
    for file in detail.files:
        if file.error_advice:
            say(f"{file.name}: {file.error_advice}")


def _plain_file(file: JobFileRecord) -> dict[str, Any]:
    """Return a file as JSON values, with what is known of its kind of error."""
    values = {name: getattr(file, name) for name in JobFileRecord.__slots__}
    traits = error_traits(file.error_code) if file.error_code else None
    return values | {
        "outcome": file.outcome.value,
        "error_class": traits.kind.value if traits else None,
        "severity": traits.severity.value if traits else None,
    }


def _count_lines(detail: JobDetail) -> Iterator[str]:
    job = detail.job
    counts = job.summary.get("counts") or {
        "tables" if job.operation == "clean" else "files": {
            "total": job.total,
            "successful": job.successful,
            "failed": job.failed,
            "unprocessed": job.unprocessed,
        }
    }
    for of, found in counts.items():
        parts = [f"{found.get(part, 0):,} {part}" for part in _PARTS]
        yield f"{of}: {found.get('total', 0):,} = {' + '.join(parts)}"


_PARTS = ("successful", "failed", "unprocessed")


def _print_steps(detail: JobDetail, *, now: dt.datetime) -> None:
    ends = [at for _, at in detail.steps[1:]] + [detail.job.ended_at or now]
    rows = [
        (step, at.astimezone().strftime("%Y-%m-%d %H:%M:%S"), (end - at).total_seconds())
        for (step, at), end in zip(detail.steps, ends, strict=False)
    ]
    if rows:
        print_table(("step", "began", "seconds"), rows)


# --- changing -------------------------------------------------------------------------


def _changes(desk: Desk, options: argparse.Namespace) -> list[tuple[str, int, _Call]]:
    """Return what is asked for: the word, the job, and what does it."""
    from invoice_desk.services import job_control

    bulk: list[tuple[str, Sequence[int], Callable[[Desk, int], int | None]]] = [
        ("cancel", options.cancel, job_control.cancel),
        ("pause", options.pause, job_control.pause),
        ("resume", options.resume, job_control.resume),
        ("delete", options.delete, job_control.delete),
    ]
    found: list[tuple[str, int, _Call]] = [
        (word, number, partial(call, desk)) for word, numbers, call in bulk for number in numbers
    ]
    again = _retry_settings(options)
    found += [("retry", n, lambda n: job_control.retry(desk, n, again)) for n in options.retry]
    for number, text in options.priority:
        found.append(("priority", _number(number), partial(_set_priority, desk, _whole(text))))
    for number, text in options.schedule:
        moment = parse_time(text, now=desk.now())
        found.append(("schedule", _number(number), partial(_schedule, desk, moment)))
    for number, text in options.after:
        other = None if text == "none" else _number(text)
        found.append(("after", _number(number), partial(_run_after, desk, other)))
    return found


def _set_priority(desk: Desk, priority: int, number: int) -> None:
    from invoice_desk.services import job_control

    job_control.set_priority(desk, number, priority)


def _schedule(desk: Desk, moment: dt.datetime | None, number: int) -> None:
    from invoice_desk.services import job_control

    job_control.schedule(desk, number, moment)


def _run_after(desk: Desk, other: int | None, number: int) -> None:
    from invoice_desk.services import job_control

    job_control.run_after(desk, number, other)


def _retry_settings(options: argparse.Namespace) -> JobSettings | None:
    if not (options.workers or options.ocr or options.mode):
        return None
    check_engines([] if options.ocr is None else [options.ocr])
    return JobSettings(Mode(options.mode or "auto"), options.workers, options.ocr)


def _change(
    wanted: Sequence[tuple[str, int, _Call]], options: argparse.Namespace, *, print_result: bool
) -> int:
    """Do what is asked for, each by itself; say what was refused."""
    results: list[dict[str, Any]] = []
    for word, number, call in wanted:
        result: dict[str, Any] = {"did": word, "job": number, "new_job": None, "refused": None}
        try:
            result["new_job"] = call(number)
        except UserError as error:
            if error.exit_code != ExitCode.BAD_ARGUMENTS:
                raise  # the disk is full: the next would fail as well
            result["refused"] = str(error)
        results.append(result)
    if options.json and print_result:
        print_json(results)
    elif not options.json:
        for result in results:
            _print_change(result)
    refused = sum(result["refused"] is not None for result in results)
    if not refused:
        return ExitCode.OK
    return ExitCode.BAD_ARGUMENTS if refused == len(results) else ExitCode.PARTIAL


def _print_change(result: dict[str, Any]) -> None:
    if result["refused"]:
        say(f"{result['did']} {result['job']}: {result['refused']}")
        return
    new = result["new_job"]
    print(f"{result['did']} {result['job']}: done" + (f", as job {new}" if new else ""))


# --- running --------------------------------------------------------------------------


def _run(desk: Desk, options: argparse.Namespace) -> int:
    """Run what waits until nothing may run; say what still waits, and for what."""
    from invoice_desk.services.job_listing import job_lines
    from invoice_desk.services.job_manager import JobManager

    manager = JobManager(desk)
    with workers_of(desk, options), _interruptible(manager), drawn(lambda: manager.current):
        ended = manager.run_until_idle()
    left = job_lines(desk, standing=Standing.WAITING)
    if options.json:
        print_json({"ended": [_plain_end(one) for one in ended], "waiting": left})
    else:
        for one in ended:
            snapshot = one.job.snapshot
            what = f"{snapshot.operation} {snapshot.title}".rstrip()
            print(f"Job {one.job.job_id}: {what}, {snapshot.state.label}, {snapshot.rows:,} rows")
        for line in left:
            say(f"Job {line.id} waits. {line.waiting_for or ''}".rstrip())
        if not ended:
            say("Nothing may run now.")
    return _run_code(ended)


def _plain_end(ended: Ended) -> dict[str, Any]:
    snapshot = ended.job.snapshot
    return {
        "job_id": ended.job.job_id,
        "operation": snapshot.operation,
        "title": snapshot.title,
        "state": snapshot.state.value,
        "rows": snapshot.rows,
        "seconds": round(snapshot.seconds, 3),
        "failed": getattr(ended.result, "failed", 0),
        "error": str(ended.error) if ended.error else getattr(ended.result, "error", None),
    }


def _run_code(ended: Sequence[Ended]) -> ExitCode:
    states = [one.job.snapshot.state for one in ended]
    if any(state not in {JobState.JOB_COMPLETE, JobState.FAILED} for state in states):
        return ExitCode.CANCELLED
    failed = JobState.FAILED in states or any(getattr(one.result, "failed", 0) for one in ended)
    return ExitCode.PARTIAL if failed else ExitCode.OK


@contextmanager
def _interruptible(manager: JobManager) -> Iterator[None]:
    """Lay down what runs on Ctrl+C; the next run takes it up."""

    def stop(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, previous)
        say("\nStopping; press Ctrl+C again to end at once.")
        manager.close()

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


# --- later ----------------------------------------------------------------------------


def is_for_later(options: argparse.Namespace) -> bool:
    """Return whether a job is only to be recorded."""
    asked = (options.at, options.after, options.priority)
    return bool(options.later) or any(value is not None for value in asked)


def record_for_later(desk: Desk, job: RunningJob, options: argparse.Namespace) -> int:
    """Record a job without running it."""
    from invoice_desk.services.job_control import job as known_job

    if options.after is not None:
        known_job(desk, options.after)
    values = {
        "priority": options.priority or 0,
        "not_before": parse_time(options.at, now=desk.now()) if options.at else None,
        "after_id": options.after,
    }
    number = job.enqueue(**values)
    if options.json:
        print_json({"job_id": number, "state": JobState.OPEN.value, **values})
    else:
        print(f"Job {number} is recorded; `invoice-desk jobs --run` or the window runs it.")
    return ExitCode.OK


def parse_time(text: str, *, now: dt.datetime) -> dt.datetime | None:
    """Return a time that a person wrote; None for `now`.

    `HH:MM` is the next time that the clock here shows that; a time without a zone is local.

    Raises:
        ArgumentError: If it is no time.
    """
    if text == "now":
        return None
    try:
        clock = dt.time.fromisoformat(text) if ":" in text[:3] else None
        written = None if clock else dt.datetime.fromisoformat(text)
    except ValueError as error:
        how = "Write 18:30, 2025-01-31 18:30, or now."
        raise ArgumentError(f"“{text}” is not a time. {how}") from error
    if written is not None:
        return written.astimezone(dt.UTC)
    assert clock is not None
    today = now.astimezone()
    moment = dt.datetime.combine(today.date(), clock).astimezone()
    if moment <= today:
        moment = dt.datetime.combine(today.date() + dt.timedelta(days=1), clock).astimezone()
    return moment.astimezone(dt.UTC)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentError(f"“{text}” is not the number of a job.")
    return int(text)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ArgumentError(f"“{text}” is not a whole number.") from error
