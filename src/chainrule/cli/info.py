"""`chainrule info`: what a model file holds."""

from __future__ import annotations

import click

from chainrule.cli import options, printing, reporting


@click.command("info")
@click.argument("model")
@options.as_json
def command(model: str, as_json: bool) -> None:
    """Print what a model is: its network, its columns, how it was trained and what came of it."""
    from chainrule.learning.model import Model

    loaded = Model.load(model)
    if as_json:
        facts = {
            "parameters": loaded.network.parameter_count,
            "digest": loaded.digest,
            "classes": loaded.classes,
        }
        printing.print_json({**loaded.header(), **facts})
        return
    network, settings, history = loaded.network, loaded.settings, loaded.history
    printing.heading("Network", f"{network}: {network.parameter_count:,} parameters")
    reporting.network_table(network)
    printing.say()
    if loaded.encoding is not None:
        printing.heading("Columns", f"{network.inputs} inputs from {len(loaded.encoding.columns)} columns")
        printing.facts(
            {"target": loaded.encoding.target.describe(), "inputs": "\n".join(loaded.encoding.describe())}
        )
        printing.say()
    printing.heading("Training", f"{len(history) or settings.epochs} epochs")
    usual = {"loss", "rule", "epochs", "batch", "seed", "dtype"}
    chosen = {k: v for k, v in settings.to_json().items() if k in usual or v not in (None, 0.0, [], True)}
    printing.facts({name: str(value) for name, value in chosen.items()})
    reporting.loss_line(history)
    if len(history):
        last = history[-1]
        told = {name: f"{value:.4g}" for name, value in last.measures.items()}
        norms = ", ".join(f"{norm:.3g}" for norm in last.gradient_norms)
        printing.facts({"last epoch": f"loss {last.loss:.4g}", **told, "gradient norms": norms})
    printing.say()
    printing.heading("Made with")
    printing.facts({name: str(value) for name, value in loaded.made_with.items()} | {"digest": loaded.digest})
