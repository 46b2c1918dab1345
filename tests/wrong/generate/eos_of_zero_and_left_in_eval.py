# mistake: Two at once: an eos of 0 counts as none, and the model stays in eval mode.
# bug: eos_zero_is_none + left_in_eval
import torch


def sample(logits, temperature, generator):
    if temperature == 0:
        return logits.argmax(-1)
    p = torch.softmax(logits / temperature, dim=-1).cpu()
    return torch.multinomial(p, 1, generator=generator)[:, 0].to(logits.device)


@torch.no_grad()
def generate(model, prefixes, max_new_tokens, eos=None, temperature=0.0, generator=None):
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
            if (eos and proposed[b] == eos) or len(rows[b]) - lengths[b] == max_new_tokens:
                finished[b] = True
    return [row[n:] for row, n in zip(rows, lengths)]
