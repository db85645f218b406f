"""Catalogues: named entries, found by name, configured in writing ("leaky_relu(alpha=0.2)")."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, Generic, Self, TypeVar, cast

from chainrule.errors import ConfigError, InvalidInput, unknown


@dataclass(frozen=True, eq=False, repr=False)
class Entry:
    """What every catalogue entry has: a name, parameters with their values, and where it comes from."""

    name: str
    parameters: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    source: str = field(default="", kw_only=True)
    strengths: str = field(default="", kw_only=True)
    weaknesses: str = field(default="", kw_only=True)

    def __call__(self, *values: float, **named: Any) -> Self:
        """The same entry with other parameter values, by position or by name.

        >>> from chainrule.formulas.activations import leaky_relu
        >>> leaky_relu(alpha=0.2).spec
        'leaky_relu(alpha=0.2)'
        """
        known = tuple(self.parameters)
        if len(values) > len(known):
            raise ConfigError(
                f"{self.name} takes {len(known)} parameter{'s' * (len(known) != 1)} "
                f"({', '.join(known) or 'none'}), not {len(values)}: leave the others out"
            )
        given = dict(zip(known, values, strict=False)) | named
        for name, value in given.items():
            if name not in self.parameters:
                raise unknown(f"parameter of {self.name}", name, known)
            self._check(name, value)
        plain = {name: int(v) if isinstance(v, Integral) else float(v) for name, v in given.items()}
        return replace(self, parameters=MappingProxyType({**self.parameters, **plain}))

    def __getstate__(self) -> dict[str, Any]:
        # A read-only view of a dict can be neither pickled nor copied.
        return {**self.__dict__, "parameters": dict(self.parameters)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, parameters=MappingProxyType(state["parameters"]))

    def _check(self, name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, Real) or value != value:
            raise ConfigError(f"{name} of {self.name} must be a number, not {value!r}: give a number")

    @property
    def spec(self) -> str:
        """The entry in writing, as `find` reads it."""
        written = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{self.name}({written})" if written else self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.spec}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.spec == other.spec

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.spec))


E = TypeVar("E", bound=Entry)


class Catalogue(Mapping[str, E], Generic[E]):
    """The entries of one kind, by name; aliases find an entry but are not listed."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, E] = {}
        self._aliases: dict[str, str] = {}

    def register(self, entry: E, aliases: tuple[str, ...] = ()) -> E:
        """Add an entry; a name that is taken is refused, so that nothing is replaced unseen."""
        for name in (entry.name, *aliases):
            if not name.isidentifier():
                raise InvalidInput(
                    f'"{name}" cannot be the name of {_a(self.kind)}: use letters, digits and underscores'
                )
            if name in self._entries or name in self._aliases:
                raise InvalidInput(f'there is {_a(self.kind)} called "{name}" already: choose another name')
        self._entries[entry.name] = entry
        self._aliases.update(dict.fromkeys(aliases, entry.name))
        return entry

    def remove(self, name: str) -> None:
        """Take an entry out again (an entry of one's own, in a test or a notebook)."""
        del self._entries[name]
        self._aliases = {alias: of for alias, of in self._aliases.items() if of != name}

    def __getitem__(self, name: str) -> E:
        plain = name.strip().lower().replace("-", "_")
        for spelling in (name, plain):
            found = self._entries.get(self._aliases.get(spelling, spelling))
            if found is not None:
                return found
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, spec: str | E) -> E:
        """The entry for a name or a written specification, or for an entry itself.

        >>> from chainrule.formulas.activations import ACTIVATIONS
        >>> ACTIVATIONS.find("leaky_relu(0.2)").parameters["alpha"]
        0.2
        """
        if not isinstance(spec, str):
            if self._entries and isinstance(spec, type(next(iter(self._entries.values())))):
                entry: E = spec
                return entry
            raise ConfigError(
                f"{_a(self.kind)} is given by name or as an object of the catalogue, not as {spec!r}: "
                f"give for example {next(iter(self), 'its name')!r}"
            )
        name, bracket, _ = spec.strip().partition("(")
        try:
            entry = self[name]
        except KeyError:
            raise unknown(self.kind, name, self, also=self._aliases) from None
        if not bracket:
            return entry
        values, named = _arguments(spec)
        return cast(E, entry(*values, **named))


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _literal(node: ast.expr) -> Any:
    return node.id if isinstance(node, ast.Name) else ast.literal_eval(node)


def _arguments(spec: str) -> tuple[list[float], dict[str, float]]:
    problem = ConfigError(f'"{spec}" cannot be read: write it as name(parameter=number, …)')
    try:
        call = ast.parse(spec.strip().replace("-", "_", spec.partition("(")[0].count("-")), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise problem
        values = [_literal(value) for value in call.args]
        named = {keyword.arg or "**": _literal(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise problem from None
    return values, named
