# mistake: Whether anything is left is asked of all rows together.
# bug: one_decides_for_all_rows
import torch


def acceptance(p, q, drafted):
    index = drafted.unsqueeze(-1)
    p_x = p.gather(-1, index).squeeze(-1)
    q_x = q.gather(-1, index).squeeze(-1)
    return (p_x / q_x).clamp(max=1)


def residual(p, q):
    left = (p - q).clamp(min=0)
    total = left.sum(dim=-1, keepdim=True)
    if left.sum() == 0:
        return p
    return left / total.clamp(min=torch.finfo(p.dtype).tiny)


def draw(probabilities, generator):
    flat = probabilities.reshape(-1, probabilities.shape[-1])
    tokens = torch.multinomial(flat, 1, generator=generator)
    return tokens.reshape(probabilities.shape[:-1])


def verify(p, q, drafted, generator=None):
    gamma = drafted.shape[-1]
    a = acceptance(p[..., :gamma, :], q, drafted)
    u = torch.rand(a.shape, dtype=a.dtype, device=a.device, generator=generator)
    accepted = u < a
    n = accepted.long().cumprod(dim=-1).sum(dim=-1, keepdim=True)
    choices = torch.cat([residual(p[..., :gamma, :], q), p[..., gamma:, :]], dim=-2)
    replacement = draw(choices, generator)
    position = torch.arange(gamma + 1, device=p.device)
    padded = torch.cat([drafted, torch.zeros_like(n)], dim=-1)
    nothing = torch.full_like(padded, -1)
    return torch.where(position < n, padded, torch.where(position == n, replacement, nothing))


def speculate(target, draft, prompt, max_new_tokens, gamma, eos=None, generator=None):
    tokens = prompt
    new = []
    while len(new) < max_new_tokens:
        k = min(gamma, max_new_tokens - len(new) - 1)
        extended = tokens
        rows = []
        for _ in range(k):
            row = draft(extended)[-1]
            rows.append(row)
            extended = torch.cat([extended, draw(row, generator).reshape(1)])
        p = target(extended)[-(k + 1) :]
        q = torch.stack(rows) if rows else p[:0]
        result = verify(p, q, extended[len(tokens) :], generator)
        result = result[result >= 0]
        for token in result.tolist():
            new.append(token)
            if token == eos:
                return torch.tensor(new, dtype=torch.int64, device=prompt.device)
        tokens = torch.cat([tokens, result])
    return torch.tensor(new, dtype=torch.int64, device=prompt.device)
