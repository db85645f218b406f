"""The target column: classes by their labels as written, or a standardised number; there and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import ConfigError, InvalidInput, ModelFileError, TableError
from chainrule.learning.fields import Fields
from chainrule.learning.tables import Table
from chainrule.learning.values import TRUTH, absent, first, standard, standardised, written_out

__all__ = ["ClassTarget", "NumberTarget", "Target", "Task", "UnseenLabels", "fit_target"]

Task = Literal["auto", "classify", "regress"]
UnseenLabels = Literal["error", "match"]
MOST_WHOLE_VALUES = 20  # an integer target of more different values is a number, not classes
MOST_UNQUESTIONED = 50
LARGEST_WHOLE = 2.0**53


@dataclass(frozen=True)
class ClassTarget:
    """A target of K classes, by their labels as written; of two classes the second is the positive one.

    >>> target = ClassTarget("paid", ("no", "yes"))
    >>> target.labels([0, 1, 1]).tolist()
    ['no', 'yes', 'yes']
    """

    name: str
    classes: tuple[str, ...]

    @property
    def outputs(self) -> int:
        """How many outputs a network needs: one for two classes, else one a class."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    def read(
        self, table: Table, name: str, unseen_labels: UnseenLabels = "error"
    ) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """The class of each row (N,), and one sentence for each label that was matched to another spelling.

        A whole number is its class however it is written ("5.0" is "5"). A label that training never saw is a
        TableError that names it and its first row; with "match" it is taken for the one class that differs
        from it only by full stops and spaces at its ends or by case.
        """
        texts = table.texts(name)
        gone = absent(texts)
        if gone.any():
            raise no_target(table, name, first(gone))
        counts = Counter(texts.tolist())
        number = {label: k for k, label in enumerate(self.classes)}
        notes = []
        for label in [label for label in counts if label not in number]:
            near = self._near(label)
            if (whole := _whole(label)) in number:
                number[label] = number[whole]
            elif near is not None and label.casefold() in TRUTH:
                number[label] = number[near]
            elif near is not None and unseen_labels == "match":
                number[label] = number[near]
                notes.append(
                    f'{table.source}: the label "{label}" is read as "{near}", as training spelled it '
                    f"({counts[label]} row{'' if counts[label] == 1 else 's'})"
                )
            else:
                raise self._unseen(table, name, label, near)
        return np.fromiter((number[text] for text in texts), dtype=np.int64, count=len(texts)), tuple(notes)

    def _near(self, label: str) -> str | None:
        near = [known for known in self.classes if _folded(known) == _folded(label)]
        return near[0] if len(near) == 1 else None

    def _unseen(self, table: Table, name: str, label: str, near: str | None) -> TableError:
        row = int(np.argmax(table.texts(name) == label))
        some = ", ".join(f'"{known}"' for known in self.classes[:5]) + (
            ", …" if len(self.classes) > 5 else ""
        )
        hint = (
            f'training saw "{near}": spell it so'
            if near is not None
            else f"training saw {some}: correct the label"
        )
        return TableError(
            f'{table.source}: the label "{label}" in column "{name}", {table.place(row)}, is not a class '
            "of the "
            f"model; {hint}, or leave such rows out"
        )

    def labels(self, indices: ArrayLike) -> NDArray[np.object_]:
        """The labels (N,) of class indices (N,)."""
        return np.asarray(np.array(self.classes, dtype=object)[np.asarray(indices)])

    def describe(self) -> str:
        some = ", ".join(self.classes[:10]) + (", …" if len(self.classes) > 10 else "")
        return f"{self.name}: {len(self.classes)} classes ({some})"

    def to_json(self) -> dict[str, object]:
        return {"target": "classes", "name": self.name, "classes": list(self.classes)}


@dataclass(frozen=True)
class NumberTarget:
    """A target to be predicted as a number, standardised for training: (v − mean)/scale.

    >>> NumberTarget("price", mean=10.0, scale=2.0).original([-1.0, 0.5]).tolist()
    [8.0, 11.0]
    """

    name: str
    mean: float
    scale: float

    @property
    def outputs(self) -> int:
        """One."""
        return 1

    def read(
        self, table: Table, name: str, unseen_labels: UnseenLabels = "error"
    ) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """The standardised target of each row (N,), and no notes."""
        values = table.numbers(name)
        gone = np.isnan(values)
        if gone.any():
            raise no_target(table, name, first(gone))
        return standardised(values, self.mean, self.scale, values.dtype, table, name), ()

    def original(self, y: ArrayLike) -> NDArray[np.float64]:
        """Standardised values (N,) in the units of the table."""
        return np.asarray(y, dtype=np.float64) * self.scale + self.mean

    def describe(self) -> str:
        return f"{self.name}: number, {written_out(self.mean, self.scale)}"

    def to_json(self) -> dict[str, object]:
        return {"target": "number", "name": self.name, "mean": self.mean, "scale": self.scale}


Target = ClassTarget | NumberTarget


def target_from_json(data: object) -> Target:
    """The target that `to_json` wrote; ModelFileError on anything else."""
    if isinstance(data, dict) and data.get("target") == "classes":
        fields = Fields.of(data, "the target", ("target", "name", "classes"))
        return ClassTarget(fields.text("name"), fields.texts("classes", least=2))
    if isinstance(data, dict) and data.get("target") == "number":
        fields = Fields.of(data, "the target", ("target", "name", "mean", "scale"))
        return NumberTarget(fields.text("name"), fields.number("mean"), fields.positive("scale"))
    raise ModelFileError("the model's encoding is broken: its target is neither classes nor a number")


def no_target(table: Table, name: str, row: int) -> TableError:
    """The error for a row without a target."""
    return TableError(
        f'{table.source}: the target column "{name}" has no value in {table.place(row)}: fill it in, or '
        "leave out "
        "such rows with --missing drop"
    )


def fit_target(table: Table, name: str, task: Task = "auto") -> tuple[Target, tuple[str, ...]]:
    """The target that a column is, and a sentence where that was decided for the user.

    `auto`: text and booleans are classes; whole numbers of at most 20 different values too, which it says;
    other numbers are numbers.
    """
    if task not in ("auto", "classify", "regress"):
        raise ConfigError(f'the task must be auto, classify or regress, and is "{task}"')
    kind = table.kind(name)
    if kind == "date":
        raise TableError(
            f'{table.source}: the target column "{name}" holds dates: turn it into numbers, or name '
            "another target"
        )
    if kind == "empty":
        raise TableError(
            f'{table.source}: the target column "{name}" has no value in any row: name another target'
        )
    if kind == "number":
        return _fit_numeric(table, name, task)
    texts = table.texts(name)
    gone = absent(texts)
    if gone.any():
        raise no_target(table, name, first(gone))
    if task == "regress":
        raise TableError(
            f'{table.source}: the target column "{name}" holds text ("{texts[0]}" in {table.place(0)}), and '
            "--task regress needs numbers: use --task classify, or name another target"
        )
    labels = Counter(texts.tolist())
    classes = sorted(_one_spelling(labels) if kind == "boolean" else labels)
    if len(classes) > MOST_UNQUESTIONED and 2 * len(classes) > len(texts):
        raise TableError(
            f'{table.source}: the target column "{name}" has {len(classes)} different texts in '
            f"{len(texts)} rows and "
            "looks like an identifier: name another target"
        )
    return _classes(table, name, classes), ()


def _one_spelling(labels: Counter[str]) -> set[str]:
    """The commonest spelling of each label: "True" and "true" are one."""
    return {
        max((other for other in labels if _folded(other) == _folded(label)), key=labels.__getitem__)
        for label in labels
    }


def _fit_numeric(table: Table, name: str, task: Task) -> tuple[Target, tuple[str, ...]]:
    values = table.numbers(name)
    gone = np.isnan(values)
    if gone.any():
        raise no_target(table, name, first(gone))
    broken = (values != np.floor(values)) | (np.abs(values) > LARGEST_WHOLE)
    distinct = np.unique(values)
    if task == "classify" and broken.any():
        row = first(broken)
        raise TableError(
            f'{table.source}: the target column "{name}" holds {values[row]:g} in {table.place(row)}, '
            "which is no "
            "class: use --task regress, or turn the column into whole numbers or text"
        )
    if task == "classify" or (task == "auto" and not broken.any() and len(distinct) <= MOST_WHOLE_VALUES):
        target = _classes(table, name, [str(int(value)) for value in distinct])
        note = (
            f'the target "{name}" has {len(distinct)} whole-number values: treated as classes '
            "(use --task regress for numbers)"
        )
        return target, (note,) if task == "auto" else ()
    if len(distinct) == 1:
        raise TableError(
            f'{table.source}: the target column "{name}" is {distinct[0]:g} in every row, so there is '
            "nothing to "
            "learn: name another target or give rows that differ"
        )
    return NumberTarget(name, *standard(values, table, name)), ()


def _classes(table: Table, name: str, classes: Iterable[str]) -> ClassTarget:
    target = ClassTarget(name, tuple(classes))
    if len(target.classes) == 1:
        raise TableError(
            f'{table.source}: the target column "{name}" has one class only, "{target.classes[0]}": give '
            "rows of at "
            "least two classes, or name another target"
        )
    return target


def original_of(target: Target, y: ArrayLike) -> NDArray[np.float64]:
    """Predictions in the units of the table; InvalidInput where the target is classes."""
    if isinstance(target, ClassTarget):
        raise InvalidInput(
            f'the target "{target.name}" is classes, which have labels and no units: use labels'
        )
    return target.original(y)


def labels_of(target: Target, indices: ArrayLike) -> NDArray[np.object_]:
    """The labels of class indices; InvalidInput where the target is a number."""
    if isinstance(target, NumberTarget):
        raise InvalidInput(f'the target "{target.name}" is a number, which has no labels: use original')
    return target.labels(indices)


def _whole(label: str) -> str | None:
    """A whole number as its class is written: "5" for "5.0" and "+5"; None for anything else."""
    try:
        value = float(label)
    except ValueError:
        return None
    return str(int(value)) if value.is_integer() and abs(value) <= LARGEST_WHOLE else None


def _folded(label: str) -> str:
    return label.strip(" .").casefold()
