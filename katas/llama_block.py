from torch import Tensor, nn


class LlamaBlock(nn.Module):
    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_kv_heads: int,
        d_ff: int,
        base: float = 10000.0,
        eps: float = 1e-6,
    ):
        raise NotImplementedError

    def forward(
        self, x: Tensor, cache: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        raise NotImplementedError
