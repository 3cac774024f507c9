"""Bringing a desk up to date when it is opened."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from invoice_desk.db.engine import reading, writing
from invoice_desk.errors import NewerDatabaseError, StorageError


def upgrade(engine: Engine, path: Path) -> None:
    """Migrate the desk at `path` to this version, keeping a copy of what it was.

    Raises:
        NewerDatabaseError: If a newer Invoice Desk wrote it.
        StorageError: If the file is no desk, or another program's database.
    """
    config = alembic_config()
    script = ScriptDirectory.from_config(config)
    with reading(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        foreign = current is None and bool(inspect(connection).get_table_names())
    if foreign:
        raise StorageError(f"{path.name} is the database of another program, not a desk.")
    known = {revision.revision for revision in script.walk_revisions()}
    if current is not None and current not in known:
        raise NewerDatabaseError(f"{path.name} was written by a newer version of Invoice Desk.")
    if current == script.get_current_head():
        return
    if current is not None:
        _copy(path, path.with_name(f"{path.stem}.before-{script.get_current_head()}{path.suffix}"))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def alembic_config() -> Config:
    """Return Alembic's configuration, without a file, so that it works when frozen."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _copy(path: Path, target: Path) -> None:
    """Copy a database with what its write-ahead log holds."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
