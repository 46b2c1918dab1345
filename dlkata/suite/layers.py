"""Modules with state."""

import torch

from dlkata.suite.finding import Finding, Mismatch
from dlkata.suite.journals import journal
from dlkata.suite.settings import EXACT


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
