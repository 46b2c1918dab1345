"""Modules with state: what they begin with, what they are given, what they keep apart."""

from collections.abc import Callable
from copy import deepcopy
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor, nn

from dlkata.suite.finding import Finding, Mismatch
from dlkata.suite.inputs import place
from dlkata.suite.journals import journal
from dlkata.suite.judging import holds, same
from dlkata.suite.settings import EXACT, setting


def adopt(module: nn.Module, source: nn.Module, *, as_it_is: bool = False) -> nn.Module:
    """`module` and `source` with the same parameters; says which names or shapes are not those of the contract.

    Both get parameters drawn from their names, so that what a test judges depends on its seed and on mathematics
    alone, never on how either side initialises itself. `as_it_is`: the test has given `source` a state of its own.
    """
    same_names(module, source)
    if not as_it_is:
        draw(source)
    module.load_state_dict(source.state_dict())
    return module


def same_names(module: nn.Module, source: nn.Module) -> None:
    """`module` has the names and shapes of `source` in its state_dict, and no others."""
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


def draw(module: nn.Module) -> nn.Module:
    """The module with parameters drawn from their names and the test's seed, of the size that layers begin with."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(_drawn(name, parameter))
    return module


def stir(module: nn.Module) -> nn.Module:
    """The module with every floating entry of its state far from where it began: no scale near 1, no shift near 0.

    Drawn from names and seed, too. Variances (`running_var`) stay positive, matrices and kernels of ordinary size.
    """
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                noise = _noise(f"{name}, stirred", value)
                size = 1.0 if value.dim() < 2 else _fan_in(value) ** -0.5
                value.copy_(noise.abs() + 0.3 if name.endswith("running_var") else size * noise)
    return module


def twins(candidate: Any, reference: Any, kind: str, *sizes: Any, **options: Any) -> tuple[Any, Any]:
    """The attempt's module called `kind` and the reference's, on the graded device, stirred and in the same state.

    What must be learned can be differentiated even where the attempt forgot to say so: `starts_like` tells, once.
    """
    mine, theirs = (place(getattr(side, kind)(*sizes, **options)) for side in (candidate, reference))
    return adopted(mine, stir(theirs)), theirs


def adopted(module: nn.Module, source: nn.Module) -> nn.Module:
    """`module` with the state that the test has given to `source`, all that is learned ready for gradients."""
    adopt(module, source, as_it_is=True)
    for value in learned(module, source).values():
        value.requires_grad_()
    return module


def learned(module: nn.Module, source: nn.Module) -> dict[str, Tensor]:
    """What `module` has under the names of the parameters of `source`, sorted."""
    state = module.state_dict(keep_vars=True)
    return {name: state[name] for name in sorted(name for name, _ in source.named_parameters())}


def starts_like(mine: nn.Module, theirs: nn.Module, given: Callable[[str], bool] = lambda name: True) -> None:
    """A new module has the names, the shapes, the initial values and the parameters of the reference.

    `given` picks the names whose initial values are constants; what is drawn at random is no comparison.
    """
    same_names(mine, theirs)
    fixed = sorted(name for name in theirs.state_dict() if given(name))
    found, right = ({name: module.state_dict()[name] for name in fixed} for module in (mine, theirs))
    same(found, right, "state_dict")
    names = sorted(name for name, _ in mine.named_parameters())
    trained = sorted(name for name, value in mine.named_parameters() if value.requires_grad)
    wanted = sorted(name for name, _ in theirs.named_parameters())
    some = ", ".join(wanted[:6]) + (", …" if len(wanted) > 6 else "")
    holds(
        trained == names == wanted,
        f"What is learned, and that alone, must be a parameter ({some}): an optimizer sees nothing else.",
        f"要学习的都应当是参数，不学习的都不应是（{some}）：优化器只看得到参数。",
        value=", ".join(names) + "; " + ", ".join(trained),
        name="parameters",
    )


def share_nothing(
    build: Callable[[], Any], make: Callable[[], Any], *, beside: Callable[[], Any] | None = None
) -> None:
    """What one module learns and remembers is not seen by another, whether it was made before or after; nor is how
    another one was configured: `beside` makes one in which every size and option is another."""
    first, busy, before = (place(build()) for _ in range(3))
    kept = {name: value.clone() for name, value in before.state_dict().items()}
    # What is drawn at random differs from one new layer to the next.
    fixed = [name for name, value in first.state_dict().items() if torch.equal(value, kept[name])]
    busy(make())
    with torch.no_grad():
        for value in busy.state_dict().values():
            value += 1
    newer = place(build()).state_dict()
    moved = [name for name, value in before.state_dict().items() if not torch.equal(value, kept[name])]
    moved += [name for name in fixed if not torch.equal(newer[name], kept[name])]
    names = ", ".join(sorted(set(moved)))
    holds(
        not moved,
        f"What one layer has learned or remembered shows in another: {names}.",
        f"一层学到或记住的东西，在另一层里也看得到：{names}。",
        value=names or "nothing",
        name="shared between layers",
    )
    if beside is not None:
        _configured_apart(stir(place(build()).eval()), make, beside)


def _configured_apart(layer: nn.Module, make: Callable[[], Any], beside: Callable[[], Any]) -> None:
    right = layer(make())
    beside()
    try:
        same(layer(make()), right, "output (once a layer of other sizes was made)", nonfinite=True)
        apart = True
    except Exception:  # one that differs, or shapes that do not fit any more
        apart = False
    holds(
        apart,
        "Once another layer of other sizes has been made, this one computes something else, or nothing: keep what the "
        "constructor is given on self, not on the class and not in a global.",
        "再创建一个尺寸不同的层之后，原来那层的结果就变了，甚至算不出来：构造时得到的参数要存到 self 上，不要存到类或全局变量里。",
        value=str(apart),
        name="configured apart",
    )


def travels(layer: Any, build: Callable[[], Any], make: Callable[[int], Any]) -> None:
    """State that is loaded into a module that has been at work is all it goes by, in eval and in train mode."""
    for training, mode in ((False, "eval"), (True, "train")):
        layer.train(training)
        loaded = place(build()).train(training)
        with torch.no_grad():
            for value in loaded.parameters():  # `build` may give the very values that are loaded
                value.mul_(-0.5)
        loaded(make(0))  # nothing may be kept from before
        loaded.load_state_dict({name: value.clone() for name, value in layer.state_dict().items()})
        same(loaded(make(1)), layer(make(1)), f"output ({mode}, state loaded)", nonfinite=True)


def copies_apart(
    build: Callable[[], Any], make: Callable[[int], Any], *, judge: Callable[..., None] = same
) -> None:
    """`copy.deepcopy` gives a module that computes with parameters of its own."""
    layer, other = build(), build()
    layer(make(0))
    copy = deepcopy(layer)
    with torch.no_grad():
        for changed in (copy, other):
            for value in changed.parameters():
                value.mul_(-2)
    found = [copy.train()(make(1)), layer.train()(make(1))]
    right = [other.train()(make(1)), build().train()(make(1))]
    judge(found, right, ["output of a changed copy", "output of its original"], nonfinite=True)


def _drawn(name: str, like: Tensor) -> Tensor:
    values = _noise(name, like)
    if like.dim() > 1:  # a product over fan_in entries keeps its size, roughly
        return values * 0.6 / _fan_in(like) ** 0.5
    return 1 + 0.2 * values if name.rpartition(".")[2] == "weight" else 0.1 * values


def _noise(name: str, like: Tensor) -> Tensor:
    """Standard normal numbers that name, shape and the test's seed decide."""
    seed = int.from_bytes(sha256(f"{name} {tuple(like.shape)} {setting.seed}".encode()).digest()[:7], "big")
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _fan_in(weight: Tensor) -> float:
    return weight.numel() / weight.shape[0]
