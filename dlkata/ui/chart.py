"""Small charts made of characters."""

from collections.abc import Sequence
from math import isfinite

from dlkata.locale import _

LEVELS = "▁▂▃▄▅▆▇█"
WIDEST = 50


def curves(mine: Sequence[float], reference: Sequence[float]) -> list[str]:
    """Loss curves on one scale, a row each."""
    finite = [x for x in [*mine, *reference] if isfinite(x)]
    if len(mine) < 2 or not finite:
        return []
    low, high = min(finite), max(finite)
    labels = [(_("your loss"), mine), (_("reference"), reference)]
    rows = [(label, curve) for label, curve in labels if len(curve) > 1]
    return [f"  {sparkline(curve, low, high)}  {label} {_ends(curve)}" for label, curve in rows]


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    if len(values) > WIDEST:
        values = [values[i * len(values) // WIDEST] for i in range(WIDEST)]
    span = (high - low) or 1.0
    return "".join(
        LEVELS[round((x - low) / span * (len(LEVELS) - 1))] if isfinite(x) else "!" for x in values
    )


def _ends(values: Sequence[float]) -> str:
    return f"{values[0]:.3g} → {values[-1]:.3g}"
