"""What a layer does: weighted sums, dropout, penalties, clipping, each with its gradient.

Shapes: x (B, I), W (I, O), b (O,), z (B, O); g is the gradient arriving at the result, of its shape.
"""

from __future__ import annotations

from chainrule.formulas.definition import Definition, definition
from chainrule.formulas.expression import Expression, Symbol
from chainrule.formulas.vocabulary import (
    column_sum,
    matmul,
    maximum,
    minimum,
    multiply,
    one_hot,
    sqrt,
    total,
    transpose,
    uniform,
    where,
)

weighted_sum = definition(
    "weighted sum",
    lambda x, W, b: matmul(x, W) + b,
    {
        "W": lambda x, g: matmul(transpose(x), g),
        "b": lambda g: column_sum(g),
        "x": lambda W, g: matmul(g, transpose(W)),
    },
)

weighted_sum_without_bias = definition(
    "weighted sum",
    lambda x, W: matmul(x, W),
    {"W": lambda x, g: matmul(transpose(x), g), "x": lambda W, g: matmul(g, transpose(W))},
)

# The threshold as the weight of a constant input −1 (Rosenblatt 1958, as the lectures draw it).
weighted_sum_less_threshold = definition(
    "weighted sum",
    lambda x, W, theta: matmul(x, W) - theta,
    {
        "W": lambda x, g: matmul(transpose(x), g),
        "theta": lambda g: -column_sum(g),
        "x": lambda W, g: matmul(g, transpose(W)),
    },
)

# Dropout (Srivastava et al. 2014), inverted: what is kept is scaled up, so prediction needs no change.
chance = definition("chance", lambda a, key, layer, t: uniform(a, key + layer, t))
keep = definition("dropout mask", lambda u, rate: where(u < rate, 0, 1 / (1 - rate)))
drop = definition("dropout", lambda a, m: a * m, {"a": lambda m, g: g * m})

one_hot_targets = definition("one-hot targets", lambda y, z: one_hot(y, z))

# N rows, K classes, n rows of the class: King & Zeng 2001, as scikit-learn's "balanced".
balanced_class_weight = definition("balanced class weight", lambda N, K, n: N / (K * n))

# A sample's weight from its class: v (1, K) holds the class weights, q (B, 1) the weights given.
class_weight = definition("class weight", lambda y, v: matmul(y, transpose(v)))
class_and_sample_weight = definition("class and sample weight", lambda y, v, q: q * matmul(y, transpose(v)))
binary_class_weight = definition("class weight", lambda y, v0, v1: y * v1 + (1 - y) * v0)
binary_class_and_sample_weight = definition(
    "class and sample weight", lambda y, v0, v1, q: q * (y * v1 + (1 - y) * v0)
)

clip_by_value = definition("clipping by value", lambda g, c: maximum(minimum(g, c), -c))
clip_by_norm = definition("clipping by norm", lambda g, k: multiply(k, g))
norm_factor = definition("clipping factor", lambda n, c: where(n > c, c / n, 1))

objective = definition("objective", lambda C, R: C + R)


def l2_penalty(weights: tuple[str, ...]) -> Definition:
    """R = λ/2 · Σ W², over the weights of every layer, not the biases; ∂R/∂W = λ W."""
    strength = Symbol("lambda")
    gradients = {W: Definition("weight decay", ("lambda", W), multiply(strength, Symbol(W))) for W in weights}
    tree = strength / 2 * _sum([total(Symbol(W) ** 2) for W in weights])
    return Definition("L2 penalty", ("lambda", *weights), tree, gradients)


def gradient_norm(gradients: tuple[str, ...]) -> Definition:
    """The Euclidean length of all gradients taken together: a single number."""
    squares = _sum([total(Symbol(name) ** 2) for name in gradients])
    return Definition("gradient norm", gradients, sqrt(squares))


def _sum(terms: list[Expression]) -> Expression:
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result
