"""Activation functions: value, slope, range, kinks and where each comes from.

The slope is stated as it is taught: in terms of a, the activation itself, where that is simpler.
At a kink the slope is a convention; the formula states which one is used (`where(z > 0, …)` takes the
left-hand value at the kink).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.errors import InvalidInput
from chainrule.formulas.catalogue import Catalogue, Entry
from chainrule.formulas.definition import Definition, definition
from chainrule.formulas.expression import (
    Constant,
    Expression,
    Symbol,
    as_expression,
    evaluate,
    parameters_of,
    trace,
)
from chainrule.formulas.vocabulary import absolute as magnitude
from chainrule.formulas.vocabulary import (
    column_sum,
    erfc,
    exp,
    expm1,
    greater_equal,
    log1p,
    maximum,
    row_max,
    row_sum,
    where,
)
from chainrule.formulas.vocabulary import tanh as hyperbolic_tangent

ACTIVATIONS: Catalogue[Activation] = Catalogue("activation")


@dataclass(frozen=True, eq=False, repr=False)
class Activation(Entry):
    """An activation a = f(z), applied to a layer's weighted sums z: (B, O) → a: (B, O).

    definition:  value as a formula of z and the parameters, with its gradients
    bounds:      the least and greatest value as formulas of the parameters; `range` has the numbers
    kinks:       where the slope jumps, as numbers or names of parameters
    points:      known values (z, a), for tests and for students
    learnt:      parameters that training adjusts, as it does weights
    elementwise: False where a unit's activation depends on the others of its layer (softmax)
    init:        the initialiser that suits the layers which use it
    """

    definition: Definition
    bounds: tuple[Expression, Expression] = (Constant(-math.inf), Constant(math.inf))
    kinks: tuple[float | str, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    learnt: tuple[str, ...] = ()
    elementwise: bool = True
    init: str = "glorot_uniform"
    slope: Definition | None = field(default=None)

    def value_at(self, z: float) -> float:
        """f(z) in float64.

        >>> ACTIVATIONS["sigmoid"].value_at(0.0)
        0.5
        """
        self._need_elementwise()
        return float(evaluate(self.definition.tree, {**self.parameters, "z": z}))

    def slope_at(self, z: float) -> float:
        """f′(z) in float64; at a kink, the declared convention.

        >>> ACTIVATIONS["sigmoid"].slope_at(0.0)
        0.25
        """
        self._need_elementwise()
        assert self.slope is not None
        return float(evaluate(self.slope.tree, {**self.parameters, "z": z, "a": self.value_at(z)}))

    @property
    def range(self) -> tuple[float, float]:
        """The least and greatest value, open where infinite or only approached.

        >>> ACTIVATIONS["elu"](alpha=2.0).range
        (-2.0, inf)
        """
        low, high = (float(evaluate(bound, self.parameters)) for bound in self.bounds)
        return low, high

    def kink_values(self) -> tuple[float, ...]:
        """The kinks as numbers."""
        return tuple(self.parameters[k] if isinstance(k, str) else k for k in self.kinks)

    def _need_elementwise(self) -> None:
        if not self.elementwise:
            raise InvalidInput(
                f"{self.name} of one unit depends on the others of its layer: give it the whole vector"
            )


# With a layer's number, these are symbols of every derivation (W1, b1, z1, …).
_TAKEN = {"W", "a", "b", "d", "g", "h", "layer", "m", "rate", "theta", "u", "x", "z"}


def activation(
    name: str,
    *,
    value: Callable[..., Any],
    slope: Callable[..., Any] | None = None,
    jacobian_product: Callable[..., Any] | None = None,
    textbook: Callable[..., Any] | None = None,
    parameters: Mapping[str, float] | None = None,
    learnt: Mapping[str, Callable[..., Any]] | None = None,
    range: tuple[float, float] | Callable[..., tuple[Any, Any]] = (-math.inf, math.inf),
    aliases: tuple[str, ...] = (),
    **facts: Any,
) -> Activation:
    """Define an activation and put it into the catalogue.

    value:            f as a function of z (and parameters by name)
    slope:            f′ as a function of z, a = f(z) and parameters, whichever it needs
    jacobian_product: for f that is not entry by entry: ∂C/∂z as a function of z, a and g = ∂C/∂a
    textbook:         f as it is taught, where `value` is written so that it cannot overflow
    parameters:       names and default values
    learnt:           for each parameter that training adjusts, ∂a/∂parameter as a function of z, a, …
    range:            the least and greatest value; a function of parameters where it depends on them
    facts:            kinks, points, source, strengths, weaknesses, init

    Raises InvalidInput for a name that is taken, and for a value or slope that is no formula.

    >>> cube = activation("cube", value=lambda z: z**3, slope=lambda z: 3 * z**2)
    >>> cube.value_at(2.0), cube.slope_at(2.0)
    (8.0, 12.0)
    >>> ACTIVATIONS.remove("cube")
    """
    if (slope is None) == (jacobian_product is None):
        raise InvalidInput(f'activation "{name}" needs a slope or a jacobian_product, and not both: give one')
    allowed = {"z", "a", *(parameters or {})}
    for what, function in {"value": value, "slope": slope, **(learnt or {})}.items():
        used = set(parameters_of(function)) if function else set()
        extra = used - (allowed - {"a"} if what == "value" else allowed)
        if extra:
            raise InvalidInput(
                f'{what} of activation "{name}" uses {", ".join(sorted(extra))}, which is not z, a or a '
                "parameter: name it among the parameters"
            )
    taken = _TAKEN & set(parameters or {})
    if taken:
        raise InvalidInput(
            f'{", ".join(sorted(taken))} of activation "{name}" is what a layer calls something else: rename it'
        )
    forward = definition(name, value)
    gradients: dict[str, Definition] = {}
    if jacobian_product is not None:
        gradients["z"] = definition(f"{name} Jacobian product", jacobian_product)
    slope_of_z = None
    if slope is not None:
        slope_of_z = definition(f"{name} slope", slope)
        gradients["z"] = chained(f"{name} chain rule", slope_of_z)
    for parameter, its_slope in (learnt or {}).items():
        through = chained(f"{name} slope in {parameter}", definition("", its_slope))
        tree = column_sum(row_sum(through.tree))
        gradients[parameter] = Definition(through.name, through.arguments, tree)
    low, high = range(*map(Symbol, parameters_of(range))) if callable(range) else range
    if "elementwise" not in facts:
        facts["elementwise"] = slope is not None
    entry = Activation(
        name,
        definition=Definition(
            name, forward.arguments, forward.tree, gradients, trace(textbook) if textbook else None
        ),
        slope=slope_of_z,
        bounds=(as_expression(low), as_expression(high)),
        parameters=dict(parameters or {}),
        learnt=tuple(learnt or ()),
        **facts,
    )
    return ACTIVATIONS.register(entry, aliases)


def chained(name: str, slope: Definition) -> Definition:
    """g ⊙ slope: the chain rule through an entry-by-entry function."""
    return Definition(name, ("g", *slope.arguments), Symbol("g") * slope.tree)


identity = activation(
    "identity",
    value=lambda z: z,
    slope=lambda z: 1,
    points=((-2.0, -2.0), (0.0, 0.0), (3.5, 3.5)),
    source="the plain weighted sum; the output unit of linear regression",
    strengths="any number can be an output; the slope never vanishes",
    weaknesses="layers of it collapse into one: no hidden layer gains anything by it",
    aliases=("linear", "none"),
)

step = activation(
    "step",
    value=lambda z, threshold: where(greater_equal(z, threshold), 1, 0),
    slope=lambda z: 0,
    parameters={"threshold": 0.0},
    range=(0, 1),
    kinks=("threshold",),
    points=((-1.0, 0.0), (0.0, 1.0), (2.0, 1.0)),
    source="McCulloch & Pitts 1943; Rosenblatt 1958",
    strengths="a clear decision: the unit fires or it does not",
    weaknesses="its slope is 0 everywhere, so gradient descent cannot train it; use the perceptron rule",
)

sigmoid = activation(
    "sigmoid",
    value=lambda z: 1 / (1 + exp(-z)),
    slope=lambda a: a * (1 - a),
    range=(0, 1),
    points=((0.0, 0.5), (0.87, 0.7047456979980), (7.7, 0.9995473777767595)),
    source="Rumelhart, Hinton & Williams 1986",
    strengths="smooth; its value reads as a probability; its slope is had from the value alone",
    weaknesses="saturates at both ends, where the slope, at most 1/4, vanishes; not centred on 0",
    aliases=("logistic",),
)

tanh = activation(
    "tanh",
    value=lambda z: hyperbolic_tangent(z),
    slope=lambda a: 1 - a**2,
    range=(-1, 1),
    points=((0.0, 0.0), (1.0, 0.7615941559557649)),
    source="LeCun, Bottou, Orr & Müller 1998, section 4.4",
    strengths="smooth and centred on 0; slope 1 at 0, so it learns faster than the sigmoid",
    weaknesses="saturates at both ends, where the slope vanishes",
)

relu = activation(
    "relu",
    value=lambda z: maximum(z, 0),
    slope=lambda z: where(z > 0, 1, 0),
    range=(0, math.inf),
    kinks=(0.0,),
    points=((-3.0, 0.0), (0.0, 0.0), (2.5, 2.5)),
    source="Nair & Hinton 2010; Glorot, Bordes & Bengio 2011",
    strengths="cheap; does not saturate for positive z, so gradients reach deep layers",
    weaknesses="a unit whose z is never positive never learns (a dead unit); kink at 0, slope 0 there",
)

leaky_relu = activation(
    "leaky_relu",
    value=lambda z, alpha: where(z > 0, z, alpha * z),
    slope=lambda z, alpha: where(z > 0, 1, alpha),
    parameters={"alpha": 0.01},
    range=lambda alpha: (where(alpha > 0, -math.inf, 0), math.inf),
    kinks=(0.0,),
    points=((-3.0, -0.03), (0.0, 0.0), (2.5, 2.5)),
    source="Maas, Hannun & Ng 2013",
    strengths="as ReLU, but a unit with negative z still learns",
    weaknesses="one more number to choose; the kink stays (slope α at 0)",
)

prelu = activation(
    "prelu",
    value=lambda z, alpha: where(z > 0, z, alpha * z),
    slope=lambda z, alpha: where(z > 0, 1, alpha),
    parameters={"alpha": 0.25},
    learnt={"alpha": lambda z: where(z > 0, 0, z)},
    range=lambda alpha: (where(alpha > 0, -math.inf, 0), math.inf),
    kinks=(0.0,),
    points=((-4.0, -1.0), (0.0, 0.0), (2.5, 2.5)),
    source="He, Zhang, Ren & Sun 2015",
    strengths="the slope for negative z is learnt with the weights, one for each layer",
    weaknesses="may overfit small data; kink at 0 (slope α there)",
    aliases=("parametric_relu",),
)

elu = activation(
    "elu",
    value=lambda z, alpha: where(z > 0, z, alpha * expm1(z)),
    slope=lambda z, a, alpha: where(z > 0, 1, a + alpha),
    parameters={"alpha": 1.0},
    range=lambda alpha: (-alpha, math.inf),
    kinks=(0.0,),
    points=((-1.0, -0.6321205588285577), (0.0, 0.0), (2.5, 2.5)),
    source="Clevert, Unterthiner & Hochreiter 2016",
    strengths="mean activations nearer 0 than ReLU's; negative z still learns",
    weaknesses="an exponential to compute; saturates for very negative z; kink at 0 unless α = 1",
)

softplus = activation(
    "softplus",
    value=lambda z: maximum(z, 0) + log1p(exp(-magnitude(z))),
    slope=lambda z: 1 / (1 + exp(-z)),
    range=(0, math.inf),
    points=((0.0, 0.6931471805599453), (1.0, 1.3132616875182228)),
    source="Dugas et al. 2001; ln(1 + e^z), written so that it cannot overflow",
    strengths="a smooth ReLU; always positive; its slope is the sigmoid",
    weaknesses="dearer than ReLU and rarely better",
)

_LEAST_SWISH = -0.2784645427610738  # where z σ(z) turns, at z = −1.2785

swish = activation(
    "swish",
    value=lambda z, beta: z / (1 + exp(-beta * z)),
    slope=lambda z, a, beta: beta * a + (1 - beta * a) / (1 + exp(-beta * z)),
    parameters={"beta": 1.0},
    range=lambda beta: (
        where(beta > 0, _LEAST_SWISH / beta, -math.inf),
        where(beta < 0, _LEAST_SWISH / beta, math.inf),
    ),
    points=((0.0, 0.0), (1.0, 0.7310585786300049)),
    source="Elfwing, Uchibe & Doya 2018 (SiLU, β = 1); Ramachandran, Zoph & Le 2017",
    strengths="smooth; not monotonic; often a little better than ReLU in deep networks",
    weaknesses="an exponential to compute",
    aliases=("silu",),
)

gelu = activation(
    "gelu",
    value=lambda z: z / 2 * erfc(-z / math.sqrt(2)),
    slope=lambda z: erfc(-z / math.sqrt(2)) / 2 + z * exp(-(z**2) / 2) / math.sqrt(2 * math.pi),
    range=(-0.16997120747990369, math.inf),
    points=((0.0, 0.0), (1.0, 0.8413447460685429), (-8.0, -4.97676845941743e-15)),
    source="Hendrycks & Gimpel 2016; z Φ(z), by erfc, which keeps its digits for negative z",
    strengths="smooth; weighs an input by how likely it is to be the larger; usual in transformers",
    weaknesses="the complementary error function is dear to compute",
)

_C = math.sqrt(2 / math.pi)
_K = 0.044715

gelu_tanh = activation(
    "gelu_tanh",
    value=lambda z: z / 2 * (1 + hyperbolic_tangent(_C * (z + _K * z**3))),
    slope=lambda z: (
        (1 + hyperbolic_tangent(_C * (z + _K * z**3))) / 2
        + z / 2 * (1 - hyperbolic_tangent(_C * (z + _K * z**3)) ** 2) * (_C * (1 + 3 * _K * z**2))
    ),
    range=(-0.17004075057125407, math.inf),
    points=((0.0, 0.0), (1.0, 0.8411919906082768)),
    source="Hendrycks & Gimpel 2016, section 2: the approximation by tanh",
    strengths="close to GELU (within 0.0005) by tanh alone",
    weaknesses="an approximation; rarely needed where erfc is at hand",
)

softmax = activation(
    "softmax",
    value=lambda z: exp(z - row_max(z)) / row_sum(exp(z - row_max(z))),
    textbook=lambda z: exp(z) / row_sum(exp(z)),
    jacobian_product=lambda a, g: a * (g - row_sum(g * a)),
    range=(0, 1),
    source="Bridle 1990; the largest z is taken off first, which changes nothing and cannot overflow",
    strengths="outputs are positive and sum to 1: probabilities of classes that exclude each other",
    weaknesses="only for output layers, and only where exactly one class is right",
)
