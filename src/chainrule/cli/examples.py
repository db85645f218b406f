"""`chainrule examples`: the worked examples; one of them as its file, printed or saved to be changed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from chainrule.cli import options, printing
from chainrule.errors import ConfigError


@click.command("examples")
@click.argument("name", required=False)
@click.option("--save", metavar="FILE.toml", help="Write the example's file there, to be changed.")
@click.option("--force", is_flag=True, help="Replace a file that is there and differs.")
@options.as_json
def command(name: str | None, save: str | None, force: bool, as_json: bool) -> None:
    """List the worked examples, or print one as the file it is.

    Change a copy, and "chainrule show FILE.toml" works it.
    """
    from chainrule.files.atomic import quoted, replace_file
    from chainrule.working.worked import example_path

    if name is None:
        if save is not None or force:
            asked = "--save" if save is not None else "--force"
            raise ConfigError(f"{asked} needs the name of an example: give one, for example psyc681-2-2-1")
        _list(as_json)
        return
    if force and save is None:
        raise ConfigError("--force is for a file to be saved: give --save FILE.toml as well, or leave it out")
    file = example_path(name)
    if save is not None:
        options.check_outputs({"--save": save}, [str(file)])
        if not force:
            _keep_edited(Path(save), file)
        replace_file(save, file.read_bytes())
    if as_json:
        printing.print_json(_summary(name, file) | {"file": file.read_text("utf-8")} | _saved(save))
    elif save is not None:
        printing.say(f"{name} is in {quoted(save)}: change it there, and work it with the show command.")
    else:
        click.echo(file.read_text("utf-8"), nl=False)


def _keep_edited(place: Path, file: Path) -> None:
    """Refuse to write over a file that somebody may have changed. Raises ConfigError."""
    from chainrule.files.atomic import quoted

    with suppress(FileNotFoundError):
        if place.read_bytes() != file.read_bytes():
            raise ConfigError(
                f"--save {quoted(place)} is there already, and differs from the example: give another name, or "
                "--force to replace it"
            )


def _list(as_json: bool) -> None:
    from chainrule.working.worked import example_names, example_path

    listed = [_summary(name, example_path(name)) for name in example_names()]
    if as_json:
        printing.print_json({"examples": listed})
        return
    for each in listed:
        printing.heading(each["name"])
        printing.say(printing.indented(f"{each['title']}\n{each['source']}"))
    printing.say()
    printing.say('Try "chainrule show psyc681-2-2-1", or "chainrule examples softmax --save mine.toml".')


def _summary(name: str, file: Path) -> dict[str, Any]:
    import tomllib

    table = tomllib.loads(file.read_text("utf-8"))
    return {"name": name, "title": table["title"], "source": table["source"]}


def _saved(save: str | None) -> dict[str, str]:
    return {"saved": save} if save is not None else {}
