"""Exercises on shapes: what shape is W², what shape is ∂C/∂W¹? Rows or columns, as the notation has it."""

from __future__ import annotations

from random import Random

from chainrule.derivation.lines import Derivation
from chainrule.working.document import Name
from chainrule.working.exercises.plan import Plan
from chainrule.working.exercises.sheet import Blank, Section, Sheet
from chainrule.working.scalars import Sizes

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
    sizes = Sizes(plan.derivation, samples)
    columns = plan.notation.columns
    every = _symbols(plan.derivation)
    weights = [symbol for symbol in every if symbol.startswith(("W", "dW"))]
    others = [symbol for symbol in every if symbol not in weights]
    random.shuffle(weights)
    random.shuffle(others)
    asked = sorted([*weights[: ASKED // 2], *others][:ASKED], key=every.index)
    blanks = tuple(_blank(symbol, plan, sizes) for symbol in asked)
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
    return Sheet(name, f"What shape is it? Sheet {seed}", told, (), (section,), None, (), "", "exact", facts)


def _symbols(derivation: Derivation) -> list[str]:
    """What has a shape: inputs, parameters, sums, activations, gradients, in the order of the calculation."""
    lines = [line.symbol for line in derivation if line.phase in ("feedforward", "backpropagation")]
    parameters = [p.name for p in derivation.network.parameters]
    found = dict.fromkeys(["x", *parameters, *lines])
    return [symbol for symbol in found if 1 <= len(derivation.shapes[symbol]) <= 2]


def _blank(symbol: str, plan: Plan, sizes: Sizes) -> Blank:
    shape = sizes.shape(symbol)
    if plan.notation.columns:
        # A row of numbers stands up, too.
        shape = tuple(reversed(shape)) if len(shape) == 2 else (*shape, 1)
    else:
        shape = shape if len(shape) == 2 else (1, *shape)
    name = _name(symbol, plan.derivation)
    return Blank(name, symbol, " × ".join(map(str, shape)), None, symbol, f"What shape is {name.text}?")


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
