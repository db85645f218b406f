"""Every key marks as all right."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from chainrule.engines.rounding import Policy
from chainrule.working.exercises.formats import FORMATS, Format, files_of, sheets_of
from chainrule.working.exercises.plan import KINDS, plan_of
from chainrule.working.marking.marking import mark
from chainrule.working.marking.results import mark_sheet
from chainrule.working.marking.sheet import read_sheet
from chainrule.working.marking.sheet_files import ENDINGS

PLANS: dict[str, dict[str, Any]] = {
    "PSYC681": {"rounding": "round:4", "notation": "psyc681", "bias": False},
    "PSYC681, 2 decimals": {"rounding": "round:2", "notation": "psyc681"},
    "truncated": {"rounding": "truncate:4", "notation": "cap4453", "loss": "squared_error"},
    "significant": {"rounding": "significant:3", "layers": "2,3,1", "activation": "relu"},
    "exact": {"rounding": "exact", "layers": "2,2"},
    "ties to even": {"rounding": "round:3:half-even"},
    "softmax, 2 samples": {"layers": "2,2,3", "activation": "tanh,softmax", "samples": 2},
    "binary": {"loss": "binary_crossentropy", "notation": "comp0087"},
    "adam, 2 steps": {"rule": "adam", "passes": 2, "notation": "psyc681"},
    "momentum, 3 steps": {"rule": "momentum", "passes": 3, "layers": "2,1"},
    "4 layers": {"layers": "2,2,2,2,1"},
    "saturated": {"saturated": True},
    "forward": {"kind": "forward", "layers": "3,2,2", "activation": "relu,softmax"},
    "perceptron": {"kind": "perceptron", "layers": "2,1"},
    "dimensions": {"kind": "dimensions", "layers": "3,4,2"},
    "dimensions in columns": {"kind": "dimensions", "layers": "3,4,2", "notation": "comp0087"},
    "dimensions of one layer": {"kind": "dimensions", "layers": "2,3", "bias": False, "samples": 3},
    "dimensions of softmax": {"kind": "dimensions", "layers": "2,2,3", "activation": "prelu,softmax"},
}
MARKABLE: tuple[Format, ...] = ("csv", "toml")
TABLE = {"default": "round:3", "slopes": "truncate:4", "updates": "round:4"}


def verdicts(asked: dict[str, Any], seed: int, format: Any, folder: Path) -> set[str]:
    for _, made in files_of(sheets_of(plan_of(**asked), seed, 1), format):
        for name, data in made:
            (folder / name).write_bytes(data)
        example, key = (folder / name for name, _ in made)
    sheet = read_sheet(key, example if format == "csv" else None)
    marking = mark_sheet(sheet).marking
    assert len(marking.marked) == len(sheet.answers) + len(sheet.claims) > 0
    assert marking.marks == marking.out_of
    return {each.verdict for each in marking.marked}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format", MARKABLE)
def test_keys_of_every_kind_mark_as_all_right_from_every_seed(
    kind: str, format: Format, tmp_path: Path
) -> None:
    layers = "3,1" if kind == "perceptron" else "2,2"
    for seed in range(4):
        assert verdicts({"kind": kind, "layers": layers}, seed, format, tmp_path) <= {"exact", "rounded"}


def test_every_format_of_files_that_marking_reads_is_in_the_grid() -> None:
    assert {f".{format}" for format in FORMATS} & set(ENDINGS) == {f".{format}" for format in MARKABLE}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("format", ["csv", "toml"])
def test_keys_mark_as_all_right(name: str, format: str, tmp_path: Path) -> None:
    for seed in (7, 8):
        assert verdicts(PLANS[name], seed, format, tmp_path) <= {"exact", "rounded"}


def test_a_key_under_a_table_of_roundings_marks_as_all_right(tmp_path: Path) -> None:
    assert verdicts({"rounding": TABLE}, 7, "toml", tmp_path) <= {"exact", "rounded"}


def test_keys_without_a_stated_rounding_mark_as_all_right(tmp_path: Path) -> None:
    for seed in range(3):
        for sheet, made in files_of(sheets_of(plan_of(rounding="round:3"), seed, 1), "csv"):
            assert sheet is not None
            for name, data in made:
                (tmp_path / name).write_bytes(data.replace(b"rounding,round:3\n", b""))
        found = read_sheet(tmp_path / made[1][0], tmp_path / made[0][0])
        assert found.rounding == "infer"
        marking = mark(found.program, found.answers, found.namer)
        assert {each.verdict for each in marking.marked} <= {"exact", "rounded"}


def test_a_slip_in_a_key_is_marked_wrong(tmp_path: Path) -> None:
    for sheet, made in files_of(sheets_of(plan_of(rounding="round:4"), 7, 1), "csv"):
        assert sheet is not None
        random = Random(1)
        place = random.randrange(len(sheet.blanks))
        old, blank = sheet.blanks[place].answer, sheet.blanks[place]
        changed = made[1][1].decode().replace(f",{old}\n", f",{float(old) + 0.3:.4f}\n", 1)
        (tmp_path / "sheet.toml").write_bytes(made[0][1])
        (tmp_path / "key.csv").write_text(changed, encoding="utf-8")
    found = read_sheet(tmp_path / "key.csv", tmp_path / "sheet.toml")
    marking = mark(found.program, found.answers, found.namer, Policy.parse("round:4"))
    assert marking.first_wrong == blank.spelled
