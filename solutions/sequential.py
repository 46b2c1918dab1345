"""A chain of modules.

    y = fₙ(… f₂(f₁(x)))

The children live where those of every module live: in `_modules`, from name to module, in order.
"""

from collections.abc import Iterator
from typing import Any

from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules: nn.Module | dict[str, nn.Module]):
        super().__init__()
        named = {str(i): module for i, module in enumerate(modules)}
        if len(modules) == 1 and isinstance(modules[0], dict):
            named = modules[0]
        for name, module in named.items():
            self.add_module(name, module)

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[nn.Module]:
        return iter(self._modules.values())

    def __getitem__(self, index: int | slice) -> nn.Module:
        if isinstance(index, slice):
            chosen = list(self._modules.items())[index]
            return Sequential(dict(chosen))
        return list(self._modules.values())[index]

    def __setitem__(self, index: int, module: nn.Module) -> None:
        name = list(self._modules)[index]
        self._modules[name] = module  # a known key keeps its place

    def append(self, module: nn.Module) -> "Sequential":
        number = len(self)
        while str(number) in self._modules:
            number += 1
        self.add_module(str(number), module)
        return self
