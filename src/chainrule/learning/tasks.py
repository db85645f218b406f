"""From a table to a trained model: split, encode, build the network that fits the target, train, measure."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from numpy.typing import NDArray

from chainrule.engines.engine import Data
from chainrule.errors import ConfigError, TableError
from chainrule.formulas.activations import Activation
from chainrule.formulas.losses import Loss
from chainrule.learning.architecture import build_network
from chainrule.learning.capacity import check_memory
from chainrule.learning.checkpoints import Keeper
from chainrule.learning.datasets import DATASETS
from chainrule.learning.encoding import ClassTarget, Encoding, Missing, Task, complete_rows
from chainrule.learning.idx import idx_test_beside
from chainrule.learning.loop import Callback, train_prepared
from chainrule.learning.model import Model
from chainrule.learning.replay import Replayed
from chainrule.learning.run import Run
from chainrule.learning.settings import Settings, make_settings
from chainrule.learning.sources import open_table
from chainrule.learning.splitting import hold_out
from chainrule.learning.tables import Table
from chainrule.learning.targets import fit_target

Array = NDArray[Any]
Scale = Literal["standard", "none"]


@dataclass(frozen=True, eq=False)
class TableRun:
    """A model trained on a table.

    run: what happened; train, validation, test: the measures of each part (None where there is no such part)
    rows: how many rows each part has; test_data: the prepared test rows
    notes: sentences for the user about what was decided
    """

    run: Run
    train: Mapping[str, float]
    validation: Mapping[str, float] | None
    test: Mapping[str, float] | None
    rows: Mapping[str, int]
    test_data: Data | None
    notes: tuple[str, ...]

    @property
    def model(self) -> Model:
        """The trained model."""
        return self.run.model

    def at(self, *, epoch: int, batch: int = 1) -> Replayed:
        """The training step of a batch, both counted from 1; see `Run.at`."""
        return self.run.at(epoch=epoch, batch=batch)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table made ready: an untrained model (network, encoding, settings) and the data of each part."""

    model: Model
    train: Data
    validation: Data | None
    test: Data | None
    notes: tuple[str, ...]

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each part has."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: len(part.X) for name, part in parts.items() if part is not None}


def prepare(
    source: Any,
    target: str | int | None = None,
    *,
    task: Task = "auto",
    layers: int | Sequence[int] = (32, 16),
    activation: str | Activation | Sequence[str | Activation] = "relu",
    loss: str | Loss = "auto",
    dropout: float = 0.0,
    missing: Missing = "error",
    drop: Sequence[str] = (),
    test: Any = None,
    header: bool | None = None,
    delimiter: str | None = None,
    sql: str | None = None,
    scale: Scale = "standard",
    **choices: Any,
) -> Prepared:
    """Read, split and encode a table, and build the network that fits its target; see `train_table`."""
    if scale not in get_args(Scale):
        raise ConfigError(f'scale is "standard" or "none", not "{scale}": choose one of them')
    settings = make_settings(loss="mse", **choices)
    reading: dict[str, Any] = {"header": header, "sql": sql, "seed": settings.seed, "delimiter": delimiter}
    table = open_table(source, **reading)
    name = table.resolve(_usual_target(source, table) if target is None else str(target))
    left_out: tuple[str, ...] = ()
    if missing == "drop":
        table, left_out = _complete(table, name, drop)
    fraction = _fraction(test)
    test_table, validation_table, classes = None, None, None
    if fraction is not None or settings.validation:
        classes = _class_of_each_row(table, name, task)
        # the training rows alone could be few enough whole numbers to be taken for classes
        task = "regress" if classes is None else task
    if fraction is not None:
        table, test_table, classes = _hold_out(table, classes, fraction, settings.seed)
    elif test is not None:
        _check_other_rows(source, test, table)
        # how files are read says nothing of test rows in memory
        test_table = open_table(test, **(reading if isinstance(test, (str, os.PathLike)) else {}))
    elif table.pixels is not None and (beside := idx_test_beside(table.source)):
        left_out += (f"its test images were not used: add --test {beside} to measure on them",)
    rows = table.rows
    if settings.validation:
        table, validation_table, classes = _hold_out(table, classes, settings.validation, settings.seed)
    encoding = Encoding.fit(table, name, task=task, missing=missing, drop=drop)
    encoding = encoding if scale == "standard" else encoding.unscaled()
    notes = [*left_out, *encoding.notes]
    network, chosen = build_network(encoding, layers, activation, loss, dropout)
    settings = replace(settings, loss=chosen)
    _check_class_weight(encoding, settings)
    check_memory(network, settings, rows)
    model = Model(network, {}, settings, encoding=encoding)
    data = model.encode(table)
    held_out = None
    if validation_table is not None:
        notes += encoding.unknown_categories(validation_table)
        held_out = model.encode(validation_table)
    test_data = None
    if test_table is not None:
        if missing == "drop":
            test_table = test_table.take(encoding.complete_rows(test_table))
        notes += encoding.notes_on(test_table)
        test_data = model.encode(test_table, match_labels=True)
    return Prepared(model, data, held_out, test_data, tuple(notes))


def train_table(
    source: Any,
    target: str | int | None = None,
    *,
    callbacks: Sequence[Callback] = (),
    keeper: Keeper | None = None,
    resume: bool = False,
    engine: str = "auto",
    **how: Any,
) -> TableRun:
    """Train a network on a table.

    source: a file (CSV, TSV, JSON lines, Parquet, idx), the name of an embedded set, a pandas, polars or
        Arrow table, an array, or a `Table`; sql=… asks a file a query first
    target: the column to predict, by name or number (−1 the last); embedded sets know theirs
    task: auto, classify or regress.  layers: units of the hidden layers.  activation: theirs, one or one each
    loss: by default crossentropy for classes (binary for two) and mse for numbers
    missing: error, drop, mean or mode.  drop: columns to leave out
    scale: "standard" (numbers less their mean, over their deviation) or "none" (as they are)
    test: a file, a table or a fraction held out before anything is fitted; sql=… asks a test file, too
    how: also the fields of `Settings` (epochs, batch, rule, rate, validation, patience, l2, seed, …)

    Raises TableError, ConfigError, Divergence.

    >>> trained = train_table("iris", layers=[8], epochs=5, test=0.2)
    >>> trained.rows, sorted(trained.test)
    ({'train': 120, 'test': 30}, ['accuracy', 'log_loss', 'loss'])
    """
    made = prepare(source, target, **how)
    return train_made(made, callbacks=callbacks, keeper=keeper, resume=resume, engine=engine)


def train_made(
    made: Prepared,
    *,
    callbacks: Sequence[Callback] = (),
    progress: Callback | None = None,
    keeper: Keeper | None = None,
    resume: bool = False,
    engine: str = "auto",
) -> TableRun:
    """Train on a prepared table, and measure; see `train_prepared` for `progress`."""
    run = train_prepared(
        made.model.network,
        made.train,
        made.validation,
        made.model.settings,
        model=made.model,
        callbacks=callbacks,
        progress=progress,
        keeper=keeper,
        resume=resume,
        engine=engine,
    )
    model = run.model
    return TableRun(
        run,
        train=model.measures(made.train),
        validation=None if made.validation is None else model.measures(made.validation),
        test=None if made.test is None else model.measures(made.test),
        rows=made.rows,
        test_data=made.test,
        notes=made.notes + run.notes,
    )


def _usual_target(source: Any, table: Table) -> str:
    if isinstance(source, (str, os.PathLike)) and table.source in DATASETS:
        return DATASETS[table.source].target
    if table.pixels is not None:
        return "label"
    raise ConfigError(
        f"{table.source}: which column is to be predicted? name it with --target "
        f"(columns: {', '.join(table.names[:12])}{', …' if len(table.names) > 12 else ''}; -1 is the last)"
    )


def _fraction(test: Any) -> float | None:
    """The fraction of rows to hold out, where `test` is one."""
    if isinstance(test, str):
        try:
            test = float(test)
        except ValueError:
            return None
    if isinstance(test, bool) or not isinstance(test, (int, float)):
        return None
    if not 0 < test < 1:
        raise ConfigError(f"the test part is a fraction above 0 and below 1, or a file, not {test:g}")
    return float(test)


def _complete(table: Table, name: str, drop: Sequence[str]) -> tuple[Table, tuple[str, ...]]:
    """The rows without a missing value, and a sentence on how many were left out."""
    rows = complete_rows(table, name, drop)
    if len(rows) == table.rows:
        return table, ()
    if not len(rows):
        raise TableError(
            f"{table.source}: every row has a missing value, so leaving such rows out leaves none: "
            "use --missing mean or mode, or --drop the emptiest column"
        )
    return table.take(rows), (
        f"{table.rows - len(rows)} of {table.rows} rows with a missing value were left out",
    )


def _check_class_weight(encoding: Encoding, settings: Settings) -> None:
    target, given = encoding.target, settings.class_weight
    if given is None:
        return
    if not isinstance(target, ClassTarget):
        raise ConfigError(
            f'class weights need a target of classes, and "{target.name}" is a number: leave them out'
        )
    if not isinstance(given, str) and len(given) != len(target.classes):
        raise ConfigError(
            f"{len(target.classes)} classes need {len(target.classes)} class weights, not {len(given)}"
        )


def _check_other_rows(source: Any, test: Any, table: Table) -> None:
    """Raise ConfigError where the test rows would be the training rows."""
    named = isinstance(source, (str, os.PathLike)) and isinstance(test, (str, os.PathLike))
    if test is source or (named and os.path.realpath(test) == os.path.realpath(source)):
        raise ConfigError(
            f"{table.source}: the test rows would be the training rows: give another file, "
            "or a fraction to hold out, such as 0.2"
        )


def _hold_out(
    table: Table, classes: Array | None, fraction: float, seed: int
) -> tuple[Table, Table, Array | None]:
    """The rows that stay, those held out (by class where there are classes), and the classes that stay."""
    if classes is None:
        rows, held = hold_out(table.rows, fraction, seed)
        return table.take(rows), table.take(held), None
    rows, held = hold_out(classes, fraction, seed, stratify=True)
    return table.take(rows), table.take(held), classes[rows]


def _class_of_each_row(table: Table, name: str, task: Task) -> Array | None:
    fitted = fit_target(table, name, task)[0]
    return fitted.read(table, name, "error")[0] if isinstance(fitted, ClassTarget) else None
