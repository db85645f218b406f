"""The epochs of GloVe: strata in a random order, their blocks shared among threads, and what each epoch cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import Divergence
from chainrule.words.counts import Counts
from chainrule.words.epochs import Epoch, Progress, Share
from chainrule.words.glove_kernels import costing, training
from chainrule.words.glove_tables import Tables
from chainrule.words.kernels import call, row_of
from chainrule.words.strata import Pairs


@dataclass
class State:
    """Where training stands, beside the tables: what a checkpoint holds.

    done:   strata of the epoch under way that are done; spent: its seconds so far
    costs:  (n,) of each of those strata, in the order in which they came
    """

    epochs: list[Epoch] = field(default_factory=list)
    done: int = 0
    spent: float = 0.0
    costs: list[float] = field(default_factory=list)


@dataclass
class Training:
    """Training under way."""

    counts: Counts
    tables: Tables
    pairs: Pairs
    held_out: Pairs | None
    rates: tuple[float, float]
    seed: int
    state: State
    share: Share

    @property
    def epochs(self) -> list[Epoch]:
        """Those that are done."""
        return self.state.epochs

    def epoch(self, epochs: int, told: Callable[[Progress], None], stopping: Callable[[], bool]) -> bool:
        """Go on to the end of the epoch, or, if stopping, of the stratum; whether the epoch was finished."""
        state, begun = self.state, time.perf_counter() - self.state.spent
        number, n = len(state.epochs) + 1, self.pairs.dealing.count
        for shift in self._order()[state.done :]:
            state.costs.append(self._stratum(int(shift), number))
            state.done += 1
            state.spent = time.perf_counter() - begun
            told(
                Progress(number, epochs, state.done / n, sum(state.costs) / len(self.pairs) * n / state.done)
            )
            if state.done < n and stopping():
                return False
        cost = sum(state.costs) / len(self.pairs)
        held_out = None
        if self.held_out is not None:
            held_out = total_cost(self.tables, self.held_out, self.share) / len(self.held_out)
        state.epochs.append(Epoch(number, cost, held_out, time.perf_counter() - begun))
        state.done, state.spent, state.costs = 0, 0.0, []
        return True

    def _order(self) -> NDArray[np.int64]:
        """The strata, in a random order that is the same in every epoch.

        Each pair then comes back after exactly one epoch, as in Stanford's program, which reads its shuffled
        file again: the cost ends lower than with a new order for each epoch.
        """
        return np.random.default_rng([self.seed, 3]).permutation(self.pairs.dealing.count)

    def _stratum(self, shift: int, number: int) -> float:
        tables = self.tables
        text = training(tables.size, tables.dtype, tables.frozen is not None)
        costs, wrong = _run(text, tables, self.pairs, shift, self.share, self.rates)
        if (wrong >= 0).any():
            raise Divergence(self._told_wrong(int(wrong[wrong >= 0][0]), number))
        return float(costs.sum())

    def _told_wrong(self, pair: int, number: int) -> str:
        own, other = (self.counts.vocabulary.words[word] for word in self.pairs.words_of(pair))
        return (
            f'the error of the pair "{own}", "{other}" (count {self.counts.of(own, other):g}) is not finite in '
            f"epoch {number}: lower the rate, which is {self.rates[0]:g}, or start from smaller vectors"
        )


def total_cost(tables: Tables, pairs: Pairs, share: Share) -> float:
    """The paper's cost of the pairs: Σ f(x) e², in float64."""
    text = costing(tables.size, tables.dtype)
    return float(
        sum(_run(text, tables, pairs, k, share, (0.0, 0.0))[0].sum() for k in range(pairs.dealing.count))
    )


def _run(
    text: str, tables: Tables, pairs: Pairs, shift: int, share: Share, rates: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A kernel over the blocks of a stratum: each one's cost, and its first pair that is not finite, or −1."""
    blocks = pairs.stratum(shift)
    counter, costs, wrong = np.zeros(1, np.int64), np.zeros(len(blocks)), np.zeros(len(blocks), np.int64)
    frozen = 0 if tables.frozen is None else tables.frozen
    bits = np.array(rates).view(np.int64).tolist()
    row = row_of(
        tables.numbers[0], tables.numbers[1], pairs.places, pairs.logs, pairs.weights,
        counter, len(blocks), blocks, costs, wrong, *bits, frozen,
    )  # fmt: skip
    share(lambda: call(text, row))
    return costs, wrong
