"""Marking a sheet: what is right, what follows from what, and which slip explains the rest.

Nothing here knows any mathematics. What is expected is a calculation; follow-through is a calculation in
which the student's own values stand for the lines that they answered; a slip is one with a line changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from chainrule.engines.rounding import Policy
from chainrule.errors import InvalidInput
from chainrule.working.building import Namer
from chainrule.working.marking.answers import Answer, Candidate, Marked, Marking, RoundingFound
from chainrule.working.marking.following import Followed, follow, nearest
from chainrule.working.marking.formulas import mark_formulas
from chainrule.working.marking.modes import allowed
from chainrule.working.marking.rights import ENOUGH, NO_DIGIT, Rights
from chainrule.working.marking.search import Explanation
from chainrule.working.marking.telling import (
    State,
    candidates_of,
    expected,
    found_rounding,
    rounding_candidates,
)
from chainrule.working.marking.verdicts import Digits, Habit, as_written
from chainrule.working.program import Program

__all__ = ["mark"]

MOST_SEARCHES = 5  # wrong answers whose slips are searched for one by one
MOST_TRIES = 3  # places at which a slip behind the whole sheet is looked for


def mark(
    program: Program,
    answers: Sequence[Answer],
    namer: Namer,
    rounding: Policy | Literal["infer"] = "infer",
    printed_policies: Sequence[Policy] = (),
) -> Marking:
    """Mark the answers to a program.

    rounding: as it was asked for; "infer" takes rounding and truncating to the digits written
    printed_policies: under "infer", the policies that are known to reproduce the sheet's right answers

    >>> from chainrule.working.worked.examples import load_example
    >>> example = load_example("psyc681-2-2-1")
    >>> answers = [Answer("w1", "0.7010", "W1[1,1]@2"), Answer("w3", "0.4011", "W1[2,1]@2")]
    >>> w1, w3 = mark(example.program, answers, example.namer).marked
    >>> w1.verdict, w3.verdict, [candidate.slip for candidate in w3.candidates]
    ('rounded', 'wrong', ['w5 left out'])

    Raises InvalidInput for an answer that can be read neither as a number nor as a formula, and for one
    to a quantity that the program has not.
    """
    for answer in answers:
        if answer.key not in program.by_key:
            raise InvalidInput(
                f"{answer.where or answer.name}: there is no line for {answer.key} to be marked"
            )
    return _Marker(program, answers, namer, rounding, printed_policies).marking()


class _Marker(Rights):
    """The marking of one sheet."""

    # --- the sheet ----------------------------------------------------------------------------------

    def marking(self) -> Marking:
        if self.states:
            self.mark_numbers()
        order = self.search.sweep.order
        by_answer = {id(state.answer): self.marked(state) for state in self.states}
        formulas = sorted(
            (answer for answer in self.answers if id(answer) not in by_answer),
            key=lambda answer: order[answer.key],
        )
        for each in mark_formulas(self.program, formulas, self.name, lambda: self.search.slips):
            by_answer[id(each.answer)] = each
        marked = tuple(by_answer[id(answer)] for answer in self.answers)
        wrong = [each.answer for each in marked if each.verdict == "wrong"]
        first = min(wrong, key=lambda answer: order[answer.key], default=None)
        return Marking(
            marked,
            first.name if first is not None else None,
            self.rounding_found(),
            sum(each.answer.weight for each in marked if each.earns),
            sum(answer.weight for answer in self.answers),
        )

    def mark_numbers(self) -> None:
        """A verdict for every number."""
        self.clean = {
            id(habit): self.search.clean(self.questions, habit) for habit in (*self.uniform, *self.lenient)
        }
        firsts = {id(habit): self.first_mismatch(habit) for habit in self.uniform}
        right = [self.is_right(state, place) for place, state in enumerate(self.states)]
        lenient_first = right.index(False) if False in right else None
        fitting = next((habit for habit in self.uniform if firsts[id(habit)] is None), None)
        if fitting is not None:
            self.best = fitting
            return self.all_right()
        last = max((firsts[id(habit)] or 0 for habit in self.uniform), default=0)
        if lenient_first is None:
            if self.policy is not None or not self.slip_behind_right_answers(firsts):
                self.all_right()
            return None
        last = max(last, lenient_first)
        tried = sorted(self.uniform, key=lambda habit: -(firsts[id(habit)] or 0))
        self.best = next((h for h in tried if h.rounding is not None and firsts[id(h)] == last), None)
        if not self.explained(firsts, last):
            self.one_by_one()
        return None

    # --- one slip behind everything -----------------------------------------------------------------

    def explained(self, firsts: dict[int, int | None], last: int) -> bool:
        """Whether one slip, carried on in one way of rounding, gives the whole sheet."""
        enough = len(self.questions) >= ENOUGH
        habits = [h for h in self.uniform if enough or self.may_guess(h, firsts[id(h)] or 0)]
        places = sorted({last, *(firsts[id(h)] or 0 for h in habits)}, reverse=True)
        tries = [(at, [h for h in habits if (firsts[id(h)] or 0) == at]) for at in places[:MOST_TRIES]]
        # Least of all, answers with fewer digits than the others, each rounded to its own.
        tries.append((last, [h for h in self.lenient if self.first_mismatch(h) == last]))
        if not enough and len(self.questions) > 1:
            tries.append(
                (last, [h for h in self.uniform if h not in habits and (firsts[id(h)] or 0) == last])
            )
        for at, here in tries:
            found = self.search.explain(self.questions, at, here) if here else []
            whole = [e for e in found if e.explained == len(self.questions)]
            if at != last:
                # Against an answer that is right in itself, a slip needs the rest of the sheet on its side.
                whole = [e for e in whole if e.slip.usual and len(self.questions) >= ENOUGH]
            if whole:
                whole = self.supported(whole)
                told = [e for e in found if self.may_guess(e.habit, at) or e in whole]
                self.carry_on(at, whole, self.supported(told))
                return True
        return False

    def supported(self, found: list[Explanation]) -> list[Explanation]:
        """Without those that need every line rounded in a way that no right answer shows, where others remain."""
        if self.policy is not None:
            return found
        plain = [e for e in found if e.habit.rounding is None or self.is_shown(e.habit)]
        return plain or found

    def is_shown(self, habit: Habit) -> bool:
        """Whether a right answer comes of rounding every line in this way, and not of the exact values."""
        return habit.policy in self.policies or any(
            self.reproduces(habit, place) and not any(self.reproduces(h, place) for h in self.lenient)
            for place in range(len(self.states))
        )

    def may_guess(self, habit: Habit, first: int) -> bool:
        """Whether a habit of rounding every line has an answer to speak for it."""
        return habit.rounding is None or self.policy is not None or first >= 1

    def slip_behind_right_answers(self, firsts: dict[int, int | None]) -> bool:
        """Whether answers that round from the exact values by chance are a slip's after all.

        Only if a usual slip gives the whole sheet, and enough other answers are rounded in one way only.
        """
        for habit in self.uniform:
            at = firsts[id(habit)]
            if at is None or habit.rounding is not None or len(self.questions) <= ENOUGH:
                continue
            others = [h for h in self.lenient if h.way != habit.way]
            telling = sum(
                bool(habit.fits(self.clean[id(habit)][place], q.key, q.digits))
                and (
                    not any(bool(h.fits(self.clean[id(h)][place], q.key, q.digits)) for h in others)
                    or habit.way == "significant"
                )
                for place, q in enumerate(self.questions)
            )
            if telling < ENOUGH:
                continue
            found = self.search.explain(self.questions, at, [habit])
            whole = [
                e
                for e in found
                if e.explained == len(self.questions) and e.slip.usual and e.slip.kind != "rounded-too-early"
            ]
            if whole:
                self.carry_on(at, whole, found)
                return True
        return False

    def carry_on(self, at: int, whole: Sequence[Explanation], found: Sequence[Explanation]) -> None:
        """The verdicts where a slip explains the whole sheet."""
        best = min(whole, key=lambda e: e.rank)
        habit = best.habit
        clean = self.clean.get(id(habit)) or self.search.clean(self.questions, habit)
        wrong: list[str] = []
        for place, state in enumerate(self.states):
            digits = state.question.digits
            if place < at or (not state.refused and bool(habit.fits(clean[place], state.key, digits))):
                state.verdict = self.right_verdict(state)
            elif place == at:
                state.verdict = "wrong"
                self.tell_candidates(state, found)
                wrong.append(state.key)
            else:
                state.verdict = "follow-through"
                state.sources = nearest(self.search.sweep, state.key, wrong)
                if not state.sources:
                    state.sources = (self.states[at].key,)
                    state.note = "the same slip, carried on"
                wrong.append(state.key)
                self.tell_hollow(state)
        self.best = habit

    # --- answer by answer ---------------------------------------------------------------------------

    def one_by_one(self) -> None:
        """The verdicts where no single slip gives the whole sheet."""
        own: dict[str, Digits] = {}
        wrong: list[str] = []
        best = [self.best] if self.best is not None and self.best not in self.lenient else []
        habits = [*self.lenient, *best]
        # After a wrong answer nothing shows how the lines that nobody asked for were rounded.
        any_habit = list(dict.fromkeys([*habits, *(h for h in self.uniform if h.rounding is not None)]))
        searched = 0
        for place, state in enumerate(self.states):
            if self.is_right(state, place):
                state.verdict = self.right_verdict(state)
            else:
                ways = any_habit if wrong else habits
                followed = follow(self.search.sweep, state.key, state.question.digits, own, wrong, ways)
                state.verdict = "wrong" if followed is None else "follow-through"
                if followed is not None:
                    state.sources = followed.sources
                    if followed.printed:
                        self.tell_rounding(state, own, followed, wrong)
                    self.tell_hollow(state)
                wrong.append(state.key)
            own[state.key] = state.question.digits
        for place, state in enumerate(self.states):
            if state.verdict == "wrong" and searched < MOST_SEARCHES:
                searched += 1
                self.search_from_own_values(place)

    def tell_rounding(
        self, state: State, own: dict[str, Digits], followed: Followed, wrong: list[str]
    ) -> None:
        """Which of the right, but rounded, own values make the difference."""
        sweep = self.search.sweep
        direct = nearest(sweep, state.key, own)
        printed = {key: digits.number for key, digits in own.items()}
        effects: list[tuple[float, str]] = []
        needed: list[tuple[float, str]] = []
        for source in direct:
            if source in wrong:
                continue
            unrounded = float(self.exact[source])
            raw = self.search.clean([state.question], as_written()[0], {**printed, source: unrounded})[0]
            effects.append((abs(raw - followed.value), source))
            if not any(bool(h.fits(raw, state.key, state.question.digits)) for h in self.lenient):
                needed.append(effects[-1])
        from_wrong = any(source in wrong for source in direct)
        effects = needed or ([] if from_wrong else [each for each in effects if each[0] > 0])
        effects.sort(reverse=True)
        if not any(source in wrong for source in followed.sources):
            state.note = "from your rounded values"
        sources = {*(key for _, key in effects), *(key for key in direct if key in wrong)}
        state.sources = tuple(sorted(sources, key=sweep.order.__getitem__)) or followed.sources
        written = {each.key: each.answer.written for each in self.states}
        rounded = [(self.name(key), written[key]) for _, key in effects]
        state.candidates = rounding_candidates(rounded, self.name(state.key), followed)

    def tell_hollow(self, state: State) -> None:
        """Whether nothing was left to calculate, and after what."""
        state.hollow = self.is_hollow(state)
        if state.hollow:
            after = " and ".join(map(self.name, state.sources))
            slip = f"nothing is left to calculate after {after}"
            value = state.answer.written
            state.candidates = (Candidate(slip, "nothing-left", self.name(state.key), value, "exact"),)

    def search_from_own_values(self, at: int) -> None:
        """The slips that make an answer of the writer's own earlier values."""
        state = self.states[at]
        order = self.search.sweep.order
        stands = {q.key: q.digits.number for q in self.questions[:at] if order[q.key] < order[state.key]}
        habits = [
            *self.lenient,
            *([self.best] if self.best is not None and self.best not in self.lenient else []),
        ]
        found = self.search.explain(self.questions, at, habits, stands)
        if stands and not any(each.slip.usual for each in found):
            found += self.search.explain(self.questions, at, habits)
        if self.policy is None and not found:
            # Nothing shows that every line was rounded, but nothing else explains the answer.
            guessed = [h for h in self.uniform if h.rounding is not None and h is not self.best]
            found = self.search.explain(self.questions, at, guessed, stands)
        if self.policy is None:
            rights = {
                place: each.question
                for place, each in enumerate(self.states)
                if each.verdict in ("exact", "rounded")
            }
            found = allowed(self.program, found, state.question, rights, self.clean[id(self.lenient[0])])
        self.tell_candidates(state, found)

    def tell_candidates(self, state: State, found: Sequence[Explanation]) -> None:
        if state.refused == NO_DIGIT:  # what shows nothing of the value shows no slip
            return
        if state.refused:
            old = state.question.digits.number
            found = [e for e in found if abs(e.value - old) <= 1e-9 * abs(old)] or found
        state.candidates, state.note = candidates_of(found, self.name)

    # --- what is said -------------------------------------------------------------------------------

    def marked(self, state: State) -> Marked:
        assert state.verdict is not None
        if state.refused and state.verdict == "wrong":
            state.note = f"{state.refused}; {state.note}" if state.note else state.refused
        if state.is_right and not state.note:
            state.note = self.remark(state)
        names = {s.key: s.answer.name for s in self.states}
        return Marked(
            state.answer,
            expected(state, self.exact, self.stated),
            state.verdict,
            tuple(dict.fromkeys(names[key] for key in state.sources)),
            state.candidates,
            state.note,
            "" if state.is_right else state.refused,
            state.hollow,
        )

    def rounding_found(self) -> RoundingFound:
        if self.policy is not None:
            return RoundingFound((self.policy.spec,), self.policy.written, inferred=False)
        return found_rounding(self.states, self.uniform, self.lenient, self.clean)
