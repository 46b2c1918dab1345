"""Modules with state."""

from hashlib import sha256

import torch
from torch import Tensor

from dlkata.suite.finding import Finding, Mismatch
from dlkata.suite.journals import journal
from dlkata.suite.settings import EXACT, setting


def adopt(module: torch.nn.Module, source: torch.nn.Module, *, as_it_is: bool = False) -> torch.nn.Module:
    """`module` and `source` with the same parameters; says which names or shapes are not those of the contract.

    Both get parameters drawn from their names, so that what a test judges depends on its seed and on mathematics
    alone, never on how either side initialises itself. `as_it_is`: the test has given `source` a state of its own.
    """
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
    if not as_it_is:
        draw(source)
    module.load_state_dict(source.state_dict())
    return module


def draw(module: torch.nn.Module) -> torch.nn.Module:
    """The module with parameters drawn from their names and the test's seed, of the size that layers begin with."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(_drawn(name, parameter))
    return module


def _drawn(name: str, like: Tensor) -> Tensor:
    seed = int.from_bytes(sha256(f"{name} {tuple(like.shape)} {setting.seed}".encode()).digest()[:7], "big")
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(like.shape, generator=generator, dtype=torch.float64)
    if like.dim() > 1:  # a product over fan_in entries keeps its size, roughly
        return values * 0.6 / (like.numel() / like.shape[0]) ** 0.5
    return 1 + 0.2 * values if name.rpartition(".")[2] == "weight" else 0.1 * values
