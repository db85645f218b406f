"""A corpus: text in files, a folder, standard input, a column of a table or memory, read piece by piece."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from chainrule.errors import ConfigError, InvalidInput, unknown
from chainrule.words.sources import ERRORS, MemorySource, Source, TableSource, sources_of
from chainrule.words.tokens import TOKENS, spaced
from chainrule.words.word_kernels import MARK

__all__ = ["DOCUMENTS", "Corpus", "Progress"]

DOCUMENTS = {"lines": 1, "blank": 2}
Progress = Callable[[int, int | None], None]


class Corpus:
    """Text and how it is cut into documents and words; nothing is read before it is asked for.

    sources: files (plain, gzip or xz), folders (all files in them, hidden ones left out), or "-" for standard
    input; tokens: "words" (see `words_of`) or "space" for text whose words are already separated by white
    space; lower: turn into lower case (None: yes for "words", no for "space"); documents: "lines", one a
    line, or "blank", separated by blank lines; errors: what to do where text is not UTF-8 or holds a zero
    byte: "error", "replace" (by U+FFFD) or "skip" (the bytes). column: the sources are tables, of which each
    row of this column is one document.
    Raises InvalidInput, one sentence, for a source that cannot be read, now or when it is.

    >>> list(Corpus.of_texts(["Ice is solid.", "Steam isn't."]).documents())
    [['ice', 'is', 'solid'], ['steam', "isn't"]]
    """

    def __init__(
        self,
        *sources: str | os.PathLike[str],
        tokens: str = "words",
        lower: bool | None = None,
        documents: str = "lines",
        errors: str = "error",
        column: str | None = None,
    ) -> None:
        self._settle(tokens, lower, documents, errors)
        if not sources:
            raise ConfigError('there is no corpus: name a file, a folder, or "-" for standard input')
        self.sources: list[Source] = []
        for source in sources:
            self.sources += [TableSource(source, column)] if column is not None else sources_of(source)

    @staticmethod
    def of_texts(
        texts: Iterable[str], *, tokens: str = "words", lower: bool | None = None, name: str = "the texts"
    ) -> Corpus:
        """A corpus of documents in memory."""
        if isinstance(texts, str):
            raise ConfigError("a single text was given: give a list of texts, one a document")
        made = Corpus.__new__(Corpus)
        made._settle(tokens, lower, "lines", "error")
        made.sources = [MemorySource(list(texts), name)]
        return made

    def _settle(self, tokens: str, lower: bool | None, documents: str, errors: str) -> None:
        if tokens not in TOKENS:
            raise unknown("way to cut text into words", tokens, TOKENS)
        if documents not in DOCUMENTS:
            raise unknown("way to separate documents", documents, DOCUMENTS)
        if errors not in ERRORS:
            raise unknown("way to treat bad bytes", errors, ERRORS)
        self.tokens, self.errors = tokens, errors
        self.lower = tokens == "words" if lower is None else lower
        self.separator = documents

    @property
    def newlines(self) -> int:
        """How many line ends in a row separate two documents."""
        return DOCUMENTS[self.separator]

    @property
    def size(self) -> int | None:
        """The bytes there are to read, as they lie on the disk; None where that is not known."""
        sizes = [source.size for source in self.sources]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def pieces(self, progress: Progress | None = None) -> Iterator[bytes | None]:
        """The text with nothing but words, white space and marks, in pieces that end in white space.

        None after each source: the document ends there. progress: called with the bytes read so far, and all.
        """
        done, size = 0, self.size
        for source in self.sources:
            for piece, read in source.pieces(self.errors, self.separator):
                yield spaced(piece, self.tokens, self.lower)
                if progress is not None:
                    progress(done + read, size)
            done += source.size or 0
            yield None

    def documents(self) -> Iterator[list[str]]:
        """The words of every document that has any."""
        words: list[str] = []
        newlines = 0
        for piece in self.pieces():
            lines = [] if piece is None else piece.decode().split("\n")
            for k, line in enumerate(lines):
                newlines += k > 0
                if not (MARK_TEXT in line or line.split()):
                    continue
                if newlines >= self.newlines and words:
                    yield words
                    words = []
                newlines = 0
                words += line.replace(MARK_TEXT, " ").split()
            if piece is None:
                if words:
                    yield words
                words, newlines = [], 0

    def __repr__(self) -> str:
        named = ", ".join(source.name for source in self.sources[:3])
        more = f" and {len(self.sources) - 3} more" if len(self.sources) > 3 else ""
        return f"<Corpus of {named}{more}>"


MARK_TEXT = chr(MARK)


def check_corpus(corpus: Any) -> Corpus:
    """The corpus. Raises InvalidInput for anything else."""
    if not isinstance(corpus, Corpus):
        raise InvalidInput(f"a corpus is wanted, not a {type(corpus).__name__}: give Corpus(path)")
    return corpus
