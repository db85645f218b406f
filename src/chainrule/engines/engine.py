"""What an engine does: run a derivation on given numbers, and train by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Derivation
from chainrule.errors import unknown

Array = NDArray[Any]
Number = Array | float


@dataclass(frozen=True)
class Step:
    """Every number of one training step (or feedforward pass).

    values:  symbol → its value, before the update
    updated: symbol → its value after the update: new parameters, new state, what came between
    """

    values: Mapping[str, Number]
    updated: Mapping[str, Number]

    def __repr__(self) -> str:
        after = f"; updated {', '.join(sorted(self.updated))}" if self.updated else ""
        return f"<Step: values of {', '.join(sorted(self.values))}{after}>"

    def __getitem__(self, symbol: str) -> Number:
        """A value by symbol, before the update where it has one; for the new ones see `updated`."""
        for found in (self.values, self.updated):
            if symbol in found:
                return found[symbol]
        raise unknown("symbol", symbol, {*self.values, *self.updated})


@dataclass(frozen=True)
class Slice:
    """What a run of consecutive training steps came to.

    batches: how many steps were taken
    samples: Σ over the steps of their rows, or of their total weight where samples are weighted
    loss:    Σ over the steps of their loss times that; for a loss that is summed over the batch, as it is
    squares: for each layer with trained parameters, Σ over the steps of the squared length of its gradient;
             all three with what was added up before, if that was given
    bad:     True when the last step, not counted above and not applied, left the finite numbers
    """

    batches: int
    samples: float
    loss: float
    squares: tuple[float, ...]
    bad: bool


@dataclass(frozen=True)
class Data:
    """Training data: X (N, I), y (N, O) or class numbers (N, 1), sample weights (N, 1) or None.

    X is an array, or `chainrule.engines.sparse.SparseRows`, which takes rows as an array does.
    """

    X: Any
    y: Array
    weights: Array | None = None


class Trainer(Protocol):
    """Training in progress: parameters, rule state and the number of the step, over fixed data."""

    step_number: int
    loss_limit: float

    @property
    def engine(self) -> str:
        """The name of the engine that computes."""
        ...

    def steps(
        self,
        order: NDArray[np.intp] | None,
        batch: int,
        start: int,
        rate: float,
        seconds: float,
        stop: Callable[[], bool],
        samples: float = 0.0,
        loss: float = 0.0,
        squares: Sequence[float] = (),
    ) -> Slice:
        """Take steps over the batches of `order` (None: as the rows come) from batch `start` on.

        Returns at the end of the order, when `seconds` have passed, when `stop()` is true after a step,
        or at a step that is not finite. `samples`, `loss` and `squares` are the sums of the epoch's earlier slices,
        which are gone on from, so that the moments at which an epoch is cut change no bit of them.
        """
        ...

    def parameters(self) -> dict[str, Array]:
        """Copies of all parameters, by name."""
        ...

    def state(self) -> dict[str, Array]:
        """Copies of the rule's state, by symbol."""
        ...

    def load(self, parameters: Mapping[str, Array], state: Mapping[str, Array], step_number: int) -> None:
        """Go on from given numbers."""
        ...

    def last_step(self) -> Step:
        """Every number of the latest step, computed again from the present parameters."""
        ...

    def end(self) -> Callable[[], Step]:
        """Take no more steps; what `last_step` would give now, to be computed when it is asked for."""
        ...


@runtime_checkable
class EpochsTrainer(Trainer, Protocol):
    """A trainer that takes several epochs in one call."""

    def epochs(
        self,
        orders: NDArray[np.intp] | None,
        batch: int,
        rates: Sequence[float],
        seconds: float,
        stop: Callable[[], bool],
    ) -> tuple[NDArray[np.float64], Slice | None]:
        """Whole epochs, one for each rate, with an order each in `orders` (epochs, N) or as the rows come.

        Returns for each completed epoch a row: Σ of losses, samples, squared lengths by layer; and, where the
        time was over, `stop()` true or a step not finite within an epoch, the slice of that one.
        """
        ...


class Evaluator(Protocol):
    """The forward pass of a derivation made ready, for parameters that change."""

    def __call__(self, parameters: Mapping[str, Any], data: Data) -> tuple[Array, float | None]:
        """The outputs (N, O) for many rows, and the loss where the derivation has one."""
        ...

    def single(self, parameters: Mapping[str, Any]) -> Callable[[Any], Array]:
        """A function from one row (I,) to its outputs (O,), for one thread."""
        ...


class Engine(Protocol):
    """An engine: one way to compute a derivation's lines."""

    name: str

    def run(
        self,
        derivation: Derivation,
        values: Mapping[str, Any],
        *,
        state: Mapping[str, Any] | None = None,
        rate: float | None = None,
        step: int = 1,
        key: int = 0,
        dtype: Any = np.float64,
    ) -> Step:
        """Compute every line once on given values of x, y, the parameters, …; returns all of them."""
        ...

    def forward(
        self,
        derivation: Derivation,
        parameters: Mapping[str, Any],
        data: Data,
        *,
        dtype: Any = np.float32,
    ) -> tuple[Array, float | None]:
        """The outputs (N, O) for many rows, and the loss where the derivation has one."""
        ...

    def evaluator(self, derivation: Derivation, *, dtype: Any) -> Evaluator:
        """`forward` made ready once, for parameters that change."""
        ...

    def trainer(
        self, derivation: Derivation, parameters: Mapping[str, Any], data: Data, *, dtype: Any, key: int
    ) -> Trainer:
        """Begin training on data from given parameters."""
        ...
