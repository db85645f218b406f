"""The public face of `chainrule.words`: a list of names, each loaded when it is first used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import chainrule
from chainrule import words

NAMES = [
    "Corpus", "Counts", "Encoded", "Epoch", "GloVe", "Progress", "SVD", "Start", "Vectors", "Vocabulary", "Word2Vec",
    "bag_of_words", "count", "encode", "evaluate_analogies", "evaluate_pairs", "load_counts", "merge_counts",
    "one_hot", "ppmi_of", "read_questions", "train_glove", "train_svd", "train_word2vec", "vectors_of", "words_of",
]  # fmt: skip


def test_the_public_names_of_words_are_these() -> None:
    assert sorted(words.__all__) == NAMES
    assert chainrule.words is words


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_of_words_is_there_and_documented(name: str) -> None:
    assert getattr(words, name).__doc__
    assert words.__file__ is not None
    assert f" as {name}\n" in Path(words.__file__).with_suffix(".pyi").read_text()


def test_words_load_only_what_they_need() -> None:
    code = (
        "import sys, chainrule\n"
        "chainrule.words\n"
        "assert 'numpy' not in sys.modules\n"
        "chainrule.words.Vocabulary\n"
        "assert not {'chainrule.words.glove', 'scipy', 'duckdb', 'torch'} & set(sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
