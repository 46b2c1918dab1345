"""Looks up only what counts; a mask from where the examples begin."""

import torch


class _Packer:
    def __init__(self, length, pad):
        self.length, self.pad = length, pad
        self.rows = []
        self.room = 0

    def add(self, prompt, answer):
        whole = (list(prompt) + list(answer))[: self.length]
        if len(whole) > self.room:
            row = torch.full((4, self.length), self.pad, dtype=torch.int64)
            row[1], row[2], row[3] = -100, 0, -1
            self.rows.append(row)
            self.room, self.number = self.length, 0
        start = self.length - self.room
        part = self.rows[-1][:, start : start + len(whole)]
        part[0] = torch.tensor(whole)
        begin = max(len(prompt), 1)
        part[1, begin:] = part[0, begin:]
        part[2] = torch.arange(len(whole))
        part[3] = self.number
        self.number += 1
        self.room -= len(whole)


def pack(examples, length, pad=0):
    packer = _Packer(length, pad)
    for prompt, answer in examples:
        packer.add(prompt, answer)
    if not packer.rows:
        return tuple(torch.zeros(0, length, dtype=torch.int64) for _ in range(4))
    return torch.stack(packer.rows, dim=1).unbind(0)


def packing_mask(documents):
    T = documents.shape[-1]
    new = torch.ones_like(documents, dtype=torch.bool)
    new[..., 1:] = (documents[..., 1:] != documents[..., :-1]) | (documents[..., 1:] == -1)
    start = torch.where(new, torch.arange(T, device=documents.device), 0).cummax(-1).values
    keys = torch.arange(T, device=documents.device)
    return (keys >= start[..., None]) & (keys <= keys[:, None])


def sft_loss(logits, labels, count=None):
    where = labels[..., 1:] != -100
    z, y = logits[..., :-1, :][where], labels[..., 1:][where]
    total = (z.logsumexp(-1) - z.gather(-1, y.unsqueeze(-1)).squeeze(-1)).sum()
    return total / (max(y.numel(), 1) if count is None else count)
