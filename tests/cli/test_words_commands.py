"""`chainrule words`: the commands that use a file of vectors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import chainrule, refused

TEXT = "king 3 1\nqueen 3 4\nman 1 1\nwoman 1 4\ntea -1 0\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("v.txt").write_text(TEXT)
    assert chainrule("words", "convert", "v.txt", "vectors.safetensors").code == 0
    return tmp_path


def test_neighbours_are_listed_with_cosines() -> None:
    assert chainrule("words", "neighbours", "king", "--count", "2").out.split() == [
        "word", "cosine", "man", "0.8944", "queen", "0.8222",
    ]  # fmt: skip
    made = json.loads(
        chainrule("words", "neighbours", "king", "--vectors", "v.txt", "--json", "--count", "1").out
    )
    assert made == {
        "word": "king",
        "neighbours": [{"word": "man", "score": pytest.approx(0.8944271909999159)}],
    }


@pytest.mark.parametrize("method", ["add", "mul"])
def test_an_analogy_is_completed(method: str) -> None:
    ran = chainrule("words", "analogy", "man", "king", "woman", "--method", method, "--count", "1")
    assert ran.out.splitlines()[0] == "man is to king as woman is to …"
    assert ran.out.splitlines()[2].split()[0] == "queen"


def test_the_odd_one_is_named() -> None:
    assert chainrule("words", "odd", "king", "queen", "tea").out.splitlines()[0] == "tea does not belong"
    assert json.loads(chainrule("words", "odd", "king", "queen", "tea", "--json").out)["odd"] == "tea"


def test_similarity_is_the_cosine() -> None:
    assert chainrule("words", "similarity", "king", "man").out == "0.8944\n"


def test_evaluation_tells_coverage_and_intervals() -> None:
    Path("q.txt").write_text(": people\nMan King Woman Queen\nman king woman duke\n")
    Path("p.csv").write_text("a,b,score\nking,queen,9\nking,tea,1\nman,woman,5\nman,tea,2\nman,duke,3\n")
    ran = chainrule("words", "evaluate", "q.txt", "p.csv")
    assert ["people", "1/2", "100.0", "(20.7", "to", "100.0)"] in [
        line.split()[:6] for line in ran.out.splitlines()
    ]
    assert ["p.csv", "4/5"] in [line.split()[:2] for line in ran.out.splitlines()]
    made = json.loads(chainrule("words", "evaluate", "q.txt", "p.csv", "--json").out)
    assert made["analogies"][0]["total"]["coverage"] == 0.5
    assert made["pairs"][0]["asked"] == 4


@pytest.mark.parametrize("target", ["o.txt", "o.vec", "o.bin", "o.safetensors", "o.vec.gz"])
def test_vectors_are_converted_and_used_again(target: str) -> None:
    ran = chainrule("words", "convert", "v.txt", target)
    assert (ran.code, ran.err) == (0, "")
    assert chainrule("words", "similarity", "king", "man", "--vectors", target).out == "0.8944\n"


def test_what_was_read_otherwise_is_told() -> None:
    Path("twice.txt").write_text(TEXT + "king 9 9\n")
    ran = chainrule("words", "similarity", "king", "man", "--vectors", "twice.txt")
    assert ran.out == 'note: the word "king" stands twice: the first vector of a word is kept\n0.8944\n'


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("neighbors king", 'there is no words command called "neighbors": did you mean "neighbours"? (known: '),
        ("neighbours kimg", 'the word "kimg" is not among the 5 words of these vectors: did you mean "king"?'),
        ("neighbours king --vectors no.txt", 'cannot read "no.txt": there is no such file: check the path'),
        ("neighbours king --count 0", "count is how many words to find, not 0: give for example 10"),
        ("neighbours king --use sum", 'there are no context vectors here, as "sum" needs: leave it out, or give '),
        ("analogy man king woman --method mull", 'analogies are solved by "add" or "mul", not \'mull\': choose one'),
        ("odd king queen", "to find the odd one out, give three different words or more"),
        ("convert v.txt v.txt", 'TARGET "v.txt" is a file that is read here: give another name'),
        ("convert v.txt v.dat", 'the name "v.dat" does not say how to write vectors: end it in .safetensors'),
        ("convert v.txt v.dat --to golve", 'there is no format of vectors called "golve": did you mean "glove"? '),
        ("convert v.txt o.vec --errors no", 'there is no way to treat bad UTF-8 called "no"'),
        ("evaluate no.txt", 'there is no file "no.txt": check its name and folder'),
        ("similarity king", "chainrule words similarity needs B: "),
        ("neighbours king --cuont 3", "chainrule words neighbours has no option --cuont: did you mean --count? "),
    ],
)  # fmt: skip
def test_wrong_uses_are_one_sentence(line: str, sentence: str) -> None:
    assert refused("words", *line.split()).startswith(sentence)
