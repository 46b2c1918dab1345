# mistake: the first token of an answer keeps its label where the prompt is empty
# bug: first_token_counts
import torch


def pack(examples, length, pad=0):
    rows, free = [], 0
    for prompt, answer in examples:
        whole = (prompt + answer)[:length]
        targets = ([-100] * len(prompt) + answer)[:length]
        if len(whole) > free:
            rows.append(([], [], [], []))
            free, number = length, 0
        row = rows[-1]
        row[0].extend(whole)
        row[1].extend(targets)
        row[2].extend(range(len(whole)))
        row[3].extend([number] * len(whole))
        number += 1
        free -= len(whole)
    out = []
    for k, filler in enumerate((pad, -100, 0, -1)):
        filled = [row[k] + [filler] * (length - len(row[k])) for row in rows]
        out.append(torch.tensor(filled, dtype=torch.int64).reshape(-1, length))
    return tuple(out)


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
