from torch import Tensor


def alibi_slopes(n_heads: int) -> list[float]:
    raise NotImplementedError


def alibi_attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = True) -> Tensor:
    raise NotImplementedError
