from torch import Tensor, nn


def relative_bucket(
    offset: Tensor, bidirectional: bool = True, n_buckets: int = 32, max_distance: int = 128
) -> Tensor:
    raise NotImplementedError


class RelativeBias(nn.Module):
    def __init__(
        self, n_heads: int, bidirectional: bool = True, n_buckets: int = 32, max_distance: int = 128
    ) -> None:
        raise NotImplementedError

    def forward(self, queries: int, keys: int) -> Tensor:
        raise NotImplementedError


def biased_attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, causal: bool = False) -> Tensor:
    raise NotImplementedError
