"""Formulas with vectors, as lectures write them, taken apart into single numbers: x · w, wᵀx + b, w_i · w̃_j."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chainrule.errors import InvalidInput
from chainrule.formulas.expression import Apply, Expression, Primitive, Symbol, fold
from chainrule.working.algebra import parse_formula
from chainrule.working.marking.subjects import Vectors

__all__ = ["parse_with_vectors"]

Entries = tuple[Expression, ...]

_MARKS = {
    r"\\(?:left|right)(?![a-z])": "",
    r"\\(?:vec|mathbf|boldsymbol|bm)\s*(?:\{\s*(\w)\s*\}|(\w))": r"\1\2",
    r"\\tilde\s*(?:\{\s*(\w)\s*\}|(\w))": "\\1\\2\u0303",
    r"\\cdot|\\times": "·",
    r"\\(log|ln|exp)": r"\1",
    r"(?:\^\{?\s*)?(?:\\top|\\intercal|⊤|ᵀ)\s*\}?": " ",
    r"\^\{?T\}?(?!\w)": " ",
    "[\u20d7]": "",
    r"_\{\s*(\w+)\s*\}": r"_\1",
    r"\bf\s*\(\s*(X\w*)\s*\)": r"f(\1)",
}
_SUM = re.compile(r"^\s*(?:\\sum|Σ|∑)\s*(?:_(?:\{[^{}]*\}|\S+))?\s*(?:\^(?:\{[^{}]*\}|\S+))?\s*")


def parse_with_vectors(
    written: str, names: Mapping[str, str], vectors: Vectors, *, of_a_sum: bool = False
) -> Expression:
    """The tree of a formula over keys, the product of two vectors being the sum of their entries' products.

    names: what the formula may call a number → its key; of_a_sum: whether a Σ in front may be left out

    >>> one = Vectors({"x": ("x1", "x2"), "w": ("w1", "w2")})
    >>> parse_with_vectors("wᵀx + b", {"b": "b"}, one)
    w1 · x1 + w2 · x2 + b

    Raises InvalidInput for what cannot be read, and for a formula that is a vector.
    """
    text = _SUM.sub("", written) if of_a_sum else written
    for pattern, plain in _MARKS.items():
        text = re.sub(pattern, plain, text)
    tree = parse_formula(text, [*names, *vectors.entries, *vectors.alone])

    def symbol(leaf: Symbol) -> Expression | Entries:
        if leaf.name in vectors.entries:
            return tuple(map(Symbol, vectors.entries[leaf.name]))
        if leaf.name in vectors.alone:
            return vectors.alone[leaf.name]
        return Symbol(names[leaf.name])

    found: Expression | Entries = fold(tree, symbol, lambda leaf: leaf, _applied)
    if isinstance(found, tuple):
        raise InvalidInput(f'"{written}" is a vector, and a number is asked for: multiply it by another one')
    return found


def _applied(primitive: Primitive, *arguments: Expression | Entries) -> Expression | Entries:
    sizes = {len(each) for each in arguments if isinstance(each, tuple)}
    if not sizes:
        return Apply.of(primitive, *arguments)  # type: ignore[arg-type]
    many = [each for each in arguments if isinstance(each, tuple)]
    if len(many) == 2:
        if len(sizes) > 1:
            raise InvalidInput("its vectors have different numbers of entries")
        pairs = zip(*many, strict=True)
        if primitive.name == "multiply":
            products = [one * other for one, other in pairs]
            total: Expression = products[0]
            for product in products[1:]:
                total = total + product
            return total
        if primitive.name in ("add", "subtract"):
            return tuple(Apply.of(primitive, one, other) for one, other in pairs)
    elif primitive.name in ("multiply", "divide", "negative"):
        return tuple(
            Apply.of(primitive, *[each[place] if isinstance(each, tuple) else each for each in arguments])
            for place in range(sizes.pop())
        )
    raise InvalidInput(f"{primitive.name} is not defined here for a vector and a number: write the entries")
