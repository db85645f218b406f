"""`chainrule words` show, ratios, contexts, why and map."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import chainrule, refused

from chainrule.words.corpus import Corpus
from chainrule.words.counting import count
from word_files import TEXTS, write_files

FORMS = {"text": "GloVe's step", "markdown": "# GloVe's step", "latex": r"\frac", "html": "<!DOCTYPE html>"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("words")
    write_files(folder)
    (folder / "corpus.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def there(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files)


def printed(line: str) -> str:
    ran = chainrule(*line.split())
    assert (ran.code, ran.err) == (0, ""), ran
    return ran.out


PAIR = "words show vectors.safetensors --counts counts.safetensors --pair ice solid"
RATIOS = "words ratios ice steam --counts counts.safetensors"


@pytest.mark.parametrize(("form", "wanted"), FORMS.items())
def test_a_pair_is_shown_in_every_format(form: str, wanted: str) -> None:
    assert wanted in printed(f"{PAIR} --format {form}")


def test_a_pair_is_shown_as_with_a_pencil_and_as_json() -> None:
    shown = json.loads(printed(f"{PAIR} --rounding round:3 --json"))
    assert shown["by"] == "pencil"
    assert shown["certificate"]["agrees"]
    results = {step["name"]["text"]: step["result"]["text"] for p in shown["phases"] for step in p["steps"]}
    assert len(results["p"].partition(".")[2]) == 3


def test_one_entry_of_a_step_is_shown() -> None:
    assert printed(f"{PAIR} --entry w[2]").startswith("How w[2] comes about\n")


def test_a_working_is_written_to_a_file() -> None:
    assert printed(f"{PAIR} --out step.html") == "The working is in step.html.\n"
    assert Path("step.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_an_example_of_skip_gram_is_shown_with_named_or_drawn_noise() -> None:
    shown = printed("words show skipgram.safetensors --example ice solid --negatives gas,art")
    assert '1 "gas", 2 "art"' in shown
    assert "∂C/∂z_N[2]" in shown
    assert "∂C/∂z_N[3]" in printed("words show skipgram.safetensors --example ice solid --negatives 3")


def test_ratios_tell_when_the_vectors_were_trained_on_other_counts(tmp_path: Path) -> None:
    (tmp_path / "twice.txt").write_text("\n".join(TEXTS * 2), encoding="utf-8")
    others = tmp_path / "others.safetensors"
    count(Corpus(tmp_path / "twice.txt"), minimum=1).save(others)
    line = "words ratios ice steam --vectors vectors.safetensors --counts"
    assert "note: the vectors were trained on other counts" in printed(f"{line} {others}")
    assert "note:" not in printed(f"{line} counts.safetensors")


def test_ratios_are_a_table() -> None:
    lines = printed(f"{RATIOS} --probes solid gas water art").splitlines()
    assert lines[0] == "Ratios of probabilities   ice and steam, from counts"
    assert lines[1].split() == ["x", "P(x|ice)", "P(x|steam)", "ratio", "the", "counts", "say"]
    assert lines[2].split()[0] == "solid"
    assert lines[2].endswith("only near ice")
    assert lines[5].endswith("never together with either")


def test_the_vectors_stand_beside_the_ratios() -> None:
    shown = printed(f"{RATIOS} --vectors vectors.safetensors")
    assert "The probes were chosen: two that tell each word from the other" in shown
    assert "What the vectors say" in shown
    found = json.loads(printed(f"{RATIOS} --probes water --vectors vectors.safetensors --json"))
    assert found["probes"][0]["vectors"]["reads"]


def test_contexts_are_lines_of_the_corpus() -> None:
    lines = printed("words contexts ice corpus.txt").splitlines()
    assert lines[0] == "ice   2 places on 2 lines; all shown"
    assert lines[2] == f"{'solid':>30}  ice  floats on water"
    assert printed("words contexts snow corpus.txt") == '"snow" does not stand in the corpus.\n'
    found = json.loads(printed("words contexts ice corpus.txt --most 1 --json"))
    assert (found["count"], len(found["contexts"])) == (2, 1)
    assert "corpus.txt, line 2:" in printed("words contexts ice corpus.txt --lines")


def test_why_two_words_are_alike_adds_up() -> None:
    found = json.loads(printed("words why ice steam --counts counts.safetensors --json"))
    assert sum(each["adds"] for each in found["shared"]) + found["others_add"] == pytest.approx(
        found["cosine"]
    )
    lines = printed("words why ice steam --counts counts.safetensors --most 1").splitlines()
    assert lines[0] == f"ice and steam   cosine {found['cosine']:.3f}, of their PPMI"
    assert lines[-1].split() == ["together", f"{found['cosine']:.4f}"]


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_a_map_is_written(ending: str) -> None:
    told = printed(f"words map vectors.safetensors ice solid steam gas --out map.{ending}")
    assert told.startswith(f"The map of 4 words is in map.{ending}: it shows ")
    assert "ice − solid, steam − gas" in Path(f"map.{ending}").read_text(encoding="utf-8")


def test_a_map_is_drawn_by_matplotlib_too() -> None:
    pytest.importorskip("matplotlib")
    printed("words map plain.txt ice solid steam --out map.png")
    assert Path("map.png").read_bytes()[:4] == b"\x89PNG"


def test_a_map_is_numbers_for_scripts() -> None:
    found = json.loads(printed("words map plain.txt ice solid steam gas --no-differences --json"))
    assert (len(found["points"]), found["differences"]) == (4, [])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "words show vectors.safetensors",
            "say which step: give --pair WORD CONTEXT or --example CENTRE NEAR",
        ),
        (
            "words show vectors.safetensors --pair ice solid",
            "GloVe's step on a pair needs its count: give --counts FILE",
        ),
        (
            f"{PAIR} --negatives 5",
            "GloVe's step on a pair has no noise words: leave --negatives and --seed out",
        ),
        (
            "words show skipgram.safetensors --example ice solid --counts counts.safetensors",
            "skip-gram's step takes no counts: leave --counts out",
        ),
        (
            "words show skipgram.safetensors --example ice solid --negatives gas --seed 1",
            "noise words that are named are not drawn: leave --seed out",
        ),
        (
            "words show skipgram.safetensors --example ice solid --negatives 0",
            "--negatives 0: draw 1 noise word or more, or name some",
        ),
        (
            "words show skipgram.safetensors --example ice solid --negatives -2",
            "--negatives -2: draw 1 noise word or more, or name some",
        ),
        (
            "words show plain.txt --pair ice solid --counts counts.safetensors",
            "these vectors come without the contexts' vectors of their training, which our own format keeps: "
            "give a .safetensors file of a GloVe model",
        ),
        (
            "words show vectors.safetensors --pair ice sollid --counts counts.safetensors",
            'the word "sollid" is not in the vocabulary of 15 words: did you mean "solid"?',
        ),
        (
            f"{PAIR} --out counts.safetensors",
            '--out "counts.safetensors" is a file that is read here: give another name',
        ),
        (
            "words ratios ice steam solid --counts counts.safetensors",
            'two words are told apart, and "solid" is a third: put --probes before it',
        ),
        (
            "words ratios ice steam --counts nowhere.safetensors",
            'cannot read "nowhere.safetensors": there is no such file: check the path',
        ),
        (
            "words contexts ice corpus.txt --seed 1",
            "the first places are shown, and --seed draws nothing: add --sample, or leave it out",
        ),
        ("words contexts ice nowhere.txt", 'there is no file "nowhere.txt": check its name and folder'),
        (
            "words map vectors.safetensors ice solid steam --out map.gif",
            '"map.gif" is no kind of picture: give a name that ends in .svg, .html, .png, .pdf',
        ),
        (
            "words map vectors.safetensors ice solid steam --no-differences --difference ice solid",
            "--difference and --no-differences say the opposite: leave one out",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(line: str, message: str) -> None:
    assert refused(*line.split()) == message
