"""Keyword in context: a word in the lines of a corpus as they stand there."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.errors import ConfigError, InvalidInput
from chainrule.words.corpus import Corpus, Progress
from chainrule.words.tokens import words_of

__all__ = ["Context", "Found", "find_contexts"]

# A line that is longer is cut.
LONGEST = 1 << 20
# What the tokeniser takes for one letter or digit.
_LETTER = r"[^\W_]"
_JOINERS = {"'": "['\u2019\uff07]", "-": "[-\u2010\u2011]"}


@dataclass(frozen=True)
class Context:
    """A place where a word stands: source and line (from 1), and what is left and right of it on its line."""

    source: str
    line: int
    left: str
    word: str
    right: str


@dataclass(frozen=True)
class Found:
    """The places shown, in the order of the corpus, and how many there are in all, on how many lines."""

    contexts: tuple[Context, ...]
    count: int
    lines: int


def find_contexts(
    corpus: Corpus,
    word: str,
    most: int = 20,
    *,
    sample: bool = False,
    seed: int = 0,
    width: int = 200,
    progress: Progress | None = None,
) -> Found:
    """Where a word stands in a corpus; the whole corpus is read, a piece at a time, to count all places.

    most: how many places are given, the first ones, or with `sample` as many drawn at random from `seed`;
    width: the most characters on each side. Raises InvalidInput for what is not one word of the corpus's
    tokens, or a corpus that cannot be read; ConfigError for settings.

    >>> corpus = Corpus.of_texts(["Debt turning into banking crises.", "Unified banking regulation"])
    >>> [(c.left, c.word, c.right) for c in find_contexts(corpus, "banking").contexts]
    [('Debt turning into ', 'banking', ' crises.'), ('Unified ', 'banking', ' regulation')]
    """
    if type(most) is not int or most < 1:
        raise ConfigError(f"how many places to give is a whole number of at least 1, not {most!r}")
    if type(width) is not int or width < 1:
        raise ConfigError(f"the width is a whole number of at least 1, not {width!r}")
    pattern = _pattern(corpus, word)
    kept: list[tuple[int, Context]] = []
    drawn = random.Random(seed)
    count, lines, last = 0, 0, ("", 0)
    for source, first, text in _whole_lines(corpus, progress):
        at, line = 0, first
        for matched in pattern.finditer(text):
            line += text.count("\n", at, matched.start())
            at = matched.start()
            lines += last != (source, line)
            last = (source, line)
            count += 1
            # Each place is kept with the same chance, however many there are (Vitter 1985, algorithm R).
            place = len(kept) if len(kept) < most else drawn.randrange(count) if sample else most
            if place < most:
                made = (count, _context(source, line, text, matched, width))
                kept[place : place + 1] = [made]
    kept.sort(key=lambda pair: pair[0])
    return Found(tuple(context for _, context in kept), count, lines)


def _pattern(corpus: Corpus, word: str) -> re.Pattern[str]:
    """What matches a word where the corpus's tokeniser finds it."""
    found = words_of(word, tokens=corpus.tokens, lower=corpus.lower)
    if len(found) != 1:
        raise InvalidInput(f'"{word}" is not one word as the corpus is cut into words: name a single word')
    flags = re.IGNORECASE if corpus.lower else 0
    wanted = "".join(_JOINERS.get(letter, re.escape(letter)) for letter in found[0])
    if corpus.tokens == "space":
        return re.compile(rf"(?<!\S){wanted}(?!\S)", flags)
    joined = "['\u2019\uff07\\-\u2010\u2011]"
    before = rf"(?<!{_LETTER})(?<!{_LETTER}{joined})"
    after = rf"(?!{_LETTER})(?!{joined}{_LETTER})"
    # A point or a comma joins digits only.
    before += r"(?<!\d[.,])" if found[0][0].isdigit() else ""
    after += r"(?![.,]\d)" if found[0][-1].isdigit() else ""
    return re.compile(before + wanted + after, flags)


def _whole_lines(corpus: Corpus, progress: Progress | None) -> Iterator[tuple[str, int, str]]:
    """The text in runs of whole lines, each with its source and the number of its first line."""
    done, size = 0, corpus.size
    for source in corpus.sources:
        carried, line = "", 1
        for piece, read in source.pieces(corpus.errors, corpus.separator):
            text = carried + unicodedata.normalize("NFC", piece.decode())
            cut = text.rfind("\n") + 1
            if not cut and len(text) > LONGEST:
                cut = len(text)
            carried = text[cut:]
            if cut:
                yield source.name, line, text[:cut]
                line += text.count("\n", 0, cut)
            if progress is not None:
                progress(done + read, size)
        if carried:
            yield source.name, line, carried
        done += source.size or 0


def _context(source: str, line: int, text: str, matched: re.Match[str], width: int) -> Context:
    start, stop = matched.span()
    begins = max(text.rfind("\n", 0, start) + 1, start - width)
    ends = text.find("\n", stop)
    ends = min(ends if ends >= 0 else len(text), stop + width)
    left, right = text[begins:start], text[stop:ends]
    return Context(source, line, left.lstrip(), matched[0], right.rstrip())
