"""A derivation told as a lecture would: phases, equations, shapes, reasons."""

from __future__ import annotations

from chainrule.derivation.lines import PHASES, Derivation, Line, Phase, shape_text
from chainrule.formulas.expression import Apply, Symbol
from chainrule.formulas.writing import number_text, symbol_text

TITLES: dict[Phase, str] = {
    "feedforward": "Feedforward: compute the outputs",
    "loss": "Loss: measure the error",
    "backpropagation": "Backpropagation: how each quantity changes the loss",
    "update": "Update: change the parameters",
}


def tell(derivation: Derivation) -> str:
    """The whole derivation as text."""
    parts = [_heading(derivation)]
    for number, phase in enumerate((p for p in PHASES if derivation.phase(p)), start=1):
        parts.append(f"{number}. {TITLES[phase]}")
        lines = derivation.phase(phase)
        parts.append(_update(derivation, lines) if phase == "update" else _equations(lines))
    return "\n\n".join(parts)


def _heading(derivation: Derivation) -> str:
    sizes = ", ".join(f"{letter} = {size}" for letter, size in derivation.sizes.items())
    told = [f"{derivation.network}", f"Sizes: B samples at a time, {sizes}."]
    if derivation.constants:
        values = (f"{symbol_text(name)} = {number_text(v)}" for name, v in derivation.constants.items())
        told.append(f"Constants: {', '.join(values)}.")
    frozen = [p.name for p in derivation.network.parameters if p.frozen]
    if frozen and derivation.rule:
        told.append(f"Frozen, so without gradient or update: {', '.join(frozen)}.")
    return "\n".join(told)


def _equations(lines: tuple[Line, ...] | list[Line]) -> str:
    width = min(64, max(len(_equation(line)) for line in lines) + 2)
    return "\n".join(
        f"   {_equation(line):<{width}} {shape_text(line.shape)}\n        {line.reason}" for line in lines
    )


def _equation(line: Line) -> str:
    """The formula, with the name of what is applied where the name says more than the formula."""
    tree = line.tree
    letter = line.symbol.rstrip("0123456789")
    if letter == "a" and line.phase == "feedforward" and not isinstance(tree, Symbol):
        arguments = ", ".join(map(symbol_text, line.arguments))
        called = f"{line.definition.name}({arguments})"
        if not (isinstance(tree, Apply) and f"{symbol_text(line.symbol)} = {called}" == line.formula):
            return line.formula.replace(" = ", f" = {called} = ", 1)
    return line.formula


def _update(derivation: Derivation, lines: tuple[Line, ...]) -> str:
    """The rule once, for the first parameter, where all the others are changed alike."""
    order = [p.name for p in derivation.trained if any(line.of == p.name for line in lines)]
    made = {name: [line.definition for line in lines if line.of == name] for name in order}
    alike = [name for name in order[1:] if made[name] == made[order[0]]]
    told = _equations([line for line in lines if line.of not in alike])
    return told + (f"\n   and likewise for {', '.join(map(symbol_text, alike))}" if alike else "")
