"""Row by row, with numbers in lists."""

import math

import torch


def row_probs(z, temperature, top_k, top_p, min_p, penalty, seen):
    z = [
        (x / penalty if x > 0 else x * penalty) if i in seen and x != -math.inf else x
        for i, x in enumerate(z)
    ]
    order = [i for i in sorted(range(len(z)), key=lambda i: (-z[i], i)) if z[i] > -math.inf]
    p = [0.0] * len(z)
    if not order:
        return p
    if temperature == 0:
        p[order[0]] = 1.0
        return p
    top = z[order[0]]
    weight = {i: math.exp((z[i] - top) / temperature) for i in order}
    if top_k is not None:
        order = order[:top_k]
    if top_p < 1:
        total, reached, kept = sum(weight[i] for i in order), 0.0, []
        for i in order:
            if kept and reached >= top_p:
                break
            kept.append(i)
            reached += weight[i] / total
        order = kept
    order = [i for i in order if weight[i] >= min_p * weight[order[0]]]
    total = sum(weight[i] for i in order)
    for i in order:
        p[i] = weight[i] / total
    return p


def next_token_probs(
    logits, temperature=1.0, top_k=None, top_p=1.0, min_p=0.0, repetition_penalty=1.0, previous=None
):
    rows = logits.detach().reshape(-1, logits.shape[-1]).tolist()
    seen = [set()] * len(rows)
    if previous is not None and previous.shape[-1]:
        seen = [set(ids) - {-1} for ids in previous.reshape(-1, previous.shape[-1]).tolist()]
    p = [
        row_probs(z, temperature, top_k, top_p, min_p, repetition_penalty, s)
        for z, s in zip(rows, seen, strict=True)
    ]
    return torch.tensor(p, dtype=logits.dtype, device=logits.device).reshape(logits.shape)


def sample(
    logits,
    temperature=1.0,
    top_k=None,
    top_p=1.0,
    min_p=0.0,
    repetition_penalty=1.0,
    previous=None,
    generator=None,
):
    p = next_token_probs(logits, temperature, top_k, top_p, min_p, repetition_penalty, previous)
    tokens = []
    for row in p.reshape(-1, p.shape[-1]):
        tokens.append(torch.multinomial(row, 1, generator=generator).item() if row.any() else -1)
    return torch.tensor(tokens, device=logits.device).reshape(logits.shape[:-1])
