"""Experiment, draws and evidence for fine_tuning.md."""


def _digits():
    from pathlib import Path

    import numpy as np
    import torch

    with np.load(Path(__file__).parents[2] / "tests" / "katas" / "data" / "digits.npz") as data:
        return torch.tensor(data["images"]).float().flatten(1) / 16, torch.tensor(data["labels"]).long()


def _body():
    from torch import nn

    layers = []
    for inputs in (64, 64):
        layers += [nn.Linear(inputs, 64), nn.BatchNorm1d(64), nn.ReLU()]
    return nn.Sequential(*layers)


def _fit(net, groups, x, y, steps, batch=None):
    import torch

    optimizer = torch.optim.Adam(groups)
    for _ in range(steps):
        i = torch.randint(len(x), (batch,)) if batch else torch.arange(len(x))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x[i]), y[i]).backward()
        optimizer.step()


def _odd_or_even(seed, each, kinds=("head", "small", "all", "fresh")):
    """Accuracies on unseen digits after fine-tuning on `each` images a digit, for every kind of fine-tuning."""
    import copy

    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y = _digits()
    order = torch.randperm(len(x))
    old, pool, unseen = order[:700], order[700:1300], order[1300:]
    few = torch.cat([pool[y[pool] == digit][:each] for digit in range(10)])
    pretrained = nn.Sequential(_body(), nn.Linear(64, 10))
    _fit(pretrained, [{"params": pretrained.parameters(), "lr": 0.003}], x[old], y[old], 250, 64)
    found = {}
    for kind in kinds:
        torch.manual_seed(seed + 100)
        body = _body() if kind == "fresh" else copy.deepcopy(pretrained[0])
        net = nn.Sequential(body, nn.Linear(64, 2)).train()
        groups = [{"params": net[1].parameters(), "lr": 0.01}]
        if kind == "head":
            body.requires_grad_(False).eval()
        else:
            groups.append({"params": body.parameters(), "lr": 0.0003 if kind == "small" else 0.01})
        _fit(net, groups, x[few], y[few] % 2, 100)
        net.eval()
        with torch.no_grad():
            found[kind] = (net(x[unseen]).argmax(1) == y[unseen] % 2).float().mean().item()
    return found


def experiment(off=False):
    each = 40 if off else 2
    runs = [_odd_or_even(seed, each) for seed in range(3)]
    for run in runs:
        if off:
            assert max(run.values()) - min(run.values()) < 0.04, "with 400 labels all of them are close"
        else:
            assert min(run["head"], run["small"]) > run["fresh"] + 0.05, "with 20 labels the features pay"
            assert run["all"] < run["head"] - 0.02, "large steps in all layers lose much of it"
    mean = {kind: 100 * sum(run[kind] for run in runs) / 3 for kind in runs[0]}
    labels = {
        "head": ("head only", "只训练 head"),
        "small": ("all, 0.0003 below", "全部，主体 0.0003"),
        "all": ("all at 0.01", "全部 0.01"),
        "fresh": ("fresh net", "全新的网络"),
    }
    english = ", ".join(f"{labels[kind][0]}: {value:.0f} %" for kind, value in mean.items())
    chinese = "；".join(f"{labels[kind][1]}：{value:.0f} %" for kind, value in mean.items())
    return {
        "off": ("400 labelled images in place of 20", "带标签的图从 20 张增加到 400 张"),
        "says": (
            f"Odd or even from {10 * each} labelled digits, accuracy on unseen ones (mean of 3 seeds): {english}.",
            f"用 {10 * each} 张带标签的数字学奇偶，在没见过的数字上的准确率（3 个种子平均）：{chinese}。",
        ),
        "title": ("Ways of fine-tuning", "几种微调方式"),
        "chart": "bars",
        "unit": "%",
        "bars": [(labels[kind], value) for kind, value in mean.items()],
    }


def odd_or_even_evidence():
    runs = [_odd_or_even(seed, 2, ("head", "all", "fresh")) for seed in range(3)]
    better = all(r["head"] > r["fresh"] + 0.05 for r in runs)
    equal = all(abs(r["head"] - r["fresh"]) < 0.03 for r in runs)
    nearer = sum(2 * r["all"] - r["head"] - r["fresh"] for r in runs) < 0 and all(
        r["all"] < r["head"] - 0.02 for r in runs
    )
    best = all(r["all"] > max(r["head"], r["fresh"]) for r in runs)
    return [better and nearer, better and best, equal and nearer, equal and best]


def worked():
    head = 2048 * 37 + 37
    return [f"2048·37 + 37 = {head:,}", f"{100 * head / (23508032 + head):.2f} %"]


def smaller_below_evidence():
    """At the start the body's gradient is not zero, and large steps along it lose the old features."""
    import copy

    import torch
    from torch import nn

    torch.set_num_threads(1)
    worse, zero = [], []
    for seed in range(3):
        torch.manual_seed(seed)
        x, y = _digits()
        net = nn.Sequential(_body(), nn.Linear(64, 10))
        _fit(net, [{"params": net.parameters(), "lr": 0.003}], x[:700], y[:700], 200, 64)
        few = torch.randperm(700)[:20] + 700
        probe = {}
        for rate in (0.0003, 0.01):
            body = copy.deepcopy(net[0])
            tuned = nn.Sequential(body, nn.Linear(64, 2))
            groups = [
                {"params": tuned[1].parameters(), "lr": 0.01},
                {"params": body.parameters(), "lr": rate},
            ]
            _fit(tuned, groups, x[few], y[few] % 2, 60)
            with torch.no_grad():  # are the digits still there? the old head on the new features
                probe[rate] = (net[1](body.eval()(x[1300:])).argmax(1) == y[1300:]).float().mean().item()
        worse.append(probe[0.01] < probe[0.0003] - 0.2)
        net[1] = nn.Linear(64, 2)
        nn.functional.cross_entropy(net(x[few]), y[few] % 2).backward()
        zero.append(net[0][0].weight.grad.norm().item() < 1e-3)
    return [None, all(worse), None, all(zero)]


def head_size_draw(rng):
    d, k = rng.choice([384, 512, 768, 1024, 1280, 2048]), rng.choice([3, 5, 7, 12, 20, 37, 102])
    old = rng.choice([1000, 100, 21])
    return {
        "d": d,
        "k": k,
        "old": old,
        "answer": d * k + k,
        "weights": d * k,
        "old_head": d * old + old,
        "features": d * k + d,
    }


def head_size_evidence(drawn):
    from torch import nn

    net = nn.Sequential(
        nn.Linear(8, drawn["d"]), nn.BatchNorm1d(drawn["d"]), nn.Linear(drawn["d"], drawn["old"])
    )
    net.requires_grad_(False)
    net[2] = nn.Linear(drawn["d"], drawn["k"])
    trained = sum(p.numel() for p in net.parameters() if p.requires_grad)
    return [trained == drawn[name] for name in ("answer", "weights", "old_head", "features")]


def stages_evidence():
    """Freezing before the head is replaced or after it: only in this order the head alone is trained."""
    from torch import nn

    net = nn.Sequential(_body(), nn.Linear(64, 10))
    net[1] = nn.Linear(64, 2)
    net[0].requires_grad_(False).eval()
    names = {name.split(".")[0] for name, p in net.named_parameters() if p.requires_grad}
    return [names == {"1"} and not net[0][1].training]


def never_moves_evidence():
    import torch
    from torch import nn

    def moved(added, rate=0.001):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        net[0].requires_grad_(False)
        optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=rate)
        net[0].requires_grad_(True)
        if added:
            optimizer.add_param_group({"params": net[0].parameters(), "lr": rate})
        before = net[0].weight.clone()
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(torch.randn(8, 4)), torch.arange(8) % 2).backward()
            assert net[0].weight.grad.abs().max() > 0
            optimizer.step()
        return not torch.equal(before, net[0].weight)

    listed = not moved(False) and moved(True)
    return [not moved(True), listed, moved(False, 1e-5), not moved(True)]


def drift_evidence():
    import torch
    from torch import nn

    torch.set_num_threads(1)
    found = []
    for seed in range(3):
        torch.manual_seed(seed)
        x, y = _digits()
        net = nn.Sequential(_body(), nn.Linear(64, 10))
        _fit(net, [{"params": net.parameters(), "lr": 0.003}], x[:900], y[:900], 200, 64)

        def accuracy(net=net, x=x, y=y):
            net.eval()
            with torch.no_grad():
                return (net(x[1300:]).argmax(1) == y[1300:]).float().mean().item()

        before = accuracy()
        net.requires_grad_(False)
        for mode in ("eval", "train"):
            body, new = net[0], nn.Linear(64, 2)
            body.train(mode == "train")
            both = nn.Sequential(body, new)
            _fit(both, [{"params": new.parameters(), "lr": 0.01}], 1 - x[900:1300], y[900:1300] % 2, 60, 32)
            found.append((mode, before - accuracy()))
    buffers = all((loss > 0.2) if mode == "train" else (loss == 0) for mode, loss in found)
    return [False, None, buffers, None]
