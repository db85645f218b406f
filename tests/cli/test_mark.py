"""`chainrule mark`: the slips of the decks, a class, and sheets that cannot be read."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from commandline import chainrule, refused

PSYC = 'example = "psyc681-2-2-1"\n[answers]\n'


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sheet(name: str, answers: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(PSYC + answers, "utf-8")
    return name


def marked(*arguments: str) -> dict[str, Any]:
    ran = chainrule("mark", *arguments, "--json")
    assert ran.err == ""
    found: dict[str, Any] = json.loads(ran.out)
    assert ran.code == (0 if found["first_wrong"] is None else 1)
    return found


def answer(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in found["answers"] if each["name"] == name)


# --- the slip table of the decks ---------------------------------------------------------------------


def test_two_slips_fit_w3_alone_and_each_needs_its_rounding() -> None:
    found = answer(marked(sheet("17.toml", 'w3 = "0.4011"')), "w3")
    assert (found["verdict"], found["expected"]) == ("wrong", "0.4006")
    assert {(c["slip"], c["where"], c["rounding"]) for c in found["candidates"]} == {
        ("x1 used for x2", "∂C/∂w3", "rounded"),
        ("w5 left out", "∂C/∂w3", "truncated"),
    }


def test_with_w1_beside_it_only_one_slip_fits() -> None:
    found = marked(sheet("17.toml", 'w1 = "0.7010"\nw3 = "0.4011"'))
    assert answer(found, "w1")["verdict"] == "rounded"
    assert [c["slip"] for c in answer(found, "w3")["candidates"]] == ["w5 left out"]
    assert found["first_wrong"] == "w3"


def test_the_slip_of_the_deck_is_told_to_a_reader() -> None:
    ran = chainrule("mark", sheet("17.toml", 'w1 = "0.7010"\nw3 = "0.4011"'))
    assert (ran.code, ran.err) == (1, "")
    assert "Wrong is w3: 0.4011 in place of 0.400633.\n  One slip fits: w5 left out, in ∂C/∂w3, " in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_deck_of_psyc681_has_one_slip_and_it_is_carried_on() -> None:
    found = marked("psyc681")
    wrong = [each["name"] for each in found["answers"] if each["verdict"] == "wrong"]
    assert wrong == ["w3", "letter n", "again o1@2"]
    assert [c["slip"] for c in answer(found, "w3")["candidates"]] == ["w5 left out"]
    assert answer(found, "z1@2")["verdict"] == "follow-through"
    assert answer(found, "z1@2")["from"] == ["w3"]
    assert found["marks"] == {"earned": 24.0, "of": 27.0}


def test_no_uniform_rounding_fits_that_deck() -> None:
    found = marked(sheet("a.toml", 'w1 = "0.7010"\nw2 = "0.3009"'))
    assert found["rounding"]["policies"] == []
    assert found["rounding"]["sentence"] == "no uniform policy fits: w1 needs truncation, w2 rounding"


def test_its_gradient_for_w6_is_made_of_rounded_factors() -> None:
    found = answer(marked("psyc681"), "∂C/∂w6")
    assert found["verdict"] == "follow-through"
    assert "∂C/∂o1" in found["from"]
    assert answer(marked("psyc681"), "z3@2")["verdict"] == "follow-through"


def test_its_typing_slip_is_wrong() -> None:
    found = answer(marked(sheet("a.toml", '"o1@2" = "0.6443"')), "o1@2")
    assert (found["verdict"], found["expected"]) == ("wrong", "0.6484")


def test_the_gradient_of_cap4453_comes_of_an_activation_rounded_early() -> None:
    found = marked("cap4453")
    assert answer(found, "∂E/∂w1")["verdict"] == "follow-through"
    told = chainrule("mark", "cap4453").out
    assert "∂a1/∂z1 from your rounded a1: a1 rounded to 0.9995 before use" in told


def test_the_practice_answers_of_cap4453_have_their_policy() -> None:
    found = marked("cap4453-practice")
    assert [each["verdict"] for each in found["answers"]] == ["rounded"] * 4
    assert found["rounding"]["policies"] == [
        {
            "default": "exact",
            "hidden activations": "truncate:4",
            "output": "truncate:4",
            "output slope": "truncate:4",
            "answers": "truncate",
        }
    ]


def test_n_has_two_meanings_in_the_deck_of_psyc681() -> None:
    (told,) = answer(marked("psyc681"), "letter n")["candidates"]
    assert told["slip"] == (
        "n stands for the number of samples (1 here) and the number of outputs (1 here): other quantities, which "
        "in a network of 4 inputs and 3 outputs with 5 samples are 5 and 3: give each a letter of its own"
    )


def test_the_vectors_of_glove_in_the_deck_of_ling581_are_of_one_kind() -> None:
    found = answer(marked("ling581"), "formula of J")
    assert (found["verdict"], found["expected"]) == ("wrong", "f · (w_i · w̃_j + b_i + b̃_j - ln(X_ij))²")
    assert [c["slip"] for c in found["candidates"]] == [
        "w_j used for w̃_j: the vector of a context word is another than the vector of a word, and is learnt "
        "beside it"
    ]


def test_the_formulas_and_ranges_of_comp0087_that_are_wrong_are_found_and_no_others() -> None:
    found = marked("comp0087")
    wrong = {each["name"]: each for each in found["answers"] if each["verdict"] == "wrong"}
    assert {name: [c["slip"] for c in each["candidates"]] for name, each in wrong.items()} == {
        "formula of z": ["bias b left out, or inside x and w as the weight of a constant input 1: say which"],
        "formula of σ(x)": ["sign of term 2 of σ(x)"],
        "range of ReLU": ["0 is a value of relu: its bracket is square"],
    }
    slope = answer(found, "formula of dσ/dx")
    assert (slope["verdict"], slope["from"]) == ("follow-through", ["formula of σ(x)"])
    assert found["marks"] == {"earned": 10.0, "of": 13.0}


@pytest.mark.parametrize("name", ["unit", "softmax"])
def test_a_deck_without_slips_is_right(name: str) -> None:
    assert marked(name)["first_wrong"] is None


# --- options -----------------------------------------------------------------------------------------


def test_a_rounding_may_be_asked_for() -> None:
    name = sheet("a.toml", 'h1 = "0.615"\no1 = "0.645"')
    assert marked(name, "--rounding", "truncate:3")["first_wrong"] is None
    found = marked(name, "--rounding", "round:3")
    assert found["rounding"]["policies"] == ["round:3"]
    assert found["first_wrong"] == "o1"


def test_a_rounding_may_be_asked_for_by_quantity() -> None:
    found = marked(sheet("a.toml", 'o1 = "0.645"'), "--rounding", "output=truncate:3, slopes=round:3")
    assert found["rounding"]["policies"] == [
        {"default": "exact", "output": "truncate:3", "slopes": "round:3"}
    ]
    assert found["first_wrong"] is None


def test_a_csv_sheet_takes_its_example_from_the_command_line() -> None:
    Path("17.csv").write_text("z1,0.47\nz2,0.33\n", "utf-8")
    assert marked("17.csv", "--example", "psyc681-2-2-1")["marks"] == {"earned": 2.0, "of": 2.0}


def test_follow_through_may_earn_part_of_the_marks() -> None:
    name = sheet("a.toml", 'w1 = "0.7010"\nw3 = "0.4011"\n"z1@2" = "0.4708"')
    assert marked(name)["marks"] == {"earned": 2.0, "of": 3.0}
    assert marked(name, "--follow-through", "0.5")["marks"] == {"earned": 1.5, "of": 3.0}
    assert chainrule("mark", name, "--follow-through", "2").code == 2


# --- a class -----------------------------------------------------------------------------------------


@pytest.fixture
def klass() -> str:
    sheet("class/9.toml", 'z1 = "0.47"\nw1 = "0.7010"\nw3 = "0.4011"')
    sheet("class/10.toml", 'z1 = "0.47"\nw1 = "0.7011"\nw3 = "0.4006"')
    Path("class/notes.txt").write_text("not a sheet", "utf-8")
    return "class"


def test_a_folder_is_marked_sheet_by_sheet_with_an_overview(klass: str) -> None:
    ran = chainrule("mark", klass)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.index("Student: 9") < ran.out.index("Student: 10")
    assert "2 sheets, 5 of 6 marks, 83 %." in ran.out
    assert "Most common slips: w5 left out, in ∂C/∂w3 (once)." in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_reports_and_a_table_are_written(klass: str) -> None:
    ran = chainrule("mark", klass, "--out", "reports", "--csv", "marks.csv")
    assert ran.code == 1
    assert sorted(file.name for file in Path("reports").iterdir()) == ["10.txt", "9.txt", "overview.txt"]
    assert "Wrong is w3" in Path("reports/9.txt").read_text("utf-8")
    assert "Student: 9" not in ran.out
    with Path("marks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["student"], row["name"], row["verdict"]) for row in rows][2] == ("9", "w3", "wrong")
    assert len(rows) == 6


def test_a_table_among_the_sheets_is_refused(klass: str) -> None:
    assert refused("mark", klass, "--csv", "class/all.csv") == (
        '--csv "class/all.csv" is in the folder of the sheets, and would be read as one of them the next time: '
        "write it to another folder"
    )
    assert not Path("class/all.csv").exists()


def test_folders_above_the_reports_are_made(klass: str) -> None:
    assert chainrule("mark", klass, "--out", "a/b").code == 1
    assert Path("a/b/9.txt").is_file()


def test_folders_inside_a_folder_are_named(klass: str) -> None:
    sheet("class/late/12.toml", 'z1 = "0.47"')
    ran = chainrule("mark", klass)
    assert "2 sheets" in ran.out
    assert ran.err == (
        'chainrule: folders in a folder are not marked: name them, too, if wanted: "class/late"\n'
    )


def test_sheets_of_one_name_have_reports_of_their_own(klass: str) -> None:
    Path("class/9.json").write_text('{"example": "unit-0.87", "answers": {"z": 0.87}}', "utf-8")
    chainrule("mark", klass, "--out", "reports")
    assert {file.name for file in Path("reports").iterdir()} == {
        "9.txt",
        "9.toml.txt",
        "10.txt",
        "overview.txt",
    }


def test_a_bad_sheet_is_named_and_the_others_are_marked(klass: str) -> None:
    sheet("class/11.toml", 'h9 = "0.47"')
    ran = chainrule("mark", klass, "--out", "reports")
    assert ran.code == 2
    assert ran.err.startswith('chainrule: "class/11.toml", answers.h9: there is no quantity called "h9"')
    assert ran.err.count("\n") == 1
    assert "2 sheets, 5 of 6 marks" in ran.out
    assert not Path("reports/11.txt").exists()


def test_a_script_reads_all_of_a_class(klass: str) -> None:
    sheet("class/11.toml", 'h9 = "0.47"')
    ran = chainrule("mark", klass, "--json")
    found = json.loads(ran.out)
    assert [(each["student"], each["first_wrong"]) for each in found["sheets"]] == [("9", "w3"), ("10", None)]
    assert [each["sheet"] for each in found["bad"]] == ["class/11.toml"]
    assert found["marks"] == {"earned": 5.0, "of": 6.0}


def test_all_right_ends_with_0() -> None:
    assert chainrule("mark", "unit", "softmax").code == 0


# --- what is refused ---------------------------------------------------------------------------------


def test_a_bad_sheet_is_one_sentence() -> None:
    assert refused("mark", sheet("17.toml", 'w1 = "0.7O1"')) == (
        '"17.toml", answers.w1: "0.7O1" is neither a number nor a formula: there is no symbol called "O1"'
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none.toml"], 'there is no sheet "none.toml": check its name and folder'),
        (["empty"], 'there is no sheet in the folder "empty": put .toml, .csv, .json files there'),
        (
            ["unit", "--rounding", "rond:3"],
            'the rounding is "rond:3", but "rond" is no way of rounding: give exact, exact:8, round:3, '
            "round:3:half-even, truncate:4 or significant:3",
        ),
        (
            ["unit", "--rounding", "z=round:3,z="],
            '--rounding "z=round:3,z=" is no table of roundings: write each name once, as in '
            '"output=truncate:4, slopes=round:3"',
        ),
        (["unit", "--out", "taken"], '--out "taken" is a file: give the name of a folder'),
        (["17.toml", "--csv", "17.toml"], '--csv "17.toml" is a file that is read here: give another name'),
        (
            ["unit", "--out", "taken/reports"],
            'cannot make the folder "taken/reports": not a directory: choose another one',
        ),
        (
            ["17.toml", "--example", "softmax"],
            '"17.toml" names the example "psyc681-2-2-1", but "softmax" is asked for: leave one of them out',
        ),
    ],
)
def test_it_is_refused_in_one_sentence(arguments: list[str], sentence: str) -> None:
    Path("empty").mkdir()
    Path("taken").write_text("", "utf-8")
    sheet("17.toml", 'z1 = "0.47"')
    assert refused("mark", *arguments) == sentence


def test_an_example_is_no_sheet_and_it_is_said_what_to_do_with_it() -> None:
    from chainrule.working.worked.examples import example_path

    Path("mine.toml").write_bytes(example_path("psyc681-2-2-1").read_bytes())
    assert refused("mark", "mine.toml") == (
        '"mine.toml" is an example, not a sheet of answers: write the answers into a file of their own, '
        'answers.csv say, and mark that one: chainrule mark --example "mine.toml" answers.csv'
    )


def test_nothing_is_written_when_the_only_sheet_is_bad() -> None:
    refused("mark", sheet("17.toml", 'w1 = "0.7O1"'), "--out", "reports", "--csv", "marks.csv")
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["17.toml"]
