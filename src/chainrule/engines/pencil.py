"""The pencil engine: scalar lines calculated in decimals, as a person does on paper.

A formula's value is computed with `decimal`, a constant such as 0.1 being one tenth, and then rounded as
the line's `Rounding` says, correct to the last digit printed. Later lines are given the printed values,
so that every printed line multiplies out as printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, getcontext, setcontext
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from chainrule.engines.decimals import context_of
from chainrule.engines.rounding import Rounding
from chainrule.errors import InvalidInput
from chainrule.formulas.expression import Apply, Constant, Expression, Primitive, Symbol, walk

FULL = 50  # digits of an exact value
# Each is tried only where the digits of the two before do not settle what is printed. The last two lie
# close together: what has no digit in common at both is the trace of a difference that is 0.
PRECISIONS = (16, 28, FULL, 100, 200, 400, 1000, 1100)
LEAST_CERTAIN = 20  # significant digits of an exact value that are made sure of, however few are shown
CERTAIN_ZERO = 100  # digits to which a difference must vanish to be printed as 0 decimals
LAST_DIGITS = 4  # how many powers of ten of its last digit a result may be off
_WIDE = Context(prec=2 * PRECISIONS[-1], Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])

Values = Mapping[str, Decimal]
Operation = Callable[..., Any]


@cache
def decimal_spelling(primitive: Primitive) -> Operation:
    """The function on decimals of a primitive; its plain-Python meaning where that serves."""
    if not primitive.elementwise:
        raise InvalidInput(
            f"{primitive.name} works on whole matrices, and the pencil engine on single numbers: "
            "write it out entry by entry first"
        )
    if not primitive.decimal:
        return primitive.meaning
    module, _, attribute = primitive.decimal.partition(":")
    found: Operation | None = getattr(import_module(module), attribute, None)
    if found is None:
        raise InvalidInput(
            f'the primitive "{primitive.name}" has no spelling on decimals ({primitive.decimal}): write one, '
            'or make its row with decimal="" if its plain-Python meaning serves decimals too'
        )
    return found


class _Program:
    """A tree as a list of operations on numbered places: symbols first, then constants, then results."""

    __slots__ = ("constants", "names", "steps", "tree")

    def __init__(self, tree: Expression) -> None:
        nodes = list(walk(tree))
        symbols = [node for node in nodes if isinstance(node, Symbol)]
        constants = [node for node in nodes if isinstance(node, Constant)]
        applied = [node for node in nodes if isinstance(node, Apply)]
        place = {node: number for number, node in enumerate((*symbols, *constants, *applied))}
        self.tree = tree
        self.names = [node.name for node in symbols]
        self.constants = [Decimal(repr(node.value)) for node in constants]
        self.steps = [
            (decimal_spelling(node.primitive), [place[argument] for argument in node.arguments])
            for node in applied
        ]

    def run(self, values: Values) -> Decimal:
        """The value in the current context."""
        try:
            places: list[Any] = [values[name] for name in self.names]
        except KeyError as error:
            raise InvalidInput(
                f'the formula {self.tree!r} needs a value for "{error.args[0]}": give one'
            ) from None
        places += self.constants
        for function, arguments in self.steps:
            places.append(function(*[places[argument] for argument in arguments]))
        result = places[-1]
        # A bare symbol or a comparison.
        return result if type(result) is Decimal else Decimal(result)


# Lines of one network come again and again with other numbers; the bound keeps a long run small.
_compiled = lru_cache(maxsize=4096)(_Program)


def evaluate_decimal(tree: Expression, values: Values, precision: int = FULL) -> Decimal:
    """The value of a scalar tree, each operation carried out to `precision` significant digits.

    Infinities and not-a-number are results, as in IEEE 754. Raises InvalidInput for a missing value and
    for a primitive that works on whole matrices.

    >>> from chainrule.formulas.activations import ACTIVATIONS
    >>> evaluate_decimal(ACTIVATIONS["sigmoid"].definition.tree, {"z": Decimal("0.87")}, 20)
    Decimal('0.70474569799809104858')
    """
    return _at(precision, _compiled(tree), values)[0]


def printed(tree: Expression, values: Values, rounding: Rounding) -> Decimal:
    """The value of a scalar tree rounded as a line is, correct to the last digit printed.

    The precision grows until the digits printed cannot change, to 1100 digits at most. A value that still
    lies on a boundary then (an exact tie reached by endless digits, such as 1/3 · 3 truncated) is taken to
    be the boundary. Under "exact" the value has 50 digits.

    >>> from chainrule.formulas.expression import trace
    >>> printed(trace(lambda x, w: x * w), {"x": Decimal("0.5"), "w": Decimal("0.35")}, Rounding("round", 2))
    Decimal('0.18')
    """
    program = _compiled(tree)
    exact = rounding.kind == "exact"
    shown = Rounding("significant", max(rounding.digits, LEAST_CERTAIN)) if exact else rounding
    precisions = PRECISIONS[1:] if exact else PRECISIONS
    value, inexact = _at(precisions[0], program, values)
    if inexact:
        value = _converged(program, values, shown, value, precisions[1:])
    return context_of(FULL).plus(value) if exact else rounding.apply(value)


def _converged(
    program: _Program, values: Values, shown: Rounding, value: Decimal, precisions: tuple[int, ...]
) -> Decimal:
    """The value to as many digits as it takes to be sure of those shown."""
    rough = value
    for precision in precisions:
        rough = value
        value, inexact = _at(precision, program, values)
        if not inexact or _settled(rough, value, precision, shown):
            return value
    if not value.is_finite():
        return value
    if _WIDE.subtract(value, rough).copy_abs() >= value.copy_abs():
        return Decimal(0)
    return Context(prec=precisions[-1] // 2, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[]).plus(value)


def _at(precision: int, program: _Program, values: Values) -> tuple[Decimal, bool]:
    """The value to that precision, and whether anything was lost on the way."""
    before, context = getcontext(), context_of(precision)
    context.clear_flags()
    setcontext(context)
    try:
        return program.run(values), context.flags[Inexact]
    finally:
        setcontext(before)


def _settled(rough: Decimal, value: Decimal, precision: int, shown: Rounding) -> bool:
    """Whether what is printed is the same throughout the range in which the true value lies.

    The change from the precision before bounds the error; so do the last digits, where the two agree.
    """
    if not (value.is_finite() and rough.is_finite()):
        return value.is_nan() == rough.is_nan() and (value.is_nan() or value == rough)
    if not value:
        return not rough and shown.kind != "significant" and precision >= CERTAIN_ZERO
    difference = _WIDE.subtract(value, rough).copy_abs()
    error = max(difference, value.copy_abs().scaleb(LAST_DIGITS - precision, _WIDE))
    return shown.apply(_WIDE.subtract(value, error)) == shown.apply(_WIDE.add(value, error))
