"""What a sheet states beside its answers, read from tables and from rows, and marked with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.errors import ConfigError
from chainrule.working.marking.report import report
from chainrule.working.marking.results import Result, mark_sheet
from chainrule.working.marking.sheet import read_sheet

PSYC = 'example = "psyc681-2-2-1"\n'
SAMPLES, OUTPUTS = '"the number of data points"', '"output neurons"'


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def marked(text: str, name: str = "a.toml", **options: str) -> Result:
    Path(name).write_text(text, "utf-8")
    return mark_sheet(read_sheet(name, **options))


def verdicts(result: Result) -> dict[str, str]:
    return {each.answer.name: each.verdict for each in result.marking.marked}


def refused(text: str, name: str = "a.toml") -> str:
    with pytest.raises(ConfigError) as caught:
        marked(text, name)
    return str(caught.value)


def test_a_sheet_of_claims_alone_needs_no_example() -> None:
    result = marked(
        '[ranges]\nrelu = "(0, +∞)"\n[formulas]\n"σ(x)" = "1/(1+exp(-x))"\n[letters]\nn = "layers"'
    )
    assert verdicts(result) == {"formula of σ(x)": "exact", "range of relu": "wrong", "letter n": "exact"}
    assert (result.earned, result.out_of, result.marking.first_wrong) == (2.0, 3.0, "range of relu")
    assert report(result).startswith("Formulas, ranges and letters\nStudent: a\n")
    assert "Rounding" not in report(result)


def test_shapes_and_counts_stand_beside_numbers() -> None:
    result = marked(PSYC + '[answers]\nz1 = "0.47"\n[shapes]\nW1 = "2 x 2"\n[counts]\nparameters = 9')
    assert verdicts(result) == {"z1": "exact", "shape of W1": "exact", "number of parameters": "wrong"}
    assert result.marking.marked[-1].candidates[0].slip == "biases counted that this network has not"


def test_rows_of_a_csv_name_them() -> None:
    text = (
        'example,psyc681-2-2-1\nz1,0.47\nshape of W2,(2; 1)\nrange of relu,"[0, ∞)",3\nnumber of weights,6\n'
    )
    result = marked(text, "a.csv")
    assert set(verdicts(result).values()) == {"exact"}
    assert result.out_of == 6.0


def test_a_matrix_among_the_answers_is_asked_for_its_shape() -> None:
    assert verdicts(marked(PSYC + '[answers]\nW2 = "2×1"\nz1 = "0.47"')) == {"W2": "exact", "z1": "exact"}


def test_a_formula_of_the_example_is_one_of_its_answers() -> None:
    result = marked(PSYC + '[formulas]\nz1 = "w1 x1 + w2 x2"\n"σ(z)" = "1/(1+e^-z)"')
    assert verdicts(result) == {"z1": "wrong", "formula of σ(z)": "exact"}


def test_weights_are_of_claims_too() -> None:
    text = '[ranges]\nrelu = { value = "[0, ∞)", weight = 2 }\ntanh = "(-1, 1)"\n[weights]\n"range of tanh" = 0.5'
    assert marked(text).out_of == 2.5


# --- letters -----------------------------------------------------------------------------------------


def slips(text: str) -> list[str]:
    return [c.slip for c in marked(text).marking.marked[0].candidates]


def test_a_letter_for_two_quantities_is_wrong_though_they_are_equal_in_the_example() -> None:
    assert slips(f"{PSYC}[letters]\nn = [{SAMPLES}, {OUTPUTS}]") == [
        "n stands for the number of samples (1 here) and the number of outputs (1 here): other quantities, which "
        "in a network of 4 inputs and 3 outputs with 5 samples are 5 and 3: give each a letter of its own"
    ]


def test_two_words_for_one_quantity_are_one_meaning() -> None:
    assert slips(f'{PSYC}[letters]\nn = [{SAMPLES}, "the number of training examples", "samples"]') == []


def test_what_the_notation_calls_by_a_letter_is_a_meaning_of_it() -> None:
    (told,) = slips(f"{PSYC}[letters]\nC = [{OUTPUTS}]")
    assert told.startswith(
        "C stands for the number of outputs (1 here) and a quantity that the example calls C"
    )


@pytest.mark.parametrize("word", ["C", "the loss", "the error", "the cost function"])
def test_a_letter_may_stand_for_a_quantity_of_the_example(word: str) -> None:
    assert slips(f'{PSYC}[letters]\nC = ["{word}"]') == []
    (told,) = slips(f'{PSYC}[letters]\nw = ["{word}", "the learning rate"]')
    assert told.endswith("and the learning rate: give each a letter of its own")


def test_hidden_units_are_told_from_others() -> None:
    same = '["hidden neurons", "the number of units in the hidden layer"]'
    assert slips(f"{PSYC}[letters]\nm = {same}") == []
    assert slips(f'{PSYC}[letters]\nm = ["hidden neurons", "inputs"]') != []


# --- numbers printed again ---------------------------------------------------------------------------

NUMBERS = PSYC + '[answers]\nh1 = "0.615"\nh2 = "0.5828"\n[answers.pass2]\no1 = "0.6484"\n[again]\n'


@pytest.mark.parametrize(
    ("again", "verdict", "told"),
    [
        ('"o1@2" = "0.6443"', "wrong", ["a typing slip: printed elsewhere as 0.6484, which is right"]),
        ('h2 = "0.59"', "wrong", ["a typing slip: printed elsewhere as 0.5828, which is wrong, too"]),
        ('h1 = "0.6154"', "rounded", []),
        ('h2 = "0.5828"', "wrong", []),
    ],
)
def test_a_number_printed_again_is_held_against_its_first_digits(
    again: str, verdict: str, told: list[str]
) -> None:
    found = marked(NUMBERS + again).marking.marked[-1]
    assert (found.verdict, [each.slip for each in found.candidates]) == (verdict, told)


def test_what_follows_is_no_slip_when_it_is_printed_again() -> None:
    sheet = PSYC + '[answers]\nh1 = "0.8"\nz3 = "0.7018"\n[again]\nz3 = "0.702"'
    assert verdicts(marked(sheet)) == {"h1": "wrong", "z3": "follow-through", "again z3": "follow-through"}


# --- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[letters]\nn = ["how happy I am"]',
            '"a.toml", letters.n: "how happy I am" is not understood: write the number of samples, outputs, '
            "inputs, hidden units, layers, parameters, passes",
        ),
        (
            PSYC + '[answers]\nz1 = "0.47"\n[again]\nz2 = "0.33"',
            '"a.toml", again.z2: z2 is printed again, but no number answers it: put this into [answers]',
        ),
        (
            PSYC + '[answers]\nz1 = "0.47"\n[again]\nz1 = "x1"',
            '"a.toml", again.z1: "x1" is not a number',
        ),
        ("[letters]\nn = [1]", '"a.toml", letters.n is what it stands for, in quotes, such as ["the number'),
        ('[shapes]\nW1 = "2 × 2"', '"a.toml" does not say which example it answers: write example ='),
        (
            '[ranges]\nrelu = ""',
            '"a.toml", ranges.relu: range of relu is empty: write what it is, or leave it out',
        ),
        (
            '[ranges]\nrel = "(0, 1)"',
            '"a.toml", ranges.rel: there is no activation called "rel": did you mean',
        ),
        (
            "[ranges]\nrelu = [0, 1]",
            '"a.toml", ranges.relu is an answer in quotes, such as "0.47", not [0, 1]',
        ),
        ('ranges = "relu"', '"a.toml": ranges must be a table of names and numbers'),
        (
            '[ranges]\nrelu = "[0, ∞)"\n"relu " = "ℝ"',
            '"a.toml", ranges.relu : range of relu  is stated twice',
        ),
        (
            'example = "softmax"\n[shapes]\nW7 = "2 × 2"',
            '"a.toml", shapes.W7: ',
        ),
        (
            '[formulas]\n"q(x)" = "x"',
            '"a.toml", formulas.q(x): there is no function called "q(x)": write one of the catalogue, such as σ(x), '
            "relu(z) or mse(ŷ, y), or z or J, or name the example",
        ),
        ('[formula]\nz = "x"', '"a.toml": [formula] is what an example has: call it [formulas]'),
        ('[ranges]\nrelu = "{0, ∞}"', '"a.toml", ranges.relu: "{0, ∞}" is no range'),
        (
            PSYC + '[weights]\n"range of relu" = 2\n[answers]\nz1 = "1"',
            '"a.toml", weights.range of relu: range of relu has a weight and no answer: answer it, or leave it out',
        ),
        ('title = "x"\n[network]\ninputs = 2', '"a.toml" is an example, not a sheet of answers'),
        (PSYC + '[answers]\nz1 = "1"\n[printed]\nz1 = "1"', '"a.toml": [printed] is what an example has'),
    ],
)
def test_it_is_refused_in_a_sentence_with_its_place(text: str, told: str) -> None:
    assert refused(text).startswith(told), refused(text)
