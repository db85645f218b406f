"""Words known by the company they keep: corpora, vocabularies, counts, and the vectors made of them.

The public names are listed in `__init__.pyi`; each is loaded when it is first used.

>>> from chainrule import words
>>> corpus = words.Corpus.of_texts(["ice is cold and solid", "steam is hot and gas"] * 10)
>>> counts = words.count(corpus, window=4)
>>> counts.of("ice", "cold"), counts.of("steam", "cold")
(5.0, 0.0)
>>> vectors = words.vectors_of(words.train_glove(counts, size=4, epochs=30))
>>> vectors["ice"].shape, len(vectors.neighbours("ice", 3))
((4,), 3)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
