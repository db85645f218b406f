"""The slope of an activation or a loss derived step by step, from its value to the slope as declared.

>>> from chainrule.formulas.activations import ACTIVATIONS
>>> derivation = derive_slope(ACTIVATIONS["sigmoid"])
>>> print(derivation.value)
1 / (1 + exp(-z))
>>> for step in derivation.steps[1:]:
...     print(step.tree)
exp(-z) / (1 + exp(-z))²
1 / (1 + exp(-z)) · exp(-z) / (1 + exp(-z))
a · (1 - a)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

from chainrule.errors import InvalidInput
from chainrule.formulas.activations import Activation
from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, substitute, symbols_in, walk
from chainrule.formulas.losses import Loss
from chainrule.formulas.writing import number_text
from chainrule.working.algebra.cancelling import Form, cancelling, over_common_denominator
from chainrule.working.algebra.comparing import equal_at_random_points
from chainrule.working.algebra.derivatives import differentiated, rules_used
from chainrule.working.algebra.simplifying import applied, is_applied, made, simplified

_Z = (-3.0, 3.0)


@dataclass(frozen=True)
class SlopeStep:
    """One form of the slope, and the rule that leads to it."""

    tree: Expression
    rule: str


@dataclass(frozen=True)
class SlopeDerivation:
    """How a slope comes about.

    value:  what is differentiated, a formula of `wrt` and parameters
    wrt:    "z" for an activation, "p" for a loss
    steps:  forms of the slope, all equal; the last is the catalogue's own, where `a` stands for `value`
    kinks:  a sentence for each place where the slope jumps: there it is declared, not derived
    agrees: False where the catalogue declares something else than the derivative, as the last rule says
    """

    name: str
    value: Expression
    wrt: str
    steps: tuple[SlopeStep, ...]
    kinks: tuple[str, ...] = ()
    agrees: bool = True


def derive_slope(entry: Activation | Loss) -> SlopeDerivation:
    """The slope of an elementwise activation in z, or of a loss in p, step by step.

    Raises InvalidInput for an activation that is not entry by entry (softmax).
    """
    if isinstance(entry, Loss):
        value, wrt, declared = entry.value.tree, "p", entry.slope.tree
    else:
        if entry.slope is None:
            raise InvalidInput(
                f"{entry.name} has no slope of one unit, since it depends on the others of its layer: "
                "ask for its Jacobian"
            )
        value, wrt, declared = entry.definition.tree, "z", entry.slope.tree
    rules = "; ".join(rules_used(value, wrt)) or _plain_reason(value)
    steps = [SlopeStep(differentiated(value, wrt, simplify_last=False), rules)]
    _go_on(steps, simplified(steps[-1].tree), "leave out what is 0 or 1")
    _go_on(steps, by_cases(steps[-1].tree, wrt), f"case by case: {wrt} > 0, and {wrt} < 0")
    for form in _inner_cancelled(steps[-1].tree):
        _go_on(steps, form.tree, form.reason)
    in_full = within_cases(substitute(declared, {"a": value}))
    agrees = _agree(steps[-1].tree, in_full, entry)
    if agrees:
        _write_in_value(steps, declared, in_full, entry)
    elif declared is not steps[-1].tree:
        _go_on(steps, declared, "the catalogue declares this in place of the derivative")
    return SlopeDerivation(entry.name, value, wrt, tuple(steps), _kinks(entry), agrees)


def _plain_reason(value: Expression) -> str:
    if isinstance(value, Symbol):
        return f"the slope of {value!r} in itself is 1"
    return "each case for itself" if is_applied(value, "where") else "term by term"


def _go_on(steps: list[SlopeStep], tree: Expression, rule: str) -> None:
    if tree is not steps[-1].tree:
        steps.append(SlopeStep(tree, rule))


def _write_in_value(
    steps: list[SlopeStep], declared: Expression, in_full: Expression, entry: Activation | Loss
) -> None:
    """The steps from the derivative to the declared slope, through that slope with the value put in for a."""
    if "a" not in symbols_in(declared):
        _go_on(steps, declared, "as the catalogue states it")
        return
    own = "σ" if entry.name == "sigmoid" else entry.name
    written = f"write it in a = {own}(z)"
    parts, reasons = _factors_as_fractions(in_full)
    if is_applied(parts, "multiply") and reasons:
        _go_on(steps, parts, "split the fraction")
        written += f", since {' and '.join(reasons)}"
    else:
        _go_on(steps, in_full, f"so that {own}(z) itself stands in it")
    _go_on(steps, declared, written)


def _factors_as_fractions(tree: Expression) -> tuple[Expression, tuple[str, ...]]:
    """Each factor that is a sum with fractions written as one fraction, and what was equated."""
    if isinstance(tree, Apply) and tree.primitive.name == "multiply":
        (first, one), (second, other) = map(_factors_as_fractions, tree.arguments)
        return made("multiply", first, second), one + other
    forms = over_common_denominator(tree, longer=3)
    return (forms[-1].tree, (f"{forms[-1].tree!r} = {tree!r}",)) if forms else (tree, ())


def _inner_cancelled(tree: Expression) -> list[Form]:
    """The forms that cancelling takes a slope through, each case for itself."""
    if not (isinstance(tree, Apply) and tree.primitive.name == "where"):
        return cancelling(tree)
    condition, *now = tree.arguments
    forms = []
    for places in zip_longest(*map(_inner_cancelled, now)):
        now = [old if form is None else form.tree for form, old in zip(places, now, strict=True)]
        reason = next(form.reason for form in places if form is not None)
        forms.append(Form(applied("where", condition, *now), reason))
    return forms


def within_cases(tree: Expression, known: Mapping[Expression, bool] | None = None) -> Expression:
    """A formula whose cases do not ask again for a condition that decided the case they stand in."""
    known = known or {}
    if not isinstance(tree, Apply):
        return tree
    if tree.primitive.name != "where":
        return Apply.of(tree.primitive, *(within_cases(argument, known) for argument in tree.arguments))
    condition, first, second = tree.arguments
    if condition in known:
        return within_cases(first if known[condition] else second, known)
    return made(
        "where",
        condition,
        within_cases(first, {**known, condition: True}),
        within_cases(second, {**known, condition: False}),
    )


def by_cases(tree: Expression, symbol: str) -> Expression:
    """A formula with |z| or sign(z) written for z > 0 and z < 0 apart; without them, as it is.

    >>> by_cases(differentiated(made("absolute", Symbol("z")) ** 2, "z"), "z")
    (2 · z if z > 0 else 2 · z)
    """
    z = Symbol(symbol)
    if not any(node in (made("absolute", z), made("sign", z)) for node in walk(tree)):
        return tree
    above, below = (_on_one_side(tree, z, positive=positive) for positive in (True, False))
    return made("where", made("greater", z, Constant(0)), above, below)


def _on_one_side(tree: Expression, z: Symbol, *, positive: bool) -> Expression:
    zero = Constant(0)
    decided: dict[Expression, Expression] = {
        made("absolute", z): z if positive else -z,
        made("sign", z): Constant(1 if positive else -1),
        made("maximum", z, zero): z if positive else zero,
        made("minimum", z, zero): zero if positive else z,
        **{made(name, z, zero): Constant(int(positive)) for name in ("greater", "greater_equal")},
        **{made(name, z, zero): Constant(int(not positive)) for name in ("less", "less_equal")},
    }
    done: dict[Expression, Expression] = {}
    for at in walk(tree):
        if at in decided:
            done[at] = decided[at]
        elif isinstance(at, Apply):
            done[at] = applied(at.primitive.name, *(done[argument] for argument in at.arguments))
        else:
            done[at] = at
    return done[tree]


def _kinks(entry: Activation | Loss) -> tuple[str, ...]:
    """A sentence for each place without a derivative: what the slope is on both sides, and what is declared."""
    if isinstance(entry, Activation):
        return tuple(
            _kink(
                f"z = {kink if isinstance(kink, str) else number_text(kink)}",
                at,
                entry.value_at,
                entry.slope_at,
            )
            for kink, at in zip(entry.kinks, entry.kink_values(), strict=True)
        )
    sentences = []
    for kink in entry.kinks:
        off = entry.parameters[kink] if isinstance(kink, str) else kink
        named = kink if isinstance(kink, str) else number_text(kink)
        value, slope = partial(entry.value_at, y=0.5), partial(entry.slope_at, y=0.5)
        sentences.append(_kink(f"p - y = {named}", 0.5 + off, value, slope))
    return tuple(sentences)


def _kink(where_: str, at: float, value: Callable[[float], float], slope: Callable[[float], float]) -> str:
    near = 1e-9
    left, right = slope(at - near), slope(at + near)
    said = f"at {where_} the slope is declared, not derived: it is {slope(at):.6g}"
    if abs(value(at + near) - value(at - near)) > 1e-6:
        return f"{said}, where the value jumps"
    if abs(left - right) <= 1e-6 * max(1.0, abs(left)):
        return f"{said}, the same as on both sides"
    return f"{said}, between {left:.6g} before it and {right:.6g} after it"


def _agree(derived: Expression, in_full: Expression, entry: Activation | Loss) -> bool:
    if isinstance(entry, Activation):
        return equal_at_random_points(derived, in_full, {"z": _Z})
    return equal_at_random_points(derived, in_full)
