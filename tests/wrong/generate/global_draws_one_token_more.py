# mistake: Two at once: draws come from torch's global generator, and each row writes one token more.
# bug: limit_off_by_one + generator_ignored
import torch


def sample(logits, temperature, generator):
    if temperature == 0:
        return logits.argmax(-1)
    p = torch.softmax(logits / temperature, dim=-1).cpu()
    return torch.multinomial(p, 1)[:, 0].to(logits.device)


@torch.no_grad()
def generate(model, prefixes, max_new_tokens, eos=None, temperature=0.0, generator=None):
    were = [(m, m.training) for m in model.modules()]
    model.eval()
    B = len(prefixes)
    lengths = [p.shape[0] for p in prefixes]
    rows = [p.tolist() for p in prefixes]
    finished = torch.zeros(B, dtype=torch.bool)
    state, t = None, 0
    while not bool(finished.all()):
        x = torch.tensor([row[min(t, len(row) - 1)] for row in rows], device=prefixes[0].device)
        logits, state = model(x, state)
        t += 1
        proposed = sample(logits, temperature, generator).tolist()
        for b in range(B):
            if t < lengths[b] or finished[b]:
                continue
            rows[b].append(proposed[b])
            if proposed[b] == eos or len(rows[b]) - lengths[b] > max_new_tokens:
                finished[b] = True
    for m, was in were:
        m.training = was
    return [row[n:] for row, n in zip(rows, lengths)]
