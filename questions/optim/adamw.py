"""Adam with L2 in the gradient against AdamW's decoupled decay."""


def decayed(decoupled, scale, steps=400, lr=0.01, decay=0.1, seed=0, adam=True):
    """The mean of 500 weights that start at 1 and receive pure noise of this scale as their gradients."""
    import torch

    g = torch.Generator().manual_seed(seed)
    w = torch.ones(500, dtype=torch.float64)
    m, v, means = torch.zeros_like(w), torch.zeros_like(w), [1.0]
    for t in range(1, steps + 1):
        gradient = scale * torch.randn(500, generator=g, dtype=torch.float64)
        if decoupled:
            w = w * (1 - lr * decay)
        else:
            gradient = gradient + decay * w
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        update = (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8) if adam else gradient
        w = w - lr * update
        means.append(w.mean().item())
    return means


def not_l2_evidence():
    import torch

    def ends(cls, scale, decay):
        """Where torch's own optimizer takes weights of 1 under noise of this scale."""
        g = torch.Generator().manual_seed(0)
        w = torch.ones(300, dtype=torch.float64, requires_grad=True)
        optimizer = cls([w], lr=0.01, weight_decay=decay)
        for _ in range(200):
            w.grad = scale * torch.randn(300, generator=g, dtype=torch.float64)
            optimizer.step()
        return w.mean().item()

    adam, adamw = torch.optim.Adam, torch.optim.AdamW
    decoupled = [ends(adamw, scale, 0.1) for scale in (0.01, 10)]
    coupled = {
        decay: [ends(adam, scale, decay) for scale in (0.01, 10)] for decay in (0.001, 0.01, 0.1, 1, 10)
    }
    even = abs(decoupled[0] - decoupled[1]) < 0.02
    rescaled = any(
        max(abs(a - b) for a, b in zip(pair, decoupled, strict=True)) < 0.05 for pair in coupled.values()
    )
    lost = [1 - value for value in coupled[0.1]]
    doubled = all(abs(x / (1 - y) - 2) < 0.2 for x, y in zip(lost, decoupled, strict=True))
    uneven = even and lost[0] > 0.9 and lost[1] < 0.1
    only_later = all(abs(x / (1 - y) - 1) < 0.2 for x, y in zip(lost, decoupled, strict=True))
    return [rescaled, doubled, only_later, uneven]


def shrink_draw(rng):
    lr, decay, n = rng.choice(
        [(0.01, 0.1, 200), (0.01, 0.2, 200), (0.02, 0.1, 200), (0.05, 0.1, 100), (0.01, 0.5, 100)]
    )
    w = rng.choice([2, 3, 4, 5])
    factor = 1 - lr * decay
    return {
        "w": w,
        "n": n,
        "lr": lr,
        "decay": decay,
        "factor": round(factor, 6),
        "answer": float(f"{w * factor**n:.3g}"),
        "linear": round(w * (1 - n * lr * decay), 4),
        "without_lr": float(f"{w * (1 - decay) ** n:.3g}"),
    }


def shrink_evidence(drawn):
    import torch

    w = torch.full((1,), float(drawn["w"]), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.AdamW([w], lr=drawn["lr"], weight_decay=drawn["decay"])
    w.grad = torch.zeros_like(w)
    for _ in range(drawn["n"]):
        optimizer.step()
    return [abs(drawn[name] / w.item() - 1) < 0.004 for name in ("answer", "w", "linear", "without_lr")]


def unused_rows_evidence():
    import torch
    from torch import nn

    kept = {}
    for cls in (torch.optim.Adam, torch.optim.AdamW):
        for seed in range(3):
            g = torch.Generator().manual_seed(seed)
            table = nn.Embedding.from_pretrained(torch.randn(6, 4, generator=g) * 0.5, freeze=False)
            before = table.weight[3:].abs().mean().item()
            optimizer = cls(table.parameters(), lr=1e-3, weight_decay=0.01)
            target = torch.randn(3, 4, generator=g)
            for _ in range(1500):
                optimizer.zero_grad()
                (table(torch.arange(3)) - target).square().sum().backward()  # tokens 3 to 5 never occur
                optimizer.step()
            kept[cls.__name__, seed] = table.weight[3:].abs().mean().item() / before
            v = optimizer.state[table.weight]["exp_avg_sq"][3:]
            if cls is torch.optim.Adam:
                no_v = bool((v == 0).all())
    adam, adamw = ([kept[name, seed] for seed in range(3)] for name in ("Adam", "AdamW"))
    assert all(share > 0.98 for share in adamw)
    factor = all(abs(share / (1 - 1e-5) ** 1500 - 1) < 0.05 for share in adam)
    return [None, max(adam) < 0.15, factor, no_v]


def equilibrium_draw(rng):
    lr, decay = rng.choice([(0.01, 0.1), (0.02, 0.1), (0.01, 0.2), (0.02, 0.25), (0.005, 0.4)])
    values = {
        "answer": (lr / decay / 2) ** 0.5,
        "no_two": (lr / decay) ** 0.5,
        "variance": lr / decay / 2,
        "linear": 1 / decay,
    }
    return {"lr": lr, "decay": decay} | {name: float(f"{value:.3g}") for name, value in values.items()}


def equilibrium_evidence(drawn):
    """AdamW on 4000 weights that see noise only, until the decay has forgotten the start; gradients of any scale."""
    import torch

    names, fits = ("answer", "no_two", "variance", "linear"), []
    lr, decay = drawn["lr"], drawn["decay"]
    for seed, scale in enumerate((0.01, 1.0, 100.0)):
        g = torch.Generator().manual_seed(seed)
        w = torch.zeros(3000, requires_grad=True)
        optimizer = torch.optim.AdamW([w], lr=lr, weight_decay=decay, eps=1e-12)
        for _ in range(round(2 / (lr * decay))):
            w.grad = scale * torch.randn(3000, generator=g)
            optimizer.step()
        settled = w.detach().square().mean().sqrt().item() / (1 - 2.718**-4) ** 0.5
        fits.append([abs(drawn[name] / settled - 1) < 0.06 for name in names])
    return [all(column) for column in zip(*fits, strict=True)]


def state_bytes_draw(rng):
    model, billions = rng.choice(
        [
            ("Llama-2-7B", 6.74),
            ("Llama-3-8B", 8.03),
            ("Llama-2-13B", 13.02),
            ("Mistral-7B", 7.24),
            ("Qwen2.5-7B", 7.62),
            ("GPT-2 XL", 1.56),
        ]
    )
    each = {"answer": 12, "everything": 16, "moments": 8, "half": 6}
    return {"model": model, "billions": billions} | {name: round(n * billions, 1) for name, n in each.items()}


def state_bytes_evidence(drawn):
    import torch

    master = torch.zeros(1000, requires_grad=True)
    optimizer = torch.optim.AdamW([master])
    master.grad = torch.ones(1000)
    optimizer.step()
    held = master.nbytes + sum(t.nbytes for t in optimizer.state[master].values() if t.numel() == 1000)
    gb = held / 1000 * drawn["billions"]
    return [abs(drawn[name] / gb - 1) < 0.01 for name in ("answer", "everything", "moments", "half")]


def worked():
    import math

    lr, decay, billions = 0.01, 0.1, 6.74
    w, half_life = 1.0, 0
    while w > 0.5:
        w, half_life = w * (1 - lr * decay), half_life + 1
    return [
        f"{1 - lr * decay:.3f}",
        f"{half_life} " if half_life != 693 else "693",
        f"{math.sqrt(lr / (2 * decay)):.3f}",
        f"{1 / (lr * decay):.0f}",
        f"{8 * billions:.1f} GB",
    ]


def experiment(off=False):
    small, large = 0.01, 10
    every = {
        (decoupled, scale): [decayed(decoupled, scale, seed=seed, adam=not off) for seed in range(3)]
        for decoupled in (True, False)
        for scale in (small, large)
    }
    runs = {key: [sum(step) / 3 for step in zip(*means, strict=True)] for key, means in every.items()}
    ends = {key: means[-1] for key, means in runs.items()}
    if off:
        apart = max(abs(ends[True, scale] - ends[False, scale]) for scale in (small, large))
        assert apart < 1e-9, "in plain SGD, L2 and weight decay are the same"
        says = (
            f"Plain SGD: after 400 steps both forms leave {ends[True, small]:.2f} under small gradients and {ends[True, large]:.2f} under "
            f"large ones; L2 and decay differ by {apart:.0e}.",
            f"朴素的 SGD：400 步之后，两种形式在小梯度下都剩 {ends[True, small]:.2f}，在大梯度下都剩 {ends[True, large]:.2f}；"
            f"L2 与衰减之差是 {apart:.0e}。",
        )
    else:
        for seed in range(3):
            last = {key: means[seed][-1] for key, means in every.items()}
            assert abs(last[True, small] - last[True, large]) < 0.05, "AdamW decays all weights alike"
            assert last[False, large] > 0.9 and abs(last[False, small]) < 0.05, (
                "L2 in Adam depends on the gradients"
            )
        says = (
            f"Pure noise as gradients, weights start at 1, λ = 0.1. After 400 steps AdamW leaves {ends[True, small]:.2f} (small "
            f"gradients) and {ends[True, large]:.2f} (large); Adam with L2 leaves {abs(ends[False, small]):.2f} and {ends[False, large]:.2f}.",
            f"梯度是纯噪声，权重从 1 开始，λ = 0.1。400 步之后，AdamW 剩下 {ends[True, small]:.2f}（小梯度）和 "
            f"{ends[True, large]:.2f}（大梯度）；Adam 加 L2 则剩下 {abs(ends[False, small]):.2f} 和 {ends[False, large]:.2f}。",
        )
    rule = "SGD" if off else "Adam"
    names = {
        True: (rule + ("" if off else "W"), rule + ("" if off else "W")),
        False: (f"{rule} + L2", f"{rule} + L2"),
    }
    if off:
        names[True] = "SGD, decay", "SGD，衰减"
    return {
        "says": says,
        "off": ("plain SGD in place of Adam", "把 Adam 换成朴素的 SGD"),
        "title": ("Mean weight under decay alone", "只受衰减作用的权重均值"),
        "chart": "curves",
        "x": list(range(0, 401, 10)),
        "x_label": ("step", "步数"),
        "y_label": ("mean weight", "权重均值"),
        "log_x": False,
        "log_y": False,
        "series": [
            ((f"{names[d][0]}, gradients {scale}", f"{names[d][1]}，梯度 {scale}"), runs[d, scale][::10])
            for d in (True, False)
            for scale in (small, large)
        ],
    }
