"""Trees written as Python on PyTorch tensors, in the vocabulary's PyTorch spellings.

>>> from chainrule.formulas.expression import trace
>>> from chainrule.formulas.vocabulary import exp, row_sum
>>> print(torch_code(trace(lambda z: exp(-z) / row_sum(exp(z) + 1))))
torch.exp(-z) / torch.sum(torch.exp(z) + 1, 1, keepdim=True)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError
from chainrule.formulas.expression import Expression, Primitive, fold
from chainrule.formulas.vocabulary import CALL, COMPARISON, POWER, PRODUCT, SIGN, SUM, TORCH

_WIDTH = 100

# Python's own signs, with how tightly each binds; there, * and @ bind alike, from the left.
_SIGNS: dict[str, tuple[str, int]] = {
    "add": ("{0} + {1}", SUM),
    "subtract": ("{0} - {1:tight}", SUM),
    "multiply": ("{0} * {1:tight}", PRODUCT),
    "divide": ("{0} / {1:tight}", PRODUCT),
    "negative": ("-{0:tight}", SIGN),
    "power": ("{0:tight} ** {1:tight}", POWER),
    "matmul": ("{0} @ {1:tight}", PRODUCT),
    "transpose": ("{0:tight}.T", POWER),
    "greater": ("{0:tight} > {1:tight}", COMPARISON),
    "greater_equal": ("{0:tight} >= {1:tight}", COMPARISON),
    "less": ("{0:tight} < {1:tight}", COMPARISON),
    "less_equal": ("{0:tight} <= {1:tight}", COMPARISON),
    "equal": ("{0:tight} == {1:tight}", COMPARISON),
}
# What the vocabulary spells with a function of this package, which a script cannot import. Of two equal
# numbers, PyTorch's maximum and minimum give each half of the slope; here the second has it all.
_INLINE = {
    "column_sum": "torch.sum({0:free}, 0)",
    "row_sum": "torch.sum({0:free}, 1, keepdim=True)",
    "row_max": "torch.amax({0:free}, 1, keepdim=True)",
    "rows": "len({0:free})",
    "sign": "torch.sign({0:free})",
    "maximum": "torch.where({0:tight} > {1:tight}, {0:free}, {1:free})",
    "minimum": "torch.where({0:tight} < {1:tight}, {0:free}, {1:free})",
}


@dataclass(frozen=True)
class _Code:
    """Written code: how tightly it binds, the number it is if it is one, whether it is true or false."""

    body: str
    binding: int
    value: float | None = None
    truth: bool = False
    outer: int = 0

    def __format__(self, spec: str) -> str:
        loosest = {"": self.outer, "tight": self.outer + 1, "free": 0}[spec]
        return f"({self.body})" if self.binding < loosest else self.body


def torch_code(
    tree: Expression,
    constants: Mapping[str, float] | None = None,
    names: Mapping[str, str] | None = None,
    where: str = "the formula",
) -> str:
    """A tree as one Python expression on tensors.

    constants: symbols written as their numbers; names: symbols written otherwise ("dW1": "W1.grad")
    where:     what the formula is, for the message

    Raises ConfigError for a primitive that PyTorch has no spelling of.
    """
    values, renamed = constants or {}, names or {}

    def symbol(name: str) -> _Code:
        return _constant(values[name]) if name in values else _Code(renamed.get(name, name), CALL)

    def apply(primitive: Primitive, *arguments: _Code) -> _Code:
        return _applied(primitive, arguments, where)

    written: _Code = fold(tree, lambda s: symbol(s.name), lambda c: _constant(c.value), apply)
    return written.body


def number(value: float) -> str:
    """A number as Python reads it back, the same bits.

    >>> number(0.1), number(-math.inf)
    ('0.1', '-torch.inf')
    """
    if math.isnan(value):
        return "torch.nan"
    if math.isinf(value):
        return "torch.inf" if value > 0 else "-torch.inf"
    return repr(value)


def laid_out(before: str, value: Any, after: str) -> Iterator[str]:
    """A number or an array as nested lists, on one line where it fits, otherwise a row to a line.

    >>> print(*laid_out("W = numbers(", [[0.5, 1.0]], ")"))
    W = numbers([[0.5, 1.0]])
    """
    # Class numbers stay whole numbers.
    labels = getattr(value, "dtype", None) is not None and value.dtype.kind in "iu"
    plain = value.tolist() if hasattr(value, "tolist") else value
    line = _nested(plain, labels)
    if not isinstance(plain, list) or len(before) + len(line) + len(after) <= _WIDTH:
        yield f"{before}{line}{after}"
        return
    indent = " " * (len(before) - len(before.lstrip()))
    yield f"{before}["
    for row in plain:
        yield f"{indent}    {_nested(row, labels)},"
    yield f"{indent}]{after}"


def _nested(value: Any, labels: bool) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_nested(each, labels) for each in value)}]"
    return str(value) if labels else number(float(value))


def _constant(value: float) -> _Code:
    return _Code(number(value), SIGN if math.copysign(1, value) < 0 else CALL, value)


def _applied(primitive: Primitive, arguments: tuple[_Code, ...], where: str) -> _Code:
    values = [a.value for a in arguments if a.value is not None]
    if primitive.elementwise and len(values) == len(arguments):
        return _constant(primitive.meaning(*values))
    if primitive.name == "where":
        return _chosen(*arguments)
    # Truths are calculated with as 0 and 1, which PyTorch does not do for all signs.
    plain = [_Code(f"({a.body}).to(torch.float64)", CALL) if a.truth else a for a in arguments]
    template, binding = _SIGNS.get(primitive.name, ("", CALL))
    if not template:
        template = _INLINE.get(primitive.name, "")
    if not template:
        module, _, name = primitive.torch.partition(":")
        if module == TORCH or not module.startswith("torch"):
            raise ConfigError(
                f"PyTorch has no {primitive.name}, which {where} uses: this step cannot be a PyTorch script"
            )
        template = f"{module}.{name}({', '.join(f'{{{n}:free}}' for n in range(len(plain)))})"
    outer = COMPARISON if primitive.name in ("maximum", "minimum") else binding
    placed = [_Code(a.body, a.binding, outer=outer) for a in plain]
    return _Code(template.format(*placed), binding, truth=binding == COMPARISON)


def _chosen(condition: _Code, a: _Code, b: _Code) -> _Code:
    if condition.value is not None:
        return a if condition.value else b
    test = condition.body if condition.truth else f"{condition:tight} != 0"
    first, second = (a.body, b.body)
    if a.value is not None and b.value is not None:
        # Of two plain numbers PyTorch would make a float32.
        first, second = f"numbers({first})", f"numbers({second})"
    return _Code(f"torch.where({test}, {first}, {second})", CALL)
