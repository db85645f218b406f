"""`chainrule words ratios`: which words tell two others apart, by counts and by GloVe's vectors."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from chainrule.cli import options, printing

if TYPE_CHECKING:
    from chainrule.words.ratios import Probe, Ratios

DIGITS = 3


@click.command("ratios")
@click.argument("a", metavar="WORD")
@click.argument("b", metavar="WORD")
@click.option("--counts", required=True, metavar="FILE", help="Counts, as words counts writes them.")
@click.option(
    "--probes", metavar="WORDS", multiple=True, help="Words to probe with, more may follow. [suggested]"
)
@click.argument("more", metavar="", nargs=-1)
@click.option(
    "--vectors", metavar="FILE", help="GloVe's vectors in our own format, to set beside the counts."
)
@options.as_json
def command(
    a: str,
    b: str,
    counts: str,
    probes: tuple[str, ...],
    more: tuple[str, ...],
    vectors: str | None,
    as_json: bool,
) -> None:
    """Tell two words apart by the words near them: P(x|a), P(x|b) and their ratio, as in GloVe's paper.

    \b
    chainrule words ratios ice steam --counts FILE --probes solid gas water

    With --vectors, beside it what GloVe is trained for: (w_a − w_b) · w̃_x + b_a − b_b, the logarithm of the
    ratio of counts; less the logarithm of the ratio of their totals, that of the ratio of probabilities.
    """
    from chainrule.errors import ConfigError
    from chainrule.files.vectors import read_vectors
    from chainrule.words.counts_file import load_counts
    from chainrule.words.ratios import ratios

    if more and not probes:
        raise ConfigError(f'two words are told apart, and "{more[0]}" is a third: put --probes before it')
    wanted = [word for given in (*probes, *more) for word in given.split(",") if word] or None
    data = read_vectors(vectors) if vectors is not None else None
    found = ratios(load_counts(counts), a, b, wanted, data)
    if as_json:
        printing.print_json(asdict(found))
        return
    _print(found)


def _print(found: Ratios) -> None:
    a, b = found.a, found.b
    printing.heading("Ratios of probabilities", f"{a} and {b}, from counts")
    rows = [
        [probe.word, _number(probe.p_a), _number(probe.p_b), _ratio(probe), probe.reads]
        for probe in found.probes
    ]
    printing.table(["x", f"P(x|{a})", f"P(x|{b})", "ratio", "the counts say"], rows, right=(1, 2, 3))
    if found.chosen:
        printing.say()
        printing.say(f"The probes were chosen: {found.chosen}.")
    if not any(probe.vectors for probe in found.probes):
        return
    printing.say()
    printing.heading(
        "What the vectors say", "logarithms; the counts' own in brackets, – where there are none"
    )
    rows = []
    for probe in found.probes:
        said = probe.vectors
        assert said is not None
        rows.append(
            [
                probe.word,
                f"{_signed(said.score)} ({_signed(probe.log_counts)})",
                f"{_signed(said.log_ratio)} ({_signed(probe.log_ratio)})",
                said.reads,
            ]
        )
    headings = ["x", "ln of counts", "ln of probabilities", "the vectors say"]
    printing.table(headings, rows, right=(1, 2))
    printing.say()
    printing.say(
        f"(w_{a} − w_{b}) · w̃_x + b_{a} − b_{b} is fitted to ln(X_{a},x / X_{b},x); less ln(X_{a} / X_{b}), "
        f"it is ln(P(x|{a}) / P(x|{b})): above 0 x goes with {a}, below with {b}."
    )
    if found.note:
        printing.say()
        printing.say(f"note: {found.note}, so they need not agree")


def _ratio(probe: Probe) -> str:
    if probe.ratio is None:
        return "∞" if probe.count_a else "–"
    return _number(probe.ratio)


def _number(value: float) -> str:
    return printing.number(value, DIGITS)


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"
