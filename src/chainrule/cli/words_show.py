"""`chainrule words show`: one step of word vectors' training as a worked solution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainrule.cli import options
from chainrule.cli.workings import give_out
from chainrule.errors import ConfigError

if TYPE_CHECKING:
    from chainrule.engines.rounding import Policy
    from chainrule.files.vector_data import VectorData
    from chainrule.working.document import Working

NEGATIVES = 5


@click.command("show")
@click.argument("vectors", metavar="VECTORS")
@click.option("--pair", nargs=2, metavar="WORD CONTEXT", help="GloVe's step on this pair; needs --counts.")
@click.option("--counts", metavar="FILE", help="The counts that the vectors were trained on.")
@click.option("--example", nargs=2, metavar="CENTRE NEAR", help="Skip-gram's step on a word near a centre.")
@click.option(
    "--negatives", metavar="WORDS", help=f'Noise words, "fashion,gas", or how many to draw. [{NEGATIVES}]'
)
@click.option("--seed", type=int, metavar="N", help="Decides the noise words that are drawn. [0]")
@click.option("--entry", metavar="NAME", multiple=True, help='One number only: "w[2]", "∂C/∂w[2]", "p".')
@click.option(
    "--rounding", metavar="RULE", help="As a pencil does: round:3, truncate:4, significant:3, exact."
)
@click.option(
    "--format", "form", metavar="FORMAT", help="text, terminal, markdown, latex, html, pdf or json."
)
@click.option("--out", metavar="FILE", help="Write there; the ending says the format.")
@options.as_json
def command(
    vectors: str,
    pair: tuple[str, str] | None,
    counts: str | None,
    example: tuple[str, str] | None,
    negatives: str | None,
    seed: int | None,
    entry: tuple[str, ...],
    rounding: str | None,
    form: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Work one training step of VECTORS, number by number.

    With --pair, GloVe's: the count, its weight, the prediction, the error, the gradients and AdaGrad's step. With
    --example, skip-gram's by negative sampling. VECTORS is a .safetensors file that keeps both sides.
    """
    if (pair is None) == (example is None):
        raise ConfigError("say which step: give --pair WORD CONTEXT or --example CENTRE NEAR")
    options.check_outputs({"--out": out}, (vectors, counts))
    policy = options.rounding_of(rounding) if rounding is not None else None
    if pair is not None:
        if negatives is not None or seed is not None:
            raise ConfigError("GloVe's step on a pair has no noise words: leave --negatives and --seed out")
        working = _pair(vectors, counts, pair, policy)
    else:
        assert example is not None
        if counts is not None:
            raise ConfigError("skip-gram's step takes no counts: leave --counts out")
        working = _example(vectors, example, negatives, seed, policy)
    workings = [working[name] for name in entry] or [working]
    give_out(workings, "json" if as_json else form, out, slides=False)


def _pair(vectors: str, counts: str | None, pair: tuple[str, str], policy: Policy | None) -> Working:
    from chainrule.words.counts_file import load_counts
    from chainrule.words.pair_working import work_vectors_pair

    if counts is None:
        raise ConfigError("GloVe's step on a pair needs its count: give --counts FILE")
    return work_vectors_pair(_read(vectors), load_counts(counts), pair, policy)


def _example(
    vectors: str, example: tuple[str, str], negatives: str | None, seed: int | None, policy: Policy | None
) -> Working:
    from chainrule.words.example_working import drawn_noise, work_vectors_example

    data = _read(vectors)
    wanted = str(NEGATIVES) if negatives is None else negatives.strip()
    if wanted.removeprefix("-").isdecimal():
        if (number := int(wanted)) < 1:
            raise ConfigError(f"--negatives {number}: draw 1 noise word or more, or name some")
        words = drawn_noise(data, number, seed or 0, example)
    else:
        if seed is not None:
            raise ConfigError("noise words that are named are not drawn: leave --seed out")
        words = [word.strip() for word in wanted.split(",") if word.strip()]
    return work_vectors_example(data, example, words, policy)


def _read(path: str) -> VectorData:
    from chainrule.files.vectors import read_vectors

    return read_vectors(path)
