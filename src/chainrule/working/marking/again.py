"""Numbers that a sheet prints a second time, with other digits than the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from chainrule.engines.rounding import agrees, read_number
from chainrule.errors import ConfigError, InvalidInput
from chainrule.working.marking.answers import Marked
from chainrule.working.marking.asked import key_of
from chainrule.working.marking.claims import Claim, told, wrong
from chainrule.working.worked.examples import Example

__all__ = ["mark_again"]


def mark_again(
    claim: Claim, example: Example | None, answers: Sequence[Marked], exact: Mapping[str, Decimal]
) -> Marked:
    """A number printed again, marked as the number is and held against its first digits.

    answers: the numbers of the sheet, marked; exact: key → the exact value

    Raises ConfigError with the place for what is no number, or printed this once only.
    """
    where, written = claim.answer.where, claim.answer.written
    first = None
    try:
        value = read_number(written)
        if example is not None:
            key = key_of(example, claim.subject, 1)
            first = next((each for each in answers if each.answer.key == key), None)
    except InvalidInput as error:
        raise ConfigError(f"{where}: {error}") from None
    if first is None or first.answer.key not in exact:
        raise ConfigError(
            f"{where}: {claim.subject} is printed again, but no number answers it: put this into [answers]"
        )
    if agrees(written, exact[first.answer.key]):
        verdict = "exact" if value == exact[first.answer.key] else "rounded"
        return Marked(claim.answer, first.expected, verdict)  # type: ignore[arg-type]
    digits = first.answer.written
    if value == read_number(digits) or agrees(written, read_number(digits)):
        return replace(first, answer=claim.answer, candidates=())
    slip = f"a typing slip: printed elsewhere as {digits}, which is {'right' if first.is_right else 'wrong, too'}"
    return wrong(claim.answer, first.expected, [told(slip, "typing")])
