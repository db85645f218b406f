"""Letters that a sheet says the meaning of: one that stands for two quantities is found out.

A meaning is the number of something in training (data points, output neurons, …) or a quantity of the
sheet's example. Two of them are the same only if they are the same in every network, not in this one only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chainrule.errors import ConfigError, InvalidInput
from chainrule.working.marking.answers import Marked
from chainrule.working.marking.claims import Claim, told, wrong
from chainrule.working.worked.examples import Example

__all__ = ["Counts", "mark_letter"]


@dataclass(frozen=True)
class Counts:
    """How many there are of what is counted in training.

    layers: the inputs, then the units of each layer
    """

    samples: int
    layers: tuple[int, ...]
    parameters: int
    passes: int


# All different, so that what is the same here is the same everywhere.
OTHER = Counts(5, (4, 7, 3), 59, 6)

_COUNTED: tuple[tuple[str, str, Callable[[Counts], int]], ...] = (
    (
        "samples",
        r"(data|training) ?(points?|samples?|examples?|sets?)|samples?|examples?|observations?|instances?|batch size",
        lambda c: c.samples,
    ),
    (
        "outputs",
        r"output (neurons?|units?|nodes?)|outputs?|classes",
        lambda c: c.layers[-1],
    ),
    ("inputs", r"input (neurons?|units?|nodes?)|inputs?|features?", lambda c: c.layers[0]),
    (
        "hidden units",
        r"hidden (neurons?|units?|nodes?)|(neurons?|units?|nodes?) (in|of) (the |all )?hidden layers?",
        lambda c: sum(c.layers[1:-1]),
    ),
    ("layers", r"layers?", lambda c: len(c.layers) - 1),
    ("parameters", r"(trainable )?parameters?", lambda c: c.parameters),
    ("passes", r"passes|steps|epochs|iterations", lambda c: c.passes),
)

_QUANTITIES = (
    ("C@1", r"(total )?(loss|error|cost)( function)?", "the loss"),
    ("eta@1", r"(learning |step )?rate|step size", "the learning rate"),
)
"""Key → what people call it, and what it is called here."""


@dataclass(frozen=True)
class _Meaning:
    """What a letter stands for. same: what tells it from another meaning; shown: in words, with its value here."""

    same: tuple[str, object]
    shown: str
    elsewhere: int | None = None


def mark_letter(claim: Claim, example: Example | None) -> Marked:
    """A letter with everything that it is said to stand for, and what it is in the example's own notation.

    Raises ConfigError with the place for a meaning that is not understood.
    """
    letter, written = claim.subject, claim.answer.written
    stated = [part.strip() for part in written.split(";") if part.strip()]
    if not letter or not stated:
        raise ConfigError(
            f'{claim.answer.where}: say what {letter or "the letter"} stands for, such as "the number of data points"'
        )
    meanings: dict[tuple[str, object], _Meaning] = {}
    for text in stated:
        found = _read(text, example, claim.answer.where)
        meanings.setdefault(found.same, found)
    for own in _of_notation(letter, example):
        meanings.setdefault(own.same, own)
    if len(meanings) == 1:
        return Marked(claim.answer, "one meaning", "exact")
    parts = [meaning.shown for meaning in meanings.values()]
    slip = f"{letter} stands for {', '.join(parts[:-1])} and {parts[-1]}"
    sizes = [meaning.elsewhere for meaning in meanings.values() if meaning.elsewhere is not None]
    if len(sizes) == len(meanings):
        slip += (
            f": other quantities, which in a network of {OTHER.layers[0]} inputs and {OTHER.layers[-1]} outputs "
            f"with {OTHER.samples} samples are {', '.join(map(str, sizes[:-1]))} and {sizes[-1]}"
        )
    return wrong(
        claim.answer, "one meaning", [told(f"{slip}: give each a letter of its own", "two-meanings")]
    )


def _read(text: str, example: Example | None, where: str) -> _Meaning:
    plain = re.sub(r"^(the )?((total )?number|count) of ", "", " ".join(text.lower().split()))
    plain = re.sub(r"^(the|all|its) ", "", plain)
    for what, pattern, count in _COUNTED:
        if re.fullmatch(pattern, plain):
            here = _counts(example)
            value = f" ({count(here)} here)" if here is not None else ""
            return _Meaning(("number of", what), f"the number of {what}{value}", count(OTHER))
    for key, pattern, shown in _QUANTITIES:
        if re.fullmatch(pattern, plain):
            return _Meaning(("quantity", key), shown)
    if example is not None:
        try:
            found = example.namer.parse(text)
        except InvalidInput:
            pass
        else:
            return _Meaning(("quantity", found.key), f"{example.namer.name(found.key).text} of the example")
    counted = ", ".join(what for what, _, _ in _COUNTED)
    raise ConfigError(
        f'{where}: "{text}" is not understood: write the number of {counted}'
        f"{', or a quantity of the example' if example is not None else ''}"
    )


def _counts(example: Example | None) -> Counts | None:
    if example is None or example.derivation is None:
        return None
    network, sizes = example.derivation.network, example.program.sizes
    return Counts(
        sizes.samples if sizes is not None else 1,
        tuple(network.sizes),
        sum(p.size for p in network.parameters),
        example.program.passes,
    )


def _of_notation(letter: str, example: Example | None) -> Iterator[_Meaning]:
    """What the example's own notation calls by this letter."""
    if example is None:
        return
    for key in (*example.program.given, *example.program.by_key):
        if key.endswith("@1") and example.namer.name(key).text == letter:
            yield _Meaning(("quantity", key), f"a quantity that the example calls {letter}")
            return
