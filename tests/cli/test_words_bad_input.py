"""What `words train` and `words counts` refuse: one sentence, exit code 2, and no file made or changed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import word_corpora
from commandline import chainrule, refused

from chainrule.words.corpus import Corpus
from chainrule.words.counting import count
from chainrule.words.vectors import Vectors

corpus = word_corpora.corpus
HELP = '"chainrule words train --help" lists what it takes'
TRAIN = [
    ("", 'there is no corpus: name a file, a folder, or "-" for standard input'),
    ("nowhere.txt", 'there is no file "nowhere.txt": check its name and folder'),
    ("empty.txt", "the corpus holds no words: give text, or check how it is cut into words"),
    ("empty", 'the folder "empty" holds no files: name one that does'),
    (
        "weather.txt --min-count 999",
        "no word of the corpus is seen 999 times (the most frequent one 120 times in 1,080 words): "
        "give a larger corpus or a smaller minimum",
    ),
    ("weather.txt --min-count 0", "the minimum count is 0: give 1 or more"),
    ("weather.txt --max-vocabulary 0", "the largest vocabulary is 0: give 1 or more"),
    ("weather.txt --size 0", "size must be a whole number of at least 1, not 0: give for example 100"),
    ("weather.txt --size ten", f"invalid value for '--size': 'ten' is not a valid integer: {HELP}"),
    ("weather.txt --epochs 0", "epochs must be a whole number of at least 1, not 0: give for example 15"),
    (
        "weather.txt --threads 0",
        "threads must be a whole number of at least 1, not 0: leave it out to use all processors",
    ),
    ("weather.txt --seed -1", "seed must be a whole number of at least 0, not -1: give for example 0"),
    (
        "weather.txt --size 99999999999999999999999",
        "size can be at most 100000, not 99999999999999999999999: give for example 100",
    ),
    (
        "weather.txt --threads 99999999999999999999999",
        "threads can be at most 1024, not 99999999999999999999999: leave it out to use all processors",
    ),
    (
        "weather.txt --model cbow --negatives 1001",
        "negatives can be at most 1000, not 1001: give for example 5",
    ),
    ("''", "a file name is empty: name a file, a folder, or - for standard input"),
    ("weather.txt --window 0", "the window is 0: give a whole number from 1 to 1000"),
    (
        "weather.txt --model cbow --window 0",
        "window must be a whole number of at least 1, not 0: give for example 5",
    ),
    (
        "weather.txt --model cbow --sample -1",
        "sample must be at least 0 and finite, not -1.0: give for example 1e-3, or 0 to keep all words",
    ),
    (
        "weather.txt --held-out 1",
        "held_out is a share of the pairs, at least 0 and below 1, not 1.0: give for example 0.01",
    ),
    (
        "weather.txt --memory '4 apples'",
        '--memory "4 apples" is no size: write a number and its unit, such as 4GB or 500MB',
    ),
    ("weather.txt --memory 1MB", '--memory "1MB" is too little: allow 50MB or more'),
    (
        "weather.txt --sise 3",
        f"chainrule words train has no option --sise: did you mean --size? {HELP}",
    ),
    (
        "weather.txt --model skipgrams",
        'there is no model of word vectors called "skipgrams": did you mean "skipgram"? '
        "(known: cbow, glove, skipgram, svd)",
    ),
    (
        "weather.txt --model skipgram --x-max 10",
        "--x-max belongs to the model glove, and this one is skipgram: leave it out, or choose --model glove",
    ),
    (
        "weather.txt --negatives 3",
        "--negatives belongs to the models skipgram and cbow, and this one is glove: leave it out, "
        "or choose --model skipgram",
    ),
    (
        "--counts c.safetensors --model cbow",
        "--counts belongs to the models glove and svd, and this one is cbow: leave it out, or choose --model glove",
    ),
    (
        "weather.txt --model svd --epochs 3",
        "--epochs belongs to the models glove, skipgram and cbow, and this one is svd: leave it out, "
        "or choose --model glove",
    ),
    (
        "weather.txt --tokens spaces",
        'there is no way to cut text into words called "spaces": did you mean "space"? (known: space, words)',
    ),
    (
        "weather.txt --documents page",
        'there is no way to separate documents called "page" (known: blank, lines)',
    ),
    (
        "weather.txt --encoding-errors ignore",
        'there is no way to treat bad bytes called "ignore" (known: error, replace, skip)',
    ),
    (
        "latin.txt",
        '"latin.txt" is not UTF-8 text (byte 3; Latin-1 or Windows-1252?): convert it to UTF-8, or have such bytes '
        'replaced (errors="replace", on the command line --encoding-errors replace) or skipped',
    ),
    (
        "weather.txt --resume",
        'there is no checkpoint "vectors.safetensors.checkpoint" to go on from: leave --resume out to start anew, '
        "or give the --out of the run that was stopped",
    ),
    (
        "weather.txt --out nowhere/v.safetensors",
        'cannot write "nowhere/v.safetensors": the folder "FOLDER/nowhere" does not exist: make it first, '
        "or choose another one",
    ),
    (
        "weather.txt --out empty",
        'the name "empty" does not say how to write vectors: end it in .safetensors, .txt (GloVe)'
        ", .vec (word2vec), .bin (word2vec binary) or .tsv (projector), or say which format",
    ),
    (
        "weather.txt --out v.doc",
        'the name "v.doc" does not say how to write vectors: end it in .safetensors, .txt (GloVe)'
        ", .vec (word2vec), .bin (word2vec binary) or .tsv (projector), or say which format",
    ),
    (
        "weather.txt --out weather.txt",
        '--out "weather.txt" is a file that is read here: give another name',
    ),
    (
        "c.safetensors",
        '"c.safetensors" holds numbers, not text: name a corpus, or give counts with --counts',
    ),
    (
        "weather.txt --counts c.safetensors",
        'there is a corpus, "weather.txt", and --counts: give one of them',
    ),
    (
        "--counts c.safetensors --window 3",
        "--window was decided when the counts were made: leave it out, or count again",
    ),
    (
        "--counts weather.txt",
        'cannot read "weather.txt": it is not a safetensors file: give a file that chainrule wrote',
    ),
    (
        "weather.txt --start v.safetensors --size 7",
        'the vectors of "v.safetensors" have 2 numbers each, and --size is 7: leave --size out',
    ),
    (
        "weather.txt --start weather.txt",
        'cannot read "weather.txt": it holds no vectors: give a file whose lines are a word and its numbers',
    ),
    (
        "weather.txt --freeze",
        "--freeze keeps the vectors of --start as they are: add --start, or leave it out",
    ),
    (
        "weather.txt --column said",
        'weather.txt has no column "said": (columns: c1, c2; or by number, 1 to 2, -1 the last)',
    ),
]
COUNTS = [
    ("", 'chainrule words counts needs CORPUS...: "chainrule words counts --help" lists what it takes'),
    ("weather.txt", "the counts of a corpus have no place to go: add --out counts.safetensors"),
    ("nowhere.txt ice", 'there is no file "nowhere.txt": check its name and folder'),
    ("weather.txt --most 3 --out d.safetensors", "--most is for looking words up in counts: leave it out"),
    ("weather.txt --threads 0 --out d.safetensors", "the number of threads is 0: give 1 or more"),
    (
        "weather.txt c.safetensors --out d.safetensors",
        '"c.safetensors" holds numbers, not text: name a corpus, or count this one first, and then add both',
    ),
    ("nowhere.txt --out d.safetensors", 'there is no file "nowhere.txt": check its name and folder'),
    ("nowhere.safetensors ice", 'cannot read "nowhere.safetensors": there is no such file: check the path'),
    (
        "c.safetensors winters",
        'the word "winters" is not in the vocabulary of 17 words seen 5 times or more: did you mean "winter"?',
    ),
    ("c.safetensors ice --most 0", "--most 0: list 1 companion or more"),
    (
        "c.safetensors ice --window 3",
        '"c.safetensors" holds counts, and --window is for counting text: leave it out',
    ),
    (
        "c.safetensors ice --out d.safetensors",
        '"ice" is no file of counts, and only counts are merged: count the text first, with --out, '
        "or leave --out out to look words up",
    ),
    (
        "c.safetensors --out d.safetensors",
        'there is nothing to add to "c.safetensors": name a second file of counts, or leave --out out',
    ),
    (
        "c.safetensors narrow.safetensors --out d.safetensors",
        "counts with window 10 and window 3 cannot be merged: count both corpora with the same settings",
    ),
    (
        "v.safetensors ice",
        'cannot read "v.safetensors": these are vectors, not counts: give a file of counts',
    ),
]


@pytest.fixture
def folder(corpus: Path) -> Path:
    """The working folder, with counts, vectors and poor corpora beside the corpus."""
    here = corpus.parent
    (here / "empty.txt").write_text("\n")
    (here / "empty").mkdir()
    (here / "latin.txt").write_bytes(b"caf\xe9 is\n" * 9)
    count(Corpus(corpus)).save(here / "c.safetensors")
    count(Corpus(corpus), window=3).save(here / "narrow.safetensors")
    Vectors(["ice", "steam"], [[1, 0], [0, 1]]).save(here / "v.safetensors")
    return here


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        *[(f"train {line}", sentence) for line, sentence in TRAIN],
        *[(f"counts {line}", sentence) for line, sentence in COUNTS],
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) and len(value) < 60 else "",
)
def test_wrong_input_is_one_sentence_and_changes_nothing(line: str, sentence: str, folder: Path) -> None:
    before = contents(folder)
    if "sample" in line:
        ran = chainrule("words", *shlex.split(line))
        assert ran.code == 2
        told = ran.err.removeprefix("chainrule: ").removesuffix("\n")
    else:
        told = refused("words", *shlex.split(line))
    assert told.replace(str(folder.resolve()), "FOLDER") == sentence
    assert contents(folder) == before


def test_a_misspelt_words_command_is_answered_with_the_right_one() -> None:
    assert refused("words", "trian").startswith(
        'there is no words command called "trian": did you mean "train"?'
    )
