from torch import Tensor, nn


class NiNBlock(nn.Module):
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ):
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


class NiN(nn.Module):
    def __init__(self, arch: list[tuple[int, int, int, int]], in_channels: int, num_classes: int):
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


def nin_shapes(
    arch: list[tuple[int, int, int, int]], in_channels: int, num_classes: int, height: int, width: int
) -> list[tuple[int, ...]]:
    raise NotImplementedError
