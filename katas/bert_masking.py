import torch
from torch import Tensor


def mask_tokens(
    tokens: Tensor,
    mask_id: int,
    special_ids: list[int],
    vocab_size: int,
    p: float = 0.15,
    p_mask: float = 0.8,
    p_random: float = 0.1,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    raise NotImplementedError


def mlm_loss(logits: Tensor, labels: Tensor) -> Tensor:
    raise NotImplementedError
