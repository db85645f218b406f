"""Back-propagation, stated once: reverse accumulation over the forward lines.

Each forward line hands to each of its arguments that leads to a trained parameter that argument's share of
the gradient, by the definition's own gradient formula. A symbol's gradient is the sum of its shares; it is
complete when the last of them, from the first line that uses the symbol, has been seen.

Sources: Linnainmaa 1970; Rumelhart, Hinton & Williams 1986.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from chainrule.derivation.lines import Line
from chainrule.formulas.definition import Definition
from chainrule.formulas.expression import Symbol, substitute


@dataclass(frozen=True)
class Gradient:
    """The gradient of a symbol: a definition applied to symbols of the derivation.

    through:  the forward line it goes back through; incoming: the gradient arriving there
    shares:   how many contributions it is the sum of
    """

    symbol: str
    definition: Definition
    arguments: tuple[str, ...]
    through: str
    incoming: str | None
    shares: int = 1


@dataclass(frozen=True)
class _Use:
    """A symbol as an argument of a line that can be differentiated with respect to it."""

    line: Line
    argument: str
    symbol: str


def gradients(forward: Sequence[Line], trained: Container[str], seeds: Sequence[str]) -> Iterator[Gradient]:
    """The gradients of what training makes small, in the order in which they can be computed.

    forward: the lines of the feedforward and loss phases, in order
    trained: the parameters whose gradients are wanted
    seeds:   the symbols whose sum is made small; their gradient is 1
    """
    uses = _differentiable_uses(forward, trained, seeds)
    shares: dict[str, list[Gradient]] = {}
    ends = [line for line in forward if line.symbol in seeds]
    for line in [*ends, *(line for line in reversed(forward) if line not in ends)]:
        mine = [use for use in uses if use.line is line]
        uses = [use for use in uses if use.line is not line]
        pending = {use.symbol for use in uses}
        for use in mine:
            shares.setdefault(use.symbol, []).append(_share(use))
        for use in sorted(mine, key=lambda use: use.symbol not in trained):
            if use.symbol not in pending:
                yield _summed(shares[use.symbol])


def _differentiable_uses(
    forward: Sequence[Line], trained: Container[str], seeds: Sequence[str]
) -> list[_Use]:
    """Where a symbol on a way from a trained parameter to the loss is used on such a way."""
    uses = [
        _Use(line, argument, symbol)
        for line in forward
        for argument, symbol in zip(line.definition.arguments, line.arguments, strict=True)
        if argument in line.definition.gradients
    ]
    from_parameters = set()
    for use in uses:
        if use.symbol in trained or use.symbol in from_parameters:
            from_parameters |= {use.symbol, use.line.symbol}
    to_loss = set(seeds)
    for use in reversed(uses):
        if use.line.symbol in to_loss:
            to_loss.add(use.symbol)
    return [use for use in uses if use.symbol in from_parameters and use.line.symbol in to_loss]


def _share(use: _Use) -> Gradient:
    """What one use of a symbol contributes to its gradient."""
    line, made = use.line, use.line.definition.gradients[use.argument]
    names = {"g": gradient_name(line.symbol), "a": line.symbol}
    names |= dict(zip(line.definition.arguments, line.arguments, strict=True))
    incoming = names["g"] if "g" in made.arguments else None
    return Gradient(use.symbol, made, tuple(names[a] for a in made.arguments), line.symbol, incoming)


def _summed(shares: list[Gradient]) -> Gradient:
    """All shares as one; the last, from the first line that uses the symbol, gives it its name."""
    main, *others = reversed(shares)
    if not others:
        return main
    tree, names = None, dict.fromkeys(name for share in (main, *others) for name in share.arguments)
    for share in (main, *others):
        bound = dict(zip(share.definition.arguments, map(Symbol, share.arguments), strict=True))
        term = substitute(share.definition.tree, bound)
        tree = term if tree is None else tree + term
    assert tree is not None
    title = " and ".join(share.definition.name for share in (main, *others))
    definition = Definition(title, tuple(names), tree)
    return Gradient(main.symbol, definition, tuple(names), main.through, main.incoming, len(shares))


def gradient_name(symbol: str) -> str:
    """The symbol of ∂C/∂symbol: g for an activation, d for a weighted sum, dW1 for W1.

    >>> gradient_name("a2"), gradient_name("z2"), gradient_name("W2")
    ('g2', 'd2', 'dW2')
    """
    letter, number = symbol[:1], symbol[1:]
    if number.isdigit() and letter in ("a", "z", "h"):
        return {"a": "g", "z": "d", "h": "gh"}[letter] + number
    return f"d{symbol}"
