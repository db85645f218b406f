"""What is asked: the program in which every quantity that a sheet answers has a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from chainrule.formulas.expression import Apply, Expression, Symbol, substitute, symbols_in, walk
from chainrule.working.entries import Partial, quantity
from chainrule.working.program import Program
from chainrule.working.unfolding import ScalarLine
from chainrule.working.worked.examples import Example

__all__ = ["asked_example", "asked_program", "key_of"]

REMEMBERED = 64


def key_of(example: Example, name: str, number: int) -> str:
    """The key of the quantity that is meant. Raises UnknownName and InvalidInput as `Namer.parse` does."""
    return example.namer.parse(name, number).key


def asked_example(example: Example, keys: Iterable[str]) -> Example:
    """The example, with its gradients made of the arriving ones where one of those is among the keys."""
    program = example.program
    if example.derivation is None or program.chain == "deltas":
        return example
    gradients = {line.symbol for line in example.derivation.phase("backpropagation")}
    asked = (quantity(key) for key in keys if key not in program.by_key and key not in program.factors)
    if any(not isinstance(each, Partial) and each.symbol in gradients for each in asked):
        return _by_deltas(example)
    return example


@lru_cache(maxsize=REMEMBERED)
def _by_deltas(example: Example) -> Example:
    return Example(example.name, replace(example.stated, chain="deltas"))


def asked_program(example: Example, keys: Sequence[str]) -> Program:
    """The program of an example with a line for each local derivative that is asked for and too plain to have one.

    ∂z3/∂w5 is h1: where it is answered, the gradients that it is a factor of are made of the answer.
    """
    program = example.program
    plain = tuple(sorted(key for key in set(keys) if key not in program.by_key and key in program.factors))
    return _with_factors(example, plain) if plain else program


# The sheets of a class ask the same: marking prepares a program once.
@lru_cache(maxsize=REMEMBERED)
def _with_factors(example: Example, keys: tuple[str, ...]) -> Program:
    program = example.program
    plain = {key: program.factors[key] for key in keys}
    made: list[ScalarLine] = []
    waiting = dict(plain)
    for line in program:
        mine = [key for path in line.paths for key in (each.key for each in path) if key in plain]
        for key in dict.fromkeys(mine):
            if key in waiting:
                made.append(_factor_line(key, waiting.pop(key), line))
        made.append(_over_factors(line, {key: plain[key] for key in mine}))
    # No gradient here is made of these; they come last.
    made += [_factor_line(key, tree, program.lines[-1]) for key, tree in waiting.items()]
    return Program(
        program.derivation,
        program.sizes,
        tuple(made),
        program.given,
        program.versions,
        program.factors,
        program.chain,
    )


def _factor_line(key: str, tree: Expression, line: ScalarLine) -> ScalarLine:
    reason = "a local derivative: what the other one is multiplied by"
    return ScalarLine(quantity(key), tree, "backpropagation", "other", reason, line.line, line.number)


def _over_factors(line: ScalarLine, plain: dict[str, Expression]) -> ScalarLine:
    """The line with the names of the factors in place of what they stand for, where that is plainly one thing."""
    for key, tree in plain.items():
        if isinstance(tree, Symbol) and _uses(line.tree, tree) == 1:
            line = replace(line, tree=substitute(line.tree, {tree.name: Symbol(key)}))
    return line


def _uses(tree: Expression, symbol: Symbol) -> int:
    """In how many places a formula uses a symbol."""
    if symbol.name not in symbols_in(tree):
        return 0
    if tree == symbol:
        return 1
    nodes = [node for node in walk(tree) if isinstance(node, Apply)]
    return sum(argument is symbol or argument == symbol for node in nodes for argument in node.arguments)
