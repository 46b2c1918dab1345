"""Optimizers: gradients given by hand, the paths they lead along, the state in between.

A *build* makes an optimizer over some parameters, with whatever settings its suite has in mind; builds come in pairs,
the attempt's and the reference's.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlkata.suite.inputs import normal, place
from dlkata.suite.judging import holds, same
from dlkata.suite.settings import setting

Build = Callable[[Iterable[Tensor]], Any]
Builds = Sequence[Build]  # the attempt's, the reference's
Trajectory = list[list[Tensor]]  # the parameters after each step
Edit = Callable[[int, list[Tensor]], None]

SHAPES = (3, 5), (), (5,), (2, 1, 4), (5,)  # the two alike catch state that is kept per shape


# ── What an optimizer sees, and what it leaves ───────────────────────────────────────────────────────────────────────


def give(params: Sequence[Tensor], seed: int, scale: float = 1.0) -> list[Tensor]:
    """Every parameter gets a gradient drawn by hand: .grad is all an optimizer sees of a loss."""
    drawn = normal(seed, *(tuple(p.shape) for p in params), scale=scale, grad=False)
    drawn = [gradient.to(p.dtype) for p, gradient in zip(params, drawn, strict=True)]
    for p, gradient in zip(params, drawn, strict=True):
        p.grad = gradient
    return drawn


def snapshot(params: Iterable[Tensor]) -> list[Tensor]:
    return [p.detach().clone() for p in params]


def named(params: Sequence[Tensor], suffix: str = "") -> list[str]:
    return [f"params[{j}]{suffix}" for j in range(len(params))]


def odd(rights: Sequence[bool]) -> str:
    """The names of the parameters that are not right; 'ok' if all are."""
    return ", ".join(f"params[{j}]" for j, right in enumerate(rights) if not right) or "ok"


def survives(call: Callable[[], Any], kinds: tuple[type[BaseException], ...], en: str, zh: str) -> Any:
    """What has no answer crashes in as many words as there are ways to write it: one finding for all those kinds."""
    try:
        return call()
    except kinds:
        holds(False, en, zh)


# ── Paths ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def trajectory(
    build: Build,
    seed: int,
    scales: Sequence[float],
    *,
    start: float = 1.0,
    edit: Edit | None = None,
    dtype: torch.dtype | None = None,
    step: Callable[[Any], object] = lambda optimizer: optimizer.step(),
) -> Trajectory:
    """The parameters after each step. The gradients of step i are normal × scales[i]; then `edit(i, params)`."""
    params = normal(seed, *SHAPES, scale=start, dtype=dtype)
    optimizer = build(params)
    visited = []
    for i, scale in enumerate(scales):
        give(params, 100 * seed + i + 1, scale)
        if edit is not None:
            edit(i, params)
        step(optimizer)
        visited.append(snapshot(params))
    return visited


def same_trajectory(
    mine: Trajectory,
    theirs: Trajectory,
    *,
    name: str = "params",
    tolerance: tuple[float, float] | None = None,
) -> None:
    names = [f"{name}[{j}] (step() #{i})" for i, row in enumerate(theirs, start=1) for j in range(len(row))]
    same([x for row in mine for x in row], [x for row in theirs for x in row], names, tolerance=tolerance)


def same_trajectories(
    builds: Builds,
    seed: int,
    scales: Sequence[float],
    *,
    tolerance: tuple[float, float] | None = None,
    **how: Any,
) -> None:
    """Both sides take the same path (see `trajectory`)."""
    same_trajectory(*(trajectory(build, seed, scales, **how) for build in builds), tolerance=tolerance)


def only_decay(builds: Builds, seed: int, start: float, name: str) -> None:
    """With gradients of zero: what becomes of parameters of this size, as a fraction of it."""
    mine, theirs = (trajectory(build, seed, [0.0] * 3, start=start) for build in builds)
    same_trajectory(*([[x / start for x in row] for row in one] for one in (mine, theirs)), name=name)


def zeros_among_gradients(builds: Builds, seed: int) -> None:
    """Gradients of zeros, all or in part."""

    @torch.no_grad()
    def edit(i: int, params: list[Tensor]) -> None:
        for j, p in enumerate(params):
            if i % 3 == j % 3:
                p.grad.zero_()  # type: ignore[union-attr]
            elif p.ndim:
                p.grad[i % 2] = 0  # type: ignore[index]

    same_trajectories(builds, seed, [1.0] * 6, edit=edit)


def missing_gradients(builds: Builds, seed: int) -> None:
    """Some parameters, at last all of them, have no gradient in some steps."""

    def edit(i: int, params: list[Tensor]) -> None:
        for j in ((1, 2), (0, 1), (), (3,), (0, 1, 2, 3, 4), (4, 0), ())[i]:
            params[j].grad = None

    trajectory(builds[0], seed, [1.0])  # what crashes anyway crashes here
    same_trajectories(builds, seed, [1.0] * 7, edit=edit, step=steps_without_gradient)


def steps_without_gradient(optimizer: Any) -> None:
    survives(
        optimizer.step,
        (AttributeError, TypeError),  # None taken for a tensor
        "step() crashes on a parameter whose .grad is None",
        "遇到 .grad 为 None 的参数，step() 会崩溃",
    )


def one_number(builds: Builds, seed: int, steps: int, tolerance: tuple[float, float]) -> None:
    """A single number goes a long way."""

    def visit(build: Build) -> Trajectory:
        (p,), (gradients,) = normal(seed, ()), normal(seed + 1, (steps,), grad=False)
        optimizer = build((p,))
        visited = []
        for gradient in gradients:
            p.grad = gradient.clone()
            optimizer.step()
            visited.append(snapshot([p]))
        return visited

    same_trajectory(*map(visit, builds), tolerance=tolerance)


def from_generator(builds: Builds, seed: int) -> None:
    same_trajectories([lambda params, b=b: b(p for p in params) for b in builds], seed, [1.0] * 3)  # type: ignore[misc]


def through_views(builds: Builds, seed: int) -> None:
    """Whatever shares the memory of a parameter sees the update."""

    def views(build: Build) -> list[Tensor]:
        params = normal(seed, *SHAPES)
        shared = [p.detach() for p in params]
        optimizer = build(params)
        for i in range(2):
            give(params, seed + i)
            optimizer.step()
        return shared

    mine, theirs = map(views, builds)
    same(mine, theirs, "view")


def strided(builds: Builds, seed: int) -> None:
    """Parameters and gradients that are not contiguous; all of the memory they lie in."""

    def visit(build: Build) -> Trajectory:
        table, flat = normal(seed, (7, 6), (40,), grad=False)
        params = [table[::2, 1:4], table[1::2, :5].t(), flat[3:33:3], flat[35]]
        optimizer = build([p.requires_grad_() for p in params])
        visited = []
        for i in range(3):
            for p, wide in zip(params, normal(seed + i, (3, 4), (3, 5), (20,), (), grad=False), strict=True):
                p.grad = wide[::2] if p.ndim == 1 else wide.t()
            optimizer.step()
            visited.append(snapshot([table, flat]))
        return visited

    same_trajectory(*map(visit, builds), name="storage")


def side_by_side(builds: Builds, others: Builds, seed: int) -> None:
    """Two optimizers in turn, and a new one over the parameters of the first."""

    def visit(build: Build, other: Build) -> Trajectory:
        params, strangers = normal(seed, *SHAPES), normal(seed + 1, *SHAPES)
        first, second = build(params), other(strangers)
        visited = []
        for i in range(5):
            give(params, seed + i)
            give(strangers, seed + 10 + i)
            if i == 3:
                first = build(params)
            first.step()
            if i != 1:
                second.step()
            visited.append(snapshot([*params, *strangers]))
        return visited

    same_trajectory(*map(visit, builds, others))


def full_precision(builds: Builds, seed: int, betas: tuple[float, float]) -> None:
    """float64 parameters beside a float32 one, judged far more sharply than `same_trajectory` would."""

    def visit(build: Build) -> Trajectory:
        params = [*normal(seed, (4, 3), dtype=torch.float32), *normal(seed, (4, 3), (6,), ())]
        optimizer = build(params)
        visited = []
        for i in range(6):
            give(params, seed + i)
            optimizer.step()
            visited.append(snapshot(params))
        return visited

    mine, theirs = map(visit, builds)
    same_trajectory(mine, theirs, tolerance=(1e-4, 1e-4))
    gaps = [
        (x - y).abs().max().item()
        for one, other in zip(mine, theirs, strict=True)
        for x, y in zip(one[1:], other[1:], strict=True)
    ]
    holds(
        max(gaps) < (1e-11 if setting.dtype == torch.float64 else 1e-3),
        "float64 parameters come out coarser than float64: is something on the way float32?",
        "float64 参数的结果达不到 float64 的精度：中间是否有某个量是 float32？",
        name=f"betas = {betas}",
    )


# ── Training ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def network(seed: int, *widths: int) -> nn.Module:
    """A small tanh MLP, the same for one seed however often it is built."""
    layers = [layer for sizes in pairwise(widths) for layer in (nn.Linear(*sizes), nn.Tanh())]
    model = place(nn.Sequential(*layers[:-1]))
    with torch.no_grad():
        shapes = [tuple(p.shape) for p in model.parameters()]
        for p, drawn in zip(model.parameters(), normal(seed, *shapes), strict=True):
            p.copy_(drawn / p.shape[-1] ** 0.5)
    return model


def toy_batches(seed: int, steps: int) -> list[tuple[Tensor, Tensor]]:
    """The label of a point is the largest of four nonlinear scores."""
    x, w = normal(seed, (steps, 9, 4), (4, 4), grad=False)
    return list(zip(x, (x @ w).sin().argmax(-1), strict=True))


def fit(
    build: Build, model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]
) -> tuple[list[float], Trajectory]:
    """An ordinary training loop; its losses, and the parameters after each step."""
    optimizer = build(model.parameters())
    losses, visited = [], []
    for x, y in batches:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        getattr(optimizer, "zero_grad", model.zero_grad)()
        losses.append(loss.item())
        visited.append(snapshot(model.parameters()))
    return losses, visited
