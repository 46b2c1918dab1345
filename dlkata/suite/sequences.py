"""Layers that read sequences: masks, heads, states, new parameters, short trainings."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from math import log
from typing import Any

import torch
from torch import Tensor, nn

from dlkata.suite.backward import gradients
from dlkata.suite.finding import Finding, Mismatch
from dlkata.suite.inputs import integers, normal
from dlkata.suite.journals import journal, kind_of
from dlkata.suite.judging import holds, near, rejects, same
from dlkata.suite.layers import adopt
from dlkata.suite.settings import EXACT, TOLERANCES, setting

COARSE = (1e-6, 1e-6)  # a right √d may have been taken in float32; where d is 1, 4 or 16 it is exact even so
LARGE = (  # scores as large as attention layers promise; the outputs of `opposed` are of the size of √(2 · score)
    (1e6, torch.float64, 1e-6),
    (1e3, torch.float32, 1e-2),
    (30.0, torch.float16, 2e-1),
    (30.0, torch.bfloat16, 1.0),
)
COPIES = 40  # of a new layer: what is drawn on its own varies on its own from one to the next


def visible(seed: int, *shape: int) -> Tensor:
    """A random mask whose rows each hold both True and False (an inverted one has no empty row either)."""
    (order,) = normal(seed + 100, shape, grad=False)
    (count,) = integers(seed + 100, max(shape[-1] - 1, 1), (*shape[:-1], 1))
    return order.argsort(dim=-1).argsort(dim=-1) <= count


def causal(rows: int, columns: int | None = None) -> Tensor:
    """Row t sees the columns 0 … t."""
    return torch.ones(rows, columns or rows, dtype=torch.bool, device=setting.device).tril()


def real(seed: int, batch: int, length: int) -> Tensor:
    """Which tokens are real: the first always, at least one other not, different ones in each sequence."""
    (order,) = normal(seed + 100, (batch, length), grad=False)
    ranks = order[:, 1:].argsort(dim=-1).argsort(dim=-1)
    hidden = 1 + torch.arange(batch, device=ranks.device) % max(length - 2, 1)
    first = torch.ones(batch, 1, dtype=torch.bool, device=ranks.device)
    return torch.cat([first, ranks >= hidden[:, None]], dim=1)


def parameters_of(layer: nn.Module, names: Sequence[str]) -> list[Tensor]:
    """The parameters of the contract, in its order, however they were registered."""
    state = layer.state_dict(keep_vars=True)
    return [state[name] for name in names]


def alike(
    mine: nn.Module, theirs: nn.Module, seed: int, scale: float, *, by_width: bool = False
) -> tuple[nn.Module, nn.Module]:
    """Both layers with the same parameters, drawn normal × `scale`: larger than layers begin with, so that heads
    differ, scores spread, gates open and biases matter. `by_width`: over the root of their last size.
    """
    state = dict(sorted(theirs.state_dict().items()))  # however they were registered
    drawn = normal(seed + 300, *(tuple(value.shape) for value in state.values()), scale=scale, grad=False)
    sized = {name: w / w.shape[-1] ** 0.5 if by_width else w for name, w in zip(state, drawn, strict=True)}
    theirs.load_state_dict(sized)
    adopt(mine, theirs, as_it_is=True)
    for value in mine.state_dict(keep_vars=True).values():
        value.requires_grad_()  # also a buffer: the test of a new layer says so, once
    return mine, theirs


def slopes(layer: nn.Module, names: Sequence[str], x: Tensor, *arguments: Any) -> list[Tensor | None]:
    """The gradients of x and of the named parameters."""
    return gradients(layer(x, *arguments), [x, *parameters_of(layer, names)])


def starts_uniform(
    build: Callable[[], nn.Module],
    right: nn.Module,
    bounds: Mapping[str, float],
    known: Mapping[str, Tensor] | None = None,
) -> None:
    """A new layer has the contract's parameters, trainable and each its own; every entry is drawn on its own,
    uniform between −bound and bound, or holds what is `known` of it."""
    layers = [build() for _ in range(COPIES)]
    drawn = [{name: value.detach().clone() for name, value in layer.state_dict().items()} for layer in layers]
    adopt(layers[0], right)  # says which name or shape is not the contract's
    trained = sorted(name for name, value in layers[0].named_parameters() if value.requires_grad)
    addresses = {value.data_ptr() for value in layers[0].state_dict().values()}
    holds(
        trained == sorted(right.state_dict()) and len(addresses) == len(trained),
        "Every weight and bias of the contract must be a trainable parameter of its own.",
        "约定里的每个 weight 和 bias 都应当是各自独立的可训练参数。",
        value=", ".join(trained),
        name="parameters",
    )
    for name, value in sorted((known or {}).items()):
        same(drawn[0][name], value.to(drawn[0][name]), f"{name} (new)")
    columns = {
        name: torch.stack([each[name].flatten() for each in drawn]).double().cpu() for name in sorted(bounds)
    }
    for name, bound in sorted(bounds.items()):
        _uniform(columns[name], bound, name)
        _uncentred(columns[name], name)
    _independent(torch.cat(list(columns.values()), dim=1))


def _uniform(values: Tensor, bound: float, name: str) -> None:
    """values (copies, entries) are those of a uniform distribution; every bound is five deviations away."""
    count = values.numel()
    en = f"A new {name} is not uniform between −{bound:.4g} and {bound:.4g}"
    zh = f"新建的 {name} 不是 −{bound:.4g} 到 {bound:.4g} 之间的均匀分布"
    centre = float(values.mean() / (values.std() + 1e-9))
    near(centre, 0.0, 5 / count**0.5, f"mean/std, {name}", f"{en}: its mean is not 0.", f"{zh}：均值不为 0。")
    spread = float(values.std()) * 3**0.5 / bound, 2.3 / count**0.5, "spread", "分散程度"
    reach = float(values.abs().max()) / bound, 14 / count, "range", "取值范围"
    for ratio, within, what, zh_what in (spread, reach):
        words = (
            f"{en}: its {what} is {ratio:.3g} times what it should be.",
            f"{zh}：{zh_what}是应有的 {ratio:.3g} 倍。",
        )
        # Ratios as logarithms: weights a hundred times too large fluctuate a hundred times more.
        near(log(ratio + 1e-9), 0.0, within, f"ln({what}), {name}", *words)


def _independent(values: Tensor) -> None:
    """The columns of values (copies, entries) have nothing to do with each other."""
    centred = values - values.mean(dim=0)
    lengths = centred.norm(dim=0)
    related = centred.T @ centred / (lengths[:, None] * lengths + 1e-30)
    related.fill_diagonal_(0.0)
    repeats = bool((lengths < 1e-9).any() or (related.abs() > 0.9).any())
    holds(
        not repeats,
        "New parameters repeat themselves: every entry of every weight and bias is drawn on its own.",
        "新建的参数有重复：每个 weight、bias 的每个元素都要独立抽取。",
        value="repeated" if repeats else "independent",
        name="new parameters",
    )


def _uncentred(values: Tensor, name: str) -> None:
    """The mean of a tensor varies from layer to layer as that of independent numbers does."""
    centred = values - values.mean(dim=0)
    variation = float(centred.sum(dim=1).square().sum() / (centred.square().sum() + 1e-30))
    holds(
        variation > 0.2,  # 1 ± 0.22; 0 where every tensor was centred
        f"Every new {name} has the same mean: its entries are not drawn independently.",
        f"每次新建的 {name} 均值都一样：元素不是独立抽取的。",
        value="centred" if variation <= 0.2 else "independent",
        name=f"variation of the mean, {name}",
    )


def pair(returned: Any, en: str, zh: str) -> list[Any]:
    """Both members of what was returned; the sentences say what is promised."""
    right = isinstance(returned, (tuple, list)) and len(returned) == 2
    holds(right, en, zh, value=kind_of(returned), name="returned")
    return list(returned)


def refuses_sizes(build: Callable[..., object], *sizes: Mapping[str, int]) -> None:
    """Sizes that do not divide each other raise ValueError."""

    def attempt(given: Mapping[str, int]) -> None:
        try:
            build(**given)
        except AssertionError:
            pass  # whatever it says, it is no ValueError

    for given in sizes:
        listed = ", ".join(f"{name} = {size}" for name, size in given.items())
        rejects(
            ValueError,
            partial(attempt, given),
            f"{listed}: no ValueError is raised.",
            f"{listed}：没有抛出 ValueError。",
        )


def undisturbed(calls: Sequence[Callable[[], object]], *layers: nn.Module, **owned: Tensor) -> None:
    """What the caller owns, and what the layers have learned, is the same after every single call: with gradients,
    without and in inference mode, in train and eval mode.

    Give sizes that no later test has: who keeps a table for each size may not use one of inference mode for gradients.
    """
    states = (layer.state_dict(keep_vars=True).items() for layer in layers)
    learned = {f"{n} (layer {i})" if i else n: value for i, state in enumerate(states) for n, value in state}
    watched = owned | learned
    for mode in (nullcontext, torch.no_grad, torch.inference_mode):
        for training in (True, False) if layers else (True,):
            for layer in layers:
                layer.train(training)
            for call in calls:
                before = {name: value.detach().clone() for name, value in watched.items()}
                with mode():
                    call()
                for name, value in watched.items():
                    if not torch.equal(value, before[name]):  # journaled only then: there may be many calls
                        journal.record(name, value, TOLERANCES.get(value.dtype, EXACT))
                        raise Mismatch(Finding("edited", name))


def opposed(
    seed: int, *builds: Callable[[], nn.Module], length: int = 4
) -> Iterator[tuple[str, list[tuple[nn.Module, Tensor]], tuple[float, float]]]:
    """Attention layers of D = 8 and d = 4 with tokens whose scores are near +score and −score by turns, for each
    dtype: what it is called, each layer with its tokens, and a tolerance.
    """
    for score, dtype, within in LARGE:
        if dtype == torch.float64 != setting.dtype:
            continue  # mps has none
        name = f"QKᵀ/√d = ±{score:g}, {str(dtype).removeprefix('torch.')}"
        yield name, [_opposed(build(), seed, score, dtype, length) for build in builds], (0.0, within)


def _opposed(
    layer: nn.Module, seed: int, score: float, dtype: torch.dtype, length: int
) -> tuple[nn.Module, Tensor]:
    layer = layer.to(setting.device, torch.float32)
    eye = torch.eye(8, device=setting.device)
    layer.load_state_dict(
        {
            name: torch.zeros_like(value)
            if value.dim() == 1
            else (-eye if "w_k" in name else eye)[: len(value)]
            for name, value in layer.state_dict().items()
        }
    )
    # q·k/√4 = −(2·score)/2 for a token and its like, the opposite for a token and its contrary
    turns = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0], device=setting.device)[:length, None]
    x = torch.zeros(2, length, 8, device=setting.device)
    x[..., 0::4] = turns * (2 * score) ** 0.5
    (noise,) = normal(seed, (2, length, 8), scale=0.01, grad=False)
    x[..., 1:4] += noise[..., 1:4]
    return layer.to(dtype), x.to(dtype).requires_grad_()


def descend(
    parameters: Iterable[Tensor],
    loss_of: Callable[[int], Tensor],
    steps: int,
    rate: float,
    *,
    by: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    done: Callable[[], bool] = lambda: False,
) -> list[float]:
    """The losses of `steps` steps, or of as many as it takes until it is `done`."""
    optimizer = by(list(parameters), lr=rate)
    losses: list[float] = []
    while len(losses) < steps and not done():
        loss = loss_of(len(losses))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def characters(
    layer: nn.Module, head: nn.Module, text: str, *, batch: int = 6, length: int = 20
) -> list[float]:
    """The losses of a character model that reads a text on, its state carried from piece to piece."""
    alphabet = sorted(set(text))
    codes = torch.tensor([alphabet.index(c) for c in text], device=setting.device)
    rows, nexts = codes[:-1].view(batch, -1), codes[1:].view(batch, -1)
    state: tuple[Any, ...] = ()

    def loss_of(step: int) -> Tensor:
        nonlocal state
        piece = slice(step * length, (step + 1) * length)
        output, after = layer(_one_hot(rows[:, piece], len(alphabet)), *state)
        state = (after.detach() if isinstance(after, Tensor) else tuple(part.detach() for part in after),)
        return nn.functional.cross_entropy(head(output).flatten(0, 1), nexts[:, piece].flatten())

    parameters = [*layer.parameters(), *head.parameters()]
    return descend(parameters, loss_of, rows.shape[1] // length, 2.0, by=torch.optim.SGD)


def first_remembered(
    layer: nn.Module, head: nn.Module, seed: int, *, kinds: int = 3, length: int = 30, steps: int = 300
) -> tuple[float, list[float]]:
    """Training to tell the first token behind `length − 1` others: the accuracy of the last five batches."""
    shares: list[float] = []

    def loss_of(step: int) -> Tensor:
        first, rest = integers(1000 * seed + step, kinds, (16, 1), (16, length - 1))
        tokens = torch.cat([first, kinds + rest], dim=1)  # what follows is noise, in other tokens
        logits = head(layer(_one_hot(tokens, 2 * kinds))[0][:, -1])
        shares.append((logits.argmax(-1) == first[:, 0]).double().mean().item())
        return nn.functional.cross_entropy(logits, first[:, 0])

    parameters = [*layer.parameters(), *head.parameters()]
    losses = descend(parameters, loss_of, steps, 0.03, done=lambda: sum(shares[-5:]) == 5)
    return sum(shares[-5:]) / 5, losses


def _one_hot(tokens: Tensor, size: int) -> Tensor:
    return nn.functional.one_hot(tokens, size).to(setting.dtype)
