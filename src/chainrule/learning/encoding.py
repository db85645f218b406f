"""What turns a table's columns into a network's numbers and back; fitted on training rows, kept in the model.

Columns are found by name. A table without a header line (columns c1…cN) counts by position instead, against
the table that training saw, with or without its target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from chainrule.errors import ConfigError, ModelFileError, TableError
from chainrule.learning.codes import BooleanCode, CategoryCode, ColumnCode, Missing, NumberCode, PixelCode
from chainrule.learning.fields import Fields
from chainrule.learning.tables import Table
from chainrule.learning.targets import (
    ClassTarget,
    NumberTarget,
    Target,
    Task,
    UnseenLabels,
    fit_target,
    labels_of,
    original_of,
    target_from_json,
)
from chainrule.learning.values import absent, leave_out, no_value

__all__ = [
    "BooleanCode",
    "CategoryCode",
    "ClassTarget",
    "ColumnCode",
    "Encoding",
    "Missing",
    "NumberCode",
    "NumberTarget",
    "PixelCode",
    "Target",
    "Task",
    "UnseenLabels",
    "complete_rows",
]


@dataclass(frozen=True)
class Encoding:
    """The codes of the input columns, the target, and all columns of the table that training saw, in order.

    `notes` are sentences for the user about what fitting decided; they are not kept in the model.

    >>> table = Table.from_columns({"size": [1.0, 3.0], "paid": ["no", "yes"]}, source="shop")
    >>> encoding = Encoding.fit(table, "paid")
    >>> encoding.features(table).tolist(), encoding.targets(table).tolist()
    ([[-1.0], [1.0]], [0, 1])
    """

    columns: tuple[ColumnCode, ...]
    target: Target
    table_columns: tuple[str, ...]
    notes: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def fit(
        cls,
        table: Table,
        target: str,
        *,
        task: Task = "auto",
        missing: Missing = "error",
        drop: Sequence[str] = (),
    ) -> Encoding:
        """The encoding of a training table.

        target, drop: column names, or numbers from 1 (−1 the last).
        missing: `error`; `drop` leaves rows out (take `complete_rows` of the table before `features`); `mean`
        fills numbers with their mean and all else with its commonest value; `mode` fills all with that.
        TableError names the column that cannot be used, and what to do.
        """
        if missing not in get_args(Missing):
            raise ConfigError(f'missing must be error, drop, mean or mode, and is "{missing}"')
        name, inputs = _target_and_inputs(table, target, drop)
        others = _without_block(table, inputs)
        block = len(inputs) - len(others)
        kinds = {column: _usable_kind(table, column) for column in others}
        notes: tuple[str, ...] = ()
        if missing == "drop":
            rows = _complete(table, [name, *kinds])
            if len(rows) < table.rows:
                notes = (f"{table.rows - len(rows)} of {table.rows} rows with a missing value were left out",)
                table = table.take(rows)
        if table.rows == 0:
            why = "is left when those with a missing value are dropped" if notes else "is in the table"
            raise TableError(f"{table.source}: no row {why}: give rows to train on")
        fitted, note = fit_target(table, name, task)
        columns: list[ColumnCode] = [PixelCode(block)] if block else []
        columns += [_CODES[kind].fit(table, column, missing) for column, kind in kinds.items()]
        return cls(tuple(columns), fitted, tuple(table.names), notes + note)

    @property
    def inputs(self) -> int:
        """How many features a row has."""
        return sum(_width(code) for code in self.columns)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each feature: "age", "job=clerk"."""
        return tuple(name for code in self.columns for name in code.feature_names)

    def features(self, table: Table, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """The features (N, I) of a table, float32 or float64; TableError names what is wrong, and where."""
        found = self._find(table)
        matrix = np.empty((table.rows, self.inputs), dtype=dtype)
        start = 0
        for code in self.columns:
            end = start + _width(code)
            code.write(table, found, matrix[:, start:end])
            start = end
        return matrix

    def targets(self, table: Table, unseen_labels: UnseenLabels = "error") -> NDArray[Any]:
        """The target (N,) of each row: its class from 0 (int64), or its standardised value (float64).

        unseen_labels: `error`, or `match` to take "<=50K." for the class "<=50K"; `label_notes` says where.
        """
        return self.target.read(table, self._target_in(table), unseen_labels)[0]

    def label_notes(self, table: Table) -> tuple[str, ...]:
        """One sentence for each label of the table that only matching finds among the classes."""
        return self.target.read(table, self._target_in(table), "match")[1]

    def labels(self, indices: ArrayLike) -> NDArray[np.object_]:
        """The labels (N,) of class indices (N,); InvalidInput where the target is a number."""
        return labels_of(self.target, indices)

    def original(self, y: ArrayLike) -> NDArray[np.float64]:
        """Standardised predictions (N,) in the table's units; InvalidInput where the target is classes."""
        return original_of(self.target, y)

    def unused(self, table: Table) -> tuple[str, ...]:
        """The table's columns that are neither inputs nor the target."""
        used = set(self._find(table).values()) | set(self._target_names(table))
        return tuple(name for name in table.names if name not in used)

    def notes_on(self, table: Table) -> tuple[str, ...]:
        """One sentence for each thing about another table, with its target, that a user should know: labels
        spelt otherwise, and categories and columns that training never saw.
        """
        labels = self.label_notes(table) if isinstance(self.target, ClassTarget) else ()
        extra = [name for name in self.unused(table) if name not in self.table_columns]
        never = (f"not used, since training never saw them: {', '.join(extra)}",) if extra else ()
        return (*labels, *self.unknown_categories(table), *never)

    def unknown_categories(self, table: Table) -> tuple[str, ...]:
        """One sentence for each column in which rows hold a category that training never saw."""
        found = self._find(table)
        codes = (code for code in self.columns if isinstance(code, CategoryCode))
        return tuple(sentence for code in codes for sentence in code.unseen(table, found))

    def complete_rows(self, table: Table) -> NDArray[np.int64]:
        """The rows of which no input, nor the target where the table has it, is missing."""
        found = self._find(table)
        return _complete(table, [*_without_block(table, found.values()), *self._target_names(table)])

    def unscaled(self) -> Encoding:
        """The same encoding with numbers as they are in the table; the target stays standardised."""
        columns = tuple(
            replace(code, mean=0.0, scale=1.0) if isinstance(code, NumberCode) else code
            for code in self.columns
        )
        return replace(self, columns=columns)

    def describe(self) -> tuple[str, ...]:
        """One line a column: "age: number, (v − 38.58)/13.64", "job: 14 categories one-hot"."""
        return tuple(code.describe() for code in self.columns)

    def to_json(self) -> dict[str, object]:
        """Plain values for the model file; `from_json` gives the equal encoding."""
        return {
            "columns": [code.to_json() for code in self.columns],
            "target": self.target.to_json(),
            "table_columns": list(self.table_columns),
        }

    @classmethod
    def from_json(cls, data: object) -> Encoding:
        """The encoding that `to_json` wrote; ModelFileError on anything else."""
        fields = Fields.of(data, "it", ("columns", "target", "table_columns"))
        columns = tuple(
            _code_from_json(entry, i) for i, entry in enumerate(fields.objects("columns"), start=1)
        )
        target = target_from_json(fields.values["target"])
        table_columns = fields.texts("table_columns")
        inputs = [name for code in columns for name in code.names]
        if len(set(inputs)) != len(inputs) or not {target.name, *inputs} <= set(table_columns):
            raise ModelFileError(
                "the model's encoding is broken: its columns are not those of the table it names"
            )
        if target.name in inputs:
            raise ModelFileError(
                f'the model\'s encoding is broken: the target "{target.name}" is also an input'
            )
        return cls(columns, target, table_columns)

    def _find(self, table: Table) -> dict[str, str]:
        """What each input column is called in this table."""
        needed = [name for code in self.columns for name in code.names]
        if _counts_by_position(table):
            places = self._places(table)
            return {name: places[name] for name in needed}
        present = set(table.names)
        lacking = [name for name in needed if name not in present]
        if lacking:
            raise self._lacks(table, lacking)
        return {name: name for name in needed}

    def _places(self, table: Table) -> dict[str, str]:
        """What each column of training is called in a table without a header line."""
        all_columns = self.table_columns
        inputs_only = [name for name in all_columns if name != self.target.name]
        for columns in (all_columns, inputs_only):
            if len(columns) == len(table.names):
                return dict(zip(columns, table.names, strict=True))
        raise TableError(
            f"{table.source} has {_counted(len(table.names), 'column')} and no header line, but the model "
            "was trained "
            f"on a table of {_counted(len(all_columns), 'column')} ({len(inputs_only)} without the "
            "target): give it "
            "the same columns in the same order"
        )

    def _lacks(self, table: Table, lacking: Sequence[str]) -> TableError:
        near = get_close_matches(lacking[0], table.names, n=1)
        hint = f' (did you mean its "{near[0]}"?)' if near else ""
        listed = ", ".join(f'"{name}"' for name in lacking[:5]) + (", …" if len(lacking) > 5 else "")
        if self.table_columns == _numbered(len(self.table_columns)) and not near:
            hint = " (it was trained on a table without a header line: give it one without, too)"
        return TableError(
            f"{table.source} lacks {listed}, which the model needs{hint}: add or rename the column"
        )

    def _target_names(self, table: Table) -> tuple[str, ...]:
        """What the target is called in this table; nothing where the table lacks it."""
        name = self.target.name
        if _counts_by_position(table):
            return tuple(place for column, place in self._places(table).items() if column == name)
        return (name,) if name in table.names else ()

    def _target_in(self, table: Table) -> str:
        names = self._target_names(table)
        if not names:
            near = get_close_matches(self.target.name, table.names, n=1)
            hint = f' (did you mean its "{near[0]}"?)' if near else ""
            raise TableError(
                f'{table.source} lacks the target "{self.target.name}"{hint}: add or rename the column'
            )
        return names[0]


_CODES: Mapping[str, type[NumberCode] | type[BooleanCode] | type[CategoryCode]] = {
    "number": NumberCode,
    "boolean": BooleanCode,
    "text": CategoryCode,
}
_READERS: Mapping[str, type[ColumnCode]] = {
    "number": NumberCode,
    "category": CategoryCode,
    "boolean": BooleanCode,
    "pixels": PixelCode,
}


def complete_rows(table: Table, target: str, drop: Sequence[str] = ()) -> NDArray[np.int64]:
    """The rows (ascending) that `--missing drop` keeps: neither target nor any input is missing.

    >>> table = Table.from_columns({"x": [1.0, float("nan"), 3.0], "y": [0, 1, 0]}, source="t")
    >>> complete_rows(table, "y").tolist()
    [0, 2]
    """
    name, inputs = _target_and_inputs(table, target, drop)
    others = _without_block(table, inputs)
    for column in others:
        _usable_kind(table, column)
    return _complete(table, [name, *others])


def _target_and_inputs(table: Table, target: str, drop: Sequence[str]) -> tuple[str, list[str]]:
    """The name of the target and of each input."""
    name = table.resolve(target)
    dropped = {table.resolve(column) for column in drop}
    if name in dropped:
        raise TableError(f'{table.source}: the target column "{name}" cannot be left out too: name it once')
    inputs = [column for column in table.names if column != name and column not in dropped]
    if not inputs:
        raise TableError(
            f'{table.source}: no column is left to learn "{name}" from: give or keep at least one'
        )
    return name, inputs


def _usable_kind(table: Table, column: str) -> str:
    """The kind of an input column; TableError for dates and for a column without a value."""
    kind = table.kind(column)
    if kind == "date":
        raise TableError(
            f'{table.source}: column "{column}" holds dates: {leave_out(column)}, or turn it into numbers'
        )
    if kind == "empty":
        raise no_value(table, column)
    return kind


def _without_block(table: Table, columns: Iterable[str]) -> list[str]:
    """The columns that are not pixels of a block of images that they hold whole."""
    listed = list(columns)
    pixels = table.pixels if "p1" in listed else None
    block = set() if pixels is None else set(PixelCode(pixels.shape[1]).names)
    return [column for column in listed if column not in block] if block <= set(listed) else listed


def _complete(table: Table, columns: Iterable[str]) -> NDArray[np.int64]:
    keep = np.ones(table.rows, dtype=np.bool_)
    for column in columns:
        numeric = table.kind(column) == "number"
        keep &= ~absent(table.numbers(column) if numeric else table.texts(column))
    return np.flatnonzero(keep).astype(np.int64)


def _width(code: ColumnCode) -> int:
    return code.count if isinstance(code, PixelCode) else len(code.feature_names)


def _code_from_json(entry: object, number: int) -> ColumnCode:
    where = f"column {number}"
    kind = entry.get("code") if isinstance(entry, Mapping) else None
    if not isinstance(kind, str) or kind not in _READERS:
        known = ", ".join(_READERS)
        raise ModelFileError(f"the model's encoding is broken: {where} has a code that is none of {known}")
    return _READERS[kind].from_json(entry, where)


def _counts_by_position(table: Table) -> bool:
    return table.names == _numbered(len(table.names))


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"c{i}" for i in range(1, count + 1))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
