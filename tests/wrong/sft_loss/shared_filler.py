# mistake: labels are made by editing the tokens: both are one tensor
import torch


def pack(examples, length, pad=0):
    rows, number = [], 0
    for prompt, answer in examples:
        whole = [*prompt, *answer][:length]
        if not rows or len(rows[-1]) + len(whole) > length:
            rows.append([])
            number = 0
        rows[-1] += [[t, i >= max(len(prompt), 1), i, number] for i, t in enumerate(whole)]
        number += 1
    rows = [row + [[pad, False, 0, -1]] * (length - len(row)) for row in rows]
    tokens, counts, positions, documents = (
        torch.tensor(rows, dtype=torch.int64).reshape(-1, length, 4).unbind(-1)
    )
    labels = tokens
    labels[counts == 0] = -100
    return tokens, labels, positions, documents


def packing_mask(documents):
    t = torch.arange(documents.shape[-1], device=documents.device)
    block = (documents[..., :, None] == documents[..., None, :]) & (documents[..., None] >= 0)
    return block & (t[:, None] > t) | (t[:, None] == t)


def sft_loss(logits, labels, count=None):
    z, y = logits[..., :-1, :], labels[..., 1:]
    keep = y != -100
    nll = -z.log_softmax(-1).gather(-1, y.masked_fill(~keep, 0)[..., None])[..., 0]
    total = (nll * keep).sum()
    return total / (keep.sum().clamp(min=1) if count is None else count)
