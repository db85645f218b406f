"""A working as typst source: pages with its phases, from which the PDF is set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chainrule.working.document import Given, MatrixStep, Step, Working
from chainrule.working.rendering.equations import facts, groups, number_form, sentence, sides
from chainrule.working.rendering.typst_maths import quoted, typst_maths

__all__ = ["typst_source"]

MATRIX_ROWS, MATRIX_COLUMNS = 8, 7
# Fonts are those that typst brings; without a date the same working gives the same bytes.
PREAMBLE = """\
#set document(title: {title}, date: none)
#set page(
  paper: "a4",
  margin: (x: 22mm, top: 22mm, bottom: 20mm),
  footer: context {{
    set text(8pt, fill: luma(45%))
    grid(columns: (1fr, auto), {title}, counter(page).display("1 / 1", both: true))
  }},
)
#set text(font: "Libertinus Serif", size: 10.5pt, lang: "en")
#set par(leading: 0.62em, spacing: 0.9em)
#show math.equation: set text(
  font: "New Computer Modern Math", top-edge: "bounds", bottom-edge: "bounds",
)

#let ink = rgb("#1b4f8a")
#let margin = 6mm
#let phase(number, title) = block(
  above: 1.9em, below: 1em, width: 100%, sticky: true,
  stroke: (bottom: 0.6pt + ink), inset: (bottom: 4pt),
  text(12.5pt, weight: "bold", fill: ink, title) + h(1fr) + text(9pt, fill: luma(45%), number),
)
#let fact(label, told) = if label == "" {{ (grid.cell(colspan: 2, told),) }} else {{
  (text(fill: luma(40%), label), told)
}}
#let reason(told) = block(
  above: 1.4em, below: 0.9em, sticky: true, text(style: "italic", fill: luma(30%), told),
)
#let result(body) = text(fill: ink, body)
#let side(relation, body) = h(0.4em) + box(width: 0.9em, align(center, relation)) + h(0.4em) + body
#let line(width, name, body) = block(
  above: 0.75em, below: 0.75em, inset: (left: margin),
  par(hanging-indent: width + 2.9em, box(width: width, align(right, name)) + body),
)
// Steps are on one line each where all of them fit, and otherwise have a line for each side.
#let group(..steps) = layout(size => {{
  let steps = steps.pos()
  let width = calc.max(..steps.map(step => measure(step.name).width))
  let room = size.width - margin - width
  let on-one-line = steps.all(step => measure(step.sides.join()).width <= room)
  for step in steps {{
    if on-one-line {{
      line(width, step.name, step.sides.join())
    }} else {{
      block(above: 1.1em, below: 1.1em, breakable: false, {{
        for (number, side) in step.sides.enumerate() {{
          line(width, if number == 0 {{ step.name }}, side)
        }}
      }})
    }}
  }}
}})
"""
RELATIONS = {"=": "$eq$", "≈": "$approx$", "←": "$arrow.l$"}


def typst_source(working: Working, *, reasons: bool = True) -> str:
    """The source; reasons: whether the lines' reasons are told."""
    return "\n".join([PREAMBLE.format(title=quoted(working.title)), *_parts(working, reasons)]) + "\n"


def _parts(working: Working, reasons: bool) -> Iterator[str]:
    yield f'#block(below: 1.5em, text(19pt, weight: "bold", {quoted(working.title)}))'
    stated = ", ".join(f"..fact({quoted(label)}, {quoted(text)})" for label, text in facts(working))
    yield f"#grid(columns: (auto, 1fr), column-gutter: 1.2em, row-gutter: 0.55em, {stated})"
    yield "#v(0.5em)"
    for paragraph in working.explanation.strip().split("\n\n"):
        if paragraph:
            yield f"#par(justify: true, {quoted(' '.join(paragraph.split()))})"
    if working.given:
        yield f"#phase(none, {quoted('Given')})"
        yield _givens(working.given)
    for phase, members in groups(working, reasons=reasons):
        number = quoted(f"Pass {phase.number}") if working.passes > 1 else "none"
        yield f"#phase({number}, {quoted(phase.title)})"
        for group in members:
            if group.reason:
                yield f"#reason({quoted(sentence(group.reason))})"
            told = [_matrix(step) if isinstance(step, MatrixStep) else _step(step) for step in group.steps]
            yield "\n".join(["#group(", *told, ")"])
    yield "#v(1em)"
    if working.source:
        yield f"#par(text(9pt, {quoted('Source: ' + working.source)}))"
    if working.certificate:
        yield f"#par(text(9pt, fill: luma(30%), {quoted(working.certificate.written)}))"


def _maths(mathml: str) -> str:
    return f"$display({typst_maths(mathml)})$"


def _givens(given: Sequence[Given]) -> str:
    """The numbers one starts from, as many on a line as fit."""
    return f"#par(leading: 0.9em, ({', '.join(map(_given, given))},).join(h(1.6em, weak: true) + [ ]))"


def _given(given: Given) -> str:
    name = typst_maths(given.name.mathml)
    if not given.values:
        return f"box(${name} eq {typst_maths(number_form(given.written, 'mathml'))}$)"
    return f"box(${name}$ + text(fill: luma(40%), {quoted(f' ({given.written})')}))"


def _step(step: Step) -> str:
    told = []
    for side in sides(step):
        maths = _maths(side.written.mathml)
        shown = f"result({maths})" if side.role == "result" else maths
        told.append(_side(side.relation, shown))
    return _named(step, told)


def _side(relation: str, shown: str) -> str:
    return f"    side({RELATIONS[relation]}, {shown}),"


def _named(step: Step | MatrixStep, told: Sequence[str]) -> str:
    return "\n".join([f"  (name: {_maths(step.name.mathml)}, sides: (", *told, "  )),"])


def _matrix(step: MatrixStep) -> str:
    """A whole matrix: its formula and shape, and as many of its numbers as fit a page."""
    columns = len(step.values[0]) if step.values else 0
    cut = columns > MATRIX_COLUMNS or (bool(step.shape) and step.shape[-1] > columns)
    rows = [
        [typst_maths(number_form(number, "mathml")) for number in row[:MATRIX_COLUMNS]] + ["dots.h"] * cut
        for row in step.values[:MATRIX_ROWS]
    ]
    if len(step.values) > MATRIX_ROWS or (len(step.shape) > 1 and step.shape[0] > len(step.values)):
        rows.append(["dots.v"] * len(rows[0]))
    numbers = f'mat(delim: "(", {"; ".join(map(", ".join, rows))})' if step.shape else rows[0][0]
    shape = quoted(" × ".join(map(str, step.shape)))
    shown = f"text(7.5pt, $display({numbers})$) + h(1em) + text(9pt, fill: luma(40%), {shape})"
    return _named(step, [_side(step.arrow, _maths(step.formula.mathml)), _side("=", shown)])
