"""Writing machine code: values in several lanes at once, and the text of functions in LLVM's language.

A `Lanes` is a value in the function being written: a vector of 64 bytes worth of numbers, or a single one.
A `Writer` is that function: its instructions, its memory, its loops and branches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chainrule.engines.memory import Memory, Variable
from chainrule.engines.values import BYTES, INTEGER, REAL, VECTOR_BYTES, Lanes, unordered

__all__ = ["BYTES", "INTEGER", "REAL", "VECTOR_BYTES", "Lanes", "Variable", "Writer", "unordered"]


class Writer(Memory):
    """The text of one function `void name(ptr row, ptr numbers, ptr plan)`.

    row:     the row of a program: whole numbers, which are sizes, addresses and places
    numbers: values of shape (), in float64
    plan:    what changes from step to step: which rows of the data are next, …
    """

    def text(self, name: str) -> str:
        """The whole module."""
        body = "\n".join(f"  {line}" if not line.endswith(":") else line for line in self._body)
        entry = "\n".join(f"  {line}" for line in self._entry)
        declared = "\n".join(self._declared.values())
        return (
            f"define void @{name}(ptr noalias %row, ptr %numbers, ptr %plan) {{\nentry:\n{entry}\n"
            f"  br label %begin\nbegin:\n{body}\n  ret void\n}}\n{declared}\n"
        )

    def label(self, name: str) -> str:
        """A name for a place in the code."""
        self._count += 1
        return f"{name}{self._count}"

    def mark(self, label: str) -> None:
        """Here is the place of a label."""
        self._body.append(f"{label}:")

    @contextmanager
    def loop_while(self, condition: Callable[[], Lanes]) -> Iterator[None]:
        """The block as long as a single truth, computed anew each time, holds."""
        test, inside, after = self.label("test"), self.label("inside"), self.label("after")
        self.do(f"br label %{test}")
        self.mark(test)
        self.do(f"br {condition()}, label %{inside}, label %{after}")
        self.mark(inside)
        yield
        self.do(f"br label %{test}")
        self.mark(after)

    @contextmanager
    def loop(self, start: Lanes, stop: Lanes, step: int = 1) -> Iterator[Lanes]:
        """The block for start, start + step, … below stop."""
        index = self.variable(start)
        with self.loop_while(lambda: index.get() < stop):
            now = index.get()
            yield now
            index.set(now + step)

    @contextmanager
    def when(self, condition: Lanes) -> Iterator[None]:
        """The block where a single truth holds."""
        inside, after = self.label("then"), self.label("after")
        self.do(f"br {condition}, label %{inside}, label %{after}")
        self.mark(inside)
        yield
        self.do(f"br label %{after}")
        self.mark(after)

    def blocks(self, count: Lanes, body: Callable[[Lanes, Lanes | None], None]) -> None:
        """body(index, mask) for blocks of lanes: whole ones without a mask, then what is left."""
        whole = count & -self.lanes
        with self.loop(self.whole(0), whole, self.lanes) as index:
            body(index, None)
        with self.when(whole < count):
            body(whole, self.spread(count - whole, self.lanes) > self.counting())
