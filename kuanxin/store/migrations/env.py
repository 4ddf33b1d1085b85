"""Alembic's entry: runs the migrations inside the transaction that `kuanxin.store.engine.migrate` opened.

`alembic -x url=sqlite:///var/kuanxin.db revision …` at the prompt works as well.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from alembic import context

import kuanxin.store
from kuanxin.store.base import metadata
from kuanxin.store.engine import make_engine

for module in iter_modules(kuanxin.store.__path__):
    if module.name.startswith("tables_"):  # each registers its tables with the shared metadata
        import_module(f"kuanxin.store.{module.name}")


def run(connection) -> None:
    # SQLite cannot alter most things in place: a later migration copies the table instead.
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite"
    )
    context.run_migrations()


if (open_connection := context.config.attributes.get("connection")) is not None:
    run(open_connection)
else:
    with make_engine(context.get_x_argument(as_dictionary=True).get("url")).begin() as own_connection:
        run(own_connection)
