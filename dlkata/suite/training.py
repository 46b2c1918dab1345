"""Training: the first losses follow the reference's, the last ones reach a target."""

from collections.abc import Sequence

from dlkata.suite.finding import Finding, Mismatch
from dlkata.suite.journals import Bound, journal


def follows(losses: Sequence[float], expected: Sequence[float], within: float = 1e-6) -> None:
    """The attempt's first losses are the reference's (at most 20 steps: later ones drift apart by rounding)."""
    curves = [float(x) for x in losses], [float(x) for x in expected]
    for step, (one, other) in enumerate(zip(*curves, strict=True)):
        if not abs(one - other) <= within * max(1.0, abs(other)):
            raise Mismatch(
                Finding(
                    "curve", index=[step], expected=f"{other:.6g}", actual=f"{one:.6g}", curve=curves[0],
                    target_curve=curves[1],
                )
            )  # fmt: skip


def reaches(value: float, target: float, name: str, *, losses: Sequence[float] = ()) -> None:
    """Training got there: `value` (an accuracy, say) is at least `target`."""
    journal.bounds.append(Bound(name, float(value), target, None))
    if not float(value) >= target:
        curve = [float(x) for x in losses]
        raise Mismatch(
            Finding("target", name, expected=f"≥ {target:g}", actual=f"{float(value):.4g}", curve=curve)
        )
