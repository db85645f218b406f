"""Trees written out: read back as Python, well-formed as MathML, balanced as LaTeX, pinned by a table."""

from __future__ import annotations

import math
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.formulas import vocabulary as v
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.definition import Definition
from chainrule.formulas.expression import (
    PRIMITIVES,
    Apply,
    Expression,
    Symbol,
    evaluate,
    symbols_in,
    trace,
    walk,
)
from chainrule.formulas.initialisers import INITIALISERS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.measures import MEASURES
from chainrule.formulas.rules import RULES
from chainrule.formulas.schedules import SCHEDULES
from chainrule.formulas.writing import (
    latex,
    mathml,
    number_text,
    symbol_latex,
    symbol_mathml,
    symbol_text,
    text,
    write,
)


def _catalogued() -> Iterator[tuple[str, Definition]]:
    for f in ACTIVATIONS.values():
        yield f.name, f.definition
        yield from ((f"{f.name} gradient in {n}", d) for n, d in f.definition.gradients.items())
    for loss in LOSSES.values():
        yield loss.name, loss.value
        yield f"{loss.name} slope", loss.slope
        if loss.fused:
            yield f"{loss.name} fused", loss.fused.value
            yield f"{loss.name} fused slope", loss.fused.slope
        yield f"{loss.name} over a batch", loss.over(units=3, weighted=True, fused=False)
    for rule in RULES.values():
        for made in (rule.assignments, rule.on_bias, rule.on_threshold):
            yield from ((f"{rule.name}: {target}", d) for target, d in made)
    for schedule in SCHEDULES.values():
        yield schedule.name, schedule.factor
        yield from ((f"{schedule.name}: {target}", d) for target, d in schedule.updates)
    yield from ((entry.name, entry.scale) for entry in INITIALISERS.values())
    yield from ((entry.name, entry.value) for entry in MEASURES.values())


CATALOGUED = list(_catalogued())
EVERY_TREE = pytest.mark.parametrize(
    "tree", [d.tree for _, d in CATALOGUED], ids=[name for name, _ in CATALOGUED]
)
SCALAR_TREES = [
    (name, d.tree)
    for name, d in CATALOGUED
    if all(node.primitive.elementwise for node in walk(d.tree) if isinstance(node, Apply))
]

READINGS = [("·", "*"), ("²", "**2"), ("^", "**"), ("≥", ">="), ("≤", "<="), ("⌊", "floor("), ("⌋", ")")]
FUNCTIONS = {
    "π": math.pi,
    "exp": v.exp, "ln": v.log, "tanh": v.tanh, "erfc": v.erfc, "cos": v.cos, "sqrt": v.sqrt, "sign": v.sign,
    "floor": v.floor, "max": v.maximum, "min": v.minimum, "abs": abs,
}  # fmt: skip


def read_back(written: str, values: dict[str, float]) -> float:
    """The value of a written formula, read with the precedence everybody knows (Python's)."""
    for sign, python in READINGS:
        written = written.replace(sign, python)
    while "|" in written:
        written = re.sub(r"\|([^|]*)\|", r"abs(\1)", written, count=1)
    named = {unicodedata.normalize("NFKC", symbol_text(name)): value for name, value in values.items()}
    return float(eval(written, {"__builtins__": {}}, {**FUNCTIONS, **named}))


def assert_reads_back(tree: Expression, written: str, rng: random.Random) -> None:
    for _ in range(5):
        values = {name: rng.uniform(0.1, 0.9) for name in symbols_in(tree)}
        try:
            wanted = float(evaluate(tree, values))
            got = read_back(written, values)
        except (OverflowError, ZeroDivisionError, TypeError):
            continue  # Python raises, or goes complex, where IEEE 754 has a value
        assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9, nan_ok=True), f"{written} at {values}"


@pytest.mark.parametrize(("name", "tree"), SCALAR_TREES, ids=[name for name, _ in SCALAR_TREES])
def test_a_catalogued_formula_reads_back_as_itself(name: str, tree: Expression) -> None:
    assert_reads_back(tree, text(tree), random.Random(name))


BINARY: list[Callable[..., Any]] = [v.add, v.subtract, v.multiply, v.divide, v.power, v.maximum]
UNARY: list[Callable[..., Any]] = [v.negative, v.square, v.exp, v.expm1, v.log1p, v.absolute, v.sqrt]
LEAVES = st.sampled_from(["x", "y", "z"]).map(Symbol) | st.sampled_from([1, 2, -3, 0.5, 1e-8])
NODES = st.recursive(
    LEAVES,
    lambda below: (
        st.tuples(st.sampled_from(BINARY), below, below).map(lambda t: t[0](t[1], t[2]))
        | st.tuples(st.sampled_from(UNARY), below).map(lambda t: t[0](t[1]))
        | st.tuples(below, below, below).map(lambda t: v.where(v.greater(t[0], t[1]), t[1], t[2]))
    ),
    max_leaves=7,
)


@given(NODES)
def test_any_formula_reads_back_as_itself(tree: Any) -> None:
    if isinstance(tree, Expression) and "||" not in text(tree).replace(" ", ""):
        assert_reads_back(tree, text(tree), random.Random(1))


def test_reading_back_can_fail() -> None:
    with pytest.raises(AssertionError):
        assert_reads_back(trace(lambda a, b, c: a - (b - c)), "a - b - c", random.Random(1))


@EVERY_TREE
def test_mathml_is_well_formed(tree: Expression) -> None:
    root = ElementTree.fromstring(f"<math>{mathml(tree)}</math>")
    assert root.itertext() is not None
    for fraction in root.iter("mfrac"):
        assert len(fraction) == 2
    for power in [*root.iter("msup"), *root.iter("msub"), *root.iter("mover")]:
        assert len(power) == 2


@EVERY_TREE
def test_latex_braces_and_brackets_balance(tree: Expression) -> None:
    written = latex(tree)
    bare = written.replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for sign in bare:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    assert len(re.findall(r"\\left\b", bare)) == len(re.findall(r"\\right\b", bare))
    assert bare.count(r"\begin{cases}") == bare.count(r"\end{cases}")
    assert not re.search(r"\}\^\{[^{}]*\}\^", bare)  # two exponents in a row are an error to TeX


@EVERY_TREE
def test_no_template_is_left_unfilled(tree: Expression) -> None:
    for form in ("text", "latex", "mathml"):
        assert ":tight" not in write(tree, form)  # type: ignore[arg-type]
        assert ":free" not in write(tree, form)  # type: ignore[arg-type]


BRACKETS: list[tuple[Callable[..., Any], str, str]] = [
    (lambda a, b, c: a - (b - c), "a - (b - c)", r"a - \left(b - c\right)"),
    (lambda a, b, c: a - b - c, "a - b - c", "a - b - c"),
    (lambda a, b, c: a / (b * c), "a / (b · c)", r"\frac{a}{b \cdot c}"),
    (lambda a, b, c: a / b / c, "a / b / c", r"\frac{\frac{a}{b}}{c}"),
    (lambda a, b, c: a / (b / c), "a / (b / c)", r"\frac{a}{\frac{b}{c}}"),
    (lambda a, b: (a + b) / a, "(a + b) / a", r"\frac{a + b}{a}"),
    (lambda a, b: -(a + b), "-(a + b)", r"-\left(a + b\right)"),
    (lambda a, b: -(a * b), "-(a · b)", r"-\left(a \cdot b\right)"),
    (lambda a: (-a) ** 2, "(-a)²", r"\left(-a\right)^{2}"),
    (lambda a: -(a**2), "-a²", "-a^{2}"),
    (lambda a, b, c: (a**b) ** c, "(a^b)^c", r"\left(a^{b}\right)^{c}"),
    (lambda a, b, c: a ** (b**c), "a^(b^c)", "a^{b^{c}}"),
    (lambda a: a**-1.0, "a^(-1)", "a^{-1}"),
    (lambda a: 1e-8**a, "1e-08^a", r"\left(1 \times 10^{-8}\right)^{a}"),
    (lambda a: 1e-8 * a, "1e-08 · a", r"1 \times 10^{-8} \cdot a"),
    (lambda a, b: (a > b) * 2, "(a > b) · 2", r"\left(a > b\right) \cdot 2"),
    (lambda a, b: v.where(a > b, a - b, b) * 2, "(a - b if a > b else b) · 2",
     r"\begin{cases} a - b & \text{if } a > b \\ b & \text{otherwise} \end{cases} \cdot 2"),
    (lambda a: v.log1p(a + 1), "ln(1 + (a + 1))", r"\ln(1 + \left(a + 1\right))"),
    (lambda a: v.expm1(a) ** 2, "(exp(a) - 1)²", "(e^{a} - 1)^{2}"),
    (lambda a: v.absolute(a - 1), "|a - 1|", r"\left|a - 1\right|"),
    (lambda a: v.floor(a / 2), "⌊a / 2⌋", r"\lfloor \frac{a}{2} \rfloor"),
    (lambda a: v.sqrt(a + 1) * 2, "sqrt(a + 1) · 2", r"\sqrt{a + 1} \cdot 2"),
    (lambda a, b: v.xlogy(a + b, b - a), "(a + b) · ln(b - a)", r"\left(a + b\right) \cdot \ln(b - a)"),
    (lambda a, b, c: v.matmul(a, v.matmul(b, c)), "a (b c)", r"a \, \left(b \, c\right)"),
    (lambda a, b, c: v.matmul(v.matmul(a, b), c), "a b c", r"a \, b \, c"),
    (lambda a, b, c: v.matmul(a + b, c), "(a + b) c", r"\left(a + b\right) \, c"),
    (lambda a, b, c: a * v.matmul(b, c), "a · b c", r"a \cdot b \, c"),
    (lambda a, b, c: v.matmul(a * b, c), "(a · b) c", r"\left(a \cdot b\right) \, c"),
    (lambda a, b: v.transpose(v.matmul(a, b)), "(a b)ᵀ", r"\left(a \, b\right)^{\mathsf{T}}"),
    (lambda a, b: v.matmul(v.transpose(a), b), "aᵀ b", r"a^{\mathsf{T}} \, b"),
    (lambda a: v.total(a**2) / v.rows(a), "Σ(a²) / rows(a)", r"\frac{\textstyle\sum (a^{2})}{\operatorname{rows}(a)}"),
    (lambda a, b: v.one_hot(a, b), "one_hot(a)", r"\operatorname{onehot}(a)"),
    (lambda a, b, t: v.uniform(a, b + 1, t), "uniform(b + 1, t)", r"\operatorname{uniform}(b + 1, t)"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "plain", "tex"), BRACKETS, ids=[plain for _, plain, _ in BRACKETS])
def test_brackets_are_written_where_they_are_needed(
    formula: Callable[..., Any], plain: str, tex: str
) -> None:
    tree = trace(formula)
    assert text(tree) == plain
    assert latex(tree) == tex


def test_entrywise_and_matrix_products_are_told_apart() -> None:
    assert text(trace(lambda a, b, c: v.matmul(a * b, c))) != text(trace(lambda a, b, c: a * v.matmul(b, c)))


PINNED: dict[str, tuple[str, str, str]] = {
    "sigmoid": (
        "1 / (1 + exp(-z))",
        r"\frac{1}{1 + \exp(-z)}",
        '<mfrac><mrow><mn>1</mn></mrow><mrow><mrow><mn>1</mn><mo>+</mo><mrow><mi>exp</mi><mo>&#x2061;</mo>'
        '<mo stretchy="false">(</mo><mrow><mo>&#x2212;</mo><mi>z</mi></mrow><mo stretchy="false">)</mo></mrow>'
        "</mrow></mrow></mfrac>",
    ),
    "leaky_relu": (
        "(z if z > 0 else α · z)",
        r"\begin{cases} z & \text{if } z > 0 \\ \alpha \cdot z & \text{otherwise} \end{cases}",
        "<mrow><mo>{</mo><mtable><mtr><mtd><mi>z</mi></mtd><mtd><mtext>if </mtext><mrow><mi>z</mi><mo>&gt;</mo>"
        "<mn>0</mn></mrow></mtd></mtr><mtr><mtd><mrow><mi>α</mi><mo>&#x22C5;</mo><mi>z</mi></mrow></mtd><mtd>"
        "<mtext>otherwise</mtext></mtd></mtr></mtable></mrow>",
    ),
    "tanh": (
        "tanh(z)",
        r"\tanh(z)",
        '<mrow><mi>tanh</mi><mo>&#x2061;</mo><mo stretchy="false">(</mo><mi>z</mi><mo stretchy="false">)</mo></mrow>',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PINNED)
def test_pinned_renderings(name: str) -> None:
    tree = ACTIVATIONS[name].definition.tree
    assert (text(tree), latex(tree), mathml(tree)) == PINNED[name]


def test_every_primitive_is_written_in_all_three_forms() -> None:
    for primitive in PRIMITIVES.values():
        assert primitive.text
        assert primitive.latex
        assert primitive.mathml


SYMBOLS = [
    ("z", "z", "z", "<mi>z</mi>"),
    ("z1", "z1", "z_{1}", "<msub><mi>z</mi><mrow><mn>1</mn></mrow></msub>"),
    ("beta2", "β2", r"\beta_{2}", "<msub><mi>β</mi><mrow><mn>2</mn></mrow></msub>"),
    ("y_hat", "ŷ", r"\hat{y}", "<mover><mi>y</mi><mo>^</mo></mover>"),
    ("eta", "η", r"\eta", "<mi>η</mi>"),
    ("lambda", "λ", r"\lambda", "<mi>λ</mi>"),
    ("dW1", "dW1", r"\mathrm{d}W_{1}",
     "<mrow><mi>d</mi><msub><mi>W</mi><mrow><mn>1</mn></mrow></msub></mrow>"),
    ("m_hat_W1", "m̂_W1", r"\hat{m}_{W_{1}}",
     "<msub><mover><mi>m</mi><mo>^</mo></mover><mrow><msub><mi>W</mi><mrow><mn>1</mn></mrow></msub></mrow></msub>"),
    ("weight_decay", "weight_decay", r"\mathrm{weight}_{\mathrm{decay}}",
     "<msub><mi>weight</mi><mrow><mi>decay</mi></mrow></msub>"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "plain", "tex", "xml"), SYMBOLS, ids=[s[0] for s in SYMBOLS])
def test_symbols_are_written_as_the_field_writes_them(name: str, plain: str, tex: str, xml: str) -> None:
    assert unicodedata.normalize("NFC", symbol_text(name)) == unicodedata.normalize("NFC", plain)
    assert symbol_latex(name) == tex
    assert symbol_mathml(name) == xml


@pytest.mark.parametrize(
    ("value", "written"), [(1.0, "1"), (0.5, "0.5"), (-2, "-2"), (1e-8, "1e-08"), (1e20, "1e+20")]
)
def test_numbers_are_written_as_a_person_writes_them(value: float, written: str) -> None:
    assert number_text(value) == written
    assert math.isclose(float(written), value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (math.sqrt(2), ("sqrt(2)", r"\sqrt{2}", "<msqrt><mn>2</mn></msqrt>")),
        (math.sqrt(2 * math.pi), ("sqrt(2 · π)", r"\sqrt{2 \cdot \pi}", None)),
        (math.sqrt(2 / math.pi), ("sqrt(2 / π)", r"\sqrt{\frac{2}{\pi}}", None)),
        (math.nextafter(math.sqrt(2), 2), ("1.4142135623730954", "1.4142135623730954", None)),
    ],
)
def test_a_constant_that_is_a_root_is_written_as_one(
    value: float, written: tuple[str, str, str | None]
) -> None:
    tree = trace(lambda z: z / value)
    assert text(tree) == f"z / {written[0]}"
    assert latex(tree) == rf"\frac{{z}}{{{written[1]}}}"
    assert written[2] is None or written[2] in mathml(tree)
    # What is put in for a symbol is a number of the data, and stays one.
    assert text(trace(lambda z: 2 * z), lambda _: str(value)) == f"2 · {value}"
