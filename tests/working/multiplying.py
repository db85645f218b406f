"""Whether a printed line multiplies out: what its printed numbers come to, rounded, is the printed result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chainrule.engines.pencil import evaluate_decimal, printed
from chainrule.engines.rounding import Policy, Rounding, read_number
from chainrule.working.algebra import parse_formula
from chainrule.working.building import build
from chainrule.working.calculation import with_pencil
from chainrule.working.document import Step, Working
from chainrule.working.worked.examples import load_example

POLICIES: dict[str, Any] = {
    "round:2": "round:2",
    "round:3": "round:3",
    "round:4": "round:4",
    "round:5": "round:5",
    "round:3:half-even": "round:3:half-even",
    "truncate:3": "truncate:3",
    "truncate:4": "truncate:4",
    "significant:3": "significant:3",
    "significant:4": "significant:4",
    "a table": {"default": "round:4", "slopes": "truncate:3", "activations": "round:3", "updates": "round:5"},
}


def worked(name: str, policy: str) -> tuple[Working, dict[str, Rounding]]:
    """An example under a policy, and how each of its lines is rounded."""
    example = load_example(name)
    names = example.namer
    calculation = with_pencil(
        example.program, Policy.parse(POLICIES[policy]), lambda key: names.name(key).text
    )
    working = build(calculation, names, title=example.title, notation=names.notation.name)
    return working, {line.key: calculation.rounding(line.key) for line in example.program}


def multiplies_out(numbers: str, relation: str, result: str, rounding: Rounding) -> bool:
    """Whether a line such as 0.5 · 0.7 + 0.3 · 0.4 = 0.470 is right as printed.

    The relation is "=" where the result is precisely what the numbers come to.
    """
    # What is 0 or 1 stands as a condition by itself.
    numbers = re.sub(r" if ([\d.]+) else ", r" if \1 > 0 else ", numbers)
    compares = re.fullmatch(r".* [<>≤≥] [^()]*", numbers) is not None
    tree = parse_formula(f"(1 if {numbers} else 0)" if compares else numbers, [])
    rounded = rounding.written(printed(tree, {}, rounding))
    exact = evaluate_decimal(tree, {}) == read_number(result)
    return rounded == result and relation == ("=" if exact else "≈")


def wrong_lines(
    lines: list[tuple[str, str, str]], working: Working, roundings: dict[str, Rounding]
) -> Iterator[str]:
    """The lines (numbers, relation, result), one for each step, that do not multiply out."""
    steps = [step for step in working.steps if isinstance(step, Step)]
    for (numbers, relation, result), step in zip(lines, steps, strict=True):
        # A line that copies a number has its relation from the name: w ← w.
        if not multiplies_out(numbers, relation if relation != "←" else "=", result, roundings[step.key]):
            yield f"{step.name.text}: {numbers} {relation} {result}"
