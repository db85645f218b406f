"""Cancelling shown: the forms a product or quotient goes through until nothing above and below is equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from math import gcd, lcm

from chainrule.formulas.expression import Apply, Constant, Expression, walk
from chainrule.working.algebra.polynomials import collected_terms, signature, sum_of, terms_of
from chainrule.working.algebra.simplifying import (
    EXACT,
    is_applied,
    is_number,
    made,
    negated,
    simplified,
)

# So many fractions at most are brought over a common denominator.
MOST_FRACTIONS = 6

# A factor and its whole exponent, at least 1.
Power = tuple[Expression, int]


@dataclass
class Quotient:
    """A product of whole numbers and factors over another.

    whole, under: the whole numbers above (with the sign) and below;  above, below: the other factors
    """

    whole: int = 1
    under: int = 1
    above: list[Power] = field(default_factory=list)
    below: list[Power] = field(default_factory=list)
    cancels: bool = False

    def take(self, tree: Expression) -> None:
        """Multiply by a tree, its own factors taken apart."""
        # A stack, since a product may have more factors than Python recurses.
        waiting = [(tree, 1)]
        while waiting:
            at, exponent = waiting.pop()
            if isinstance(at, Apply) and at.primitive.name in ("multiply", "divide"):
                first, second = at.arguments
                waiting.append((second, exponent if at.primitive.name == "multiply" else -exponent))
                waiting.append((first, exponent))
            elif isinstance(at, Apply) and at.primitive.name == "negative":
                self.whole *= -1 if exponent % 2 else 1
                waiting.append((at.arguments[0], exponent))
            elif (base := _base(at)) is not None:
                waiting.append((base[0], exponent * base[1]))
            elif not self._take_whole(at, exponent):
                (self.above if exponent > 0 else self.below).append((at, abs(exponent)))

    def _take_whole(self, tree: Expression, exponent: int) -> bool:
        if not isinstance(tree, Constant) or not isinstance(tree.value, int) or tree.value == 0:
            return False
        if abs(tree.value) > EXACT or abs(exponent) > 64:
            return False
        value = tree.value ** abs(exponent)
        whole, under = (self.whole * value, self.under) if exponent > 0 else (self.whole, self.under * value)
        if abs(whole) > EXACT or abs(under) > EXACT:
            return False
        self.cancels = self.cancels or (exponent > 0 and abs(self.whole) > 1 and value != 1)
        if under < 0:
            whole, under = -whole, -under
        self.whole, self.under = whole, under
        return True

    def cancel(self) -> Quotient:
        """The same with equal factors above and below struck out, and the numbers in lowest terms."""
        shared = gcd(self.whole, self.under)
        left = Quotient(self.whole // shared, self.under // shared, cancels=self.cancels or shared > 1)
        below = list(self.below)
        for base, exponent in self.above:
            sign, key = signature(base)
            for place, (other, times) in enumerate(below):
                struck = min(exponent, times)
                other_sign, other_key = signature(other)
                if struck and key == other_key:
                    left.whole *= -1 if sign != other_sign and struck % 2 else 1
                    left.cancels = True
                    below[place] = (other, times - struck)
                    exponent -= struck
            if exponent:
                left.above.append((base, exponent))
        left.below = [(base, exponent) for base, exponent in below if exponent]
        return left

    def tree(self) -> Expression:
        """The quotient written as one fraction, numbers first, a sign turned into c − y for −(y − c)."""
        above = [_power(*factor) for factor in self.above]
        negative = self.whole < 0
        if negative:
            for place, factor in enumerate(above):
                if is_applied(factor, "subtract") and not _starts_with_number(factor):
                    assert isinstance(factor, Apply)
                    above[place] = made("subtract", *reversed(factor.arguments))
                    negative = False
                    break
        numerator = _product(abs(self.whole), above)
        denominator = _product(self.under, [_power(*factor) for factor in self.below])
        written = numerator if is_number(denominator, 1) else made("divide", numerator, denominator)
        return negated(written) if negative else written


@dataclass(frozen=True)
class Form:
    """A formula in one of the forms that cancelling takes it through, and what led to it."""

    tree: Expression
    reason: str = ""


def cancelled(tree: Expression) -> list[Expression]:
    """The forms of a product or quotient as cancelling is written, the first the formula itself.

    Left out is what is trivially 0 or 1; fractions that are added come over a common denominator where
    that is shorter; factors are gathered in one fraction; equal ones (also c − y against y − c) are
    struck out, whole numbers brought to lowest terms; a sum whose terms cancel, term by term. Every form
    has the value of the first wherever that is finite. One form where nothing cancels.

    >>> from chainrule.formulas.expression import Symbol
    >>> c, y = Symbol("c"), Symbol("y")
    >>> for form in cancelled((c - y) / (c * (1 - c)) * (c * (1 - c))):
    ...     print(form)
    (c - y) / (c · (1 - c)) · c · (1 - c)
    (c - y) · c · (1 - c) / (c · (1 - c))
    c - y
    >>> cancelled(-(y / c) + (1 - y) / (1 - c))[-1]
    (c - y) / (c · (1 - c))
    """
    return [tree, *(form.tree for form in cancelling(tree))]


def cancelling(tree: Expression) -> list[Form]:
    """The forms after the formula itself, each with its reason; see `cancelled`.

    >>> from chainrule.formulas.expression import Symbol
    >>> cancelling(2 * Symbol("a") / 2)
    [Form(tree=a, reason='cancel')]
    """
    start = simplified(tree)
    forms = over_common_denominator(start)
    if not forms:
        forms = _each_term(start) if is_applied(start, "add", "subtract") else _struck_out(start)
    return _distinct(tree, [Form(start, "leave out what is 0 or 1"), *forms])


def _distinct(first: Expression, forms: Sequence[Form]) -> list[Form]:
    kept: dict[Expression, Form] = {}
    for form in forms:
        if form.tree is not first:
            kept.setdefault(form.tree, form)
    return list(kept.values())


def _struck_out(tree: Expression) -> list[Form]:
    """The forms of one product or quotient, after itself."""
    put_together = _factors_put_together(tree)
    forms = [Form(put_together, "over a common denominator")]
    gathered = Quotient()
    gathered.take(put_together)
    final = gathered.cancel()
    if not final.cancels:
        return forms if size(put_together) < size(tree) else []
    if gathered.below or gathered.under > 1:
        forms.append(Form(gathered.tree(), "gather in one fraction"))
    return _distinct(tree, [*forms, Form(simplified(final.tree()), "cancel")])


def _factors_put_together(tree: Expression) -> Expression:
    """Each sum of fractions among the factors over its common denominator, where that is shorter."""
    above: list[tuple[str, Expression]] = []
    while isinstance(tree, Apply) and tree.primitive.name in ("multiply", "divide"):
        above.append((tree.primitive.name, _factors_put_together(tree.arguments[1])))
        tree = tree.arguments[0]
    together = over_common_denominator(tree)
    if together:
        tree = together[-1].tree
    elif isinstance(tree, Apply) and tree.primitive.name == "negative":
        tree = made("negative", _factors_put_together(tree.arguments[0]))
    for name, factor in reversed(above):
        tree = made(name, tree, factor)
    return tree


def _each_term(tree: Expression) -> list[Form]:
    """The forms of a sum whose terms cancel each for itself."""
    terms = terms_of(tree)
    rows = [cancelling(term) for _, term in terms]
    now = [term for _, term in terms]
    forms = []
    for places in zip_longest(*rows):
        now = [old if form is None else form.tree for form, old in zip(places, now, strict=True)]
        reason = next(form.reason for form in places if form is not None)
        whole = sum_of([(sign, term) for (sign, _), term in zip(terms, now, strict=True)])
        forms.append(Form(whole, reason))
    return forms


def over_common_denominator(tree: Expression, longer: int = 0) -> list[Form]:
    """The forms of a sum of fractions over its common denominator.

    None where the last has not fewer operations than the sum; it may have some more if `longer` says so.
    """
    if not is_applied(tree, "add", "subtract", "negative"):
        return []
    terms = terms_of(tree)
    # Many terms are a layer's sum, not fractions to be put together.
    if not 2 <= len(terms) <= MOST_FRACTIONS:
        return []
    quotients = []
    for sign, term in terms:
        gathered = Quotient()
        gathered.take(term)
        quotient = gathered.cancel()
        quotient.whole *= sign
        quotients.append(quotient)
    if not any(quotient.below for quotient in quotients):
        return []
    common, under = _least_common(quotients), lcm(*(quotient.under for quotient in quotients))
    numerator = sum_of([(1, _widened(quotient, common, under)) for quotient in quotients])
    denominator = _product(under, [_power(*factor) for factor in common])
    shorter = collected_terms(numerator)
    if shorter is None or size(shorter) >= size(numerator):
        return []
    collected = made("divide", shorter, denominator)
    whole = Quotient()
    whole.take(collected)
    last = simplified(whole.cancel().tree())
    if size(last) >= size(tree) + longer:
        return []
    first = Form(made("divide", numerator, denominator), "over a common denominator")
    return _distinct(
        tree, [first, Form(simplified(collected), "multiply out and collect"), Form(last, "cancel")]
    )


def _least_common(quotients: Sequence[Quotient]) -> list[Power]:
    common: dict[object, Power] = {}
    for quotient in quotients:
        own: dict[object, Power] = {}
        for base, exponent in quotient.below:
            key = signature(base)[1]
            own[key] = (own.get(key, (base, 0))[0], own.get(key, (base, 0))[1] + exponent)
        for key, (base, exponent) in own.items():
            known = common.get(key, (base, 0))
            common[key] = (known[0], max(known[1], exponent))
    return list(common.values())


def _widened(quotient: Quotient, common: Sequence[Power], under: int) -> Expression:
    """A fraction's numerator over the common denominator."""
    wide = Quotient(quotient.whole * (under // quotient.under), 1, [*quotient.above, *common], quotient.below)
    return simplified(wide.cancel().tree())


def size(tree: Expression) -> int:
    """How many operations a written formula has, each as often as it is written."""
    written: dict[Expression, int] = {}
    for at in walk(tree):
        written[at] = 1 + sum(written[a] for a in at.arguments) if isinstance(at, Apply) else 0
    return written[tree]


def _base(tree: Expression) -> Power | None:
    if is_applied(tree, "square"):
        assert isinstance(tree, Apply)
        return tree.arguments[0], 2
    if is_applied(tree, "power"):
        assert isinstance(tree, Apply)
        base, exponent = tree.arguments
        if isinstance(exponent, Constant) and isinstance(exponent.value, int) and exponent.value != 0:
            return base, exponent.value
    return None


def _power(base: Expression, exponent: int) -> Expression:
    return base if exponent == 1 else base**exponent


def _product(whole: int, factors: Sequence[Expression]) -> Expression:
    product: Expression = Constant(whole)
    for factor in factors:
        product = factor if is_number(product, 1) else made("multiply", product, factor)
    return product


def _starts_with_number(tree: Expression) -> bool:
    return isinstance(tree, Apply) and isinstance(tree.arguments[0], Constant)
