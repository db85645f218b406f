"""Pairs in a grid of blocks, for stochastic gradient descent by strata (Gemulla, Nijkamp, Haas & Sismanis 2011).

Words are dealt into n groups. The pairs whose word is in group i and whose context is in group j are block
(i, j), shuffled by the seed. A stratum is n blocks that share no row and no column of the grid, so threads
work on its blocks at once, without locks, and the result has the same bits however many they are.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.lanes import Lanes
from chainrule.formulas.hashing import GOLDEN, hash_start
from chainrule.words.kernels import PairWriter, call, mixed, row_of, whole, word

MOST_GROUPS = 32
# A block keeps a word's place within its group in 16 bits.
LARGEST_GROUP = 1 << 16
# Fewer pairs in a block, on average, would cost more in starting than in work.
PAIRS_IN_BLOCK = 256
_SLICE = 1 << 20
# The training looks at the places of a few pairs ahead.
SPARE = 16


def groups_for(words: int, pairs: int) -> int:
    """n, by the sizes alone: the threads have no say, so that their number cannot change a bit.

    >>> groups_for(30_000, 13_000_000), groups_for(50, 2_000), groups_for(5_000_000, 10**9)
    (32, 2, 128)
    """
    n = 1
    while n < MOST_GROUPS and 4 * n * n * PAIRS_IN_BLOCK <= pairs and 8 * n <= words:
        n *= 2
    while n * LARGEST_GROUP < words:
        n *= 2
    return n


@dataclass(frozen=True, eq=False)
class Dealing:
    """Which group a word is in, and where.

    groups: (V,) int32; places: (V,) int32, the place within the group; starts: (n + 1,) int64, where a
    group's rows begin in the tables; order: (V,) int64, the word in each row of the tables
    """

    groups: NDArray[np.int32]
    places: NDArray[np.int32]
    starts: NDArray[np.int64]
    order: NDArray[np.int64]

    @property
    def count(self) -> int:
        """n."""
        return len(self.starts) - 1


def deal(words: int, groups: int, seed: int) -> Dealing:
    """Words, the most frequent first, dealt like cards: each round of n words in a random order.

    >>> sorted(np.bincount(deal(10, 4, seed=0).groups).tolist())
    [2, 2, 3, 3]
    """
    rng = np.random.default_rng([seed, 1])
    rounds = -(-words // groups)
    cards = rng.permuted(np.tile(np.arange(groups, dtype=np.int32), (rounds, 1)), axis=1).ravel()[:words]
    order = np.argsort(cards, kind="stable")
    starts = np.zeros(groups + 1, np.int64)
    np.cumsum(np.bincount(cards, minlength=groups), out=starts[1:])
    places = np.empty(words, np.int32)
    places[order] = np.arange(words) - starts[cards[order]]
    return Dealing(cards, places, starts, order)


@dataclass(frozen=True, eq=False)
class Pairs:
    """N pairs, block by block.

    places:        (N + a few,) uint32: row + 65536 · column, within the groups
    logs, weights: (N,): ln x and f(x)
    starts:        (n² + 1,) int64: where each block begins, row of the grid by row
    """

    dealing: Dealing
    places: NDArray[np.uint32]
    logs: NDArray[np.floating]
    weights: NDArray[np.floating]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.logs)

    def stratum(self, shift: int) -> NDArray[np.int64]:
        """The n blocks (i, i + shift) as rows of (first pair, pair after the last, first row, first column).

        The largest come first, so that no thread is left with one at the end.
        """
        n = self.dealing.count
        rows = np.arange(n)
        columns = (rows + shift) % n
        blocks = rows * n + columns
        begins = self.dealing.starts
        made = np.stack([self.starts[blocks], self.starts[blocks + 1], begins[rows], begins[columns]], axis=1)
        return np.ascontiguousarray(made[np.argsort(made[:, 0] - made[:, 1], kind="stable")])

    def words_of(self, pair: int) -> tuple[int, int]:
        """The word and the context of a pair."""
        block = int(np.searchsorted(self.starts, pair, "right")) - 1
        row, column = divmod(block, self.dealing.count)
        packed, begins = int(self.places[pair]), self.dealing.starts
        own, other = int(begins[row]) + (packed & 0xFFFF), int(begins[column]) + (packed >> 16)
        return int(self.dealing.order[own]), int(self.dealing.order[other])


Known = Callable[[NDArray[np.float64]], tuple[NDArray[np.floating], NDArray[np.floating]]]
Chosen = Callable[[int, int], NDArray[np.bool_]]


def order_pairs(
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    values: NDArray[np.float64],
    known: Known,
    dealing: Dealing,
    *,
    seed: int,
    dtype: str,
    threads: int = 1,
    chosen: Chosen | None = None,
) -> Pairs:
    """The cells of a count table as pairs, block by block and shuffled within each.

    rows, columns, values: (N,); known: ln x and f(x) of some values; chosen: which of the cells from one
    place to another are taken (all of them where it is None)
    """
    slices = [(at, min(at + _SLICE, len(values))) for at in range(0, len(values), _SLICE)]
    grid = dealing.count**2
    tallies = np.zeros((len(slices), grid), np.int64)

    def cells(start: int, stop: int) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
        taken = slice(None) if chosen is None else chosen(start, stop)
        r, c = (np.ascontiguousarray(array[start:stop][taken]) for array in (rows, columns))
        return r, c, np.ascontiguousarray(values[start:stop][taken])

    def tally(i: int) -> None:
        r, c, _ = cells(*slices[i])
        call(_tally(), row_of(len(r), r, c, dealing.groups, dealing.count, tallies[i]))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(tally, range(len(slices))))
        starts = np.zeros(grid + 1, np.int64)
        np.cumsum(tallies.sum(axis=0), out=starts[1:])
        cursors = starts[:-1] + np.cumsum(tallies, axis=0) - tallies
        total = int(starts[-1])
        places = np.zeros(total + SPARE, np.uint32)
        logs, weights = np.empty(total, dtype), np.empty(total, dtype)

        def place(i: int) -> None:
            r, c, x = cells(*slices[i])
            said, f = (np.ascontiguousarray(array, dtype) for array in known(x))
            where = (dealing.groups, dealing.places, dealing.count, cursors[i])
            call(_place(dtype), row_of(len(r), r, c, *where, said, f, places, logs, weights))

        list(pool.map(place, range(len(slices))))
        seeds = np.array([hash_start(seed, block) for block in range(grid)], np.uint64)

        def shuffle(first: int) -> None:
            last = min(first + dealing.count, grid)
            call(_shuffle(dtype), row_of(first, last, starts, seeds, places, logs, weights))

        list(pool.map(shuffle, range(0, grid, dealing.count)))
    return Pairs(dealing, places, logs, weights, starts)


@cache
def _tally() -> str:
    """Row: N, rows, columns, groups (V,), n, the tally (n²,) that is counted up."""
    writer = PairWriter("float32")
    rows, columns, groups, tally = (writer.address(k) for k in (1, 2, 3, 5))
    with writer.loop(writer.whole(0), writer.field(0)) as i:
        block = _block(writer, groups, writer.field(4), (whole(writer, rows, i), whole(writer, columns, i)))
        writer.store(writer.load(tally, block, "i64") + 1, tally, block)
    return writer.text("KERNEL")


@cache
def _place(dtype: str) -> str:
    """Row: N, rows, columns, groups, places (V,), n, cursors (n²,), ln x, f; and where the three lists go."""
    writer = PairWriter(dtype)
    rows, columns, groups, within, cursors = (writer.address(k) for k in (1, 2, 3, 4, 6))
    sources, targets = (writer.address(7), writer.address(8)), (writer.address(10), writer.address(11))
    packed = writer.address(9)
    with writer.loop(writer.whole(0), writer.field(0)) as i:
        pair = (whole(writer, rows, i), whole(writer, columns, i))
        block = _block(writer, groups, writer.field(5), pair)
        at = writer.load(cursors, block, "i64")
        writer.store(at + 1, cursors, block)
        own, other = (whole(writer, within, word) for word in pair)
        writer.store(writer.cast("trunc", own | (other << 16), "i32"), packed, at)
        for source, target in zip(sources, targets, strict=True):
            writer.store(writer.load(source, i), target, at)
    return writer.text("KERNEL")


@cache
def _shuffle(dtype: str) -> str:
    """Row: first and last block, starts, seeds (n²,), the three lists. Fisher & Yates, from the end down."""
    writer = PairWriter(dtype)
    starts, seeds = writer.address(2), writer.address(3)
    lists = [(writer.address(4), "i32"), *((writer.address(k), writer.real) for k in (5, 6))]
    with writer.loop(writer.field(0), writer.field(1)) as block:
        first, last = writer.load(starts, block, "i64"), writer.load(starts, block + 1, "i64")
        seed = writer.load(seeds, block, "i64")
        left = writer.variable(last - first)
        with writer.loop_while(lambda: left.get() > 1):
            count = left.get()
            drawn = ((mixed(seed + count * word(writer, GOLDEN)) >> 32) * count) >> 32
            one, other = first + count - 1, first + drawn
            for array, kind in lists:
                values = writer.load(array, one, kind), writer.load(array, other, kind)
                writer.store(values[1], array, one)
                writer.store(values[0], array, other)
            left.set(count - 1)
    return writer.text("KERNEL")


def _block(writer: PairWriter, groups: Lanes, count: Lanes, pair: tuple[Lanes, Lanes]) -> Lanes:
    own, other = (whole(writer, groups, word) for word in pair)
    return own * count + other
