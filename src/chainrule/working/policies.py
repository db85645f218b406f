"""What the names in a rounding policy mean: groups of lines, whole symbols, or single quantities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from chainrule.engines.rounding import Policy, Rounding
from chainrule.errors import ConfigError, InvalidInput, UnknownName, unknown
from chainrule.working.entries import Entry, Quantity
from chainrule.working.names.naming import Namer, namer
from chainrule.working.program import Kind, Lines, ScalarLine

__all__ = ["GROUPS", "Naming", "named_roundings", "names_of", "rounding_of"]

Naming = Namer | Callable[[str], str]
"""What a policy may call a quantity: a notation's names, or a name for each key."""

GROUPS: Mapping[Kind, tuple[str, ...]] = {
    "weighted sums": ("weighted sums",),
    "activations": ("hidden activations", "activations"),
    "output": ("output", "activations"),
    "loss": ("loss",),
    "slopes": ("hidden slopes", "slopes"),
    "output slope": ("output slope", "slopes"),
    "gradients": ("gradients",),
    "deltas": ("deltas", "gradients"),
    "updates": ("updates",),
    "other": ("other",),
}
"""Kind of line → the groups by which a rounding policy may name it, the most specific first."""

_ALL_GROUPS = tuple(dict.fromkeys(group for groups in GROUPS.values() for group in groups))


def names_of(line: ScalarLine, name: Callable[[str], str] | None = None) -> tuple[str, ...]:
    """What a policy may call a line, the most specific first."""
    own = (name(line.key),) if name else ()
    place = (line.quantity.place,) if isinstance(line.quantity, Entry) else ()
    return (*own, *place, *GROUPS[line.kind])


def rounding_of(line: ScalarLine, policy: Policy, named: Mapping[str, Rounding]) -> Rounding:
    """How a line is rounded; named: what `named_roundings` made of the policy."""
    found = line.quantity
    for place in (_place(found), *((found.symbol,) if isinstance(found, Entry) else ())):
        if place in named:
            return named[place]
    return policy.of(*GROUPS[line.kind])


def named_roundings(policy: Policy, program: Lines, naming: Naming | None = None) -> Mapping[str, Rounding]:
    """The roundings that a policy gives to single quantities, or to all entries of a symbol.

    Raises ConfigError for a name that is no group and that no line of the program has.
    """
    named: dict[str, Rounding] = {}
    for written, rounding in policy.per.items():
        if written in _ALL_GROUPS:
            continue
        place = _meant(written, program, naming)
        if place == written:  # a name of the notation says more than the place
            named.setdefault(place, rounding)
        else:
            named[place] = rounding
    return named


def _meant(written: str, program: Lines, naming: Naming | None) -> str:
    """The place, or the symbol, that a name in a policy means."""
    names = naming if isinstance(naming, Namer) else namer("chainrule", program)
    if naming is not None and not isinstance(naming, Namer):
        called = _squeezed(written)
        for line in program.by_key.values():
            if _squeezed(naming(line.key)) == called:
                return _place(line.quantity)
    if not names.is_name(written) and any(line.symbol == written for line in program.derivation or ()):
        return written
    if "@" in written:
        raise ConfigError(
            f'a rounding is of all passes: write "{written.partition("@")[0]}", not "{written}"'
        )
    try:
        found = names.parse(written)
    except UnknownName:
        raise _unknown(written, program, names) from None
    except InvalidInput as error:
        raise ConfigError(f"rounding: {error}") from None
    if not _is_worked(found, program, names):
        raise ConfigError(
            f'the rounding of "{written}" has nothing to round: it is given, or taken over as it is; '
            "leave it out, or name a line"
        )
    return _place(found)


def _is_worked(found: Quantity, program: Lines, names: Namer) -> bool:
    """Whether a line makes a quantity, in any pass, or would if it were asked for."""
    if isinstance(found, Entry) and found.symbol in names.gradients:
        return True
    return any(_place(line.quantity) == _place(found) for line in program.by_key.values())


def _unknown(written: str, program: Lines, names: Namer) -> ConfigError:
    known: Iterable[str] = dict.fromkeys(names.name(key).text for key in program.by_key)
    told = unknown("line, or group of lines, to round", written, _ALL_GROUPS, known)
    return ConfigError(f"{told}: name one of these groups, or a line, such as {next(iter(known), 'C')}")


def _place(found: Quantity) -> str:
    """A quantity without its version or pass."""
    return found.place if isinstance(found, Entry) else f"∂{found.of.place}/∂{found.wrt.place}"


def _squeezed(written: str) -> str:
    return written.replace(" ", "").replace("_", "").replace("∂", "d")
