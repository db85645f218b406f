"""Word vectors: GloVe's cost of a pair and its AdaGrad, negative sampling, and what goes with them.

Vectors are rows: w, w_tilde, v, u are (1, D), and N holds K noise words' vectors, (K, D). Counts and biases
are numbers. In a gradient g is the gradient arriving at the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError, InvalidInput
from chainrule.formulas.catalogue import Catalogue, Entry
from chainrule.formulas.definition import Definition, definition
from chainrule.formulas.expression import evaluate
from chainrule.formulas.rules import Rule
from chainrule.formulas.vocabulary import (
    absolute,
    exp,
    log,
    log1p,
    matmul,
    maximum,
    minimum,
    row_sum,
    rows,
    sqrt,
    total,
    transpose,
)

WORD_VECTORS: Catalogue[Formula] = Catalogue("formula of word vectors")


@dataclass(frozen=True, eq=False, repr=False)
class Formula(Entry):
    """A formula of word vectors, with its gradients.

    definition: the formula and its gradients; `definition.textbook` where it is taught in another form
    above_0:    the parameters that must be above 0
    """

    definition: Definition
    above_0: tuple[str, ...] = ()

    def value_at(self, **values: float) -> float:
        """Its value in float64, where all that it takes are numbers.

        >>> WORD_VECTORS["glove_weighting"].value_at(x=25.0)
        0.3535533905932738
        """
        return float(evaluate(self.definition.tree, {**self.parameters, **values}))

    def _check(self, name: str, value: Any) -> None:
        super()._check(name, value)
        if name in self.above_0 and not 0 < value < float("inf"):
            raise ConfigError(f"{name} of {self.name} must be above 0 and finite, not {value}")


def formula(
    name: str,
    *,
    value: Callable[..., Any],
    gradients: Mapping[str, Callable[..., Any]] | None = None,
    textbook: Callable[..., Any] | None = None,
    parameters: Mapping[str, float] | None = None,
    aliases: tuple[str, ...] = (),
    **facts: Any,
) -> Formula:
    """Define a formula of word vectors and put it into the catalogue.

    value:      the formula
    gradients:  argument → its share of the gradient, a function of the arguments, of g and of a, the result
    textbook:   the formula as it is taught, where `value` is written so that it cannot overflow
    parameters: names and default values
    facts:      above_0, source, strengths, weaknesses

    >>> twice = formula("twice", value=lambda w: 2 * w, gradients={"w": lambda g: 2 * g})
    >>> twice.definition.tree, twice.definition.gradients["w"].tree
    (2 · w, 2 · g)
    >>> WORD_VECTORS.remove("twice")

    Raises InvalidInput for a gradient of what the formula does not take.
    """
    made = definition(name, value, gradients)
    known = {*made.arguments, "g", "a"}
    for wrt, slope in made.gradients.items():
        if wrt not in made.arguments or set(slope.arguments) - known:
            extra = ", ".join(sorted({wrt, *slope.arguments} - known)) or wrt
            raise InvalidInput(
                f'the gradient ∂/∂{wrt} of "{name}" uses {extra}, which the formula does not take: '
                f"use {', '.join(made.arguments)}, g or a"
            )
    if textbook is not None:
        taught = definition(name, textbook).tree
        made = Definition(made.name, made.arguments, made.tree, made.gradients, taught)
    return WORD_VECTORS.register(
        Formula(name, definition=made, parameters=parameters or {}, **facts), aliases
    )


# --- GloVe ------------------------------------------------------------------------------------------
# A pair's cost is made of the steps: each is a function here, and every definition below is made of them.


def _product(w: Any, w_tilde: Any) -> Any:
    return row_sum(w * w_tilde)


def _weighting(x: Any, x_max: Any, alpha: Any) -> Any:
    return minimum(1, (x / x_max) ** alpha)


def _prediction(w: Any, w_tilde: Any, b: Any, b_tilde: Any) -> Any:
    return _product(w, w_tilde) + b + b_tilde


def _error(p: Any, x: Any) -> Any:
    return p - log(x)


_GLOVE_SOURCE = "Pennington, Socher & Manning 2014"

glove_weighting = formula(
    "glove_weighting",
    value=_weighting,
    parameters={"x_max": 100.0, "alpha": 0.75},
    above_0=("x_max", "alpha"),
    source=f"{_GLOVE_SOURCE}, equation 9; x_max = 100 and α = 3/4 are the paper's",
    strengths="rare pairs, which are mostly noise, weigh little; frequent ones no more than 1",
    weaknesses="two more numbers to choose",
)
glove_prediction = formula(
    "glove_prediction",
    value=_prediction,
    gradients={
        "w": lambda g, w_tilde: g * w_tilde,
        "w_tilde": lambda g, w: g * w,
        "b": lambda g: g,
        "b_tilde": lambda g: g,
    },
    source=f"{_GLOVE_SOURCE}, equation 7",
)
glove_error = formula(
    "glove_error",
    value=_error,
    gradients={"p": lambda g: g},
    source=f"{_GLOVE_SOURCE}, equation 8: what is squared; p is the prediction, x the count",
)
glove_pair_cost = formula(
    "glove_pair_cost",
    value=lambda f, e: f * e**2,
    gradients={"e": lambda g, f, e: 2 * g * f * e},
    source=f"{_GLOVE_SOURCE}, equation 8, of one pair",
)
glove_half_pair_cost = formula(
    "glove_half_pair_cost",
    value=lambda f, e: f * e**2 / 2,
    gradients={"e": lambda g, f, e: g * f * e},
    source="Stanford's program: half the paper's cost, so that its gradient is without the factor 2; "
    "what it prints is the mean of this over the pairs",
)
glove_adagrad = Rule(
    "glove_adagrad",
    parameters={"learning_rate": 0.05},
    state={"s": 1.0},
    assignments=(
        ("u", definition("step before scaling", lambda eta, g: eta * g)),
        ("w", definition("weight", lambda w, u, s: w - u / sqrt(s))),
        ("s", definition("sum of squares", lambda s, u: s + u**2)),
    ),
    source="Duchi, Hazan & Singer 2011, as in Stanford's program: s starts at 1 and sums the squares of η g, "
    "not of g; a step divides by the root of s as it was before. (Its version 1.2 also clips g to ±100, which "
    "is not done here)",
    strengths="the first steps are η g; rare words take larger steps than frequent ones later",
    weaknesses="the sum only grows, so the steps die away",
)

# --- the goal of GloVe, read on counts and on vectors -----------------------------------------------

probability = formula(
    "probability",
    value=lambda x, x_i: x / x_i,
    source=f"{_GLOVE_SOURCE}, section 3: P(j|i), the count of the pair over all counts of the word",
)
probability_ratio = formula(
    "probability_ratio",
    value=lambda x_a, n_a, x_b, n_b: x_a / n_a / (x_b / n_b),
    source=f"{_GLOVE_SOURCE}, table 1: P(x|a)/P(x|b); n is the sum of a word's counts",
)
log_count_ratio = formula(
    "log_count_ratio",
    value=lambda x_a, x_b: log(x_a / x_b),
    source=f"{_GLOVE_SOURCE}, equations 6 and 7: what a difference of two words is to say of a probe",
)
difference_score = formula(
    "difference_score",
    value=lambda w_a, w_b, w_tilde, b_a, b_b: _product(w_a - w_b, w_tilde) + b_a - b_b,
    source=f"{_GLOVE_SOURCE}, from equation 7: the probe's own bias cancels",
)


def _pmi(x: Any, x_i: Any, x_j: Any, X: Any) -> Any:
    return log(x * X / (x_i * x_j))


ppmi = formula(
    "ppmi",
    value=lambda x, x_i, x_j, X: maximum(_pmi(x, x_i, x_j, X), 0),
    source="Church & Hanks 1990; Bullinaria & Levy 2007: x_i and x_j are the sums of a row and a column, "
    "X of all; 0 where the pair was never seen",
)
shifted_ppmi = formula(
    "shifted_ppmi",
    value=lambda x, x_i, x_j, X, k: maximum(_pmi(x, x_i, x_j, X) - log(k), 0),
    parameters={"k": 1.0},
    above_0=("k",),
    source="Levy & Goldberg 2014: negative sampling with k noise words factorises the PMI less ln k",
)
singular_weighting = formula(
    "singular_weighting",
    value=lambda s, p: s**p,
    parameters={"p": 0.5},
    source="Caron 2001; Levy, Goldberg & Dagan 2015: words are U s^p; p = 1 is the SVD's own, 0 leaves s out",
)

# --- negative sampling ------------------------------------------------------------------------------


def _log_sigmoid(z: Any) -> Any:
    return minimum(z, 0) - log1p(exp(-absolute(z)))


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + exp(-z))


def _noise_scores(N: Any, v: Any) -> Any:
    return matmul(N, transpose(v))


_MIKOLOV = "Mikolov, Sutskever, Chen, Corrado & Dean 2013"

log_sigmoid = formula(
    "log_sigmoid",
    value=_log_sigmoid,
    gradients={"z": lambda g, z: g / (1 + exp(z))},
    textbook=lambda z: log(_sigmoid(z)),
    source=f"{_MIKOLOV}, equation 4",
)
negative_sampling = formula(
    "negative_sampling",
    value=lambda v, u, N: -_log_sigmoid(_product(v, u)) - total(_log_sigmoid(-_noise_scores(N, v))),
    gradients={
        "v": lambda g, v, u, N: (
            g * ((_sigmoid(_product(v, u)) - 1) * u + matmul(transpose(_sigmoid(_noise_scores(N, v))), N))
        ),
        "u": lambda g, v, u: g * ((_sigmoid(_product(v, u)) - 1) * v),
        "N": lambda g, v, N: g * matmul(_sigmoid(_noise_scores(N, v)), v),
    },
    textbook=lambda v, u, N: -log(_sigmoid(_product(v, u))) - total(log(_sigmoid(-_noise_scores(N, v)))),
    source=f"{_MIKOLOV}, equation 4, as a cost: v is the centre word's vector (skip-gram) or the mean of its "
    "context's (CBOW), u that of the word to be found, N those of the noise words",
    strengths="K + 1 products a step, however large the vocabulary",
    weaknesses="learns no probabilities: its optimum is a shifted PMI (Levy & Goldberg 2014)",
    aliases=("skip_gram", "cbow"),
)
negative_sampling_score = formula(
    "negative_sampling_score",
    value=_product,
    gradients={"w": lambda g, w_tilde: g * w_tilde, "w_tilde": lambda g, w: g * w},
    source=f"{_MIKOLOV}, equation 4: z of one word; w is the input vector, w̃ that of the word to be found or "
    "of a noise word",
)
negative_sampling_slope = formula(
    "negative_sampling_slope",
    value=lambda z, y: _sigmoid(z) - y,
    source=f"{_MIKOLOV}, from equation 4: ∂cost/∂z of one score z, y being 1 for the word itself and 0 for noise",
)
context_mean = formula(
    "context_mean",
    value=lambda C: transpose(row_sum(transpose(C))) / rows(C),
    gradients={"C": lambda g, C: g / rows(C)},
    source="Mikolov, Chen, Corrado & Dean 2013, CBOW: the mean of M context vectors C (M, D). The gradient is "
    "that of each of its rows; the authors' program adds g itself",
)
keep_probability = formula(
    "keep_probability",
    value=lambda f, t: minimum(1, sqrt(t / f)),
    parameters={"t": 1e-5},
    above_0=("t",),
    source=f"{_MIKOLOV}, equation 5: f is the word's share of all tokens",
)
program_keep_probability = formula(
    "program_keep_probability",
    value=lambda f, t: minimum(1, (sqrt(f / t) + 1) * (t / f)),
    parameters={"t": 1e-3},
    above_0=("t",),
    source="the program word2vec.c (2013), and gensim: not the paper's formula, and it keeps more",
)
noise = formula(
    "noise",
    value=lambda n, power: n**power / total(n**power),
    parameters={"power": 0.75},
    source=f"{_MIKOLOV}, section 2.2: n are the counts of all words (V, 1)",
)
