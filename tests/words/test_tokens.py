"""Words: what belongs to one, in every script."""

from __future__ import annotations

import pytest

from chainrule.words.tokens import words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ice is cold.", ["ice", "is", "cold"]),
        ("don't 'quote' rock-'n'-roll", ["don't", "quote", "rock", "n", "roll"]),
        ("well-known -- a - b- -c", ["well-known", "a", "b", "c"]),
        ("3.14 1,000 1.5. a.b 7th", ["3.14", "1,000", "1.5", "a", "b", "7th"]),
        ("isn’t l’été co‑op", ["isn't", "l'été", "co-op"]),
        ("GRÖSSE Straße ΣΟΦΊΑ", ["größe".replace("ß", "ss"), "straße", "σοφία"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("e\u0301te\u0301 soft\u00adhyphen", ["été", "softhyphen"]),
        ("a\u00a0b\u3000c\u2028d", ["a", "b", "c", "d"]),
        ("x_y a@b.ch 5€ #tag", ["x", "y", "a", "b", "ch", "5", "tag"]),
        ("π≈3.1 😀 ok", ["π", "3.1", "ok"]),
        ("", []),
        ("'", []),
        ("-.-", []),
    ],
)
def test_words_are_letters_marks_digits_and_what_joins_them(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_ascii_text_is_cut_as_the_same_text_beyond_it() -> None:
    text = "It's 3.14, A-b's 'x' -- 1,000.5; END."
    assert words_of(text) == words_of(f"{text} é")[:-1]


def test_case_is_kept_where_asked() -> None:
    assert words_of("Ice É", lower=False) == ["Ice", "É"]
    assert words_of("Ice É", tokens="space", lower=True) == ["ice", "é"]


def test_ready_tokens_are_left_as_they_are() -> None:
    assert words_of("New_York , 'tis\u00a0so", tokens="space") == ["New_York", ",", "'tis\u00a0so"]
