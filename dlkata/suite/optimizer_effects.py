"""What an optimizer must not do besides: record, draw, edit gradients, hold on to their graphs."""

import gc
import weakref
from collections.abc import Callable

import torch
from torch import Tensor

from dlkata.suite.inputs import normal
from dlkata.suite.judging import holds, not_reseeded, same, unchanged
from dlkata.suite.optimizers import SHAPES, Build, give, named, odd, snapshot, trajectory


def records_nothing(build: Build, seed: int) -> None:
    """Parameters stay leaves, grad mode stays as it was, the random generator is left alone."""
    params = normal(seed, *SHAPES)
    optimizer = build(params)
    for mode in (True, False, True):
        give(params, seed)
        with torch.set_grad_enabled(mode):
            optimizer.step()
            found = torch.is_grad_enabled()
        holds(
            found is mode,
            "step() switches grad mode and does not switch it back",
            "step() 改变了梯度开关，却没有恢复",
            value=str(found),
            name="torch.is_grad_enabled()",
        )
    leaves = [p.is_leaf and p.requires_grad and p.grad_fn is None for p in params]
    holds(
        all(leaves),
        "After step() a parameter is no longer a leaf that requires a gradient",
        "step() 之后，参数不再是 requires_grad 的叶子张量",
        value=odd(leaves),
        name="is_leaf",
    )


def draws_nothing(build: Build, seed: int) -> None:
    not_reseeded(lambda: trajectory(build, seed, [1.0]))


def keeps_gradients(build: Build, seed: int) -> None:
    """step() leaves every .grad as it found it, those of earlier steps as well."""
    params = normal(seed, *SHAPES)
    optimizer = build(params)
    kept: dict[str, Tensor] = {}
    for i in range(3):
        names = named(params, f".grad (of step #{i + 1})")
        given = give(params, seed + i)
        copies = snapshot(given)
        kept |= dict(zip(names, given, strict=True))
        with unchanged(**kept):
            optimizer.step()
        same([p.grad for p in params], copies, names)


def holds_no_graph(build: Build, seed: int) -> None:
    """Gradients that carry a graph are left with it, and the optimizer holds on to none of it."""
    params = normal(seed, (3, 5), ())
    optimizer = build(params)
    alive = []
    for _ in range(2):
        for p in params:
            p.grad = torch.sin(p)  # as backward(create_graph=True) leaves it
            alive.append(_witness(p.grad))
        optimizer.step()
        kept = [p.grad is not None and p.grad.requires_grad for p in params]
        holds(
            all(kept),
            "step() cuts .grad off from its graph",
            "step() 把 .grad 从它的计算图上断开了",
            value=odd(kept),
            name=".grad.requires_grad",
        )
        for p in params:
            p.grad = None
    if any(witness() is not None for witness in alive):  # a cycle in the attempt is no leak
        gc.collect()
    held = sum(witness() is not None for witness in alive)
    holds(
        held == 0,
        "After step() the optimizer still holds the graph of a gradient: with create_graph=True memory grows",
        "step() 之后优化器仍持有梯度的计算图：create_graph=True 时内存会不断增长",
        value=f"{held}/{len(alive)}",
        name=".grad.grad_fn",
    )


def _witness(gradient: Tensor) -> Callable[[], object]:
    """A weak reference that dies with the graph of `gradient`."""

    def hook(*_: object) -> None:
        return None

    assert gradient.grad_fn is not None
    gradient.grad_fn.register_hook(hook)
    return weakref.ref(hook)
