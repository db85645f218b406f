"""An exercise as an example file: `chainrule show` works it, `chainrule mark` marks answers to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from chainrule.formulas.rules import Rule
from chainrule.working.exercises.plan import Plan

__all__ = ["example_toml", "quoted_toml", "rounding_toml"]


def example_toml(
    plan: Plan, values: Mapping[str, Any], title: str, explanation: str, remarks: Iterable[str] = ()
) -> str:
    """An exercise in the form that worked examples have.

    values: x, y and the parameters by name;  remarks: comment lines at the top
    """
    lines = [*(f"# {remark}" for remark in remarks), f"title = {quoted_toml(title)}"]
    if explanation:
        lines.append(f"explanation = {quoted_toml(explanation)}")
    lines.append(f"notation = {quoted_toml(plan.notation.name)}")
    lines.append(f"rounding = {rounding_toml(plan.rounding.spec)}")
    if plan.passes > 1:
        lines.append(f"passes = {plan.passes}")
    lines += ["", "[network]", f"inputs = {plan.layers[0]}"]
    if plan.loss is not None:
        lines.append(f"loss = {quoted_toml(plan.loss.spec)}")
    if plan.rule is not None:
        lines += [f"rule = {quoted_toml(_without_rate(plan.rule))}", f"rate = {plan.rate}"]
    for number, (units, activation) in enumerate(
        zip(plan.layers[1:], plan.activations, strict=True), start=1
    ):
        lines += ["", "[[network.layers]]", f"units = {units}"]
        lines.append(f"activation = {quoted_toml(activation.spec)}")
        lines.append(f"weights = {_numbers(values[f'W{number}'])}")
        lines.append(f"bias = {_numbers(values[f'b{number}'])}" if plan.bias else "bias = false")
    lines += ["", "[data]", f"x = {_numbers(values['x'])}"]
    if "y" in values:
        lines.append(f"y = {_numbers(values['y'])}")
    return "\n".join(lines) + "\n"


def _without_rate(rule: Rule) -> str:
    """The rule as a text without its learning rate, which the file gives by itself."""
    others = {name: value for name, value in rule.parameters.items() if name != "learning_rate"}
    written = ", ".join(f"{name}={value!r}" for name, value in others.items())
    return f"{rule.name}({written})" if written else rule.name


def quoted_toml(text: str) -> str:
    """A text as a TOML string, on one line.

    >>> print(quoted_toml('a "b"'))
    "a \\"b\\""
    """
    # JSON's escapes are TOML's, but for the delete character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def rounding_toml(spec: str | Mapping[str, str]) -> str:
    """A rounding's spec as a TOML value."""
    if isinstance(spec, str):
        return quoted_toml(spec)
    return "{ " + ", ".join(f"{quoted_toml(k)} = {quoted_toml(v)}" for k, v in spec.items()) + " }"


def _numbers(values: Any) -> str:
    if isinstance(values, list):
        return f"[{', '.join(map(_numbers, values))}]"
    return f"{values:f}"
