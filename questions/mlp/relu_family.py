"""Experiment, draws and evidence for relu_family.md."""


def _digits():
    from pathlib import Path

    import numpy as np
    import torch

    with np.load(Path(__file__).parents[2] / "tests" / "katas" / "data" / "digits.npz") as data:
        return torch.tensor(data["images"]).float().flatten(1) / 16, torch.tensor(data["labels"]).long()


def _accuracy(name, shift, seed, steps=200, every=20):
    """Accuracy on 797 held-out digits while an MLP trains whose hidden biases start lower by `shift`."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    acts = {"relu": nn.ReLU(), "gelu": nn.GELU(), "silu": nn.SiLU(), "leaky": nn.LeakyReLU(0.1)}
    acts |= {"leaky01": nn.LeakyReLU(0.01)}
    x, y = _digits()
    torch.manual_seed(seed)
    order = torch.randperm(len(x))
    train, held = order[:1000], order[1000:]
    net = nn.Sequential(nn.Linear(64, 48), acts[name], nn.Linear(48, 10))
    with torch.no_grad():
        net[0].bias -= shift
        assert shift == 0 or bool((net[0](x) < 0).all()), "each unit is negative for each image"
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    found = []
    for step in range(1, steps + 1):
        i = train[torch.randint(1000, (64,))]
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0:
            with torch.no_grad():
                found.append((net(x[held]).argmax(1) == y[held]).float().mean().item())
    return found


def experiment(off=False):
    shift = 0 if off else 4
    names = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "leaky": ("leaky ReLU, 0.1", "leaky ReLU，0.1")}
    runs = {name: [_accuracy(name, shift, seed) for seed in range(3)] for name in names}
    ends = {name: [run[-1] for run in three] for name, three in runs.items()}
    if off:
        assert min(map(min, ends.values())) > 0.9, "with ordinary biases all of them learn"
    else:
        assert max(ends["relu"] + ends["gelu"]) < 0.2, "ReLU and GELU stay at guessing, with every seed"
        assert min(ends["leaky"]) > 0.6 and min(ends["silu"]) > 0.4, "leaky ReLU and SiLU wake up"
    mean = {name: f"{100 * sum(three) / 3:.0f} %" for name, three in ends.items()}
    where = ("Ordinary biases", "偏置正常") if off else ("Biases 4 lower", "偏置低 4")
    listed = ", ".join(
        f"{n} {mean[k]}" for k, n in zip(mean, ("ReLU", "GELU", "SiLU", "leaky ReLU"), strict=True)
    )
    return {
        "off": ("biases as usual, so that no unit starts asleep", "偏置正常，没有一开始就沉睡的单元"),
        "says": (
            f"{where[0]}, accuracy on held-out digits after 200 steps (mean of 3 seeds): {listed}.",
            f"{where[1]}，200 步后在留出的手写数字上的准确率（3 个种子平均）：{listed.replace(', ', '，')}。",
        ),
        "title": ("Who wakes up again?", "谁能醒过来？"),
        "chart": "curves",
        "x": list(range(20, 201, 20)),
        "x_label": ("step", "步"),
        "y_label": ("accuracy", "准确率"),
        "series": [
            (label, [sum(v) / 3 for v in zip(*runs[name], strict=True)]) for name, label in names.items()
        ],
    }


def asleep_evidence():
    ends = {name: [_accuracy(name, 4, seed)[-1] for seed in range(3)] for name in ("gelu", "leaky")}
    assert _accuracy("leaky01", 4, 0)[-1] < 0.2, "with slope 0.01 it takes longer than 200 steps"
    assert _accuracy("gelu", 4, 0, 1500, 1500)[-1] > 0.4, "and GELU wakes up in the end"
    learns = {name: min(three) > 0.6 for name, three in ends.items()}
    stays = {name: max(three) < 0.2 for name, three in ends.items()}
    return [
        learns["gelu"] and stays["leaky"],
        stays["gelu"] and learns["leaky"],
        learns["gelu"] and learns["leaky"],
        stays["gelu"] and stays["leaky"],
    ]


def worked():
    import torch
    from torch.nn import functional as F

    x = torch.tensor(-1.0, dtype=torch.float64)
    values = [f"{v.item():.3f}" for v in (F.leaky_relu(x, 0.01), F.elu(x), F.gelu(x), F.silu(x))]
    line = torch.linspace(-4, 0, 400001, dtype=torch.float64)
    for act, digits in ((F.gelu, 2), (F.silu, 2)):
        low, where = act(line).min(0)
        values += [f"{low.item():.3f}", f"{line[where].item():.{digits}f}"]
    z = torch.tensor(-4.0, dtype=torch.float64, requires_grad=True)
    values += [f"{torch.autograd.grad(act(z), z)[0].item():.{n}f}" for act, n in ((F.gelu, 4), (F.elu, 3))]
    return [v.replace("-", "−") for v in values]


def stays_dead_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.rand(100, 5, generator=g, dtype=torch.float64)
    w = torch.randn(5, generator=g, dtype=torch.float64, requires_grad=True)
    b = torch.tensor(-10.0, dtype=torch.float64, requires_grad=True)
    h = (x @ w + b).relu()
    frozen = all((t == 0).all() for t in torch.autograd.grad((3 * h - 1).square().sum(), (w, b)))
    # where only the weights decay and the bias is positive, a dead unit wakes up
    near = torch.full((5,), -2.0, dtype=torch.float64)
    assert ((x + 0.5) @ near + 0.5 < 0).all() and ((x + 0.5) @ (0.01 * near) + 0.5 > 0).all()
    return [None, bool(frozen), None, bool((x @ w + b == 0).any())]


def statements_evidence():
    import torch
    from torch.nn import functional as F

    line = torch.linspace(-5, 5, 10001, dtype=torch.float64)
    monotone = bool((F.gelu(line).diff() >= 0).all())
    zero = torch.zeros((), dtype=torch.float64, requires_grad=True)
    half = torch.autograd.grad(F.silu(zero), zero)[0].item() == 0.5
    g = torch.Generator().manual_seed(0)
    h = torch.randn(500, 20, generator=g).relu()
    half_zero = abs((h == 0).float().mean().item() - 0.5) < 0.05
    dead = bool((h == 0).all(0).any())
    far = torch.tensor([-1e4])
    bounded = F.elu(far).item() >= -1 and F.leaky_relu(far, 0.01).item() < -50
    return [monotone, half, dead or not half_zero, bounded, False]


def silu_slope_draw(rng):
    import math

    while True:
        x = rng.choice([-3, -2.5, -2, -1.5, -0.5, 0.5, 1, 1.5, 2, 2.5, 3])
        s = 1 / (1 + math.exp(-x))
        values = {
            "answer": s + x * s * (1 - s),
            "gate": s,
            "second": x * s * (1 - s),
            "slope": s * (1 - s),
        }
        shown = {name: float(f"{v:.3g}") for name, v in values.items()}
        got = list(shown.values())
        if min(abs(a - b) / abs(a) for i, a in enumerate(got) for b in got[:i]) > 0.02:
            return shown | {"x": x, "s": float(f"{s:.4g}")}


def silu_slope_evidence(drawn):
    import torch

    x = torch.tensor(float(drawn["x"]), dtype=torch.float64, requires_grad=True)
    slope = torch.autograd.grad(torch.nn.functional.silu(x), x)[0].item()
    return [abs(slope - drawn[name]) < 0.006 * abs(slope) for name in ("answer", "gate", "second", "slope")]


def after_spike_evidence():
    import torch
    from torch import nn

    found, tiny = [], []
    for seed in range(3):
        torch.manual_seed(seed)
        x, y = torch.randn(200, 10), torch.randint(3, (200,))
        net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))
        silent = (net[:2](x) == 0).float().mean().item()
        healthy = 0.3 < silent < 0.7 and not bool((net[:2](x) == 0).all(0).all())
        with torch.no_grad():
            net[2].bias -= 1000  # where a giant step takes it
        nn.functional.cross_entropy(net(x), y).backward()
        dead = bool((net[:4](x) == 0).all()) and bool((net[0].weight.grad == 0).all())
        found.append(healthy and dead)
        tiny.append(max((net[i].weight.abs() < 1e-3).float().mean().item() for i in (0, 2, 4)))
    return [all(found), None, min(tiny) > 0.5, None]
