"""Everything one after the other."""

import torch


def pack(examples, length, pad=0):
    rows, row, number = [], None, 0

    def close(row):
        while len(row) < length:
            row.append([pad, -100, 0, -1])
        rows.append(row)

    for prompt, answer in examples:
        size = min(len(prompt) + len(answer), length)
        if row is not None and len(row) + size > length:
            close(row)
            row = None
        if row is None:
            row, number = [], 0
        for i in range(size):
            if i < len(prompt):
                row.append([prompt[i], -100, i, number])
            else:
                token = answer[i - len(prompt)]
                row.append([token, -100 if i == 0 else token, i, number])
        number += 1
    if row is not None:
        close(row)
    tables = [[[entry[k] for entry in row] for row in rows] for k in range(4)]
    return tuple(torch.tensor(t, dtype=torch.int64).view(len(rows), length) for t in tables)


def packing_mask(documents):
    T = documents.shape[-1]
    flat = documents.reshape(-1, T)
    mask = torch.zeros(len(flat), T, T, dtype=torch.bool, device=documents.device)
    for row, seen in zip(flat.tolist(), mask):
        for q in range(T):
            for k in range(q + 1):
                if q == k or (row[q] == row[k] and row[q] != -1):
                    seen[q, k] = True
    return mask.reshape(*documents.shape, T)


def sft_loss(logits, labels, count=None):
    T, V = logits.shape[-2:]
    total, n = logits.new_zeros(()), 0
    for z, y in zip(logits.reshape(-1, T, V), labels.reshape(-1, T).tolist()):
        for t in range(T - 1):
            if y[t + 1] != -100:
                top = z[t].max().detach()
                total = total + (z[t] - top).exp().sum().log() + top - z[t, y[t + 1]]
                n += 1
    if count is None:
        count = n or 1
    return total / count
