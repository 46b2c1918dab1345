"""Supervised fine-tuning: examples packed into rows, kept apart by a mask, and the loss of the answers.

L = −(1/n) Σ log p(yₜ₊₁ | x₍≤ₜ₎)   over all t whose yₜ₊₁ ≠ −100
"""

from collections.abc import Iterable

import torch
from torch import Tensor

IGNORED = -100


def pack(
    examples: Iterable[tuple[list[int], list[int]]], length: int, pad: int = 0
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    rows: list[list[tuple[int, int, int, int]]] = []  # (token, label, position, document)
    for prompt, answer in examples:
        tokens = [*prompt, *answer][:length]
        labels = [IGNORED] * len(prompt) + answer
        labels[0] = IGNORED  # nothing predicts the first token
        if not rows or len(rows[-1]) + len(tokens) > length:
            rows.append([])
            document = 0
        rows[-1] += [(token, labels[i], i, document) for i, token in enumerate(tokens)]
        document += 1

    padding = (pad, IGNORED, 0, -1)
    filled = [row + [padding] * (length - len(row)) for row in rows]
    packed = torch.tensor(filled, dtype=torch.int64).reshape(-1, length, 4)
    token, label, position, owner = packed.unbind(-1)  # (rows, length) each
    return token, label, position, owner


def packing_mask(documents: Tensor) -> Tensor:
    T = documents.shape[-1]
    square = torch.ones(T, T, dtype=torch.bool, device=documents.device)
    earlier = square.tril(-1)  # (T, T): keys before the query
    together = documents.unsqueeze(-1) == documents.unsqueeze(-2)  # (…, T, T)
    real = (documents >= 0).unsqueeze(-1)  # (…, T, 1): queries that are no padding
    itself = square.tril().triu()  # (T, T): the diagonal
    return earlier & together & real | itself


def sft_loss(logits: Tensor, labels: Tensor, count: float | Tensor | None = None) -> Tensor:
    predictions = logits[..., :-1, :]  # (…, T−1, V): position t predicts …
    targets = labels[..., 1:]  # (…, T−1): … token t + 1
    counted = targets != IGNORED  # (…, T−1)
    safe = targets.masked_fill(~counted, 0)  # (…, T−1), tokens that exist

    log_p = predictions.log_softmax(-1)  # (…, T−1, V)
    losses = -log_p.gather(-1, safe.unsqueeze(-1)).squeeze(-1)  # (…, T−1)
    total = losses.masked_fill(~counted, 0.0).sum()
    if count is None:
        count = counted.sum().clamp(min=1)
    return total / count
