"""Experiment, draws and evidence for elementwise_vs_softmax.md."""


def _digits():
    from pathlib import Path

    import numpy as np
    import torch

    with np.load(Path(__file__).parents[2] / "tests" / "katas" / "data" / "digits.npz") as data:
        return torch.tensor(data["images"]).float() / 16, torch.tensor(data["labels"]).long()


def _read(kind, seed, single=False, steps=250):
    """Trains on pairs of digits side by side: shares of unseen images read rightly with p > 0.5 and by rank."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    images, labels = _digits()
    order = torch.randperm(len(images))
    wanted = 1 if single else 2

    def draw(pool, n):
        i = pool[torch.randint(len(pool), (n, 2))]
        i = i[labels[i[:, 0]] != labels[i[:, 1]]]
        x, t = torch.zeros(len(i), 8, 16), torch.zeros(len(i), 10)
        for side in range(wanted):
            x[:, :, 8 * side : 8 * side + 8] = images[i[:, side]]
            t[torch.arange(len(i)), labels[i[:, side]]] = 1
        return x.flatten(1), t

    net = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
    for _ in range(steps):
        x, t = draw(order[:1000], 64)
        if kind == "softmax":
            loss = nn.functional.cross_entropy(net(x), t / wanted)
        else:
            loss = nn.functional.binary_cross_entropy_with_logits(net(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, t = draw(order[1000:], 1000)
    with torch.no_grad():
        z = net(x)
    p = z.softmax(1) if kind == "softmax" else z.sigmoid()
    ranked = torch.zeros_like(t).scatter(1, z.topk(wanted, 1).indices, 1.0)
    return [(guess == (t > 0.5)).all(1).float().mean().item() for guess in (p > 0.5, ranked > 0.5)]


def experiment(off=False):
    ends = {kind: [_read(kind, seed, off) for seed in range(3)] for kind in ("softmax", "sigmoid")}
    for soft, sigmoid in zip(ends["softmax"], ends["sigmoid"], strict=True):  # every seed
        if off:
            assert soft[0] > 0.8 and sigmoid[0] > 0.7, "with one digit the rule works for both"
        else:
            assert soft[0] == 0 and sigmoid[0] > 0.35, "softmax never puts two digits above 0.5"
        assert abs(soft[1] - sigmoid[1]) < 0.12, "but its logits are ranked about as well"
    mean = {kind: [100 * sum(v) / 3 for v in zip(*rows, strict=True)] for kind, rows in ends.items()}
    (a, b), (c, d) = mean["softmax"], mean["sigmoid"]
    what = ("One digit", "一个数字") if off else ("Two digits", "两个数字")
    return {
        "off": ("one digit an image, so exactly one class is right", "每张图只有一个数字，恰有一类正确"),
        "says": (
            f"{what[0]} an image, all read rightly (mean of 3 seeds): with p > 0.5 softmax {a:.0f} %, sigmoids {c:.0f} %; "
            f"by the largest logits softmax {b:.0f} %, sigmoids {d:.0f} %.",
            f"每张图{what[1]}，全部读对的比例（3 个种子平均）：按 p > 0.5，softmax {a:.0f} %，sigmoid {c:.0f} %；"
            f"按最大的 logits，softmax {b:.0f} %，sigmoid {d:.0f} %。",
        ),
        "title": ("Images read rightly", "读对的图"),
        "chart": "bars",
        "unit": "%",
        "bars": [
            (("softmax, p > 0.5", "softmax，p > 0.5"), a),
            (("sigmoids, p > 0.5", "sigmoid，p > 0.5"), c),
            (("softmax, largest", "softmax，最大的"), b),
            (("sigmoids, largest", "sigmoid，最大的"), d),
        ],
    }


def two_tags_evidence():
    rows = [(_read("softmax", seed), _read("sigmoid", seed)) for seed in range(3)]
    none = all(soft[0] == 0 and sigmoid[0] > 0.35 for soft, sigmoid in rows)
    alike = all(abs(soft[0] - sigmoid[0]) < 0.12 for soft, sigmoid in rows)
    ranked = all(abs(soft[1] - sigmoid[1]) < 0.12 for soft, sigmoid in rows)
    worse = all(soft[1] < sigmoid[1] - 0.12 for soft, sigmoid in rows)
    return [none and ranked, none and worse, alike and ranked, alike and worse]


def worked():
    import math

    import torch

    z = torch.tensor([math.log(2), 0.0, 0.0], dtype=torch.float64)
    p = z.softmax(0)
    row = torch.autograd.functional.jacobian(lambda v: v.softmax(0), z)[0]
    s = z[0].sigmoid().item()
    shown = ["(" + ", ".join(f"{v:.4g}" for v in t.tolist()) + ")" for t in (p, row)]
    return [text.replace("-", "−") for text in shown] + [f"{s:.3f}", f"{s * (1 - s):.3f}"]


def _shares(rng):
    while True:
        a, b = rng.choice([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), rng.choice([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
        c = round(1 - a - b, 2)
        if c >= 0.1 and len({a, b, c}) == 3:
            return a, b, c


def entry_draw(rng):
    while True:
        a, b, c = _shares(rng)
        if a + b < 0.99 and abs((1 - a) - b) > 0.02:
            return {
                "p1": a,
                "p2": b,
                "p3": c,
                "answer": round(-a * b, 4),
                "positive": round(a * b, 4),
                "diagonal": round(a * (1 - a), 4),
            }


def _jacobian(p):
    import torch

    z = torch.tensor(p, dtype=torch.float64).log()
    return torch.autograd.functional.jacobian(lambda v: v.softmax(0), z)


def entry_evidence(drawn):
    value = _jacobian([drawn["p1"], drawn["p2"], drawn["p3"]])[0, 1].item()
    return [abs(value - v) < 1e-4 for v in (drawn["answer"], drawn["positive"], drawn["diagonal"], 0)]


def backward_draw(rng):
    while True:
        p = _shares(rng)
        g = [rng.choice([-3, -2, -1, 1, 2, 3, 4]) for _ in range(3)]
        dot = sum(x * y for x, y in zip(p, g, strict=True))
        values = {
            "answer": p[0] * (g[0] - dot),
            "alone": p[0] * (1 - p[0]) * g[0],
            "weighted": p[0] * g[0],
            "centred": g[0] - dot,
        }
        shown = {name: round(v, 4) for name, v in values.items()}
        got = list(shown.values())
        apart = min(abs(x - y) for i, x in enumerate(got) for y in got[:i]) > 0.02
        if apart and min(map(abs, got)) > 0.01 and len(set(g)) > 1:
            named = dict(zip(("p1", "p2", "p3", "g1", "g2", "g3"), (*p, *g), strict=True))
            return named | shown | {"dot": round(dot, 4)}


def backward_evidence(drawn):
    import torch

    jacobian = _jacobian([drawn["p1"], drawn["p2"], drawn["p3"]])
    g = torch.tensor([drawn["g1"], drawn["g2"], drawn["g3"]], dtype=torch.float64)
    value = (g @ jacobian)[0].item()
    return [abs(value - drawn[name]) < 1e-3 for name in ("answer", "alone", "weighted", "centred")]


def hidden_softmax_evidence():
    import torch

    small, nan = [], []
    for seed in range(3):
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(64, 512), torch.nn.Linear(512, 512), torch.nn.Linear(512, 10)]
        x, y = torch.randn(32, 64), torch.randint(10, (32,))
        ratios = []
        for hidden in (1, 2):
            size = {}
            for name, act in (("relu", torch.relu), ("softmax", lambda z: z.softmax(1))):
                h = act(layers[0](x))
                if name == "softmax":
                    near = abs(h.mean().item() * 512 - 1) < 1e-3 and h.max().item() < 0.1
                top = h if hidden == 1 else act(layers[1](h))
                loss = torch.nn.functional.cross_entropy(layers[2](top), y)
                size[name] = torch.autograd.grad(loss, layers[0].weight)[0].norm().item()
                nan.append(loss.isnan().item())
            ratios.append(size["relu"] / size["softmax"])
        small.append(near and 200 < ratios[0] < 450 and 7e4 < ratios[1] < 1.6e5)
    rank = torch.linalg.matrix_rank(_jacobian([0.1, 0.2, 0.3, 0.4])).item()
    return [None, any(nan), rank == 0, all(small)]


def couples_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    z = 3 * torch.randn(50, 4, generator=g, dtype=torch.float64)
    soft, sigmoid = z.softmax(1), z.sigmoid()
    slopes = torch.linalg.eigvalsh(_jacobian(soft[0].tolist()))
    own = sigmoid[0] * (1 - sigmoid[0])
    return [
        torch.allclose((z + 5).softmax(1), soft) and not torch.allclose((z + 5).sigmoid(), sigmoid),
        not torch.allclose(z.softmax(0), soft),
        not bool(((sigmoid > 0) & (sigmoid < 1)).all()),
        slopes.abs().min().item() < 1e-9 < own.min().item(),
        bool(((soft > 0.5).sum(1) > 1).any()),
    ]
