"""A chart as one self-contained web page: its panels side by side, or one below the other on a phone."""

from __future__ import annotations

from html import escape

from chainrule.working.charts.chart import Chart
from chainrule.working.charts.palette import DARK, LIGHT
from chainrule.working.charts.svg import panel_svg

__all__ = ["page"]


def page(chart: Chart) -> str:
    """The page: no scripts, nothing loaded from anywhere, readable without seeing the drawing."""
    alone = len(chart.panels) == 1
    drawn = "".join(
        f"<div>{panel_svg(panel, chart.title, f'panel-{number}', alone=alone).rstrip()}</div>\n"
        for number, panel in enumerate(chart.panels, start=1)
    )
    most = "" if alone else ".panels svg{max-width:34rem!important}\n"
    wide = "100%" if alone else "min(100%, 21rem)"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(chart.title)}</title>\n"
        "<style>\n"
        ":root{color-scheme:light dark}\n"
        f"body{{margin:0 auto;padding:1rem;max-width:60rem;background:{LIGHT['ground']};color:{LIGHT['ink']};"
        "font:1rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\n"
        f".panels{{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax({wide},1fr))}}\n"
        f".panels svg{{display:block;width:100%;height:auto;margin:auto}}\n{most}"
        f"@media (prefers-color-scheme:dark){{body{{background:{DARK['ground']};color:{DARK['ink']}}}}}\n"
        "</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(chart.title)}</h1>\n<p>{escape(chart.subtitle)}</p>\n"
        f'<div class="panels">\n{drawn}</div>\n</main>\n</body>\n</html>\n'
    )
