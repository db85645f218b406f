"""Reading what an encoding wrote as JSON: every key expected, every value of its type, nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chainrule.errors import ModelFileError

__all__ = ["Fields"]


@dataclass(frozen=True)
class Fields:
    """One JSON object, read strictly; `where` names it in errors, which are all ModelFileError.

    >>> Fields.of({"mean": 2.5}, "column 1", ["mean"]).number("mean")
    2.5
    """

    where: str
    values: Mapping[str, object]

    @classmethod
    def of(cls, data: object, where: str, names: Iterable[str]) -> Fields:
        """The object `data`, which must hold exactly the keys `names`."""
        wanted = set(names)
        if not isinstance(data, dict):
            raise ModelFileError(
                f"the model's encoding is broken: {where} must be an object, and is {_short(data)}"
            )
        if set(data) != wanted:
            odd = ", ".join(sorted(_short(name) for name in set(data) ^ wanted)[:5])
            raise ModelFileError(
                f"the model's encoding is broken: {where} has too many or too few entries ({odd})"
            )
        return cls(where, data)

    def number(self, name: str) -> float:
        """A finite number."""
        value = self.values[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._odd(name, "a finite number")
        try:
            number = float(value)
        except OverflowError:
            raise self._odd(name, "a finite number") from None
        if not math.isfinite(number):
            raise self._odd(name, "a finite number")
        return number

    def positive(self, name: str) -> float:
        """A finite number above 0."""
        if (number := self.number(name)) <= 0:
            raise self._odd(name, "a number above 0")
        return number

    def number_or_none(self, name: str) -> float | None:
        """A finite number, or nothing."""
        return None if self.values[name] is None else self.number(name)

    def count(self, name: str) -> int:
        """A whole number from 1."""
        value = self.values[name]
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self._odd(name, "a whole number from 1")
        return value

    def text(self, name: str) -> str:
        """A text."""
        value = self.values[name]
        if not isinstance(value, str):
            raise self._odd(name, "a text")
        return value

    def one_of(self, name: str, known: Iterable[str]) -> str:
        """One of the texts `known`."""
        if (value := self.text(name)) not in (listed := list(known)):
            raise self._odd(name, "one of " + ", ".join(listed[:5]) + (", …" if len(listed) > 5 else ""))
        return value

    def texts(self, name: str, *, least: int = 1) -> tuple[str, ...]:
        """A list of at least `least` texts, none twice."""
        value = self.values[name]
        what = f"a list of at least {least} different texts"
        if not isinstance(value, list | tuple) or not all(isinstance(entry, str) for entry in value):
            raise self._odd(name, what)
        if len(value) < least or len(set(value)) != len(value):
            raise self._odd(name, what)
        return tuple(value)

    def objects(self, name: str) -> list[object]:
        """A list of anything, with at least one entry."""
        value = self.values[name]
        if not isinstance(value, list | tuple) or not value:
            raise self._odd(name, "a list with entries")
        return list(value)

    def _odd(self, name: str, what: str) -> ModelFileError:
        value = _short(self.values[name])
        return ModelFileError(
            f'the model\'s encoding is broken: "{name}" of {self.where} must be {what}, and is {value}'
        )


def _short(value: object) -> str:
    # Only scalars are written out: a repr of a deep structure is no message, and could run out of stack.
    if value is None or isinstance(value, bool | int | float | str):
        try:
            written = repr(value)
        except ValueError:  # an integer of more digits than Python writes
            return "a huge number"
        return written if len(written) <= 40 else written[:39] + "…"
    return f"a {type(value).__name__}"
