from torch import Tensor, nn


def kernel_regression(queries: Tensor, keys: Tensor, values: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    raise NotImplementedError


def leave_one_out(keys: Tensor, values: Tensor, w: Tensor) -> Tensor:
    raise NotImplementedError


class KernelRegression(nn.Module):
    def __init__(self, dims: int):
        raise NotImplementedError

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        raise NotImplementedError

    def loss(self, keys: Tensor, values: Tensor) -> Tensor:
        raise NotImplementedError
