# mistake: the gate multiplies the expert's input
# bug: input_gated
import torch
from torch import nn


def route(logits, k, capacity=None):
    experts = []
    for row in logits.tolist():
        experts.append(sorted(range(len(row)), key=lambda e: -row[e])[:k])
    rows = []
    for n, chosen in enumerate(experts):
        e = torch.stack([(logits[n, c] - logits[n, chosen[0]]).exp() for c in chosen])
        rows.append(e / e.sum())
    gates = torch.stack(rows)
    if capacity is not None:
        served = [0] * logits.shape[1]
        kept = torch.zeros_like(gates, dtype=torch.bool)
        for choice in range(k):
            for n, chosen in enumerate(experts):
                if served[chosen[choice]] < capacity:
                    served[chosen[choice]] += 1
                    kept[n, choice] = True
        gates = gates * kept
    return torch.tensor(experts, device=logits.device), gates


def load_balancing_loss(logits, k):
    tokens, count = logits.shape
    experts, _ = route(logits, k)
    loss = 0
    for e in range(count):
        share = (experts == e).sum().item() / (tokens * k)
        loss = loss + share * logits.softmax(1)[:, e].mean()
    return count * loss


class MoE(nn.Module):
    def __init__(self, d_model, d_hidden, experts, k, capacity_factor=None):
        super().__init__()
        self.k, self.c = k, capacity_factor
        for name, shape, n in (
            ("router", (experts, d_model), d_model),
            ("w_in", (experts, d_model, d_hidden), d_model),
            ("w_out", (experts, d_hidden, d_model), d_hidden),
        ):
            self.register_parameter(name, nn.Parameter(torch.randn(shape) / n**0.5))

    def forward(self, x):
        tokens = x.reshape(-1, x.shape[-1])
        logits = tokens @ self.router.mT
        count = len(self.router)
        capacity = None
        if self.c is not None:
            capacity = -int(-(self.c * len(tokens) * self.k) // count)
        experts, gates = route(logits, self.k, capacity)
        outputs = []
        for token, chosen, weights in zip(tokens, experts.tolist(), gates, strict=True):
            y = torch.zeros_like(token)
            for e, g in zip(chosen, weights, strict=True):
                y = y + nn.functional.silu(g * token @ self.w_in[e]) @ self.w_out[e]
            outputs.append(y)
        return torch.stack(outputs).reshape(x.shape), load_balancing_loss(logits, self.k)
