"""What is right in itself on a sheet: exactly, as rounded to the digits written, or as a rounding says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from chainrule.engines.rounding import Policy
from chainrule.working.building import Namer
from chainrule.working.calculation import Calculation, with_pencil
from chainrule.working.marking.answers import Answer, Verdict
from chainrule.working.marking.formulas import as_plain, is_number
from chainrule.working.marking.search import Question, Search
from chainrule.working.marking.telling import State
from chainrule.working.marking.verdicts import Digits, Habit, as_written, habits_of, stated_habits
from chainrule.working.program import Program

__all__ = ["Rights"]

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
        order = self.search.sweep.order
        numeric = [answer for answer in answers if is_number(answer.written)]
        self.states = [
            State(answer, Question(answer.key, Digits.read(as_plain(answer.written))))
            for answer in sorted(numeric, key=lambda answer: order[answer.key])
        ]
        self.questions = [state.question for state in self.states]
        self.policy = None if rounding == "infer" else rounding
        self.stated: Calculation | None = None
        written = [question.digits for question in self.questions]
        if self.policy is not None:
            self.stated = with_pencil(program, self.policy, self.name)
            self.uniform = stated_habits(program, self.policy, self.name)
            self.lenient: list[Habit] = self.uniform
        else:
            self.uniform = habits_of(program, written, policies, self.name) if written else []
            self.lenient = list(as_written())
        self.best: Habit | None = None
        self.clean: dict[int, list[float]] = {}

    def name(self, key: str) -> str:
        return self.namer.name(key).text

    def first_mismatch(self, habit: Habit) -> int | None:
        """The first answer that a uniform habit does not reproduce."""
        for place, (question, value) in enumerate(zip(self.questions, self.clean[id(habit)], strict=True)):
            if not bool(habit.fits(value, question.key, question.digits)):
                return place
        return None

    def is_right(self, state: State, place: int) -> bool:
        """Right in itself: exactly, as rounded to the digits written, or as the policy says."""
        digits = state.question.digits
        if digits.value == self.exact[state.key]:
            return True
        if self.stated is not None and digits.value == self.stated[state.key]:
            return True
        habits = [*self.lenient, *([self.best] if self.best is not None else [])]
        return any(bool(h.fits(self.clean[id(h)][place], state.key, digits)) for h in habits)

    def right_verdict(self, state: State) -> Verdict:
        return "exact" if state.question.digits.value == self.exact[state.key] else "rounded"

    def all_right(self) -> None:
        for state in self.states:
            state.verdict = self.right_verdict(state)
