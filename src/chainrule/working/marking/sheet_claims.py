"""What a sheet claims, taken apart from what it answers of its example."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chainrule.errors import ConfigError, InvalidInput
from chainrule.working.marking.answers import Answer
from chainrule.working.marking.claims import Claim, claim_of
from chainrule.working.marking.shapes import is_shape
from chainrule.working.marking.sheet_files import Given, SheetFile
from chainrule.working.marking.subjects import subject_of
from chainrule.working.worked.examples import Example

__all__ = ["check_functions", "name_of", "parted", "weighted", "without_shapes"]


def name_of(given: Given) -> str:
    """As it is shown: with its pass where a table says it."""
    return given.name if given.number == 1 else f"{given.name}@{given.number}"


def parted(stated: SheetFile) -> tuple[list[Claim], list[Given]]:
    """What is claimed, and the answers to quantities of an example, formulas of them included."""
    claims: list[Claim] = []
    given: list[Given] = []
    every = [*stated.answers, *stated.claims]
    for each in every:
        claim = claim_of(Answer(name_of(each), each.value.strip(), "", each.weight or 0.0, each.where))
        if claim is None:
            given.append(each)
            continue
        if not claim.answer.written:
            raise ConfigError(f"{each.where}: {each.name} is empty: write what it is, or leave it out")
        try:
            known = claim.kind != "formulas" or subject_of(claim.subject, [claim.answer.written])
        except InvalidInput as error:
            raise ConfigError(f"{each.where}: {error}") from None
        if known:
            claims.append(claim)
        else:
            given.append(replace(each, name=claim.subject))
    return claims, given


def check_functions(given: list[Given], stated: SheetFile) -> None:
    """Refuse formulas of what is neither in the catalogue nor, as there is none, in an example."""
    places = {each.where for each in stated.claims}
    for each in given:
        if each.where in places:
            raise ConfigError(
                f'{each.where}: there is no function called "{each.name}": write one of the catalogue, such as '
                "σ(x), relu(z) or mse(ŷ, y), or z or J, or name the example"
            )


def without_shapes(example: Example, given: list[Given]) -> tuple[list[Given], list[Claim]]:
    """Answers such as W1 = "2 × 3", where W1 is a matrix and none of its numbers, are of its shape."""
    kept: list[Given] = []
    shapes: list[Claim] = []
    for each in given:
        if is_shape(each.value) and _is_matrix(example, each.name.strip()):
            answer = Answer(name_of(each), each.value.strip(), "", each.weight or 0.0, each.where)
            shapes.append(Claim("shapes", each.name.strip(), answer))
        else:
            kept.append(each)
    return kept, shapes


def _is_matrix(example: Example, name: str) -> bool:
    """Whether a name is a matrix's, and none of a number's in the example's notation."""
    if example.derivation is None or name not in example.derivation.shapes:
        return False
    numbers = (*example.program.given, *example.program.by_key)
    return all(example.namer.name(key).text != name for key in numbers)


def weighted(claims: list[Claim], stated: SheetFile) -> Iterator[Claim]:
    """The claims with their weights, each made once."""
    own = {each.where: each.weight for each in (*stated.answers, *stated.claims)}
    tabled = {each.name.lower(): each for each in stated.weights if claim_of(Answer(each.name, "", ""))}
    seen: set[tuple[str, str]] = set()
    for claim in claims:
        name = claim.answer.name
        if (claim.kind, claim.subject) in seen:
            raise ConfigError(f"{claim.answer.where}: {name} is stated twice: keep one of them")
        seen.add((claim.kind, claim.subject))
        weight, given = own.get(claim.answer.where), tabled.pop(name.lower(), None)
        if weight is None and given is not None:
            weight = given.weight
        yield replace(claim, answer=replace(claim.answer, weight=1.0 if weight is None else weight))
    for spare in tabled.values():
        raise ConfigError(
            f"{spare.where}: {spare.name} has a weight and no answer: answer it, or leave it out"
        )
