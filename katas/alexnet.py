from torch import Tensor, nn


class AlexNet(nn.Module):
    def __init__(
        self,
        num_classes: int = 1000,
        height: int = 224,
        width: int = 224,
        channels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256),
        hidden: int = 4096,
        dropout: float = 0.5,
    ):
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


def alexnet_shapes(
    num_classes: int = 1000,
    height: int = 224,
    width: int = 224,
    channels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256),
    hidden: int = 4096,
) -> list[tuple[int, ...]]:
    raise NotImplementedError
