"""`chainrule examples`: the list, one example's file, and a copy of it."""

from __future__ import annotations

import json
from pathlib import Path

from commandline import chainrule, refused

from chainrule.working.worked import EXAMPLES, example_path


def test_the_list_names_every_example_with_its_title_and_source() -> None:
    ran = chainrule("examples")
    assert (ran.code, ran.err) == (0, "")
    assert [line for line in ran.out.splitlines() if line[:1].strip()][: len(EXAMPLES)] == list(EXAMPLES)
    assert "softmax\n  Softmax of three scores\n  COMP0087, Neural networks" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_list_as_json_says_the_same() -> None:
    listed = json.loads(chainrule("examples", "--json").out)["examples"]
    assert [entry["name"] for entry in listed] == list(EXAMPLES)
    assert listed[0]["title"] == "A perceptron that fires"


def test_an_example_is_printed_as_its_file() -> None:
    ran = chainrule("examples", "psyc681-2-2-1")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == example_path("psyc681-2-2-1").read_text("utf-8")


def test_an_example_as_json_has_its_file() -> None:
    told = json.loads(chainrule("examples", "softmax", "--json").out)
    assert told["file"] == example_path("softmax").read_text("utf-8")


def test_a_copy_is_saved_byte_for_byte(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    ran = chainrule("examples", "softmax", "--save", str(file))
    assert (ran.code, ran.err) == (0, "")
    assert "softmax is in" in ran.out
    assert file.read_bytes() == example_path("softmax").read_bytes()


def test_an_unknown_example_is_refused() -> None:
    assert refused("examples", "sofmax").startswith(
        'there is no example called "sofmax": did you mean "softmax"?'
    )


def test_saving_needs_a_name_and_a_place_that_can_be_written(tmp_path: Path) -> None:
    assert refused("examples", "--save", "mine.toml") == (
        "--save needs the name of an example: give one, for example psyc681-2-2-1"
    )
    assert "no" in refused("examples", "softmax", "--save", str(tmp_path / "no" / "mine.toml"))


def test_an_edited_copy_is_kept_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    save = ("examples", "softmax", "--save", str(file))
    chainrule(*save)
    assert chainrule(*save).code == 0
    file.write_text("mine")
    assert refused(*save) == (
        f'--save "{file}" is there already, and differs from the example: give another name, or --force to '
        "replace it"
    )
    assert file.read_text() == "mine"
    assert chainrule(*save, "--force").code == 0
    assert file.read_bytes() == example_path("softmax").read_bytes()


def test_force_is_for_a_file_to_be_saved() -> None:
    assert refused("examples", "softmax", "--force") == (
        "--force is for a file to be saved: give --save FILE.toml as well, or leave it out"
    )
