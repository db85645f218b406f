"""Slips in a formula: a sign in it, another function, the slope of another function, ½, sums for means."""

from __future__ import annotations

import math
from collections.abc import Iterator

from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.expression import PRIMITIVES, Apply, Constant, Expression, Symbol, substitute, walk
from chainrule.formulas.losses import LOSSES
from chainrule.working.algebra import simplified
from chainrule.working.entries import Entry, Partial
from chainrule.working.marking.slips_numbers import Numbers, letters_of
from chainrule.working.marking.slips_parts import Edit, rebuilt, replaced, sums_in, terms
from chainrule.working.marking.sweep import Change
from chainrule.working.program import ScalarLine

__all__ = ["formula_edits"]

TAUGHT = ("sigmoid", "tanh", "relu", "identity", "leaky_relu")
MOST_PATHS = 6
SHORT = 40  # nodes of a formula whose every operation is tried in another way


def formula_edits(line: ScalarLine, numbers: Numbers) -> Iterator[Edit]:
    """The edits of a line's formula."""
    here = (line.key,)
    usual = line.kind not in ("weighted sums", "activations", "output")
    yield Edit("sign", "sign of {}", here, Change(scale=-1), "sign", usual)
    yield from _scaled(line, numbers)
    if isinstance(line.quantity, Partial):
        yield from _slopes(line, line.quantity)
    elif line.kind in ("activations", "output"):
        yield from _activations(line)
    if _is_of_loss(line):
        yield from _losses(line, numbers)
    yield from _terms(line)
    yield from _one_path(line)
    nodes = list(walk(line.tree))
    if len(nodes) <= SHORT and not (line.paths or line.kind in ("weighted sums", "updates")):
        yield from _operations(line, nodes)
    if line.paths or line.kind == "weighted sums":
        yield from _sums_and_products(line)


def _is_of_loss(line: ScalarLine) -> bool:
    """Whether it is the loss or its slope."""
    return line.kind == "loss" or any(letters_of(key.partition("[")[0])[0] == "y" for key in line.uses)


def _scaled(line: ScalarLine, numbers: Numbers) -> Iterator[Edit]:
    here = (line.key,)
    of_loss = _is_of_loss(line)
    pattern = "loss " if of_loss else ""
    usual = of_loss or line.kind in ("gradients", "deltas")
    words = "{} twice too large: a 2 too many, or a ½ forgotten"
    yield Edit("half", words, here, Change(scale=2), f"{pattern}x2", usual)
    words = "{} half as large: a 2 forgotten, or a ½ too many"
    yield Edit("half", words, here, Change(scale=0.5), f"{pattern}x½", usual)
    if not (of_loss or line.kind in ("gradients", "deltas")):
        return
    samples, outputs = numbers.samples, numbers.outputs
    sizes = {samples: "samples", outputs: "outputs", samples * outputs: "samples and outputs"}
    for size, told in sizes.items():
        if size > 1:
            words = f"{{}}: summed over {told}, not averaged"
            yield Edit("sum-for-mean", words, here, Change(scale=size), f"{pattern}sum {told}")
            words = f"{{}}: averaged over {told}, not summed"
            yield Edit("sum-for-mean", words, here, Change(scale=1 / size), f"{pattern}mean {told}")


def _slopes(line: ScalarLine, slope: Partial) -> Iterator[Edit]:
    """The slope at z, of another function, or as something that looks like it."""
    if slope.of.index != slope.wrt.index or letters_of(slope.of.symbol)[0] != "a":
        return
    a, z = Symbol(slope.of.key), Symbol(slope.wrt.key)
    used = line.uses
    if a.name in used:
        put: dict[str, Expression] = {a.name: z}
        yield Edit("slope-at-z", "slope taken at {}, not {}", (z.name, a.name), Change(put=put), "slope at z")
    elif z.name in used:
        put = {z.name: a}
        yield Edit("slope-at-z", "slope taken at {}, not {}", (a.name, z.name), Change(put=put), "slope at a")
    kind = "slope-of-another-function"
    for tree, words in ((a, "{} in place of the slope"), (1 - a, "1 − {} in place of the slope")):
        yield Edit(kind, words, (a.name,), Change(whole=tree), words)
    yield Edit("factor-left-out", "slope {} left out", (line.key,), Change(whole=Constant(1)), "no slope")
    seen = {line.tree}
    for name in ACTIVATIONS:
        function = ACTIVATIONS[name]
        if not function.elementwise or function.slope is None:
            continue
        bound = {n: Constant(value) for n, value in function.parameters.items()}
        tree = simplified(substitute(function.slope.tree, {**bound, "a": a, "z": z}))
        if tree not in seen:
            seen.add(tree)
            words, usual = f"slope of {name} in {{}}", name in TAUGHT
            yield Edit(kind, words, (line.key,), Change(whole=tree), f"function {name}", usual)


def _activations(line: ScalarLine) -> Iterator[Edit]:
    """No activation, another one, or the same twice."""
    if not isinstance(line.quantity, Entry):
        return
    layer = line.quantity.symbol.lstrip("a")
    key = Entry(f"z{layer}", line.quantity.index, line.quantity.version).key
    if set(line.uses) != {key}:
        return
    z = Symbol(key)
    here = (line.key,)
    yield Edit(
        "activation-left-out",
        "no activation: {} used for {}",
        (key, line.key),
        Change(whole=z),
        "no activation",
    )
    twice = substitute(line.tree, {key: line.tree})
    yield Edit(
        "activation-twice", "activation applied twice in {}", here, Change(whole=twice), "activation twice"
    )
    seen = {line.tree, z}
    for name in ACTIVATIONS:
        function = ACTIVATIONS[name]
        if not function.elementwise:
            continue
        bound = {n: Constant(value) for n, value in function.parameters.items()}
        tree = simplified(substitute(function.definition.tree, {**bound, "z": z}))
        if tree not in seen:
            seen.add(tree)
            words, usual = f"{name} applied in {{}}", name in TAUGHT
            yield Edit("another-activation", words, here, Change(whole=tree), f"function {name}", usual)


def _losses(line: ScalarLine, numbers: Numbers) -> Iterator[Edit]:
    """Another loss, or the slope of another one."""
    targets = [key for key in line.uses if letters_of(key.partition("[")[0])[0] == "y"]
    outputs = [key for key in line.uses if letters_of(key.partition("[")[0])[0] == "a"]
    derivation = numbers.program.derivation
    if derivation is None or derivation.loss is None or not targets or len(targets) != len(outputs):
        return
    if line.kind != "loss" and len(targets) != 1:
        return
    own, divisor = derivation.loss, 1
    divisor *= numbers.samples if own.over_batch == "mean" else 1
    divisor *= numbers.outputs if own.over_outputs == "mean" else 1
    pairs = sorted(zip(sorted(outputs), sorted(targets), strict=True))
    for name in LOSSES:
        loss = LOSSES[name]
        form = loss.value if line.kind == "loss" else loss.slope
        bound = {n: Constant(value) for n, value in loss.parameters.items()}
        each = [substitute(form.tree, {**bound, "p": Symbol(p), "y": Symbol(y)}) for p, y in pairs]
        tree = simplified(rebuilt([(1, one) for one in each]) / divisor)
        if tree is not line.tree:
            words = f"{name} in {{}}" if line.kind == "loss" else f"slope of {name} in {{}}"
            yield Edit("another-loss", words, (line.key,), Change(whole=tree), f"loss {name}")


def _terms(line: ScalarLine) -> Iterator[Edit]:
    """A term of a sum left out, or with another sign."""
    for total in sums_in(line.tree):
        parts = terms(total)
        if len(parts) < 2 or len(parts) > 12:
            continue
        for place, (sign, term) in enumerate(parts):
            told = f"term {place + 1} of {{}}"
            flipped = [*parts[:place], (-sign, term), *parts[place + 1 :]]
            tree = replaced(line.tree, total, rebuilt(flipped))
            yield Edit("sign", f"sign of {told}", (line.key,), Change(whole=tree), f"sign of term {place}")
            left = replaced(line.tree, total, rebuilt([*parts[:place], *parts[place + 1 :]]))
            words = f"{told} left out"
            if line.kind == "updates" and place and len(parts) == 2:
                words = "{} not updated: the step left out"
            yield Edit("term-left-out", words, (line.key,), Change(whole=left), f"no term {place}")


def _one_path(line: ScalarLine) -> Iterator[Edit]:
    """A factor left out on one of several ways back from the loss."""
    parts = terms(line.tree)
    if not line.paths or not 1 < len(parts) <= MOST_PATHS:
        return
    for place, (sign, term) in enumerate(parts):
        factors = list(_factors(term))
        for left_out in factors if len(factors) > 1 else ():
            if not isinstance(left_out, Symbol):
                continue
            kept = [factor for factor in factors if factor is not left_out] or [Constant(1)]
            product = kept[0]
            for factor in kept[1:]:
                product = product * factor
            tree = rebuilt([*parts[:place], (sign, product), *parts[place + 1 :]])
            words = f"{{}} left out in term {place + 1} of {{}}"
            yield Edit("factor-left-out", words, (left_out.name, line.key), Change(whole=tree))


def _operations(line: ScalarLine, nodes: list[Expression]) -> Iterator[Edit]:
    """Each operation of a short formula done in another way."""
    here = (line.key,)
    usual = line.kind not in ("activations", "output")
    logs: list[Expression] = []
    for node in nodes:
        if not isinstance(node, Apply):
            continue
        name, arguments = node.primitive.name, node.arguments
        if name in ("add", "subtract"):
            other = "subtract" if name == "add" else "add"
            tree = replaced(line.tree, node, Apply.of(PRIMITIVES[other], *arguments))
            words = "{}: " + ("− for +" if name == "add" else "+ for −")
            yield Edit("sign", words, here, Change(whole=tree), f"sign {name}", usual or name == "add")
        elif name == "negative":
            tree = replaced(line.tree, node, arguments[0])
            yield Edit("sign", "{}: a minus sign left out", here, Change(whole=tree), "no minus", usual)
        elif name == "square":
            tree = replaced(line.tree, node, arguments[0])
            yield Edit("square-left-out", "{}: not squared", here, Change(whole=tree), "no square")
            tree = replaced(line.tree, node, 2 * arguments[0])
            yield Edit(
                "square-left-out", "{}: doubled, not squared", here, Change(whole=tree), "double for square"
            )
        elif name == "multiply":
            tree = replaced(line.tree, node, arguments[0] + arguments[1])
            yield Edit("sum-for-product", "{}: sum for product", here, Change(whole=tree), "sum for product")
            for kept, dropped in (arguments, arguments[::-1]):
                if isinstance(dropped, Apply):
                    tree = replaced(line.tree, node, kept)
                    yield Edit(
                        "factor-left-out", "a factor of {} left out", here, Change(whole=tree), "a factor"
                    )
        elif name == "divide":
            tree = replaced(line.tree, node, arguments[0])
            yield Edit("factor-left-out", "{}: not divided", here, Change(whole=tree), "not divided", usual)
        elif name in ("log", "xlogy"):
            logs.append(node)
    for base in (10, 2) if logs else ():
        tree = line.tree
        for node in logs:
            tree = replaced(tree, node, node / math.log(base))
        words = f"{{}}: logarithm to base {base}, not the natural one"
        yield Edit("log-base", words, here, Change(whole=tree), f"log {base}")


def _sums_and_products(line: ScalarLine) -> Iterator[Edit]:
    """Terms multiplied that are added, factors added that are multiplied."""
    here = (line.key,)
    parts = [term for _, term in terms(line.tree)]
    if 1 < len(parts) <= 12:
        product: Expression = parts[0]
        for part in parts[1:]:
            product = product * part
        yield Edit("product-for-sum", "{}: product for sum", here, Change(whole=product), "product for sum")
    added: Expression | None = None
    for part in parts:
        for factor in _factors(part):
            added = factor if added is None else added + factor
    if added is not None and len(parts) <= 12:
        yield Edit("sum-for-product", "{}: sum for product", here, Change(whole=added), "sum for product")


def _factors(tree: Expression) -> Iterator[Expression]:
    if isinstance(tree, Apply) and tree.primitive.name == "multiply":
        for argument in tree.arguments:
            yield from _factors(argument)
    else:
        yield tree
