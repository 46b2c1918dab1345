"""Calls of a layer or a function: what comes out, what is left alone, what does not depend on what.

`make` draws the inputs of one call: a tensor, or a dict of tensors by name in the order of the parameters. It is asked
once for each side, as a call may spoil what it is given.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dlkata.suite.backward import gradients
from dlkata.suite.journals import PLAIN_TENSORS
from dlkata.suite.judging import holds, same, unchanged
from dlkata.suite.layers import learned

MODES = ((True, "train"), (False, "eval"))
RECORDING = {"grad": torch.enable_grad, "no_grad": torch.no_grad, "inference_mode": torch.inference_mode}

Judge = Callable[..., None]
Inputs = Tensor | Mapping[str, Tensor]


def named(inputs: Inputs) -> dict[str, Tensor]:
    return {"x": inputs} if isinstance(inputs, Tensor) else dict(inputs)


def agree(
    mine: Any,
    theirs: Any,
    make: Callable[[], Inputs],
    name: str = "output",
    *,
    judge: Judge = same,
    **options: Any,
) -> None:
    """One call of each side: the output is the reference's, and so are the gradients of every input that requires
    one and of every parameter."""
    inputs, same_inputs = named(make()), named(make())
    output, right = mine(*inputs.values(), **options), theirs(*same_inputs.values(), **options)
    judge(output, right, name)
    if torch.is_grad_enabled():
        leaves, same_leaves = sources(mine, theirs, inputs), sources(theirs, theirs, same_inputs)
        found, wanted = (gradients(o, list(s.values())) for o, s in ((output, leaves), (right, same_leaves)))
        judge(found, wanted, [f"∂L/∂{leaf}" for leaf in same_leaves])


def sources(module: Any, like: Any, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What an output may be differentiated by: the inputs that require it, and the parameters."""
    given = {name: value for name, value in inputs.items() if value.requires_grad}
    return given | (learned(module, like) if isinstance(like, nn.Module) else {})


def cast(make: Callable[[], Inputs], dtype: torch.dtype) -> Callable[[], dict[str, Tensor]]:
    """The same inputs in another floating dtype, as fresh leaves."""

    def narrow() -> dict[str, Tensor]:
        return {
            name: x.detach().to(dtype).requires_grad_(x.requires_grad) if x.is_floating_point() else x
            for name, x in named(make()).items()
        }

    return narrow


def layouts(*shape: int) -> Iterator[tuple[str, tuple[int, ...], Callable[[Tensor], Tensor]]]:
    """A tensor of this shape as memory may hold it: what to call it, the shape to draw, and the view of that."""
    dims = len(shape)
    if dims > 1:
        yield "x.mT", (*shape[:-2], shape[-1], shape[-2]), lambda x: x.mT
        yield "x.expand along dim 0", (1, *shape[1:]), lambda x: x.expand(shape)
    if dims > 2:
        yield "dims in reverse", shape[::-1], lambda x: x.permute(*range(dims - 1, -1, -1))
        yield "x.transpose(0, 1)", (shape[1], shape[0], *shape[2:]), lambda x: x.transpose(0, 1)
    if dims == 4:
        yield "channels_last", shape, lambda x: x.contiguous(memory_format=torch.channels_last)
    yield "every second entry", tuple(2 * n for n in shape), lambda x: x[(slice(None, None, 2),) * dims]
    yield "from the middle", tuple(n + 2 for n in shape), lambda x: x[(slice(1, -1),) * dims]
    yield "x.expand along the last dim", (*shape[:-1], 1), lambda x: x.expand(shape)


def calls_apart(
    mine: Any,
    theirs: Any,
    make: Callable[[int], Inputs],
    *,
    modes: Sequence[tuple[bool, str]] = MODES,
    judge: Judge = same,
    **options: Any,
) -> None:
    """Calls on different inputs of one shape, in every mode, judged after the last: none depends on an earlier one,
    nor changes what that has returned, nor its gradients."""
    for training, mode in modes:
        for side in (mine, theirs):
            if isinstance(side, nn.Module):
                side.train(training)
        for recording in ("no_grad", "grad"):
            sides = [
                _three_calls(side, theirs, make, RECORDING[recording], options) for side in (mine, theirs)
            ]
            (outputs, found), (right, wanted) = sides
            judge(outputs, right, [f"output {i + 1} ({mode}, {recording})" for i in range(len(right))])
            if recording == "grad":
                judge(
                    gradients(outputs, list(found.values())),
                    gradients(right, list(wanted.values())),
                    [f"∂L/∂{name}" for name in wanted],
                )


def _three_calls(
    side: Any, like: Any, make: Callable[[int], Inputs], context: Any, options: Mapping[str, Any]
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The outputs of three calls, and what they may be differentiated by."""
    drawn = [named(make(i)) for i in range(3)]
    with context():
        outputs = [side(*inputs.values(), **options) for inputs in drawn]
    leaves = {
        f"{name} {i + 1}": x for i, xs in enumerate(drawn) for name, x in sources(None, None, xs).items()
    }
    flat = [o for output in outputs for o in ([output] if type(output) in PLAIN_TENSORS else output)]
    return flat, leaves | sources(side, like, {})


def modes_alike(mine: Any, theirs: Any, make: Callable[[int], Inputs], *, judge: Judge = same) -> None:
    """Train and eval mode give the same outputs and gradients, whatever the layer saw before."""
    for side in (mine, theirs):
        for step in range(3):
            side.train()(*named(make(step + 1)).values())
    agree(mine.eval(), theirs.eval(), lambda: make(0), "output (eval)", judge=judge)
    agree(mine.train(), theirs.train(), lambda: make(0), "output (train)", judge=judge)


def leaves_alone(
    build: Callable[[], Any],
    make: Callable[[int], Inputs],
    *,
    modes: Sequence[tuple[bool, str]] = MODES,
    call: Callable[..., Any] | None = None,
    buffers: Sequence[str] = (),
) -> None:
    """Every single call leaves its inputs, those of the call before and all parameters as they are: in train and
    eval mode, recording gradients or not, in inference mode, and after backward.

    `build` makes the layer (drawn from its names, as its values are journaled) or returns a function. `buffers`:
    names in its state that eval mode must leave alone. `call(layer, *inputs)`: another method than forward.
    """
    for training, mode in modes:
        for recording, context in RECORDING.items():
            layer, kept = build(), {}
            if isinstance(layer, nn.Module):
                state = layer.train(training).state_dict(keep_vars=True)
                kept = dict(layer.named_parameters())
                kept |= {name: state[name] for name in buffers if not training}
            held: dict[str, Tensor] = {}
            for step in range(2):
                inputs = {name: x.detach() for name, x in named(make(step)).items()}
                held |= {f"{name} {step + 1}": x for name, x in inputs.items()}
                with unchanged(**{f"{n} ({mode}, {recording})": x for n, x in (held | kept).items()}):
                    with context():
                        output = (call or _call)(layer, *inputs.values())
                    _backward(output)


def _call(layer: Any, *inputs: Tensor) -> Any:
    return layer(*inputs)


def _backward(outputs: Any) -> None:
    flat = [outputs] if isinstance(outputs, Tensor) else list(outputs or ())
    grown = [o.sum() for o in flat if isinstance(o, Tensor) and o.requires_grad]
    if grown:
        torch.stack(grown).sum().backward()


def samples_apart(module: Any, make: Callable[[], Tensor], *, dim: int = 0, name: str = "x") -> None:
    """What comes out for one index of `dim` stays when everything at the other indices is another."""
    x = make().detach()
    before = module(x)
    for i in range(x.shape[dim]):
        mixed = (1 - 3 * x).index_copy(dim, torch.tensor([i], device=x.device), x.narrow(dim, i, 1))
        moved = (module(mixed) - before).narrow(dim, i, 1).abs().max()
        holds(
            moved <= 1e-5 * before.abs().max(),
            f"The output at index {i} of dim {dim} changes when {name} changes elsewhere along that dim.",
            f"第 {dim} 维上下标 {i} 处的输出，会随 {name} 在该维其他位置上的值而变。",
            value=str(bool(moved <= 1e-5 * before.abs().max())),
            name=f"independence along dim {dim}",
        )
