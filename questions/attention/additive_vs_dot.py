"""Draws and evidence for additive_vs_dot.md."""


def sizes_evidence():
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    q, k = torch.randn(3, 20, generator=g), torch.randn(5, 2, generator=g)

    def works(score):
        try:
            return list(score().shape) == [3, 5]
        except RuntimeError:
            return False

    to_hidden, other, to_score = nn.Linear(20, 8), nn.Linear(2, 8), nn.Linear(8, 1)
    return [
        works(lambda: torch.cosine_similarity(q[:, None], k[None], dim=-1)),
        works(lambda: to_score(torch.tanh(to_hidden(q)[:, None] + other(k)[None]))[..., 0]),
        works(lambda: (q[:, None] * k[None]).sum(-1)) or works(lambda: q @ k.T),
        works(lambda: q @ k.T / 2**0.5),
    ]


def worked():
    import math

    w, hidden = (2, -1), [math.tanh(a + b) for a, b in zip((1, -1), (0, 2), strict=True)]
    return [f"{hidden[0]:.3f}", f"{w[0] * hidden[0] + w[1] * hidden[1]:.3f}", str(sum(abs(v) for v in w))]


def step_cost_draw(rng):
    tk, h = rng.choice([20, 30, 40, 50]), rng.choice([64, 128, 256])
    dq, dk = rng.choice([256, 512, 1024]), rng.choice([200, 300, 600])
    return {
        "tk": tk,
        "dk": dk,
        "dq": dq,
        "h": h,
        "answer": h * dq + tk * h,
        "again": h * dq + tk * h * dk + tk * h,
        "pairs": tk * (h * dq + h * dk + h),
        "no_w": h * dq,
    }


def step_cost_evidence(drawn):
    import torch
    from torch.overrides import TorchFunctionMode

    class Counter(TorchFunctionMode):
        products = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if func in (torch.Tensor.matmul, torch.Tensor.__matmul__):
                self.products += result.numel() * args[0].shape[-1]
            return result

    g = torch.Generator().manual_seed(0)
    h, dq, dk = drawn["h"], drawn["dq"], drawn["dk"]
    w_q, w_k = torch.randn(h, dq, generator=g) / dq**0.5, torch.randn(h, dk, generator=g) / dk**0.5
    w, states = torch.randn(h, generator=g), torch.randn(drawn["tk"], dk, generator=g)
    state = torch.randn(dq, generator=g)
    projected = states @ w_k.T  # once a sentence
    with Counter() as step:
        scores = (w_q @ state + projected).tanh() @ w
    whole = torch.stack([(w_q @ state + w_k @ key).tanh() @ w for key in states])
    assert torch.allclose(scores, whole, atol=1e-4)
    return [step.products == drawn[name] for name in ("answer", "again", "pairs", "no_w")]


def hidden_memory_draw(rng):
    b, h = rng.choice([4, 8, 16, 32]), rng.choice([64, 128, 256])
    tq, tk = rng.choice([(20, 64), (40, 48), (32, 100), (64, 80), (50, 128)])
    mib = 2**20
    values = {
        "answer": 4 * b * tq * tk * h / mib,
        "scores": 4 * b * tq * tk / mib,
        "apart": 4 * b * (tq + tk) * h / mib,
        "halves": 2 * b * tq * tk * h / mib,
    }
    return {"b": b, "tq": tq, "tk": tk, "h": h} | {name: float(f"{v:.4g}") for name, v in values.items()}


def hidden_memory_evidence(drawn):
    import torch

    b, tq, tk, h = (drawn[name] for name in ("b", "tq", "tk", "h"))
    q, k = torch.zeros(1, tq, h), torch.zeros(1, tk, h)  # one sample of the batch
    argument = q[:, :, None] + k[:, None]
    mib = b * argument.untyped_storage().nbytes() / 2**20
    return [abs(mib / drawn[name] - 1) < 0.005 for name in ("answer", "scores", "apart", "halves")]


def bound_draw(rng):
    while True:
        w = [rng.choice([-4, -3, -2, -1.5, -1, 1, 1.5, 2, 3, 4, 5]) for _ in range(3)]
        absolute = [abs(v) for v in w]
        values = {
            "answer": sum(absolute),
            "plain": abs(sum(w)),
            "length": round(sum(v * v for v in w) ** 0.5, 2),
            "largest": max(absolute),
        }
        if len(set(values.values())) == 4 and min(w) < 0 < max(w) and len(set(absolute)) == 3:
            return dict(zip("abc", w, strict=True)) | values


def bound_evidence(drawn):
    import torch

    w = torch.tensor([float(drawn[name]) for name in "abc"], dtype=torch.float64)
    g = torch.Generator().manual_seed(0)
    w_q, w_k = (torch.randn(3, d, generator=g, dtype=torch.float64) for d in (6, 4))

    def score(q, k):
        return (torch.tanh(q @ w_q.T + k @ w_k.T) @ w).abs()

    q, k = (
        20 * torch.randn(4000, 6, generator=g, dtype=torch.float64),
        torch.randn(4000, 4, generator=g, dtype=torch.float64),
    )
    sought = torch.linalg.pinv(w_q) @ (10 * w.sign())  # drives every unit to the sign of its weight
    highest = max(score(q, k).max().item(), score(sought, 0 * k[0]).item())
    return [highest <= drawn[n] < highest + 1e-3 for n in ("answer", "plain", "length", "largest")]
