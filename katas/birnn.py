import torch
from torch import Tensor, nn


class BiRNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1):
        raise NotImplementedError

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, h: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        raise NotImplementedError
