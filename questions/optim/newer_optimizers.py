"""Lion and Muon: one step by hand, what orthogonalising does to a step, what the state and the products cost."""


def lion_step_draw(rng):
    while True:
        w, m = rng.choice([0.5, 1.0, 2.0]), rng.choice([0.2, 0.3, 0.4, -0.2, -0.3, -0.4])
        g = -rng.choice([1.0, 1.5, 0.5]) * (1 if m > 0 else -1)
        mixed = 0.9 * m + 0.1 * g
        if mixed * m > 0 and abs(mixed) > 1e-6:
            sign = 1 if mixed > 0 else -1
            values = {
                "answer": w - 0.01 * sign,
                "by_gradient": w + 0.01 * sign,
                "unsigned": w - 0.01 * mixed,
                "both": w,
            }
            return {"w": w, "m": m, "g": g, "mixed": round(mixed, 4)} | {
                k: round(v, 6) for k, v in values.items()
            }


def lion(w, m, g, lr, betas=(0.9, 0.99), decay=0.0):
    """The weights and the momentum after one step of Lion."""
    step = (betas[0] * m + (1 - betas[0]) * g).sign()
    return w - lr * (step + decay * w), betas[1] * m + (1 - betas[1]) * g


def lion_step_evidence(drawn):
    import torch

    w, m, g = (torch.tensor(float(drawn[n]), dtype=torch.float64) for n in ("w", "m", "g"))
    after = lion(w, m, g, 0.01)[0].item()
    return [abs(drawn[n] - after) < 1e-6 for n in ("answer", "by_gradient", "unsigned", "both")]


def orthogonalised(m, steps=5):
    """Muon's Newton–Schulz iteration."""
    a, b, c = 3.4445, -4.775, 2.0315
    x = m / m.norm()
    tall = x.shape[0] > x.shape[1]
    x = x.mT if tall else x
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


def orthogonalised_values(s, steps=5):
    """What the iteration makes of singular values `s`, each over the matrix's norm."""
    for _ in range(steps):
        s = 3.4445 * s - 4.775 * s**3 + 2.0315 * s**5
    return s


def why_orthogonalise_evidence():
    import torch

    weights, even, clipping = [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        u, _ = torch.linalg.qr(torch.randn(16, 16, generator=g, dtype=torch.float64))
        v, _ = torch.linalg.qr(torch.randn(24, 16, generator=g, dtype=torch.float64))
        m = (u * torch.logspace(0, -2, 16, dtype=torch.float64)) @ v.mT
        before, after = torch.linalg.svdvals(m), torch.linalg.svdvals(orthogonalised(m))
        even.append((before[0] / before[-1]).item() > 50 and (after[0] / after[-1]).item() < 4)
        clipped = torch.linalg.svdvals(m / m.norm())
        clipping.append((clipped[0] / clipped[-1]).item() < 4)
        w = torch.randn(16, 24, generator=g)
        parameter = torch.nn.Parameter(w / 24**0.5)
        optimizer = torch.optim.Muon([parameter], lr=0.02, weight_decay=0.0)
        for _ in range(30):
            optimizer.zero_grad()
            (parameter @ torch.randn(24, 8, generator=g)).square().sum().backward()
            optimizer.step()
        s = torch.linalg.svdvals(parameter.detach())
        weights.append((s[0] / s[-1]).item() < 1.05)
    return [any(weights), None, all(even), any(clipping)]


def gradients(seed, rank_one=False, steps=30):
    """The momentum of a small MLP's first layer after some steps; or the gradient of a single sample."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    x = torch.randn(512, 64, generator=g) / torch.arange(1, 65).float()
    first, last = nn.Linear(64, 32), nn.Linear(32, 8)
    one, other = torch.randn(64, 32, generator=g) / 8, torch.randn(32, 8, generator=g) / 5
    y = (x @ one).relu() @ other
    optimizer = torch.optim.SGD([*first.parameters(), *last.parameters()], lr=0.05, momentum=0.9)
    for _ in range(steps):
        rows = torch.randint(512, (64,), generator=g)
        optimizer.zero_grad()
        (last(first(x[rows]).relu()) - y[rows]).square().mean().backward()
        optimizer.step()
    if rank_one:
        optimizer.zero_grad()
        (last(first(x[:1]).relu()) - y[:1]).square().mean().backward()
        return first.weight.grad.double()
    return optimizer.state[first.weight]["momentum_buffer"].double()


def share(step, top=4):
    import torch

    s = torch.linalg.svdvals(step).square()
    return (s[:top].sum() / s.sum()).item()


def shares_evidence():
    raw, after = zip(*((share(m), share(orthogonalised(m))) for m in map(gradients, range(3))), strict=True)
    nearly = [min(values) > 0.95 for values in (raw, after)]
    quarter = [min(values) > 0.2 and max(values) < 0.3 for values in (raw, after)]
    return [
        nearly[0] and nearly[1],
        nearly[0] and quarter[1],
        quarter[0] and nearly[1],
        quarter[0] and quarter[1],
    ]


def spectral_evidence():
    import torch

    best = [True] * 4
    for seed in range(3):
        g = torch.randn(6, 9, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        u, _, v = torch.linalg.svd(g, full_matrices=False)
        steps = [g.sign(), u @ v, g / g.norm(), torch.outer(u[:, 0], v[0])]
        allowed = [torch.linalg.matrix_norm(step, 2).item() <= 1 + 1e-9 for step in steps]
        gains = [(g * step).sum().item() if fits else 0.0 for step, fits in zip(steps, allowed, strict=True)]
        best = [b and gain == max(gains) for b, gain in zip(best, gains, strict=True)]
    return best


MODELS = {
    "Llama-2-7B": (32, 4096, 4096, 11008, 32000),
    "Llama-2-13B": (40, 5120, 5120, 13824, 32000),
    "Llama-3-8B": (32, 4096, 1024, 14336, 128256),
}


def state_draw(rng):
    model = rng.choice(sorted(MODELS))
    layers, d, kv, ff, vocab = MODELS[model]
    dtype, size = rng.choice([("fp32", 4), ("bf16", 2)])
    hidden, table = layers * (2 * d * d + 2 * d * kv + 3 * d * ff), 2 * vocab * d
    counts = {
        "answer": hidden + 2 * table,
        "adam": 2 * hidden + 2 * table,
        "lion": hidden + table,
        "hidden": hidden,
    }
    named = {
        "model": model,
        "layers": layers,
        "d": d,
        "kv": kv,
        "ff": ff,
        "vocab": vocab,
        "dtype": dtype,
        "bytes": size,
    }
    return named | {n: float(f"{size * c / 2**30:.5g}") for n, c in counts.items()}


def state_evidence(drawn):
    """Optimizers step on a scaled-down model; their state is counted, and scaled up shape by shape."""
    import torch

    def numbers(optimizer):
        return sum(
            t.numel()
            for s in optimizer.state.values()
            for t in s.values()
            if torch.is_tensor(t) and t.ndim == 2
        )

    per = {}
    for name, make in (
        ("muon", lambda p: torch.optim.Muon([p])),
        ("adamw", lambda p: torch.optim.AdamW([p])),
    ):
        p = torch.nn.Parameter(torch.ones(6, 4))
        p.grad = torch.ones(6, 4)
        optimizer = make(p)
        optimizer.step()
        per[name] = numbers(optimizer) / p.numel()
    d, kv, ff = drawn["d"], drawn["kv"], drawn["ff"]
    shapes = [(d, d), (kv, d), (kv, d), (d, d), (ff, d), (ff, d), (d, ff)]
    hidden = drawn["layers"] * sum(torch.empty(s, device="meta").numel() for s in shapes)
    table = 2 * torch.empty(drawn["vocab"], d, device="meta").numel()
    size = torch.empty(
        0, dtype={"fp32": torch.float32, "bf16": torch.bfloat16}[drawn["dtype"]]
    ).element_size()
    total = size * (per["muon"] * hidden + per["adamw"] * table) / 2**30
    return [abs(drawn[n] / total - 1) < 0.01 for n in ("answer", "adam", "lion", "hidden")]


def overhead_draw(rng):
    m, tokens = rng.choice([1024, 2048, 4096, 8192]), rng.choice([65536, 131072, 524288, 1048576, 4194304])
    value = 500 * m / tokens
    values = {"answer": value, "one_step": value / 5, "forward": 3 * value, "one_product": value / 3}
    return {"m": m, "tokens": tokens} | {n: float(f"{v:.5g}") for n, v in values.items()}


def overhead_evidence(drawn):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    m = drawn["m"]
    with FlopCounterMode(display=False) as counter:
        orthogonalised(torch.empty(m, m, device="meta"))
    iteration = counter.get_total_flops()
    w, x = (
        torch.empty(m, m, device="meta", requires_grad=True),
        torch.empty(8, m, device="meta", requires_grad=True),
    )
    with FlopCounterMode(display=False) as counter:
        (x @ w.T).sum().backward()
    share = 100 * iteration / (counter.get_total_flops() / 8 * drawn["tokens"])
    return [abs(drawn[n] / share - 1) < 0.01 for n in ("answer", "one_step", "forward", "one_product")]


def two_groups_evidence():
    import torch
    from torch import nn

    class Tiny(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.norm = nn.Embedding(11, 6), nn.LayerNorm(6)
            self.hidden, self.head = nn.Linear(6, 6), nn.Linear(6, 11, bias=False)

        def forward(self, tokens):
            return self.head(self.hidden(self.norm(self.embedding(tokens))).tanh())

    torch.manual_seed(0)
    model = Tiny()
    try:
        torch.optim.Muon(model.parameters())
        refused = False
    except ValueError:
        refused = True
    assert refused
    matrices = [p for p in model.parameters() if p.ndim == 2]
    filtered = {id(p) for p in matrices}
    trains_all = all(id(p) in filtered for p in model.parameters())  # the filter leaves gains and biases out
    rest = [p for p in model.parameters() if p is not model.hidden.weight]
    both = torch.optim.Muon([model.hidden.weight]), torch.optim.AdamW(rest)
    before = [p.detach().clone() for p in model.parameters()]
    tokens = torch.tensor([[1, 2, 3]])
    nn.functional.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten()).backward()
    for optimizer in both:
        optimizer.step()
    trained = all(not torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))
    row = torch.randn(1, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    lengths = [orthogonalised(scale * row).norm().item() for scale in (1e-3, 1.0, 1e3)]
    uses_structure = max(lengths) - min(lengths) > 0.01
    return [trains_all, trained, uses_structure, None]


def aloud_evidence():
    import torch

    w, m = torch.tensor([1.0, -2.0]), torch.zeros(2)
    moves = []
    for _ in range(400):
        new, m = lion(w, m, w, 0.01)
        moves.append((new - w).abs())
        w = new
    exactly = torch.allclose(torch.stack(moves), torch.tensor(0.01), atol=1e-6)
    still = lion(torch.ones(2), torch.zeros(2), torch.zeros(2), 0.01)[0]
    exactly = exactly and torch.equal(still, torch.ones(2))  # sign(0) = 0
    first, after = share(gradients(0)), share(orthogonalised(gradients(0)))
    return [
        True,
        exactly,
        after < 0.3 < 0.95 < first,
        True,
        None,
        spectral_evidence() == [False, True, False, False],
    ]


def worked():
    import torch

    w, m, g = torch.tensor(0.0), torch.tensor(0.2), torch.tensor(-1.0)
    moved, m_after = lion(w, m, g, 1.0)
    assert moved.item() == -1
    matrix = torch.tensor([[3.0, 0.0], [4.0, 5.0]], dtype=torch.float64)
    u, s, v = torch.linalg.svd(matrix)
    ends = orthogonalised_values(torch.logspace(-2.5, 0, 500, dtype=torch.float64))
    assert ends.min() > 0.67 and ends.max() < 1.21, "from about 0.003 on, singular values end at 0.7 to 1.2"
    assert orthogonalised_values(torch.tensor([1e-3], dtype=torch.float64)).item() < 0.5

    def row(values):
        return "(" + ", ".join(f"{x:.3f}".replace("-", "−") for x in values.tolist()) + ")"

    return [
        f"0.9·0.2 + 0.1·(−1) = {(0.9 * m + 0.1 * g).item():.2f}",
        f"{m_after.item():.3f}",
        f"{s[0].item():.3f}",
        f"{s[1].item():.3f}",
        row((u @ v)[0]),
        row((u @ v)[1]),
    ]


def experiment(off=False):
    import torch

    found = [gradients(seed, rank_one=off) for seed in range(3)]
    raw = [share(m) for m in found]
    after = [share(orthogonalised(m)) for m in found]
    signs = [share(m.sign()) for m in found]
    if off:
        assert min(raw) > 0.999 and min(after) > 0.999, (
            "a single sample's gradient has one direction: nothing to even out"
        )
        says = (
            f"The gradient of one sample is an outer product, rank one. Newton–Schulz leaves {min(after):.0%} of the step in its single "
            "direction: it evens out directions that are there, and makes no new ones.",
            f"单个样本的梯度是外积，秩为一。Newton–Schulz 之后，仍有 {min(after):.0%} 的更新在那唯一的方向上：它拉平已有的方向，不会造出新的。",
        )
    else:
        assert min(raw) > 0.95 and max(after) < 0.3, "orthogonalising spreads the step over all directions"
        says = (
            f"Share of ‖step‖² in the 4 largest of 32 singular directions, three seeds: raw momentum {min(raw):.1%} or more, its signs (as "
            f"Lion) {min(signs):.0%} to {max(signs):.0%}, after five Newton–Schulz steps {min(after):.0%} to {max(after):.0%}. Even would be 12.5 %.",
            f"‖更新‖² 落在 32 个奇异方向中最大 4 个上的比例，三个种子：原始动量至少 {min(raw):.1%}，取符号（如 Lion）{min(signs):.0%} 到 "
            f"{max(signs):.0%}，五步 Newton–Schulz 之后 {min(after):.0%} 到 {max(after):.0%}。完全平均是 12.5%。",
        )
    spectra = [torch.linalg.svdvals(m) for m in (found[0], found[0].sign(), orthogonalised(found[0]))]
    spectra = [(s / s[0]).clamp(min=1e-6).tolist() for s in spectra]
    return {
        "says": says,
        "off": ("the gradient of a single sample, rank one", "单个样本的梯度，秩为一"),
        "title": ("Singular values of the step, over the largest", "更新的奇异值与最大者之比"),
        "chart": "curves",
        "x": list(range(1, 33)),
        "x_label": ("number of the singular value", "第几个奇异值"),
        "y_label": ("over the largest", "与最大者之比"),
        "log_y": True,
        "series": [
            (("raw momentum", "原始动量"), spectra[0]),
            (("signs", "取符号"), spectra[1]),
            (("Newton–Schulz", "Newton–Schulz"), spectra[2]),
        ],
    }
