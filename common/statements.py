"""Statements that are made once and run often, for the few paths where every millisecond counts.

Making the SQL is most of what the ORM does in a short transaction. Here the ORM (or the model's
columns) says it once per process; after that only the values change, and PostgreSQL keeps the
statement prepared where `DATABASE_PREPARES` allows. Nothing else differs: the same columns, the
same conversions, the same errors. Signals are not sent; nobody of ours listens.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.query import get_related_populators

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.backends.utils import CursorWrapper
    from django.db.models import QuerySet

_Row = TypeVar("_Row")
_Model = TypeVar("_Model", bound=models.Model)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One engine's SQL. `params` holds names of values, and values that never change."""

    sql: str
    params: tuple[tuple[str | None, Any], ...]
    make: Callable[[Sequence[Any]], Any]


class Select(Generic[_Row]):
    """A query whose filter values are named: `build` is called once per engine, with samples.

    `kinds` are the types of the values, UUID, datetime or str, by the names `build` takes. The
    query may hold no other value that changes, and no list. Rows are models, with those of
    `select_related`, or the tuples of `values_list`.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, _Row]], **kinds: type) -> None:
        self._build = build
        self._kinds = kinds
        self._plans: dict[str, _Plan] = {}

    def rows(self, **values: Any) -> list[_Row]:
        """What the query finds for these values, in its order."""
        plan = self._plans.get(connection.vendor) or self._plan()
        for name, kind in self._kinds.items():
            if not isinstance(values[name], kind):
                raise TypeError(f"{name} has to be a {kind.__name__}.")
        params = [fixed if name is None else _adapted(values[name]) for name, fixed in plan.params]
        with _cursor() as cursor:
            cursor.execute(plan.sql, params)
            return [plan.make(row) for row in cursor.fetchall()]

    def first(self, **values: Any) -> _Row | None:
        """The first of the rows, None where there is none."""
        return next(iter(self.rows(**values)), None)

    def _plan(self) -> _Plan:
        samples = {name: _SAMPLES[kind]() for name, kind in self._kinds.items()}
        query = self._build(**samples).query
        compiler = query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        names = {_adapted(sample): name for name, sample in samples.items()}
        named = tuple((names.get(param), param) for param in params)
        if {name for name, _ in named if name is not None} != set(self._kinds):
            raise ValueError("Every value has to stand in the query as it is.")
        plan = _Plan(sql, named, _maker(compiler))
        self._plans[connection.vendor] = plan
        return plan


class Insert(Generic[_Model]):
    """Writes rows of one model as `bulk_create` does, with one statement.

    With `ignore_conflicts` a row that breaks a unique rule is left out.
    """

    def __init__(self, model: type[_Model], *, ignore_conflicts: bool = False) -> None:
        self._model = model
        self._suffix = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
        self._sql: dict[tuple[str, int], str] = {}

    def run(self, *rows: _Model) -> int:
        """How many of the rows were written. Raises IntegrityError as a save does."""
        # The wrapper itself: `connection` looks it up anew at each of a hundred touches.
        database = connections[DEFAULT_DB_ALIAS]
        fields = self._model._meta.concrete_fields
        params = [
            field.get_db_prep_save(field.pre_save(row, add=True), database)
            for row in rows
            for field in fields
        ]
        with _cursor() as cursor:
            cursor.execute(self._statement(len(rows)), params)
            written: int = cursor.rowcount
        for row in rows:
            row._state.adding, row._state.db = False, database.alias  # noqa: SLF001 -- saved
        return written

    def _statement(self, count: int) -> str:
        key = connection.vendor, count
        if key not in self._sql:
            quote, meta = connection.ops.quote_name, self._model._meta
            columns = [quote(str(field.column)) for field in meta.concrete_fields]
            values = f"({', '.join(['%s'] * len(columns))})"
            self._sql[key] = (
                f"INSERT INTO {quote(meta.db_table)} ({', '.join(columns)})"  # noqa: S608 -- our own names
                f" VALUES {', '.join([values] * count)}{self._suffix}"
            )
        return self._sql[key]


_numbers = itertools.count(1)
_SAMPLES: dict[type, Callable[[], Any]] = {
    uuid.UUID: uuid.uuid4,
    datetime: lambda: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=next(_numbers)),
    str: lambda: f"sample {uuid.uuid4()}",
}


def _cursor() -> CursorWrapper:
    """Django's cursor; on PostgreSQL one that binds values on the server, as preparing needs."""
    if connection.vendor != "postgresql" or connection.queries_logged:
        return connection.cursor()
    from django.db.backends.postgresql.base import (  # noqa: PLC0415 -- needs psycopg
        ServerBindingCursor,
    )

    connection.ensure_connection()
    bare: Any = cast("Any", ServerBindingCursor)(connection.connection)
    return connection.make_cursor(bare)


def _adapted(value: Any) -> Any:
    """As the engine's driver takes it: what the ORM would have made of it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, uuid.UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value


def _maker(compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """Turns a row of the driver into what the query's rows are."""
    columns = [expression for expression, _, _ in compiler.select]
    converters = compiler.get_converters(columns)

    def converted(row: Sequence[Any]) -> Sequence[Any]:
        if not converters:
            return row
        values = list(row)
        for place, (steps, expression) in converters.items():
            for step in steps:
                values[place] = step(values[place], expression, connection)
        return values

    if not compiler.query.default_cols:
        return lambda row: tuple(converted(row))
    info = compiler.klass_info
    model, places = info["model"], info["select_fields"]
    begin, end = places[0], places[-1] + 1
    names = [columns[place].target.attname for place in range(begin, end)]
    populators = cast("Any", get_related_populators)
    related = populators(info, compiler.select, connection.alias)

    def made(row: Sequence[Any]) -> Any:
        values = converted(row)
        instance = model.from_db(connection.alias, names, values[begin:end])
        for populator in related:
            populator.populate(values, instance)
        return instance

    return made
