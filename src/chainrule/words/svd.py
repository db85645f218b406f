"""Count-based word vectors: one-hot, bag of words, and the truncated SVD of the PPMI (Levy & Goldberg 2014)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.arrays import evaluate_arrays
from chainrule.errors import ConfigError, InvalidInput
from chainrule.formulas.wordvectors import noise, shifted_ppmi, singular_weighting
from chainrule.words.counts import Counts
from chainrule.words.epochs import Ending, Epoch, Kind, check_common, check_dtype, kinds_of, processors
from chainrule.words.vocabulary import Vocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["SVD", "bag_of_words", "one_hot", "ppmi_of", "train_svd"]

Array = NDArray[Any]
_CELLS = 1 << 20
# Cells that a thread multiplies at a time.
_STRETCH = 1 << 21
# Of ARPACK, relative to the squares of the singular values; 0 is all the digits there are.
_TOLERANCE = {"float32": 1e-4, "float64": 0.0}


def one_hot(words: Iterable[str], vocabulary: Vocabulary) -> csr_array:
    """A row for each word, with a 1 at its place: (N, V), float32.

    Raises UnknownName for a word that is not in the vocabulary.

    >>> one_hot(["ice", "the"], Vocabulary(["the", "ice"], [9, 4])).toarray().tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    from scipy.sparse import csr_array

    places = np.array([vocabulary.place(word) for word in words], np.int64)
    n = len(places)
    made: csr_array = csr_array(
        (np.ones(n, np.float32), places, np.arange(n + 1)), shape=(n, len(vocabulary))
    )
    return made


def bag_of_words(documents: Iterable[Iterable[str]], vocabulary: Vocabulary) -> csr_array:
    """How often each document has each word, in any order: (N, V), float32. Other words are left out.

    >>> bag_of_words([["ice", "the", "ice", "fog"], []], Vocabulary(["the", "ice"], [9, 4])).toarray().tolist()
    [[1.0, 2.0], [0.0, 0.0]]
    """
    from scipy.sparse import csr_array

    places = [[vocabulary.index[word] for word in words if word in vocabulary] for words in documents]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in places], dtype=np.int64)])
    columns = np.array([place for row in places for place in row], np.int64)
    made: csr_array = csr_array(
        (np.ones(len(columns), np.float32), columns, starts), shape=(len(places), len(vocabulary))
    )
    made.sum_duplicates()
    return made


def ppmi_of(
    counts: Counts, *, shift: float = 1.0, smoothing: float = 0.75, dtype: str = "float32"
) -> csr_array:
    """max(ln(x X / (x_i x_j)) − ln shift, 0) of every cell, (V, V), without its zeros.

    smoothing: x_j, the sum of a context's column, is replaced by X · x_jᵅ / Σ x_jᵅ, so that rare contexts do
    not seem telling (Levy, Goldberg & Dagan 2015); 1 leaves it as it is.

    >>> counts = Counts.from_cells(Vocabulary(["ice", "cold"], [5, 3]), [0, 1], [1, 0], [3.0, 3.0])
    >>> [[f"{x:.4f}" for x in row] for row in ppmi_of(counts, smoothing=1.0).toarray()]
    [['0.0000', '0.6931'], ['0.6931', '0.0000']]
    """
    from scipy.sparse import csr_array

    formula = shifted_ppmi(k=shift)
    columns, total = np.zeros(len(counts.vocabulary)), float(counts.totals.sum())
    for at in range(0, len(counts), _CELLS):
        part = slice(at, at + _CELLS)
        columns += np.bincount(counts.columns[part], counts.values[part], minlength=len(columns))
    seen = columns > 0
    smoothed = np.ones(len(columns))
    chances = evaluate_arrays(noise.definition.tree, {"n": columns[seen][:, None], "power": float(smoothing)})
    smoothed[seen] = total * chances[:, 0]
    values = np.empty(len(counts), dtype)
    for at in range(0, len(counts), _CELLS):
        part = slice(at, at + _CELLS)
        known = {
            "x": counts.values[part],
            "x_i": counts.totals[counts.rows[part]],
            "x_j": smoothed[counts.columns[part]],
            "X": total,
        }
        values[part] = evaluate_arrays(formula.definition.tree, {**known, **formula.parameters})
    shape = (len(counts.vocabulary),) * 2
    made: csr_array = csr_array((values, counts.columns.copy(), counts.starts.copy()), shape=shape)
    made.eliminate_zeros()
    return made


@dataclass(frozen=True, eq=False)
class SVD:
    """Vectors of the truncated SVD, U s^p and V s^p.

    words, contexts: (V, D), columns by falling singular value, each with its sign such that the largest entry
    of the word's column is positive; singular_values: (D,)
    settings: those of `train_svd`; history: empty, there are no epochs; seconds: how long it took
    """

    vocabulary: Vocabulary
    words: Array
    contexts: Array
    singular_values: Array
    settings: dict[str, Any]
    seconds: float
    history: tuple[Epoch, ...] = ()
    ended: Ending = "epochs"

    def vectors(self, kind: Kind = "words") -> Array:
        """The vectors to use: those of the words, (V, D); others as in `GloVe.vectors`."""
        return kinds_of(self, kind)


def train_svd(
    counts: Counts,
    size: int = 100,
    shift: float = 1.0,
    smoothing: float = 0.75,
    weighting: float = 0.5,
    seed: int = 0,
    threads: int | None = None,
    *,
    dtype: str = "float32",
) -> SVD:
    """The truncated SVD of the PPMI of counts, by ARPACK.

    shift:     k: ln k is taken off, as if k noise words were drawn
    smoothing: of the contexts' sums, see `ppmi_of`
    weighting: p of U s^p
    seed:      of the vector that the iteration starts from; threads: all processors, unless given. They share
               the rows of the matrix, and no sum is split, so that bits do not depend on them

    Raises InvalidInput where no cell of the PPMI is above 0 or the vocabulary is smaller than the size, and
    ConfigError for a setting out of its range.

    >>> cells = [(0, 1), (1, 0), (2, 3), (3, 2)]
    >>> vocabulary = Vocabulary(["ice", "cold", "steam", "hot"], [4, 3, 2, 1])
    >>> counts = Counts.from_cells(vocabulary, *zip(*cells), [4.0] * 4)
    >>> [f"{s:.4f}" for s in train_svd(counts, size=2).singular_values]
    ['1.3863', '1.3863']
    """
    check_common(size, seed, threads)
    check_dtype(dtype)
    for name, value in (("smoothing", smoothing), ("weighting", weighting)):
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < inf:
            raise ConfigError(f"{name} must be at least 0 and finite, not {value!r}: give for example 0.5")
    words = len(counts.vocabulary)
    if size > words:
        raise InvalidInput(f"{words} words have no vectors of {size} numbers: give a size of {words} or less")
    begun = time.perf_counter()
    matrix = ppmi_of(counts, shift=shift, smoothing=smoothing, dtype=dtype)
    if not matrix.nnz:
        raise InvalidInput(
            f"no count is above what chance gives with shift = {shift:g}: lower the shift, or give more text"
        )
    with ThreadPoolExecutor(threads or processors()) as pool:
        u, s, v = _truncated(matrix, size, seed, pool)
    values = {"s": s, **singular_weighting(p=float(weighting)).parameters}
    scale = evaluate_arrays(singular_weighting.definition.tree, values)
    settings = {
        "size": size, "shift": shift, "smoothing": smoothing, "weighting": weighting, "seed": seed, "dtype": dtype,
    }  # fmt: skip
    made = [np.ascontiguousarray(side * scale, dtype) for side in (u, v)]
    return SVD(counts.vocabulary, made[0], made[1], s.astype(dtype), settings, time.perf_counter() - begun)


def _truncated(
    matrix: csr_array, size: int, seed: int, pool: ThreadPoolExecutor
) -> tuple[Array, Array, Array]:
    """U (V, D), s (D,) and V (V, D)."""
    from scipy.sparse.linalg import LinearOperator, svds

    if 2 * size + 1 >= matrix.shape[0]:
        # ARPACK needs room beside what is wanted, and so small a matrix is quick to take whole.
        u, s, vt = np.linalg.svd(matrix.toarray(), full_matrices=False)
    else:
        rows, columns = _stretches(matrix), _stretches(matrix.T.tocsr())
        operator = LinearOperator(
            matrix.shape,
            matvec=lambda x: _product(rows, x, pool),
            rmatvec=lambda x: _product(columns, x, pool),
            dtype=matrix.dtype,
        )
        start = np.random.default_rng(seed).standard_normal(matrix.shape[1]).astype(matrix.dtype)
        u, s, vt = svds(operator, k=size, v0=start, tol=_TOLERANCE[str(matrix.dtype)])
    order = np.argsort(-s, kind="stable")[:size]
    u, s, v = u[:, order], s[order], vt[order].T
    largest = u[np.argmax(np.abs(u), axis=0), np.arange(size)]
    sign = np.where(largest < 0, -1, 1).astype(matrix.dtype)
    return u * sign, s, v * sign


def _stretches(matrix: csr_array) -> list[csr_array]:
    """The matrix cut into stretches of rows with about as many cells each."""
    edges = np.searchsorted(matrix.indptr, np.arange(0, matrix.nnz, _STRETCH))
    return [matrix[a:b] for a, b in pairwise(np.unique([0, *edges, matrix.shape[0]]).tolist())]


def _product(stretches: list[csr_array], vector: Array, pool: ThreadPoolExecutor) -> Array:
    """The product, a stretch to a thread at a time; SciPy works on each without Python's lock."""
    return np.concatenate(list(pool.map(lambda part: part @ vector, stretches)))
