"""A training step, or several, as scalar lines: what a person works out, in order, with a pencil."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Protocol

from chainrule.derivation.lines import Derivation, Line
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch
from chainrule.formulas.expression import Expression, Symbol
from chainrule.working.entries import Entry
from chainrule.working.partials import uses_of
from chainrule.working.scalars import Index, Sizes, is_drawn
from chainrule.working.unfolding import Chain, Kind, ScalarLine, Unfolder

__all__ = ["Chain", "Kind", "Lines", "Program", "ScalarLine", "scalar_program"]


class Lines(Protocol):
    """What names, numbers and documents need of a program: a `Program`, or a `StepView` made on demand.

    by_key: key → its scalar line; the rest as in `Program`
    """

    @property
    def derivation(self) -> Derivation | None: ...
    @property
    def sizes(self) -> Sizes | None: ...
    @property
    def given(self) -> Mapping[str, Any]: ...
    @property
    def by_key(self) -> Mapping[str, ScalarLine]: ...
    @property
    def versions(self) -> tuple[Mapping[str, int], ...]: ...
    @property
    def factors(self) -> Mapping[str, Expression]: ...
    @property
    def chain(self) -> Chain: ...
    @property
    def passes(self) -> int: ...


MOST_LINES = 20_000
MOST_PATHS = 12
MOST_PRODUCTS = 2_000
MOST_UNITS_FOR_PATHS = 60


@dataclass(frozen=True, repr=False)
class Program:
    """Scalar lines in order, and what they start from.

    given:    key → the number as it was given
    versions: for each pass, symbol → version of parameters and state at its start; one more at the end
    factors:  key of a local derivative that is too plain for a line of its own (a weight, an input) → it
    """

    derivation: Derivation | None
    sizes: Sizes | None
    lines: tuple[ScalarLine, ...]
    given: Mapping[str, Any]
    versions: tuple[Mapping[str, int], ...]
    factors: Mapping[str, Expression]
    chain: Chain
    by_key: Mapping[str, ScalarLine] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_key", {line.key: line for line in self.lines})

    @property
    def passes(self) -> int:
        """How many training steps there are; the last may be feedforward only."""
        return self.lines[-1].number

    def __iter__(self) -> Iterator[ScalarLine]:
        return iter(self.lines)

    def __repr__(self) -> str:
        return f"<Program of {len(self.lines)} lines, {self.passes} pass{'es' * (self.passes > 1)}>"


def scalar_program(
    derivation: Derivation,
    values: Mapping[str, Any],
    *,
    rate: Any = None,
    passes: int = 1,
    last_pass_whole: bool = True,
    chain: Chain | None = None,
    first_step: int = 1,
    drawn: Sequence[Mapping[str, Any]] = (),
    textbook: bool = True,
) -> Program:
    """The scalar lines of `passes` training steps on the same samples.

    values: x (B, I), y (B, O), the parameters by name and whatever else the derivation asks for, as nested
            sequences; the numbers may be of any kind (Decimal keeps digits as they were written)
    rate:   η; the rule's own by default.  last_pass_whole: or its feedforward and loss only
    chain:  by default paths where no gradient has more than 12, otherwise deltas
    textbook: activations as they are taught; False for the formulas that an engine runs (softmax)
    drawn:  for each pass, the random numbers of dropout by symbol, where `values` does not hold them

    Raises ConfigError for what is missing or too large to be written out.
    """
    rows = values.get("x")
    if rows is None:
        raise ConfigError("a working needs the inputs x: give one row of numbers per sample")
    _check_size(derivation, len(rows), passes, chain)
    if chain is None:
        chain = "paths" if most_paths(derivation, len(rows)) <= MOST_PATHS else "deltas"
    start = _Start(derivation, values, rate, first_step, drawn)
    writer = _Writer(derivation, len(rows), chain, start, textbook=textbook)
    for number in range(1, passes + 1):
        writer.write_pass(number, whole=last_pass_whole or number < passes)
    return Program(
        derivation,
        writer.sizes,
        tuple(writer.lines),
        writer.given,
        (*writer.starts, dict(writer.version)),
        writer.factors,
        chain,
    )


def most_paths(derivation: Derivation, samples: int) -> int:
    """The most paths that any gradient of a parameter has to the loss; a bound for a wide network."""
    if sum(derivation.network.sizes) * samples > MOST_UNITS_FOR_PATHS:
        return MOST_PATHS + 1
    return max(_path_counts(derivation, samples), default=0)


def _path_counts(derivation: Derivation, samples: int) -> Iterator[int]:
    """How many paths each gradient of a parameter has to the loss."""
    sizes = Sizes(derivation, samples)
    uses = uses_of(derivation, sizes, lambda symbol, index: Symbol(Entry(symbol, index).key))
    counts: dict[tuple[str, Index], int] = {}

    def paths(symbol: str, index: Index) -> int:
        at = (symbol, index)
        if at not in counts:
            counts[at] = sum(paths(use.symbol, use.index) if use.index else 1 for use in uses(symbol, index))
        return counts[at]

    return (paths(p.name, i) for p in derivation.trained for i in sizes.indices(p.name))


def _check_size(derivation: Derivation, samples: int, passes: int, chain: Chain | None) -> None:
    """Refuse what is too large to be written out, before any of it is made."""
    sizes = Sizes(derivation, samples)
    trained = set(derivation.gradients.values())
    least = sum(
        prod(sizes.shape(line.symbol))
        for line in derivation
        if not is_drawn(line.tree) and (line.phase != "backpropagation" or line.symbol in trained)
    )
    if passes * least > MOST_LINES:
        raise _too_many()
    if chain != "paths":
        return
    products = 0
    for count in _path_counts(derivation, samples):
        products += passes * count
        if products > MOST_PRODUCTS:
            raise ConfigError(
                f'along "paths", the gradients of this network are more than {MOST_PRODUCTS:,} products of slopes: '
                'take the chain "deltas", or a smaller network'
            )


def _too_many() -> InvalidInput:
    return InvalidInput(
        f"written out, this network has more than {MOST_LINES:,} lines: leave the rounding out, which shows "
        "matrices whose entries open one by one, or take fewer samples or a smaller network"
    )


@dataclass
class _Start:
    """The numbers that a program starts from."""

    derivation: Derivation
    values: Mapping[str, Any]
    rate: Any
    first_step: int
    drawn: Sequence[Mapping[str, Any]]

    def __post_init__(self) -> None:
        for parameter in self.derivation.network.parameters:
            if parameter.name not in self.values and not isinstance(parameter.start, tuple):
                raise ConfigError(
                    f"a working needs numbers for {parameter.name}: give the layer its weights, "
                    f"or {parameter.name} among the values"
                )

    def number(self, symbol: str, index: Index, pass_number: int) -> Any:
        """The number that an entry starts from."""
        derivation = self.derivation
        if symbol == "eta":
            if self.rate is not None:
                return self.rate
            assert derivation.rule is not None
            return derivation.rule.parameters["learning_rate"]
        if symbol == "t":
            return self.first_step + pass_number - 1
        if symbol in derivation.constants:
            return derivation.constants[symbol]
        if symbol in derivation.vectors:
            return derivation.vectors[symbol][index[-1] - 1]
        drawn = self.drawn[pass_number - 1] if pass_number <= len(self.drawn) else {}
        if symbol in drawn:
            return self.entry(symbol, drawn[symbol], index)
        if symbol in self.values:
            return self.entry(symbol, self.values[symbol], index)
        if symbol in derivation.state:
            start = derivation.state[symbol][1]
            return int(start) if float(start).is_integer() else start
        given = next((p.start for p in derivation.network.parameters if p.name == symbol), None)
        if given is None:
            raise ConfigError(f"a working needs numbers for {symbol}: give them among the values")
        return self.entry(symbol, given, index)

    def entry(self, symbol: str, values: Any, index: Index) -> Any:
        try:
            for place in index:
                values = values[place - 1]
        except (IndexError, TypeError, KeyError):
            place_text = ", ".join(map(str, index))
            raise ShapeMismatch(f"{symbol} has no entry ({place_text}): give it all its numbers") from None
        return values


class _Writer(Unfolder):
    """A program in the making."""

    def __init__(
        self, derivation: Derivation, samples: int, chain: Chain, start: _Start, *, textbook: bool
    ) -> None:
        super().__init__(derivation, samples, chain, textbook=textbook)
        self.start = start
        self.lines: list[ScalarLine] = []
        self.given: dict[str, Any] = {}
        self.starts: list[dict[str, int]] = []
        self.drawn = {line.symbol for line in derivation if is_drawn(line.tree)}

    def name(self, symbol: str, index: Index) -> Expression:
        """As for any entry; one that no line has made is noted with the number it starts from."""
        key = self.entry(symbol, index).key
        if key not in self.made and key not in self.given:
            self.given[key] = self.start.number(symbol, index, self.number)
        return Symbol(key)

    def write_pass(self, number: int, *, whole: bool) -> None:
        """The lines of one training step; without `whole`, of its feedforward pass and its loss."""
        self.number = number
        self.starts.append(dict(self.version))
        for line in self.derivation:
            if line.symbol in self.drawn:
                continue
            if not whole and line.phase not in ("feedforward", "loss"):
                break
            if line.phase == "backpropagation":
                assert line.of is not None
                for index in self.sizes.indices(line.of):
                    self.add(self.gradient(line, index))
            else:
                self.write_entries(line)

    def write_entries(self, line: Line) -> None:
        """Every entry of a line, all reading what was there before it."""
        written = [(index, self.tree(line, index)) for index in self.sizes.indices(line.symbol)]
        if line.symbol in self.kept:
            self.version[line.symbol] += 1
        kind = self.kind(line)
        self.add(self.line(self.entry(line.symbol, index), tree, line, kind) for index, tree in written)

    def add(self, lines: Iterable[ScalarLine]) -> None:
        for line in lines:
            if len(self.lines) >= MOST_LINES:
                raise _too_many()
            self.lines.append(line)
