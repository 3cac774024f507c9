"""What holds for the project as a whole: size of its functions, its words, its promises."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import invoice_desk
from invoice_desk.core.declarations import document_type_of
from invoice_desk.core.findings import FindingCode
from invoice_desk.core.sentences import SENTENCES, sentence
from invoice_desk.paths import resource

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "invoice_desk"
SOURCES = [p for p in PACKAGE.rglob("*.py") if "migrations" not in p.parts]


#: What Florence-2 runs on: seconds and hundreds of megabytes.
VISION = {"torch", "transformers", "tokenizers", "huggingface_hub"}


def function_lengths() -> list[tuple[int, str]]:
    lengths = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                doc = node.body[0]
                has_doc = isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant)
                lost = (doc.end_lineno or 0) - doc.lineno + 1 if has_doc else 0
                count = (node.end_lineno or 0) - node.lineno + 1 - lost
                lengths.append((count, f"{path.name}:{node.name}"))
    return sorted(lengths)


def test_functions_are_short() -> None:
    lengths = function_lengths()

    assert lengths[int(len(lengths) * 0.9)][0] <= 25
    assert [entry for entry in lengths if entry[0] > 60] == []


def test_files_are_short() -> None:
    long = {p.name: n for p in SOURCES if (n := len(p.read_text("utf-8").splitlines())) > 500}

    assert long == {}


def test_every_module_says_why_it_exists() -> None:
    silent = [p.name for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]

    assert silent == []


def test_every_finding_and_rule_has_a_sentence() -> None:
    types = [
        document_type_of(tomllib.loads(path.read_text("utf-8")))
        for path in resource("document_types").glob("*.toml")
    ]
    rules = [rule.name for made in types for rule in made.rules]

    assert set(FindingCode) <= set(SENTENCES)
    assert [name for name in rules if sentence(name, types) == name] == []


def test_start_up_loads_nothing_slow() -> None:
    code = "import sys, invoice_desk.__main__, invoice_desk.cli.main; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    slow = {"pandas", "pyarrow", "sqlalchemy", "rapidocr", "onnxruntime", "PySide6"}
    assert (slow | VISION).isdisjoint(loaded)


def test_pandas_is_kept_out_and_asking_for_it_breaks_nothing() -> None:
    code = (
        "from invoice_desk.startup import keep_pandas_out; keep_pandas_out()\n"
        "import importlib.util, pyarrow; print(importlib.util.find_spec('pandas').origin)\n"
        "print(pyarrow.array([1, None]).null_count)\n"
        "try: import pandas\n"
        "except ImportError: print('kept out')"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.split("\n")[:3] == ["None", "1", "kept out"]


def test_workers_load_neither_qt_nor_the_database() -> None:
    modules = "invoice_desk.workers.reading, invoice_desk.workers.cleaning"
    code = f"import sys, {modules}; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"PySide6", "sqlalchemy", "sqlite3", "rapidocr", "onnxruntime"}.isdisjoint(loaded)


def test_the_process_that_writes_loads_no_second_sqlite() -> None:
    code = "import sys, invoice_desk.db.bulk_process, adbc_driver_sqlite.dbapi; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"sqlite3", "sqlalchemy", "PySide6"}.isdisjoint(loaded)


def test_the_version_is_told_once() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert declared == invoice_desk.__version__
    assert f"## {declared}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_constraints_pin_everything_that_is_required() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in _constraints()}
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(item for extra in extras for item in extra)]

    names = {item.partition(">")[0].partition("=")[0].strip().lower() for item in wanted}
    assert names <= pinned
    assert all("==" in line for line in _constraints())


def _constraints() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
