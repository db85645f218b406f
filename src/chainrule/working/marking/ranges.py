"""Ranges of activations as people write them, compared with the catalogue's: "(0, +∞)", "[-1, 1]", "ℝ".

The catalogue has the bounds. Whether one is reached or only approached is found out from the function itself,
with more digits than float64 has: there the sigmoid of 40 would be 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from chainrule.engines.pencil import evaluate_decimal
from chainrule.engines.rounding import read_number
from chainrule.errors import ConfigError, InvalidInput
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.expression import Constant, Expression, substitute
from chainrule.working.marking.answers import Candidate, Marked
from chainrule.working.marking.claims import Claim, told, wrong

__all__ = ["Range", "activation_called", "mark_range", "range_of", "read_range"]

FAR = 24  # an exponential is 1e-11 there, far above what the digits carried hide
STEPS = 240
PRECISION = 80
SAME = 1e-6
FEW = 3
NAMED = 3


@dataclass(frozen=True)
class Range:
    """An interval and which of its ends belong to it; or, where it has `values`, these numbers alone."""

    low: float
    high: float
    closed: tuple[bool, bool] = (False, False)
    values: tuple[float, ...] = ()

    @property
    def written(self) -> str:
        """As it is written: [0, +∞)."""
        if self.values:
            return "{" + ", ".join(map(_number, self.values)) + "}"
        left, right = "(["[self.closed[0]], ")]"[self.closed[1]]
        return f"{left}{_number(self.low)}, {_number(self.high)}{right}"

    def same_bounds(self, other: Range) -> bool:
        """Whether the ends are the same, belonging to it or not."""
        return _same(self.low, other.low) and _same(self.high, other.high)


def activation_called(name: str) -> Activation:
    """The activation that a person means: ReLU, σ, "leaky ReLU", elu(alpha=2). Raises UnknownName."""
    plain = name.strip().rstrip("′'")
    plain = "sigmoid" if plain.lower() in ("σ", "sigma") else plain.replace(" ", "_").replace("-", "_")
    plain = re.sub(r"^[^(]*", lambda found: found[0].lower(), plain)
    plain = re.sub(r"\([a-zα-ω]\)$", "", plain)  # σ(z) is σ
    return ACTIVATIONS.find("sigmoid" if plain in ("σ", "sigma") else plain)


@cache
def range_of(function: Activation) -> Range:
    """Every value that an activation takes, and no other.

    >>> range_of(ACTIVATIONS["relu"]).written, range_of(ACTIVATIONS["sigmoid"]).written
    ('[0, +∞)', '(0, 1)')
    >>> range_of(ACTIVATIONS["step"]).written
    '{0, 1}'
    """
    bound: dict[str, Expression] = {name: Constant(value) for name, value in function.parameters.items()}
    low, high = function.range
    if not function.elementwise:  # softmax: each entry is positive and leaves something to the others
        return Range(low, high)
    tree = substitute(function.definition.tree, bound)
    points = [Decimal(FAR * place) / STEPS for place in range(-STEPS, STEPS + 1)]
    values = [evaluate_decimal(tree, {"z": z}, PRECISION) for z in points]
    if len(set(values)) <= FEW:
        return Range(low, high, (True, True), tuple(sorted(map(float, set(values)))))
    return Range(low, high, (_reached(values, low, min), _reached(values, high, max)))


def _reached(values: list[Decimal], bound: float, extreme: Callable[..., int]) -> bool:
    """Whether an end is a value of the function, not only a limit of values."""
    if math.isinf(bound):
        return False
    best = extreme(range(len(values)), key=values.__getitem__)
    if best in (0, len(values) - 1):  # flat far out, or nearer and nearer
        return values[best] == Decimal(repr(bound)) or values[best] == Decimal(bound)
    # A turning point within: the grid lies beside it.
    return abs(float(values[best]) - bound) <= 0.01 * max(1.0, abs(bound))


def read_range(written: str) -> Range:
    """A range as people write it: (0, 1), [0, +∞), ]0, 1[, {0, 1}, ≥ 0, 0 < a < 1, ℝ.

    >>> read_range("[0; inf)") == Range(0.0, math.inf, (True, False))
    True

    Raises InvalidInput for anything else.
    """
    text = re.sub(r"\\(left|right|,|;)", "", written).replace("\\infty", "∞").replace("$", "").strip()
    text = re.sub(r"^[\w()σ ]*?∈\s*", "", text)
    if text.lower() in ("ℝ", "r", "all real numbers", "any number", "\\mathbb{r}"):
        return Range(-math.inf, math.inf)
    if found := re.fullmatch(r"\{(.+)\}", text):
        values = tuple(sorted(_end(part) for part in re.split(r"[,;]", found[1])))
        if not all(map(math.isfinite, values)):
            raise InvalidInput(f'"{written}" is no range: write it as (0, 1), [0, +∞), {{0, 1}} or ℝ')
        return Range(values[0], values[-1], (True, True), values)
    if found := re.fullmatch(r"(?:[a-zŷ]\s*)?(>=|<=|≥|≤|>|<)\s*(.+)", text):
        end, closed = _end(found[2]), found[1] in (">=", "≥", "<=", "≤")
        above = found[1][0] in ">≥"
        return Range(end, math.inf, (closed, False)) if above else Range(-math.inf, end, (False, closed))
    if found := re.fullmatch(
        r"([^<>≤≥=]+?)\s*(<=|≤|<)\s*[a-zŷσ]\w*(?:\([a-z]\))?\s*(<=|≤|<)\s*([^<>≤≥=]+)", text
    ):
        return Range(_end(found[1]), _end(found[4]), (found[2] != "<", found[3] != "<"))
    found = re.fullmatch(r"([\[\](])\s*(.+?)\s*[,;]\s*(.+?)\s*([\[\])])", text)
    if found is None:
        raise InvalidInput(f'"{written}" is no range: write it as (0, 1), [0, +∞), {{0, 1}} or ℝ')
    low, high = _end(found[2]), _end(found[3])
    return Range(low, high, (found[1] == "[", found[4] == "]"))


def _end(written: str) -> float:
    plain = written.strip().replace("−", "-")
    if found := re.fullmatch(r"([+-]?)\s*(?:∞|inf|infinity|oo)", plain.lower()):
        return -math.inf if found[1] == "-" else math.inf
    try:
        return float(read_number(plain))
    except InvalidInput:
        raise InvalidInput(
            f'"{written}" is no end of a range: write a number, ∞ or -∞, as in [0, +∞)'
        ) from None


def mark_range(claim: Claim) -> Marked:
    """A stated range, marked by the catalogue's. Raises ConfigError with the place for what cannot be read."""
    try:
        function = activation_called(claim.subject)
        stated = read_range(claim.answer.written)
    except InvalidInput as error:
        raise ConfigError(f"{claim.answer.where}: {error}") from None
    exact = range_of(function)
    if stated.values == exact.values and stated.closed == exact.closed and stated.same_bounds(exact):
        same = (stated.low, stated.high) == (exact.low, exact.high)
        return Marked(claim.answer, exact.written, "exact" if same else "rounded")
    return wrong(claim.answer, exact.written, list(_slips(function, stated, exact)))


def _slips(function: Activation, stated: Range, exact: Range) -> list[Candidate]:
    found = []
    if stated.low > stated.high and stated.same_bounds(Range(exact.high, exact.low)):
        found.append(told("the ends exchanged: the least value comes first", "ends-exchanged"))
    if stated.same_bounds(exact) and exact.values and not stated.values:
        found.append(
            told(f"{function.name} takes the values {exact.written} only, nothing between", "values")
        )
    elif stated.same_bounds(exact):
        ends = zip((stated.low, stated.high), stated.closed, exact.closed, strict=True)
        parts = [_end_told(function, end, closed) for end, said, closed in ends if said != closed]
        found.append(told("; ".join(parts), "ends"))
    elif _same(stated.low, exact.low) or _same(stated.high, exact.high):
        which, right = ("upper", exact.high) if _same(stated.low, exact.low) else ("lower", exact.low)
        found.append(told(f"the {which} end is {_number(right)}", "end"))
    others = [
        name
        for name in ACTIVATIONS
        if ACTIVATIONS[name] is not function
        and not stated.same_bounds(exact)
        and range_of(ACTIVATIONS[name]) == stated
    ]
    if others:
        more = ", …" if len(others) > NAMED else ""
        found.append(told(f"the range of {', '.join(others[:NAMED])}{more}", "another-function"))
    return found


def _end_told(function: Activation, end: float, closed: bool) -> str:
    """Why an end belongs to a range or not."""
    if math.isinf(end):
        return f"{_number(end)} is no number that is reached: its bracket is round"
    if closed:
        return f"{_number(end)} is a value of {function.name}: its bracket is square"
    return f"{_number(end)} is only approached by {function.name}, never reached: its bracket is round"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+∞" if value > 0 else "-∞"
    return f"{value:g}"


def _same(one: float, other: float) -> bool:
    """Whether two ends are the same to the digits that people write of them."""
    if math.isinf(one) or math.isinf(other):
        return one == other
    places = 10.0 ** -max(2, min(6, _decimals(one)))
    return abs(one - other) <= max(places / 2 if other != round(other, 2) else 0.0, SAME * abs(other))


def _decimals(value: float) -> int:
    exponent = Decimal(repr(value)).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
