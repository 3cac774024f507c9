"""The desk file: tables, migrations, and the two ways in (read, write)."""
