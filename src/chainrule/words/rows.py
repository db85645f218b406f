"""Rows of cells made by the compiled loops, on several threads, handed over in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.machinery import function
from chainrule.errors import InvalidInput
from chainrule.words.bands import Band
from chainrule.words.cells import Cells
from chainrule.words.spill import CellStore
from chainrule.words.window_kernels import Gather, Merge, Rows, gather, merge

__all__ = ["Bench", "Run", "gathered", "merged"]

_CELL = 12
# Up to here a float64 that was divided by the denominator gives the whole number back.
_LARGEST_SUM = 2.0**51

Made = list[tuple[NDArray[np.int32], NDArray[np.float64]]]
Slice = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]


class _Room:
    """What one thread works in."""

    def __init__(self, size: int, capacity: int) -> None:
        self.sums = np.zeros(size, np.int64)
        self.marks = np.zeros(size // 64 + 1, np.int64)
        self.summary = np.zeros(size // 4096 + 1, np.int64)
        self.columns = np.empty(capacity, np.int32)
        self.values = np.empty(capacity, np.float64)

    def fill(self, fields: NDArray[np.int64]) -> None:
        fields[Rows.SUMS] = self.sums.ctypes.data
        fields[Rows.MARKS] = self.marks.ctypes.data
        fields[Rows.SUMMARY], fields[Rows.SUMMARY_LENGTH] = self.summary.ctypes.data, len(self.summary)
        fields[Rows.COLUMNS], fields[Rows.VALUES] = self.columns.ctypes.data, self.values.ctypes.data
        fields[Rows.CAPACITY] = len(self.columns)


class Bench:
    """size: V; threads: how many work; memory: what their rows may take together, about."""

    def __init__(self, size: int, threads: int, memory: int) -> None:
        self.size, self.threads = size, threads
        # A thread's own cells, and as many as wait to be handed over.
        self.capacity = max(size, 1, min(1 << 20, memory // (_CELL * 4 * threads)))
        self._rooms: SimpleQueue[_Room] = SimpleQueue()
        for _ in range(threads):
            self._rooms.put(_Room(size, self.capacity))

    def make(
        self,
        weights: NDArray[np.int64],
        bounds: NDArray[np.int64],
        denominator: int,
        store: CellStore,
        kernel: str,
        own: Callable[[int, int], tuple[NDArray[np.int64], Any]],
    ) -> None:
        """All V rows into `store`.

        weights: (V,), how much work each row is; bounds: (V,), how many cells it has at most
        own(first, stop): the kernel's fields for some rows, and what has to be kept alive meanwhile
        """
        run = function(kernel)

        def work(first: int, stop: int) -> Made:
            fields, kept = own(first, stop)
            fields[Rows.NEXT], fields[Rows.STOP], fields[Rows.DENOMINATOR] = first, stop, denominator
            fields[Rows.SIZES], fields[Rows.BOUNDS] = store.sizes.ctypes.data, bounds.ctypes.data
            made: Made = []
            room = self._rooms.get()
            try:
                room.fill(fields)
                while fields[Rows.NEXT] < stop:
                    fields[Rows.FILLED] = 0
                    run(fields.ctypes.data, 0, 0)
                    filled = int(fields[Rows.FILLED])
                    made.append((room.columns[:filled].copy(), room.values[:filled].copy()))
            finally:
                self._rooms.put(room)
            del kept
            return made

        tasks = _tasks(weights, self.capacity)
        if self.threads == 1:
            for task in tasks:
                _hand_over(work(*task), denominator, store)
            return
        pool = ThreadPoolExecutor(self.threads)
        try:
            waiting: deque[Future[Made]] = deque()
            for task in tasks:
                waiting.append(pool.submit(work, *task))
                if len(waiting) > self.threads:
                    _hand_over(waiting.popleft().result(), denominator, store)
            while waiting:
                _hand_over(waiting.popleft().result(), denominator, store)
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Run:
    """Rows that are to be added to others: sizes (V,), and read(first, stop), the cells of some of them.

    The starts that `read` gives begin with 0.
    """

    sizes: NDArray[np.int64]
    denominator: int
    read: Callable[[int, int], Slice]

    @staticmethod
    def stored(store: CellStore) -> Run:
        """Whole numbers in temporary files."""
        starts = store.starts

        def read(first: int, stop: int) -> Slice:
            a, b = int(starts[first]), int(starts[stop])
            return starts[first : stop + 1] - a, store.columns.read(a, b), store.values.read(a, b)

        return Run(store.sizes, 1, read)

    @staticmethod
    def of_cells(cells: Cells, denominator: int) -> Run:
        """Cells of counts."""

        def read(first: int, stop: int) -> Slice:
            starts = cells.starts[first : stop + 1]
            span = slice(int(starts[0]), int(starts[-1]))
            return starts - starts[0], cells.columns[span], cells.values[span]

        return Run(np.diff(cells.starts), denominator, read)


def gathered(
    bench: Bench,
    ids: NDArray[np.int32],
    places: NDArray[np.int32],
    starts: NDArray[np.int64],
    band: Band,
    symmetric: bool,
    denominator: int,
    limit: int,
) -> CellStore:
    """What stands near each word at the distances of a band, in units of 1/denominator of the band's parts.

    denominator: the band's, or 1 where whole numbers are wanted; limit: bytes that may lie in memory
    """
    parts = np.zeros(band.last + 1, np.int64)
    parts[band.first :] = band.parts
    shared = np.zeros(Gather.SIZE, np.int64)
    shared[Gather.IDS], shared[Gather.PLACES] = ids.ctypes.data, places.ctypes.data
    shared[Gather.STARTS], shared[Gather.PARTS] = starts.ctypes.data, parts.ctypes.data
    shared[Gather.FIRST], shared[Gather.LAST], shared[Gather.BOTH] = band.first, band.last, symmetric
    events = np.diff(starts) * (band.last - band.first + 1) * (2 if symmetric else 1)
    bounds = np.minimum(events, bench.size)
    store = CellStore(bench.size, limit)
    bench.make(bounds, bounds, denominator, store, gather(), lambda first, stop: (shared.copy(), None))
    return store


def merged(bench: Bench, runs: Sequence[Run], denominator: int, limit: int) -> CellStore:
    """The sums of several runs, row by row, in units of 1/denominator."""
    weights = np.stack([run.sizes for run in runs]).sum(axis=0)
    bounds = np.minimum(weights, bench.size)
    store = CellStore(bench.size, limit)

    def own(first: int, stop: int) -> tuple[NDArray[np.int64], Any]:
        slices = [run.read(first, stop) for run in runs]
        table = np.array(
            [[*(a.ctypes.data for a in s), run.denominator] for s, run in zip(slices, runs, strict=True)],
            np.int64,
        )
        fields = np.zeros(Merge.SIZE, np.int64)
        fields[Merge.RUNS], fields[Merge.COUNT], fields[Merge.SHIFT] = table.ctypes.data, len(runs), first
        return fields, (slices, table)

    bench.make(weights, bounds, denominator, store, merge(), own)
    return store


def _tasks(weights: NDArray[np.int64], most: int) -> list[tuple[int, int]]:
    """Spans of rows of about `most` together."""
    if not len(weights):
        return []
    share = (np.cumsum(weights) - 1) // max(most, 1)
    edges = [0, *(np.flatnonzero(np.diff(share)) + 1).tolist(), len(weights)]
    return list(pairwise(edges))


def _hand_over(made: Made, denominator: int, store: CellStore) -> None:
    for columns, values in made:
        if len(values) and float(values.max()) * denominator >= _LARGEST_SUM:
            raise InvalidInput(
                "a pair of words stands together too often to be counted exactly: "
                "use a smaller window, or the weighting flat"
            )
        store.append(columns, values)
