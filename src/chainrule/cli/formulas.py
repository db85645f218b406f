"""`chainrule formulas`: the catalogue, one entry of it explained, or an entry computed at a point."""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli import options, printing
from chainrule.cli.deriving import show_derived
from chainrule.cli.explaining import FORMS, Form, catalogue_rows, explain, explain_primitive
from chainrule.cli.points import compute
from chainrule.errors import ConfigError, InvalidInput, unknown
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.catalogue import Catalogue, Entry
from chainrule.formulas.expression import PRIMITIVES
from chainrule.formulas.initialisers import INITIALISERS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.measures import MEASURES
from chainrule.formulas.rules import RULES
from chainrule.formulas.schedules import SCHEDULES

CATALOGUES: dict[str, Catalogue[Any]] = {
    "activation functions": ACTIVATIONS,
    "losses": LOSSES,
    "learning rules": RULES,
    "schedules": SCHEDULES,
    "initialisers": INITIALISERS,
    "measures": MEASURES,
}


@click.command("formulas")
@click.argument("name", required=False)
@click.option(
    "--at", metavar="Z", help="Compute value and slope there: z, or z1,z2,… for softmax, or p,y for a loss."
)
@click.option(
    "--form", type=click.Choice(FORMS), default="text", show_default=True, help="How formulas are written."
)
@click.option("--derive", is_flag=True, help="Derive the slope of an activation or a loss, step by step.")
@options.as_json
def command(name: str | None, at: str | None, form: Form, derive: bool, as_json: bool) -> None:
    """List the formulas, or explain one and compute it at a point.

    NAME is an activation, loss, learning rule, schedule, initialiser or measure, with other parameters
    if you like: "leaky_relu(0.2)".
    """
    if name is None:
        if at is not None or derive:
            asked = "--derive" if derive else "--at"
            raise ConfigError(f"{asked} needs the name of a formula: give one, for example sigmoid")
        _list(form, as_json)
        return
    if derive and at is not None:
        raise ConfigError("--derive writes formulas, and --at computes numbers: give one of them")
    entries = find_entries(name)
    if derive:
        show_derived(entries, name, form, as_json=as_json)
        return
    if at is not None:
        _compute(entries, name, at, as_json)
        return
    explained = [explain(kind, entry, form) for kind, entry in entries]
    if not entries:
        explained = [explain_primitive(PRIMITIVES[name], form)]
    if as_json:
        printing.print_json({"entries": [page.facts for page in explained]})
        return
    for number, page in enumerate(explained):
        if number:
            printing.say()
        page.show()


def find_entries(spec: str) -> list[tuple[str, Entry]]:
    """Every entry of that name or specification with its kind; none where it names a primitive.

    Raises UnknownName, or ConfigError for parameters that no entry of the name takes.

    >>> [kind for kind, _ in find_entries("mae")]
    ['loss', 'measure']
    """
    name = spec.partition("(")[0].strip()
    homes = [catalogue for catalogue in CATALOGUES.values() if name in catalogue]
    if not homes and spec not in PRIMITIVES:
        raise unknown("formula", name, dict.fromkeys(n for home in CATALOGUES.values() for n in home))
    found, problems = [], []
    for catalogue in homes:
        try:
            found.append((catalogue.kind, catalogue.find(spec)))
        except InvalidInput as problem:
            problems.append(problem)
    if problems and not found:
        raise problems[0]
    return found


def _list(form: Form, as_json: bool) -> None:
    rows = {title: catalogue_rows(catalogue, form) for title, catalogue in CATALOGUES.items()}
    if as_json:
        named: dict[str, Any] = {title.replace(" ", "_"): dict(listed) for title, listed in rows.items()}
        printing.print_json(named | {"primitives": list(PRIMITIVES)})
        return
    for title, listed in rows.items():
        printing.heading(title, f"{len(listed)}")
        if form == "text":
            printing.table(["", ""], listed, cut=1)
        else:
            print("\n".join(f"  {name}  {formula}" for name, formula in listed))
        printing.say()
    printing.say(f"They are made of {len(PRIMITIVES)} primitives: {', '.join(PRIMITIVES)}.")
    printing.say()
    printing.say('Try "chainrule formulas sigmoid", or "chainrule formulas sigmoid --at 0.5".')


def _compute(entries: list[tuple[str, Entry]], name: str, at: str, as_json: bool) -> None:
    points = [point for _, entry in entries if (point := compute(entry, at)) is not None]
    if not points:
        raise ConfigError(
            f"{name} is computed by no single number: --at takes an activation function or a loss"
        )
    if as_json:
        printing.print_json({"name": points[0].spec, "at": points[0].results})
        return
    printing.table(points[0].headings, points[0].rows, right=range(len(points[0].headings)))
    if points[0].note:
        printing.say(points[0].note)
