"""`chainrule words counts`: counting, looking counts up, and merging them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import word_corpora
from commandline import chainrule

from chainrule.words.corpus import Corpus
from chainrule.words.counting import count
from chainrule.words.counts_file import load_counts

corpus = word_corpora.corpus


@pytest.fixture
def counts(corpus: Path) -> Path:
    """The counts of weather.txt, in c.safetensors."""
    count(Corpus(corpus), window=4).save(corpus.with_name("c.safetensors"))
    return corpus.with_name("c.safetensors")


def run(*arguments: str) -> str:
    ran = chainrule("words", "counts", *arguments)
    assert (ran.code, ran.err) == (0, ""), ran
    return ran.out


def run_json(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return found


@pytest.mark.usefixtures("corpus")
def test_a_corpus_is_counted_told_and_written() -> None:
    told = run("weather.txt", "--window", "4", "--min-count", "2", "--out", "c.safetensors")
    assert "text        1,080 words, 17 different ones" in told
    assert "vocabulary  17 words seen 2 times or more: 100.0% of the text" in told
    assert "pairs, 4 words on each side, each as 1/distance" in told
    assert "  chainrule words counts c.safetensors and is\n" in told
    loaded, wanted = load_counts("c.safetensors"), count(Corpus("weather.txt"), window=4, minimum=2)
    assert loaded.vocabulary == wanted.vocabulary
    assert (loaded.values == wanted.values).all()


@pytest.mark.usefixtures("corpus")
def test_one_sided_flat_counts_are_told_so() -> None:
    told = run("weather.txt", "--window", "1", "--one-sided", "--flat", "--out", "c.safetensors")
    assert " pairs, 1 word before, each as 1\n" in told
    assert load_counts("c.safetensors").of("cold", "is") == 60


@pytest.mark.usefixtures("counts")
def test_two_words_are_looked_up_with_their_marginals_and_companions() -> None:
    counts = load_counts("c.safetensors")
    found = run_json("c.safetensors", "ice", "is", "--most", "2")
    assert found["words"]["ice"] == {
        "seen": 41,
        "total": counts.total("ice"),
        "contexts": [list(each) for each in counts.contexts("ice", 2)],
    }
    assert found["between"] == [[0, counts.of("ice", "is")], [counts.of("is", "ice"), 0]]
    told = run("c.safetensors", "ice", "is")
    assert f"ice   seen 41 times; all it has near it, together {counts.total('ice'):.6g}\n" in told
    assert "  most often near: " in told
    assert "Counts of the words across near the words down\n" in told


@pytest.mark.usefixtures("counts")
def test_counts_tell_what_they_hold() -> None:
    told = run("c.safetensors")
    assert told.startswith("Counts   c.safetensors\n")
    assert "frequent    and 120, is 120, too 120, " in told
    assert run_json("c.safetensors")["window"] == 4


@pytest.mark.usefixtures("counts")
def test_counts_are_added() -> None:
    run("c.safetensors", "c.safetensors", "--out", "both.safetensors")
    one, both = load_counts("c.safetensors"), load_counts("both.safetensors")
    assert both.of("ice", "is") == 2 * one.of("ice", "is")
    assert both.vocabulary.tokens == 2160
