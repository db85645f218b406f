"""The little algebra that a worked solution needs, on the trees of the formulas."""

from chainrule.working.algebra.cancelling import Form, cancelled, cancelling
from chainrule.working.algebra.comparing import equal, equal_at_random_points
from chainrule.working.algebra.reading import parse_formula
from chainrule.working.algebra.simplifying import simplified

__all__ = [
    "Form",
    "cancelled",
    "cancelling",
    "equal",
    "equal_at_random_points",
    "parse_formula",
    "simplified",
]
