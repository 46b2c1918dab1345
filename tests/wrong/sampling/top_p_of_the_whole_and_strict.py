# mistake: top-p goes by the probabilities before top-k, and min-p cuts equals: two mistakes.
# bug: top_p_over_all + min_p_strict
import torch


def next_token_probs(
    logits, temperature=1.0, top_k=None, top_p=1.0, min_p=0.0, repetition_penalty=1.0, previous=None
):
    z = logits.detach().clone()
    if previous is not None:
        V = z.shape[-1]
        seen = (torch.nn.functional.one_hot(previous + 1, V + 1).sum(-2) > 0)[..., 1:]
        z = torch.where(seen, torch.where(z > 0, z / repetition_penalty, z * repetition_penalty), z)
    if temperature == 0:
        first = torch.zeros_like(z).scatter(-1, z.argmax(-1, keepdim=True), 1.0)
        return first * (z > -torch.inf).any(-1, keepdim=True)
    z = z / temperature
    z, order = z.sort(dim=-1, descending=True, stable=True)
    whole = z.softmax(-1).nan_to_num()
    if top_k is not None:
        z[..., top_k:] = -torch.inf
    if top_p < 1:
        drop = whole.cumsum(-1) - whole >= top_p
        drop[..., 0] = False
        z = z.masked_fill(drop, -torch.inf)
    q = z.softmax(-1).nan_to_num()
    cut = q <= min_p * q[..., :1]
    cut[..., 0] = False
    z = z.masked_fill(cut & (min_p > 0), -torch.inf)
    p = z.softmax(-1).nan_to_num()
    return torch.zeros_like(p).scatter(-1, order, p)


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
    flat = p.reshape(-1, p.shape[-1])
    dead = flat.sum(-1) == 0
    token = torch.multinomial(flat + dead[:, None], 1, generator=generator)[:, 0]
    return token.masked_fill(dead, -1).reshape(p.shape[:-1])
