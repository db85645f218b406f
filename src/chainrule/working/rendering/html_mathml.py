"""MathML for a page: made safe, and its numbers and names linked to the lines that made them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from chainrule.formulas.writing import mathml_number, write
from chainrule.working.document import Written

__all__ = ["clean", "equation", "linked", "number_markup"]

_TAGS = (
    "math mrow mi mn mo ms mtext mspace msub msup msubsup mover munder munderover mfrac msqrt mroot mtable mtr "
    "mtd mpadded mphantom mstyle mmultiscripts mprescripts none"
)
_ATTRIBUTES = (
    "stretchy mathvariant accent accentunder displaystyle scriptlevel lspace rspace width height depth form"
)
_MARKUP = re.compile(
    rf'</?(?:{_TAGS.replace(" ", "|")})(?:\s+(?:{_ATTRIBUTES.replace(" ", "|")})="[\w.%+-]*")*\s*/?>'
)
_ENTITY = re.compile(r"&amp;(#x[0-9A-Fa-f]{1,6}|#\d{1,7}|[A-Za-z]{2,8});")
_PLAIN_ENTITY = re.compile(r"&(#x[0-9A-Fa-f]{1,6}|#\d{1,7}|[A-Za-z]{2,8});")
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?")
_SPECIAL = re.compile(r"[<>&\"']")
_CODE = re.compile(r"&#x([0-9A-F]{2,5});")
_ALONE = re.compile(r"<mrow>(<(m[ino])>[^<]*</\2>|<(msub|mfrac)>(?:(?!</?mrow|</\3|<\3).)*</\3>)</mrow>")
# What no name holds, since it is stripped from them: the bounds of a leaf's number.
_OPEN, _SHUT = "\x02", "\x03"
_MARK = re.compile(f"{_OPEN}(\\d+){_SHUT}")


def clean(markup: str) -> str:
    """MathML of which nothing but plain presentation elements are left as markup.

    >>> clean("<mi>w</mi><script>x</script>")
    '<mi>w</mi>&lt;script&gt;x&lt;/script&gt;'
    """
    if not _SPECIAL.search(_PLAIN_ENTITY.sub("", _MARKUP.sub("", markup))):
        return markup
    kept = _MARKUP.findall(markup)
    between = (_ENTITY.sub(r"&\1;", escape(text)) for text in _MARKUP.split(markup))
    return "".join(text + tag for text, tag in zip(between, [*kept, ""], strict=True))


def linked(written: Written, target: Callable[[str], str | None]) -> str:
    """A formula with each of its quantities marked with the id of what made it, in data-to.

    target: key → that id, or None
    """
    if written.tree is None or written.leaf is None:
        return clean(written.mathml)
    leaf = written.leaf
    keys: list[str] = []
    bodies: list[str] = []

    # Marked after its body, since what a body starts with decides whether it is put in brackets.
    def marked(key: str) -> str:
        body = clean(leaf(key, "mathml").replace(_OPEN, "").replace(_SHUT, ""))
        keys.append(key)
        bodies.append(body)
        return f"{body}{_OPEN}{len(keys) - 1}{_SHUT}"

    *marks, rest = _MARK.split(clean(write(written.tree, "mathml", marked)))
    parts: list[str] = []
    for before, number in zip(marks[::2], map(int, marks[1::2]), strict=True):
        anchor, body = target(keys[number]), bodies[number]
        parts.append(before)
        if anchor and before.endswith(body):
            parts[-1] = f'{before.removesuffix(body)}<mrow data-to="{escape(anchor)}">{body}</mrow>'
    return "".join(parts) + rest


def number_markup(written: str) -> str:
    """A printed number as MathML; words, such as nan, as they are.

    >>> number_markup("-0.5"), number_markup("nan")
    ('<mrow><mo>&#x2212;</mo><mn>0.5</mn></mrow>', '<mtext>nan</mtext>')
    """
    return mathml_number(written) if _NUMBER.fullmatch(written) else f"<mtext>{escape(written)}</mtext>"


def _compact(markup: str) -> str:
    """The same in fewer letters, since a page has thousands of formulas."""
    markup = _CODE.sub(lambda found: chr(int(found.group(1), 16)), markup)
    return _ALONE.sub(r"\1", _ALONE.sub(r"\1", markup))


def equation(name: str, rows: Sequence[tuple[str, str]], result: tuple[str, str] | None = None) -> str:
    """An equation of several lines, its relations under one another.

    name: what is on the left; rows: relation and right-hand side; result: relation and printed number
    """
    lines = [*rows]
    if result:
        lines.append((result[0], f'<mrow class="result">{number_markup(result[1])}</mrow>'))
    cells = "".join(
        f"<mtr><mtd>{name if place == 0 else ''}</mtd><mtd><mo>{relation}</mo></mtd><mtd>{right}</mtd></mtr>"
        for place, (relation, right) in enumerate(lines)
    )
    return f'<math displaystyle="true"><mtable>{_compact(cells)}</mtable></math>'
