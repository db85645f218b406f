"""The vectors of a finished training, whatever the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.files.vector_data import InMemory, VectorData
from chainrule.words.glove import GloVe
from chainrule.words.vectors import Vectors

if TYPE_CHECKING:
    from chainrule.words.svd import SVD
    from chainrule.words.word2vec import Word2Vec

__all__ = ["vectors_of"]


def vectors_of(trained: GloVe | Word2Vec | SVD) -> Vectors:
    """The vectors to use, as the models' authors do: GloVe's w + w̃, word2vec's input vectors, an SVD's words.

    Saved as safetensors they keep both tables, the biases that there are, the counts and the settings.

    >>> from chainrule.words.corpus import Corpus
    >>> from chainrule.words.word2vec import train_word2vec
    >>> text = Corpus.of_texts(["ice is cold", "steam is hot"] * 5)
    >>> trained = train_word2vec(text, size=4, epochs=1, threads=1)
    >>> bool((vectors_of(trained)["ice"] == trained.words[trained.vocabulary.index["ice"]]).all())
    True
    """
    if isinstance(trained, GloVe):
        return Vectors.of(trained)
    data = VectorData(
        words=trained.vocabulary.words,
        counts=trained.vocabulary.counts,
        matrix=InMemory(trained.words),
        contexts=InMemory(trained.contexts),
        use="words",
        settings={"model": "svd", **trained.settings},
    )
    return Vectors.from_data(data)
