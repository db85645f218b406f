"""Word vectors in use: by word, their neighbours, analogies, similarities, and means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, UnknownName
from chainrule.files.atomic import PathLike
from chainrule.files.vector_data import InMemory, Matrix, PackedWords, Sum, VectorData, shown
from chainrule.files.vectors import read_vectors, write_vectors
from chainrule.words.nearest import Nearest
from chainrule.words.suggestions import near_words
from chainrule.words.tokens import words_of

if TYPE_CHECKING:
    from chainrule.words.glove import GloVe

__all__ = ["Vectors"]

Array = NDArray[Any]
Use = Literal["sum", "words", "contexts"]


class Vectors:
    """V words, each with a vector of D numbers; not to be changed once made.

    words: V of them, each once; matrix: (V, D), float32 or float64, finite
    counts: (V,), how often each word was seen in its corpus, where known

    Searches are exact: scores are computed in float64, and equal ones are in the order of the words. A word
    whose vector is zero has no direction: it is nobody's neighbour, and asking for its own is an error.

    >>> vectors = Vectors(["king", "queen", "man", "woman", "tea"], [[3, 1], [3, 4], [1, 1], [1, 4], [-1, 0]])
    >>> vectors["man"], len(vectors), "tea" in vectors
    (array([1., 1.], dtype=float32), 5, True)
    >>> vectors.neighbours("king", 1)
    [('man', 0.894427190999915...)]
    """

    def __init__(
        self, words: Iterable[str], matrix: Any, *, counts: Sequence[int] | NDArray[np.int64] | None = None
    ) -> None:
        named = tuple(words)
        array = _checked_matrix(matrix, named)
        counted = None if counts is None else np.asarray(counts, np.int64)
        if counted is not None and counted.shape != (len(named),):
            raise ShapeMismatch(f"{len(named)} words have {counted.size} counts: give one for each")
        self._begin(VectorData(words=named, matrix=InMemory(array), counts=counted), "words")

    def _begin(self, data: VectorData, use: str) -> None:
        self.data = data
        self.use = use
        self._matrix = _matrix_of(data, use)
        self._nearest = Nearest(self._matrix)

    @staticmethod
    def from_data(data: VectorData, use: Use | None = None) -> Vectors:
        """Vectors of what a file holds; use: "sum" (w + w̃), "words" or "contexts", as the file says if not given."""
        made = Vectors.__new__(Vectors)
        made._begin(data, use or data.use)
        return made

    @staticmethod
    def of(trained: GloVe) -> Vectors:
        """The vectors of a finished training: w + w̃; saved with both, the biases, the counts and the settings."""
        data = VectorData(
            words=trained.vocabulary.words, counts=trained.vocabulary.counts, matrix=InMemory(trained.words),
            contexts=InMemory(trained.contexts), word_bias=trained.word_bias, context_bias=trained.context_bias,
            use="sum", settings={"model": "glove", **trained.settings},
        )  # fmt: skip
        return Vectors.from_data(data)

    @staticmethod
    def load(
        path: PathLike,
        *,
        use: Use | None = None,
        vocabulary: PathLike | None = None,
        size: int | None = None,
        errors: str = "error",
        verify: bool = False,
    ) -> Vectors:
        """The vectors of a file, in any format that `chainrule.files.vectors.read_vectors` reads.

        Raises ModelFileError for a file that is broken, altered or of another kind; of our own format the
        numbers are checked when they are first used, or all now with `verify`.
        """
        data = read_vectors(path, vocabulary=vocabulary, size=size, errors=errors, verify=verify)
        return Vectors.from_data(data, use)

    def save(self, path: PathLike, format: str | None = None) -> None:
        """Write the vectors as one file, in the format that the name's ending says (`write_vectors`).

        safetensors keeps contexts and biases too; every other format the vectors in use. Raises CannotWrite.

        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "v.safetensors"
        >>> Vectors(["ice"], [[0.5, 1]]).save(path)
        >>> Vectors.load(path)["ice"].tolist()
        [0.5, 1.0]
        """
        from chainrule.files.vectors import format_of

        data = self.data
        if format_of(path, format) != "safetensors":
            data = replace(data, matrix=self._matrix)
        write_vectors(path, data, format)

    @property
    def words(self) -> Sequence[str]:
        """The words, in the order of the rows."""
        return self.data.words

    @property
    def matrix(self) -> Array:
        """(V, D): all vectors, each checked; read-only."""
        view = self._matrix.rows(0, len(self)).view()
        view.flags.writeable = False
        return view

    @property
    def size(self) -> int:
        """D."""
        return self._matrix.shape[1]

    @property
    def counts(self) -> NDArray[np.int64] | None:
        """(V,): how often each word was seen, where known."""
        return self.data.counts

    def __len__(self) -> int:
        return self._matrix.shape[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._find(word) >= 0

    def __getitem__(self, word: str) -> Array:
        """(D,): the vector of a word. Raises UnknownName, with near words."""
        # A copy: x = vectors["king"]; x -= vectors["man"] must not change the vectors.
        vector: Array = self._matrix.take(np.array([self.place(word)]))[0]
        return vector

    def __repr__(self) -> str:
        return f"<Vectors of {len(self):,} words, {self.size} numbers each>"

    def place(self, word: str) -> int:
        """The row of a word. Raises UnknownName, with near words, where it is not there."""
        if not isinstance(word, str):
            raise InvalidInput(f"a word is text, not {word!r}: give a word")
        found = self._find(word)
        if found < 0:
            raise UnknownName(self._missing(word))
        return found

    def neighbours(self, of: str | Sequence[float] | Array, count: int = 10) -> list[tuple[str, float]]:
        """The words whose vectors have the greatest cosine with a word's, or with any (D,) vector; the word not.

        Raises UnknownName, with near words; InvalidInput for a vector that is zero, not finite or not of D numbers.
        """
        _check_count(count)
        if isinstance(of, str):
            return self._named(self._nearest.nearest(self._direction(of), count, [self.place(of)]))
        vector = np.asarray(of, np.float64)
        if vector.shape != (self.size,):
            raise ShapeMismatch(f"the vector has shape {vector.shape}: give a word, or {self.size} numbers")
        if not np.isfinite(vector).all() or not vector.any():
            raise InvalidInput("the vector has no direction: its numbers must be finite and not all zero")
        scaled = vector / np.abs(vector).max()
        return self._named(self._nearest.nearest(scaled / np.linalg.norm(scaled), count, []))

    def analogy(
        self, a: str, b: str, c: str, count: int = 10, *, method: Literal["add", "mul"] = "add"
    ) -> list[tuple[str, float]]:
        """What is to c as b is to a, the best first; a, b and c are left out.

        "add" (3CosAdd, Mikolov et al. 2013): the cosine with b − a + c, of vectors of length 1
        "mul" (3CosMul, Levy & Goldberg 2014): cos′(b) cos′(c) / (cos′(a) + 0.001), cos′ = (1 + cos)/2

        >>> vectors = Vectors(["king", "queen", "man", "woman", "tea"], [[3, 1], [3, 4], [1, 1], [1, 4], [-1, 0]])
        >>> vectors.analogy("man", "king", "woman", 1)[0][0]
        'queen'
        """
        _check_count(count)
        places = [self.place(word) for word in (a, b, c)]
        first, second, third = (self._direction(word) for word in (a, b, c))
        if method == "mul":
            return self._named(self._nearest.product(first, second, third, count, places))
        if method != "add":
            raise ConfigError(f'analogies are solved by "add" or "mul", not {method!r}: choose one of them')
        wanted = second - first + third
        length = np.linalg.norm(wanted)
        if length < 1e-12:
            raise InvalidInput(f'"{b}" − "{a}" + "{c}" is zero, which has no direction: choose other words')
        return self._named(self._nearest.nearest(wanted / length, count, places))

    def similarity(self, a: str, b: str) -> float:
        """The cosine of two words' vectors, −1 to 1. Raises UnknownName, and InvalidInput for a zero vector."""
        first, second = self._direction(a), self._direction(b)
        return float(np.clip(first @ second, -1, 1))

    def odd_one_out(self, words: Sequence[str]) -> str:
        """The word that is least like the others; of equal ones the first. Raises InvalidInput below three.

        >>> Vectors(["ice", "snow", "tea"], [[1, 0], [1, 0.1], [0, 1]]).odd_one_out(["ice", "tea", "snow"])
        'tea'
        """
        likeness = self.belonging(words)
        return min(likeness, key=likeness.__getitem__)

    def belonging(self, words: Sequence[str]) -> dict[str, float]:
        """How alike each of three or more words is to the others: its mean cosine with them."""
        if isinstance(words, str) or len(words) < 3 or len(set(words)) < len(words):
            raise InvalidInput("to find the odd one out, give three different words or more")
        units = np.stack([self._direction(word) for word in words])
        cosines = (units @ units.sum(axis=0) - 1) / (len(words) - 1)
        return {word: float(cosine) for word, cosine in zip(words, cosines, strict=True)}

    def subset(self, words: Iterable[str]) -> Vectors:
        """The vectors of some words, in that order. Raises UnknownName, with near words.

        >>> Vectors(["ice", "tea"], [[1, 0], [0, 1]]).subset(["tea"]).matrix.tolist()
        [[0.0, 1.0]]
        """
        named = list(words)
        places = np.array([self.place(word) for word in named], np.intp)
        counts = None if self.counts is None else self.counts[places]
        return Vectors(named, self._matrix.take(places), counts=counts)

    def mean_of(self, sentence: str | Sequence[str]) -> Array:
        """(D,): the mean vector of the words of a text, or of given words; those not there are left out.

        A word that is not there is tried in lower case. Raises InvalidInput where none is there.

        >>> Vectors(["ice", "tea"], [[1, 0], [0, 1]]).mean_of("Ice, ice, or tea?").tolist()
        [0.6666666865348816, 0.3333333432674408]
        """
        given = words_of(sentence, lower=False) if isinstance(sentence, str) else list(sentence)
        places = [place for word in given if (place := self._find_any_case(word)) >= 0]
        if not places:
            told = shown(sentence) if isinstance(sentence, str) else f"{len(given)} words"
            raise InvalidInput(f"none of the words of {told} has a vector: give a text with other words")
        mean: Array = self._matrix.take(np.array(places)).mean(axis=0, dtype=np.float64).astype(np.float32)
        return mean

    def find(self, word: str) -> int:
        """The row of a word, or of its lower case, or −1."""
        return self._find_any_case(word)

    def units(self, places: Sequence[int] | NDArray[np.intp]) -> NDArray[np.float64]:
        """(N, D): the vectors of rows, each divided by its length, in float64; zero vectors stay zero."""
        return self._nearest.units(places)

    def _direction(self, word: str) -> NDArray[np.float64]:
        unit: NDArray[np.float64] = self._nearest.units([self.place(word)])[0]
        if not unit.any():
            raise InvalidInput(
                f"the vector of {shown(word)} is zero, which has no direction: choose another word"
            )
        return unit

    def _named(self, found: list[tuple[int, float]]) -> list[tuple[str, float]]:
        return [(self.words[place], score) for place, score in found]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    def _find(self, word: str) -> int:
        if isinstance(self.words, PackedWords) and "_index" not in self.__dict__:
            return self.words.find(word)
        return self._index.get(word, -1)

    def _find_any_case(self, word: str) -> int:
        found = self._find(word)
        return found if found >= 0 else self._find(word.lower())

    def _missing(self, word: str) -> str:
        near = near_words(word, lambda each: self._index.get(each, -1), self.words)
        quotes = [f'"{each}"' for each in near]
        said = " or ".join([", ".join(quotes[:-1]), quotes[-1]] if len(quotes) > 1 else quotes)
        hint = f"did you mean {said}?" if near else "give a word that is among them"
        return f"the word {shown(word)} is not among the {len(self):,} words of these vectors: {hint}"


def _matrix_of(data: VectorData, use: str) -> Matrix:
    if use not in ("sum", "words", "contexts"):
        raise ConfigError(f'use is "sum", "words" or "contexts", not {use!r}: choose one of them')
    if use == "words":
        return data.matrix
    if data.contexts is None:
        raise InvalidInput(
            f'there are no context vectors here, as "{use}" needs: leave it out, or give "words"'
        )
    return data.contexts if use == "contexts" else Sum(data.matrix, data.contexts)


def _checked_matrix(matrix: Any, words: tuple[str, ...]) -> Array:
    try:
        array = np.asarray(matrix)
        as_it_is = isinstance(matrix, np.ndarray) and array.dtype in (np.float32, np.float64)
        array = array if as_it_is and array.dtype.isnative else array.astype(np.float32)
    except (TypeError, ValueError):
        raise InvalidInput("the matrix of vectors holds something that is no number: give numbers") from None
    if array.ndim != 2 or array.shape[0] != len(words) or not array.size:
        raise ShapeMismatch(
            f"{len(words)} words have a matrix of shape {array.shape}: give a row of numbers for each word"
        )
    if wrong := next((word for word in words if not isinstance(word, str)), None):
        raise InvalidInput(f"a word is text, not {wrong!r}: give words")
    if len(set(words)) < len(words):
        seen: set[str] = set()
        twice = next(word for word in words if word in seen or seen.add(word))  # type: ignore[func-returns-value]
        raise InvalidInput(f"the word {shown(twice)} stands there twice: give each word once")
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0].tolist()
        raise InvalidInput(
            f"number {column + 1} of the vector of {shown(words[row])} is {array[row, column]}: "
            "vectors must be finite: leave the word out, or train again"
        )
    return array


def _check_count(count: int) -> None:
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise ConfigError(f"count is how many words to find, not {count!r}: give for example 10")
