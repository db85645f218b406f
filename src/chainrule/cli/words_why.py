"""`chainrule words why`: the shared contexts that make two words alike."""

from __future__ import annotations

from dataclasses import asdict

import click

from chainrule.cli import options, printing


@click.command("why")
@click.argument("a", metavar="WORD")
@click.argument("b", metavar="WORD")
@click.option("--counts", required=True, metavar="FILE", help="Counts, as words counts writes them.")
@click.option(
    "--most", type=int, default=10, show_default=True, metavar="N", help="How many contexts to show."
)
@options.as_json
def command(a: str, b: str, counts: str, most: int, as_json: bool) -> None:
    """Tell why two words are alike: the contexts they share, and what each adds to their cosine.

    The cosine is of the words' rows of PPMI, how much more often than by chance each context stands near.
    """
    from chainrule.words.counts_file import load_counts
    from chainrule.words.why import why

    found = why(load_counts(counts), a, b, most)
    if as_json:
        printing.print_json(asdict(found))
        return
    printing.heading(f"{a} and {b}", f"cosine {found.cosine:.3f}, of their PPMI")
    if not found.shared:
        printing.say("They share no context that stands near both more often than by chance.")
        return
    rows = [
        [each.word, f"{each.ppmi_a:.2f}", f"{each.ppmi_b:.2f}", f"{each.adds:.4f}"] for each in found.shared
    ]
    if found.others:
        rows.append([f"{found.others:,} others", "", "", f"{found.others_add:.4f}"])
    rows.append(["together", "", "", f"{found.cosine:.4f}"])
    printing.table(["context", f"PPMI with {a}", f"with {b}", "adds"], rows, right=(1, 2, 3))
