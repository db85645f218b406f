"""Small counts to train on, and GloVe's training once more, slowly, pair by pair."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.engines.arrays import evaluate_arrays
from chainrule.formulas.expression import evaluate
from chainrule.formulas.wordvectors import WORD_VECTORS, glove_adagrad
from chainrule.words.counts import Counts
from chainrule.words.vocabulary import Vocabulary


def counts_of(words: int, cells: int, seed: int = 0) -> Counts:
    """Symmetric counts of made-up words, rarer towards the end."""
    rng = np.random.default_rng(seed)
    chances = 1 / np.arange(1, words + 1)
    drawn = rng.choice(words, size=(cells, 2), p=chances / chances.sum())
    both = np.concatenate([drawn, drawn[:, ::-1]])
    table = np.zeros((words, words))
    np.add.at(table, (both[:, 0], both[:, 1]), np.tile(rng.integers(1, 21, cells) / 20, 2))
    rows, columns = np.nonzero(table)
    names = [f"w{i}" for i in range(words)]
    vocabulary = Vocabulary(names, np.arange(words, 0, -1))
    return Counts.from_cells(vocabulary, rows, columns, table[rows, columns], window=16)


def step_of_pair(tables: Any, pair: tuple[int, int], x: float, rate: float, size: int) -> float:
    """One pair's AdaGrad step by the catalogue's trees, in float64; returns its cost before the step.

    tables: values (2, V, 2, D + 1): vectors and the bias behind them, then the sums of squares
    """
    (i, j), formulas = pair, {name: made.definition for name, made in WORD_VECTORS.items()}
    vectors = {"w": tables[0, i, 0, :size][None], "w_tilde": tables[1, j, 0, :size][None]}
    biases = {"b": tables[0, i, 0, size], "b_tilde": tables[1, j, 0, size]}
    f = WORD_VECTORS["glove_weighting"].value_at(x=x)
    p = evaluate_arrays(formulas["glove_prediction"].tree, {**vectors, **biases}).item()
    e = evaluate(formulas["glove_error"].tree, {"p": p, "x": x})
    d = evaluate(formulas["glove_half_pair_cost"].gradients["e"].tree, {"g": 1.0, "f": f, "e": e})
    gradients = {
        wrt: evaluate_arrays(slope.tree, {**vectors, "g": np.float64(d)})
        for wrt, slope in formulas["glove_prediction"].gradients.items()
    }
    places = {
        "w": (0, i, slice(size)),
        "w_tilde": (1, j, slice(size)),
        "b": (0, i, size),
        "b_tilde": (1, j, size),
    }
    for wrt, (side, word, where) in places.items():
        known = {
            "eta": rate,
            "g": gradients[wrt],
            "w": tables[side, word, 0, where],
            "s": tables[side, word, 1, where],
        }
        for name, step in glove_adagrad.assignments:
            known[name] = evaluate_arrays(step.tree, known)
        tables[side, word, 0, where], tables[side, word, 1, where] = known["w"], known["s"]
    return float(evaluate(formulas["glove_pair_cost"].tree, {"f": f, "e": e}))
