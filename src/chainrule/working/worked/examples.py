"""Worked examples: the lectures' and one's own, each a TOML file that can be copied and changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chainrule.derivation.derive import derive
from chainrule.derivation.lines import Derivation
from chainrule.errors import ConfigError, InvalidInput
from chainrule.files.atomic import quoted
from chainrule.working.entries import Quantity
from chainrule.working.names.naming import Namer
from chainrule.working.policies import named_roundings
from chainrule.working.program import Program, scalar_program
from chainrule.working.worked import EXAMPLES, example_names, example_path
from chainrule.working.worked.example_file import Answer, ExampleFile, read_example_file
from chainrule.working.worked.formula_program import extended, formula_program

__all__ = ["EXAMPLES", "Example", "Printed", "example_names", "example_path", "load_example"]


@dataclass(frozen=True)
class Printed:
    """A number that the source prints: its name and digits as printed, the quantity meant, its pass.

    source: where it stands, if that is known
    """

    name: str
    written: str
    quantity: Quantity
    number: int
    source: str = ""


@dataclass(frozen=True, eq=False)
class Example:
    """A worked example.

    name: how it is called for; stated: its file (title, source, explanation, notation, rounding, values, …)
    """

    name: str
    stated: ExampleFile

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return self.stated.title

    @cached_property
    def derivation(self) -> Derivation | None:
        """The training step (or feedforward pass) of its network; None for formulas."""
        network = self.stated.network
        if network is None:
            return None
        return derive(
            network.network,
            network.loss,
            network.rule,
            l2=network.l2,
            clip_norm=network.clip_norm,
            clip_value=network.clip_value,
            fused=self.stated.fused if network.loss is not None else None,
        )

    @cached_property
    def program(self) -> Program:
        """Its scalar lines."""
        stated = self.stated
        if self.derivation is None:
            assert stated.formula is not None
            formula = stated.formula
            return formula_program(formula.given, formula.lines, formula.derivative)
        made = scalar_program(
            self.derivation,
            stated.values,
            rate=stated.rate,
            passes=stated.passes,
            last_pass_whole=stated.whole,
            chain=stated.chain,
        )
        return extended(made, Namer(stated.notation, made), stated.also)

    @cached_property
    def namer(self) -> Namer:
        """The names of its quantities in its notation."""
        return Namer(self.stated.notation, self.program)

    @cached_property
    def printed(self) -> tuple[Printed, ...]:
        """The numbers that its source prints."""
        return tuple(
            Printed(
                answer.name,
                answer.written,
                self._meant(answer),
                answer.number,
                answer.source,
            )
            for answer in self.stated.printed
        )

    def _meant(self, answer: Answer) -> Quantity:
        """The quantity that a printed number's name means."""
        try:
            return self.namer.parse(answer.name, answer.number)
        except InvalidInput as error:
            place = "[printed]" if answer.number == 1 else f"[printed.pass{answer.number}]"
            raise ConfigError(f"{place}: {error}") from None


def load_example(name_or_path: str | os.PathLike[str]) -> Example:
    """A built-in example, or the one in a TOML file.

    >>> example = load_example("psyc681-2-2-1")
    >>> example.program.by_key["z1[1,1]@1"]
    <z1[1,1]@1 = x[1,1]@1 · W1[1,1]@1 + x[1,2]@1 · W1[2,1]@1>
    >>> example.namer.name("dW2[1,1]@1").text
    '∂C/∂w5'

    Raises UnknownName for a name that is none of them; ConfigError for a file with mistakes, also in its
    formulas and in the names of its roundings and printed answers.
    """
    named = os.fspath(name_or_path)
    built_in = not named.endswith(".toml") and os.sep not in named
    path = example_path(named) if built_in else Path(named)
    example = Example(named if built_in else path.stem, read_example_file(path))
    try:
        _ = example.program, example.printed
        named_roundings(example.stated.policy, example.program, example.namer)
    except InvalidInput as error:
        raise ConfigError(f"{quoted(path)}: {error}") from None
    return example
