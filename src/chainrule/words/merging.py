"""Counts of several corpora as those of one, so that a corpus can grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from chainrule.errors import ConfigError
from chainrule.words.cells import Cells
from chainrule.words.counting import processors
from chainrule.words.counts import Counts
from chainrule.words.encoding import MEMORY
from chainrule.words.rows import Bench, Run, merged
from chainrule.words.vocabulary import Vocabulary

__all__ = ["merge_counts"]


def merge_counts(given: Sequence[Counts], *, threads: int | None = None, memory: int | None = None) -> Counts:
    """The sum of several counts with the same window, sides and weighting; exact, whatever the order.

    Counted with the same words, it is to the bit what counting all the text at once gives, as long as no
    document is split between two. With different words the result has the words of all, but a word that was
    too rare for one corpus's vocabulary brings nothing from there: its counts, and its place in the order,
    are then too low, and `minimum` is the least of all. Raises ConfigError where settings differ.

    >>> words = Vocabulary(["ice", "solid"], [2, 1])
    >>> one = Counts.from_cells(words, [0, 1], [1, 0], [1.0, 1.0])
    >>> merge_counts([one, one]).of("ice", "solid")
    2.0
    """
    if not given:
        raise ConfigError("there are no counts to merge: give at least one")
    first = given[0]
    for other in given[1:]:
        for setting in ("window", "symmetric", "weighting"):
            mine, theirs = getattr(first, setting), getattr(other, setting)
            if mine != theirs:
                raise ConfigError(
                    f"counts with {setting} {mine} and {setting} {theirs} cannot be merged: "
                    "count both corpora with the same settings"
                )
    vocabulary = _union([counts.vocabulary for counts in given])
    memory = MEMORY if memory is None else memory
    bench = Bench(len(vocabulary), threads or processors(), memory // 8)
    cells = []
    for k, band in enumerate(first.bands):
        runs = [Run.of_cells(_moved(c.tables[k], c.vocabulary, vocabulary), band.denominator) for c in given]
        cells.append(merged(bench, runs, band.denominator, memory // 4).cells())
    return Counts(
        vocabulary, cells, window=first.window, symmetric=first.symmetric, weighting=first.weighting
    )


def _union(given: Sequence[Vocabulary]) -> Vocabulary:
    counted: Counter[str] = Counter()
    for vocabulary in given:
        counted.update(dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True)))
    tokens = sum(vocabulary.tokens for vocabulary in given)
    found = Vocabulary.of(counted.items(), tokens=tokens)
    return Vocabulary(
        found.words, found.counts, minimum=min(vocabulary.minimum for vocabulary in given), tokens=tokens
    )


def _moved(table: Cells, old: Vocabulary, new: Vocabulary) -> Cells:
    """The same cells under the new words' places; the columns of a row come in any order."""
    if old.words == new.words:
        return table
    places = np.array([new.index[word] for word in old.words], np.int32)
    sizes = np.zeros(len(new), np.int64)
    sizes[places] = np.diff(table.starts)
    order = np.argsort(places[table.rows], kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return Cells(starts, places[table.columns[order]], table.values[order])
