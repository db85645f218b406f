"""Lines and derivations: the one list of equations that everything else reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from chainrule.derivation.network import Network, Parameter
from chainrule.errors import unknown
from chainrule.formulas.definition import Definition
from chainrule.formulas.expression import Expression, Shape, Symbol, substitute
from chainrule.formulas.losses import Loss
from chainrule.formulas.rules import Rule
from chainrule.formulas.writing import symbol_text, text

Phase = Literal["feedforward", "loss", "backpropagation", "update"]
PHASES: tuple[Phase, ...] = ("feedforward", "loss", "backpropagation", "update")


@dataclass(frozen=True, eq=False, repr=False)
class Line:
    """One equation: symbol = definition(arguments), or in the update phase symbol ← definition(arguments).

    arguments: for each argument of the definition, the symbol of the derivation it stands for
    shape:     of the symbol, in letters
    reason:    one sentence that says why
    of:        for a gradient, whose it is; in the update, the parameter being changed
    through, incoming: for a gradient, which forward line it goes back through, and which argument is
               the gradient arriving there
    """

    phase: Phase
    symbol: str
    definition: Definition
    arguments: tuple[str, ...]
    shape: Shape
    reason: str
    of: str | None = None
    through: str | None = None
    incoming: str | None = None

    @cached_property
    def tree(self) -> Expression:
        """The right-hand side, over the derivation's own symbols."""
        return substitute(self.definition.tree, self._bound)

    @cached_property
    def textbook(self) -> Expression:
        """The right-hand side as it is taught; the same, save where what runs guards against overflow."""
        taught = self.definition.textbook
        return substitute(taught if taught is not None else self.definition.tree, self._bound)

    @property
    def _bound(self) -> dict[str, Expression]:
        return dict(zip(self.definition.arguments, map(Symbol, self.arguments), strict=True))

    @property
    def formula(self) -> str:
        """The equation as one line of text."""
        arrow = "←" if self.phase == "update" else "="
        return f"{symbol_text(self.symbol)} {arrow} {text(self.tree)}"

    def __repr__(self) -> str:
        return f"<Line {self.formula}>"

    def __str__(self) -> str:
        return f"{self.formula}   {shape_text(self.shape)}   {self.reason}"


@dataclass(frozen=True, eq=False, repr=False)
class Derivation:
    """A training step (or, without a loss, a feedforward pass) as lines.

    inputs:    what is given at each step: x (B, I), y, sample weights q, the rate eta, the step t, …
    constants: symbols with fixed numbers (β1, λ, …); vectors: symbols with fixed rows of numbers
    shapes:    symbol → shape in letters; sizes: letter → number (the batch B is left open)
    state:     symbols kept from step to step → the parameter they belong to and their starting value
    gradients: trained parameter → the symbol of its (unclipped) gradient
    """

    network: Network
    loss: Loss | None
    rule: Rule | None
    lines: tuple[Line, ...]
    inputs: tuple[str, ...]
    constants: Mapping[str, float]
    vectors: Mapping[str, tuple[float, ...]]
    shapes: Mapping[str, Shape]
    sizes: Mapping[str, int]
    state: Mapping[str, tuple[str, float]]
    gradients: Mapping[str, str]
    fused: bool

    @property
    def output(self) -> str:
        """The symbol of the network's output."""
        return f"a{len(self.network.dense)}"

    @property
    def trained(self) -> tuple[Parameter, ...]:
        """The parameters that a step changes."""
        return tuple(p for p in self.network.parameters if not p.frozen)

    def phase(self, name: Phase) -> tuple[Line, ...]:
        """The lines of one phase, in order."""
        return tuple(line for line in self.lines if line.phase == name)

    def __getitem__(self, symbol: str) -> Line:
        """The line that computes a symbol (of several, the last)."""
        for line in reversed(self.lines):
            if line.symbol == symbol:
                return line
        raise unknown("line", symbol, {line.symbol for line in self.lines})

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def __repr__(self) -> str:
        return f"<Derivation of {self.network}: {len(self.lines)} lines>"

    def __str__(self) -> str:
        from chainrule.derivation.telling import tell

        return tell(self)


def shape_text(shape: Shape) -> str:
    """A shape in letters: (B, I), a number for shape ()."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" if shape else "a number"
