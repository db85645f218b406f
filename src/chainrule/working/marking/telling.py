"""What is said of an answer and of a sheet: what was expected, the candidates, how it was rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from chainrule.engines.rounding import Rounding, read_number
from chainrule.working.calculation import Calculation
from chainrule.working.marking.answers import Answer, Candidate, RoundingFound, Verdict
from chainrule.working.marking.following import Followed
from chainrule.working.marking.formulas import as_plain
from chainrule.working.marking.search import Explanation, Question, best_first
from chainrule.working.marking.verdicts import Habit

__all__ = ["State", "candidates_of", "expected", "found_rounding", "rounding_candidates"]

MOST_CANDIDATES = 12
MOST_DECIMALS = 8  # beyond, digits are counted from the first that is not 0
MOST_NAMED = 3


@dataclass(eq=False)
class State:
    """One numeric answer on its way to a verdict.

    sources: keys of the own values that it follows from;  refused: why its digits do not make it right
    hollow:  whether nothing was left to calculate
    """

    answer: Answer
    question: Question
    verdict: Verdict | None = None
    sources: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    note: str = ""
    refused: str = ""
    hollow: bool = False

    @property
    def key(self) -> str:
        """The quantity that it answers."""
        return self.answer.key

    @property
    def is_right(self) -> bool:
        """Whether it is right in itself."""
        return self.verdict in ("exact", "rounded")


def expected(state: State, exact: Calculation, stated: Calculation | None) -> str:
    """The right value with as many digits as were written, and more where those would not differ."""
    if stated is not None:
        return stated.written(state.key)
    value, digits = exact[state.key], state.question.digits
    scientific = digits.decimals < 0
    scientific |= digits.slack is None and "e" in as_plain(state.answer.written).lower()
    if scientific or digits.decimals > MOST_DECIMALS:
        shown = Rounding("significant", min(digits.significant, 100))
    else:
        shown = Rounding("round", digits.decimals)
    written = shown.written(value)
    if not state.is_right and value.is_finite() and read_number(written) == digits.value:
        return Rounding("exact", 7).written(value)
    return written


def candidates_of(
    found: Sequence[Explanation], name: Callable[[str], str]
) -> tuple[tuple[Candidate, ...], str]:
    """The slips that fit, the likeliest first, and what there is to say of them."""
    told: dict[str, Candidate] = {}
    for group in best_first(found):
        best = group[0]
        sentences = dict.fromkeys(each.slip.sentence(name) for each in group)
        same = f"{best.value:.9g}"
        if same in told:  # what comes to the same number here is no other candidate for it
            first = told[same]
            also = dict.fromkeys((*first.also, *sentences))
            also.pop(first.slip, None)
            told[same] = replace(first, also=tuple(also))
            continue
        sentence, *also_told = sentences
        told[same] = Candidate(
            sentence,
            best.slip.kind,
            name(best.slip.where),
            f"{best.value:.10g}",
            best.habit.label,
            tuple(also_told),
        )
    note = "" if told else "no single slip fits"
    if len(told) > 1:
        note = f"{len(told)} slips fit: the digits written cannot tell them apart"
        most = max(each.explained for each in found)
        groups = best_first([each for each in found if each.explained == most])
        whole = len({f"{group[0].value:.9g}" for group in groups})
        if whole < len(told):
            explain = "the first one explains" if whole == 1 else f"the first {whole} explain"
            note = f"{len(told)} slips fit; {explain} the most answers"
    return tuple(told.values())[:MOST_CANDIDATES], note


def rounding_candidates(
    rounded: Sequence[tuple[str, str]], where: str, followed: Followed
) -> tuple[Candidate, ...]:
    """The own values, each with how it was written, that were rounded before they were used."""
    return tuple(
        Candidate(
            f"{name} rounded to {written} before use",
            "rounded-too-early",
            where,
            f"{followed.value:.10g}",
            followed.habit.label,
        )
        for name, written in rounded[:MOST_CANDIDATES]
    )


def found_rounding(
    states: Sequence[State],
    uniform: Sequence[Habit],
    lenient: Sequence[Habit],
    clean: Mapping[int, Sequence[float]],
) -> RoundingFound:
    """How the right answers were rounded.

    clean: by id of a habit, what the answers come to without a slip
    """
    right = [(place, state) for place, state in enumerate(states) if state.is_right]
    if not right:
        return RoundingFound((), "no right answer shows how the sheet was rounded")

    def fits(habit: Habit, place: int, state: State) -> bool:
        return bool(habit.fits(clean[id(habit)][place], state.key, state.question.digits))

    specs: list[str | dict[str, str]] = []
    phrases: list[str] = []
    for habit in uniform:
        if not all(fits(habit, place, state) for place, state in right):
            continue
        if habit.policy is not None:
            specs.append(habit.policy.spec)
            phrases.append(habit.policy.written)
        else:
            digits = "significant digits" if habit.way == "significant" else "decimals"
            phrases.append(f"calculated exactly, answers {habit.label} to {habit.digits} {digits}")
    if phrases:
        return RoundingFound(tuple(specs), "; or ".join(dict.fromkeys(phrases)))
    needs: dict[str, list[str]] = {"rounded": [], "truncated": []}
    for place, state in right:
        ways = [habit.label for habit in lenient if fits(habit, place, state)]
        if len(ways) == 1:
            needs[ways[0]].append(state.answer.name)
    if all(needs.values()):
        truncated, rounded = (", ".join(needs[way][:MOST_NAMED]) for way in ("truncated", "rounded"))
        return RoundingFound((), f"no single rounding fits: {truncated} needs truncation, {rounded} rounding")
    return RoundingFound((), "answers rounded or truncated to the digits written")
