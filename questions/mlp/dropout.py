"""Experiment, draws and evidence for dropout.md."""


def _digits():
    from pathlib import Path

    import numpy as np
    import torch

    with np.load(Path(__file__).parents[2] / "tests" / "katas" / "data" / "digits.npz") as data:
        return torch.tensor(data["images"]).float().flatten(1) / 16, torch.tensor(data["labels"]).long()


def _test(seed, p, steps=300, n=300):
    """An MLP trained with dropout: (accuracy, loss) on unseen digits with each way of inference, and on the
    training digits in eval mode."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y = _digits()
    order = torch.randperm(len(x))
    train, unseen = order[:n], order[1000:]
    layers = nn.ModuleList([nn.Linear(64, 96), nn.Linear(96, 96), nn.Linear(96, 10)])
    optimizer = torch.optim.Adam(layers.parameters(), lr=0.003)

    def logits(v, mode):
        for layer in layers[:-1]:
            v = layer(v).relu()
            v = F.dropout(v, p, mode == "train") * (1 - p if mode == "scaled" else 1)
        return layers[-1](v)

    for _ in range(steps):
        i = train[torch.randint(n, (64,))]
        optimizer.zero_grad()
        F.cross_entropy(logits(x[i], "train"), y[i]).backward()
        optimizer.step()
    found = {}
    with torch.no_grad():
        for name, mode, pool in (
            ("right", "eval", unseen),
            ("scaled", "scaled", unseen),
            ("on", "train", unseen),
            ("known", "eval", train),
            ("logged", "train", train),
        ):
            z = logits(x[pool], mode)
            found[name] = ((z.argmax(1) == y[pool]).float().mean().item(), F.cross_entropy(z, y[pool]).item())
    return found


def experiment(off=False):
    p = 0.0 if off else 0.5
    runs = [_test(seed, p) for seed in range(3)]
    for run in runs:
        (accuracy, loss), (other, worse) = run["right"], run["scaled"]
        assert abs(accuracy - other) < 0.011, "the accuracy does not show the mistake"
        if off:
            assert abs(loss - worse) < 1e-6, "with p = 0 there is nothing to scale"
        else:
            assert worse > 2 * loss, "the loss does: it more than doubles"

    def mean(name, i):
        return sum(run[name][i] for run in runs) / 3

    names = {
        "right": ("as it should be", "正确做法"),
        "scaled": ("times 1 − p as well", "又乘 1 − p"),
        "on": ("dropout left on", "dropout 没关"),
    }
    a, b, c = (f"{100 * mean(name, 0):.1f} %" for name in names)
    d, e, f = (f"{mean(name, 1):.2f}" for name in names)
    return {
        "off": ("dropout with p = 0", "dropout 的 p = 0"),
        "says": (
            f"p = {p}, unseen digits (mean of 3 seeds): accuracy {a} and loss {d} as it should be; {b} and {e} if each "
            f"layer is multiplied by 1 − p as well; {c} and {f} with dropout left on.",
            f"p = {p}，没见过的数字（3 个种子平均）：正确做法，准确率 {a}，loss {d}；每层又乘 1 − p，{b}，{e}；dropout 没关，{c}，{f}。",
        ),
        "charts": [
            {
                "title": ("Accuracy", "准确率"),
                "chart": "bars",
                "unit": "%",
                "bars": [(label, 100 * mean(name, 0)) for name, label in names.items()],
            },
            {
                "title": ("Loss", "loss"),
                "chart": "bars",
                "bars": [(label, mean(name, 1)) for name, label in names.items()],
            },
        ],
    }


def hidden_bug_evidence():
    runs = [_test(seed, 0.5) for seed in range(3)]
    changes = [(r["right"][0] - r["scaled"][0], r["scaled"][1] / r["right"][1]) for r in runs]
    falls, same = all(a > 0.05 for a, _ in changes), all(abs(a) < 0.011 for a, _ in changes)
    rises, hardly = all(f > 2 for _, f in changes), all(f < 1.2 for _, f in changes)
    return [falls and rises, same and rises, falls and hardly, same and hardly]


def below_evidence():
    runs = [_test(seed, 0.5) for seed in range(3)]
    early = [_test(seed, 0.5, steps=100) for seed in range(3)]  # as logged, it lies above; in eval mode below
    above = all(r["logged"][1] > r["known"][1] and r["known"][1] < r["right"][1] for r in runs)
    above = above and all(r["logged"][1] > r["right"][1] > r["known"][1] for r in early)
    plain = [_test(seed, 0.0, steps=30) for seed in range(2)]  # as if the rate were too small
    slow = any(r["logged"][1] > 1.2 * r["right"][1] for r in plain)
    return [above, slow, None, False]


def worked():
    import itertools

    import torch

    kept = torch.nn.functional.dropout(torch.full((1000,), 3.0), 0.2).max().item()
    sums = [
        sum(2 * m * x for m, x in zip(mask, (1, 2, 2), strict=True))
        for mask in itertools.product((0, 1), repeat=3)
    ]
    mean = sum(sums) / 8
    variance = sum((s - mean) ** 2 for s in sums) / 8
    return [f"{kept:.2f}", f"0.8·{kept:.2f} = {0.8 * kept:.1f}", f"{mean:.0f}", f"{variance:.0f}"]


def where_scaled_evidence():
    import torch

    layer, x = torch.nn.Dropout(0.2), torch.ones(1000)
    torch.manual_seed(0)
    kept = layer.train()(x).max().item()
    at_eval = layer.eval()(x).mean().item()
    ways = [(1.25, 1), (1, 0.8), (1.25, 0.8), (1, 1)]
    return [abs(kept - a) < 1e-6 and abs(at_eval - b) < 1e-6 for a, b in ways]


def twice_draw(rng):
    p, n = rng.choice([0.1, 0.2, 0.3, 0.4]), rng.choice([2, 3, 4, 5])
    return {
        "p": p,
        "n": n,
        "answer": float(f"{(1 - p) ** n:.4g}"),
        "once": round(1 - p, 2),
        "dropped": float(f"{p**n:.4g}"),
    }


def twice_evidence(drawn):
    import torch

    torch.manual_seed(0)
    hidden = [torch.nn.Linear(8, 8, bias=False).double() for _ in range(drawn["n"])]
    last = torch.nn.Linear(8, 3, bias=False).double()

    def logits(v, factor):
        for layer in hidden:
            v = factor * layer(v).relu()
        return last(v)

    x = torch.randn(20, 8, dtype=torch.float64)
    ratio = (logits(x, 1 - drawn["p"]).norm() / logits(x, 1.0).norm()).item()
    return [abs(ratio / value - 1) < 0.005 for value in (drawn["answer"], drawn["once"], drawn["dropped"], 1)]


def penalty_draw(rng):
    while True:
        p, x = rng.choice([0.1, 0.2, 0.25, 0.4, 0.5, 0.6, 0.8]), [rng.randint(1, 6) for _ in range(3)]
        xx = sum(v * v for v in x)
        values = {
            "answer": p / (1 - p) * xx,
            "coin": p * (1 - p) * xx,
            "rate": p * xx,
            "linear": p / (1 - p) * sum(x) ** 2,
        }
        shown = {name: float(f"{v:.4g}") for name, v in values.items()}
        got = list(shown.values())
        if min(abs(a - b) / a for i, a in enumerate(got) for b in got[:i]) > 0.02 and len(set(x)) > 1:
            return {"p": p, "xx": xx, "x1": x[0], "x2": x[1], "x3": x[2]} | shown


def penalty_evidence(drawn):
    import itertools

    p, x, y, w = drawn["p"], [drawn[f"x{i}"] for i in (1, 2, 3)], (1.0, -2.0, 0.5), 0.7
    average = 0.0
    for mask in itertools.product((0, 1), repeat=3):  # one coin an example
        chance = 1.0
        for m in mask:
            chance *= 1 - p if m else p
        loss = sum((b - w * a * m / (1 - p)) ** 2 for a, b, m in zip(x, y, mask, strict=True))
        average += chance * loss
    plain = sum((b - w * a) ** 2 for a, b in zip(x, y, strict=True))
    c = (average - plain) / w**2
    return [abs(c / drawn[name] - 1) < 0.005 for name in ("answer", "coin", "rate", "linear")]


def why_helps_evidence():
    """Two equal copies of a feature: dropout makes a linear fit share the weight among them."""
    import torch

    shared = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(200, 1, generator=g).expand(200, 4).double()
        ends = []
        for p in (0.0, 0.5):
            w = torch.tensor([[1.0], [0.0], [0.0], [0.0]], dtype=torch.float64)
            for _ in range(2000):
                kept = (torch.rand(200, 4, generator=g) >= p).double() / (1 - p)
                w -= 0.02 * (x * kept).T @ ((x * kept) @ w - x[:, :1]) / 200
            ends.append(w.max().item())
        shared.append(ends[0] > 0.99 and ends[1] < 0.4)
    return [False, None, None, all(shared)]
