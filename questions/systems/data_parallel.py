"""Experiment, draws and evidence for data_parallel.md. Several workers are simulated in one process."""


def _net(norm, seed):
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [
            nn.Linear(8, 16),
            norm(16),
            nn.ReLU(),
            nn.Linear(16, 16),
            norm(16),
            nn.ReLU(),
            nn.Linear(16, 3),
        ]
        return nn.Sequential(*layers).double()


def _batch(seed, count):
    import torch

    g = torch.Generator().manual_seed(100 + seed)
    x = torch.randn(count, 8, generator=g, dtype=torch.float64)
    return x, torch.randint(3, (count,), generator=g)


def _gradient(net, x, y):
    """The gradient of the mean loss over (x, y), as one vector."""
    import torch

    loss = torch.nn.functional.cross_entropy(net(x), y)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(net.parameters()))])


def _averaged(net, x, y, workers):
    slices = zip(x.chunk(workers), y.chunk(workers), strict=True)
    return sum(_gradient(net, *part) for part in slices) / workers


def worked():
    def mean(part):
        return sum(2 * x * x for x in part) / len(part)

    even = (mean([1, 2]) + mean([3, 4])) / 2
    assert even == mean([1, 2, 3, 4])
    uneven = (mean([1, 2, 3]) + mean([4])) / 2
    sent = 2 * 7 / 8 * 2 * 6.74
    return [f"{even:.0f}", f"{mean([1, 2, 3]):.2f}", f"{uneven:.2f}", f"{sent:.1f} GB"]


def experiment(off=False):
    from torch import nn

    counts, seeds = [1, 2, 4, 8, 16, 32], range(4)
    rows = []
    for seed in seeds:
        net = _net(nn.LayerNorm if off else nn.BatchNorm1d, seed)
        x, y = _batch(seed, 64)
        whole = _gradient(net, x, y)
        rows.append([((_averaged(net, x, y, w) - whole).norm() / whole.norm()).item() for w in counts])
    means = [sum(row[i] for row in rows) / len(rows) for i in range(len(counts))]
    if off:
        assert max(max(row) for row in rows) < 1e-12, "with LayerNorm the split changes nothing but rounding"
        says = (
            f"With LayerNorm in place of BatchNorm the averaged gradient is that of the whole batch: at 32 slices the "
            f"relative difference is {means[-1]:.0e}, which is rounding.",
            f"把 BatchNorm 换成 LayerNorm，平均梯度就是整个 batch 的梯度：分成 32 份时相对差别为 {means[-1]:.0e}，"
            f"只是舍入误差。",
        )
    else:
        for row in rows:
            assert row[0] < 1e-12, "one slice is the whole batch"
            assert row[1] < row[3] < row[5], "the difference grows as the slices shrink"
            assert row[5] > 0.5, "and with two samples a slice it is as large as the gradient itself"
        says = (
            f"With BatchNorm the averaged gradient differs from that of the whole batch by {means[1]:.0%} of its length "
            f"for 2 slices, {means[3]:.0%} for 8 and {means[5]:.0%} for 32 (two samples each); means of 4 seeds.",
            f"带 BatchNorm 时，平均梯度与整个 batch 的梯度之差（相对后者的长度）：分 2 份为 {means[1]:.0%}，8 份为 "
            f"{means[3]:.0%}，32 份（每份两个样本）为 {means[5]:.0%}；4 个种子的均值。",
        )
    return {
        "says": says,
        "off": ("LayerNorm in place of BatchNorm", "用 LayerNorm 代替 BatchNorm"),
        "charts": [
            {
                "chart": "bars",
                "title": (
                    "Averaged gradient against the whole batch's: relative difference, by number of slices",
                    "平均梯度与整个 batch 的梯度的相对差别，按份数",
                ),
                "bars": [(f"W = {w}", value) for w, value in zip(counts, means, strict=True)],
            }
        ],
    }


def stay_equal_evidence():
    import torch
    from torch import nn

    def run(averaging):
        nets = [_net(nn.LayerNorm, 0) for _ in range(4)]
        optimizers = [torch.optim.Adam(net.parameters(), lr=0.01) for net in nets]
        for step in range(10):
            x, y = _batch(step, 32)
            for net, a, b in zip(nets, x.chunk(4), y.chunk(4), strict=True):
                net.zero_grad()
                torch.nn.functional.cross_entropy(net(a), b).backward()
            for same in zip(*(net.parameters() for net in nets), strict=True):
                mean = sum(p.grad for p in same) / 4
                for p in same:
                    p.grad = mean.clone() if averaging else p.grad
            for optimizer in optimizers:
                optimizer.step()
        flat = [nn.utils.parameters_to_vector(net.parameters()) for net in nets]
        return max((one - flat[0]).abs().max().item() for one in flat)

    equal, drift = run(True) == 0, run(False) > 1e-3
    needs_broadcast = not equal
    return [needs_broadcast, None, equal and drift, None]


def what_breaks_evidence():
    import torch
    from torch import nn

    x, y = _batch(0, 32)

    def differs(one, other):
        return ((one - other).norm() / other.norm()).item() > 1e-9

    def splits_differ(norm):
        net = _net(norm, 0)
        return differs(_averaged(net, x, y, 4), _gradient(net, x, y))

    net = _net(nn.LayerNorm, 0)
    parts = [_gradient(net, a, b) for a, b in zip(x.chunk(4), y.chunk(4), strict=True)]
    whole = _gradient(net, x, y)

    def clip(g):
        return g * min(1.0, 0.1 / g.norm().item())

    clipping = differs(sum(map(clip, parts)) / 4, clip(whole))
    assert not differs(clip(sum(parts) / 4), clip(whole)), "clipped after the average it is the same"

    cuts = [0, 2, 7, 20, 32]  # samples that are no padding
    uneven = sum(_gradient(net, x[a:b], y[a:b]) for a, b in zip(cuts, cuts[1:], strict=False)) / 4
    tokens = differs(uneven, whole)

    def trained(workers, decay):
        nets = [_net(nn.LayerNorm, 0) for _ in range(workers)]
        optimizers = [torch.optim.AdamW(n.parameters(), lr=0.01, weight_decay=decay) for n in nets]
        for step in range(5):
            a, b = _batch(step, 32)
            slices = zip(a.chunk(workers), b.chunk(workers), strict=True)
            mean = sum(_gradient(n, *part) for n, part in zip(nets, slices, strict=True)) / workers
            for n, optimizer in zip(nets, optimizers, strict=True):
                sizes = [p.numel() for p in n.parameters()]
                for p, g in zip(n.parameters(), mean.split(sizes), strict=True):
                    p.grad = g.view_as(p).clone()
                optimizer.step()
        return nn.utils.parameters_to_vector(nets[0].parameters()).detach()

    adam = differs(trained(4, 0.0), trained(1, 0.0))
    decay = differs(trained(4, 0.5), trained(1, 0.5))
    assert differs(trained(1, 0.5), trained(1, 0.0)), "decay does something"
    return [splits_differ(nn.BatchNorm1d), splits_differ(nn.LayerNorm), clipping, tokens, adam, decay]


def token_weight_draw(rng):
    while True:
        workers, own = rng.choice([2, 4, 8]), rng.randrange(100, 1000, 50)
        total = rng.choice([1000, 2000, 4000, 5000, 8000])
        answer, share = workers * own / total, own / total
        values = [answer, share, 1.0, 1 / answer]
        if own + 50 * (workers - 1) <= total and min(
            abs(v / w - 1) for i, v in enumerate(values) for w in values[:i]
        ) > 0.1:  # fmt: skip
            shown = {"answer": answer, "share": share, "inverse": 1 / answer}
            return {"workers": workers, "own": own, "total": total} | {
                k: float(f"{v:.4g}") for k, v in shown.items()
            }


def token_weight_evidence(drawn):
    import torch

    workers, total, own = drawn["workers"], drawn["total"], drawn["own"]
    rest = total - own
    counts = [own] + [rest // (workers - 1)] * (workers - 2)
    counts.append(total - sum(counts))
    g = torch.Generator().manual_seed(0)
    tokens = torch.randn(total, 5, generator=g, dtype=torch.float64)
    w = torch.randn(5, generator=g, dtype=torch.float64, requires_grad=True)

    def gradient(loss):
        return torch.autograd.grad(loss, w)[0]

    wanted = gradient((tokens @ w).square().mean())
    parts = tokens.split(counts)
    others = [gradient((part @ w).square().sum() * workers / total) for part in parts[1:]]

    def right(factor):
        first = gradient(factor * (parts[0] @ w).square().mean())
        return torch.allclose((first + sum(others)) / workers, wanted, rtol=1e-3)

    return [right(f) for f in (drawn["answer"], drawn["share"], 1.0, drawn["inverse"])]


def ring_draw(rng):
    billions = rng.choice([1.24, 3.21, 6.74, 8.03, 13.0])
    workers, link = rng.choice([4, 8, 16, 32, 64]), rng.choice([20, 25, 50, 100, 200])
    size = 2 * billions
    values = {
        "answer": 2 * (workers - 1) / workers * size / link,
        "half": (workers - 1) / workers * size / link,
        "naive": (workers - 1) * size / link,
        "shard": size / workers / link,
    }
    return {
        "billions": billions,
        "workers": workers,
        "before": workers - 1,
        "link": link,
        "size": round(size, 2),
    } | {name: float(f"{value:.3g}") for name, value in values.items()}


def ring_evidence(drawn):
    """Passes chunks round a ring and counts what each worker sends."""
    workers = drawn["workers"]
    held = [[float(10 * w + c) for c in range(workers)] for w in range(workers)]
    wanted = [sum(held[w][c] for w in range(workers)) for c in range(workers)]
    rounds = 0
    for adding in (True, False):  # reduce-scatter, all-gather
        for step in range(workers - 1):
            first = 0 if adding else 1
            sent = [((w + first - step) % workers, w) for w in range(workers)]
            moving = [(chunk, (w + 1) % workers, held[w][chunk]) for chunk, w in sent]
            for chunk, to, value in moving:
                held[to][chunk] = held[to][chunk] + value if adding else value
            rounds += 1
    assert all(row == wanted for row in held), "every worker ends with the sum"
    seconds = rounds / workers * 2 * drawn["billions"] / drawn["link"]
    names = ("answer", "half", "naive", "shard")
    return [abs(drawn[name] / seconds - 1) < 0.02 for name in names]


def bn_split_evidence():
    from torch import nn

    rows = []
    for seed in range(4):
        net = _net(nn.BatchNorm1d, seed)
        x, y = _batch(seed, 64)
        whole = _gradient(net, x, y)
        rows.append([((_averaged(net, x, y, w) - whole).norm() / whole.norm()).item() for w in (2, 8, 32)])
    rounding = all(max(row) < 1e-9 for row in rows)
    falls = all(row[0] > row[1] > row[2] for row in rows)
    constant = all(max(row) < 1.2 * min(row) for row in rows)
    grows = all(row[0] < row[1] < row[2] for row in rows)
    return [rounding, falls, constant, grows]


def fewer_steps_evidence():
    import torch

    def after_an_epoch(seed, workers, lr):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(2048, 10, generator=g, dtype=torch.float64)
        y = x @ torch.randn(10, generator=g, dtype=torch.float64)
        w, lengths = torch.zeros(10, dtype=torch.float64), []
        for a, b in zip(x.split(32 * workers), y.split(32 * workers), strict=True):
            parts = zip(a.chunk(workers), b.chunk(workers), strict=True)
            step = sum(2 * p.T @ (p @ w - q) / len(p) for p, q in parts) / workers
            lengths.append(step.norm().item())
            w = w - lr * step
        return (x @ w - y).square().mean().item(), lengths[0]

    slower = summed = True
    for seed in range(4):
        (one, length), (eight, averaged) = (after_an_epoch(seed, n, 0.01) for n in (1, 8))
        scaled, _ = after_an_epoch(seed, 8, 0.08)
        slower &= eight > 3 * one and scaled < 1.5 * one
        summed &= averaged > 4 * length
    return [slower, summed, None, None]
