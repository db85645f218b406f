"""How well marking finds slips: random sheets with one slip put in and carried on, and sheets without any.

python bench/bench_marking.py [--sheets 1000] [--clean 300] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import pairwise
from typing import Any

from chainrule import Dense, Network, derive
from chainrule.engines.pencil import printed
from chainrule.engines.rounding import EXACT, Policy, Rounding, agrees
from chainrule.formulas.expression import PRIMITIVES, Apply, Constant, Expression, Symbol, substitute, walk
from chainrule.working.calculation import as_decimal
from chainrule.working.document import Name
from chainrule.working.marking.answers import Answer, Marking
from chainrule.working.marking.marking import mark
from chainrule.working.marking.slips import slips_of
from chainrule.working.marking.slips_parts import replaced
from chainrule.working.program import Program, scalar_program

THIRTY = Context(prec=30)


LIKE = {
    "sign": ("sign",),
    "factor left out": ("factor-left-out", "term-left-out", "bias"),
    "another number": (
        "another-input",
        "another-weight",
        "transposed",
        "bias",
        "another-target",
        "old-weight",
    ),
}


class Keys:
    """A notation that calls everything by its key."""

    def name(self, key: str) -> Name:
        return Name(key, key, key)


@dataclass
class Injected:
    """A slip put into some lines: their trees, or how they are rounded too early."""

    kind: str
    words: str
    trees: Mapping[str, Expression]
    keeps: Mapping[str, Any]


@dataclass
class Style:
    """How a sheet is rounded: each line before use (carry), and each answer (shown)."""

    carry: Rounding
    shown: Rounding


def random_program(draw: random.Random) -> Program:
    sizes = [draw.randint(1, 3) for _ in range(draw.randint(2, 4))]
    sizes[0] = draw.randint(1, 3)
    bias = draw.random() < 0.5
    loss = draw.choice(["mse", "half_squared_error", "binary_crossentropy"])
    hidden = draw.choice(["sigmoid", "tanh", "relu"])

    def number() -> Decimal:
        return Decimal(draw.choice([-1, 1, 1, 1]) * draw.randint(5, 95)) / 100

    layers = []
    values: dict[str, Any] = {}
    for place, (into, out) in enumerate(pairwise(sizes), 1):
        last = place == len(sizes) - 1
        output = "sigmoid" if loss == "binary_crossentropy" else draw.choice(["sigmoid", "tanh"])
        layers.append(Dense(out, output if last else hidden, bias=bias))
        values[f"W{place}"] = [[number() for _ in range(out)] for _ in range(into)]
        if bias:
            values[f"b{place}"] = [number() for _ in range(out)]
    samples = draw.choice([1, 1, 2])
    values["x"] = [[number() for _ in range(sizes[0])] for _ in range(samples)]
    values["y"] = [[Decimal(draw.randint(0, 1)) for _ in range(sizes[-1])] for _ in range(samples)]
    derivation = derive(
        Network(sizes[0], layers), loss, "gradient_descent", fused=draw.random() < 0.2 and None
    )
    rate = Decimal(draw.choice(["0.1", "0.5", "0.05"]))
    return scalar_program(derivation, values, rate=rate, passes=draw.choice([1, 1, 2]), last_pass_whole=False)


def random_style(draw: random.Random) -> Style:
    digits = draw.randint(3, 6)
    kind = draw.choice(["round", "truncate", "significant", "exact"])
    shown = EXACT if kind == "exact" else Rounding(kind, digits)  # type: ignore[arg-type]
    return Style(EXACT if draw.random() < 0.5 else shown, shown)


def from_catalogue(program: Program, draw: random.Random) -> Injected:
    by_kind: dict[str, list[Any]] = {}
    for slip in _slips(program):
        if slip.usual:
            by_kind.setdefault(slip.kind, []).append(slip)
    slip = draw.choice(by_kind[draw.choice(sorted(by_kind))])
    trees, keeps = {}, {}
    for key, change in slip.changes.items():
        tree = program.by_key[key].tree if change.whole is None else change.whole
        tree = substitute(tree, change.put)
        trees[key] = tree if change.scale == 1 else tree * change.scale
        if change.keep is not None:
            keeps[key] = change.keep
    return Injected(slip.kind, slip.sentence(str), trees, keeps)


_known: list[tuple[Program, list[Any]]] = []


def _slips(program: Program) -> list[Any]:
    if not _known or _known[0][0] is not program:
        _known[:] = [(program, slips_of(program))]
    return _known[0][1]


def from_trees(program: Program, draw: random.Random) -> Injected:
    """A slip made without the catalogue: one operation or one number of one line changed."""
    while True:
        line = draw.choice(program.lines)
        nodes = [node for node in walk(line.tree) if not isinstance(node, Constant)]
        node = draw.choice(nodes)
        if isinstance(node, Symbol):
            letter = node.name[0]
            others = [k for k in program.given if k[0] == letter and k != node.name and letter in "xWby"]
            choices: list[tuple[str, Expression]] = [("sign", -node)]
            if others:
                choices += 3 * [("another number", Symbol(draw.choice(others)))]
            kind, new = draw.choice(choices)
        elif isinstance(node, Apply) and node.primitive.name in ("add", "subtract"):
            other = {"add": "subtract", "subtract": "add"}[node.primitive.name]
            kind, new = "sign", Apply.of(PRIMITIVES[other], *node.arguments)
        elif isinstance(node, Apply) and node.primitive.name == "multiply":
            left, right = node.arguments
            kind, new = "factor left out", draw.choice([left, right]) if isinstance(left, Symbol) else left
        else:
            continue
        if line.kind in ("activations", "output"):
            continue
        return Injected(kind, f"{kind} in {line.key}", {line.key: replaced(line.tree, node, new)}, {})


def simulated(
    program: Program, style: Style, slip: Injected | None
) -> tuple[dict[str, str], dict[str, Decimal]]:
    """Every line as written, and before it was rounded."""
    values: dict[str, Decimal] = {key: as_decimal(value) for key, value in program.given.items()}
    raw: dict[str, Decimal] = {}

    def value(key: str) -> Decimal:
        if key not in values:
            tree = program.by_key[key].tree if slip is None else slip.trees.get(key, program.by_key[key].tree)
            needed = {node.name: value(node.name) for node in walk(tree) if isinstance(node, Symbol)}
            # To 30 digits, so that a value that is a tie is one.
            found = THIRTY.plus(printed(tree, needed, EXACT))
            if slip is not None and key in slip.keeps:
                found = Decimal(repr(float(slip.keeps[key](float(found)))))
            raw[key] = found
            values[key] = style.carry.apply(found)
        return values[key]

    for line in program:
        value(line.key)
    return {key: style.shown.written(each) for key, each in raw.items()}, raw


def asked(program: Program, draw: random.Random) -> list[str]:
    keys = [line.key for line in program]
    if draw.random() < 0.5:
        return keys
    share = draw.choice([0.3, 0.5, 0.8])
    chosen = [key for key in keys if draw.random() < share]
    return chosen or [draw.choice(keys)]


def marked(
    program: Program, written: Mapping[str, str], keys: list[str], style: Style, stated: bool
) -> Marking:
    answers = [Answer(key, written[key], key) for key in keys]
    rounding: Any = Policy(style.shown) if stated else "infer"
    return mark(program, answers, Keys(), rounding)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sheets", type=int, default=1000)
    parser.add_argument("--clean", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    for inject in (from_catalogue, from_trees):
        report(slip_sheets(options.sheets, options.seed, inject, options.verbose), inject.__name__)
    alarms, slowest = clean_sheets(options.clean, options.seed, options.verbose)
    print(f"{options.clean} sheets without a slip: {alarms} false alarms; slowest {slowest:.2f} s")


def slip_sheets(count: int, seed: int, inject: Any, verbose: bool = False) -> Counter[str]:
    draw = random.Random(seed)
    tally: Counter[str] = Counter()
    while tally["sheets"] < count:
        program = random_program(draw)
        style = random_style(draw)
        slip = inject(program, draw)
        keys = asked(program, draw)
        try:
            written, raw = simulated(program, style, slip)
            clean, exact = simulated(program, style, None)
        except RecursionError:  # an updated weight in what its own gradient is made from
            continue
        changed = [key for key in keys if written[key] != clean[key]]
        if not changed or any(not each.is_finite() or abs(each) > 10**6 for each in raw.values()):
            continue
        if slip.keeps and style.shown != EXACT:
            carried, _ = simulated(program, Style(style.shown, style.shown), None)
            if all(
                written[key] == carried[key] for key in keys
            ):  # right under a uniform policy, by definition
                tally["  redrawn: rounding every line as it is written gives the same sheet"] += 1
                continue
        if agrees(written[changed[0]], exact[changed[0]]):  # right as rounded, by definition
            tally["  redrawn: the slip shows first in an answer that is right as rounded"] += 1
            continue
        start = time.perf_counter()
        result = marked(program, written, keys, style, stated=draw.random() < 0.2)
        tally["ms"] += round(1000 * (time.perf_counter() - start))
        tally["sheets"] += 1
        judge(tally, result, changed, slip, raw, verbose, style)
    return tally


def judge(
    tally: Counter[str],
    result: Marking,
    changed: list[str],
    slip: Injected,
    raw: Mapping[str, Decimal],
    verbose: bool,
    style: Style,
) -> None:
    by_name = {each.answer.name: each for each in result.marked}
    first = changed[0]
    if result.first_wrong == first:
        tally["first wrong"] += 1
    else:
        tally[f"  missed {slip.kind}"] += 1
        if verbose:
            print("MISS", slip.words, "| truth", first, by_name[first].answer.written, by_name[first].expected,
                  "| found", result.first_wrong, "|", len(result.marked), style)  # fmt: skip
    later = [by_name[key] for key in changed[1:]]
    wrong = [each for each in by_name.values() if each.verdict == "wrong" and each.answer.name != first]
    tally["later follow"] += not wrong
    tally["later strict"] += all(each.verdict == "follow-through" for each in later)
    if verbose and wrong and result.first_wrong == first:
        print("LATER WRONG", slip.words, "| first", first, [w.answer.name + " " + w.answer.written for w in wrong][:4],
              len(result.marked), style, by_name[first].candidates[:1], by_name[first].note)  # fmt: skip
    candidates = by_name[first].candidates
    true = float(raw[first])
    places = [
        place
        for place, c in enumerate(candidates)
        if slip.words in (c.slip, *c.also)
        or (c.where in slip.trees and c.kind in LIKE.get(slip.kind, ()))
        or abs(float(c.value) - true) <= 1e-8 * abs(true) + 1e-12
    ]
    tally["among"] += bool(places)
    tally["top"] += bool(places) and places[0] == 0
    if verbose and not places and result.first_wrong == first:
        told = [c.slip for c in candidates][:3], [str(tree) for tree in slip.trees.values()][:1]
        print("NOT AMONG", slip.kind, slip.words, by_name[first].answer.written, true, style, *told)


def report(tally: Counter[str], title: str) -> None:
    sheets = tally["sheets"]
    print(f"{sheets} sheets, one slip each ({title}), {tally['ms'] / sheets:.0f} ms a sheet")
    for name in ("first wrong", "later follow", "later strict", "among", "top"):
        print(f"  {name:14} {100 * tally[name] / sheets:6.2f} %")
    print("  ", {name.strip(): n for name, n in tally.items() if name.startswith("  ")})


def clean_sheets(count: int, seed: int, verbose: bool = False) -> tuple[int, float]:
    """False alarms among sheets without a slip, and the longest time that one took."""
    draw = random.Random(seed + 1)
    alarms, slowest = 0, 0.0
    for number in range(count):
        program = random_program(draw)
        style = random_style(draw)
        keys = asked(program, draw)
        stated = draw.random() < 0.3
        written, _ = simulated(program, style, None)
        if number % 4 == 3:  # as decks are: every number in its own way
            stated = False
            _, exact = simulated(program, Style(EXACT, EXACT), None)
            for key in keys:
                way = Rounding(draw.choice(["round", "truncate"]), draw.randint(2, 5))
                # A number that stands alone shows a digit of its value.
                small = exact[key].adjusted() < -way.digits
                written[key] = (Rounding("significant", 2) if small else way).written(exact[key])
        start = time.perf_counter()
        result = marked(program, written, keys, style, stated)
        slowest = max(slowest, time.perf_counter() - start)
        if not result.is_right:
            alarms += 1
            if verbose:
                print("ALARM", number, style, [m for m in result.marked if not m.is_right][:2])
    return alarms, slowest


if __name__ == "__main__":
    main()
