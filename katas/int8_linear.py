from torch import Tensor, nn


def row_scales(x: Tensor) -> Tensor:
    raise NotImplementedError


def quantize(x: Tensor, scale: Tensor) -> Tensor:
    raise NotImplementedError


def int8_matmul(a: Tensor, b: Tensor) -> Tensor:
    raise NotImplementedError


class Int8Linear(nn.Module):
    def __init__(self, linear: nn.Linear):
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError
