import math

import torch


def pick(row, temperature, generator):
    """Plain Python: the largest, or the place of a uniform number among the cumulated weights."""
    if temperature == 0:
        best = 0
        for i, z in enumerate(row):
            if z > row[best]:
                best = i
        return best
    top = max(row)
    weights = [math.exp((z - top) / temperature) for z in row]
    u = torch.rand((), generator=generator, dtype=torch.float64).item() * sum(weights)
    for i, w in enumerate(weights):
        if w > 0:
            last = i
            u -= w
            if u < 0:
                return i
    return last


def generate(model, prefixes, max_new_tokens, eos=None, temperature=0.0, generator=None):
    mods = list(model.modules())
    flags = [m.training for m in mods]
    grad = torch.is_grad_enabled()
    device = prefixes[0].device
    texts = [p.tolist() for p in prefixes]
    starts = [len(t) for t in texts]
    out = [[] for _ in texts]
    open_rows = set(range(len(texts)))
    state, t = None, 0
    torch.set_grad_enabled(False)
    for m in mods:
        m.training = False
    try:
        while open_rows:
            now = [text[t] if t < len(text) else 0 for text in texts]  # rows that are over read token 0
            logits, state = model(torch.tensor(now, dtype=torch.int64, device=device), state)
            t += 1
            for i, row in enumerate(logits.tolist()):
                if i in open_rows and t >= starts[i]:
                    token = pick(row, temperature, generator)
                    out[i].append(token)
                    texts[i].append(token)
                    if token == eos or len(out[i]) >= max_new_tokens:
                        open_rows.remove(i)
    finally:
        torch.set_grad_enabled(grad)
        for m, flag in zip(mods, flags):
            m.training = flag
    return out
