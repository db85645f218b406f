"""What is asked for, beside what was measured."""

from __future__ import annotations

from pathlib import Path

import bars
import results


def test_a_bar_that_is_missed_says_so() -> None:
    assert bars.Bar("xor", "JAX", 1.9, 2).row() == "| xor | JAX | 1.90 × | ≥ 2 × | **no** |"


def test_a_bar_from_above_is_met_below_it() -> None:
    assert bars.Bar("mnist", "peak memory", 1.1, 1.2, at_most=True).met
    assert not bars.Bar("mnist", "peak memory", 1.3, 1.2, at_most=True).met


def test_bars_come_back_from_a_file_as_they_were(tmp_path: Path) -> None:
    made = [bars.Bar("xor", "JAX", 2.5, 2), bars.Bar("first use", "compile", 0.2, 0.3, " s", at_most=True)]
    bars.save(made, tmp_path / "bars.json")
    assert bars.load(tmp_path / "bars.json") == made


def test_the_results_name_each_part_with_its_command() -> None:
    parts = [results.Found(part, "| table |", [], True) for part in results.PARTS]
    text = "\n".join(results.document(parts, 5, ("0.1", "0.2")))
    for part in results.PARTS:
        assert f"## {part.name}\n" in text
        assert (Path(results.__file__).parent / part.command[0]).is_file()
        assert f"`bench/{part.command[0]}" in text
