"""Experiment, draws and evidence for ce_vs_nll.md."""


def floor_draw(rng):
    import math

    K = rng.choice([3, 4, 5, 6, 8, 12, 16, 20])
    values = {
        "answer": math.log(math.e + K - 1) - 1,
        "uniform": math.log(K),
        "all_classes": math.log(math.e + K) - 1,
    }
    return {"K": K, "rest": K - 1} | {name: f"{v:.3f}" for name, v in values.items()}


def floor_evidence(drawn):
    """The loss of ever larger logits, softmax applied twice."""
    import torch

    o = torch.zeros(1, drawn["K"], dtype=torch.float64)
    o[0, 0] = 200
    low = torch.nn.functional.cross_entropy(o.softmax(1), torch.tensor([0])).item()
    shown = (drawn["answer"], drawn["uniform"], 0, drawn["all_classes"])
    return [abs(float(value) - low) < 0.002 for value in shown]


def why_slow_evidence():
    import torch
    from torch.nn.functional import cross_entropy

    y = torch.tensor([0])

    def slope(o, twice):
        o = o.clone().requires_grad_()
        loss = cross_entropy(o.softmax(1) if twice else o, y)
        return torch.autograd.grad(loss, o)[0].norm().item()

    wrong = torch.tensor([[0.0, 12.0, 0.0]], dtype=torch.float64)
    jacobian = slope(wrong, True) < 1e-4 and slope(wrong, False) > 1
    g = torch.Generator().manual_seed(0)
    many = torch.randn(200, 10, generator=g, dtype=torch.float64)
    assert torch.equal(many.softmax(1).softmax(1).argmax(1), many.argmax(1))  # true, but no reason
    o = many[:1].clone().requires_grad_()
    lifted = torch.autograd.grad(cross_entropy(o, y) + 1.461, o)[0]
    floor = not torch.allclose(lifted, torch.autograd.grad(cross_entropy(o, y), o)[0])
    sums = not torch.allclose(many.softmax(1).softmax(1).sum(1), torch.ones(200, dtype=torch.float64))
    return [jacobian, None, floor, sums]


def _train(twice, steps=150, log=False):
    """Three seeds; loss by step (mean), final losses and accuracies."""
    import torch
    from torch import nn

    curves, ends, rights = [], [], []
    for seed in range(3):
        torch.manual_seed(seed)
        centres = 3 * torch.randn(10, 8)
        y = torch.arange(10).repeat(10)
        x = centres[y] + 0.3 * torch.randn(100, 8)
        net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 10))
        adam = torch.optim.Adam(net.parameters(), 0.01)
        losses = []
        for _ in range(steps):
            o = net(x)
            given = (o.log_softmax(1) if log else o.softmax(1)) if twice else o
            loss = nn.functional.cross_entropy(given, y)
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item())
        curves.append(losses)
        ends.append(losses[-1])
        rights.append((net(x).argmax(1) == y).float().mean().item())
    mean = [sum(values) / 3 for values in zip(*curves, strict=True)]
    return mean, ends, rights


def seen_evidence():
    _, ends, rights = _train(True)
    low, high = max(ends) < 0.2, min(ends) > 1.4 and max(ends) < 1.6
    chance, good = max(rights) < 0.3, min(rights) > 0.95
    return [low and chance, low and good, high and chance, high and good]


def negative_evidence():
    import torch
    from torch.nn import functional as F

    g = torch.Generator().manual_seed(0)
    o = torch.randn(50, 4, generator=g)
    y = torch.randint(4, (50,), generator=g)
    proper = o.log_softmax(1)
    by_label = any((F.nll_loss(proper, (y + k) % 4, reduction="none") < 0).any() for k in range(4))
    by_rate = bool((F.nll_loss((1000 * o).log_softmax(1), y, reduction="none") < 0).any())
    by_weight = F.nll_loss(proper, y, weight=torch.tensor([9.0, 0.1, 1.0, 3.0])).item() < 0
    raw = F.nll_loss(9000 + o, y).item() < -8000
    return [bool(by_label), by_rate, by_weight, raw]


def worked():
    import math

    import torch
    from torch.nn.functional import cross_entropy

    o, y = torch.tensor([[2.0, 0.0, 0.0]], dtype=torch.float64), torch.tensor([0])

    def shown(v):
        return "(" + ", ".join(f"{n:.3f}".replace("-", "−") for n in v[0].tolist()) + ")"

    return [
        shown(o.log_softmax(1)),
        shown(o.softmax(1)),
        f"{cross_entropy(o, y).item():.3f}",
        f"{cross_entropy(o.softmax(1), y).item():.3f}",
        *(f"{math.log(math.e + K - 1) - 1:.3f}" for K in (10, 1000)),
    ]


def experiment(off=False):
    once, once_ends, once_right = _train(False)
    twice, ends, rights = _train(True, log=off)
    if off:
        assert max(abs(a - b) for a, b in zip(ends, once_ends, strict=True)) < 1e-3, (
            "log_softmax twice = once"
        )
        says = (
            f"With log_softmax applied twice the loss ends at {twice[-1]:.4f}, with logits at {once[-1]:.4f} (3 seeds): log-probabilities are "
            f"logits that are normalised already.",
            f"log_softmax 做两次，loss 最后是 {twice[-1]:.4f}；送 logits 是 {once[-1]:.4f}（3 个种子）：对数概率就是已经归一化的 logits。",
        )
    else:
        assert min(ends) > 1.461 - 1e-3 and max(ends) < 1.6 and max(once_ends) < 0.05, "the floor is 1.461"
        assert min(rights) > 0.95 and min(once_right) > 0.95, "yet the accuracy is fine"
        half = [next(i for i, v in enumerate(run) if v < (run[0] + run[-1]) / 2) for run in (once, twice)]
        says = (
            f"Softmax twice: the loss stops at {twice[-1]:.3f} (floor 1.461), with an accuracy of {sum(rights) / 3:.0%}; logits reach "
            f"{once[-1]:.3f}. Half of its way takes {half[1]} steps instead of {half[0]} (3 seeds).",
            f"softmax 做两次：loss 停在 {twice[-1]:.3f}（下限 1.461），准确率却有 {sum(rights) / 3:.0%}；送 logits 能到 {once[-1]:.3f}。"
            f"走完一半路程要 {half[1]} 步，而不是 {half[0]} 步（3 个种子）。",
        )
    return {
        "says": says,
        "off": ("log_softmax is applied twice, not softmax", "做两次的是 log_softmax 而不是 softmax"),
        "title": ("Ten classes: what cross_entropy is given", "十分类：送给 cross_entropy 的是什么"),
        "chart": "curves",
        "x": list(range(1, 151, 3)),
        "x_label": ("step", "步"),
        "y_label": "loss",
        "series": [
            ("logits", once[::3]),
            (
                ("log_softmax twice", "log_softmax 两次") if off else ("softmax twice", "softmax 两次"),
                twice[::3],
            ),
        ],
    }
