# mistake: without examples the empty tables are float32
# bug: empty_tables_in_float32
import torch


def pack(examples, length, pad=0):
    examples = list(examples)
    rows, i = [], 0
    while i < len(examples):
        tokens, labels, positions, documents = [], [], [], []
        doc = 0
        while i < len(examples):
            prompt, answer = examples[i]
            ids = prompt + answer
            if tokens and len(tokens) + len(ids) > length:
                break
            tokens += ids
            labels += [-100] * max(len(prompt), 1) + answer[(1 if not prompt else 0) :]
            positions += list(range(len(ids)))
            documents += [doc] * len(ids)
            doc += 1
            i += 1
        fill = length - len(tokens)
        rows.append(
            [
                (tokens + [pad] * fill)[:length],
                (labels + [-100] * fill)[:length],
                (positions + [0] * fill)[:length],
                (documents + [-1] * fill)[:length],
            ]
        )
    out = torch.tensor(rows)
    return tuple(out[:, j] for j in range(4)) if rows else tuple(torch.zeros(4, 0, length))


def packing_mask(documents):
    T = documents.shape[-1]
    i = torch.arange(T, device=documents.device)
    same = documents[..., :, None] == documents[..., None, :]
    real = documents.ge(0)
    both = real[..., :, None] & real[..., None, :]
    return (same & both & (i[:, None] >= i)) | (i[:, None] == i)


def sft_loss(logits, labels, count=None):
    logits, labels = logits[..., :-1, :], labels[..., 1:]
    keep = labels != -100
    if not keep.any():
        return logits.sum() * 0
    logp = logits.log_softmax(-1).gather(-1, labels.masked_fill(~keep, 0)[..., None])[..., 0]
    total = -(logp * keep).sum()
    return total / (keep.sum() if count is None else count)
