"""Counting what stands near each word: exactly, in any order of work, and within a given memory.

The corpus is taken in parts that fit into the memory. In each part every word's places are found, and then,
word by word, what stands near them (see window_kernels). Sums are whole numbers, so neither the number of
threads nor the parts can change a bit; where there is more than one part, their rows are added at the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.machinery import function
from chainrule.errors import ConfigError
from chainrule.words.bands import Band, bands_of
from chainrule.words.corpus import Corpus, Progress
from chainrule.words.counts import Counts
from chainrule.words.encoding import MEMORY, Encoded, encode
from chainrule.words.rows import Bench, Run, gathered, merged
from chainrule.words.spill import CellStore
from chainrule.words.vocabulary import Vocabulary
from chainrule.words.window_kernels import Place, place
from chainrule.words.word_kernels import BORDER

__all__ = ["SMALLEST_MEMORY", "count"]

SMALLEST_MEMORY = 50_000_000
# A number and its place. Of the memory, a quarter may hold a part of the corpus, a quarter the result, an eighth
# the corpus as it was read, an eighth what the threads work in; the rest is for the words themselves.
_BYTES_A_TOKEN = 8
_BLOCK = 1 << 20
_LONGEST_PART = 1 << 30


@dataclass(frozen=True)
class Part:
    """ids: (N,) int32 with −1 at borders; places: of the words, one word after the other; starts: (V + 1,)."""

    ids: NDArray[np.int32]
    places: NDArray[np.int32]
    starts: NDArray[np.int64]


def count(
    corpus: Corpus | Encoded,
    vocabulary: Vocabulary | None = None,
    *,
    window: int = 10,
    symmetric: bool = True,
    weighting: str = "distance",
    minimum: int = 5,
    largest: int | None = None,
    threads: int | None = None,
    memory: int | None = None,
    progress: Progress | None = None,
) -> Counts:
    """How often the words of a vocabulary stand near each other in a corpus.

    Words that are not in the vocabulary are left out before distances are taken, as GloVe and word2vec do;
    nothing is counted across documents. symmetric: words on both sides count; otherwise only those before.
    weighting: "distance" counts a pair d words apart as 1/d, "flat" as 1.
    vocabulary: None for the corpus's own words seen `minimum` times, at most `largest` of them.
    threads: None for all processors; the result has the same bits for any number. memory: bytes that may be
    used on top of an idle process, 4 GB where None; what does not fit lies in temporary files, also the
    result, which is then mapped into memory.
    Raises InvalidInput for a corpus that cannot be read or has no word often enough, ConfigError for settings.

    >>> counts = count(Corpus.of_texts(["ice is solid", "steam is gas"]), minimum=1, window=2)
    >>> counts.of("ice", "is"), counts.of("ice", "solid"), counts.of("ice", "steam")
    (1.0, 0.5, 0.0)
    """
    bands = bands_of(window, weighting)
    memory = MEMORY if memory is None else memory
    if memory < SMALLEST_MEMORY:
        raise ConfigError(f"the memory for counting is {memory:,} bytes: allow {SMALLEST_MEMORY:,} or more")
    if threads is not None and threads < 1:
        raise ConfigError(f"the number of threads is {threads}: give 1 or more")
    encoded = encode(corpus, memory=memory, progress=progress) if isinstance(corpus, Corpus) else corpus
    words = encoded.vocabulary(minimum, largest) if vocabulary is None else vocabulary
    bench = Bench(len(words), threads or _processors(), memory // 8)
    most = min(memory // 4 // _BYTES_A_TOKEN, _LONGEST_PART)
    parts = _parts(encoded, words, window, most)
    if encoded.length <= most:
        part = next(parts)
        made = [_counted(bench, part, band, symmetric, band.denominator, memory // 4) for band in bands]
    else:
        runs = [[_counted(bench, part, band, symmetric, 1, 0) for band in bands] for part in parts]
        made = [
            merged(bench, [Run.stored(run[k]) for run in runs], band.denominator, memory // 4)
            for k, band in enumerate(bands)
        ]
    cells = [store.cells() for store in made]
    return Counts(words, cells, window=window, symmetric=symmetric, weighting=weighting)


def _counted(
    bench: Bench, part: Part, band: Band, symmetric: bool, denominator: int, limit: int
) -> CellStore:
    return gathered(bench, part.ids, part.places, part.starts, band, symmetric, denominator, limit)


def _parts(encoded: Encoded, vocabulary: Vocabulary, window: int, most: int) -> Iterator[Part]:
    """The corpus in parts of `most` places; each also sees `window` places before and after its own."""
    most = min(most, encoded.length)
    ids = np.full(most + 2 * window + 2, BORDER, np.int32)
    first = filled = 1
    for block in encoded.ids(vocabulary):
        while len(block):
            taken = min(len(block), len(ids) - 1 - filled)
            ids[filled : filled + taken] = block[:taken]
            filled, block = filled + taken, block[taken:]
            if filled == len(ids) - 1:
                yield _part(ids, len(vocabulary), first, filled - window)
                ids[1 : 1 + 2 * window] = ids[filled - 2 * window : filled]
                first, filled = 1 + window, 1 + 2 * window
    ids[filled] = BORDER
    yield _part(ids, len(vocabulary), first, filled)


def _part(ids: NDArray[np.int32], size: int, first: int, stop: int) -> Part:
    """The places first … stop of the numbers, which begin and end with a border."""
    counts = np.zeros(size + 1, np.int64)
    for start in range(first, stop, _BLOCK):
        # Borders, −1, fall into the first place.
        counts += np.bincount(ids[start : min(start + _BLOCK, stop)] + 1, minlength=size + 1)
    starts = np.concatenate([[0], np.cumsum(counts[1:])])
    places = np.empty(starts[-1], np.int32)
    cursors = starts[:-1].copy()
    fields = np.zeros(Place.SIZE, np.int64)
    fields[Place.IDS], fields[Place.CURSORS] = ids.ctypes.data, cursors.ctypes.data
    fields[Place.PLACES], fields[Place.FIRST], fields[Place.STOP] = places.ctypes.data, first, stop
    function(place())(fields.ctypes.data, 0, 0)
    return Part(ids, places, starts)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
