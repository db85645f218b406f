"""Rounding as a person does it on paper, and what digits written down agree with.

A `Rounding` says what is kept of one line (exact, rounded, truncated, significant digits) and how it is
printed; a `Policy` says which rounding each quantity has.

>>> Rounding.parse("round:3").written(Decimal("0.69995"))
'0.700'
>>> sorted(agrees("0.70", Decimal("0.7047")))
['round', 'truncate']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Literal, cast, get_args

from chainrule.errors import ConfigError, InvalidInput

Kind = Literal["exact", "round", "truncate", "significant"]
Ties = Literal["half-up", "half-even"]
Agreement = Literal["exact", "round", "truncate"]
Spec = str | Mapping[str, str]

SHOWN = 7  # significant digits that `exact` shows
PLAIN_DOWN_TO = -4  # smaller powers of ten are written with an exponent, except under round and truncate
PLAIN_UP_TO = 7
MOST_DIGITS = {"exact": 40, "round": 100, "truncate": 100, "significant": 100}
POSSIBLE = "exact, exact:8, round:3, round:3:half-even, truncate:4 or significant:3"

_ROUNDING = {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN}
# Only quantize runs in it, which needs as many digits as its result and never more.
_WIDE = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def _problem(kind: object, digits: object, ties: object) -> str:
    """What is wrong with the parts of a rounding; nothing if they fit."""
    if kind not in get_args(Kind):
        return f'"{kind}" is no way of rounding'
    least, most = (1 if kind in ("exact", "significant") else 0), MOST_DIGITS[str(kind)]
    if digits is None:
        return f"it does not say to how many digits to {'round' if kind == 'significant' else kind}"
    if isinstance(digits, bool) or not isinstance(digits, int) or not least <= digits <= most:
        return f"the digits of {kind} are a whole number from {least} to {most}, not {digits}"
    if ties not in get_args(Ties):
        return f'ties go half-up or half-even, not "{ties}"'
    return ""


def _ties_unused(kind: str) -> str:
    return "" if kind in ("round", "significant") else f"{kind} has no ties to settle"


@dataclass(frozen=True)
class Rounding:
    """What is kept of a line's value, and how it is printed.

    kind:   "exact" keeps all digits; "round" and "truncate" to decimals; "significant" digits
    digits: decimals or significant digits kept; for "exact", the significant digits shown
    ties:   "half-up" is away from zero, "half-even" to the even digit; truncation is toward zero

    Raises ConfigError for anything else.
    """

    kind: Kind = "exact"
    digits: int = SHOWN
    ties: Ties = "half-up"

    def __post_init__(self) -> None:
        problem = _problem(self.kind, self.digits, self.ties)
        if problem:
            raise ConfigError(f"{problem}: give {POSSIBLE}")

    @classmethod
    def parse(cls, given: str | Rounding, quantity: str = "") -> Rounding:
        """The rounding that a text such as "round:3" names.

        quantity: what it is for, for the message of the ConfigError that other texts raise.

        >>> Rounding.parse("significant:3").written(Decimal("9.996"))
        '10.0'
        """
        if isinstance(given, Rounding):
            return given
        what = f'rounding of "{quantity}"' if quantity else "rounding"
        if not isinstance(given, str):
            raise ConfigError(f"the {what} is a text such as round:3, not {given!r}: give {POSSIBLE}")
        kind, *rest = (part.strip() for part in given.strip().split(":"))
        digits: object = SHOWN if kind == "exact" else None
        if rest:
            digits = int(rest[0]) if re.fullmatch("[0-9]{1,9}", rest[0]) else rest[0]
        ties = rest[1] if len(rest) > 1 else "half-up"
        problem = _problem(kind, digits, ties) or (_ties_unused(kind) if len(rest) > 1 else "")
        if len(rest) > 2:
            problem = "it has more than three parts"
        if problem:
            raise ConfigError(f'the {what} is "{given}", but {problem}: give {POSSIBLE}')
        return cls(cast(Kind, kind), cast(int, digits), cast(Ties, ties))

    @property
    def spec(self) -> str:
        """The text that `parse` reads.

        >>> Rounding("round", 3, "half-even").spec, Rounding().spec
        ('round:3:half-even', 'exact')
        """
        if self.kind == "exact":
            return "exact" if self.digits == SHOWN else f"exact:{self.digits}"
        return f"{self.kind}:{self.digits}" + (":half-even" if self.ties == "half-even" else "")

    @property
    def phrase(self) -> str:
        """In words: "rounded to 3 decimals, ties half-up"."""
        digit = "digit" if self.digits == 1 else "digits"
        decimals = f"{self.digits} decimal" + ("" if self.digits == 1 else "s")
        return {
            "exact": f"exact, shown to {self.digits} significant {digit}",
            "round": f"rounded to {decimals}, ties {self.ties}",
            "truncate": f"truncated to {decimals}",
            "significant": f"rounded to {self.digits} significant {digit}, ties {self.ties}",
        }[self.kind]

    def apply(self, value: Decimal) -> Decimal:
        """The value that later lines use; an infinity or not-a-number as it is.

        >>> Rounding.parse("truncate:2").apply(Decimal("-0.019"))
        Decimal('-0.01')
        """
        return self._kept(value)

    def written(self, value: Decimal) -> str:
        """The value as printed; unless the rounding is exact, reading it gives `apply` of the value.

        >>> Rounding.parse("exact").written(Decimal(1) / 3), Rounding.parse("round:3").written(Decimal("-1e-9"))
        ('0.3333333', '0.000')
        """
        if not value.is_finite():
            return "not a number" if value.is_nan() else "-∞" if value < 0 else "∞"
        if self.kind in ("round", "truncate"):
            return f"{self._kept(value):.{self.digits}f}"
        shown = self._shown(value)
        if shown == 0:
            return "0"
        size = shown.adjusted()
        if self.kind == "exact":
            shown = shown.normalize(_WIDE)
        if PLAIN_DOWN_TO <= size < max(PLAIN_UP_TO, self.digits):
            return f"{shown:f}"
        mantissa = shown.scaleb(-size, _WIDE)
        return f"{mantissa:f}e{size}"

    @cached_property
    def _kept(self) -> Callable[[Decimal], Decimal]:
        """`apply`, with what it needs looked up once."""
        if self.kind == "exact":
            return lambda value: value
        if self.kind == "significant":
            return self._shown
        quantum, zero = Decimal((0, (1,), -self.digits)), Decimal((0, (0,), -self.digits))
        way = ROUND_DOWN if self.kind == "truncate" else _ROUNDING[self.ties]

        def kept(value: Decimal) -> Decimal:
            if not value.is_finite():
                return value
            rounded = value.quantize(quantum, way, _WIDE)
            return rounded or zero  # never -0.000

        return kept

    def _shown(self, value: Decimal) -> Decimal:
        """The value to the significant digits."""
        if not value.is_finite():
            return value
        if not value:
            return Decimal(0)
        way = _ROUNDING[self.ties]
        place = value.adjusted() - self.digits + 1
        rounded = value.quantize(Decimal(1).scaleb(place, _WIDE), way, _WIDE)
        if rounded.adjusted() > value.adjusted():  # 9.996 → 10.00, which has a digit too many
            rounded = rounded.quantize(Decimal(1).scaleb(place + 1, _WIDE), way, _WIDE)
        return rounded


EXACT = Rounding()


@dataclass(frozen=True)
class Policy:
    """Which rounding each quantity of a working has.

    default: for every quantity that has none of its own
    per:     quantity (a symbol, or a group such as "slopes") → its rounding
    """

    default: Rounding = EXACT
    per: Mapping[str, Rounding] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "per", MappingProxyType(dict(self.per)))

    def __hash__(self) -> int:
        return hash((self.default, frozenset(self.per.items())))

    def __reduce__(self) -> tuple[object, ...]:
        return Policy, (self.default, dict(self.per))

    @classmethod
    def parse(cls, given: Spec | Rounding | Policy) -> Policy:
        """A policy from "round:3" or from a table {"default": "exact", "slopes": "round:4"}.

        Raises ConfigError, naming the quantity, for anything else.

        >>> Policy.parse({"default": "round:3", "slopes": "truncate:4"}).written
        'every line rounded to 3 decimals, ties half-up; slopes truncated to 4 decimals'
        """
        if isinstance(given, Policy):
            return given
        if isinstance(given, str | Rounding):
            return cls(Rounding.parse(given))
        if not isinstance(given, Mapping):
            raise ConfigError(
                f"a rounding is a text such as round:3, or a table with one for each quantity, "
                f"not {given!r}: give {POSSIBLE}"
            )
        per = {str(name): Rounding.parse(each, str(name)) for name, each in given.items()}
        return cls(per.pop("default", EXACT), per)

    def of(self, *names: str) -> Rounding:
        """The rounding of the first of the names, the most specific first, that has one of its own.

        >>> Policy.parse({"slopes": "round:4"}).of("o1", "slopes").spec
        'round:4'
        """
        for name in names:
            if name in self.per:
                return self.per[name]
        return self.default

    @property
    def spec(self) -> str | dict[str, str]:
        """What `parse` reads: a text, or a table for JSON."""
        if not self.per:
            return self.default.spec
        return {"default": self.default.spec, **{name: each.spec for name, each in self.per.items()}}

    @property
    def written(self) -> str:
        """The policy in one sentence."""
        parts = [f"every line {self.default.phrase}", *(f"{name} {r.phrase}" for name, r in self.per.items())]
        return "; ".join(parts)


_WRITTEN = re.compile(r"([+-]?)([0-9]*)(?:([.,])([0-9]*))?(?:[eE]([+-]?[0-9]+))?")
LONGEST, LARGEST_EXPONENT = 100, 400


def read_number(written: str) -> Decimal:
    """A number as a person writes it, every digit kept: 0.7010, .5, +3, −0.1, 1,5, -5.1e-6.

    Raises InvalidInput for anything else, more than 100 digits or an exponent beyond ±400.

    >>> read_number("0.7010"), read_number("−1,5")
    (Decimal('0.7010'), Decimal('-1.5'))
    """
    if not isinstance(written, str):
        raise InvalidInput(
            f"a number is read as it is written, digit for digit, so give it as text, not {written!r}"
        )
    told = f'"{written if len(written) <= 40 else written[:40] + "…"}"'
    matched = _WRITTEN.fullmatch(written.strip().replace("−", "-"))
    if matched is None or not (matched[2] or matched[4]):
        raise InvalidInput(f"{told} is not a number: write one such as 0.701, -0.05 or 5.1e-6")
    sign, whole, _, decimals, exponent = (part or "" for part in matched.groups())
    if len(whole) + len(decimals) > LONGEST:
        raise InvalidInput(f"{told} has more than {LONGEST} digits: write fewer")
    if len(exponent) > 9 or abs(int(exponent or 0)) > LARGEST_EXPONENT:
        raise InvalidInput(f"{told} has an exponent beyond ±{LARGEST_EXPONENT}: write a number of usual size")
    return Decimal(f"{sign}{whole or '0'}.{decimals}e{exponent or '0'}")


def digits_of(written: str) -> int:
    """How many decimals are written: 4 for 0.7010, 7 for -5.1e-6, 0 for 3 and 1.2e3."""
    return max(0, -_last_place(read_number(written)))


def agrees(written: str, exact: Decimal, ties: Ties = "half-up") -> frozenset[Agreement]:
    """How the exact value comes to be written with exactly these digits: exact, round, truncate, or none.

    >>> sorted(agrees("0.7010", Decimal("0.701")))
    ['exact', 'round', 'truncate']
    >>> sorted(agrees("0.70", Decimal("0.709")))
    ['truncate']
    """
    given = read_number(written)
    if not exact.is_finite():
        return frozenset()
    quantum = Decimal((0, (1,), _last_place(given)))
    found: set[Agreement] = {"exact"} if given == exact else set()
    if given == exact.quantize(quantum, _ROUNDING[ties], _WIDE):
        found.add("round")
    if given == exact.quantize(quantum, ROUND_DOWN, _WIDE):
        found.add("truncate")
    return frozenset(found)


def _last_place(value: Decimal) -> int:
    """The power of ten of the last digit written."""
    return cast(int, value.as_tuple().exponent)
