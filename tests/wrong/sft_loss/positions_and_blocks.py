# mistake: two: positions go on through the row, and padding tokens see one another
# bug: padding_together + positions_go_on
import torch


def pack(examples, length, pad=0):
    rows, number = [], 0
    for prompt, answer in examples:
        whole = [*prompt, *answer][:length]
        begin = max(len(prompt), 1)
        if not rows or len(rows[-1]) + len(whole) > length:
            rows.append([])
            number = 0
        for i, token in enumerate(whole):
            rows[-1].append([token, token if i >= begin else -100, len(rows[-1]), number])
        number += 1
    rows = [row + [[pad, -100, 0, -1]] * (length - len(row)) for row in rows]
    return tuple(torch.tensor(rows, dtype=torch.int64).reshape(-1, length, 4).unbind(-1))


def packing_mask(documents):
    T = documents.shape[-1]
    lower = torch.tril(torch.ones(T, T, dtype=torch.bool, device=documents.device))
    return lower & (documents.unsqueeze(-1) == documents.unsqueeze(-2))


def sft_loss(logits, labels, count=None):
    z, y = logits[..., :-1, :], labels[..., 1:]
    keep = y != -100
    nll = -z.log_softmax(-1).gather(-1, y.masked_fill(~keep, 0)[..., None])[..., 0]
    total = (nll * keep).sum()
    return total / (keep.sum().clamp(min=1) if count is None else count)
