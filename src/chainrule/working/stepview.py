"""One training step of a network of any size, entry by entry: a line is unfolded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chainrule.derivation.lines import Derivation, Line
from chainrule.engines.engine import Step
from chainrule.engines.sparse import Values
from chainrule.working.entries import Entry, Partial, Quantity, quantity
from chainrule.working.scalars import Index, Sizes, is_drawn, is_longer
from chainrule.working.unfolding import MOST_WRITTEN, Chain, ScalarLine, Unfolder

__all__ = ["StepView"]


class StepView:
    """What a `Program` is, for a single recorded step, made as far as it is looked at.

    by_key: key → its scalar line, by deltas; given: key → a number that no line makes
    """

    chain: Chain = "deltas"
    passes = 1

    def __init__(self, derivation: Derivation, step: Step) -> None:
        self.derivation = derivation
        self.step = step
        self.unfolder = Unfolder(derivation, len(_rows(step)), "deltas")
        if isinstance(step.values, Values):
            self.unfolder.absent = {name: step.values[name] == 0 for name in step.values.sparse}
        self.sizes: Sizes = self.unfolder.sizes
        self.by_key: Mapping[str, ScalarLine] = _Lines(self)
        self.given: Mapping[str, Any] = _Given(self)
        self._before: dict[tuple[str, int], dict[str, int]] = {}
        self._maker: dict[tuple[str, int], Line] = {}
        self._gradient_line = {line.of: line for line in derivation.phase("backpropagation")}
        version = dict(self.unfolder.version)
        start = dict(version)
        for line in derivation:
            before = dict(version)
            if line.symbol in version:
                version[line.symbol] += 1
            made = (line.symbol, version.get(line.symbol, 1))
            self._before[made] = before
            if not is_drawn(line.tree):
                self._maker[made] = line
        self.versions: tuple[Mapping[str, int], ...] = (start, version)

    @property
    def factors(self) -> Mapping[str, Any]:
        """As in a `Program`, those met so far."""
        return self.unfolder.factors

    def made(self, entry: Entry) -> Line | None:
        """The line that makes an entry; None for what is given."""
        return self._maker.get((entry.symbol, entry.version))

    def lines(self, found: Quantity) -> Iterator[ScalarLine]:
        """The scalar line of a quantity, after those of the local derivatives it is made with."""
        unfolder = self.unfolder
        unfolder.made.clear()
        if isinstance(found, Partial):
            for use in unfolder.uses(found.wrt.symbol, found.wrt.index):
                line = self._gradient_line.get(found.wrt.symbol)
                if line is not None and (use.symbol, use.index) == (found.of.symbol, found.of.index):
                    yield from unfolder.slope(found.wrt.symbol, found.wrt.index, use, line)
            return
        line = self.made(found)
        if line is None:
            return
        if line.phase == "backpropagation":
            yield from unfolder.gradient(line, found.index)
            return
        kind = unfolder.kind(line)
        if is_longer(line.tree, self.sizes.shape, MOST_WRITTEN):
            yield replace(unfolder.line(found, line.tree, line, kind), whole=True)
            return
        unfolder.version = self._before[found.symbol, found.version]
        tree = unfolder.tree(line, found.index)
        unfolder.version = dict(self.versions[0])
        made = unfolder.line(found, tree, line, kind)
        if unfolder.absent.keys() & set(line.arguments):
            made = replace(made, reason=f"{made.reason}; what is multiplied by an input of 0 is left out")
        yield made

    def latest(self, symbol: str, index: Index) -> Entry:
        """An entry as the step leaves it."""
        return Entry(symbol, index, self.versions[1].get(symbol, 1))


class _Lines(Mapping[str, ScalarLine]):
    def __init__(self, view: StepView) -> None:
        self.view = view
        self.known: dict[str, ScalarLine] = {}

    def __getitem__(self, key: str) -> ScalarLine:
        if key not in self.known:
            self.known |= {line.key: line for line in self.view.lines(quantity(key))}
        return self.known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


class _Given(Mapping[str, Any]):
    """Numbers that no line makes, as the step recorded them; iterated, those asked for so far."""

    def __init__(self, view: StepView) -> None:
        self.view = view
        self.known: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self.known:
            found = quantity(key)
            if isinstance(found, Partial) or self.view.made(found) is not None:
                raise KeyError(key)
            self.known[key] = self.number(found)
        return self.known[key]

    def number(self, entry: Entry) -> Any:
        vector = self.view.derivation.vectors.get(entry.symbol)
        if vector is not None:
            return vector[entry.index[-1] - 1]
        value: Any = self.view.step.values[entry.symbol]
        return value[tuple(i - 1 for i in entry.index)] if entry.index else value

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


def _rows(step: Step) -> Any:
    return step.values["x"]
