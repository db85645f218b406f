"""Why gradients are 0, and which numbers only look so: the sentences of a key."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.engines.pencil import evaluate_decimal
from chainrule.engines.rounding import EXACT
from chainrule.formulas.activations import Activation
from chainrule.formulas.expression import Symbol
from chainrule.working.calculation import Calculation
from chainrule.working.entries import Entry, Partial, Quantity, quantity
from chainrule.working.exercises.maker import Exercise
from chainrule.working.exercises.numbers import parameter_gradients
from chainrule.working.names.naming import Namer
from chainrule.working.program import Program, ScalarLine

__all__ = ["explained"]


def explained(exercise: Exercise) -> tuple[str, ...]:
    """A sentence for each reason for which gradients are 0, for each saturated unit, for what is rounded away."""
    teller = _Teller(exercise.calculation, exercise.namer, exercise.plan.activations)
    return (*teller.zeros(), *teller.saturated(exercise.faults.saturated), *teller.vanished(exercise))


class _Teller:
    def __init__(self, calculation: Calculation, namer: Namer, activations: tuple[Activation, ...]) -> None:
        program = calculation.program
        assert isinstance(program, Program)
        self.program = program
        self.calculation = calculation
        self.values = calculation.values
        self.namer = namer
        self.activations = activations

    def name(self, found: Quantity | str) -> str:
        return self.namer.name(found if isinstance(found, str) else found.key).text

    # --- zeros --------------------------------------------------------------------------------------

    def zeros(self) -> Iterator[str]:
        """The parameters' gradients that are 0, together where they have one reason."""
        by_reason: dict[tuple[int, str], list[str]] = {}
        for line in parameter_gradients(self.program):
            if not self.values[line.key]:
                by_reason.setdefault((line.number, self.reason(line)), []).append(self.name(line.key))
        for (number, reason), names in by_reason.items():
            told = f" in step {number}" if self.program.passes > 1 else ""
            yield f"{_listed(names)} {'is' if len(names) == 1 else 'are'} 0{told}: {reason}."
        if not by_reason:
            yield from self.inactive()

    def inactive(self) -> Iterator[str]:
        """The activations of a feedforward pass that are 0."""
        for line in self.program:
            if line.kind not in ("activations", "output") or self.values[line.key] or len(line.uses) > 2:
                continue
            summed = next((used for used in line.uses if used.startswith("z")), None)
            if summed is not None and not evaluate_decimal(line.tree, self.values):
                function = self._function(line.key).name.replace("_", " ")
                yield (
                    f"{self.name(line.key)} is 0: {function} is 0 at "
                    f"{self.name(summed)} = {self.calculation.written(summed)}."
                )

    def _function(self, key: str) -> Activation:
        found = quantity(key)
        assert isinstance(found, Entry)
        return self.activations[int(found.symbol[1:]) - 1]

    def reason(self, line: ScalarLine) -> str:
        """Why a gradient is printed as 0."""
        exact = evaluate_decimal(line.tree, self.values)
        if exact:
            return f"what it comes to, {EXACT.written(exact)}, is rounded away"
        causes: list[str] = []
        for path in line.paths or ((line.quantity,),):
            cause = next((told for factor in path if (told := self.cause(factor))), None)
            if cause is None:
                return "its ways back from the loss cancel"
            if cause not in causes:
                causes.append(cause)
        return _listed(causes)

    def cause(self, factor: Quantity) -> str | None:
        """What makes a factor of a chain 0, or None if it is not 0."""
        stands = self.program.factors.get(factor.key)
        key = stands.name if isinstance(stands, Symbol) else factor.key
        if key not in self.values or self.values[key]:
            return None
        found = quantity(key)
        if isinstance(found, Partial):
            return self.flat(found)
        return f"{self.name(key)} is 0"

    def flat(self, slope: Partial) -> str:
        """That an activation is flat at its weighted sum."""
        summed = self.calculation.written(slope.wrt.key)
        layer = slope.of.symbol[1:]
        same = slope.wrt.symbol[1:] == layer and slope.of.symbol[0] == "a" and layer.isdigit()
        exact = evaluate_decimal(self.program.by_key[slope.key].tree, self.values)
        if not same or exact:
            return f"{self.name(slope)} is printed as 0"
        function = self.activations[int(layer) - 1].name.replace("_", " ")
        return f"the unit {self.name(slope.of)} is inactive, as {function} is flat at {self.name(slope.wrt)} = {summed}"

    # --- what is nearly so --------------------------------------------------------------------------

    def saturated(self, keys: tuple[str, ...]) -> Iterator[str]:
        """The units that are saturated."""
        names = list(dict.fromkeys(self.name(key) for key in keys))
        if names:
            one = len(names) == 1
            yield (
                f"{_listed(names)} {'is' if one else 'are'} saturated: the slope there is small, "
                "and so are the gradients that pass it."
            )

    def vanished(self, exercise: Exercise) -> Iterator[str]:
        """The lines that rounding leaves nothing of."""
        gradients = {line.key for line in parameter_gradients(self.program)}
        updates = [key for key in exercise.faults.vanished if self.values[key]]
        others = [key for key in exercise.faults.vanished if key not in (*updates, *gradients)]
        if others:
            names = list(dict.fromkeys(map(self.name, others)))
            yield f"{_listed(names)} {'is' if len(names) == 1 else 'are'} not 0, but printed so with this rounding."
        kept = list(dict.fromkeys(map(self.name, updates)))
        if kept:
            one = len(kept) == 1
            yield (
                f"{_listed(kept)} {'stays as it is' if one else 'stay as they are'}: "
                f"{'its' if one else 'their'} change is too small for this rounding to show."
            )


def _listed(names: list[str]) -> str:
    """a, b and c.

    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
