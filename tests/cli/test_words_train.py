"""`chainrule words train`: what it trains, tells and writes, Ctrl-C and resuming."""

from __future__ import annotations

import gzip
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import word_corpora
from commandline import Ran, chainrule, refused

from chainrule.cli.wordmodels import MODELS
from chainrule.words.adequacy import shortcomings
from chainrule.words.corpus import Corpus
from chainrule.words.counting import count
from chainrule.words.glove import train_glove
from chainrule.words.svd import train_svd
from chainrule.words.trained import vectors_of
from chainrule.words.vectors import Vectors
from chainrule.words.word2vec import train_word2vec

corpus = word_corpora.corpus
SMALL = ("--size", "4", "--epochs", "3")
WORD2VEC = ("skipgram", "cbow")


def train(*arguments: str) -> dict[str, Any]:
    ran = chainrule("words", "train", *arguments, "--json")
    assert (ran.code, ran.err) == (0, ""), ran
    found: dict[str, Any] = json.loads(ran.out)
    return found


@pytest.mark.usefixtures("corpus")
def test_glove_is_trained_told_and_written() -> None:
    ran = chainrule("words", "train", "weather.txt", *SMALL)
    assert (ran.code, ran.err) == (0, "")
    assert "text        1,080 words, 17 different ones" in ran.out
    assert "vocabulary  17 words seen 5 times or more: 100.0% of the text" in ran.out
    assert "pairs, 10 words on each side, each as 1/distance" in ran.out
    assert "Training   glove, 4 numbers a word, x_max 100, α 0.75, η 0.05, seed 0\n" in ran.out
    assert "  epoch 1 of 3   cost " in ran.out
    assert "  epoch 3 of 3   cost " in ran.out
    assert "Result   3 epochs in " in ran.out
    assert "  chainrule words neighbours in\n" in ran.out
    assert not Path("vectors.safetensors.checkpoint").exists()
    made = Vectors.load("vectors.safetensors")
    wanted = train_glove(count(Corpus("weather.txt")), size=4, epochs=3)
    assert np.array_equal(made.matrix, vectors_of(wanted).matrix)
    assert made.data.contexts is not None
    assert made.data.word_bias is not None


@pytest.mark.usefixtures("corpus")
@pytest.mark.parametrize("model", WORD2VEC)
def test_word2vec_is_trained_as_from_python(model: Any) -> None:
    made = train("weather.txt", *SMALL, "--model", model, "--threads", "1", "--held-out", "0.2")
    wanted = train_word2vec(Corpus("weather.txt"), model=model, size=4, epochs=3, threads=1, held_out=0.2)
    assert [each["held_out"] for each in made["epochs"]] == [each.held_out for each in wanted.history]
    assert made["model"] == model
    loaded = Vectors.load("vectors.safetensors")
    assert np.array_equal(loaded.matrix, wanted.words)
    assert loaded.data.settings["model"] == model


@pytest.mark.usefixtures("corpus")
def test_svd_is_trained_as_from_python() -> None:
    ran = chainrule("words", "train", "weather.txt", "--model", "svd", "--size", "4", "--window", "3")
    assert (ran.code, ran.err) == (0, "")
    assert "Training   svd, 4 numbers a word, shift 1, smoothing 0.75, weighting 0.5, seed 0\n" in ran.out
    assert "Result   all singular values in " in ran.out
    assert "note: " not in ran.out
    loaded = Vectors.load("vectors.safetensors")
    assert np.array_equal(loaded.matrix, train_svd(count(Corpus("weather.txt"), window=3), size=4).words)
    assert loaded.data.settings["model"] == "svd"


def test_the_defaults_are_those_of_python() -> None:
    for model, settings in MODELS.items():
        trains: Any = {"glove": train_glove, "svd": train_svd}.get(model, train_word2vec)
        signature = inspect.signature(trains).parameters
        names = {"size", "epochs", "rate", "seed", "held_out", "patience", "x_max", "alpha", "bias_rate"}
        names |= {"shift", "smoothing", "weighting", "negatives", "sample", "window", "deterministic"}
        for name in names & settings.keys() & signature.keys():
            assert settings[name] == signature[name].default, (model, name)
    assert MODELS["glove"]["window"] == inspect.signature(count).parameters["window"].default


@pytest.mark.usefixtures("corpus")
def test_every_epoch_tells_of_the_held_out_pairs() -> None:
    out = chainrule("words", "train", "weather.txt", *SMALL, "--held-out", "0.2").out
    lines = [line.split() for line in out.splitlines() if line.startswith("  epoch ")]
    assert [line[1] for line in lines] == ["1", "2", "3"]
    assert all(line[6:8] == ["held", "out"] and line[-1] == "s" for line in lines)


@pytest.mark.usefixtures("corpus")
def test_a_corpus_that_is_too_small_is_said_to_be() -> None:
    made = train("weather.txt", *SMALL)
    cells, words = made["pairs"], made["vocabulary"]
    assert made["notes"] == shortcomings(made["tokens"], words, 4, cells=cells) != []
    told = " ".join(chainrule("words", "train", "weather.txt", *SMALL).out.split())
    assert all(f"note: {note}" in told for note in made["notes"])


def test_many_files_gzip_and_folders_are_one_corpus(corpus: Path) -> None:
    (corpus.parent / "texts").mkdir()
    (corpus.parent / "texts" / "more.txt.gz").write_bytes(gzip.compress(b"ice is solid\n"))
    assert train("weather.txt", "texts", *SMALL)["tokens"] == 1083


def test_the_options_of_reading_and_counting_are_used(corpus: Path) -> None:
    corpus.write_text("Ice ice is\n\nsteam Is hot\n" * 3)
    plain = train("weather.txt", *SMALL, "--min-count", "1")
    assert (plain["vocabulary"], plain["coverage"]) == (4, 1.0)
    as_is = train("weather.txt", *SMALL, "--min-count", "1", "--no-lower")
    assert as_is["vocabulary"] == 6
    assert train("weather.txt", *SMALL, "--max-vocabulary", "2")["vocabulary"] == 2
    across = train("weather.txt", *SMALL, "--min-count", "1", "--documents", "blank")
    assert across["pairs"] > plain["pairs"]
    one_sided = train("weather.txt", *SMALL, "--min-count", "1", "--one-sided")
    assert one_sided["pairs"] < plain["pairs"]
    corpus.write_bytes(corpus.read_bytes() + b"caf\xe9\n" * 5)
    assert train("weather.txt", *SMALL, "--encoding-errors", "skip")["vocabulary"] == 3


def test_a_tables_column_is_a_corpus(corpus: Path) -> None:
    corpus.with_name("t.csv").write_text("id,said\n" + '1,"ice is, solid"\n2,steam is gas\n' * 5)
    made = train("t.csv", "--column", "said", *SMALL, "--model", "glove")
    assert (made["tokens"], made["vocabulary"]) == (30, 5)


@pytest.mark.usefixtures("corpus")
def test_counts_of_a_file_train_to_the_same_bits() -> None:
    train("weather.txt", *SMALL, "--window", "3", "--flat", "--out", "one.safetensors")
    counting = ("counts", "weather.txt", "--window", "3", "--flat", "--out", "c.safetensors")
    assert chainrule("words", *counting).code == 0
    train("--counts", "c.safetensors", *SMALL, "--out", "two.safetensors")
    assert Path("one.safetensors").read_bytes() == Path("two.safetensors").read_bytes()


@pytest.mark.usefixtures("corpus")
@pytest.mark.parametrize("ending", ["txt", "vec", "bin", "tsv"])
def test_the_ending_of_out_says_the_format(ending: str) -> None:
    told = chainrule("words", "train", "weather.txt", *SMALL, "--out", f"v.{ending}").out
    assert told.endswith(f"  chainrule words neighbours in --vectors v.{ending}\n")
    train("weather.txt", *SMALL)
    if ending != "tsv":
        given, ours = Vectors.load(f"v.{ending}"), Vectors.load("vectors.safetensors")
        assert np.allclose(given["ice"], ours["ice"], atol=1e-5)
    assert Path(f"v.{ending}").exists()


@pytest.mark.usefixtures("corpus")
def test_training_starts_from_vectors_and_may_freeze_them() -> None:
    first = Vectors(["ice", "unseen"], [[0.5, 0, 0, 1], [1, 1, 1, 1]])
    first.save("start.safetensors")
    given = ("weather.txt", "--epochs", "2", "--start", "start.safetensors")
    assert train(*given, "--freeze")["settings"]["size"] == 4
    kept = Vectors.load("vectors.safetensors")
    assert np.allclose(kept["ice"], first["ice"])
    assert "unseen" not in kept
    train(*given)
    assert not np.allclose(Vectors.load("vectors.safetensors")["ice"], first["ice"])


@pytest.mark.usefixtures("corpus")
def test_patience_ends_the_training_and_says_so() -> None:
    ran = chainrule("words", "train", "weather.txt", "--size", "4", "--epochs", "400", "--rate", "0.9",
                    "--held-out", "0.2", "--patience", "2")  # fmt: skip
    assert ran.code == 0
    assert "; the cost no longer falls\n" in ran.out


PRESSING = """
import os, signal, sys
from contextlib import contextmanager
from chainrule.cli import main, words_train

@contextmanager
def pressing(*, show):
    def tell(part, label):
        if label.startswith("  epoch 2 ") and part < 1:
            os.kill(os.getpid(), signal.SIGINT)
    yield tell

words_train.portion = pressing
sys.exit(main(sys.argv[1:]))
"""


def interrupted(*arguments: str) -> Ran:
    """A training in a process of its own, in which Ctrl-C is pressed in epoch 2."""
    ran = subprocess.run(
        [sys.executable, "-c", PRESSING, "words", "train", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = [line for line in ran.stderr.splitlines() if not line.startswith("making machine code")]
    return Ran(ran.returncode, ran.stdout, "\n".join(told))


def test_ctrl_c_keeps_what_was_learnt_and_resume_goes_on_to_the_same_bits(corpus: Path) -> None:
    corpus.write_text("".join(f"w{n % 67} w{n % 31} w{n % 13}\n" for n in range(3000)))
    ran = interrupted("weather.txt", "--size", "4", "--epochs", "4")
    assert (ran.code, ran.err) == (130, "")
    assert "Result   1 epoch in " in ran.out
    assert "; stopped by Ctrl-C\n" in ran.out
    assert "The vectors are in vectors.safetensors." in ran.out
    assert ran.out.endswith("  and the same command with --resume goes on where this run stopped\n")
    assert len(Vectors.load("vectors.safetensors")) == 67
    again = refused("words", "train", "weather.txt", "--size", "4", "--epochs", "4")
    assert again.startswith('there is an unfinished run in "vectors.safetensors.checkpoint": add --resume')
    other = refused_later("weather.txt", "--size", "5", "--epochs", "4", "--resume")
    assert other == (
        '"vectors.safetensors.checkpoint" was made with size 4, and it is now 5: set size as it was, or begin '
        "anew without resuming"
    )
    train("weather.txt", "--size", "4", "--epochs", "4", "--resume")
    assert not Path("vectors.safetensors.checkpoint").exists()
    train("weather.txt", "--size", "4", "--epochs", "4", "--out", "whole.safetensors")
    assert Path("vectors.safetensors").read_bytes() == Path("whole.safetensors").read_bytes()


def refused_later(*arguments: str) -> str:
    """The sentence with which a training is refused once the corpus is read."""
    ran = chainrule("words", "train", *arguments)
    assert ran.code == 2, ran
    assert ran.err.count("\n") == 1
    return ran.err.removeprefix("chainrule: ").removesuffix("\n")


def test_ctrl_c_while_reading_writes_nothing(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.words.encoding.encode", press)
    assert chainrule("words", "train", "weather.txt") == Ran(130, "", "chainrule: stopped by Ctrl-C\n")
    assert [path.name for path in corpus.parent.iterdir()] == ["weather.txt"]


def test_the_help_tells_each_models_defaults_and_of_ctrl_c() -> None:
    ran = chainrule("words", "train", "--help")
    told = " ".join(ran.out.split())
    assert "Ctrl-C while it trains keeps what was learnt" in told
    assert "[10; word2vec 5]" in told
    assert "[15; word2vec 5]" in told
    assert "[0.05; word2vec 0.025]" in told
    assert max(map(len, ran.out.splitlines())) <= 80
