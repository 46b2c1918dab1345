"""einsum over one-hot labels; packing with itertools."""

from itertools import chain, repeat

import torch
from torch import einsum, nn


def _row(members, length, pad):
    columns = [
        chain.from_iterable(p + a for p, a in members),
        chain.from_iterable([-100] * max(len(p), 1) + a[(not p) :] for p, a in members),
        chain.from_iterable(range(len(p) + len(a)) for p, a in members),
        chain.from_iterable([i] * (len(p) + len(a)) for i, (p, a) in enumerate(members)),
    ]
    fill = pad, -100, 0, -1
    return [[x for x, _ in zip(chain(c, repeat(f)), range(length))] for c, f in zip(columns, fill)]


def pack(examples, length, pad=0):
    groups, used = [], length + 1
    for prompt, answer in examples:
        prompt = list(prompt)[:length]
        answer = list(answer)[: length - len(prompt)]
        size = len(prompt) + len(answer)
        if used + size > length:
            groups.append([])
            used = 0
        groups[-1].append((prompt, answer))
        used += size
    table = torch.tensor([_row(g, length, pad) for g in groups], dtype=torch.long)
    return tuple(table.reshape(len(groups), 4, length).permute(1, 0, 2).contiguous())


def packing_mask(documents):
    T = documents.size(-1)
    position = torch.arange(T, device=documents.device)
    own = torch.where(documents < 0, -1 - position, documents)  # every padding token a document of its own
    return torch.eq(own.unsqueeze(-1), own.unsqueeze(-2)) & (position.unsqueeze(-1) >= position)


class SFT(nn.Module):
    def forward(self, logits, labels, count):
        hot = torch.eq(labels[..., 1:, None], torch.arange(logits.size(-1), device=labels.device))
        hot = hot.to(logits.dtype)
        total = -einsum("...v,...v->...", logits[..., :-1, :].log_softmax(-1), hot).sum()
        return total / (hot.sum().clamp_min(1.0) if count is None else count)


def sft_loss(logits, labels, count=None):
    return SFT()(logits, labels, count)
