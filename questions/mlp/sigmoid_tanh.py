"""Experiment, draws and evidence for sigmoid_tanh.md."""


def _digits():
    from pathlib import Path

    import numpy as np
    import torch

    with np.load(Path(__file__).parents[2] / "tests" / "katas" / "data" / "digits.npz") as data:
        return torch.tensor(data["images"]).float().flatten(1) / 16, torch.tensor(data["labels"]).long()


def _accuracy(stretch, shift, depth=4, steps=300, rate=0.02, every=25, seeds=3, width=32):
    """stretch·σ(x) + shift as the activation of `depth` hidden layers; one net a seed, side by side: held-out
    accuracy (time, seed)."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(1)
    x, y = _digits()
    x = x - 0.5
    g = torch.Generator().manual_seed(0)
    order = torch.randperm(len(x), generator=g)
    train, held = order[:1000], order[1000:]
    sizes = [64] + [width] * depth + [10]
    learned = []
    for a, b in zip(sizes, sizes[1:], strict=False):
        learned.append((2 / (a + b)) ** 0.5 * torch.randn(seeds, a, b, generator=g))
        learned.append(torch.zeros(seeds, 1, b))
    for parameter in learned:
        parameter.requires_grad_()

    def logits(v):
        for w, bias in zip(learned[:-2:2], learned[1:-2:2], strict=True):
            v = stretch * torch.sigmoid(torch.baddbmm(bias, v, w)) + shift
        return torch.baddbmm(learned[-1], v, learned[-2])

    optimizer = torch.optim.SGD(learned, lr=rate, momentum=0.9)
    found = []
    for step in range(1, steps + 1):
        i = train[torch.randint(1000, (seeds, 64), generator=g)]
        loss = cross_entropy(logits(x[i]).mT, y[i], reduction="none").mean(1).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0:
            with torch.no_grad():
                right = logits(x[held].expand(seeds, -1, -1)).argmax(-1) == y[held]
                found.append(right.float().mean(1))
    return torch.stack(found)


KINDS = {"σ": (1, 0), "σ − ½": (1, -0.5), "4σ": (4, 0), "4σ − 2": (4, -2)}


def experiment(off=False):
    runs = {name: _accuracy(*pair, depth=1 if off else 4) for name, pair in KINDS.items()}
    ends = {name: run[-1] for name, run in runs.items()}
    if off:
        assert min(end.min() for end in ends.values()) > 0.7, "one hidden layer learns with all of them"
    else:
        assert max(ends["σ"].max(), ends["σ − ½"].max()) < 0.3, (
            "with slope ¼ it stays near guessing, every seed"
        )
        assert min(ends["4σ"].min(), ends["4σ − 2"].min()) > 0.75, "with slope 1 it learns, centred or not"
    listed = [f"{name}: {100 * end.mean().item():.0f} %" for name, end in ends.items()]
    depth = ("One hidden layer", "一个隐藏层") if off else ("Four hidden layers", "四个隐藏层")
    return {
        "off": ("one hidden layer in place of four", "隐藏层从四个减到一个"),
        "says": (
            f"{depth[0]}, accuracy on held-out digits after 300 steps (mean of 3 nets): {', '.join(listed)}.",
            f"{depth[1]}，300 步后在留出的手写数字上的准确率（3 个网络平均）：{'，'.join(listed).replace(': ', ' ')}。",
        ),
        "title": ("Which half of 4σ − 2 helps?", "4σ − 2 的哪一半起作用？"),
        "chart": "curves",
        "x": list(range(25, 301, 25)),
        "x_label": ("step", "步"),
        "y_label": ("accuracy", "准确率"),
        "series": [(name, run.mean(1).tolist()) for name, run in runs.items()],
    }


def which_half_evidence():
    ends = {name: _accuracy(*KINDS[name], every=300)[-1] for name in ("σ − ½", "4σ")}
    assert _accuracy(*KINDS["4σ"], rate=0.1, every=300)[-1].mean() < 0.5, (
        "at a larger rate it wants centring, too"
    )
    learns = [bool((ends[name] > 0.75).all()) for name in ("σ − ½", "4σ")]
    stays = [bool((ends[name] < 0.3).all()) for name in ("σ − ½", "4σ")]
    return [learns[0] and stays[1], learns[0] and learns[1], stays[0] and learns[1], stays[0] and stays[1]]


def worked():
    import torch

    def slope(f, at):
        z = torch.tensor(at, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(f(z), z)[0].item()

    x = torch.tensor(0.1, dtype=torch.float64)
    return [
        f"{slope(torch.sigmoid, 5.0):.4f}",
        f"{slope(torch.tanh, 5.0):.5f}",
        f"{4 * torch.sigmoid(x).item() - 2:.4f}",
        f"{torch.tanh(x).item():.4f}",
    ]


def near_zero_evidence():
    import torch

    x = torch.tensor([-1e-3, -1e-4, 1e-4, 1e-3], dtype=torch.float64)
    functions = (
        torch.relu,
        torch.tanh,
        torch.sigmoid,
        lambda v: 4 * torch.sigmoid(v) - 2,
        torch.nn.functional.silu,
    )
    return [bool(((f(x) / x - 1).abs() < 1e-3).all()) for f in functions]


def through_tanh_draw(rng):
    import math

    while True:
        h, g = rng.choice([0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]), rng.choice([0.5, 1.5, 2, 3, 4])
        values = {
            "answer": g * (1 - h * h),
            "sigmoid": g * h * (1 - h),
            "linear": g * (1 - h),
            "again": g * (1 - math.tanh(h) ** 2),
        }
        shown = {name: float(f"{v:.3g}") for name, v in values.items()}
        got = list(shown.values())
        if min(abs(a - b) / abs(a) for i, a in enumerate(got) for b in got[:i]) > 0.02:
            return shown | {"h": h, "g": g}


def through_tanh_evidence(drawn):
    import torch

    z = torch.atanh(torch.tensor(drawn["h"], dtype=torch.float64)).requires_grad_()
    value = torch.autograd.grad(drawn["g"] * torch.tanh(z), z)[0].item()
    return [abs(value - drawn[name]) < 0.006 * value for name in ("answer", "sigmoid", "linear", "again")]


def exchange_draw(rng):
    while True:
        v1, v2, c = rng.randint(1, 9), rng.choice([-8, -6, -5, -4, -3, 2, 4, 6]), rng.randint(-5, 5)
        values = {
            "answer": c + (v1 + v2) / 2,
            "c": c,
            "whole": c + v1 + v2,
            "minus": c - (v1 + v2) / 2,
        }
        if len(set(values.values())) == 4 and 0 not in values.values():
            return {"v1": v1, "v2": v2} | values


def exchange_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    z = torch.randn(40, 2, generator=g, dtype=torch.float64)
    y = torch.sigmoid(z) @ torch.tensor([drawn["v1"], drawn["v2"]], dtype=torch.float64) + drawn["c"]
    design = torch.cat([torch.tanh(z / 2), torch.ones(40, 1, dtype=torch.float64)], 1)
    d = torch.linalg.lstsq(design, y[:, None]).solution[2].item()
    return [abs(d - drawn[name]) < 1e-6 for name in ("answer", "c", "whole", "minus")]


def same_sign_evidence():
    import torch

    alike = {}
    for f in (torch.sigmoid, torch.tanh):
        shares = []
        for seed in range(3):
            g = torch.Generator().manual_seed(seed)
            h = f(torch.randn(200, 8, generator=g))
            w = torch.randn(200, 8, generator=g).requires_grad_()
            gradient = torch.autograd.grad(((h * w).sum(1) - 1).square().sum(), w)[0]
            same = (gradient > 0).all(1) | (gradient < 0).all(1)
            shares.append(same.float().mean().item())
        alike[f] = shares
    positive = min(alike[torch.sigmoid]) == 1 and max(alike[torch.tanh]) < 0.1
    return [None, positive, False, None]


def raw_inputs_evidence():
    import torch

    found = []
    for seed in range(3):
        torch.manual_seed(seed)
        x = 1000 * torch.rand(300, 20)
        layer = torch.nn.Linear(20, 32)
        scaled = (x - x.mean(0)) / x.std(0)

        def slopes(f, v, layer=layer):
            z = layer(v).detach().requires_grad_()
            return torch.autograd.grad(f(z).sum(), z)[0].mean().item()

        raw, good, sigmoid = slopes(torch.tanh, x), slopes(torch.tanh, scaled), slopes(torch.sigmoid, x)
        found.append((raw < 0.05 and good > 0.5, sigmoid > 0.1))
    standardise, sigmoid = (all(v) for v in zip(*found, strict=True))
    return [None, sigmoid, None, standardise]
