from torch import Tensor, nn


class VGGBlock(nn.Module):
    def __init__(self, num_convs: int, in_channels: int, out_channels: int):
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


class VGG(nn.Module):
    def __init__(
        self,
        arch: list[tuple[int, int]],
        in_channels: int,
        height: int,
        width: int,
        num_classes: int,
        hidden: int,
    ):
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


def vgg_shapes(
    arch: list[tuple[int, int]],
    in_channels: int,
    height: int,
    width: int,
    num_classes: int,
    hidden: int,
) -> list[tuple[int, ...]]:
    raise NotImplementedError
