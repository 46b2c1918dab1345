from torch import Tensor, nn


def default_width(d_model: int, activation: str, multiple_of: int = 1) -> int:
    raise NotImplementedError


class FeedForward(nn.Module):
    def __init__(
        self,
        d_model: int,
        d_ff: int | None = None,
        activation: str = "relu",
        multiple_of: int = 1,
    ):
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError
