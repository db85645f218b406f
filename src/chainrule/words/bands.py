"""How near words weigh: exact whole numbers for the reciprocals of distances.

Counts weighted by 1/distance are whole multiples of 1/lcm(1, …, window), so they are added as integers and
the order of adding cannot matter. Beyond a distance of 18 that multiple is too large to be kept in float64: distances
are then counted in several bands, each with a denominator of its own, and added at the end in one order.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ConfigError

__all__ = ["LARGEST_WINDOW", "WEIGHTINGS", "Band", "bands_of"]

WEIGHTINGS = ("distance", "flat")
LARGEST_WINDOW = 1000
# Up to here a count below 180 million gives its whole number back from float64.
_LARGEST_DENOMINATOR = lcm(*range(1, 19))


@dataclass(frozen=True)
class Band:
    """The distances first … last; a pair of words that far apart weighs parts / denominator, exactly."""

    first: int
    last: int
    denominator: int
    flat: bool

    @property
    def parts(self) -> NDArray[np.int64]:
        """(last - first + 1,): what each distance weighs, in units of 1/denominator."""
        distances = np.arange(self.first, self.last + 1)
        return np.ones_like(distances) if self.flat else self.denominator // distances


def bands_of(window: int, weighting: str) -> tuple[Band, ...]:
    """The bands of a window. Raises ConfigError for a window or a weighting that there is not.

    >>> bands_of(10, "distance")
    (Band(first=1, last=10, denominator=2520, flat=False),)
    >>> [(band.first, band.last) for band in bands_of(30, "distance")]
    [(1, 18), (19, 24), (25, 30)]
    """
    if type(window) is not int or not 1 <= window <= LARGEST_WINDOW:
        raise ConfigError(f"the window is {window!r}: give a whole number from 1 to {LARGEST_WINDOW}")
    if weighting == "flat":
        return (Band(1, window, 1, True),)
    if weighting != "distance":
        raise ConfigError(
            f'there is no weighting called "{weighting}": choose one of {", ".join(WEIGHTINGS)}'
        )
    found: list[Band] = []
    first, denominator = 1, 1
    for distance in range(1, window + 1):
        wider = lcm(denominator, distance)
        if wider > _LARGEST_DENOMINATOR:
            found.append(Band(first, distance - 1, denominator, False))
            first, wider = distance, distance
        denominator = wider
    return (*found, Band(first, window, denominator, False))
