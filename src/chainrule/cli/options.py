"""Options that several commands share."""

from __future__ import annotations

from typing import Any

import click

as_json: Any = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
