"""Experiment, draws and evidence for lora.md."""

WIDTH = 32


def worked():
    one = 8 * (4096 + 4096)
    added = 32 * 2 * one
    return [
        f"{one:,}",
        f"{4096**2:,}",
        f"{added:,}",
        f"{16 * added / 1e6:.0f} MB",
        f"{16 * 6.74:.0f} GB",
    ]


def _train(rank, true_rank, seed, steps=200):
    """Shares of the first loss left while B·A learns a ΔW with `true_rank` equal singular values."""
    import torch

    g = torch.Generator().manual_seed(seed)
    left, right = (
        torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=g, dtype=torch.float64))[0][:, :true_rank]
        for _ in range(2)
    )
    delta = left @ right.T
    a = torch.randn(rank, WIDTH, generator=g, dtype=torch.float64) / WIDTH**0.5
    b = torch.zeros(WIDTH, rank, dtype=torch.float64)
    shares = []
    for _ in range(steps):  # inputs with unit covariance: the loss is ‖BA − ΔW‖²
        error = b @ a - delta
        shares.append((error.square().sum() / delta.square().sum()).item())
        b, a = b - 0.25 * error @ a.T, a - 0.25 * b.T @ error
    return shares


def experiment(off=False):
    true_rank, ranks = (WIDTH if off else 4), (1, 2, 4, 8)
    runs = {rank: [_train(rank, true_rank, seed) for seed in range(3)] for rank in ranks}
    end = {rank: [run[-1] for run in some] for rank, some in runs.items()}
    for rank in ranks:
        expected = max(0, 1 - rank / true_rank)
        assert all(abs(value - expected) < 0.02 for value in end[rank]), (
            "what is left is the missing ranks' share"
        )
    shown = {rank: sum(values) / 3 for rank, values in end.items()}
    listed = ", ".join(f"{shown[rank]:.2f}" for rank in ranks)
    zh_listed = "、".join(f"{shown[rank]:.2f}" for rank in ranks)
    says = (
        (
            f"With {WIDTH} equal singular values rank 1, 2, 4, 8 leave {listed} of the loss: no rank stands out, each pays "
            "for one direction.",
            f"{WIDTH} 个奇异值都相等时，秩 1、2、4、8 剩下的 loss 占 {zh_listed}：没有哪个秩特别合适，每个秩只管一个方向。",
        )
        if off
        else (
            f"A ΔW of rank 4: rank 1, 2, 4, 8 leave {listed} of the loss. Below 4 no amount of training helps, above it "
            "nothing is left to gain.",
            f"ΔW 的秩为 4：秩 1、2、4、8 剩下的 loss 占 {zh_listed}。小于 4，训练再久也没用；大于 4，也没有更多可学。",
        )
    )
    picked = list(range(0, 100, 2))
    return {
        "says": says,
        "off": ("ΔW has full rank 32", "ΔW 满秩，秩为 32"),
        "title": ("Share of the first loss that is left", "初始 loss 剩下的比例"),
        "chart": "curves",
        "x": picked,
        "x_label": ("step", "步数"),
        "y_label": ("share of the loss", "loss 的比例"),
        "series": [(f"r = {rank}", [runs[rank][0][step] for step in picked]) for rank in ranks],
    }


def parameters_draw(rng):
    d, kv, layers = rng.choice(
        [(4096, 1024, 32), (8192, 1024, 80), (5120, 1024, 40), (3072, 1024, 28), (2048, 512, 16)]
    )
    r = rng.choice([4, 8, 16, 32, 64])
    values = {
        "answer": layers * r * (3 * d + kv),
        "square": layers * r * 4 * d,
        "one": layers * r * 2 * d,
        "full": layers * (d * d + d * kv),
    }
    return {"d": d, "kv": kv, "layers": layers, "r": r} | {
        k: float(f"{v / 1e6:.4g}") for k, v in values.items()
    }


def parameters_evidence(drawn):
    from torch import nn

    d, kv, r = drawn["d"], drawn["kv"], drawn["r"]
    factors = [nn.Linear(d, r, False, "meta"), nn.Linear(r, d, False, "meta")]
    factors += [nn.Linear(d, r, False, "meta"), nn.Linear(r, kv, False, "meta")]
    count = drawn["layers"] * sum(p.numel() for layer in factors for p in layer.parameters()) / 1e6
    return [abs(count / drawn[name] - 1) < 0.01 for name in ("answer", "square", "one", "full")]


MODELS = {  # parameters in 10⁹, layers, and (d_in, d_out) of a layer's matrices
    "Llama-2-7B": (6.74, 32, [(4096, 4096)] * 4 + [(4096, 11008)] * 3),
    "Llama-2-13B": (13.02, 40, [(5120, 5120)] * 4 + [(5120, 13824)] * 3),
    "Llama-3-8B": (8.03, 32, [(4096, 4096)] * 2 + [(4096, 1024)] * 2 + [(4096, 14336)] * 3),
    "Llama-3-70B": (70.6, 80, [(8192, 8192)] * 2 + [(8192, 1024)] * 2 + [(8192, 28672)] * 3),
}


def memory_draw(rng):
    model, r = rng.choice(list(MODELS)), rng.choice([16, 32, 64])
    n, layers, matrices = MODELS[model]
    p = layers * r * sum(a + b for a, b in matrices) / 1e6
    values = {
        "answer": 2 * n + 0.016 * p,
        "full": 16 * n + 0.016 * p,
        "adapters": 0.016 * p,
        "gradients": 4 * n + 0.016 * p,
    }
    return {"model": model, "n": n, "r": r, "p": float(f"{p:.4g}")} | {
        k: float(f"{v:.3g}") for k, v in values.items()
    }


def memory_evidence(drawn):
    import torch
    from torch import nn

    n, layers, matrices = MODELS[drawn["model"]]
    total = 0
    for fan_in, fan_out in matrices:
        frozen = nn.Linear(fan_in, fan_out, False, "meta", torch.bfloat16).requires_grad_(False)
        thin = [nn.Linear(fan_in, drawn["r"], False, "meta"), nn.Linear(drawn["r"], fan_out, False, "meta")]
        for p in [*frozen.parameters(), *(p for layer in thin for p in layer.parameters())]:
            # bf16 weight and gradient; float32 master copy, mean and square
            total += p.numel() * (2 + (2 + 4 + 4 + 4 if p.requires_grad else 0))
    others = n * 1e9 - layers * sum(a * b for a, b in matrices)  # embeddings and norms, frozen
    total = (layers * total + 2 * others) / 1e9
    return [abs(total / drawn[name] - 1) < 0.02 for name in ("answer", "full", "adapters", "gradients")]


def why_zero_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    w, delta = (torch.randn(12, 12, generator=g, dtype=torch.float64) for _ in range(2))
    x = torch.randn(12, 50, generator=g, dtype=torch.float64)
    target = (w + delta) @ x

    def run(a, b):
        """Change of the output at the start; whether the loss falls in 50 steps."""
        start = (b @ a @ x).abs().max().item()
        losses = []
        for _ in range(50):
            error = (w + b @ a) @ x - target
            losses.append(error.square().mean().item())
            slope = error @ x.T / 50
            b, a = b - 0.05 * slope @ a.T, a - 0.05 * b.T @ slope
        return start == 0, losses[-1] < 0.95 * losses[0]

    a, b = (
        torch.randn(2, 12, generator=g, dtype=torch.float64),
        torch.randn(12, 2, generator=g, dtype=torch.float64),
    )
    zero_one, zero_both, random_both = run(a, 0 * b), run(0 * a, 0 * b), run(a, b)
    right = zero_one == (True, True) and zero_both == (True, False) and not random_both[0]
    full = int(torch.linalg.matrix_rank(b @ a)) > 2
    merged = torch.allclose((w + b @ a) @ x, w @ x + b @ (a @ x))  # random factors merge as well
    return [full, right, None, not merged]


def flops_evidence():
    import torch
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    class Adapted(nn.Module):
        def __init__(self, width, rank):
            super().__init__()
            self.base = nn.Linear(width, width, bias=False)
            self.base.requires_grad_(rank == 0)
            self.thin = (
                nn.Sequential(nn.Linear(width, rank, False), nn.Linear(rank, width, False)) if rank else None
            )

        def forward(self, x):
            return self.base(x) + (self.thin(x) if self.thin else 0)

    def count(rank):
        net = nn.Sequential(*(Adapted(256, rank) for _ in range(12)))
        counter = FlopCounterMode(display=False)
        with counter:
            net(torch.randn(8, 256)).sum().backward()
        return counter.get_total_flops()

    with torch.random.fork_rng():
        share = count(2) / count(0)
    return [share < 0.05, abs(share - 1 / 3) < 0.1, abs(share - 2 / 3) < 0.07, share > 0.95]


def scale_evidence():
    import torch

    def change(rank, seed, adam=True, inputs=1, width=1024):
        g = torch.Generator().manual_seed(seed)
        x, slope = (
            torch.randn(inputs, width, generator=g, dtype=torch.float64) for _ in range(2)
        )  # slope: ∂L/∂output
        a = torch.randn(rank, width, generator=g, dtype=torch.float64) / width**0.5
        factor = 16 / rank
        to_b = factor * slope.T @ (x @ a.T)
        step = to_b.sign() if adam else to_b  # the first step of Adam moves each entry by the rate
        return (factor * (x @ a.T) @ step.T).norm().item()

    def fourfold(rank, seeds, **how):  # the change with four times the rank, over that with the rank
        return sum(change(4 * rank, s, **how) for s in seeds) / sum(change(rank, s, **how) for s in seeds)

    seeds = [range(8 * i, 8 * i + 8) for i in range(3)]
    ratios = [fourfold(128, some) for some in seeds]
    plain = [fourfold(128, some, adam=False) for some in seeds]
    many = [fourfold(8, [seed], inputs=512, width=256) for seed in range(3)]
    assert all(abs(2 * ratio - 1) < 0.2 for ratio in many), "the feedback says nearly half with many inputs"
    assert all(abs(4 * ratio - 1) < 0.2 for ratio in plain), "the feedback says a quarter with SGD"

    def near(value):
        return all(abs(ratio / value - 1) < 0.2 for ratio in ratios)

    return [near(1), near(4), near(0.5), near(0.25)]


def low_rank_evidence():
    left = {rank: _train(rank, 4, 5)[-1] for rank in (1, 2, 4, 8)}

    def near(*values):
        return all(abs(x - y) < 0.02 for x, y in zip(left.values(), values, strict=True))

    something = all(x > 0.05 for x in left.values())
    return [near(0, 0, 0, 0), something, near(31 / 32, 30 / 32, 28 / 32, 24 / 32), near(0.75, 0.5, 0, 0)]


def merged_evidence():
    import torch

    same, arrived, forgotten = [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        w = (0.02 * torch.randn(400, 400, generator=g)).bfloat16().float()
        delta = torch.randn(400, 8, generator=g) @ torch.randn(8, 400, generator=g)
        delta *= w.abs().mean() / delta.abs().mean() / 4000
        merged = (w + delta).bfloat16().float()
        same.append((merged == w).float().mean().item())
        arrived.append((((merged - w) * delta).sum() / delta.square().sum()).item())  # of ΔW, along ΔW
        forgotten.append((w + delta / 2 == w).float().mean().item())  # α/r = 2 left out, in float32
    by_rounding = min(same) > 0.9 and max(arrived) < 0.25
    return [None, min(forgotten) > 0.9, by_rounding, None]


def aloud_evidence():
    adapters = 0.016 * 32 * 16 * (2 * 8192 + 2 * 5120 + 3 * (4096 + 14336)) / 1e6
    return [None, adapters < 1 < 24 < 16 * 8.03, 2 * 8.03 > 16 and 4 < 8.03 * 0.52 < 4.5, None, None]
