import torch
from torch import Tensor, nn


class GRUCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        raise NotImplementedError

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        raise NotImplementedError


class GRU(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1):
        raise NotImplementedError

    def forward(self, x: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        raise NotImplementedError
