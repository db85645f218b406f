"""`chainrule words evaluate`: vectors measured on analogies and on pairs of words with scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli import options, printing, vector_files

if TYPE_CHECKING:
    from chainrule.words.evaluation import AnalogyResult, PairsResult, Score


@click.command("evaluate")
@click.argument("sets", nargs=-1, required=True)
@vector_files.vectors_options
@options.as_json
def command(sets: tuple[str, ...], path: str, as_json: bool, **reading: Any) -> None:
    """Measure vectors on files of questions, told by their content.

    Analogies have four words a line and sections after ": name"; pairs have two
    words and a person's score. Words are tried as written, then in lower case;
    questions with a word that has no vector are left out, and counted.
    """
    from chainrule.words.evaluation import evaluate_analogies, evaluate_pairs
    from chainrule.words.question_files import Analogies, Pairs, read_questions

    read = [read_questions(each) for each in sets]
    vectors = vector_files.load(path, told=not as_json, **reading)
    analogies = [evaluate_analogies(vectors, each) for each in read if isinstance(each, Analogies)]
    pairs = [evaluate_pairs(vectors, each) for each in read if isinstance(each, Pairs)]
    if as_json:
        made = {"analogies": [_analogy_json(each) for each in analogies]}
        printing.print_json(made | {"pairs": [asdict(each) | {"coverage": each.coverage} for each in pairs]})
        return
    for number, each in enumerate(analogies):
        if number:
            printing.say()
        _print_analogies(each)
    if pairs:
        if analogies:
            printing.say()
        _print_pairs(pairs)


def _print_analogies(result: AnalogyResult) -> None:
    printing.heading(result.name, "% right, with the 95 % interval")
    scores = [*result.sections, *(s for s in (result.semantic, result.syntactic) if s), result.total]
    rows = [
        [s.name, f"{s.asked}/{s.questions}", *(_percent(s, method) for method in ("add", "mul"))]
        for s in scores
    ]
    printing.table(["section", "asked", "3CosAdd", "3CosMul"], rows, right=[1, 2, 3])


def _percent(score: Score, method: str) -> str:
    if not score.asked:
        return "–"
    low, high = score.interval(method)
    return f"{score.accuracy(method):.1%} ({low:.1%} to {high:.1%})".replace("%", "")


def _print_pairs(results: Sequence[PairsResult]) -> None:
    printing.heading("Pairs of words", "Spearman's correlation, with its 95 % interval")
    rows = [
        [r.name, f"{r.asked}/{r.pairs}", printing.number(r.spearman, 3), f"{r.interval[0]:.3f} to {r.interval[1]:.3f}"]
        for r in results
    ]  # fmt: skip
    printing.table(["set", "asked", "ρ", "interval"], rows, right=[1, 2])


def _analogy_json(result: AnalogyResult) -> dict[str, Any]:
    groups = {"semantic": result.semantic, "syntactic": result.syntactic, "total": result.total}
    made = {name: _score_json(score) if score else None for name, score in groups.items()}
    return {"name": result.name, "sections": [_score_json(score) for score in result.sections], **made}


def _score_json(score: Score) -> dict[str, Any]:
    methods = {
        name: {"right": getattr(score, key), "accuracy": score.accuracy(key), "interval": score.interval(key)}
        for name, key in (("3CosAdd", "add"), ("3CosMul", "mul"))
    }
    told = {"name": score.name, "questions": score.questions, "asked": score.asked}
    return {**told, "coverage": score.coverage, **methods}
