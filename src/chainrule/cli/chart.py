"""`chainrule chart`: list the charts, or draw one as SVG, HTML, PNG or PDF."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli import options, printing
from chainrule.errors import ConfigError
from chainrule.files.atomic import quoted, replace_file

if TYPE_CHECKING:
    from chainrule.working.charts.catalogue import Offered
    from chainrule.working.charts.chart import Chart

ENDINGS = (".svg", ".html", ".png", ".pdf")


@click.command("chart")
@click.argument("name", required=False)
@click.option("--out", metavar="FILE", help="Write the chart there: .svg, .html, .png or .pdf.")
@click.option("--model", metavar="MODEL", help="Draw a trained model in place of the example.")
@click.option("--data", metavar="DATA", help="The table that a decision boundary is drawn over.")
@click.option(
    "--seed", type=click.IntRange(min=0), help="Of the example's data and first weights.  [default: 0]"
)
@options.table_options
@options.as_json
def command(
    name: str | None,
    out: str | None,
    model: str | None,
    data: str | None,
    seed: int | None,
    as_json: bool,
    **reading: Any,
) -> None:
    """List the charts, or draw one.

    Each chart has an example of its own. loss_curve and gradient_norms also draw a model's history, and
    decision_boundary what a model of two inputs decides. Without --out the SVG is printed where standard
    output is a file or a pipe. PNG and PDF need the plots extra.
    """
    from chainrule.working.charts.catalogue import CHARTS, find_chart

    if name is None:
        given = {"--out": out, "--model": model, "--data": data, "--seed": seed}
        for option, value in given.items():
            if value is not None:
                raise ConfigError(f"{option} needs the name of a chart: give one, for example loss_curve")
        _list(list(CHARTS.values()), as_json)
        return
    offered = find_chart(name)
    ending = _ending(offered, out, as_json)
    options.check_outputs({"--out": out}, [model, data])
    chart = _made(offered, model, data, seed, reading)
    if as_json:
        printing.print_json(_json(offered, chart, out))
    if out is None:
        if not as_json:
            print(written(chart, ending).decode(), end="")
        return
    replace_file(out, written(chart, ending))
    if not as_json:
        printing.say(f"The chart {offered.name} is in {quoted(out)}.")


def _ending(offered: Offered, out: str | None, as_json: bool) -> str:
    if out is None:
        if sys.stdout.isatty() and not as_json:
            raise ConfigError(
                f"a chart does not show on a terminal: name a file for it, --out {offered.name}.svg"
            )
        return ".svg"
    if Path(out).is_dir():
        raise ConfigError(f"--out {quoted(out)} is a folder: give the name of a file in it")
    ending = Path(out).suffix.lower()
    if ending not in ENDINGS:
        raise ConfigError(f"{quoted(out)} is no kind of chart: give a name that ends in {', '.join(ENDINGS)}")
    return ending


def _made(
    offered: Offered, model: str | None, data: str | None, seed: int | None, reading: dict[str, Any]
) -> Chart:
    """The chart: of its example, or of a model."""
    if model is None:
        if data is not None or any(value is not None for value in reading.values()):
            raise ConfigError("a table is drawn together with a model trained on it: give --model as well")
        if seed is not None and not offered.random:
            raise ConfigError(f"{offered.name} draws nothing by chance: leave --seed out")
        return offered.function(**({"seed": seed or 0} if offered.random else {}))
    if offered.reads == "nothing":
        raise ConfigError(f"{offered.name} draws an example of its own: leave --model out")
    if seed is not None:
        raise ConfigError("a model has nothing left to chance: leave --seed out")
    if offered.reads == "history":
        from chainrule.learning.model import Model

        if data is not None:
            raise ConfigError(f"{offered.name} draws the model's own history: leave --data out")
        return offered.function(Model.load(model).history)
    if data is None:
        raise ConfigError(f"{offered.name} needs the table whose rows it draws: give --data")
    return offered.function(*options.load_both(model, data, reading))


def written(chart: Chart, ending: str) -> bytes:
    """The chart as a file of that kind."""
    if ending == ".svg":
        from chainrule.working.charts.svg import svg

        return svg(chart).encode()
    if ending == ".html":
        from chainrule.working.charts.page import page

        return page(chart).encode()
    from chainrule.working.charts.matplotlib import image

    return image(chart, ending[1:])


def _list(charts: list[Offered], as_json: bool) -> None:
    if as_json:
        listed = [{"name": c.name, "about": c.about, "reads": c.reads, "random": c.random} for c in charts]
        printing.print_json({"charts": listed})
        return
    printing.table(["chart", "shows"], [[offered.name, offered.about] for offered in charts])
    printing.say()
    printing.say('Try "chainrule chart vanishing_gradients --out vanishing.html".')


def _json(offered: Offered, chart: Chart, out: str | None) -> dict[str, Any]:
    """The chart's numbers, as JSON values."""
    from dataclasses import asdict

    return {"name": offered.name, **asdict(chart), **({"out": out} if out is not None else {})}
