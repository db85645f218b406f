"""Rounding: ties, truncation, significant digits, what is printed, and what digits written agree with."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.engines.rounding import Policy, Rounding, agrees, digits_of, read_number
from chainrule.errors import ConfigError, InvalidInput

Told = Callable[..., str]

LIMITED = [
    Rounding.parse(spec) for spec in ("round:3", "round:0", "round:2:half-even", "truncate:4", "truncate:0")
]
LIMITED += [Rounding.parse(spec) for spec in ("significant:3", "significant:1", "significant:4:half-even")]
numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12)
sizes = st.builds(lambda n, e: Decimal(n).scaleb(e), st.integers(-(10**12), 10**12), st.integers(-60, 60))


@pytest.mark.parametrize(
    ("spec", "value", "kept"),
    [
        ("round:2", "0.125", "0.13"),
        ("round:2", "-0.125", "-0.13"),
        ("round:2:half-even", "0.125", "0.12"),
        ("round:2:half-even", "0.135", "0.14"),
        ("round:0", "2.5", "3"),
        ("round:0:half-even", "2.5", "2"),
        ("significant:2", "0.0125", "0.013"),
        ("significant:2:half-even", "0.0125", "0.012"),
        ("significant:3:half-even", "9.995", "10.0"),
        ("round:2", "0.12499999999999999999999999999999", "0.12"),
    ],
)
def test_ties_go_as_the_rounding_says(spec: str, value: str, kept: str) -> None:
    assert Rounding.parse(spec).written(Decimal(value)) == kept


@pytest.mark.parametrize(("value", "kept"), [("0.0199", "0.01"), ("-0.0199", "-0.01"), ("0.009", "0.00")])
def test_truncation_is_toward_zero(value: str, kept: str) -> None:
    assert Rounding("truncate", 2).written(Decimal(value)) == kept


@pytest.mark.parametrize("spec", ["round:3", "truncate:3"])
@pytest.mark.parametrize("value", ["-0.0004", "-0", "-0.000", "-1e-400"])
def test_a_negative_zero_is_printed_without_its_sign(spec: str, value: str) -> None:
    assert Rounding.parse(spec).written(Decimal(value)) == "0.000"
    assert not Rounding.parse(spec).apply(Decimal(value)).is_signed()


@pytest.mark.parametrize(
    ("spec", "value", "written"),
    [
        ("round:3", "0.7", "0.700"),
        ("round:3", "1e20", "100000000000000000000.000"),
        ("truncate:8", "1.2e-7", "0.00000012"),
        ("significant:3", "9.996", "10.0"),
        ("significant:3", "0.7", "0.700"),
        ("significant:3", "0", "0"),
        ("significant:3", "-0", "0"),
        ("significant:3", "123456", "123000"),
        ("significant:3", "0.00012345", "0.000123"),
        ("significant:3", "0.00001234", "1.23e-5"),
        ("significant:3", "-123456789", "-1.23e8"),
        ("significant:3", "99999999", "1.00e8"),
        ("exact", "0.5000", "0.5"),
        ("exact", "100", "100"),
        ("exact", "0.333333333333", "0.3333333"),
        ("exact:9", "0.333333333333", "0.333333333"),
        ("exact", "12345678", "1.234568e7"),
        ("exact:9", "12345678", "12345678"),
        ("exact", "-0.00001", "-1e-5"),
        ("exact", "NaN", "not a number"),
        ("round:3", "Infinity", "∞"),
        ("truncate:3", "-Infinity", "-∞"),
        ("significant:3", "NaN", "not a number"),
    ],
)
def test_a_value_is_printed_as_a_person_writes_it(spec: str, value: str, written: str) -> None:
    assert Rounding.parse(spec).written(Decimal(value)) == written


def test_exact_keeps_every_digit() -> None:
    value = Decimal("0.12345678901234567890123456789012345678901234567890")
    assert Rounding().apply(value) is value


@pytest.mark.parametrize("rounding", LIMITED, ids=lambda r: r.spec)
@given(value=st.one_of(numbers, sizes))
def test_what_is_printed_reads_back_as_what_is_kept(rounding: Rounding, value: Decimal) -> None:
    kept = rounding.apply(value)
    assert Decimal(rounding.written(value)) == kept
    assert rounding.apply(kept) == kept
    assert rounding.written(kept) == rounding.written(value)
    assert "e" not in rounding.written(value) or rounding.kind == "significant"


@given(value=sizes, digits=st.integers(0, 6))
def test_rounding_is_off_by_half_a_unit_and_truncation_by_less_than_one(value: Decimal, digits: int) -> None:
    exactly = lambda d: int(d.scaleb(200))  # noqa: E731
    unit = 10 ** (200 - digits)
    assert 2 * abs(exactly(Rounding("round", digits).apply(value)) - exactly(value)) <= unit
    cut = Rounding("truncate", digits).apply(value)
    assert 0 <= abs(exactly(value)) - abs(exactly(cut)) < unit


@given(value=numbers, digits=st.integers(0, 6))
def test_digits_printed_under_a_rounding_agree_with_it(value: Decimal, digits: int) -> None:
    assert "round" in agrees(Rounding("round", digits).written(value), value)
    assert "truncate" in agrees(Rounding("truncate", digits).written(value), value)


@pytest.mark.parametrize(
    "spec", ["exact", "exact:8", "round:3", "round:3:half-even", "truncate:4", "significant:3"]
)
def test_a_spec_is_given_back_as_it_was_read(spec: str) -> None:
    assert Rounding.parse(spec).spec == spec
    assert Rounding.parse(Rounding.parse(spec)) == Rounding.parse(spec)
    assert pickle.loads(pickle.dumps(Rounding.parse(spec))) == Rounding.parse(spec)


GIVE = "give exact, exact:8, round:3, round:3:half-even, truncate:4 or significant:3"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("rund:3", '"rund" is no way of rounding'),
        ("", '"" is no way of rounding'),
        ("round", "it does not say to how many digits to round"),
        ("truncate", "it does not say to how many digits to truncate"),
        ("significant", "it does not say to how many digits to round"),
        ("round:x", "the digits of round are a whole number from 0 to 100, not x"),
        ("round:-1", "the digits of round are a whole number from 0 to 100, not -1"),
        ("round:101", "the digits of round are a whole number from 0 to 100, not 101"),
        ("significant:0", "the digits of significant are a whole number from 1 to 100, not 0"),
        ("exact:50", "the digits of exact are a whole number from 1 to 40, not 50"),
        ("round:3:up", 'ties go half-up or half-even, not "up"'),
        ("truncate:3:half-even", "truncate has no ties to settle"),
        ("round:3:half-up:2", "it has more than three parts"),
    ],
)
def test_a_bad_rounding_is_refused_in_one_sentence(spec: str, problem: str, told: Told) -> None:
    wanted = f'the rounding of "slopes" is "{spec}", but {problem}: {GIVE}'
    assert told(ConfigError, lambda: Policy.parse({"slopes": spec})) == wanted


def test_a_rounding_that_is_no_text_is_refused(told: Told) -> None:
    wanted = f'the rounding of "o1" is a text such as round:3, not 3: {GIVE}'
    assert told(ConfigError, lambda: Policy.parse({"o1": 3})) == wanted  # type: ignore[dict-item]


def test_a_policy_that_is_neither_text_nor_table_is_refused(told: Told) -> None:
    wanted = f"a rounding is a text such as round:3, or a table with one for each quantity, not 3: {GIVE}"
    assert told(ConfigError, lambda: Policy.parse(3)) == wanted  # type: ignore[arg-type]


def test_a_rounding_made_with_bad_parts_is_refused(told: Told) -> None:
    wanted = f"the digits of round are a whole number from 0 to 100, not 200: {GIVE}"
    assert told(ConfigError, lambda: Rounding("round", 200)) == wanted


def test_a_policy_takes_the_most_specific_name() -> None:
    policy = Policy.parse({"default": "exact", "slopes": "round:4", "o1": "truncate:3"})
    assert policy.of("o1", "slopes").spec == "truncate:3"
    assert policy.of("h1", "slopes").spec == "round:4"
    assert policy.of("h1").spec == "exact"
    assert Policy.parse({"o1": "round:2"}).of("h1") == Rounding()


@pytest.mark.parametrize("spec", ["round:3", {"default": "exact", "slopes": "round:4", "o1": "truncate:3"}])
def test_a_policy_is_given_back_as_it_was_read(spec: str | dict[str, str]) -> None:
    policy = Policy.parse(spec)
    assert policy.spec == spec
    assert Policy.parse(policy) is policy
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert len({policy, Policy.parse(spec)}) == 1


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        ("round:3", "every line rounded to 3 decimals, ties half-up"),
        ("round:1:half-even", "every line rounded to 1 decimal, ties half-even"),
        (
            {"default": "exact", "slopes": "truncate:4", "o1": "significant:3"},
            "every line exact, shown to 7 significant digits; slopes truncated to 4 decimals; "
            "o1 rounded to 3 significant digits, ties half-up",
        ),
    ],
)
def test_a_policy_is_told_in_one_sentence(spec: str | dict[str, str], written: str) -> None:
    assert Policy.parse(spec).written == written


# --- numbers as written -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "value", "digits"),
    [
        ("0.7010", "0.7010", 4),
        ("-5.1e-6", "-0.0000051", 7),
        ("1.20", "1.20", 2),
        (".5", "0.5", 1),
        ("5.", "5", 0),
        ("+3", "3", 0),
        ("−0.1", "-0.1", 1),
        ("1,5", "1.5", 1),
        (" 0.25\n", "0.25", 2),
        ("1.2E3", "1200", 0),
        ("-0.000", "-0.000", 3),
        ("1e400", "1e400", 0),
    ],
)
def test_a_number_is_read_as_written(written: str, value: str, digits: int) -> None:
    assert read_number(written) == Decimal(value)
    assert digits_of(written) == digits


@pytest.mark.parametrize(
    "written",
    ["", " ", "nan", "inf", "2/3", "0.1.2", "1,234.5", "1,2,3", "1_000", "--1", "e5", ".", "-", "٣", "0x1"],
)
def test_what_is_no_number_is_refused(written: str, told: Told) -> None:
    wanted = f'"{written}" is not a number: write one such as 0.701, -0.05 or 5.1e-6'
    assert told(InvalidInput, lambda: read_number(written)) == wanted.replace("\n", " ")


@pytest.mark.parametrize("written", ["1e401", "1e-401", "1e99999999999999999999"])
def test_a_huge_exponent_is_refused(written: str, told: Told) -> None:
    wanted = f'"{written}" has an exponent beyond ±400: write a number of usual size'
    assert told(InvalidInput, lambda: read_number(written)) == wanted


def test_more_than_100_digits_are_refused(told: Told) -> None:
    wanted = f'"0.{"1" * 38}…" has more than 100 digits: write fewer'
    assert told(InvalidInput, lambda: read_number("0." + "1" * 100)) == wanted
    assert read_number("0." + "1" * 99) == Decimal("0." + "1" * 99)


def test_a_number_that_is_no_text_is_refused(told: Told) -> None:
    wanted = "a number is read as it is written, digit for digit, so give it as text, not 0.701"
    assert told(InvalidInput, lambda: read_number(0.701)) == wanted  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "exact", "how"),
    [
        ("0.7010", "0.701", "exact round truncate"),
        ("0.701", "0.70099", "round"),
        ("0.700", "0.70099", "truncate"),
        ("0.70", "0.7047", "round truncate"),
        ("0.71", "0.705", "round"),
        ("0.702", "0.70099", ""),
        ("-0.70", "-0.705", "truncate"),
        ("-0.71", "-0.705", "round"),
        ("-5.1e-6", "-0.00000512", "round truncate"),
        ("1.2e3", "1249", "round truncate"),
        ("-0.000", "-0.0004", "round truncate"),
        ("0.000", "-0.0004", "round truncate"),
        ("1", "NaN", ""),
        ("1", "Infinity", ""),
        ("0", "0", "exact round truncate"),
    ],
)
def test_digits_written_agree_with_an_exact_value(written: str, exact: str, how: str) -> None:
    assert agrees(written, Decimal(exact)) == frozenset(how.split())


def test_ties_may_agree_half_even() -> None:
    assert agrees("0.12", Decimal("0.125"), "half-even") == {"round", "truncate"}
    assert agrees("0.12", Decimal("0.125")) == {"truncate"}
