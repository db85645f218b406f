"""The colours of charts, for eyes of every kind, on light and on dark ground.

The hues are those of Okabe & Ito 2008 ("Color universal design"), made lighter for dark ground; series are
told apart by the shape of their points as well.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DARK", "LIGHT", "SHADES", "colour_class", "opacity", "style_sheet"]

LIGHT: Mapping[str, str] = {
    "ground": "#ffffff", "ink": "#1a1a1a", "faint": "#555555", "grid": "#e3e3e3", "thin": "#9a9a9a",
    "0": "#0072b2", "1": "#d55e00", "2": "#007d5c", "3": "#b3478b", "4": "#a67400", "5": "#2a93d1",
    "6": "#7a5195", "7": "#4d4d4d",
    "r0": "#fdca26", "r1": "#fba238", "r2": "#f07f4f", "r3": "#de6065", "r4": "#c8437b", "r5": "#ab2494",
    "r6": "#8606a6", "r7": "#5e01a6", "r8": "#350498", "r9": "#0d0887",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "ground": "#15181c", "ink": "#f0f0f0", "faint": "#b5b9be", "grid": "#30353b", "thin": "#7d838a",
    "0": "#56b4e9", "1": "#ff8c42", "2": "#2fc79a", "3": "#e08fc1", "4": "#e6b800", "5": "#9ad4f5",
    "6": "#b79be0", "7": "#c9c9c9",
    "r0": "#f0f921", "r1": "#fdca26", "r2": "#fba238", "r3": "#f07f4f", "r4": "#e16462", "r5": "#d24f8a",
    "r6": "#c04bb0", "r7": "#a950d0", "r8": "#9161e6", "r9": "#7d78f2",
}  # fmt: skip
COLOURS, SHADES = 8, 10
WEAKEST, STRONGEST = 0.06, 0.30


def colour_class(number: int, shade: float | None = None) -> str:
    """The key of a colour: "3" for the fourth series, "r5" for a place on the scale of shades.

    >>> colour_class(3), colour_class(0, shade=1.0)
    ('3', 'r9')
    """
    if shade is not None:
        return f"r{round(shade * (SHADES - 1))}"
    return str(number % COLOURS)


def opacity(strength: float) -> float:
    """How thickly a cell of a strength from 0 to 1 is painted: never so that points on it cannot be seen."""
    return WEAKEST + (STRONGEST - WEAKEST) * strength


def style_sheet() -> str:
    """The style of every chart: colours as variables that follow the reader's light or dark theme."""
    keys = [key for key in LIGHT if key not in ("ground", "ink", "faint", "grid", "thin")]
    # Each plain colour first, for programs that draw SVG but know no variables.
    colours = "".join(f".cr .c{key}{{color:{LIGHT[key]};color:var(--cr-{key})}}" for key in keys)
    return (
        f".cr{{{_variables(LIGHT)}color-scheme:light dark;font-family:system-ui,-apple-system,'Segoe UI',Roboto,"
        "'Noto Sans',sans-serif;font-size:12px}"
        f"@media (prefers-color-scheme:dark){{.cr{{{_variables(DARK)}}}}}"
        f"{colours}"
        f"{_painted('.ground', 'fill', 'ground')}{_painted('text', 'fill', 'ink')}"
        f"{_painted('.faint', 'fill', 'faint')}"
        ".cr .title{font-size:17px;font-weight:600}.cr .head{font-size:13px;font-weight:600}"
        ".cr .tick{font-size:11px}"
        f"{_painted('.grid', 'stroke', 'grid')}{_painted('.axis', 'stroke', 'thin')}"
        ".cr .grid,.cr .axis{fill:none;stroke-width:1}"
        ".cr .line,.cr .dashed{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}"
        ".cr .dashed{stroke-dasharray:6 4}"
        f".cr .thin{{fill:none;stroke-width:1;opacity:.85}}{_painted('.thin', 'stroke', 'thin')}"
        f".cr .points{{fill:currentColor;stroke-width:.8}}{_painted('.points', 'stroke', 'ground')}"
        ".cr .cells{fill:currentColor;stroke:none}"
        f"{_painted('.arrow', 'stroke', 'ink')}{_painted('.arrow', 'fill', 'ink')}.cr .arrow{{stroke-width:1.8}}"
        f"{_painted('.dot', 'fill', 'ink')}{_painted('.dot', 'stroke', 'ground')}"
        f".cr .note{{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}}{_painted('.note', 'stroke', 'ground')}"
    )


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--cr-{key}:{colour};" for key, colour in colours.items())


def _painted(selector: str, what: str, key: str) -> str:
    return f".cr {selector}{{{what}:{LIGHT[key]};{what}:var(--cr-{key})}}"
