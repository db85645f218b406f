"""`chainrule words train`: word vectors from a corpus."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli import corpora, options, printing
from chainrule.cli.progress import portion
from chainrule.cli.vector_files import DEFAULT
from chainrule.cli.wordmodels import MODELS, Task, check_settings, settings_of, start_of, trained_by
from chainrule.errors import ConfigError, Divergence

if TYPE_CHECKING:
    from chainrule.words.epochs import Progress
    from chainrule.words.glove import GloVe
    from chainrule.words.glove_tables import Start
    from chainrule.words.svd import SVD
    from chainrule.words.vectors import Vectors
    from chainrule.words.vocabulary import Vocabulary
    from chainrule.words.word2vec import Word2Vec

LOOKED_AT, NEIGHBOURS, MOST_LINES = 5, 4, 50


@click.command("train")
@click.argument("corpus", nargs=-1)
@click.option("--model", default="glove", metavar="NAME", help=f"{', '.join(MODELS)}. [glove]")
@click.option("--size", type=int, metavar="D", help="Numbers in a vector. [100; those of --start]")
@click.option("--window", type=int, metavar="N", help="Words on each side that are near. [10; word2vec 5]")
@click.option("--epochs", type=int, metavar="N", help="How often all is gone through. [15; word2vec 5]")
@click.option("--rate", type=float, metavar="R", help="The learning rate η. [0.05; word2vec 0.025]")
@click.option("--x-max", type=float, metavar="X", help="GloVe: counts from here on weigh the same. [100]")
@click.option("--alpha", type=float, metavar="R", help="GloVe: the weighting's exponent. [0.75]")
@click.option("--bias-rate", type=float, metavar="R", help="GloVe: the learning rate of the biases. [1]")
@click.option("--negatives", type=int, metavar="K", help="word2vec: noise words of an example. [5]")
@click.option("--sample", type=float, metavar="T", help="word2vec: thin out frequent words; 0: none. [0.001]")
@click.option(
    "--deterministic", is_flag=True, help="word2vec: the same bits in every run. Others' always are."
)
@click.option("--shift", type=float, metavar="K", help="svd: take ln K off every PPMI. [1]")
@click.option(
    "--smoothing", type=float, metavar="R", help="svd: the exponent of the contexts' counts. [0.75]"
)
@click.option("--weighting", type=float, metavar="P", help="svd: of the singular values, U s^P. [0.5]")
@click.option("--held-out", type=float, metavar="R", help="A share that is not trained on, to watch. [0]")
@click.option("--patience", type=int, metavar="N", help="Stop after N epochs without a lower cost.")
@click.option("--start", metavar="VECTORS", help="Start from the vectors of a file; new words are drawn.")
@click.option("--freeze", is_flag=True, help="With --start: its vectors stay, the new words' are learnt.")
@click.option("--counts", metavar="FILE", help='GloVe, svd: use counts of "chainrule words counts".')
@corpora.corpus_options
@click.option("--memory", metavar="SIZE", help="What reading and counting may use. [4GB]")
@click.option("--threads", type=int, metavar="N", help="[all processors]")
@click.option("--seed", type=int, metavar="N", help="Of all that is drawn. [0]")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint beside --out.")
@click.option("--checkpoint-every", type=int, metavar="N", help="Write the checkpoint every N epochs. [5]")
@click.option("--out", default=DEFAULT, metavar="FILE", help=f"[{DEFAULT}]")
@options.as_json
def command(
    corpus: tuple[str, ...],
    model: str,
    memory: str | None,
    threads: int | None,
    out: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Train word vectors on a corpus.

    CORPUS is files of text (plain, gzip or xz), folders, - for standard input, or with --column tables.

    The ending of --out says the format: .safetensors (ours; keeps everything), .txt (GloVe), .vec or .bin
    (word2vec), .tsv (TensorFlow projector).

    Ctrl-C while it trains keeps what was learnt: the vectors as they are then are written, --resume goes on
    (to the same bits; word2vec only with --deterministic), and the exit code is 130. The model svd has no
    epochs, and begins anew.
    """
    from chainrule.files.vectors import format_of

    allowed = corpora.memory_of(memory)
    settings = settings_of(model, given)
    _check_sources(corpus, given)
    format_of(out)
    checkpoint = Path(f"{out}.checkpoint")
    inputs = (*corpus, given["start"], given["counts"])
    options.check_outputs({"--out": out, "the checkpoint": str(checkpoint)}, inputs)
    _check_checkpoint(checkpoint, settings.get("resume", False))
    start = start_of(given["start"], given["size"])
    if start is not None:
        settings["size"] = start.size
    check_settings(model, settings, threads)
    text = _Text(corpus, given, settings, threads, allowed, "counts" in settings, show=not as_json)
    notes = text.shortcomings(settings)
    if not as_json:
        corpora.show_corpus(text.facts, notes)
        _show_settings(model, settings)
    trained = _train(model, settings, text, start, threads, checkpoint, show=not as_json)
    from chainrule.words.trained import vectors_of

    vectors = vectors_of(trained)
    vectors.save(out)
    if trained.ended != "interrupted":
        checkpoint.unlink(missing_ok=True)
    if as_json:
        _print_json(model, trained, text, notes, out)
    else:
        _report(trained, vectors, out)
    if trained.ended == "interrupted":
        raise click.exceptions.Exit(130)


class _Text:
    """What there is to train on: the corpus as it was read, and its counts where the model needs them."""

    def __init__(
        self,
        paths: tuple[str, ...],
        given: dict[str, Any],
        settings: dict[str, Any],
        threads: int | None,
        memory: int | None,
        counted: bool,
        *,
        show: bool,
    ) -> None:
        self.counts, self.encoded, distinct = None, None, None
        if given["counts"]:
            from chainrule.words.counts_file import load_counts

            self.counts = load_counts(given["counts"])
            self.vocabulary: Vocabulary = self.counts.vocabulary
        else:
            encoded = corpora.read(paths, given, memory, show=show)
            distinct = encoded.distinct
            if counted:
                self.counts = corpora.counted(encoded, given, settings["window"], threads, memory)
                self.vocabulary = self.counts.vocabulary
            else:
                self.encoded, self.vocabulary = encoded, corpora.vocabulary_of(encoded, given)
        self.facts = corpora.said(self.vocabulary, self.counts, distinct)

    def shortcomings(self, settings: Mapping[str, Any]) -> list[str]:
        """Why the corpus is too small."""
        from chainrule.words.adequacy import shortcomings

        cells = None if self.counts is None else len(self.counts)
        tokens, words, learnt = self.vocabulary.tokens, len(self.vocabulary), "epochs" in settings
        return shortcomings(tokens, words, settings["size"], cells=cells, learnt=learnt)


def _check_sources(corpus: tuple[str, ...], given: dict[str, Any]) -> None:
    if not given["counts"]:
        if not corpus:
            raise ConfigError('there is no corpus: name a file, a folder, or "-" for standard input')
        corpora.check_files(corpus, "give counts with --counts")
    elif corpus:
        raise ConfigError(f'there is a corpus, "{corpus[0]}", and --counts: give one of them')
    elif made := corpora.given_of(given, ["window", *corpora.READING, *corpora.COUNTING]):
        raise ConfigError(f"{made[0]} was decided when the counts were made: leave it out, or count again")
    if given["freeze"] and not given["start"]:
        raise ConfigError("--freeze keeps the vectors of --start as they are: add --start, or leave it out")


def _check_checkpoint(checkpoint: Path, resume: bool) -> None:
    from chainrule.files.atomic import quoted

    if resume and not checkpoint.exists():
        raise ConfigError(
            f"there is no checkpoint {quoted(checkpoint)} to go on from: leave --resume out to start anew, "
            "or give the --out of the run that was stopped"
        )
    if checkpoint.exists() and not resume:
        raise ConfigError(
            f"there is an unfinished run in {quoted(checkpoint)}: add --resume to go on, "
            "or delete it or give another --out to start anew"
        )


def _train(
    model: str,
    settings: dict[str, Any],
    text: _Text,
    start: Start | None,
    threads: int | None,
    checkpoint: Path,
    *,
    show: bool,
) -> GloVe | Word2Vec | SVD:
    with ExitStack() as stack:
        told: Callable[[Progress], None] | None = None
        if show and "epochs" in settings:
            told = stack.enter_context(_telling(settings["epochs"]))
        task = Task(
            settings, threads, str(checkpoint), text.encoded, text.counts, text.vocabulary, start, told
        )
        try:
            return trained_by(model, task)
        except Divergence:
            # It could only be gone on from with the same settings, which diverge again.
            checkpoint.unlink(missing_ok=True)
            raise


def _show_settings(model: str, settings: dict[str, Any]) -> None:
    names = {"x_max": "x_max", "alpha": "α", "rate": "η", "negatives": "negatives", "sample": "sample"}
    names |= {name: name for name in ("shift", "smoothing", "weighting")}
    parts = [f"{name} {settings[key]:g}" for key, name in names.items() if key in settings]
    printing.heading(
        "Training", f"{model}, {settings['size']} numbers a word, {', '.join(parts)}, seed {settings['seed']}"
    )


@contextmanager
def _telling(epochs: int) -> Iterator[Callable[[Progress], None]]:
    """A callback that prints a line when an epoch is over, and on a terminal shows how far the present one is."""
    every = -(-epochs // MOST_LINES)
    with portion(show=True) as move:

        def tell(progress: Progress) -> None:
            move(progress.part, f"  epoch {progress.epoch} of {progress.epochs}, cost {progress.cost:.4g}")
            if (done := progress.finished) is not None and (
                done.number % every == 0 or done.number == epochs
            ):
                apart = "" if done.held_out is None else f"   held out {done.held_out:<9.4g}"
                number = f"{done.number:>{len(str(epochs))}}"
                print(
                    f"  epoch {number} of {epochs}   cost {done.cost:<9.4g}{apart}   {done.seconds:.3g} s",
                    flush=True,
                )

        yield tell


def _report(trained: GloVe | Word2Vec | SVD, vectors: Vectors, out: str) -> None:
    """How it ended, a first look at the vectors, and what to type next."""
    printing.say()
    printing.heading("Result", _ending(trained))
    looked = first_look(trained.vocabulary, vectors)
    if looked:
        printing.say("A first look: words that are frequent, and those nearest to them")
        printing.table(
            ["", ""], [[word, ", ".join(name for name, _ in near)] for word, near in looked.items()]
        )
        printing.say()
    printing.say(f"The vectors are in {out}. Next, for example:")
    chosen = next(iter(looked), trained.vocabulary.words[0])
    typed = ["chainrule", "words", "neighbours", chosen, *([] if out == DEFAULT else ["--vectors", out])]
    print(f"  {shlex.join(typed)}")
    if trained.ended == "interrupted":
        print("  and the same command with --resume goes on where this run stopped")


def _ending(trained: GloVe | Word2Vec | SVD) -> str:
    """How long it took, and why it ended."""
    if not isinstance(seconds := getattr(trained, "seconds", None), float):
        count, seconds = len(trained.history), sum(epoch.seconds for epoch in trained.history)
        ended = {"patience": "the cost no longer falls", "interrupted": "stopped by Ctrl-C"}
        why = ended.get(trained.ended, "all are done")
        return f"{count} epoch{'' if count == 1 else 's'} in {seconds:.3g} s; {why}"
    return f"all singular values in {seconds:.3g} s"


def first_look(vocabulary: Vocabulary, vectors: Vectors) -> dict[str, list[tuple[str, float]]]:
    """Frequent words with their nearest: those that come after the words that make up half of the text.

    The most frequent words of a language ("the", "of") are near everything, and show little.
    """
    import numpy as np

    passed = int(np.searchsorted(np.cumsum(vocabulary.counts), vocabulary.counts.sum() / 2)) + 1
    first = max(min(passed, len(vocabulary) - LOOKED_AT), 0)
    words = vocabulary.words[first : first + LOOKED_AT]
    most = min(NEIGHBOURS, len(vocabulary) - 1)
    return {word: vectors.neighbours(word, most) for word in words} if most else {}


def _print_json(model: str, trained: GloVe | Word2Vec | SVD, text: _Text, notes: list[str], out: str) -> None:
    settings = {name: value for name, value in trained.settings.items() if name != "model"}
    counts = text.counts
    printing.print_json(
        {
            "model": model,
            "settings": settings,
            "tokens": text.vocabulary.tokens,
            "vocabulary": len(text.vocabulary),
            "coverage": text.vocabulary.coverage,
            "pairs": None if counts is None else len(counts),
            "epochs": [
                {"number": e.number, "cost": e.cost, "held_out": e.held_out, "seconds": e.seconds}
                for e in trained.history
            ],
            "ended": trained.ended,
            "interrupted": trained.ended == "interrupted",
            "vectors": str(Path(out).absolute()),
            "notes": notes,
        }
    )
