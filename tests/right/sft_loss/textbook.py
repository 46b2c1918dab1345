import torch
import torch.nn.functional as F


def pack(examples, length, pad=0):
    tokens, labels, positions, documents = [], [], [], []
    for prompt, answer in examples:
        t = (list(prompt) + list(answer))[:length]
        l = ([-100] * len(prompt) + list(answer))[:length]
        l[0] = -100
        if not tokens or len(tokens[-1]) + len(t) > length:
            for table in (tokens, labels, positions, documents):
                table.append([])
        number = documents[-1][-1] + 1 if documents[-1] else 0
        tokens[-1].extend(t)
        labels[-1].extend(l)
        positions[-1].extend(range(len(t)))
        documents[-1].extend([number] * len(t))
    out = []
    for table, filler in ((tokens, pad), (labels, -100), (positions, 0), (documents, -1)):
        full = torch.full((len(table), length), filler, dtype=torch.long)
        for i, row in enumerate(table):
            full[i, : len(row)] = torch.tensor(row)
        out.append(full)
    return tuple(out)


def packing_mask(documents):
    T = documents.shape[-1]
    i = torch.arange(T, device=documents.device)
    block = documents[..., :, None] == documents[..., None, :]
    causal = i[:, None] >= i[None, :]
    real = documents[..., None, :] != -1
    return (block & causal & real) | (i[:, None] == i[None, :])


def sft_loss(logits, labels, count=None):
    z, y = logits[..., :-1, :].reshape(-1, logits.shape[-1]), labels[..., 1:].reshape(-1)
    mask = y != -100
    y = y * mask
    nll = -F.log_softmax(z, dim=-1)[torch.arange(len(y), device=y.device), y]
    nll = (nll * mask).sum()
    return nll / (max(mask.sum().item(), 1) if count is None else count)
