# SPDX-License-Identifier: Apache-2.0
"""Numbers over time as the paths of an inline SVG picture; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 600
HEIGHT: Final = 120
_AIR: Final = 1.15
"""The picture reaches so much higher than the highest value."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A line and the area under it.

    Attributes:
        line: ``d`` of the line's path.
        area: ``d`` of the area's.
        top: The highest value.
    """

    line: str
    area: str
    top: float


def chart(values: Sequence[float], top: float | None = None) -> Chart:
    """Draw values that follow each other at equal distances.

    Args:
        values: None of them negative.
        top: What the picture reaches up to, with a little air; None: the highest value.

    Example:
        >>> chart([0, 4]).line
        'M0.0,120.0 L600.0,15.7'
    """
    top = max(values, default=0.0) if top is None else top
    if len(values) == 1:
        values = [values[0], values[0]]
    scale = HEIGHT / (top * _AIR) if top > 0 else 0
    step = WIDTH / max(len(values) - 1, 1)
    points = [
        f"{index * step:.1f},{HEIGHT - value * scale:.1f}"
        for index, value in enumerate(values)
    ]
    line = "M" + " L".join(points) if points else ""
    area = f"{line} L{WIDTH},{HEIGHT} L0,{HEIGHT} Z" if points else ""
    return Chart(line, area, top)
