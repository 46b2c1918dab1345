from collections.abc import Iterator
from typing import Any

from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules: nn.Module | dict[str, nn.Module]):
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __iter__(self) -> Iterator[nn.Module]:
        raise NotImplementedError

    def __getitem__(self, index: int | slice) -> nn.Module:
        raise NotImplementedError

    def __setitem__(self, index: int, module: nn.Module) -> None:
        raise NotImplementedError

    def append(self, module: nn.Module) -> "Sequential":
        raise NotImplementedError
