"""Formulas as trees: traced from ordinary Python functions, interned, evaluated, substituted.

A definition such as ``lambda z: 1 / (1 + exp(-z))`` is called once with a `Symbol` and yields a tree.
Nodes are interned, so a shared sub-expression is one object: computed once, shown once.

>>> from chainrule.formulas.vocabulary import exp
>>> tree = trace(lambda z: 1 / (1 + exp(-z)))
>>> tree
1 / (1 + exp(-z))
>>> evaluate(tree, {"z": 0.0})
0.5
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral, Real
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from chainrule.errors import InvalidInput, ShapeMismatch

Shape = tuple[int | str, ...]


@dataclass(frozen=True, eq=False)
class Primitive:
    """One row of the vocabulary: an operation with every spelling of it.

    meaning: what it computes on plain Python numbers; for an array primitive, its entry (i, j)
    shape:   the result's shape from the arguments' shapes, sizes being numbers or letters
    decimal: its spelling on `decimal.Decimal`, like `numpy` and `torch` the *name* of a function; empty
             where the meaning serves decimals too
    binding: how tightly its written form binds; a looser argument is put in brackets
    """

    name: str
    meaning: Callable[..., Any]
    shape: Callable[..., Shape]
    numpy: str
    torch: str
    decimal: str
    compiled: str
    text: str
    latex: str
    mathml: str
    binding: int
    elementwise: bool

    def __call__(self, *arguments: Any) -> Any:
        """A tree if any argument is one; otherwise the plain value."""
        if any(isinstance(argument, Expression) for argument in arguments):
            return Apply.of(self, *map(as_expression, arguments))
        return self.meaning(*arguments)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


PRIMITIVES: dict[str, Primitive] = {}


class Expression:
    """A node of a formula. Arithmetic on nodes makes new nodes; they cannot be tested for truth."""

    __slots__ = ("__weakref__",)

    def __bool__(self) -> bool:
        raise InvalidInput(
            f"a formula has no truth value: {self!r} was used in an `if`, `and`, `or` or `not`; "
            "use where(condition, a, b) from chainrule.formulas.vocabulary"
        )

    def __repr__(self) -> str:
        from chainrule.formulas.writing import text

        return text(self)

    def __add__(self, other: Any) -> Expression:
        return _apply("add", self, other)

    def __radd__(self, other: Any) -> Expression:
        return _apply("add", other, self)

    def __sub__(self, other: Any) -> Expression:
        return _apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Expression:
        return _apply("subtract", other, self)

    def __mul__(self, other: Any) -> Expression:
        return _apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Expression:
        return _apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Expression:
        return _apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Expression:
        return _apply("divide", other, self)

    def __matmul__(self, other: Any) -> Expression:
        return _apply("matmul", self, other)

    def __neg__(self) -> Expression:
        return _apply("negative", self)

    def __pow__(self, exponent: Any) -> Expression:
        return _apply("square", self) if exponent == 2 else _apply("power", self, exponent)

    def __rpow__(self, base: Any) -> Expression:
        return _apply("power", base, self)

    def __gt__(self, other: Any) -> Expression:
        return _apply("greater", self, other)

    def __ge__(self, other: Any) -> Expression:
        return _apply("greater_equal", self, other)

    def __lt__(self, other: Any) -> Expression:
        return _apply("less", self, other)

    def __le__(self, other: Any) -> Expression:
        return _apply("less_equal", self, other)

    @property
    def T(self) -> Expression:
        return _apply("transpose", self)


class Symbol(Expression):
    """A named quantity."""

    __slots__ = ("name",)
    name: str
    _interned: ClassVar[WeakValueDictionary[str, Symbol]] = WeakValueDictionary()

    def __new__(cls, name: str) -> Symbol:
        known = cls._interned.get(name)
        if known is not None:
            return known
        node = super().__new__(cls)
        node.name = name
        return cls._interned.setdefault(name, node)

    def __reduce__(self) -> tuple[Any, ...]:
        return Symbol, (self.name,)


class Constant(Expression):
    """A number written in a definition."""

    __slots__ = ("value",)
    value: float
    _interned: ClassVar[WeakValueDictionary[str, Constant]] = WeakValueDictionary()

    def __new__(cls, value: float) -> Constant:
        # NumPy's numbers would be written as np.float64(0.1).
        value = int(value) if isinstance(value, int) else float(value)
        key = repr(value)
        known = cls._interned.get(key)
        if known is not None:
            return known
        node = super().__new__(cls)
        node.value = value
        return cls._interned.setdefault(key, node)

    def __reduce__(self) -> tuple[Any, ...]:
        return Constant, (self.value,)


class Apply(Expression):
    """A primitive applied to arguments."""

    __slots__ = ("arguments", "below", "primitive")
    primitive: Primitive
    arguments: tuple[Expression, ...]
    # The nodes below this one, in the order of `walk`, once it has been walked.
    below: tuple[Expression, ...] | None
    _interned: ClassVar[WeakValueDictionary[tuple[Any, ...], Apply]] = WeakValueDictionary()

    @classmethod
    def of(cls, primitive: Primitive, *arguments: Expression) -> Apply:
        key = (primitive.name, *arguments)
        known = cls._interned.get(key)
        if known is not None:
            return known
        node = cls.__new__(cls)
        node.primitive = primitive
        node.arguments = arguments
        node.below = None
        return cls._interned.setdefault(key, node)

    def __reduce__(self) -> tuple[Any, ...]:
        return _apply, (self.primitive.name, *self.arguments)


def _apply(name: str, *arguments: Any) -> Expression:
    return Apply.of(PRIMITIVES[name], *map(as_expression, arguments))


def as_expression(value: Any) -> Expression:
    """A number as a `Constant`; a tree as it is."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, Real) and not isinstance(value, bool):
        return Constant(int(value) if isinstance(value, Integral) else float(value))
    raise InvalidInput(
        f"a formula is made of numbers, symbols and the vocabulary's primitives, not of {value!r}: "
        "use the functions of chainrule.formulas.vocabulary in place of those of math or numpy"
    )


def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a definition's arguments, in order."""
    if not callable(function):
        raise InvalidInput(
            f"a formula is given as a function, such as lambda z: 1 / (1 + exp(-z)), not {function!r}"
        )
    return tuple(inspect.signature(function).parameters)


def trace(function: Callable[..., Any]) -> Expression:
    """The tree of a definition, its arguments being symbols of their own names."""
    symbols = map(Symbol, parameters_of(function))
    try:
        traced = function(*symbols)
    except (TypeError, AttributeError) as error:
        raise InvalidInput(
            f"a formula could not be traced: {error}: use exp, tanh, where, … of chainrule.formulas.vocabulary, "
            "not those of math or numpy"
        ) from error
    return as_expression(traced)


def walk(node: Expression) -> tuple[Expression, ...]:
    """Every distinct node below and including this one, arguments first."""
    if not isinstance(node, Apply):
        return (node,)
    if node.below is None:
        # Without the node itself, which would then hold itself for ever.
        node.below = _below(node)
    return (*node.below, node)


def _below(node: Expression) -> tuple[Expression, ...]:
    found: list[Expression] = []
    seen: set[Expression] = set()
    # A stack, since the gradient's length in a deep network is a sum deeper than Python recurses.
    waiting = [(node, False)]
    while waiting:
        at, done = waiting.pop()
        if done:
            found.append(at)
        elif at not in seen:
            seen.add(at)
            waiting.append((at, True))
            if isinstance(at, Apply):
                waiting.extend((argument, False) for argument in reversed(at.arguments))
    return tuple(found[:-1])


def symbols_in(node: Expression) -> tuple[str, ...]:
    """The names of the symbols of a tree, in order of first appearance."""
    return tuple(at.name for at in walk(node) if isinstance(at, Symbol))


def fold(
    node: Expression,
    symbol: Callable[[Symbol], Any],
    constant: Callable[[Constant], Any],
    apply: Callable[..., Any],
) -> Any:
    """Reduce a tree from its leaves up, each distinct node once."""
    done: dict[Expression, Any] = {}
    for at in walk(node):
        if isinstance(at, Symbol):
            done[at] = symbol(at)
        elif isinstance(at, Constant):
            done[at] = constant(at)
        elif isinstance(at, Apply):
            done[at] = apply(at.primitive, *(done[argument] for argument in at.arguments))
    return done[node]


def substitute(node: Expression, values: Mapping[str, Expression]) -> Expression:
    """The same tree with some symbols replaced by other trees."""
    replaced = fold(node, lambda s: values.get(s.name, s), lambda c: c, lambda p, *a: Apply.of(p, *a))
    assert isinstance(replaced, Expression)
    return replaced


def evaluate(node: Expression, values: Mapping[str, Any]) -> Any:
    """The value of a scalar tree by the plain-Python meaning of its primitives (float64)."""

    def look_up(symbol: Symbol) -> Any:
        if symbol.name not in values:
            raise InvalidInput(f'the formula {node!r} needs a value for "{symbol.name}": give one')
        return values[symbol.name]

    return fold(node, look_up, lambda c: c.value, lambda p, *arguments: p.meaning(*arguments))


def shape_of(node: Expression, shapes: Mapping[str, Shape]) -> Shape:
    """The shape of a tree, each size a number or a letter.

    >>> from chainrule.formulas.vocabulary import matmul
    >>> shape_of(trace(lambda x, W, b: matmul(x, W) + b), {"x": ("B", "I"), "W": ("I", "O"), "b": ("O",)})
    ('B', 'O')
    """
    return _shape_of(node, tuple((name, shapes[name]) for name in symbols_in(node)))


@lru_cache(maxsize=1024)
def _shape_of(node: Expression, symbols: tuple[tuple[str, Shape], ...]) -> Shape:
    shapes = dict(symbols)
    shape = fold(node, lambda s: shapes[s.name], lambda _: (), lambda p, *arguments: p.shape(*arguments))
    assert isinstance(shape, tuple)
    return shape


def broadcast(*shapes: Shape) -> Shape:
    """The common shape of entry-by-entry operands: aligned on the right, 1 stretches (as in NumPy)."""
    result: list[int | str] = []
    for place in range(1, max((len(shape) for shape in shapes), default=0) + 1):
        sizes = {shape[-place] for shape in shapes if len(shape) >= place} - {1}
        if len(sizes) > 1:
            raise ShapeMismatch(f"shapes {' and '.join(map(str, shapes))} do not fit entry by entry")
        result.append(sizes.pop() if sizes else 1)
    return tuple(reversed(result))
