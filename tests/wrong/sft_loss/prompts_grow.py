# mistake: the caller's prompt grows by its answer
# bug: examples_edited
import torch


def pack(examples, length, pad=0):
    rows = []
    current, used, number = None, 0, 0
    for prompt, answer in examples:
        ids = prompt
        split = len(prompt)
        ids += answer
        ids = ids[:length]
        n = len(ids)
        if current is None or used + n > length:
            current = [[pad] * length, [-100] * length, [0] * length, [-1] * length]
            rows.append(current)
            used, number = 0, 0
        current[0][used : used + n] = ids
        start = max(split, 1)
        if start < n:
            current[1][used + start : used + n] = ids[start:]
        current[2][used : used + n] = range(n)
        current[3][used : used + n] = [number] * n
        used, number = used + n, number + 1
    t = torch.tensor(rows, dtype=torch.int64).reshape(len(rows), 4, length)
    return t[:, 0], t[:, 1], t[:, 2], t[:, 3]


def packing_mask(documents):
    T = documents.shape[-1]
    q, k = documents[..., :, None], documents[..., None, :]
    causal = torch.ones(T, T, dtype=torch.bool, device=documents.device).tril()
    eye = torch.eye(T, dtype=torch.bool, device=documents.device)
    return ((q == k) & (q >= 0) & causal) | eye


def sft_loss(logits, labels, count=None):
    logits, labels = logits[..., :-1, :], labels[..., 1:]
    keep = labels != -100
    if not keep.any():
        return logits.sum() * 0
    logp = logits.log_softmax(-1).gather(-1, labels.masked_fill(~keep, 0)[..., None])[..., 0]
    total = -(logp * keep).sum()
    return total / (keep.sum() if count is None else count)
