"""Sheets are read as they were written, and every mistake in one is told in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule.engines.rounding import Policy
from chainrule.errors import ConfigError, UnknownName
from chainrule.working.marking.sheet import SHEETS, Sheet, read_sheet
from chainrule.working.worked.examples import load_example

PSYC = 'example = "psyc681-2-2-1"\n'
NETWORK = """
[network]
inputs = 2
[[network.layers]]
units = 2
activation = "sigmoid"
bias = false
weights = [[0.7, 0.3], [0.4, 0.6]]
[data]
x = [[0.5, 0.3]]
"""

Read = Callable[..., Sheet]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """`read("17.toml", text)` reads a sheet with that text."""
    monkeypatch.chdir(tmp_path)

    def read(name: str, text: str | bytes, **options: str) -> Sheet:
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_sheet(name, **options)

    return read


def written(sheet: Sheet) -> dict[str, str]:
    return {answer.name: answer.written for answer in sheet.answers}


def test_answers_keep_their_digits_in_quotes_or_not(read: Read) -> None:
    sheet = read("17.toml", PSYC + '[answers]\nw1 = "0.7010"\nw2 = 0.3010\nz1 = 1\n"∂C/∂w3" = -5.10e-6')
    assert written(sheet) == {"w1": "0.7010", "w2": "0.3010", "z1": "1", "∂C/∂w3": "-5.10e-6"}


def test_json_has_the_same_shape_and_keeps_digits_too(read: Read) -> None:
    text = '{"example": "psyc681-2-2-1", "student": 17, "answers": {"w1": 0.7010, "pass2": {"z1": "0.4710"}}}'
    sheet = read("a.json", text)
    assert written(sheet) == {"w1": "0.7010", "z1@2": "0.4710"}
    assert sheet.student == "17"


def test_csv_has_a_row_for_each_answer(read: Read) -> None:
    text = 'example,psyc681-2-2-1\nstudent,17\nname,value,weight\nw1,0.7010,2\nz1@2,"0,471"\n\n'
    sheet = read("a.csv", text)
    assert written(sheet) == {"w1": "0.7010", "z1@2": "0,471"}
    assert [answer.weight for answer in sheet.answers] == [2, 1]


def test_a_spreadsheet_may_divide_by_semicolons(read: Read) -> None:
    assert written(read("a.csv", "example;psyc681-2-2-1\r\nz1;0,470\r\n")) == {"z1": "0,470"}


def test_the_second_pass_is_a_table_or_said_in_the_name(read: Read) -> None:
    by_table = read("a.toml", PSYC + '[answers.pass2]\nz1 = "0.4708"')
    by_name = read("b.toml", PSYC + '[answers]\n"z1@2" = "0.4708"')
    assert [a.key for a in by_table.answers] == [a.key for a in by_name.answers] == ["z1[1,1]@2"]


def test_weights_are_stated_beside_the_answer_or_in_a_table(read: Read) -> None:
    text = (
        PSYC + '[answers]\nz1 = { value = 0.470, weight = 2 }\nz2 = "0.33"\nh1 = "0.6"\n[weights]\nz2 = 0.5'
    )
    sheet = read("a.toml", text)
    assert [(a.name, a.written, a.weight) for a in sheet.answers] == [
        ("z1", "0.470", 2.0),
        ("z2", "0.33", 0.5),
        ("h1", "0.6", 1.0),
    ]


def test_the_student_is_named_on_the_sheet_or_by_its_file(read: Read) -> None:
    assert read("17.toml", PSYC + "[answers]\nz1 = 0.47").student == "17"
    assert read("17.toml", PSYC + 'student = "Kim"\n[answers]\nz1 = 0.47').student == "Kim"


def test_the_rounding_is_inferred_unless_it_is_stated(read: Read) -> None:
    assert read("a.toml", PSYC + "[answers]\nz1 = 0.47").rounding == "infer"
    stated = read("a.toml", 'rounding = { output = "truncate:4" }\n' + PSYC + "[answers]\nz1 = 0.47")
    assert stated.rounding == Policy.parse({"output": "truncate:4"})


def test_a_sheet_may_have_a_network_of_its_own(read: Read) -> None:
    sheet = read("a.toml", NETWORK + '[answers]\n"z1[1]" = "0.47"')
    assert [answer.key for answer in sheet.answers] == ["z1[1,1]@1"]
    assert str(sheet.program.given["W1[1,1]@1"]) == "0.7"


def test_an_example_of_ones_own_lies_beside_the_sheet(read: Read, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('title = "mine"\n' + NETWORK, "utf-8")
    assert read("a.toml", 'example = "mine.toml"\n[answers]\n"z1[1]" = "0.47"').example.title == "mine"


def test_an_arriving_gradient_can_be_answered(read: Read) -> None:
    sheet = read("a.toml", PSYC + '[answers]\n"∂C/∂h1" = "-0.089"\nz1 = "0.47"')
    assert sheet.answers[0].key in sheet.program.by_key
    assert sheet.program.chain == "deltas"


def test_a_plain_factor_can_be_answered_and_its_gradient_is_made_of_it(read: Read) -> None:
    sheet = read("a.toml", PSYC + '[answers]\n"∂z3/∂w5" = "0.615"\n"∂C/∂w5" = "-0.1"')
    factor, gradient = (answer.key for answer in sheet.answers)
    assert factor in sheet.program.by_key[gradient].uses
    assert factor not in load_example("psyc681-2-2-1").program.by_key


def test_an_answer_may_be_a_formula(read: Read) -> None:
    assert written(read("a.toml", PSYC + '[answers]\nC = "(o1 - y)^2"')) == {"C": "(o1 - y)^2"}


@pytest.mark.parametrize("name", SHEETS)
def test_the_decks_are_built_in_sheets(name: str) -> None:
    sheet = read_sheet(name)
    printed = {(p.quantity.key, p.written) for p in sheet.example.printed}
    assert {(answer.key, answer.written) for answer in sheet.answers} <= printed


def test_the_sheets_of_a_class_share_one_program(read: Read) -> None:
    one, two = (read(f"{n}.toml", PSYC + f'[answers]\n"∂z3/∂w5" = 0.{n}') for n in (61, 62))
    assert one.program is two.program


def test_nothing_is_ever_evaluated(read: Read, told: Callable[..., str]) -> None:
    message = told(ConfigError, lambda: read("a.toml", PSYC + "[answers]\nz1 = \"__import__('os')\""))
    assert "is neither a number nor a formula" in message


MISTAKES: dict[str, tuple[str, str]] = {
    'example = "psyc681-2-2"\n[answers]\nz1 = "0.47"': (
        "a.toml",
        '"a.toml": there is no example called "psyc681-2-2": did you mean "psyc681-2-2-1"?',
    ),
    'exmaple = "psyc681-2-2-1"\n[answers]\nz1 = "0.47"': (
        "a.toml",
        '"a.toml": there is no key called "exmaple": did you mean "example"?',
    ),
    '[answers]\nz1 = "0.47"': (
        "a.toml",
        '"a.toml" does not say which example it answers: write example = "psyc681-2-2-1", or give --example',
    ),
    "z1,0.47": (
        "a.csv",
        '"a.csv" does not say which example it answers: write example,psyc681-2-2-1 in its first row, or give '
        "--example",
    ),
    PSYC + 'notation = "chainrul"\n[answers]\nz1 = "0.47"': (
        "a.toml",
        '"a.toml" names the example "psyc681-2-2-1" and has notation of its own: keep one of them',
    ),
    PSYC + NETWORK + '[answers]\nz1 = "0.47"': ("a.toml", "has data and network of its own"),
    'notation = "chainrul"\n' + NETWORK + '[answers]\nz1 = "0.47"': (
        "a.toml",
        '"a.toml": notation: there is no notation called "chainrul": did you mean "chainrule"?',
    ),
    PSYC + '[answers]\n"∂C/∂z9" = "0.47"': (
        "a.toml",
        '"a.toml", answers.∂C/∂z9: there is no quantity called "∂C/∂z9": did you mean "∂C/∂w',
    ),
    PSYC + '[answers]\nw5 = "0.56"\n"W2[1,1]" = "0.56"': (
        "a.toml",
        '"a.toml", answers.W2[1,1]: W2[1,1] is answered twice, the first time as w5: keep one of them',
    ),
    '{"example": "psyc681-2-2-1", "answers": {"w5": 1, "w5": 2}}': (
        "a.json",
        '"a.json": "w5" is given twice: keep one of them',
    ),
    PSYC + '[answers]\nw5 = "0.4O7"': (
        "a.toml",
        '"a.toml", answers.w5: "0.4O7" is neither a number nor a formula: there is no symbol called "O7"',
    ),
    PSYC + '[answers]\nw5 = "0..7"': (
        "a.toml",
        '"a.toml", answers.w5: "0..7" is not a number: write one such as 0.701, -0.05 or 5.1e-6',
    ),
    PSYC + '[answers]\nw5 = "2(o1 - y"': (
        "a.toml",
        '"a.toml", answers.w5: "2(o1 - y" is neither a number nor a formula: the formula "2(o1 - y" cannot be read',
    ),
    PSYC + "[answers]\nw5 = nan": ("a.toml", 'answers.w5: "nan" is neither a number nor a formula'),
    PSYC + '[answers]\nw5 = " "': (
        "a.toml",
        '"a.toml", answers.w5: w5 is empty: write a number or a formula, or leave it out',
    ),
    PSYC + "[answers]\nw5 = [0.5]": (
        "a.toml",
        '"a.toml", answers.w5 is an answer in quotes, such as "0.47", not ["0.5"]',
    ),
    PSYC + "[answers]\nw5 = true": ("a.toml", 'is an answer in quotes, such as "0.47", not true'),
    PSYC + "[answers]\nw5 = { val = 0.5 }": (
        "a.toml",
        '"a.toml", answers.w5 is an answer such as "0.47" or { value = "0.47", weight = 2 }',
    ),
    PSYC + "answers = [0.47]": ("a.toml", '"a.toml": answers must be a table of names and numbers'),
    PSYC: ("a.toml", '"a.toml" has no answers: add a table [answers] such as z1 = "0.47"'),
    "example,psyc681-2-2-1": ("a.csv", '"a.csv" has no answers: add a row such as z1,0.47'),
    PSYC + "[answers]\nx1 = 0.5": (
        "a.toml",
        '"a.toml", answers.x1: x1 is given, not calculated here: leave it out, or answer what is made of it',
    ),
    NETWORK + '[answers]\n"W1[1,1]" = 0.5': ("a.toml", "W1[1,1] is given, not calculated here"),
    PSYC + "[answers.pass9]\nz1 = 0.5": (
        "a.toml",
        '"a.toml", answers.pass9.z1: there is no pass 9 here: there are 2 in all',
    ),
    PSYC + "[answers]\nz1 = 0.5\n[weights]\nz1 = -1": (
        "a.toml",
        '"a.toml", weights.z1: a weight is a number from 0 to 1000000, not -1',
    ),
    PSYC + "[answers]\nz1 = 0.5\n[weights]\nz2 = 1": (
        "a.toml",
        '"a.toml", weights.z2: z2 has a weight and no answer: answer it, or leave it out',
    ),
    PSYC + 'rounding = "rond:3"\n[answers]\nz1 = 0.5': (
        "a.toml",
        '"a.toml": the rounding is "rond:3", but "rond" is no way of rounding: give exact, exact:8, round:3, '
        'round:3:half-even, truncate:4 or significant:3, or "infer"',
    ),
    PSYC + "student = [17]\n[answers]\nz1 = 0.5": (
        "a.toml",
        '"a.toml": student is a name or number in quotes, such as "17"',
    ),
    NETWORK.replace("[0.4, 0.6]", "[0.4]") + "[answers]\nz1 = 0.5": (
        "a.toml",
        '"a.toml": layer 1 of network: the rows of weights have different lengths ([1, 2])',
    ),
    NETWORK.replace("[[0.5, 0.3]]", "[[0.5]]") + "[answers]\nz1 = 0.5": (
        "a.toml",
        '"a.toml": row 1 of x has 1 number, but the network has 2 inputs',
    ),
    NETWORK.replace("inputs = 2", "inputs = 2\nrate = 0.1") + "[answers]\nz1 = 0.5": (
        "a.toml",
        "rate needs a rule to be the rate of",
    ),
    "": ("a.toml", '"a.toml" is empty: write which example it answers, and the answers'),
    PSYC + f"[answers]\nz1 = 1{'0' * 5000}": (
        "a.toml",
        '"a.toml": a number in it has too many digits: write fewer',
    ),
    PSYC + '[answers]\nz1 = "1e9999"': (
        "a.toml",
        '"a.toml", answers.z1: "1e9999" has an exponent beyond ±400: write a number of usual size',
    ),
    "[answers": ("a.toml", '"a.toml", line 1: this is not TOML'),
    '{"a": 1,}': ("a.json", '"a.json", line 1: this is not JSON: '),
    "[1]": ("a.json", '"a.json" is no sheet: write an object such as {"example": …, "answers": {…}}'),
    "[" * 100_000: ("a.json", '"a.json": its lists are nested too deeply: flatten them'),
    "example,psyc681-2-2-1\nz1,0,47,1": (
        "a.csv",
        '"a.csv", row 2 has 4 fields: write name,value or name,value,weight, and a value with a comma in quotes',
    ),
    'example,psyc681-2-2-1\nz1,"0.4\n': ("a.csv", '"a.csv", row 2: this is not CSV: unexpected end of data'),
    "example,psyc681-2-2-1\nz1,0.47\nexample,softmax": (
        "a.csv",
        '"a.csv", row 3: example is said once, above the answers: move or remove this row',
    ),
    "example,psyc681-2-2-1\nz1,0.47,heavy": (
        "a.csv",
        '"a.csv", row 2: a weight is a number from 0 to 1000000, not "heavy"',
    ),
    "hello": ("a.pdf", '"a.pdf" is no sheet: give a file that ends in .toml, .csv or .json'),
    "a\0b": ("a.csv", '"a.csv" is no sheet: it is not a text'),
}


@pytest.mark.parametrize("text", MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_told_with_its_file_and_place(text: str, read: Read, told: Callable[..., str]) -> None:
    name, expected = MISTAKES[text]
    assert expected in told(ConfigError, lambda: read(name, text))


def test_a_file_that_is_not_utf8_is_told_with_its_line(read: Read, told: Callable[..., str]) -> None:
    message = told(ConfigError, lambda: read("a.csv", b"z1,0.47\nz\xe9,1"))
    assert message == '"a.csv", line 2: this is not UTF-8 text: save the file as UTF-8'


def test_a_file_that_is_not_there_is_told(told: Callable[..., str]) -> None:
    message = told(ConfigError, lambda: read_sheet("none.toml"))
    assert message == 'there is no sheet "none.toml": check its name and folder'


def test_a_name_of_no_built_in_sheet_is_told_with_a_near_one(told: Callable[..., str]) -> None:
    message = told(UnknownName, lambda: read_sheet("psyc68"))
    assert message.startswith('there is no sheet called "psyc68": did you mean "psyc681"?')


def test_the_example_asked_for_must_be_the_sheets_own(read: Read, told: Callable[..., str]) -> None:
    assert read("a.csv", "z1,0.47", example="psyc681-2-2-1").example.name == "psyc681-2-2-1"
    assert read("a.toml", PSYC + "[answers]\nz1 = 1", example="psyc681-2-2-1").example.name == "psyc681-2-2-1"
    message = told(ConfigError, lambda: read("a.toml", PSYC + "[answers]\nz1 = 1", example="softmax"))
    assert message == (
        '"a.toml" names the example "psyc681-2-2-1", but "softmax" is asked for: leave one of them out'
    )
