"""FlashAttention (Dao et al., 2022): exact attention in linear memory.

Forward, a tile of keys at a time, with running maximum m, sum ℓ and mixture U:

    m' = max(m, max S),   ℓ' = e^(m−m') ℓ + Σ e^(S−m'),   U' = e^(m−m') U + Σ e^(S−m') V
    O = U / ℓ,   Λ = m + ln ℓ

Backward, each tile again, from Λ:

    P = e^(S−Λ),   D = Σ G ⊙ O,   ∂L/∂S = P ⊙ (G Vᵀ − D)
"""

import math
from typing import Any

import torch
from torch import Tensor


def scores_of(q: Tensor, k: Tensor, part: slice, causal: bool) -> Tensor:
    similarity = q @ k[..., part, :].mT  # (…, Tq, tile)
    scores = similarity / math.sqrt(q.shape[-1])
    if causal:
        positions = torch.arange(k.shape[-2], device=q.device)
        later = positions[part] > positions[-q.shape[-2] :, None]  # (Tq, tile)
        scores = scores.masked_fill(later, -math.inf)
    return scores


def flash_forward(
    q: Tensor, k: Tensor, v: Tensor, causal: bool = False, tile: int = 32
) -> tuple[Tensor, Tensor]:
    peak = q.new_full((*q.shape[:-1], 1), -math.inf)  # m, (…, Tq, 1)
    total = torch.zeros_like(peak)  # ℓ
    mixed = q.new_zeros((*q.shape[:-1], v.shape[-1]))  # U, (…, Tq, dᵥ)
    for start in range(0, k.shape[-2], tile):
        part = slice(start, start + tile)  # the last one may reach beyond the keys
        scores = scores_of(q, k, part, causal)
        higher = torch.maximum(peak, scores.amax(dim=-1, keepdim=True))
        shrink = (peak - higher).exp()  # what was summed so far was too large by this
        exps = (scores - higher).exp()
        total = shrink * total + exps.sum(dim=-1, keepdim=True)
        mixed = shrink * mixed + exps @ v[..., part, :]
        peak = higher
    output = mixed / total
    lse = peak + total.log()  # Λ
    return output, lse.squeeze(-1)


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
    scale = 1 / math.sqrt(q.shape[-1])
    mean = (grad_output * output).sum(dim=-1, keepdim=True)  # D, (…, Tq, 1): the mean of G Vᵀ under P
    grad_q, grad_k, grad_v = torch.zeros_like(q), torch.zeros_like(k), torch.zeros_like(v)
    for start in range(0, k.shape[-2], tile):
        part = slice(start, start + tile)
        scores = scores_of(q, k, part, causal)
        weights = (scores - lse[..., None]).exp()  # P, (…, Tq, tile)
        slopes = grad_output @ v[..., part, :].mT  # ∂L/∂P
        grad_scores = weights * (slopes - mean)  # ∂L/∂S
        grad_q += grad_scores @ k[..., part, :] * scale
        grad_k[..., part, :] = grad_scores.mT @ q * scale
        grad_v[..., part, :] = weights.mT @ grad_output
    return grad_q, grad_k, grad_v


class FlashAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, causal: bool, tile: int) -> Tensor:
        output, lse = flash_forward(q, k, v, causal, tile)
        ctx.save_for_backward(q, k, v, output, lse)
        ctx.options = causal, tile
        return output

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        grads = flash_backward(grad_output, *ctx.saved_tensors, *ctx.options)
        return *grads, None, None


def flash_attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = False, tile: int = 32) -> Tensor:
    return FlashAttention.apply(q, k, v, causal, tile)
