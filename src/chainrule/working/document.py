"""A working as a document: phases of steps, each with its formula, the numbers put in, and the result.

Nothing here computes or renders: a `Working` is made by `chainrule.working.building` and lowered by the
renderers (text, Markdown, LaTeX, HTML, JSON, PDF).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from chainrule.derivation.lines import Phase as PhaseName
from chainrule.errors import InvalidInput
from chainrule.formulas.expression import Expression
from chainrule.formulas.writing import Form, write

if TYPE_CHECKING:
    from chainrule.working.certificate import Certificate
    from chainrule.working.rendering.drawing import Drawing

__all__ = ["EntryTemplate", "Given", "MatrixStep", "Name", "Phase", "Step", "Working", "Written"]


LETTERS = "algebra"
"""What "computed" a working in letters."""


@dataclass(frozen=True)
class Name:
    """A name in the three written forms."""

    text: str
    latex: str
    mathml: str

    @classmethod
    def later(cls, make: Callable[[Form], str]) -> Name:
        """A name whose forms are made when they are first asked for: a wide layer has a thousand names."""
        name = object.__new__(cls)
        object.__setattr__(name, "_make", make)
        return name

    def __getattr__(self, form: str) -> str:
        make: Callable[[str], str] | None = self.__dict__.get("_make")
        if make is None or form not in ("text", "latex", "mathml"):
            raise AttributeError(f"a name has no {form}")
        written = make(form)
        object.__setattr__(self, form, written)
        return written

    def form(self, form: Form) -> str:
        """One of them."""
        return str(getattr(self, form))


@dataclass(frozen=True, eq=False)
class Written:
    """A formula that is written out when a renderer asks for it.

    make: the form → what is written; tree, leaf: what it is written from, for renderers that link its parts
    """

    make: Callable[[Form], str]
    tree: Expression | None = None
    leaf: Callable[[str, Form], str] | None = None

    @classmethod
    def of(cls, tree: Expression, leaf: Callable[[str, Form], str]) -> Written:
        """A tree over keys; leaf: key and form → what is written for it."""
        return cls(lambda form: write(tree, form, lambda key: leaf(key, form)), tree, leaf)

    def form(self, form: Form) -> str:
        """As text, LaTeX or MathML."""
        return str(getattr(self, form))

    @cached_property
    def text(self) -> str:
        return self.make("text")

    @cached_property
    def latex(self) -> str:
        return self.make("latex")

    @cached_property
    def mathml(self) -> str:
        return self.make("mathml")


@dataclass(frozen=True, eq=False)
class Step:
    """One printed line of a working.

    key:     what it is known by, in links and in JSON (W1[1,2]@2)
    name:    in the working's notation
    arrow:   "=", or "←" where a parameter is given a new value
    call:    the formula by name, σ(z1) or ∂C/∂o1 · ∂o1/∂z3 · ∂z3/∂w5, where that says more
    formula, numbers: the formula, and the same with the printed numbers put in (none in a working in
             letters, where the result is empty)
    result:  the number as printed; exact: whether it is precisely what the printed numbers come to
    value:   the number that later lines go on with
    kind:    the group it belongs to (weighted sums, slopes, updates, …)
    uses:    the keys of the numbers put in
    """

    key: str
    name: Name
    arrow: Literal["=", "←"]
    call: Written | None
    formula: Written
    numbers: Written | None
    result: str
    exact: bool
    value: float
    reason: str
    kind: str
    uses: tuple[str, ...]

    @property
    def relation(self) -> Literal["=", "≈"]:
        """What stands between the numbers and the result."""
        return "=" if self.exact else "≈"


@dataclass(frozen=True)
class EntryTemplate:
    """How any entry of a matrix line is written out, as text with places for other entries.

    terms: pieces joined by " + ", each either once or for every value of an index. In a piece, {x[i,k]}
           is a place for the name, or the number, of that entry; i and j are the entry's own row and column
    sums:  index letter → how many values it takes, counted from 1; a piece that uses it is repeated
    """

    terms: tuple[str, ...]
    sums: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class MatrixStep:
    """A whole line of a derivation, where its entries are too many to be steps of their own.

    symbol:  of the derivation, by which templates name it; shape: its sizes
    name, formula: in the working's notation, as matrices
    values:  rows of printed numbers; a single row for a vector, a single number for a number
    entry:   how an entry opens, or None where that cannot be said in one sum
    """

    key: str
    symbol: str
    name: Name
    arrow: Literal["=", "←"]
    formula: Written
    shape: tuple[int, ...]
    values: tuple[tuple[str, ...], ...]
    reason: str
    kind: str
    uses: tuple[str, ...]
    entry: EntryTemplate | None = None


@dataclass(frozen=True, eq=False)
class Phase:
    """A phase of a training step: feedforward, loss, backpropagation or update.

    number: of the pass it belongs to, from 1
    """

    name: PhaseName
    title: str
    number: int
    steps: tuple[Step | MatrixStep, ...]


@dataclass(frozen=True)
class Given:
    """A number, or a matrix, that a working starts from.

    written: the number, or a matrix's sizes
    symbol, values: of a matrix, as in a `MatrixStep`
    """

    key: str
    name: Name
    written: str
    symbol: str = ""
    values: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class Working:
    """A worked solution: what is given, and every step in its phase.

    heading: what is worked, line by line; source: where it is taught
    policy:  how the numbers are rounded, in a sentence; by: what computed them
    lookup:  an entry's name → the working of that entry alone
    script:  makes the PyTorch script that takes the same step, where there is a network
    """

    title: str
    heading: tuple[str, ...]
    given: tuple[Given, ...]
    phases: tuple[Phase, ...]
    policy: str
    by: str
    notation: str
    explanation: str = ""
    source: str = ""
    certificate: Certificate | None = None
    drawing: Drawing | None = None
    lookup: Callable[[str], Working] | None = field(default=None, repr=False)
    script: Callable[[], str] | None = field(default=None, repr=False)

    @property
    def steps(self) -> tuple[Step | MatrixStep, ...]:
        """All steps in order."""
        return tuple(step for phase in self.phases for step in phase.steps)

    @property
    def passes(self) -> int:
        """How many training steps are worked."""
        return max((phase.number for phase in self.phases), default=1)

    @property
    def value(self) -> float:
        """The number that the last step comes to."""
        return self._last.value

    @property
    def result(self) -> str:
        """The last step's result as printed."""
        return self._last.result

    @property
    def _last(self) -> Step:
        last = self.steps[-1]
        if not isinstance(last, Step):
            raise InvalidInput(
                f"{last.name.text} is a matrix of {len(last.values)} rows: ask for one entry, such as "
                f'working["{last.symbol}[{",".join("1" for _ in last.shape)}]"]'
            )
        return last

    def __getitem__(self, name: str) -> Working:
        """How one entry comes about: `working["dW1[2,1]"]`, or in letters `working["dW1[i,j]"]`.

        Raises UnknownName for a name that is none of the working's.
        """
        assert self.lookup is not None
        found = self.lookup(name)
        # Letters have no numbers to certify.
        return found if found.by == LETTERS else replace(found, certificate=self.certificate)

    def __contains__(self, name: object) -> bool:
        """Whether there is a number of that name: `"w5" in working`."""
        if not isinstance(name, str) or self.lookup is None:
            return False
        try:
            self.lookup(name)
        except InvalidInput:
            return False
        return True

    def __iter__(self) -> Iterator[Step | MatrixStep]:
        return iter(self.steps)

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        from chainrule.working.rendering.text import render_text

        return render_text(self)

    def __repr__(self) -> str:
        return f"<Working: {self.title}, {len(self.steps)} steps>"

    def render(self, format: str = "text", **options: Any) -> str | bytes:
        """The working in a format: text, markdown, latex, json, html, pdf (bytes) or pytorch.

        options: of the format, such as width=60 for text, document=True for LaTeX, slides=True for a page
        """
        from chainrule.working.rendering.renderers import render

        return render(self, format, **options)

    def _repr_markdown_(self) -> str:
        """As notebooks show it."""
        return str(self.render("markdown"))

    def to_json(self) -> dict[str, Any]:
        """The working as JSON values."""
        from chainrule.working.rendering.jsonform import as_json

        return as_json(self)
