"""What is right in itself on a sheet: exactly, as rounded to the digits written, or as a rounding says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from chainrule.engines.rounding import Policy, agrees
from chainrule.working.building import Namer
from chainrule.working.calculation import Calculation, as_decimal, with_pencil
from chainrule.working.entries import Entry
from chainrule.working.marking.answers import Answer, Verdict
from chainrule.working.marking.arithmetic import arithmetic
from chainrule.working.marking.formulas import as_plain, is_number
from chainrule.working.marking.search import Question, Search
from chainrule.working.marking.telling import State
from chainrule.working.marking.verdicts import Digits, Habit, as_written, habits_of, stated_habits
from chainrule.working.program import Program

__all__ = ["ENOUGH", "NO_DIGIT", "STILL", "Rights"]

BARE = (0, 1, -1)
ENOUGH = 4  # right answers that speak for a way of rounding
NO_DIGIT = "no digit of the right value is written"
STILL = "to the digits written this is the weight before its update"

# The sheets of a folder are answers to the same program, whose slips and exact values are worked out once.
_last: list[tuple[Program, Search, Calculation]] = []


def _prepared(program: Program) -> tuple[Search, Calculation]:
    if not _last or _last[0][0] is not program:
        _last[:] = [(program, Search(program), with_pencil(program))]
    return _last[0][1], _last[0][2]


class Rights:
    """The numbers of a sheet, and which are right without looking at the others.

    states:  the numeric answers in the order of the calculation
    uniform: the ways in which a whole sheet may have been rounded; lenient: those allowed answer by answer
    best:    the uniform one that fits the sheet best, once it is known
    clean:   by id of a habit, what the answers come to without a slip
    """

    def __init__(
        self,
        program: Program,
        answers: Sequence[Answer],
        namer: Namer,
        rounding: Policy | Literal["infer"],
        policies: Sequence[Policy],
    ) -> None:
        self.program = program
        self.answers = answers
        self.search, self.exact = _prepared(program)
        self.namer = namer
        self.policy = None if rounding == "infer" else rounding
        self.policies = policies
        self.states = self.read()
        self.questions = [state.question for state in self.states]
        self.stated: Calculation | None = None
        written = [q.digits for q in self.questions if q.digits.slack is None]
        if self.policy is not None:
            self.stated = with_pencil(program, self.policy, self.name)
            self.uniform = stated_habits(program, self.policy, self.name)
            self.lenient: list[Habit] = self.uniform
        else:
            self.uniform = habits_of(program, written, policies, self.name) if written else []
            self.lenient = list(as_written())
        self.best: Habit | None = None
        self.clean: dict[int, list[float]] = {}
        for state in self.states:
            state.refused = self.refusal(state)

    def read(self) -> list[State]:
        """The answers that are numbers, or arithmetic that comes to one, in the order of the calculation."""
        order = self.search.sweep.order
        given = {as_decimal(value) for value in self.program.given.values()}
        found = []
        for answer in sorted(self.answers, key=lambda answer: order[answer.key]):
            digits = (
                Digits.read(as_plain(answer.written))
                if is_number(answer.written)
                else arithmetic(answer.written, given)
            )
            if digits is not None:
                found.append(State(answer, Question(answer.key, digits)))
        if self.policy is not None and self.policy.default.kind != "exact":
            return found
        # 0.000 for 0.0004 is rounded to three decimals only if there is 0.615 beside it.
        telling = {
            state.question.digits.decimals
            for state in found
            if state.question.digits.slack is None
            and state.question.digits.value
            and state.question.digits.shows(float(self.exact[state.key]))
        }
        for state in found:
            digits = state.question.digits
            if digits.slack is None and digits.decimals not in telling:
                state.question = replace(state.question, digits=replace(digits, alone=True))
        return found

    def refusal(self, state: State) -> str:
        """Why an answer is not right although it would come out so when cut to its digits; else nothing."""
        digits, exact = state.question.digits, self.exact[state.key]
        if digits.slack is not None or (self.policy is not None and not digits.alone):
            return ""
        if digits.alone and not digits.shows(float(exact)) and self.ways(state):
            return NO_DIGIT
        old = self.old_weight(state)
        if old is None or digits.value != old or old == exact or self.policy is not None:
            return ""
        if abs(float(exact - old)) <= digits.unit / 2 or self.truncates():
            return ""
        return "this is the weight before its update"

    def old_weight(self, state: State) -> Decimal | None:
        """What a parameter was before the update that is answered."""
        line = self.program.by_key[state.key]
        if line.kind != "updates" or not isinstance(line.quantity, Entry):
            return None
        key = replace(line.quantity, version=line.quantity.version - 1).key
        if key in self.program.given:
            return as_decimal(self.program.given[key])
        return self.exact[key] if key in self.program.by_key else None

    def ways(self, state: State) -> frozenset[str]:
        """How the exact value comes to be written so: exact, round, truncate, or none."""
        return agrees(as_plain(state.answer.written), self.exact[state.key])

    def truncates(self) -> bool:
        """Whether the answers, where they show it, were truncated."""
        numbers = [each for each in self.states if each.question.digits.slack is None]
        ways = [self.ways(each) for each in numbers if each.question.digits.value != self.old_weight(each)]
        return {"truncate"} in ways and {"round"} not in ways

    def name(self, key: str) -> str:
        return self.namer.name(key).text

    def first_mismatch(self, habit: Habit) -> int | None:
        """The first answer that a uniform habit does not reproduce."""
        return next((p for p in range(len(self.questions)) if not self.reproduces(habit, p)), None)

    def reproduces(self, habit: Habit, place: int) -> bool:
        """Whether a habit gives an answer as it is written, and so makes it right."""
        state = self.states[place]
        if state.refused:
            return False
        guessed = self.policy is None and habit.policy is not None
        if guessed and _is_whole(self.exact[state.key]) and not self.is_known(habit):
            return state.question.digits.value == self.exact[state.key]
        return bool(habit.fits(self.clean[id(habit)][place], state.key, state.question.digits))

    def is_known(self, habit: Habit) -> bool:
        """Whether the sheet, not a guess, says that every line is rounded so."""
        return habit.policy in self.policies and len(self.questions) >= ENOUGH

    def is_right(self, state: State, place: int) -> bool:
        """Right in itself: exactly, as rounded to the digits written, or as the policy says."""
        digits = state.question.digits
        if state.refused:
            return False
        if digits.value == self.exact[state.key]:
            return True
        if self.stated is not None and digits.value == self.stated[state.key]:
            return True
        habits = [*self.lenient, *([self.best] if self.best is not None else [])]
        return any(self.reproduces(h, place) for h in habits)

    def right_verdict(self, state: State) -> Verdict:
        return "exact" if state.question.digits.value == self.exact[state.key] else "rounded"

    def is_bare(self, state: State) -> bool:
        """Whether a 0, 1 or -1 is written for what is none of these."""
        return state.question.digits.value in BARE and self.exact[state.key] not in BARE

    def is_hollow(self, state: State) -> bool:
        """Whether an answer comes out as 0, 1, -1 or an unchanged weight for nothing but bare numbers before it."""
        by_key = {each.key: each for each in self.states}
        value = state.question.digits.value
        if not state.sources or (value not in BARE and value != self.old_weight(state)):
            return False
        return all(
            source.hollow or (source.verdict == "wrong" and self.is_bare(source))
            for source in map(by_key.__getitem__, state.sources)
        )

    def remark(self, state: State) -> str:
        """What else there is to say of a right answer."""
        old, digits = self.old_weight(state), state.question.digits
        moved = old is not None and old != self.exact[state.key]
        return STILL if moved and digits.slack is None and digits.value == old else ""

    def all_right(self) -> None:
        for state in self.states:
            state.verdict = self.right_verdict(state)


def _is_whole(value: Decimal) -> bool:
    return value.is_finite() and value == value.to_integral_value()
