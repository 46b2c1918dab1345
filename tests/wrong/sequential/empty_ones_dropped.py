# mistake: children are asked whether they are true, which an empty container is not
# line: 16
from collections.abc import Iterator
from typing import Any

from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules: nn.Module | dict[str, nn.Module]):
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], dict):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(m for m in modules if m):
                self.add_module(str(i), module)

    def forward(self, x: Any) -> Any:
        for module in self._modules.values():
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[nn.Module]:
        return iter(self._modules.values())

    def _name(self, index: int) -> str:
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"index {index} is out of range")
        return list(self._modules)[index]

    def __getitem__(self, index: int | slice) -> nn.Module:
        if isinstance(index, slice):
            return Sequential(dict(list(self._modules.items())[index]))
        return self._modules[self._name(index)]

    def __setitem__(self, index: int, module: nn.Module) -> None:
        self._modules[self._name(index)] = module

    def append(self, module: nn.Module) -> "Sequential":
        i = len(self)
        while str(i) in self._modules:
            i += 1
        self.add_module(str(i), module)
        return self
