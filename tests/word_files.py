"""Small files of counts and of vectors, as the commands of word vectors read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from chainrule.files.vector_data import InMemory, VectorData
from chainrule.files.vectors import write_vectors
from chainrule.words.corpus import Corpus
from chainrule.words.counting import count
from chainrule.words.counts import Counts
from chainrule.words.glove import GloVe, train_glove

TEXTS = (
    "ice is solid water and cold",
    "solid ice floats on water",
    "steam is gas and hot water",
    "gas steam rises from water",
    "fashion is art",
)


def small_counts() -> Counts:
    """The counts of a few lines about ice and steam."""
    return count(Corpus.of_texts(TEXTS * 4), window=4, minimum=1, threads=1)


def small_glove(counts: Counts, size: int = 3) -> GloVe:
    """GloVe on them, in float64."""
    return train_glove(counts, size=size, epochs=20, threads=1, dtype="float64")


def data_of(trained: GloVe) -> VectorData:
    """Trained vectors as a file holds them."""
    return VectorData(
        words=trained.vocabulary.words,
        matrix=InMemory(trained.words),
        contexts=InMemory(trained.contexts),
        counts=np.asarray(trained.vocabulary.counts),
        word_bias=trained.word_bias,
        context_bias=trained.context_bias,
        use="sum",
        settings={k: v for k, v in trained.settings.items() if isinstance(v, int | float | str)},
    )


def skip_gram_data(trained: GloVe) -> VectorData:
    """Vectors of both sides without biases."""
    return VectorData(
        words=trained.vocabulary.words,
        matrix=InMemory(trained.words),
        contexts=InMemory(trained.contexts),
        counts=np.asarray(trained.vocabulary.counts),
        use="words",
        settings={"rate": 0.5},
    )


def write_files(folder: Path, size: int = 3) -> None:
    """counts.safetensors, vectors.safetensors (GloVe's), skipgram.safetensors and plain.txt."""
    counts = small_counts()
    trained = small_glove(counts, size)
    counts.save(folder / "counts.safetensors")
    write_vectors(folder / "vectors.safetensors", data_of(trained))
    write_vectors(folder / "skipgram.safetensors", skip_gram_data(trained))
    write_vectors(folder / "plain.txt", data_of(trained))
