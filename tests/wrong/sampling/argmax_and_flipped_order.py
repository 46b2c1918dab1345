# mistake: Greedy is right, but in top_k and top_p ties go to the larger ids.
# bug: ties_to_the_larger_id
import torch


def penalise(logits, theta, previous):
    vocab = logits.shape[-1]
    seen = torch.zeros(*logits.shape[:-1], vocab + 1, dtype=torch.bool, device=logits.device)
    seen.scatter_(-1, torch.where(previous < 0, vocab, previous), True)
    seen = seen[..., :vocab]
    return torch.where(seen, torch.where(logits > 0, logits / theta, logits * theta), logits)


def rescale(probs):
    total = probs.sum(-1, keepdim=True)
    return probs / total.masked_fill(total == 0, 1)


def next_token_probs(
    logits, temperature=1.0, top_k=None, top_p=1.0, min_p=0.0, repetition_penalty=1.0, previous=None
):
    vocab = logits.shape[-1]
    if previous is not None:
        logits = penalise(logits, repetition_penalty, previous)
    empty = torch.isneginf(logits).all(-1, keepdim=True)
    if temperature == 0:
        probs = torch.zeros_like(logits).scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
    else:
        probs = torch.softmax(logits / temperature, -1)
    probs = probs.masked_fill(empty, 0.0)

    order = logits.argsort(dim=-1, stable=True).flip(-1)
    if top_k is not None:
        keep = torch.zeros_like(probs).scatter_(-1, order[..., : min(top_k, vocab)], 1.0)
        probs = rescale(probs * keep)
    if top_p < 1:
        ranked = probs.gather(-1, order)
        before = ranked.cumsum(-1) - ranked
        cut = before >= top_p
        cut[..., 0] = False
        probs = rescale(probs.masked_fill(torch.zeros_like(cut).scatter(-1, order, cut), 0.0))
    if min_p > 0:
        probs = rescale(probs * (probs >= min_p * probs.amax(-1, keepdim=True)))
    return probs


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
    flat = probs.reshape(-1, probs.shape[-1])
    empty = flat.sum(-1) == 0
    flat = flat.masked_fill(empty[:, None], 1.0)
    tokens = torch.multinomial(flat, 1, generator=generator).squeeze(-1)
    return tokens.masked_fill(empty, -1).reshape(logits.shape[:-1])
