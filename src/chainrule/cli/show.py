"""`chainrule show`: a worked solution, or the equations of a network's training step."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli import options
from chainrule.cli.workings import give_out
from chainrule.errors import ConfigError
from chainrule.files.atomic import quoted
from chainrule.working.worked import EXAMPLES

if TYPE_CHECKING:
    from chainrule.working.document import Working

_OF_NUMBERS = ("data", "row", "inputs", "targets", "rounding", "notation", "chain", "fused", "passes")
"""The options that say on which numbers, or how, a step is worked."""

NETWORK_FILE = "inputs"
"""A TOML file with this key at its top is a network; one without it is an example."""


@click.command("show")
@click.argument("what", metavar="EXAMPLE|MODEL|FILE.toml")
@click.option("--data", metavar="DATA", help="Work a model's step on rows of this table.")
@click.option("--row", metavar="ROWS", help="Which rows: 3, or 1,4,7, or 2-5. [1]")
@click.option("--x", "inputs", metavar="X", help='Inputs for a network file: "0.5,0.3", samples apart by ;')
@click.option("--y", "targets", metavar="Y", help="The targets that belong to --x.")
@click.option("--entry", metavar="NAME", multiple=True, help='One number only, "w5", "dW1[2,1]", "dW1[i,j]".')
@click.option(
    "--rounding",
    metavar="RULE",
    help='As a pencil does: round:3, truncate:4, significant:3, exact, or "output=truncate:4, slopes=round:3".',
)
@click.option("--notation", metavar="NAME", help="The names to use: chainrule, psyc681, cap4453, comp0087.")
@click.option("--chain", type=click.Choice(["paths", "deltas"]), help="How gradients are written out.")
@click.option("--fused/--no-fused", default=None, help="The loss and the output activation as one.")
@click.option("--passes", type=int, metavar="N", help="Training steps, of a network file or an example.")
@click.option("--rule", metavar="RULE", help='The learning rule, for example "adam(learning_rate=0.01)".')
@click.option("--loss", metavar="LOSS", help="The loss, for example mse.")
@click.option("--equations", is_flag=True, help="The equations only, without numbers.")
@click.option(
    "--format", "form", metavar="FORMAT", help="text, terminal, markdown, latex, html, pdf, json or pytorch."
)
@click.option("--out", metavar="FILE", help="Write there; the ending says the format.")
@click.option("--slides", is_flag=True, help="Open the page as slides.")
@options.as_json
def command(
    what: str,
    as_json: bool,
    form: str | None,
    out: str | None,
    entry: tuple[str, ...],
    slides: bool,
    **asked: Any,
) -> None:
    """Work an example, or a training step of a network, number by number.

    EXAMPLE is one of "chainrule examples", or a file like them. A MODEL is worked on rows of --data, a network
    FILE on --x and --y; without numbers to work on, their equations are printed.
    """
    from chainrule.cli.equations import show_equations

    if Path(what).is_dir():
        raise ConfigError(f"{quoted(what)} is a folder: give a file in it, or the name of an example")
    if asked["rounding"] is not None:
        asked["rounding"] = options.rounding_of(asked["rounding"])
    options.check_outputs({"--out": out}, (what if Path(what).exists() else None, asked["data"]))
    if asked["equations"] or _has_no_numbers(what, asked):
        unused = not asked["equations"] and any(asked[name] is not None for name in _OF_NUMBERS)
        if entry or out or form or slides or unused:
            raise ConfigError(
                "there are no numbers to work on: give --data and --row for a model, --x and --y for a network"
            )
        show_equations(what, rule=asked["rule"], loss=asked["loss"], as_json=as_json)
        return
    workings = _workings(what, entry, asked)
    give_out(workings, "json" if as_json else form, out, slides=slides)


def _has_no_numbers(what: str, asked: dict[str, Any]) -> bool:
    """Whether WHAT is a model or a network, and nothing is given for it to work on."""
    if what in EXAMPLES:
        return False
    ending = Path(what).suffix.lower()
    if ending == ".safetensors":
        return asked["data"] is None
    if ending == ".toml" and _is_network(what):
        return asked["inputs"] is None
    return bool(ending) and ending != ".toml"


def _is_network(path: str) -> bool:
    with suppress(OSError, ValueError):
        stated = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        return NETWORK_FILE in stated
    return True


def _workings(what: str, entry: tuple[str, ...], asked: dict[str, Any]) -> list[Working]:
    ending = Path(what).suffix.lower()
    if ending == ".safetensors":
        step = _of_model(what, asked)
        return [step[name] for name in entry] or [getattr(step, "working", step)]
    working = (
        _of_network(what, asked) if ending == ".toml" and _is_network(what) else _of_example(what, asked)
    )
    return [working[name] for name in entry] or [working]


def _of_example(what: str, asked: dict[str, Any]) -> Working:
    from chainrule.working.works import work_example

    _refuse(
        asked,
        ("data", "row", "inputs", "targets", "rule", "loss"),
        "an example has its own network and numbers",
        ", or change a copy of it (chainrule examples NAME --save FILE)",
    )
    changes = {name: asked[name] for name in ("chain", "passes", "fused") if asked[name] is not None}
    return work_example(what, asked["rounding"], asked["notation"], **changes)


def _of_network(path: str, asked: dict[str, Any]) -> Working:
    from chainrule.learning.networkfile import read_network
    from chainrule.working.works import work

    _refuse(asked, ("data", "row"), "a network file has no table to read: its numbers are --x and --y")
    stated = read_network(path)
    loss = asked["loss"] or stated.loss
    if loss is None:
        _refuse(
            asked, ("targets", "rule", "chain", "fused", "passes"), "a network without a loss takes no step"
        )
    return work(
        stated.network,
        _numbers("--x", asked["inputs"]),
        _numbers("--y", asked["targets"]) if asked["targets"] else None,
        loss=loss,
        rule=asked["rule"] or stated.rule or "gradient_descent",
        rate=stated.rate,
        rounding=asked["rounding"],
        notation=asked["notation"] or "chainrule",
        passes=1 if asked["passes"] is None else asked["passes"],
        chain=asked["chain"],
        fused=asked["fused"] or False,
        title=f"{Path(path).stem}: {stated.network}",
        l2=stated.l2,
        clip_norm=stated.clip_norm,
        clip_value=stated.clip_value,
    )


def _of_model(path: str, asked: dict[str, Any]) -> Any:
    import numpy as np

    from chainrule.engines.engine import Data
    from chainrule.working.recorded import step_of_model

    if asked["rule"] or asked["loss"]:
        raise ConfigError("a model has its own loss and rule: leave --rule and --loss out")
    _refuse(asked, ("inputs", "targets"), "a model is worked on rows of --data")
    _refuse(asked, ("fused", "passes"), "a model's step is worked once, as it was trained")
    if asked["rounding"] is None:
        _refuse(
            asked,
            ("chain",),
            "a model's own numbers are worked as they were computed",
            ", or give --rounding",
        )
    loaded, table = options.load_both(path, asked["data"], {})
    rows = _rows("1" if asked["row"] is None else asked["row"], table.rows)
    taken = table.take(np.array(rows) - 1)
    assert loaded.encoding is not None
    notation = asked["notation"] or "chainrule"
    has_target = loaded.encoding.target.name in taken.names
    if has_target:
        data = loaded.encode(taken, match_labels=True)
    else:
        data = Data(loaded.encoding.features(taken, dtype=loaded.dtype), np.zeros((len(rows), 1)))
    listed = ", ".join(map(str, rows)) if len(rows) <= 5 else f"{rows[0]} to {rows[-1]}"
    title = f"Row{'s' * (len(rows) > 1)} {listed} of {Path(asked['data']).name} through {loaded.network}"
    if asked["rounding"]:
        from chainrule.working.works import work_model

        return work_model(
            loaded, data, asked["rounding"], notation, chain=asked["chain"], targets=has_target, title=title
        )
    return step_of_model(loaded, data, notation, targets=has_target, title=title)


def _option(name: str) -> str:
    """The option by which an argument is given."""
    return f"--{ {'inputs': 'x', 'targets': 'y'}.get(name, name) }"


def _refuse(asked: dict[str, Any], names: tuple[str, ...], why: str, instead: str = "") -> None:
    """Raise ConfigError for the first option given that would be passed over."""
    for name in names:
        if asked[name] is not None:
            raise ConfigError(f"{why}: leave {_option(name)} out{instead}")


def _rows(written: str, count: int) -> list[int]:
    """Row numbers from "3", "1,4,7" or "2-5", counted from 1."""
    rows: list[int] = []
    for part in written.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise ConfigError(f'--row "{written}" names no rows: write for example 3, or 1,4,7, or 2-5')
        if dash and int(last) < int(first):
            raise ConfigError(f'--row "{written}" runs backwards: write {last}-{first}')
        rows += range(int(first), int(last or first) + 1)
    wrong = next((row for row in rows if not 1 <= row <= count), None)
    if wrong is not None or not rows:
        raise ConfigError(f"there is no row {wrong or written}: the table has {count}, counted from 1")
    return rows


def _numbers(option: str, written: str) -> list[list[Any]]:
    """Rows of numbers, kept digit for digit, from "0.5,0.3; 1,0"."""
    from chainrule.engines.rounding import read_number

    rows = [part for part in written.split(";") if part.strip()]
    if not rows:
        raise ConfigError(f'{option} holds no number: write for example {option} "0.5,0.3"')
    return [[read_number(number) for number in row.split(",")] for row in rows]
