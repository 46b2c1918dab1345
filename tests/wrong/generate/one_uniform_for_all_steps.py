# mistake: The uniform numbers of a call are drawn once, one a row, and used at every step.
# bug: seeded_in_every_step
# line: 19
import torch


def sample(logits, temperature, u):
    if temperature == 0:
        return logits.argmax(-1)
    p = torch.softmax(logits.double() / temperature, dim=-1).cpu()
    return (p.cumsum(-1) < u * p.sum(-1, keepdim=True)).sum(-1).to(logits.device)


@torch.no_grad()
def generate(model, prefixes, max_new_tokens, eos=None, temperature=0.0, generator=None):
    were = [(m, m.training) for m in model.modules()]
    model.eval()
    B = len(prefixes)
    u = torch.rand(B, 1, generator=generator, dtype=torch.float64)
    lengths = [p.shape[0] for p in prefixes]
    rows = [p.tolist() for p in prefixes]
    finished = torch.zeros(B, dtype=torch.bool)
    state, t = None, 0
    while not bool(finished.all()):
        x = torch.tensor([row[min(t, len(row) - 1)] for row in rows], device=prefixes[0].device)
        logits, state = model(x, state)
        t += 1
        proposed = sample(logits, temperature, u).tolist()
        for b in range(B):
            if t < lengths[b] or finished[b]:
                continue
            rows[b].append(proposed[b])
            if proposed[b] == eos or len(rows[b]) - lengths[b] == max_new_tokens:
                finished[b] = True
    for m, was in were:
        m.training = was
    return [row[n:] for row, n in zip(rows, lengths)]
