"""What a grading suite imports: seeded inputs, comparisons that explain themselves, gradients.

Every value that is judged is first written to the journal. The journal of an attempt, set beside the
journals of the known bugs, is what the diagnosis reads; so judge values with the functions below, and
keep bare `assert` for what no learner can get wrong in two ways.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlkata.grading.finding import Finding, Mismatch

# rtol, atol: what right implementations in another style stay well inside.
TOLERANCES = {
    torch.float64: (1e-8, 1e-9),
    torch.float32: (1e-4, 1e-5),
    torch.float16: (1e-2, 2e-3),
    torch.bfloat16: (4e-2, 2e-2),
}
EXACT = (0.0, 0.0)
MAP_ROWS, MAP_COLUMNS = 12, 40


@dataclass
class Setting:
    """Where a suite runs. The worker fills it from --device; mps has no float64."""

    device: str = "cpu"

    @property
    def dtype(self) -> torch.dtype:
        return torch.float32 if self.device.startswith("mps") else torch.float64


setting = Setting()


@dataclass
class Observation:
    name: str
    value: Tensor | str  # a detached copy on the CPU; a word for what is no tensor
    tolerance: tuple[float, float]


@dataclass
class Journal:
    """The values judged during one test, in order."""

    observations: list[Observation] = field(default_factory=list)

    def clear(self) -> None:
        self.observations = []

    def record(self, name: str, value: object, tolerance: tuple[float, float]) -> None:
        self.observations.append(Observation(name, _kept(value), tolerance))


journal = Journal()
PLAIN_TENSORS = (Tensor, torch.nn.Parameter)


def _kept(value: object) -> Tensor | str:
    if type(value) in PLAIN_TENSORS:
        return value.detach().cpu().clone()  # type: ignore[attr-defined]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return torch.tensor(float(value), dtype=torch.float64)
    return kind_of(value)


# ---------------------------------------------------------------- inputs


def normal(
    seed: int,
    *shapes: tuple[int, ...],
    scale: float = 1.0,
    dtype: torch.dtype | None = None,
    grad: bool = True,
) -> list[Tensor]:
    """Fresh leaf tensors, one a shape, standard normal × scale, on the graded device; the same for one seed."""
    generator = torch.Generator().manual_seed(seed)
    drawn = [scale * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    return [x.to(setting.device, dtype or setting.dtype).requires_grad_(grad) for x in drawn]


def integers(seed: int, high: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    """Fresh int64 tensors with values in [0, high), on the graded device."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(high, shape, generator=generator).to(setting.device) for shape in shapes]


def place(module: torch.nn.Module) -> torch.nn.Module:
    """The module on the graded device, in the graded precision."""
    return module.to(setting.device, setting.dtype)


def digits() -> tuple[Tensor, Tensor]:
    """1,797 handwritten digits: images (1797, 8, 8) in [0, 1], float32, and labels (1797,), on the graded device."""
    from dlkata.content.roots import BUILT_IN

    with np.load(BUILT_IN / "tests" / "katas" / "data" / "digits.npz") as data:
        images, labels = torch.tensor(data["images"]), torch.tensor(data["labels"])
    return (images.float() / 16).to(setting.device), labels.long().to(setting.device)


def data_file(suite: str, name: str) -> Path:
    """A file of the data folder beside the suite: `data_file(__file__, "wells.txt")`."""
    return Path(suite).parent / "data" / name


# ---------------------------------------------------------------- judging


def same(
    actual: Any,
    expected: Any,
    name: str | Sequence[str] = "output",
    *,
    tolerance: tuple[float, float] | None = None,
    nonfinite: bool = False,
) -> None:
    """The attempt's value is the reference's: type, shape, dtype, device and every entry.

    Tuples, lists and dicts are compared member by member (all are journaled before the first is judged).
    `None` stands for "no gradient", which equals a gradient of zeros. `nonfinite` says the right answer
    may hold inf or nan; otherwise a right answer with either means that somebody spoiled it.
    """
    pairs = list(_pairs(actual, expected, name))
    for one, other, label in pairs:
        journal.record(label, one, _tolerance(other, tolerance))
    for one, other, label in pairs:
        finding = difference(one, other, label, _tolerance(other, tolerance), nonfinite)
        if finding is not None:
            raise Mismatch(finding)


def near(actual: Any, target: float, within: float, name: str, en: str = "", zh: str = "") -> None:
    """A measured number (a rate, a mean) lies within `within` of `target`."""
    journal.record(name, actual, (0.0, within))
    value = float(actual)
    if not abs(value - target) <= within:
        raise Mismatch(
            Finding(
                "range", name, expected=f"{target:.4g} ± {within:.2g}", actual=f"{value:.4g}", en=en, zh=zh
            )
        )


def holds(condition: bool | Tensor, en: str, zh: str, *, value: Any = None, name: str = "") -> None:
    """A property in the learner's words: the sentences say what is wrong when it does not hold.

    Pass the `value` it was read from: two mistakes that break the same property then still differ.
    """
    journal.record(
        name or en, value if value is not None else str(bool(condition)), TOLERANCES[torch.float64]
    )
    if not bool(condition):
        shown = _brief(value) if isinstance(value, Tensor) else ""
        raise Mismatch(Finding("property", name, actual=shown, en=en, zh=zh))


def rejects(error: type[BaseException], call: Callable[[], object], en: str, zh: str) -> None:
    """The contract promises `error` here; the sentences say what is wrong when none is raised."""
    try:
        call()
    except error:
        journal.record(en, error.__name__, EXACT)
        return
    journal.record(en, "nothing raised", EXACT)
    raise Mismatch(Finding("property", en=en, zh=zh, expected=error.__name__))


@contextmanager
def unchanged(**tensors: Tensor) -> Iterator[None]:
    """The tensors hold the same values afterwards: `with unchanged(q=q, k=k): candidate.attention(q, k, v)`."""
    before = {name: tensor.detach().clone() for name, tensor in tensors.items()}
    yield
    for name, tensor in tensors.items():
        # Judged bit for bit: editing an input and adding the edit back is an edit. Noted like any other value: the last
        # digits of an output depend on style.
        journal.record(name, tensor, TOLERANCES.get(tensor.dtype, EXACT))
        if not np.array_equal(_numbers(tensor), _numbers(before[name]), equal_nan=True):
            raise Mismatch(Finding("edited", name))


def not_reseeded(call: Callable[[], object]) -> None:
    """`call` may draw from the global generator but must leave it where its own draws end."""
    states = []
    for seed in (11, 12):
        torch.manual_seed(seed)
        call()
        states.append(torch.get_rng_state())
    reseeded = bool((states[0] == states[1]).all())
    journal.record("rng", str(reseeded), EXACT)
    if reseeded:
        raise Mismatch(Finding("reseeded"))


def gradients(outputs: Any, inputs: Sequence[Tensor]) -> list[Tensor | None]:
    """dL/d(input) for L = Σ output · c with a fixed random c, so that no error cancels out. None: no path."""
    flat = [o for o in ([outputs] if type(outputs) in PLAIN_TENSORS else list(outputs)) if o.requires_grad]
    if not flat:
        return [None for _ in inputs]
    weights = normal(20, *(tuple(o.shape) for o in flat), grad=False)
    weights = [w.to(o.dtype) for w, o in zip(weights, flat, strict=True)]
    return list(torch.autograd.grad(flat, list(inputs), weights, allow_unused=True))


def adopt(module: torch.nn.Module, source: torch.nn.Module) -> torch.nn.Module:
    """`module` with the state of `source`; says which names or shapes are not those of the contract."""
    right = {name: tuple(value.shape) for name, value in source.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    journal.record("state_dict", str(sorted(found.items())), EXACT)
    if right != found:
        missing = [f"{n} {s}" for n, s in right.items() if n not in found]
        extra = [f"{n} {s}" for n, s in found.items() if n not in right]
        shaped = [f"{n} {found[n]} ≠ {s}" for n, s in right.items() if n in found and found[n] != s]
        raise Mismatch(
            Finding(
                "state_dict", expected=", ".join(missing), actual=", ".join(extra), name=", ".join(shaped)
            )
        )
    module.load_state_dict(source.state_dict())
    return module


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
    if not float(value) >= target:
        curve = [float(x) for x in losses]
        raise Mismatch(
            Finding("target", name, expected=f"≥ {target:g}", actual=f"{float(value):.4g}", curve=curve)
        )


def difference(
    actual: Any, expected: Any, name: str, tolerance: tuple[float, float], nonfinite: bool = False
) -> Finding | None:
    """What sets two values apart, or None."""
    if actual is None or expected is None:
        return _gradient_difference(actual, expected, name)
    if not isinstance(expected, Tensor):
        right = type(actual) is type(expected) and actual == expected
        return None if right else Finding("value", name, expected=repr(expected), actual=_brief(actual))
    if type(actual) not in PLAIN_TENSORS:
        kind = "subclass" if isinstance(actual, Tensor) else "type"
        return Finding(kind, name, expected="Tensor", actual=kind_of(actual))
    if actual.shape != expected.shape:
        return Finding("shape", name, expected=str(tuple(expected.shape)), actual=str(tuple(actual.shape)))
    if actual.dtype != expected.dtype:
        return Finding("dtype", name, expected=str(expected.dtype), actual=str(actual.dtype))
    if actual.device.type != expected.device.type:
        return Finding("device", name, expected=str(expected.device), actual=str(actual.device))
    return _value_difference(_numbers(actual), _numbers(expected), name, tolerance, nonfinite)


def _value_difference(
    actual: np.ndarray, expected: np.ndarray, name: str, tolerance: tuple[float, float], nonfinite: bool
) -> Finding | None:
    if not nonfinite and not np.isfinite(expected).all():
        return Finding("spoiled", name)
    rtol, atol = tolerance
    with np.errstate(invalid="ignore"):
        gap = np.abs(actual - expected)
        # An infinite right answer is near nothing but itself.
        right = (np.isfinite(expected) & (gap <= atol + rtol * np.abs(expected))) | (actual == expected)
        right |= np.isnan(actual) & np.isnan(expected)
    if right.all():
        return None
    worst = ~right & ~np.isfinite(actual)  # where the attempt holds nan or inf, show one of those
    first = tuple(int(i) for i in np.argwhere(worst if worst.any() else ~right)[0])
    shown = _told_apart(float(actual[first]), float(expected[first]))
    return Finding(
        "values" if np.isfinite(actual).all() else "nonfinite",
        name,
        expected=shown[1],
        actual=shown[0],
        index=list(first),
        difference=float(np.nanmax(gap[np.isfinite(gap)], initial=0.0)),
        wrong=int((~right).sum()),
        total=int(right.size),
        map=_map(right, first),
    )


def _told_apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ."""
    for digits in (6, 9, 12, 17):
        if f"{one:.{digits}g}" != f"{other:.{digits}g}":
            break
    return f"{one:.{digits}g}", f"{other:.{digits}g}"


def _gradient_difference(actual: Any, expected: Any, name: str) -> Finding | None:
    present = expected if actual is None else actual
    if present is None or (type(present) in PLAIN_TENSORS and not present.detach().any()):
        return None
    if actual is None:
        return Finding(
            "no_gradient" if name.startswith("∂") else "type", name, expected="Tensor", actual="None"
        )
    return Finding("value", name, expected="None", actual=_brief(actual))


def _map(right: np.ndarray, first: tuple[int, ...]) -> list[str]:
    """Which entries are wrong in the matrix (last two axes) that holds the first wrong one."""
    if right.ndim == 0:
        return []
    matrix = right[first[:-2]] if right.ndim > 2 else np.atleast_2d(right)
    if matrix.shape[0] > MAP_ROWS or matrix.shape[1] > MAP_COLUMNS:
        return []
    return ["".join("·" if entry else "#" for entry in row) for row in matrix]


def _pairs(actual: Any, expected: Any, name: str | Sequence[str]) -> Iterator[tuple[Any, Any, str]]:
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping) or set(actual) != set(expected):
            raise _container_mismatch(actual, expected, name)
        for key in expected:
            yield from _pairs(actual[key], expected[key], f"{name}[{key!r}]")
    elif isinstance(expected, (tuple, list)):
        if not isinstance(actual, (tuple, list)) or len(actual) != len(expected):
            raise _container_mismatch(actual, expected, name)
        labels = [f"{name}[{i}]" for i in range(len(expected))] if isinstance(name, str) else name
        for one, other, label in zip(actual, expected, labels, strict=True):
            yield from _pairs(one, other, label)
    else:
        yield actual, expected, name if isinstance(name, str) else name[0]


def _container_mismatch(actual: Any, expected: Any, name: str | Sequence[str]) -> Mismatch:
    label = name if isinstance(name, str) else ", ".join(name)
    journal.record(label, kind_of(actual), EXACT)
    return Mismatch(Finding("type", label, expected=kind_of(expected), actual=kind_of(actual)))


def _tolerance(expected: Any, asked: tuple[float, float] | None) -> tuple[float, float]:
    if not isinstance(expected, Tensor) or not expected.is_floating_point():
        return EXACT
    if asked is None:
        return TOLERANCES[expected.dtype]
    # A float64 tolerance makes no sense on a device that has only float32.
    return asked if setting.dtype == torch.float64 else tuple(map(max, asked, TOLERANCES[torch.float32]))  # type: ignore[return-value]


def kind_of(value: object) -> str:
    """A word for a value that is no plain tensor: None, 'tuple of 3', 'float 0.5'."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return value
    if isinstance(value, (tuple, list, Mapping)):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, (bool, int, float)):
        return f"{type(value).__name__} {value:.6g}"
    return type(value).__name__


def _brief(value: object) -> str:
    if type(value) in PLAIN_TENSORS:
        numbers = _numbers(value)  # type: ignore[arg-type]
        return f"{numbers.item():.6g}" if numbers.size == 1 else f"tensor {tuple(numbers.shape)}"
    return kind_of(value)


def _numbers(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().to(torch.float64).numpy()
