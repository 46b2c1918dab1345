"""Experiment, draws and evidence for bn_train_eval.md."""


def experiment():
    from itertools import pairwise

    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    channels, mean, std = 200, 2.0, 3.0

    def population(n):
        return mean + std * torch.randn(n, channels, generator=g)

    bn = nn.BatchNorm1d(channels, affine=False)
    steps, left = list(range(1, 31)), []
    for _ in steps:
        bn(population(64))
        left.append((mean - bn.running_mean.mean()).item())
    for _ in range(100):
        bn(population(64))  # by now the running averages have arrived

    sample = population(1)
    bn.momentum = 0.0  # look only: no more updates
    sizes, train, evaluated = [2, 4, 8, 16, 32, 64, 128, 256], [], []
    for size in sizes:
        outputs = {True: [], False: []}
        for _ in range(40):
            batch = torch.cat([sample, population(size - 1)])
            for mode, kept in outputs.items():
                kept.append(bn.train(mode)(batch)[0])
        train.append(torch.stack(outputs[True]).std(0).mean().item())
        evaluated.append(torch.stack(outputs[False]).std(0).mean().item())
    try:
        alone = "accepted"
        bn.train()(sample)
    except ValueError:
        alone = "refused"

    assert max(evaluated) == 0.0, "in eval mode the sample's output never depends on its neighbours"
    assert all(a > b > 0 for a, b in pairwise(train)), "the dependence falls as batches grow"
    assert 6 < train[0] / train[-1] < 16, "it falls about like 1/√B"
    assert alone == "refused", "in training mode a batch of one value a channel raises ValueError"
    assert abs(left[9] - mean * 0.9**10) < 0.1, "0.9ᵗ of the initial value is left after t steps"
    return {
        "says": (
            f"The same sample among 40 different sets of neighbours: in training mode its output spreads by "
            f"{train[0]:.2f} in batches of 2, {train[-1]:.2f} in batches of 256; in eval mode by 0 always. Alone "
            f"(one vector) it is {alone} in training mode. After 10 steps running_mean still lacked "
            f"{left[9]:.2f} of {mean:.0f}.",
            f"同一个样本，换 40 组不同的同伴：训练模式下，batch 为 2 时输出的波动是 {train[0]:.2f}，为 256 时是 "
            f"{train[-1]:.2f}；eval 模式下始终是 0。训练模式下单独一个向量会报 ValueError。训练 10 步后，"
            f"running_mean 距离 {mean:.0f} 还差 {left[9]:.2f}。",
        ),
        "charts": [
            {
                "title": (
                    "How much one sample's output depends on its batch",
                    "一个样本的输出受同 batch 样本影响多大",
                ),
                "chart": "curves",
                "x": sizes,
                "x_label": ("batch size", "batch 大小"),
                "y_label": ("spread of the output", "输出的标准差"),
                "log_x": True,
                "log_y": False,
                "series": [(("train", "训练模式"), train), (("eval", "eval 模式"), evaluated)],
            },
            {
                "title": ("running_mean catches up", "running_mean 逐步跟上"),
                "chart": "curves",
                "x": steps,
                "x_label": ("training step", "训练步"),
                "y_label": ("still missing", "还差多少"),
                "log_x": False,
                "log_y": False,
                "series": [
                    (("measured", "实测"), left),
                    ("2 · 0.9ᵗ", [mean * 0.9**t for t in steps]),
                ],
            },
        ],
    }


def worked():
    import torch
    from torch import nn

    bn = nn.BatchNorm1d(1, dtype=torch.float64)
    x = torch.tensor([[1.0], [5.0], [9.0]], dtype=torch.float64)
    shown = [f"{x.var(unbiased=False).item():.2f}", f"{bn(x)[0].item():.2f}".replace("-", "−")]
    shown += [f"{bn.running_mean.item():.1f}", f"{bn.running_var.item():.1f}"]
    bn(x)
    return [*shown, f"{bn.running_mean.item():.2f}", f"{bn.running_var.item():.2f}"]


def neighbours_evidence():
    import torch
    from torch import nn

    falls = {True: [], False: []}
    fixed = {True: [], False: []}
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        bn = nn.BatchNorm1d(50, affine=False)
        for _ in range(50):
            bn(torch.randn(64, 50, generator=g))
        bn.momentum = 0.0  # look only
        sample = torch.randn(1, 50, generator=g)
        for mode in (True, False):
            spread = []
            for size in (2, 256):
                batches = [torch.cat([sample, torch.randn(size - 1, 50, generator=g)]) for _ in range(40)]
                spread.append(torch.stack([bn.train(mode)(b)[0] for b in batches]).std(0).mean().item())
            falls[mode].append(spread[1] < 0.5 * spread[0])
            fixed[mode].append(spread[0] == spread[1] == 0)
    train_falls, eval_falls, eval_fixed = all(falls[True]), all(falls[False]), all(fixed[False])
    return [
        not train_falls and eval_falls,
        train_falls and eval_fixed,
        train_falls and eval_falls,
        not train_falls and eval_fixed,
    ]


def gap_evidence():
    import torch
    from torch import nn

    buffers, overfitted, dropout = [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            norms = [nn.BatchNorm1d(32, momentum=0.001) for _ in range(2)]
            net = nn.Sequential(
                nn.Linear(8, 32), norms[0], nn.ReLU(), nn.Dropout(0.1),
                nn.Linear(32, 32), norms[1], nn.ReLU(), nn.Linear(32, 4),
            )  # fmt: skip
            teacher = torch.randn(8, 4, generator=g)
            offset = 5 + torch.randn(8, generator=g)
            images, fresh = (offset + torch.randn(512, 8, generator=g) for _ in range(2))
            optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
            for _ in range(200):
                x = images[torch.randperm(512, generator=g)[:64]]
                loss = nn.functional.cross_entropy(net(x), ((x - offset) @ teacher).argmax(1))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

            def measure(x, *, mode=False, drop=False, net=net, offset=offset, teacher=teacher, norms=norms):
                net.eval()
                net[3].train(drop)
                for norm in norms:
                    norm.train(mode)
                with torch.no_grad():
                    return nn.functional.cross_entropy(net(x), ((x - offset) @ teacher).argmax(1)).item()

            stale = measure(images)
            for norm in norms:
                norm.momentum = 0.0
            trained = measure(images, mode=True, drop=True)
            overfitted.append(measure(fresh, mode=True, drop=True) - trained > 0.5 * (stale - trained))
            dropout.append(measure(images, mode=True) - trained > 0.5 * (stale - trained))
            for norm in norms:
                norm.momentum = None  # plain averages of what comes now
                norm.reset_running_stats()
            for _ in range(3):  # the second layer's statistics need the first one's
                measure(images, mode=True)
            buffers.append(stale > 2 * trained and measure(images) < 1.2 * trained)
    return [all(overfitted), all(dropout), all(buffers), None]


def update_draw(rng):
    while True:
        m = rng.choice([0.1, 0.2, 0.25, 0.3, 0.4])
        old, batch = rng.randint(1, 20), rng.randint(1, 20)
        answer, keras, added = (1 - m) * old + m * batch, m * old + (1 - m) * batch, old + m * batch
        values = [round(v, 4) for v in (answer, keras, added, batch)]
        gaps = [abs(a - b) for i, a in enumerate(values) for b in values[:i]]
        if min(gaps) > 0.1:
            return {
                "m": m,
                "old": old,
                "batch": batch,
                "answer": values[0],
                "keras": values[1],
                "added": values[2],
            }


def update_evidence(drawn):
    import torch
    from torch import nn

    bn = nn.BatchNorm2d(1, momentum=drawn["m"])
    bn.running_mean.fill_(drawn["old"])
    x = torch.randn(4, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    bn(x - x.mean() + drawn["batch"])
    now = bn.running_mean.item()
    return [abs(now - drawn[name]) < 1e-4 for name in ("answer", "keras", "added", "batch")]


def too_early_draw(rng):
    while True:
        t, mean = rng.randint(3, 15), rng.randint(2, 20)
        if t == 7:
            continue  # 0.9⁷ ≈ ½: what is left is nearly what is there
        left = mean * 0.9**t
        return {
            "t": t,
            "mean": mean,
            "answer": float(f"{mean - left:.3g}"),
            "left": float(f"{left:.3g}"),
            "one": float(f"{mean * 0.1:.3g}"),
        }


def too_early_evidence(drawn):
    import torch
    from torch import nn

    bn = nn.BatchNorm1d(1)
    batch = torch.tensor([[-1.0], [1.0]]) + drawn["mean"]
    for _ in range(drawn["t"]):
        bn(batch)
    now = bn.running_mean.item()
    return [abs(now / drawn[name] - 1) < 0.005 for name in ("answer", "mean", "left", "one")]


def why_running_evidence():
    import torch
    from torch import nn

    bn = nn.BatchNorm1d(3)
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(0)) * 2 + 1
    bn(x)
    tuned = any(buffer.requires_grad for buffer in bn.buffers())
    with torch.no_grad():
        unavailable = not bn(x).mean(0).abs().max() < 1e-5  # training mode normalises under no_grad, too
        company = not torch.allclose(bn(x[:4])[0], bn(x[[0, 5, 6, 7]])[0])
        bn.eval()
        fixed = torch.equal(bn(x[:4])[0], bn(x[[0, 5, 6, 7]])[0])
    return [tuned, unavailable, company and fixed, None]


def frozen_evidence():
    import torch
    from torch import nn

    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(0)) + 5

    def unchanged(prepare, context=torch.enable_grad):
        bn = nn.BatchNorm1d(3).train()
        prepare(bn)
        before = bn.running_mean.clone()
        with context():
            loss = bn(x).square().sum()
        if loss.requires_grad:
            loss.backward()
            with torch.no_grad():
                for parameter in bn.parameters():
                    parameter -= 0.0 * parameter.grad  # a step with lr=0
        return torch.equal(before, bn.running_mean)

    return [
        unchanged(lambda bn: bn.requires_grad_(False)),
        unchanged(lambda bn: bn.eval()),
        unchanged(lambda bn: None, torch.no_grad),
        unchanged(lambda bn: setattr(bn, "momentum", 0.0)),
        unchanged(lambda bn: None),
    ]
