"""What kinds of published figures the engine can recompute.

A vector is recognised by what it gives and what it expects, never by its name. A shape only maps the inputs of a vector
onto functions of `kuanxin.servicing` and names the results as the vector does: it knows no figures and no arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kuanxin.evaluate.vector_shapes.contract import Inputs

    Figures = dict[str, Any]


class NotOfThisEngine(Exception):
    """The vector needs something that the engine does not have; the message says what."""


@dataclass(frozen=True)
class Shape:
    """A kind of vector: `fits` looks at the inputs and the expected figures, `compute` gives the engine's figures."""

    name: str
    fits: Callable[[Inputs, Mapping[str, Any]], bool]
    compute: Callable[[Inputs, Mapping[str, Any]], Figures]


def all_shapes() -> tuple[Shape, ...]:
    """The more special kinds first: the first that fits is taken."""
    from kuanxin.evaluate.vector_shapes import costs, payments, schedules

    return (*costs.SHAPES, *payments.SHAPES, *schedules.SHAPES)
