"""The epochs of word2vec: stretches of the corpus, drawn and trained on by threads, with or without an order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import Divergence
from chainrule.words.epochs import Epoch, Progress
from chainrule.words.examples import CHUNK, Examples, Room, Sampler
from chainrule.words.kernels import call, row_of
from chainrule.words.word2vec_kernels import Shape, costing, training
from chainrule.words.word2vec_tables import Tables

_PARTS = 100
Told = Callable[[Progress], None]


@dataclass
class State:
    """Where training stands, beside the tables: what a checkpoint holds.

    done: stretches of the epoch under way that are done; cost, examples: of those; spent: its seconds so far
    """

    epochs: list[Epoch] = field(default_factory=list)
    done: int = 0
    spent: float = 0.0
    cost: float = 0.0
    examples: int = 0


@dataclass
class Training:
    """Training under way.

    ids, held_out: the corpus as numbers; rates: η at the beginning and at the end, in between on a line;
    pool: the threads beside this one, if there are any
    """

    sampler: Sampler
    shape: Shape
    tables: Tables
    ids: NDArray[np.int32]
    held_out: NDArray[np.int32] | None
    rates: tuple[float, float]
    state: State
    threads: int
    deterministic: bool
    pool: ThreadPoolExecutor

    @property
    def epochs(self) -> list[Epoch]:
        """Those that are done."""
        return self.state.epochs

    def epoch(self, epochs: int, told: Told, stopping: Callable[[], bool]) -> bool:
        """Go on to the end of the epoch, or until stopping; whether the epoch was finished."""
        state = self.state
        begun = time.perf_counter() - state.spent
        run = _Run(self, len(state.epochs) + 1, epochs, told, stopping)
        if self.deterministic or self.threads == 1:
            run.in_order()
        else:
            run.freely()
        state.spent = time.perf_counter() - begun
        if state.done < run.stretches:
            return False
        held_out = None if self.held_out is None else self.cost_of(self.held_out)
        cost = state.cost / max(state.examples, 1)
        state.epochs.append(Epoch(run.number, cost, held_out, time.perf_counter() - begun))
        state.done, state.spent, state.cost, state.examples = 0, 0.0, 0.0, 0
        return True

    def cost_of(self, ids: NDArray[np.int32]) -> float:
        """The mean cost of the examples of a corpus, always the same ones."""
        text = costing(self.shape)

        def cost(first: int) -> tuple[float, int]:
            stop = min(first + CHUNK, len(ids) - 1)
            room = self.sampler.room()
            examples = self.sampler.draw(ids, first, stop, 0, room)
            return self.run(text, examples, room, 0.0)[0], len(examples)

        found = list(self.pool.map(cost, range(1, len(ids) - 1, CHUNK)))
        return sum(c for c, _ in found) / max(sum(n for _, n in found), 1)

    def run(self, text: str, examples: Examples, room: Room, rate: float) -> tuple[float, int]:
        """A kernel over examples: their cost, and the first that is not finite, or −1."""
        cost, wrong = np.zeros(1), np.zeros(1, np.int64)
        frozen = 0 if self.tables.frozen is None else self.tables.frozen
        numbers = self.tables.numbers
        bits = int(np.float64(rate).view(np.int64))
        inputs = room.inputs if len(room.inputs) else 0
        call(
            text,
            row_of(numbers[0], numbers[1], room.rows, inputs, len(examples), bits, cost, wrong, frozen),
        )
        return float(cost[0]), int(wrong[0])


class _Run:
    """One epoch, from where it stands."""

    def __init__(
        self, of: Training, number: int, epochs: int, told: Told, stopping: Callable[[], bool]
    ) -> None:
        self.of, self.number, self.epochs, self.told, self.stopping = of, number, epochs, told, stopping
        self.stretches = -(-(len(of.ids) - 2) // CHUNK)
        self.text = training(of.shape)
        self.part = of.state.done * _PARTS // self.stretches
        self.failed = False

    def draw(self, stretch: int, room: Room) -> Examples:
        """The examples of a stretch."""
        first = 1 + stretch * CHUNK
        stop = min(first + CHUNK, len(self.of.ids) - 1)
        return self.of.sampler.draw(self.of.ids, first, stop, self.number, room)

    def train(self, stretch: int, examples: Examples, room: Room) -> float:
        """Train on them; what they cost. Raises Divergence."""
        first, last = self.of.rates
        done = (self.number - 1 + stretch / self.stretches) / self.epochs
        rate = first + (last - first) * done
        cost, wrong = self.of.run(self.text, examples, room, rate)
        if wrong >= 0:
            raise Divergence(self._told_wrong(examples, wrong, rate))
        return cost

    def in_order(self) -> None:
        """One stretch after the other, while the other threads draw what comes next."""
        of, state = self.of, self.of.state
        ahead = range(of.threads if of.threads > 1 else 0)
        rooms = deque(of.sampler.room() for _ in range(len(ahead) + 1))
        waiting: deque[tuple[Room, Future[Examples]]] = deque()
        coming = iter(range(state.done, self.stretches))
        try:
            while state.done < self.stretches:
                while rooms and (stretch := next(coming, None)) is not None:
                    waiting.append(self._ask(stretch, rooms.popleft()))
                room, future = waiting.popleft()
                examples = future.result()
                self._add(self.train(state.done, examples, room), len(examples))
                rooms.append(room)
                if self._told():
                    return
        finally:
            for _, future in waiting:
                future.cancel()

    def _ask(self, stretch: int, room: Room) -> tuple[Room, Future[Examples]]:
        if self.of.threads > 1:
            return room, self.of.pool.submit(self.draw, stretch, room)
        future: Future[Examples] = Future()
        future.set_result(self.draw(stretch, room))
        return room, future

    def freely(self) -> None:
        """Every thread takes the next stretch; none waits for another, also where they write to the same row."""
        self.next = count(self.of.state.done)
        self.lock = Lock()
        others = [self.of.pool.submit(self._work, False) for _ in range(self.of.threads - 1)]
        try:
            self._work(True)
        finally:
            for other in others:
                other.result()

    def _work(self, telling: bool) -> None:
        room = self.of.sampler.room()
        try:
            while not (self.failed or self.stopping()) and (stretch := next(self.next)) < self.stretches:
                examples = self.draw(stretch, room)
                cost = self.train(stretch, examples, room)
                with self.lock:
                    self._add(cost, len(examples))
                if telling:
                    self._told()
        except BaseException:
            self.failed = True
            raise

    def _add(self, cost: float, examples: int) -> None:
        state = self.of.state
        state.cost, state.examples, state.done = state.cost + cost, state.examples + examples, state.done + 1

    def _told(self) -> bool:
        """Tell how far it is, up to a hundred times an epoch; whether to stop."""
        state, n = self.of.state, self.stretches
        if state.done * _PARTS // n > self.part or state.done == n:
            self.part = state.done * _PARTS // n
            self.told(Progress(self.number, self.epochs, state.done / n, state.cost / max(state.examples, 1)))
        return state.done < n and self.stopping()

    def _told_wrong(self, examples: Examples, at: int, rate: float) -> str:
        words = self.of.sampler.vocabulary.words
        target = words[int(examples.rows[at, 1])]
        inputs = " ".join(words[i] for i in examples.inputs_of(at))
        return (
            f'a score of the example "{inputs}" → "{target}" is not finite in epoch {self.number}: lower the '
            f"rate, which is {rate:g}, or start from smaller vectors"
        )
