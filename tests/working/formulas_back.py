"""What the renderers print, read back as plain-text formulas, for tests to compare and to multiply out."""

from __future__ import annotations

import re

_OPENING, _CLOSING = "([{", ")]}"


def problem(latex: str) -> str:
    """In LaTeX, the first brace, environment or bracket that is not closed where it should be; "" for none."""
    waiting: list[str] = []
    pattern = (
        r"\\[{}$]|\\begin\{[a-z*]+\}|\\end\{[a-z*]+\}"
        r"|\\left(?!arrow)|\\right(?!arrow)|\\\[(?!\d)|\\\]|[{}]|(?<!\\)\\\\"
    )
    for found in re.finditer(pattern, latex):
        token = found[0]
        if token.startswith(r"\begin"):
            waiting.append(token.replace("begin", "end"))
        elif token in ("{", r"\left", r"\["):
            waiting.append({"{": "}", r"\left": r"\right", r"\[": r"\]"}[token])
        else:
            closes = token in ("}", r"\right", r"\]") or token.startswith(r"\end")
            within_brackets = token == "\\\\" and waiting[-1:] == [r"\right"]
            if within_brackets or (closes and (not waiting or waiting.pop() != token)):
                return latex[max(0, found.start() - 60) : found.end()]
    return "".join(waiting)


def latex_to_text(latex: str) -> str:
    r"""A formula in the LaTeX that chainrule writes, as text: \frac{a}{b} is ((a) / (b))."""
    latex = latex.replace(r"\left", "").replace(r"\right", "").replace(r"\text{not a number}", "not a number")
    latex = re.sub(r"([\d.]+) \\times 10\^\{(-?\d+)\}", r"\1e\2", latex)
    latex = cases_of_latex(latex)
    while r"\frac" in latex:
        start = latex.rindex(r"\frac")
        above, after = _inside(latex, start + len(r"\frac"))
        below, end = _inside(latex, after)
        latex = f"{latex[:start]}(({above}) / ({below})){latex[end:]}"
    while r"\sqrt" in latex:
        start = latex.rindex(r"\sqrt")
        inside, end = _inside(latex, start + len(r"\sqrt"))
        latex = f"{latex[:start]}sqrt({inside}){latex[end:]}"
    latex = re.sub(r"\\(?:mathrm|operatorname|mathsf|hat|textstyle)\b", "", latex)
    latex = latex.replace("^{", "^({").replace(r"\cdot", "·").replace(r"\geq", "≥").replace(r"\leq", "≤")
    latex = re.sub(r"\^\(\{([^{}]*)\}", r"^(\1)", latex)
    latex = re.sub(r"\\([A-Za-z]+)", r"\1", latex)
    return " ".join(latex.replace("{", "").replace("}", "").replace("&", "").split())


def cases_of_latex(latex: str) -> str:
    pattern = re.compile(
        r"\\begin\{cases\} (.*?) & \\text\{if \} (.*?) \\\\ (.*?) & \\text\{otherwise\} \\end\{cases\}"
    )
    return pattern.sub(r"(\1 if \2 else \3)", latex)


def _inside(text: str, start: int) -> tuple[str, int]:
    """What stands in the bracket that opens at `start`, and where it ends."""
    level = 0
    for at in range(start, len(text)):
        level += (text[at] in _OPENING) - (text[at] in _CLOSING)
        if not level:
            return text[start + 1 : at], at + 1
    raise AssertionError(f"a bracket is not closed in {text!r}")


def typst_to_text(source: str) -> str:
    """A formula in the typst mathematics that chainrule writes, as text."""
    source = re.sub(r"\\([(\[|)\]⌊⌋,/:;'^_#])", lambda found: _HIDDEN.get(found[1], found[1]), source)
    source = re.sub(r"([\d.]+) (?:×) attach\(10, t: (- )?(\d+)\)", _power_of_ten, source)
    call = re.compile(rf'(?<![\w"])({"|".join(_CALLS)})(?=\()')
    # The last call has none inside it.
    while matched := list(call.finditer(source)):
        inside, end = _inside(source, matched[-1].end())
        source = source[: matched[-1].start()] + _CALLS[matched[-1][1]](inside) + source[end:]
    for shown, hidden in _HIDDEN.items():
        source = source.replace(hidden, shown)
    source = source.replace("dot.op", "·").replace('"', "").replace(" gt ", " > ").replace(" lt ", " < ")
    spaced = " ".join(re.sub(r"\b(thin|quad)\b", " ", source).split())
    return re.sub(r"(?<=\() | (?=\))", "", spaced)


# Escaped brackets and commas are no brackets of a call.
_HIDDEN = {"(": "\ue000", ")": "\ue001", ",": "\ue002", "[": "\ue003", "]": "\ue004"}


def _power_of_ten(found: re.Match[str]) -> str:
    return f"{found[1]}e{'-' if found[2] else ''}{found[3]}"


def _arguments(inside: str) -> list[str]:
    level, start, found = 0, 0, []
    for at, letter in enumerate(inside):
        level += (letter in _OPENING) - (letter in _CLOSING)
        if letter == "," and not level:
            found.append(inside[start:at])
            start = at + 1
    return [*found, inside[start:]]


def _fraction(inside: str) -> str:
    above, below = _arguments(inside)
    return f"\ue000\ue000{above}\ue001 / \ue000{below}\ue001\ue001"


def _attached(inside: str) -> str:
    base, *scripts = _arguments(inside)
    told = base
    for script in scripts:
        place, _, body = script.strip().partition(": ")
        told += f"^\ue000{body}\ue001" if place == "t" else f" {body}"
    return told


def _cases(inside: str) -> str:
    first, last = _arguments(inside)
    value, condition = first.split(" & quad ")
    condition = condition.replace('"if "', "").replace("eq", "=")
    return f"\ue000{value} if {condition} else {last.split(' & quad ')[0]}\ue001"


_CALLS = {
    "attach": _attached,
    "frac": _fraction,
    "cases": _cases,
    "op": lambda inside: inside,
    "upright": lambda inside: inside,
    "hat": lambda inside: inside,
    "sqrt": lambda inside: f"sqrt\ue000{inside}\ue001",
    "lr": lambda inside: inside,
    "#box": lambda inside: inside.strip("$"),
    "display": lambda inside: inside,
}
