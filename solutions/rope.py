"""Rotary position embedding (Su et al., 2021).

Pair i of a token at position m is turned by the angle m θᵢ, with θᵢ = base^(−2i/D):

    x'₂ᵢ   = x₂ᵢ cos mθᵢ − x₂ᵢ₊₁ sin mθᵢ
    x'₂ᵢ₊₁ = x₂ᵢ sin mθᵢ + x₂ᵢ₊₁ cos mθᵢ
"""

import torch
from torch import Tensor


def rope(x: Tensor, positions: Tensor | None = None, base: float = 10000.0) -> Tensor:
    precise = torch.promote_types(x.dtype, torch.float32)  # half precision can't tell 2049 from 2048
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)  # (T,)
    even_dims = torch.arange(0, x.shape[-1], 2, dtype=precise, device=x.device)  # 2i
    theta = base ** (-even_dims / x.shape[-1])  # (D/2,)
    angles = positions[..., None] * theta  # (…, T, D/2)
    cos, sin = angles.cos(), angles.sin()
    even, odd = x[..., 0::2], x[..., 1::2]  # (…, T, D/2)
    turned_even = even * cos - odd * sin
    turned_odd = even * sin + odd * cos
    pairs = torch.stack([turned_even, turned_odd], dim=-1)  # (…, T, D/2, 2)
    return pairs.flatten(start_dim=-2).to(x.dtype)
