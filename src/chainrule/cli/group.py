"""A group of commands that knows them by a table, and imports only the one that is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from chainrule.errors import unknown

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """table: command → its one-line help, in the order of `--help`; `<modules><name>` holds it as `command`.

    modules: what goes before a command's name in the name of its module; kind: what to call an unknown one
    """

    def __init__(
        self,
        *arguments: Any,
        table: Mapping[str, str],
        modules: str,
        kind: str = "command",
        **settings: Any,
    ) -> None:
        super().__init__(*arguments, **settings)
        self.table, self.modules, self.kind = table, modules, kind

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        command: click.Command = import_module(f"{self.modules}{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.table and not args[0].startswith("-"):
            raise unknown(self.kind, args[0], self.table)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))
