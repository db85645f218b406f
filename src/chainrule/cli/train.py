"""`chainrule train`: a network from a table."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli import options, printing, reporting
from chainrule.cli.choices import read_choices, training_options
from chainrule.errors import ConfigError, Divergence

if TYPE_CHECKING:
    from chainrule.learning.assessment import Assessment
    from chainrule.learning.checkpoints import Keeper
    from chainrule.learning.tasks import Prepared, TableRun


@click.command("train")
@click.argument("data")
@training_options
@click.option("--config", metavar="FILE", help="Choices from a TOML file, under the options' names.")
@click.option("--out", default="model.safetensors", metavar="FILE", help="The model. [model.safetensors]")
@click.option("--history", metavar="FILE", help="Also write the history, a JSON object for each epoch.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint beside --out, to the same bits.")
@click.option("--checkpoint-every", default="30s", metavar="N|Ns", help="Epochs, or seconds with an s. [30s]")
@options.as_json
def command(
    data: str,
    config: str | None,
    out: str,
    history: str | None,
    resume: bool,
    checkpoint_every: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Train a network on a table, and say how good it is.

    DATA is a file (CSV, TSV, JSON lines, Parquet, or MNIST's idx files or their folder) or the name of an
    embedded set (see "chainrule data").

    Ctrl-C stops after the batch: the model as it is then (with --validation the best so far) is saved and
    measured, --resume can go on, and the exit code is 130.
    """
    from chainrule.engines.choose import check_engine
    from chainrule.learning.runfile import read_run

    choices = read_choices(given, read_run(config) if config else {})
    engine = choices.pop("engine", "auto")
    check_engine(engine)
    keeper = _keeper(out, checkpoint_every)
    outputs = {"--out": out, "--history": history, "the checkpoint": str(keeper.path)}
    options.check_outputs(outputs, (data, config, str(choices.get("test") or "")))
    if _is_perceptron(choices):
        if history or resume:
            option = "--history" if history else "--resume"
            raise ConfigError(f"the perceptron rule keeps no history and no checkpoints: leave out {option}")
        from chainrule.cli.perceptron import train_on_table

        train_on_table(data, choices, out, as_json)
        return
    if choices.pop("threshold", None) is not None:
        raise ConfigError("--threshold goes with --rule perceptron: add that, or leave the threshold out")
    if not resume:
        _check_nothing_unfinished(keeper.path)
    from chainrule.learning.tasks import prepare

    made = prepare(data, choices.pop("target", None), **choices)
    # Choices that do not fit together are told before anything is printed.
    made.model.training_derivation()
    if resume and not keeper.path.exists():
        made = replace(made, notes=(*made.notes, "there is no checkpoint to go on from: the run starts anew"))
    if not as_json:
        summary(made, data)
    trained = _train(made, keeper, resume, engine, show=not as_json)
    trained.model.save(out)
    if history:
        from chainrule.files.atomic import replace_file

        replace_file(history, trained.run.history.jsonl().encode())
    if not trained.run.interrupted:
        keeper.path.unlink(missing_ok=True)
    report(trained, made, out, as_json)
    if trained.run.interrupted:
        raise click.exceptions.Exit(130)


def summary(made: Prepared, data: str) -> None:
    """What the data and the network are, before training starts."""
    encoding = made.model.encoding
    assert encoding is not None
    printing.heading("Data", Path(data).name or data)
    parts = ", ".join(f"{count:,} {name}" for name, count in made.rows.items())
    described = encoding.describe()
    shown = [*described[:8], *([f"… and {len(described) - 8} more columns"] if len(described) > 8 else [])]
    printing.facts({"rows": parts, "target": encoding.target.describe(), "columns": "\n".join(shown)})
    for note in made.notes:
        printing.say(f"  note: {note}")
    printing.say()
    network, settings = made.model.network, made.model.settings
    printing.heading("Network", f"{network}: {network.parameter_count:,} parameters")
    reporting.network_table(network)
    printing.facts({"loss": settings.loss.spec, "rule": settings.rule.spec})
    printing.say()


def _train(made: Prepared, keeper: Keeper, resume: bool, engine: str, *, show: bool) -> TableRun:
    from chainrule.cli.progress import progress
    from chainrule.engines import machine
    from chainrule.learning.tasks import train_made

    if show:
        machine.tell = lambda sentence: click.echo(sentence, err=True)

    with progress(made.model.settings.epochs, show=show) as tell:
        try:
            return train_made(made, progress=tell, keeper=keeper, resume=resume, engine=engine)
        except Divergence:
            # It could only be gone on from with the same settings, which diverge again.
            keeper.path.unlink(missing_ok=True)
            raise


def report(trained: TableRun, made: Prepared, out: str, as_json: bool) -> None:
    """The figures, and what to type next."""
    from chainrule.learning.assessment import assess

    run, model = trained.run, trained.model
    parts = {"train": made.train, "validation": made.validation, "test": made.test}
    found = {name: assess(model, data) for name, data in parts.items() if data is not None}
    if as_json:
        printing.print_json(
            {
                **{name: found[name].to_json() if name in found else None for name in parts},
                "rows": trained.rows,
                "seconds": run.seconds,
                "epochs": run.epochs,
                "best_epoch": run.best_epoch,
                "stopped": run.stopped,
                "interrupted": run.interrupted,
                "parameters": model.network.parameter_count,
                "network": str(model.network),
                "classes": model.classes,
                "settings": model.settings.to_json(),
                "model": str(Path(out).absolute()),
                "digest": model.digest,
                "made_with": dict(model.made_with),
                "notes": list(trained.notes),
            }
        )
        return
    epochs = f"{run.epochs} epoch{'' if run.epochs == 1 else 's'}"
    printing.heading("Result", f"{epochs} in {run.seconds:.3g} s; {run.stopped}")
    for note in run.notes:
        printing.say(f"  note: {note}")
    reporting.measures_table({name: each.measures for name, each in found.items()}, trained.rows)
    printing.say()
    part, judged = _judged(found)
    reporting.confusion_table(judged, part)
    reporting.loss_line(run.history)
    printing.say()
    printing.say(f"The model is in {out}. Next, for example:")
    for line in ("info", "show"):
        print(f"  chainrule {line} {out}")
    print(f"  chainrule predict {out} DATA")
    if run.interrupted:
        print("  and the same command with --resume goes on where this run stopped")


def _judged(found: dict[str, Assessment]) -> tuple[str, Assessment]:
    """The part a model is judged by: the test rows where there are some."""
    name = next(part for part in ("test", "validation", "train") if part in found)
    told = {"test": "test rows", "validation": "validation rows", "train": "training rows"}
    return told[name], found[name]


def _keeper(out: str, every: str) -> Keeper:
    from chainrule.learning.checkpoints import Keeper

    matched = re.fullmatch(r"(\d+(?:\.\d+)?)(s?)", every.strip())
    if not matched or float(matched[1]) == 0 or ("." in matched[1] and not matched[2]):
        raise ConfigError(f'--checkpoint-every "{every}": write a number of epochs (10) or seconds (30s)')
    path = Path(f"{out}.checkpoint")
    if matched[2]:
        return Keeper(path, None, float(matched[1]))
    return Keeper(path, int(matched[1]), None)


def _check_nothing_unfinished(checkpoint: Path) -> None:
    """A new run would write over the checkpoint of one that was broken off."""
    from chainrule.files.atomic import quoted

    if checkpoint.exists():
        raise ConfigError(
            f"there is an unfinished run in {quoted(checkpoint)}: add --resume to go on, "
            "or delete it or give another --out to start anew"
        )


def _is_perceptron(choices: dict[str, Any]) -> bool:
    from chainrule.formulas.rules import RULES

    return RULES.find(choices.get("rule", "adam")).name == "perceptron"
