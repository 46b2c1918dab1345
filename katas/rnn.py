import torch
from torch import Tensor, nn


class RNNCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, nonlinearity: str = "tanh"):
        raise NotImplementedError

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        raise NotImplementedError


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, nonlinearity: str = "tanh"):
        raise NotImplementedError

    def forward(self, x: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        raise NotImplementedError
