"""Jobs on the command line, as a person types it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from conftest import write_csv
from test_cli import RETAIL, ROW, Shell

from invoice_desk.cli.job_commands import parse_time
from invoice_desk.errors import ArgumentError

NOON = dt.datetime(2024, 5, 1, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


def later(shell: Shell, path: Path, *options: object) -> int:
    """Record an import for later; return its number."""
    answer = shell.json("import", path, "--later", "--desk", shell.desk, *options)
    return int(answer["job_id"])


def jobs(shell: Shell, *options: object) -> list[tuple[int, str]]:
    found = shell.json("jobs", "--desk", shell.desk, *options)
    return [(job["id"], job["state"]) for job in found]


def test_a_job_for_later_is_recorded_and_run_by_jobs_run(shell: Shell, tmp_path: Path) -> None:
    number = later(shell, write_csv(tmp_path / "a.csv", RETAIL + ROW))
    waiting = jobs(shell, "--state", "waiting")

    ran = shell.json("jobs", "--run", "--desk", shell.desk)

    assert waiting == [(number, "Open")]
    assert [(e["job_id"], e["state"], e["rows"]) for e in ran["ended"]] == [
        (number, "JobComplete", 1)
    ]
    assert ran["waiting"] == []


def test_cleaning_after_an_import_runs_after_it(shell: Shell, tmp_path: Path) -> None:
    first = later(shell, write_csv(tmp_path / "a.csv", RETAIL + ROW))
    code, out, _ = shell("clean", "--after", first, "--priority", 9, "--desk", shell.desk)

    ran = shell.json("jobs", "--run", "--desk", shell.desk)

    assert code == 0
    assert "Job 2 is recorded" in out
    assert [e["operation"] for e in ran["ended"]] == ["import", "clean"]
    assert ran["ended"][1]["rows"] == 1


def test_a_scheduled_job_waits_and_says_for_what(shell: Shell, tmp_path: Path) -> None:
    number = later(shell, write_csv(tmp_path / "a.csv", RETAIL + ROW), "--at", "2999-01-01 08:00")

    code, _, err = shell("jobs", "--run", "--desk", shell.desk)
    shell("jobs", "--schedule", number, "now", "--desk", shell.desk)
    ran = shell.json("jobs", "--run", "--desk", shell.desk)

    assert code == 0
    assert f"Job {number} waits. Waits for 2999-01-01 08:00" in err
    assert [e["state"] for e in ran["ended"]] == ["JobComplete"]


def test_a_paused_job_is_left_alone_until_it_is_resumed(shell: Shell, tmp_path: Path) -> None:
    number = later(shell, write_csv(tmp_path / "a.csv", RETAIL + ROW))

    shell("jobs", "--pause", number, "--desk", shell.desk)
    shell("jobs", "--run", "--desk", shell.desk)
    paused = jobs(shell)
    shell("jobs", "--resume", number, "--run", "--desk", shell.desk)

    assert paused == [(number, "Open")]
    assert jobs(shell) == [(number, "JobComplete")]


def test_the_higher_priority_runs_first(shell: Shell, tmp_path: Path) -> None:
    first = later(shell, write_csv(tmp_path / "a.csv", RETAIL + ROW))
    second = later(shell, write_csv(tmp_path / "b.csv", RETAIL + ROW + ROW), "--priority", 1)
    third = later(shell, write_csv(tmp_path / "c.csv", RETAIL + 3 * ROW))

    shell("jobs", "--priority", third, 5, "--desk", shell.desk)
    ran = shell.json("jobs", "--run", "--desk", shell.desk)

    assert [e["job_id"] for e in ran["ended"]] == [third, second, first]


def test_several_jobs_are_cancelled_at_once_and_the_refused_are_told(
    shell: Shell, tmp_path: Path
) -> None:
    first = later(shell, write_csv(tmp_path / "a.csv", RETAIL + ROW))
    second = later(shell, write_csv(tmp_path / "b.csv", RETAIL + ROW))

    code, out, err = shell("jobs", "--cancel", first, second, 99, "--desk", shell.desk)
    again = shell("jobs", "--cancel", first, "--desk", shell.desk)

    assert code == 5
    assert f"cancel {first}: done" in out
    assert f"cancel {second}: done" in out
    assert "There is no job 99" in err
    assert jobs(shell) == [(second, "Aborted"), (first, "Aborted")]
    assert again[0] == 1
    assert "Aborted already" in again[2]


def test_what_failed_is_tried_again_with_other_settings(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"")
    shell("import", path, write_csv(tmp_path / "b.csv", RETAIL + ROW), "--desk", shell.desk)

    answer = shell.json(
        "jobs", "--retry", 1, "--workers", 1, "--mode", "standard", "--desk", shell.desk
    )
    shell("jobs", "--run", "--desk", shell.desk)
    new = shell.json("jobs", answer[0]["new_job"], "--desk", shell.desk)

    assert new["job"]["retry_of"] == 1
    assert new["job"]["request"]["workers"] == 1
    assert [file["name"] for file in new["files"]] == ["a.csv"]


def test_one_job_is_shown_with_counts_steps_and_advice(shell: Shell, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.7 torn")
    good = write_csv(tmp_path / "a.csv", RETAIL + ROW)
    shell("import", good, bad, "--desk", shell.desk, "--mode", "standard")

    code, out, err = shell("jobs", 1, "--desk", shell.desk)
    plain = shell.json("jobs", 1, "--desk", shell.desk)

    assert code == 0
    assert "files: 2 = 1 successful + 1 failed + 0 unprocessed" in out
    assert "saving" in out
    assert "file_format" in out
    assert "bad.pdf: " in err
    failed = next(file for file in plain["files"] if file["outcome"] == "rejected")
    assert (failed["error_class"], failed["severity"]) == ("file_format", "error")
    assert failed["error_advice"]


def test_jobs_are_listed_by_state_kind_and_text(shell: Shell, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "lamps.csv", RETAIL + ROW)
    shell("import", path, "--desk", shell.desk)
    shell("clean", "--desk", shell.desk)
    later(shell, path)

    assert jobs(shell, "--kind", "clean") == [(2, "JobComplete")]
    assert jobs(shell, "--state", "waiting") == [(3, "Open")]
    assert jobs(shell, "--text", "LAMPS", "--state", "complete") == [(1, "JobComplete")]
    assert jobs(shell, "--limit", 1) == [(3, "Open")]


def test_a_deleted_job_is_gone_and_its_rows_stay(shell: Shell, tmp_path: Path) -> None:
    shell("import", write_csv(tmp_path / "a.csv", RETAIL + ROW), "--desk", shell.desk)

    code, _, _ = shell("jobs", "--delete", 1, "--desk", shell.desk)

    assert code == 0
    assert jobs(shell) == []
    assert shell.json("sources", "--desk", shell.desk)[0]["row_count"] == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--workers", "2"), "--retry"),
        (("--schedule", "1", "soon"), "not a time"),
        (("--priority", "1", "high"), "not a whole number"),
        (("--after", "one", "2"), "not the number of a job"),
    ],
)
def test_wrong_options_of_jobs_are_a_sentence(
    shell: Shell, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    later(shell, write_csv(tmp_path / "a.csv", RETAIL + ROW))

    code, _, err = shell("jobs", *arguments, "--desk", shell.desk)

    assert code == 1
    assert sentence in err


def test_what_is_not_there_is_not_recorded_for_later(shell: Shell, tmp_path: Path) -> None:
    code, _, err = shell("import", tmp_path / "missing", "--later", "--desk", shell.desk)

    assert code == 2
    assert "There is nothing at" in err
    assert jobs(shell) == []


def test_times_are_understood_as_the_clock_here_shows_them() -> None:
    local = NOON.astimezone()
    past, future = local - dt.timedelta(minutes=2), local + dt.timedelta(minutes=2)

    assert parse_time("now", now=NOON) is None
    assert parse_time(f"{future:%H:%M}", now=NOON) == NOON + dt.timedelta(minutes=2)
    assert parse_time(f"{past:%H:%M}", now=NOON) == NOON + dt.timedelta(days=1, minutes=-2)
    assert parse_time("2024-06-01T10:00+02:00", now=NOON) == dt.datetime(
        2024, 6, 1, 8, tzinfo=dt.UTC
    )
    with pytest.raises(ArgumentError):
        parse_time("tea", now=NOON)
