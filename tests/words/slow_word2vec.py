"""Small corpora, and word2vec once more, slowly: its draws by Python's hashing, its steps by NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.engines.arrays import evaluate_arrays
from chainrule.formulas.hashing import GOLDEN, MASK64, hash_start, mix64
from chainrule.formulas.wordvectors import WORD_VECTORS
from chainrule.words.corpus import Corpus
from chainrule.words.encoding import Encoded, encode
from chainrule.words.examples import Sampler

Example = tuple[list[int], int, list[int]]


def text_of(words: int, documents: int, length: int = 30, seed: int = 0) -> Encoded:
    """Documents of made-up words, rarer towards the end; each takes its words from one of two halves."""
    rng = np.random.default_rng(seed)
    chances = 1 / np.arange(1, words + 1)
    drawn = rng.choice(words, size=(documents, length), p=chances / chances.sum())
    drawn = drawn // 2 * 2 + rng.integers(0, 2, (documents, 1))
    return encode(Corpus.of_texts([" ".join(f"w{i}" for i in row) for row in drawn.tolist()], tokens="space"))


def examples_of(sampler: Sampler, ids: list[int], epoch: int) -> Iterator[Example]:
    """Inputs, the word to be found, and the noise, of the whole corpus in its order."""
    keys = [hash_start(mix64(sampler.seed), 3 * epoch + k) for k in range(3)]
    accept, alias = (table.tolist() for table in sampler._alias)

    def drawn(kind: int, counter: int) -> int:
        return mix64((keys[kind] + counter * GOLDEN) & MASK64)

    kept = [
        (place, word)
        for place, word in enumerate(ids)
        if word < 0 or drawn(0, place) >> 32 <= sampler.keep[word]
    ]
    for at, (place, centre) in enumerate(kept):
        if centre < 0:
            continue
        reach = ((drawn(1, place) >> 32) * sampler.window >> 32) + 1
        near: list[int] = []
        for step in (-1, 1):
            side = []
            for k in range(1, reach + 1):
                if kept[at + step * k][1] < 0:
                    break
                side.append(kept[at + step * k][1])
            near += side[::-1] if step < 0 else side
        counter = 2 * sampler.window * sampler.negatives * place
        for inputs in ([near] if near else []) if sampler.cbow else [[word] for word in near]:
            noise = []
            for _ in range(sampler.negatives):
                bits = drawn(2, counter)
                counter += 1
                column = (bits >> 32) * len(sampler.vocabulary) >> 32
                noise.append(column if bits & 0xFFFFFFFF <= accept[column] else alias[column])
            yield inputs, centre, noise


def step_of_example(tables: Any, example: Example, rate: float, corrected: bool = False) -> float:
    """One example's step in float64, by the catalogue's gradients of the whole cost; its cost before the step.

    tables: (2, V, D), inputs and outputs
    """
    inputs, target, drawn = example
    noise = [word for word in drawn if word != target]
    v, u = tables[0, inputs].mean(axis=0, keepdims=True), tables[1, [target]]
    formula = WORD_VECTORS["negative_sampling"].definition
    values = {"v": v, "u": u, "N": tables[1, np.array(noise, int)], "g": 1.0}
    cost = evaluate_arrays(formula.tree, values)
    slopes = {wrt: evaluate_arrays(made.tree, values) for wrt, made in formula.gradients.items()}
    scores = tables[1, np.array(noise, int)] @ v[0]
    shared = slopes["v"][0] / len(inputs) if corrected else slopes["v"][0]
    if len(set(noise)) < len(noise):
        # A noise word that is drawn twice has moved by the time its second share is taken.
        shared = slopes["v"][0] - _late(noise, scores, rate, v)
        shared = shared / len(inputs) if corrected else shared
    tables[1, target] -= rate * slopes["u"][0]
    np.subtract.at(tables[1], np.array(noise, int), rate * slopes["N"])
    np.subtract.at(tables[0], inputs, rate * np.broadcast_to(shared, (len(inputs), len(shared))))
    return float(np.sum(cost))


def _late(noise: list[int], scores: Any, rate: float, v: Any) -> Any:
    sigma, found = 1 / (1 + np.exp(-scores)), np.zeros(v.shape[1])
    moved: dict[int, Any] = {}
    for word, slope in zip(noise, sigma, strict=True):
        found += slope * moved.get(word, 0.0)
        moved[word] = moved.get(word, 0.0) + rate * slope * v[0]
    return found
