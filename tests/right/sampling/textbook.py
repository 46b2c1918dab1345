import torch
import torch.nn.functional as F


def filter_top_k(logits, k):
    k = min(k, logits.size(-1))
    _, order = torch.sort(logits, dim=-1, descending=True, stable=True)
    keep = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
    return logits.masked_fill(~keep, float("-inf"))


def filter_top_p(logits, p):
    ordered, order = torch.sort(logits, dim=-1, descending=True, stable=True)
    total = F.softmax(ordered, dim=-1).cumsum(-1)
    remove = total >= p
    remove[..., 1:] = remove[..., :-1].clone()
    remove[..., 0] = False
    return logits.masked_fill(torch.zeros_like(remove).scatter(-1, order, remove), float("-inf"))


def next_token_probs(
    logits, temperature=1.0, top_k=None, top_p=1.0, min_p=0.0, repetition_penalty=1.0, previous=None
):
    logits = logits.detach().clone()
    if previous is not None and repetition_penalty != 1.0:
        hits = torch.zeros(*logits.shape[:-1], logits.shape[-1] + 1, dtype=torch.long, device=logits.device)
        slots = torch.where(previous == -1, logits.shape[-1], previous)
        hits.scatter_add_(-1, slots, torch.ones_like(slots))
        seen = hits[..., :-1] > 0
        scaled = torch.where(logits < 0, logits * repetition_penalty, logits / repetition_penalty)
        logits[seen] = scaled[seen]
    if temperature == 0:
        best = logits.argmax(-1, keepdim=True)
        one = torch.zeros_like(logits).scatter(-1, best, 1.0)
        return torch.where((logits == float("-inf")).all(-1, keepdim=True), torch.zeros_like(one), one)
    logits /= temperature
    if top_k is not None:
        logits = filter_top_k(logits, top_k)
    if top_p < 1.0:
        logits = filter_top_p(logits, top_p)
    if min_p > 0:
        probs = F.softmax(logits, dim=-1)
        logits[probs < min_p * probs.max(-1, keepdim=True).values] = float("-inf")
    return torch.nan_to_num(F.softmax(logits, dim=-1))


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
    probs = next_token_probs(logits, temperature, top_k, top_p, min_p, repetition_penalty, previous)
    cdf = probs.cumsum(-1)
    u = torch.rand(*probs.shape[:-1], 1, generator=generator, dtype=probs.dtype, device=probs.device)
    total = cdf[..., -1:]
    token = (cdf <= u * total).sum(-1)
    return torch.where(total[..., 0] > 0, token.clamp(max=probs.size(-1) - 1), -1)
