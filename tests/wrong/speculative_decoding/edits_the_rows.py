# mistake: A small number is added, in place, to the row that the draft returned, lest it be 0.
# bug: edits_its_inputs
import torch


def acceptance(p, q, drafted):
    p, q = p.detach(), q.detach()
    vocab = p.shape[-1]
    flat = []
    for a, b, x in zip(p.reshape(-1, vocab), q.reshape(-1, vocab), drafted.flatten().tolist(), strict=True):
        flat.append(min(1.0, (a[x] / b[x]).item()))
    return torch.tensor(flat, dtype=p.dtype, device=p.device).reshape(drafted.shape)


def residual(p, q):
    left = torch.where(p > q, p - q, torch.zeros_like(p))
    total = left.sum(-1, keepdim=True).expand_as(left)
    result = p.clone()
    result[total > 0] = left[total > 0] / total[total > 0]
    return result


def one_round(p, q, drafted, generator):
    out = []
    chances = acceptance(p[:-1], q, drafted).tolist()
    for i, x in enumerate(drafted.tolist()):
        if torch.rand(1, generator=generator, device=p.device).item() < chances[i]:
            out.append(x)
        else:
            out.append(torch.multinomial(residual(p[i], q[i]), 1, generator=generator).item())
            break
    else:
        out.append(torch.multinomial(p[-1], 1, generator=generator).item())
    return out


def verify(p, q, drafted, generator=None):
    p, q = p.detach(), q.detach()
    gamma = drafted.shape[-1]
    count = drafted.shape[:-1].numel()
    rows = []
    for i in range(count):
        out = one_round(
            p.reshape(count, gamma + 1, -1)[i],
            q.reshape(count, gamma, p.shape[-1])[i],
            drafted.reshape(count, gamma)[i],
            generator,
        )
        rows.append(out + [-1] * (gamma + 1 - len(out)))
    return torch.tensor(rows, device=p.device).reshape(*drafted.shape[:-1], gamma + 1)


def speculate(target, draft, prompt, max_new_tokens, gamma, eos=None, generator=None):
    text = prompt.tolist()
    start = len(text)

    def as_tensor(tokens):
        return torch.tensor(tokens, dtype=torch.int64, device=prompt.device)

    while len(text) - start < max_new_tokens:
        drafted, rows = [], []
        for _ in range(min(gamma, max_new_tokens - (len(text) - start) - 1)):
            rows.append(draft(as_tensor(text + drafted))[-1].detach())
            drafted.append(torch.multinomial(rows[-1], 1, generator=generator).item())
            rows[-1][drafted[-1]] += 1e-9
        p = target(as_tensor(text + drafted)).detach()[len(text) - 1 :]
        q = torch.stack(rows) if rows else p[:0]
        for token in one_round(p, q, as_tensor(drafted), generator):
            text.append(token)
            if token == eos:
                return as_tensor(text[start:])
    return as_tensor(text[start:])
