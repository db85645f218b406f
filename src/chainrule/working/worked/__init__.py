"""The built-in worked examples: their names, in the order they are best read in, and their files."""

from __future__ import annotations

from pathlib import Path

from chainrule.errors import unknown

__all__ = ["EXAMPLES", "example_names", "example_path"]

FOLDER = Path(__file__).parent
EXAMPLES = (
    "perceptron-0.69",
    "unit-0.87",
    "softmax",
    "psyc681-2-2-1",
    "cap4453-2-3-1",
    "comp0087-2-2-1",
    "saturation",
    "saturation-crossentropy",
    "vanishing-gradient",
    "linear-collapse",
    "xor-perceptron",
    "xor-mlp",
    "chain-rule-polynomial",
    "chain-rule-log",
    "chain-rule-cheetah",
)


def example_names() -> tuple[str, ...]:
    """The names of the built-in examples."""
    return EXAMPLES


def example_path(name: str) -> Path:
    """The file of a built-in example. Raises UnknownName for a name that is none of theirs."""
    if name not in EXAMPLES:
        raise unknown("example", name, EXAMPLES)
    return FOLDER / f"{name}.toml"
