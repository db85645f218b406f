"""How one input column becomes numbers: standardised, one-hot, 0 or 1, or pixels over 255.

Every code writes its features into a slice of the feature matrix, and names column and row where it cannot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError, TableError
from chainrule.learning.fields import Fields
from chainrule.learning.tables import Table
from chainrule.learning.values import (
    absent,
    fill_note,
    filled,
    first,
    leave_out,
    mean_of,
    missing_value,
    mode_of,
    no_value,
    standard,
    standardised,
    truth,
    written_out,
)

__all__ = ["BooleanCode", "CategoryCode", "ColumnCode", "Missing", "NumberCode", "PixelCode"]

Missing = Literal["error", "drop", "mean", "mode"]
MOST_UNQUESTIONED = 50  # more categories than this, in most rows a new one, are an identifier
MOST_CATEGORIES = 5000
MOST_PIXELS = 10_000_000
Features = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class NumberCode:
    """A number, standardised: (v − mean)/scale; a missing one counts as `fill`, or is an error (None).

    mean and the population standard deviation are those of the training rows; a constant column has scale 1.

    >>> NumberCode("age", 38.58, 13.64, None).describe()
    'age: number, (v − 38.58)/13.64'
    """

    name: str
    mean: float
    scale: float
    fill: float | None

    @classmethod
    def fit(cls, table: Table, name: str, missing: Missing) -> NumberCode:
        values = table.numbers(name)
        gone = np.isnan(values)
        if gone.all():
            raise no_value(table, name)
        fill = None
        if missing in ("mean", "mode"):
            fill = mean_of(values[~gone]) if missing == "mean" else mode_of(values[~gone])
            values = np.where(gone, fill, values)
        elif gone.any():
            raise missing_value(table, name, first(gone))
        mean, scale = standard(values, table, name)
        return cls(name, mean, scale, fill)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return (self.name,)

    def write(self, table: Table, found: Mapping[str, str], out: Features) -> None:
        """The features (N, 1) of this column into `out`."""
        name = found[self.name]
        values = table.numbers(name)
        values = filled(values, self.fill, table, name)
        out[:, 0] = standardised(values, self.mean, self.scale, out.dtype, table, name)

    def describe(self) -> str:
        as_what = "as it is" if (self.mean, self.scale) == (0, 1) else written_out(self.mean, self.scale)
        return f"{self.name}: number, {as_what}{fill_note(self.fill)}"

    def to_json(self) -> dict[str, object]:
        return {
            "code": "number",
            "name": self.name,
            "mean": self.mean,
            "scale": self.scale,
            "fill": self.fill,
        }

    @classmethod
    def from_json(cls, data: object, where: str) -> NumberCode:
        fields = Fields.of(data, where, ("code", "name", "mean", "scale", "fill"))
        return cls(
            fields.text("name"),
            fields.number("mean"),
            fields.positive("scale"),
            fields.number_or_none("fill"),
        )


@dataclass(frozen=True)
class CategoryCode:
    """A text, one-hot: one feature a category, "job=clerk"; a category training never saw is all zeros.

    >>> CategoryCode("job", ("clerk", "cook"), None).feature_names
    ('job=clerk', 'job=cook')
    """

    name: str
    categories: tuple[str, ...]
    fill: str | None

    @classmethod
    def fit(cls, table: Table, name: str, missing: Missing) -> CategoryCode:
        counts = Counter(table.texts(name).tolist())
        if None in counts and missing not in ("mean", "mode"):
            raise missing_value(table, name, first(absent(table.texts(name))))
        counts.pop(None, None)
        if not counts:
            raise no_value(table, name)
        categories = sorted(counts)
        if len(categories) > MOST_UNQUESTIONED and 2 * len(categories) > counts.total():
            raise TableError(
                f'{table.source}: column "{name}" has {len(categories)} different texts in '
                f"{counts.total()} rows "
                f"and looks like an identifier: {leave_out(name)} or group its values into fewer"
            )
        if len(categories) > MOST_CATEGORIES:
            raise TableError(
                f'{table.source}: column "{name}" has {len(categories)} categories, more than the '
                f"{MOST_CATEGORIES} that one-hot features are made for: {leave_out(name)} or group its values"
            )
        fill = max(categories, key=counts.__getitem__) if missing in ("mean", "mode") else None
        return cls(name, tuple(categories), fill)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(f"{self.name}={category}" for category in self.categories)

    def write(self, table: Table, found: Mapping[str, str], out: Features) -> None:
        """The features (N, categories) of this column into `out`."""
        known = self._known(table, found)
        out[:] = 0
        rows = np.flatnonzero(known >= 0)
        out[rows, known[rows]] = 1

    def unseen(self, table: Table, found: Mapping[str, str]) -> tuple[str, ...]:
        """One sentence where rows hold a category that training never saw, else nothing."""
        unknown = self._known(table, found) < 0
        if not unknown.any():
            return ()
        name, row = found[self.name], first(unknown)
        count = int(unknown.sum())
        return (
            f'{table.source}: {count} of {table.rows} rows hold a category in column "{name}" that '
            "training never "
            f'saw, first "{table.texts(name)[row]}" in {table.place(row)}: it counts as none of the known '
            "ones",
        )

    def _known(self, table: Table, found: Mapping[str, str]) -> NDArray[np.int64]:
        """The category of each row by its number, −1 where training never saw it."""
        name = found[self.name]
        texts = table.texts(name)
        texts = filled(texts, self.fill, table, name)
        number = {category: k for k, category in enumerate(self.categories)}
        known = np.fromiter((number.get(text, -1) for text in texts), dtype=np.int64, count=len(texts))
        if len(known) and (known < 0).all() and table.kind(name) == "number":
            some = ", ".join(f'"{category}"' for category in self.categories[:3])
            raise TableError(
                f'{table.source}: column "{name}" holds numbers ({texts[0]} in {table.place(0)}), but the '
                "model was "
                f"trained on text there ({some}, …): give it the column it was trained on"
            )
        return known

    def describe(self) -> str:
        plural = "category" if len(self.categories) == 1 else "categories"
        return f"{self.name}: {len(self.categories)} {plural} one-hot{fill_note(self.fill)}"

    def to_json(self) -> dict[str, object]:
        return {"code": "category", "name": self.name, "categories": list(self.categories), "fill": self.fill}

    @classmethod
    def from_json(cls, data: object, where: str) -> CategoryCode:
        fields = Fields.of(data, where, ("code", "name", "categories", "fill"))
        categories = fields.texts("categories")
        fill = None if fields.values["fill"] is None else fields.one_of("fill", categories)
        return cls(fields.text("name"), categories, fill)


@dataclass(frozen=True)
class BooleanCode:
    """True or false, as 1 or 0.

    >>> BooleanCode("paid", None).describe()
    'paid: boolean, 0 or 1'
    """

    name: str
    fill: float | None

    @classmethod
    def fit(cls, table: Table, name: str, missing: Missing) -> BooleanCode:
        values = truth(table.texts(name))
        gone = np.isnan(values)
        if gone.all():
            raise no_value(table, name)
        if missing in ("mean", "mode"):
            return cls(name, mode_of(values[~gone]))
        if gone.any():
            raise missing_value(table, name, first(gone))
        return cls(name, None)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return (self.name,)

    def write(self, table: Table, found: Mapping[str, str], out: Features) -> None:
        """The features (N, 1) of this column into `out`."""
        name = found[self.name]
        texts = table.texts(name)
        odd = np.isnan(values := truth(texts)) & ~absent(texts)
        if odd.any():
            row = first(odd)
            raise TableError(
                f'{table.source}: column "{name}" holds "{texts[row]}" in {table.place(row)}, but the '
                "model was "
                "trained on true and false there: write true or false, or 1 or 0"
            )
        out[:, 0] = filled(values, self.fill, table, name)

    def describe(self) -> str:
        return f"{self.name}: boolean, 0 or 1{fill_note(self.fill)}"

    def to_json(self) -> dict[str, object]:
        return {"code": "boolean", "name": self.name, "fill": self.fill}

    @classmethod
    def from_json(cls, data: object, where: str) -> BooleanCode:
        fields = Fields.of(data, where, ("code", "name", "fill"))
        fill = fields.number_or_none("fill")
        if fill not in (None, 0.0, 1.0):
            raise ModelFileError(
                f'the model\'s encoding is broken: "fill" of {where} must be 0, 1 or nothing'
            )
        return cls(fields.text("name"), fill)


@dataclass(frozen=True)
class PixelCode:
    """The pixels of an idx image file, each v/scale: the columns p1…pN as one block.

    >>> PixelCode(784).describe()
    'p1…p784: 784 pixels, v/255'
    """

    count: int
    scale: float = 255.0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"p{i}" for i in range(1, self.count + 1))

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self.names

    def write(self, table: Table, found: Mapping[str, str], out: Features) -> None:
        """The features (N, count) of the block into `out`."""
        pixels = table.pixels
        if pixels is not None:
            if pixels.shape[1] != self.count:
                raise TableError(
                    f"{table.source}: the images have {pixels.shape[1]} pixels, but the model was "
                    "trained on "
                    f"images of {self.count}: give it images of that size"
                )
            np.divide(pixels, out.dtype.type(self.scale), out=out)
            return
        for i, name in enumerate(self.names):
            values = table.numbers(found[name])
            values = filled(values, None, table, found[name])
            out[:, i] = standardised(values, 0.0, self.scale, out.dtype, table, found[name])

    def describe(self) -> str:
        return f"p1…p{self.count}: {self.count} pixels, v/{self.scale:g}"

    def to_json(self) -> dict[str, object]:
        return {"code": "pixels", "count": self.count, "scale": self.scale}

    @classmethod
    def from_json(cls, data: object, where: str) -> PixelCode:
        fields = Fields.of(data, where, ("code", "count", "scale"))
        if fields.count("count") > MOST_PIXELS:
            raise ModelFileError(
                f"the model's encoding is broken: {where} has more than {MOST_PIXELS} pixels"
            )
        return cls(fields.count("count"), fields.positive("scale"))


ColumnCode = NumberCode | CategoryCode | BooleanCode | PixelCode
