from torch import Tensor


def flash_forward(
    q: Tensor, k: Tensor, v: Tensor, causal: bool = False, tile: int = 32
) -> tuple[Tensor, Tensor]:
    raise NotImplementedError


def flash_backward(
    grad_output: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    output: Tensor,
    lse: Tensor,
    causal: bool = False,
    tile: int = 32,
) -> tuple[Tensor, Tensor, Tensor]:
    raise NotImplementedError


def flash_attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = False, tile: int = 32) -> Tensor:
    raise NotImplementedError
