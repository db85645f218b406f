"""The vocabulary: every primitive a formula may use, one row each, with every spelling of it.

Two tables. A *scalar* primitive works entry by entry; its meaning is plain Python on floats, with the
results IEEE 754 prescribes where Python's `math` raises. An *array* primitive's meaning is its entry:
given its arguments as matrices (`Matrix`: a shape and an entry function), the value at (i, j).

Spellings are *names* ("scipy.special:erfc"), so that nothing is imported until an engine asks. The compiled
spelling names a function on lanes (`chainrule.engines.lanes`), which writes the primitive's machine code.
In the templates `{0}` is an argument (bracketed if it binds more loosely than the operation),
`{0:tight}` is bracketed also at equal binding, `{0:free}` is never bracketed.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from chainrule.errors import InvalidInput, ShapeMismatch
from chainrule.formulas import ieee
from chainrule.formulas.expression import PRIMITIVES, Primitive, Shape, broadcast
from chainrule.formulas.hashing import hashed_uniform

ARRAYS = "chainrule.engines.arrays"
TORCH = "chainrule.engines.torch_arrays"
DECIMALS = "chainrule.engines.decimals"
COMPILED = "chainrule.engines.machine_math"

# How tightly the written forms bind, loosest first.
COMPARISON, SUM, PRODUCT, MATRIX, SIGN, POWER, CALL = range(7)


def _checked(primitive: Primitive) -> Primitive:
    if primitive.name in PRIMITIVES:
        raise InvalidInput(f'the vocabulary has a primitive "{primitive.name}" already: choose another name')
    PRIMITIVES[primitive.name] = primitive
    return primitive


def scalar(
    name: str,
    meaning: Callable[..., float],
    text: str,
    latex: str,
    mathml: str,
    binding: int = CALL,
    numpy: str = "",
    torch: str = "",
    decimal: str | None = None,
    compiled: str = "",
) -> Primitive:
    """A row of the scalar table: an operation that works entry by entry.

    decimal: "" where the plain-Python meaning serves decimals too
    """
    return _checked(
        Primitive(
            name,
            meaning,
            broadcast,
            numpy or f"numpy:{name}",
            torch or f"torch:{name}",
            f"{DECIMALS}:{name}" if decimal is None else decimal,
            compiled or f"{COMPILED}:{name}",
            text,
            latex,
            mathml,
            binding,
            elementwise=True,
        )
    )


def array(
    name: str,
    entry: Callable[..., Callable[[int, int], Any]],
    shape: Callable[..., Shape],
    text: str,
    latex: str,
    mathml: str,
    binding: int = CALL,
    torch: str = "",
) -> Primitive:
    """A row of the array table: an operation on whole matrices, given by its entry (i, j)."""
    return _checked(
        Primitive(
            name,
            entry,
            shape,
            f"{ARRAYS}:{name}",
            torch or f"torch:{name}",
            "",
            "",  # the lowering of a derivation knows each of them
            text,
            latex,
            mathml,
            binding,
            elementwise=False,
        )
    )


@dataclass(frozen=True)
class Matrix:
    """A matrix as an array primitive's meaning sees it: a shape and its entries."""

    rows: int
    columns: int
    entry: Callable[[int, int], Any]

    def __getitem__(self, index: tuple[int, int]) -> Any:
        return self.entry(*index)


# --- the scalar table -------------------------------------------------------------------------------


def _binary(sign: str) -> str:
    return f"<mrow>{{0}}<mo>{sign}</mo>{{1:tight}}</mrow>"


def _call(name: str) -> str:
    return (
        f"<mrow><mi>{name}</mi><mo>&#x2061;</mo>"
        '<mo stretchy="false">(</mo>{0:free}<mo stretchy="false">)</mo></mrow>'
    )


add = scalar(
    "add", lambda a, b: a + b, "{0} + {1}", "{0} + {1}", "<mrow>{0}<mo>+</mo>{1}</mrow>", SUM, decimal=""
)  # fmt: skip
subtract = scalar(
    "subtract", lambda a, b: a - b, "{0} - {1:tight}", "{0} - {1:tight}", _binary("&#x2212;"), SUM, decimal=""
)
multiply = scalar(
    "multiply",
    lambda a, b: a * b,
    "{0} · {1}",
    r"{0} \cdot {1}",
    "<mrow>{0}<mo>&#x22C5;</mo>{1}</mrow>",
    PRODUCT,
    decimal="",
)
divide = scalar(
    "divide",
    ieee.divide,
    "{0} / {1:tight}",
    r"\frac{{{0:free}}}{{{1:free}}}",
    "<mfrac><mrow>{0:free}</mrow><mrow>{1:free}</mrow></mfrac>",
    PRODUCT,
)
negative = scalar(
    "negative",
    lambda a: -a,
    "-{0:tight}",
    "-{0:tight}",
    "<mrow><mo>&#x2212;</mo>{0:tight}</mrow>",
    SIGN,
    decimal="",
)
power = scalar(
    "power",
    ieee.power,
    "{0:tight}^{1:tight}",
    "{0:tight}^{{{1:free}}}",
    "<msup><mrow>{0:tight}</mrow><mrow>{1:free}</mrow></msup>",
    POWER,
    torch="torch:pow",
)
square = scalar(
    "square",
    lambda a: a * a,
    "{0:tight}²",
    "{0:tight}^{{2}}",
    "<msup><mrow>{0:tight}</mrow><mn>2</mn></msup>",
    POWER,
)
sqrt = scalar(
    "sqrt",
    lambda a: math.sqrt(a) if a >= 0 else math.nan,
    "sqrt({0:free})",
    r"\sqrt{{{0:free}}}",
    "<msqrt>{0:free}</msqrt>",
)
exp = scalar("exp", ieee.unraising(math.exp), "exp({0:free})", r"\exp({0:free})", _call("exp"))
expm1 = scalar(
    "expm1",
    ieee.unraising(math.expm1),
    "(exp({0:free}) - 1)",
    r"(e^{{{0:free}}} - 1)",
    '<mrow><mo stretchy="false">(</mo><msup><mi>e</mi><mrow>{0:free}</mrow></msup><mo>&#x2212;</mo>'
    '<mn>1</mn><mo stretchy="false">)</mo></mrow>',
)
log = scalar("log", ieee.unraising(math.log, math.nan), "ln({0:free})", r"\ln({0:free})", _call("ln"))
log1p = scalar(
    "log1p",
    ieee.log1p,
    "ln(1 + {0})",
    r"\ln(1 + {0})",
    '<mrow><mi>ln</mi><mo>&#x2061;</mo><mo stretchy="false">(</mo><mn>1</mn><mo>+</mo>{0}'
    '<mo stretchy="false">)</mo></mrow>',
)
tanh = scalar("tanh", math.tanh, "tanh({0:free})", r"\tanh({0:free})", _call("tanh"))
erfc = scalar(
    "erfc",
    math.erfc,
    "erfc({0:free})",
    r"\operatorname{{erfc}}({0:free})",
    _call("erfc"),
    numpy="scipy.special:erfc",
    torch="torch.special:erfc",
)
cos = scalar("cos", ieee.unraising(math.cos), "cos({0:free})", r"\cos({0:free})", _call("cos"))
absolute = scalar(
    "absolute",
    abs,
    "|{0:free}|",
    r"\left|{0:free}\right|",
    "<mrow><mo>|</mo>{0:free}<mo>|</mo></mrow>",
)
sign = scalar(
    "sign",
    lambda a: math.nan if math.isnan(a) else float((a > 0) - (a < 0)),
    "sign({0:free})",
    r"\operatorname{{sign}}({0:free})",
    _call("sign"),
    torch=f"{TORCH}:sign",
)
floor = scalar(
    "floor",
    lambda a: float(math.floor(a)) if math.isfinite(a) and a != 0 else float(a),
    "⌊{0:free}⌋",
    r"\lfloor {0:free} \rfloor",
    "<mrow><mo>&#x230A;</mo>{0:free}<mo>&#x230B;</mo></mrow>",
)
_PAIR = (
    '<mrow><mi>{name}</mi><mo>&#x2061;</mo><mo stretchy="false">(</mo>'
    '{{0:free}}<mo>,</mo>{{1:free}}<mo stretchy="false">)</mo></mrow>'
)
maximum = scalar(
    "maximum",
    ieee.propagating(max),
    "max({0:free}, {1:free})",
    r"\max({0:free}, {1:free})",
    _PAIR.format(name="max"),
    numpy=f"{ARRAYS}:maximum",
)
minimum = scalar(
    "minimum",
    ieee.propagating(min),
    "min({0:free}, {1:free})",
    r"\min({0:free}, {1:free})",
    _PAIR.format(name="min"),
    numpy=f"{ARRAYS}:minimum",
)
xlogy = scalar(
    "xlogy",  # 0 · ln 0 is 0, as entropy takes it
    lambda x, y: 0.0 if x == 0 and not math.isnan(y) else x * ieee.unraising(math.log, math.nan)(y),
    "{0} · ln({1:free})",
    r"{0} \cdot \ln({1:free})",
    "<mrow>{0}<mo>&#x22C5;</mo><mi>ln</mi><mo>&#x2061;</mo>"
    '<mo stretchy="false">(</mo>{1:free}<mo stretchy="false">)</mo></mrow>',
    PRODUCT,
    numpy="scipy.special:xlogy",
    torch="torch.special:xlogy",
)


def _comparison(
    name: str, meaning: Callable[[float, float], float], text: str, latex: str, entity: str, torch: str = ""
) -> Primitive:
    mathml = f"<mrow>{{0}}<mo>{entity}</mo>{{1}}</mrow>"
    return scalar(
        name, meaning, f"{{0}} {text} {{1}}", f"{{0}} {latex} {{1}}", mathml, COMPARISON, torch=torch
    )


greater = _comparison("greater", lambda a, b: a > b, ">", ">", "&gt;")
greater_equal = _comparison("greater_equal", lambda a, b: a >= b, "≥", r"\geq", "&#x2265;")
less = _comparison("less", lambda a, b: a < b, "<", "<", "&lt;")
less_equal = _comparison("less_equal", lambda a, b: a <= b, "≤", r"\leq", "&#x2264;")
equal = _comparison("equal", lambda a, b: a == b, "=", "=", "=", torch="torch:eq")
where = scalar(
    "where",
    lambda condition, a, b: a if condition else b,
    "({1:free} if {0:free} else {2:free})",
    r"\begin{{cases}} {1:free} & \text{{if }} {0:free} \\ {2:free} & \text{{otherwise}} \end{{cases}}",
    "<mrow><mo>{{</mo><mtable><mtr><mtd>{1:free}</mtd><mtd><mtext>if </mtext>{0:free}</mtd></mtr>"
    "<mtr><mtd>{2:free}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable></mrow>",
    numpy=f"{ARRAYS}:where",
)

# --- the array table --------------------------------------------------------------------------------
# The entries may be floats, decimals or trees, so a meaning uses operators and the primitives above.


def _sum(terms: Iterable[Any]) -> Any:
    """The sum from left to right, without a 0 to start from, which a tree would show."""
    return reduce(operator.add, terms)


def _matmul_shape(a: Shape, b: Shape) -> Shape:
    if len(a) != 2 or len(b) != 2 or a[1] != b[0]:
        raise ShapeMismatch(f"a matrix of shape {a} cannot be multiplied by one of {b}: inner sizes differ")
    return (a[0], b[1])


def _of_table(a: Shape, *made: int | str) -> Shape:
    if len(a) != 2:
        raise ShapeMismatch(f"a table (rows, columns) is needed here, not an array of shape {a}")
    return made


matmul = array(
    "matmul",
    lambda a, b: lambda i, j: _sum(a[i, k] * b[k, j] for k in range(a.columns)),
    _matmul_shape,
    "{0} {1:tight}",
    r"{0} \, {1:tight}",
    "<mrow>{0}<mo>&#x2062;</mo>{1:tight}</mrow>",
    MATRIX,
)
transpose = array(
    "transpose",
    lambda a: lambda i, j: a[j, i],
    lambda a: _of_table(a, *reversed(a)),
    "{0:tight}ᵀ",
    r"{0:tight}^{{\mathsf{{T}}}}",
    "<msup><mrow>{0:tight}</mrow><mi>T</mi></msup>",
    POWER,
    torch="torch:t",
)
column_sum = array(
    "column_sum",
    lambda a: lambda i, j: _sum(a[k, j] for k in range(a.rows)),
    lambda a: _of_table(a, *a[1:]),
    "Σ_rows({0:free})",
    r"\textstyle\sum_{{\text{{rows}}}} ({0:free})",
    '<mrow><msub><mo>&#x2211;</mo><mtext>rows</mtext></msub><mo stretchy="false">(</mo>'
    '{0:free}<mo stretchy="false">)</mo></mrow>',
    torch=f"{TORCH}:column_sum",
)
row_sum = array(
    "row_sum",
    lambda a: lambda i, j: _sum(a[i, k] for k in range(a.columns)),
    lambda a: (a[0], 1),
    "Σ_k({0:free})",
    r"\textstyle\sum_{{k}} ({0:free})",
    '<mrow><msub><mo>&#x2211;</mo><mi>k</mi></msub><mo stretchy="false">(</mo>'
    '{0:free}<mo stretchy="false">)</mo></mrow>',
    torch=f"{TORCH}:row_sum",
)
row_max = array(
    "row_max",
    lambda a: lambda i, j: reduce(maximum, (a[i, k] for k in range(a.columns))),
    lambda a: (a[0], 1),
    "max_k({0:free})",
    r"\max_{{k}} ({0:free})",
    '<mrow><msub><mi>max</mi><mi>k</mi></msub><mo stretchy="false">(</mo>'
    '{0:free}<mo stretchy="false">)</mo></mrow>',
    torch=f"{TORCH}:row_max",
)
total = array(
    "total",
    lambda a: lambda i, j: _sum(a[k, m] for k in range(a.rows) for m in range(a.columns)),
    lambda a: (),
    "Σ({0:free})",
    r"\textstyle\sum ({0:free})",
    '<mrow><mo>&#x2211;</mo><mo stretchy="false">(</mo>{0:free}<mo stretchy="false">)</mo></mrow>',
    torch="torch:sum",
)
rows = array(
    "rows",
    lambda a: lambda i, j: a.rows,
    lambda a: (),
    "rows({0:free})",
    r"\operatorname{{rows}}({0:free})",
    _call("rows"),
    torch=f"{TORCH}:rows",
)
one_hot = array(
    "one_hot",  # of class numbers (B, 1), as wide as the outputs given beside them
    lambda a, like: lambda i, j: where(equal(a[i, 0], j), 1, 0),
    lambda a, like: (a[0], like[1]),
    "one_hot({0:free})",
    r"\operatorname{{onehot}}({0:free})",
    _call("onehot"),
    torch=f"{TORCH}:one_hot",
)
uniform = array(
    "uniform",  # numbers in [0, 1) from a counter-based hash of (key, step, place)
    lambda like, key, step: lambda i, j: hashed_uniform(int(key), int(step), i * like.columns + j),
    lambda like, key, step: like,
    "uniform({1:free}, {2:free})",
    r"\operatorname{{uniform}}({1:free}, {2:free})",
    '<mrow><mi>uniform</mi><mo>&#x2061;</mo><mo stretchy="false">(</mo>{1:free}<mo>,</mo>{2:free}'
    '<mo stretchy="false">)</mo></mrow>',
    torch=f"{TORCH}:uniform",
)
