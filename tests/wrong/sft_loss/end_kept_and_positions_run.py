# mistake: long examples keep their end, and positions run on through the row
# bug: positions_go_on + long_ones_lose_their_beginning
import torch


def pack(examples, length, pad=0):
    rows, used, documents_in_row = [], length + 1, 0
    for prompt, answer in examples:
        ids = (list(prompt) + list(answer))[-length:]
        target = ([-100] * len(prompt) + list(answer))[-length:]
        target[0] = -100
        n = len(ids)
        if used + n > length:
            rows.append(([], [], [], []))
            used, documents_in_row = 0, 0
        row = rows[-1]
        row[0].extend(ids)
        row[1].extend(target)
        row[2].extend(range(used, used + n))
        row[3].extend([documents_in_row] * n)
        documents_in_row += 1
        used += n
    fills = (pad, -100, 0, -1)
    out = []
    for i, fill in enumerate(fills):
        filled = [row[i] + [fill] * (length - len(row[i])) for row in rows]
        out.append(torch.tensor(filled, dtype=torch.int64).reshape(-1, length))
    return tuple(out)


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
