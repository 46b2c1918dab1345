"""Eight sick training runs on the digits (and one regression): each symptom made, and made to vanish."""

PLAIN = {
    "rate": 0.1,
    "scale": 1,
    "order": "random",
    "images": 600,
    "noise": 0.0,
    "norm": None,
    "dropout": 0.0,
}
FAULTS = {
    "healthy": {},
    "frozen": {"frozen": True},
    "scale": {"scale": 255, "rate": 0.01},
    "sorted": {"order": "sorted"},
    "overfit": {"images": 60, "noise": 0.3, "rate": 0.5},
    "dropout": {"dropout": 0.6},
    "norm": {"norm": 0.001},
    "rate": {"rate": 3.0},
}


def _run(fault, seed=0, steps=240, judged="held", **changes):
    """A net of one hidden layer, SGD, batches of 30: training losses, and every 5 steps the loss in evaluation mode
    on held-out images (or on the training images, if `judged` says so)."""
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    from dlkata.suite import digits

    how = PLAIN | FAULTS[fault] | changes
    g = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    images, labels = digits()
    x, order = images.flatten(1) * how["scale"], torch.randperm(1797, generator=g)
    held, order = order[600:1200], order[: how["images"]]
    held_x, held_y, x, y = x[held], labels[held], x[order], labels[order]
    wrong = torch.rand(len(y), generator=g) < how["noise"]
    y = torch.where(wrong, torch.randint(10, y.shape, generator=g), y)
    if how["order"] == "sorted":
        by_label = y.argsort(stable=True)
        x, y = x[by_label], y[by_label]
    if how.get("shuffled"):
        y = y[torch.randperm(len(y), generator=g)]
    middle = [nn.Dropout(how["dropout"])]
    middle += [nn.BatchNorm1d(64, momentum=how["norm"])] if how["norm"] else []
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), *middle, nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=how["rate"])
    if how.get("frozen"):  # the optimizer keeps the layers that were here before
        net[0], net[-1] = nn.Linear(64, 64), nn.Linear(64, 10)
    judged_x, judged_y = (held_x, held_y) if judged == "held" else (x, y)
    train, evaluated = [], []
    for step in range(steps):
        if how.get("batch"):
            chosen = torch.arange(how["batch"])
        elif how["order"] == "sorted":
            chosen = torch.arange(30 * step, 30 * step + 30) % len(x)
        else:
            chosen = torch.randperm(len(x), generator=g)[:30]
        net.train()
        loss = cross_entropy(net(x[chosen]), y[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        train.append(loss.item())
        if step % 5 == 4:
            net.train(bool(how.get("training_mode")))
            with torch.no_grad():
                evaluated.append(cross_entropy(net(judged_x), judged_y).item())
    return train, evaluated


def _waves(clear, seed=0, rate=0.005, steps=240):
    """Linear regression by gradient descent, with the gradients cleared or added up."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(200, 4, generator=g)
    y = x @ torch.randn(4, generator=g) + 0.3 * torch.randn(200, generator=g)
    w = torch.zeros(4, requires_grad=True)
    losses = []
    for _ in range(steps):
        if clear:
            w.grad = None
        loss = (x @ w - y).square().mean()
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            w -= rate * w.grad
    return losses


def _mean(values):
    return sum(values) / len(values)


def _turns(losses):
    """How often the curve turns, jitter below a tenth of its height left out."""
    height, turns, rising, extreme = max(losses), 0, False, losses[0]
    for loss in losses:
        if rising == (loss > extreme):
            extreme = loss
        elif abs(loss - extreme) > 0.1 * height:
            turns, rising, extreme = turns + 1, not rising, loss
    return turns


def flat_evidence():
    ends = [_mean(_run("frozen", seed, 120)[0][-40:]) for seed in range(3)]
    assert all(2.2 < end < 2.4 for end in ends)

    def cured(**changes):
        return _mean(_run("frozen", 0, 120, **changes)[0][-40:]) < 2.0

    return [cured(rate=0.4), cured(images=1200), cured(frozen=False), cured(noise=0.0, order="sorted")]


def jump_evidence():
    ends = [_run("rate", seed, 120)[0] for seed in range(3)]
    assert all(max(losses[:10]) > 2.6 and _mean(losses[-40:]) > 2.2 for losses in ends)

    def cured(**changes):
        return _mean(_run("rate", 0, 120, **changes)[0][-40:]) < 2.0

    return [cured(frozen=False), cured(rate=0.1), cured(images=1200), cured(dropout=0.2)]


def starts_high_evidence():
    starts = [_run("scale", seed, 1)[0][0] for seed in range(3)]
    assert min(starts) > 20

    def cured(**changes):
        return all(_run("scale", seed, 1, **changes)[0][0] < 2.6 for seed in range(3))

    return [cured(rate=0.001), cured(images=60), cured(order="sorted"), cured(scale=1)]


def saw_evidence():
    def periodic(**changes):  # the share of the jitter within an epoch that its 20 places explain
        found = []
        for seed in range(3):
            train, _held = _run("sorted", seed, 200, **changes)
            epochs = [train[start : start + 20] for start in range(40, 200, 20)]
            epochs = [[loss - _mean(epoch) for loss in epoch] for epoch in epochs]
            profile = [_mean(column) for column in zip(*epochs, strict=True)]
            everything = sum(loss**2 for epoch in epochs for loss in epoch)
            found.append(len(epochs) * sum(value**2 for value in profile) / everything)
        return min(found) > 0.5

    assert periodic()
    return [not periodic(rate=0.05), not periodic(order="random"), not periodic(dropout=0.1), None]


def gap_evidence():
    def gap(**changes):
        found = []
        for seed in range(3):
            train, held = _run("overfit", seed, 200, **changes)
            found.append(held[-1] - _mean(train[-20:]))
        return found

    assert min(gap()) > 0.8
    rate, data = gap(rate=0.25), gap(images=600)
    return [max(rate) < 0.5, None, max(data) < 0.6 * min(gap()), False]


def below_evidence():
    def below(**changes):
        found = []
        for seed in range(3):
            train, held = _run("dropout", seed, 160, **changes)
            found.append(held[-1] < _mean(train[-30:]) - 0.1)
        return all(found)

    assert below()
    # The training images in evaluation mode are as low: that other images are easier is not the reason.
    same_images = below(judged="training")
    return [not same_images, not below(dropout=0.0), None, None]


def two_modes_evidence():
    def apart(**changes):
        found = []
        for seed in range(2):
            train, again = _run("norm", seed, 200, judged="training", **changes)
            found.append(again[-1] - _mean(train[-20:]) > 0.5)
        return all(found)

    assert apart()
    return [not apart(images=300), not apart(dropout=0.2), not apart(norm=0.1), not apart(rate=0.05)]


def long_waves_evidence():
    def turns(**how):
        return min(_turns(_waves(seed=seed, **how)) for seed in range(3))

    assert turns(clear=False) >= 5
    return [turns(clear=False, rate=0.0025) < 3, turns(clear=True) < 3, None, None]


def first_nan_evidence():
    """A distance √(Σd²) of two embeddings; in step 40 both images of a pair are the same."""
    import torch

    from dlkata.suite import digits

    pixels, _labels = digits()
    outcomes = []
    for seed in range(3):
        for root in (lambda s: s.sqrt(), lambda s: (s + 1e-12).sqrt()):
            g = torch.Generator().manual_seed(seed)
            w = (0.1 * torch.randn(64, 8, generator=g)).requires_grad_()
            losses, finite = [], True
            for step in range(60):
                first, second = torch.randint(1797, (2, 16), generator=g)
                second = torch.where(first == second, (second + 1) % 1797, second)
                if step == 40:
                    second[0] = first[0]
                x, other = pixels.flatten(1)[first], pixels.flatten(1)[second]
                loss = (root((x @ w - other @ w).square().sum(1)) - 1).square().mean()
                (gradient,) = torch.autograd.grad(loss, w)
                finite = finite and bool(gradient.isfinite().all()) and bool(x.isfinite().all())
                with torch.no_grad():
                    w -= 0.05 * gradient
                losses.append(loss.item())
            outcomes.append((losses[40] < 1, losses[41] == losses[41], max(losses[:41]) < 2, finite))
    naive, with_epsilon = outcomes[::2], outcomes[1::2]
    root_is_it = all(small and not alive for small, alive, _calm, _f in naive)
    root_is_it = root_is_it and all(alive and finite for _s, alive, _calm, finite in with_epsilon)
    exploded = any(not calm for _s, _a, calm, _f in naive)
    return [exploded, None, root_is_it, False]


def one_batch_evidence():
    found = []
    for fault, changes in (
        ("frozen", {}),
        ("rate", {}),
        ("scale", {"rate": 0.1}),
        ("healthy", {"shuffled": True, "rate": 0.4}),
    ):
        ends = [_run(fault, seed, 250, batch=30, **changes)[0][-1] for seed in range(3)]
        found.append(max(ends) < 0.1)
    return found


def worked():
    import math

    import torch

    losses = torch.nn.functional.cross_entropy(torch.zeros(4, 10), torch.arange(4))
    return [f"ln 10 = {losses.item():.3f}", f"ln 50,000 = {math.log(50000):.1f}", f"{math.log(2):.3f}"]


def experiment(off=False):
    names = {
        "frozen": ("optimizer holds other layers", "优化器拿的是别的层"),
        "rate": ("rate thirty times too high", "学习率是应有的三十倍"),
        "scale": ("pixels up to 255", "像素值高达 255"),
        "healthy": ("labels: right", "标签：正确") if off else ("labels of other images", "标签张冠李戴"),
    }
    rows, ends, held = [], {}, {}
    for fault, name in names.items():
        changes = {"shuffled": not off, "rate": 0.4} if fault == "healthy" else {}
        changes |= {"rate": 0.1} if fault == "scale" else {}
        runs = [_run(fault, seed, 250, batch=30, **changes)[0][-1] for seed in range(3)]
        changes.pop("rate", None)
        full = (
            [_run(fault, seed, 160, **changes)[1][-1] for seed in range(3)] if fault == "healthy" else [None]
        )
        ends[fault], held[fault] = runs, full
        rows.append([name, round(_mean(runs), 2), round(_mean(full), 2) if full[0] else "–"])
    assert min(ends["frozen"] + ends["rate"] + ends["scale"]) > 1, "three faults can't learn 30 images"
    assert max(ends["healthy"]) < 0.15, "any labels of 30 images can be learned by heart"
    one, full = _mean(ends["healthy"]), _mean(held["healthy"])
    if off:
        assert max(held["healthy"]) < 1, "with the right labels unseen images are recognised as well"
        says = (
            f"With the right labels the batch is learned by heart ({one:.2f}) and, trained on 600 images, the loss on unseen ones "
            f"falls to {full:.2f}: the one-batch test and the unseen images agree.",
            f"标签正确时，那一个 batch 背得下来（{one:.2f}），用 600 张图训练后，没见过的图上 loss 也降到 {full:.2f}："
            "单 batch 测试与没见过的图结论一致。",
        )
    else:
        assert min(held["healthy"]) > 2.25, "but nothing is learned about unseen images"
        says = (
            f"After 250 steps on one batch of 30, three faults are caught (loss {_mean(ends['frozen']):.2f}, "
            f"{_mean(ends['rate']):.2f}, {_mean(ends['scale']):.2f}). Labels that belong to other images are learned by heart, "
            f"{one:.2f}; only unseen images betray them: {full:.2f}, no better than ln 10 = 2.30.",
            f"在 30 张图的一个 batch 上训练 250 步，三种故障都现形（loss {_mean(ends['frozen']):.2f}、{_mean(ends['rate']):.2f}、"
            f"{_mean(ends['scale']):.2f}）。张冠李戴的标签却背了下来，{one:.2f}；只有没见过的图能揭穿：{full:.2f}，"
            "不比 ln 10 = 2.30 好。",
        )
    return {
        "says": says,
        "off": ("labels that belong to their images", "标签属于自己的图"),
        "title": ("Which fault does “overfit one batch” find?", "“过拟合一个 batch”能发现哪种故障？"),
        "chart": "table",
        "columns": [("fault", "故障"), ("one batch", "单 batch"), ("unseen images", "没见过的图")],
        "rows": rows,
    }
