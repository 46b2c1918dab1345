"""Calls of a layer or a function: what comes out, what is left alone, what does not depend on what.

`make` draws the inputs of one call: a tensor, or a dict of tensors by name in the order of the parameters; `make(i)`
those of the i-th. It is asked anew for each call, as a call may spoil what it is given. `build` makes the layer, in
the same state each time (drawn from its names), or returns the function.

`agree` compares with the reference. Everything else holds an attempt against itself, so that it fails where its title
is untrue and not wherever a value is wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from dlkata.suite.backward import gradients
from dlkata.suite.judging import holds, not_reseeded, same, unchanged
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
    leaves, same_leaves = sources(mine, inputs, like=theirs), sources(theirs, same_inputs)
    found, wanted = gradients(output, list(leaves.values())), gradients(right, list(same_leaves.values()))
    judge(found, wanted, [f"∂L/∂{leaf}" for leaf in same_leaves])


def sources(module: Any, inputs: Mapping[str, Tensor], like: Any = None) -> dict[str, Tensor]:
    """What an output may be differentiated by: the inputs that require it, and the parameters (those of `like`)."""
    given = {name: value for name, value in inputs.items() if value.requires_grad}
    source = module if like is None else like
    return given | (learned(module, source) if isinstance(source, nn.Module) else {})


def answers(module: Any, inputs: Mapping[str, Tensor], options: Mapping[str, Any]) -> dict[str, Any]:
    """One call: its output and, where they are recorded, its gradients, by name."""
    output = module(*inputs.values(), **options)
    leaves = sources(module, inputs) if torch.is_grad_enabled() else {}
    found = gradients(output, list(leaves.values())) if leaves else []
    return {"output": output} | {f"∂L/∂{name}": g for name, g in zip(leaves, found, strict=True)}


def consistent(found: Mapping[str, Any], right: Mapping[str, Any], label: str, judge: Judge = same) -> None:
    """The attempt's answers are those that it gave under plainer circumstances, nan where those were nan."""
    names = [f"{name} ({label})" for name in right]
    judge(list(found.values()), list(right.values()), names, nonfinite=True)


def cast(make: Callable[[], Inputs], dtype: torch.dtype) -> Callable[[], dict[str, Tensor]]:
    """The same inputs in another floating dtype, as fresh leaves."""

    def narrow() -> dict[str, Tensor]:
        return {
            name: x.detach().to(dtype).requires_grad_(x.requires_grad) if x.is_floating_point() else x
            for name, x in named(make()).items()
        }

    return narrow


def keeps_dtype(
    build: Callable[[], Any],
    make: Callable[[], Inputs],
    dtype: torch.dtype = torch.float32,
    *,
    tolerance: tuple[float, float] = (1e-3, 1e-3),
    **options: Any,
) -> None:
    """In a narrower dtype outputs and gradients have that dtype, and the values of the wide one but for rounding."""
    narrow, wide = build(), build()
    narrow = narrow.to(dtype) if isinstance(narrow, nn.Module) else narrow
    inputs = named(cast(make, dtype)())
    same_inputs = named(cast(lambda: inputs, next(iter(named(make()).values())).dtype)())
    found, right = answers(narrow, inputs, options), answers(wide, same_inputs, options)
    right = {name: _narrowed(value, dtype) for name, value in right.items()}
    consistent(found, right, str(dtype), partial(same, tolerance=tolerance))


def _narrowed(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(_narrowed(v, dtype) for v in value)
    return value.to(dtype) if isinstance(value, Tensor) and value.is_floating_point() else value


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


def any_layout(
    build: Callable[[], Any],
    fill: Callable[[tuple[int, ...]], Tensor],
    shape: tuple[int, ...],
    *,
    judge: Judge = same,
    **options: Any,
) -> None:
    """However x lies in memory, outputs and gradients are those of a contiguous copy. `fill(shape)` draws it."""
    for name, base, view in layouts(*shape):
        x = view(fill(base))
        copy = x.detach().clone(memory_format=torch.contiguous_format).requires_grad_(x.requires_grad)
        found, right = (answers(build(), {"x": tensor}, options) for tensor in (x, copy))
        consistent(found, right, name, judge)


def calls_apart(
    build: Callable[[], Any],
    make: Callable[[int], Inputs],
    *,
    right: Callable[[], Any] | None = None,
    modes: Sequence[tuple[bool, str]] = MODES,
    judge: Judge = same,
    **options: Any,
) -> None:
    """Three calls on different inputs of one shape, in every mode, judged after the last: what they return, and its
    gradients, is what layers return that see one input each. And so is a call with tensors that were seen before, filled
    anew. A function cannot be had anew: there `right` gives the reference's."""
    anew = right or build
    for training, mode in modes_of(build(), modes):
        for recording in ("grad", "inference_mode"):
            together = [_at_work(build, training)] * 3
            alone = [_at_work(anew, training) for _ in together]
            found, wanted = (
                _three_calls(layers, make, RECORDING[recording], options) for layers in (together, alone)
            )
            consistent(found, wanted, f"{mode}, {recording}", judge)
        found = _filled_anew(_at_work(build, training), make, options)
        wanted = answers(_at_work(anew, training), named(make(1)), options)
        consistent(found, {name: wanted[name] for name in found}, f"{mode}, tensors filled anew", judge)


def _filled_anew(layer: Any, make: Callable[[int], Inputs], options: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to the second inputs, in the tensors of the first; none of these asks for a gradient."""
    tensors = {name: x.detach().clone() for name, x in named(make(0)).items()}
    with torch.no_grad():  # of an output that is kept, autograd would notice the filling, and speak first
        layer(*tensors.values(), **options)
    for name, x in named(make(1)).items():
        tensors[name].copy_(x.detach())
    return answers(layer, tensors, options)


def modes_of(layer: Any, modes: Sequence[tuple[bool, str]]) -> Sequence[tuple[bool, str]]:
    """The modes to ask for; a function has none."""
    return modes if isinstance(layer, nn.Module) else ((True, "call"),)


def _at_work(build: Callable[[], Any], training: bool) -> Any:
    layer = build()
    return layer.train(training) if isinstance(layer, nn.Module) else layer


def _three_calls(
    layers: Sequence[Any], make: Callable[[int], Inputs], context: Any, options: Mapping[str, Any]
) -> dict[str, Any]:
    drawn = [named(make(i)) for i in range(len(layers))]
    with context():
        outputs = [layer(*inputs.values(), **options) for layer, inputs in zip(layers, drawn, strict=True)]
    found: dict[str, Any] = {f"output {i + 1}": output for i, output in enumerate(outputs)}
    if context is torch.enable_grad:
        flat = [o for output in outputs for o in ([output] if isinstance(output, Tensor) else output)]
        inputs = {f"{name} {i + 1}": x for i, xs in enumerate(drawn) for name, x in xs.items()}
        several = {id(layer): layer for layer in layers}.values()
        leaves = [
            *sources(None, inputs).items(),
            *(leaf for layer in several for leaf in sources(layer, {}).items()),
        ]
        for (name, leaf), grown in zip(leaves, gradients(flat, [leaf for _, leaf in leaves]), strict=True):
            grown = leaf.new_zeros(leaf.shape) if grown is None else grown
            found[f"∂L/∂{name}"] = found.get(f"∂L/∂{name}", 0) + grown  # of layers apart: the sum
    return found


def modes_alike(
    build: Callable[[], Any], make: Callable[[int], Inputs], *, judge: Judge = same, **options: Any
) -> None:
    """Train and eval mode give the same outputs and gradients, whatever the layer saw before."""
    layer, right = build(), answers(_at_work(build, True), named(make(0)), options)
    for step in range(3):
        layer.train()(*named(make(step + 1)).values(), **options)
    for training, mode in ((False, "eval"), (True, "train")):
        consistent(answers(layer.train(training), named(make(0)), options), right, mode, judge)


def leaves_alone(
    build: Callable[[], Any],
    make: Callable[[int], Inputs],
    *,
    modes: Sequence[tuple[bool, str]] = MODES,
    call: Callable[..., Any] | None = None,
    **options: Any,
) -> None:
    """Every single call leaves its inputs, those of the call before and all parameters as they are: in train and
    eval mode, recording gradients or not, in inference mode, and after backward. None seeds torch's generator anew.

    `call(layer, *inputs)`: another method than forward.
    """
    for training, mode in modes_of(build(), modes):
        for recording, context in RECORDING.items():
            layer = _at_work(build, training)
            kept = dict(sorted(layer.named_parameters())) if isinstance(layer, nn.Module) else {}
            held: dict[str, Tensor] = {}
            for step in range(2):
                inputs = {name: x.detach() for name, x in named(make(step)).items()}
                held |= {f"{name} {step + 1}": x for name, x in inputs.items()}
                with unchanged(**{f"{n} ({mode}, {recording})": x for n, x in (held | kept).items()}):
                    with context():
                        output = (call or _call)(layer, *inputs.values(), **options)
                    _backward(output)
        again = _at_work(build, training), *named(make(0)).values()
        not_reseeded(partial(call or _call, *again, **options))


def _call(layer: Any, *inputs: Tensor, **options: Any) -> Any:
    return layer(*inputs, **options)


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
        right = bool(moved <= 1e-5 * before.abs().max())
        holds(
            right,
            f"The output at index {i} of dim {dim} changes when {name} changes elsewhere along that dim.",
            f"第 {dim} 维上下标 {i} 处的输出，会随 {name} 在该维其他位置上的值而变。",
            value=str(right),
            name=f"independence along dim {dim}",
        )
