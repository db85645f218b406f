"""Exercises on shapes: what shape is W², what shape is ∂C/∂W¹? Rows or columns, as the notation has it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from chainrule.derivation.lines import Derivation
from chainrule.working.document import Name
from chainrule.working.exercises.numbers import drawn
from chainrule.working.exercises.plan import Plan
from chainrule.working.exercises.sheet import Blank, Section, Sheet
from chainrule.working.exercises.tomlform import example_toml
from chainrule.working.marking.shapes import Shapes, written

__all__ = ["dimension_sheet"]

ASKED = 12


def dimension_sheet(plan: Plan, seed: int) -> Sheet:
    """What shapes the quantities of a training step have.

    The network's layers are the plan's; the number of samples is drawn from the seed, unless the plan has
    more than one; so are the quantities that are asked for.
    """
    random = Random(f"{plan.label} #{seed}")
    # A batch as large as a layer would hide a transposed answer.
    free = [size for size in range(2, 10) if size not in plan.layers] or [10]
    samples = plan.samples if plan.samples > 1 else random.choice(free)
    columns = plan.notation.columns
    shapes = Shapes(plan.derivation, samples, columns)
    every = shapes.symbols
    weights = [symbol for symbol in every if symbol.startswith(("W", "dW"))]
    others = [symbol for symbol in every if symbol not in weights]
    random.shuffle(weights)
    random.shuffle(others)
    asked = sorted([*weights[: ASKED // 2], *others][:ASKED], key=every.index)
    blanks = (*(_blank(symbol, plan, shapes) for symbol in asked), _counted(shapes))
    *first, last = map(str, plan.layers[1:])
    units = f"{', '.join(first)} and {last}" if first else last
    layers = len(plan.layers) - 1
    convention = (
        "Vectors are columns: each sample is a column of the batch, and z = W x + b."
        if columns
        else "Vectors are rows: each sample is a row of the batch, and z = x W + b."
    )
    told = (
        f"A network takes {plan.layers[0]} inputs and has {layers} layer{'s' * (layers > 1)} of {units} units"
        f"{', each with a bias' if plan.bias else ', without biases'}. A batch has {samples} samples.",
        convention,
        "Write a shape as rows × columns, such as 2 × 3; the bias of a layer is one number for each unit.",
    )
    name = f"dimensions-{'-'.join(map(str, plan.layers))}-seed-{seed}"
    section = Section(
        "Shapes", "The gradient of the loss has the shape of what it is the gradient of.", blanks
    )
    facts = {"seed": seed, "samples": samples}
    title = f"What shape is it? Sheet {seed}"
    # The shapes of a network with numbers, so that it can be looked at, too.
    numbered = replace(plan, samples=samples)
    example = example_toml(numbered, drawn(numbered, Random(f"{plan.label} numbers #{seed}")), title, "")
    return Sheet(name, title, told, (), (section,), None, (), example, "exact", facts)


def _blank(symbol: str, plan: Plan, shapes: Shapes) -> Blank:
    name = _name(symbol, plan.derivation)
    prompt = f"What shape is {name.text}?"
    return Blank(name, f"shape of {symbol}", written(shapes.shape(symbol)), None, symbol, prompt)


def _counted(shapes: Shapes) -> Blank:
    """How many parameters there are."""
    many = str(sum(p.size for p in shapes.derivation.network.parameters))
    asked = "How many parameters does training change?"
    name = Name("parameters", r"\text{parameters}", "<mtext>parameters</mtext>")
    return Blank(name, "number of parameters", many, None, "", asked)


def _name(symbol: str, derivation: Derivation) -> Name:
    """W², ∂C/∂W¹: the layer as a superscript."""
    lines = derivation.phase("backpropagation")
    of = next((line.of for line in lines if line.symbol == symbol), None)
    if of is None:
        return _raised(symbol)
    below = _raised(of)
    return Name(
        f"∂C/∂{below.text}",
        rf"\frac{{\partial C}}{{\partial {below.latex}}}",
        f"<mfrac><mrow><mo>∂</mo><mi>C</mi></mrow><mrow><mo>∂</mo>{below.mathml}</mrow></mfrac>",
    )


def _raised(symbol: str) -> Name:
    letter = symbol.rstrip("0123456789")
    number = symbol[len(letter) :]
    if not number:
        return Name(letter, letter, f"<mi>{letter}</mi>")
    small = number.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return Name(
        f"{letter}{small}", f"{letter}^{{{number}}}", f"<msup><mi>{letter}</mi><mn>{number}</mn></msup>"
    )
