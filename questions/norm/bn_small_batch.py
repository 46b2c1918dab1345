"""Experiment, draws and evidence for bn_small_batch.md."""


def _error_rate(norm, batch, seed=1, steps=400, lr=0.1):
    """Trains a small classifier on batches of the given size: its share of wrong answers in eval mode."""
    import torch
    from torch import nn

    width = 32
    g = torch.Generator().manual_seed(seed)
    layers, inputs = [], 16
    for _ in range(3):
        layers += [nn.Linear(inputs, width), norm(width), nn.ReLU()]
        inputs = width
    net = nn.Sequential(*layers, nn.Linear(width, 4))
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, nn.Linear):
                nn.init.uniform_(
                    layer.weight, -(layer.in_features**-0.5), layer.in_features**-0.5, generator=g
                )
                layer.bias.zero_()
    weights = list(net.parameters())
    teacher = torch.randn(16, 4, generator=g)
    for _ in range(steps):
        x = torch.randn(batch, 16, generator=g)
        loss = nn.functional.cross_entropy(net(x), (x @ teacher).argmax(1))
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for w, gradient in zip(weights, gradients, strict=True):
                w.sub_(lr * gradient)
    x = torch.randn(2000, 16, generator=g)
    with torch.no_grad():
        return (net.eval()(x).argmax(1) != (x @ teacher).argmax(1)).float().mean().item()


def experiment(off=False):
    import torch
    from torch import nn

    sizes, seeds = ([32, 128] if off else [2, 8, 32]), range(3)

    def errors(norm):
        return [[100 * _error_rate(norm, size, seed) for size in sizes] for seed in seeds]

    batch_norm, group_norm = errors(nn.BatchNorm1d), errors(lambda width: nn.GroupNorm(4, width))
    try:
        nn.BatchNorm1d(3)(torch.ones(1, 3))
        alone = "is accepted"
    except ValueError:
        alone = "raises ValueError"
    assert alone == "raises ValueError", "batch norm in training mode refuses one vector"
    for bn, gn in zip(batch_norm, group_norm, strict=True):
        if off:
            assert all(abs(a - b) < 6 for a, b in zip(bn, gn, strict=True)), (
                "in large batches the two are alike"
            )
        else:
            assert bn[0] > gn[0] + 20, (
                "in batches of 2, batch norm does much worse than GroupNorm, with every seed"
            )
            assert abs(bn[-1] - gn[-1]) < 6, "in batches of 32 they are alike"
    bn, gn = ([sum(column) / 3 for column in zip(*rows, strict=True)] for rows in (batch_norm, group_norm))
    return {
        "says": (
            f"After 400 steps in batches of {sizes[0]}, {bn[0]:.0f} % of the answers are wrong with batch norm, {gn[0]:.0f} % "
            f"with GroupNorm; in batches of {sizes[-1]}, {bn[-1]:.0f} % and {gn[-1]:.0f} % (mean of 3 seeds; guessing: 75 %). "
            f"A batch of one vector {alone} with batch norm.",
            f"训练 400 步，batch 为 {sizes[0]} 时，BatchNorm 的错误率是 {bn[0]:.0f}%，GroupNorm 是 {gn[0]:.0f}%；batch 为 "
            f"{sizes[-1]} 时，分别是 {bn[-1]:.0f}% 和 {gn[-1]:.0f}%（3 个种子平均；随机猜是 75%）。BatchNorm 遇到只有"
            "一个向量的 batch 会抛出 ValueError。",
        ),
        "off": ("batches of 32 and more", "batch 为 32 及以上"),
        "title": (
            "Wrong answers at evaluation, by batch size in training",
            "评估时的错误率，随训练 batch 大小变化",
        ),
        "chart": "curves",
        "x": sizes,
        "x_label": ("batch size", "batch 大小"),
        "y_label": ("wrong, %", "错误率（%）"),
        "log_x": True,
        "log_y": False,
        "series": [("BatchNorm", bn), ("GroupNorm", gn)],
    }


def worked():
    return [f"{3 / n**0.5:.2f}" for n in (2, 16, 256)]


def pairs_evidence():
    from torch import nn

    rates = [
        [_error_rate(norm, 2, seed) for seed in range(3)]
        for norm in (nn.BatchNorm1d, lambda width: nn.GroupNorm(4, width))
    ]
    bad = [min(rate) > 0.55 for rate in rates]
    good = [max(rate) < 0.45 for rate in rates]
    return [all(bad), all(good), bad[0] and good[1], good[0] and bad[1]]


def last_batch_evidence():
    import torch
    from torch import nn

    def raises(layer, batch):
        try:
            layer(batch)
        except ValueError:
            return True
        return False

    last = torch.randn(12_481 % 32, 4)
    dropped = raises(nn.BatchNorm1d(4), last) and 12_481 // 32 == 390
    by_epsilon = not raises(nn.BatchNorm1d(4, eps=0.1), last)
    constant = raises(nn.BatchNorm1d(4), torch.ones(32, 4))
    return [by_epsilon, dropped, None, constant]


def one_image_evidence():
    import torch
    from torch import nn

    x = torch.randn(1, 3, 4, 5, generator=torch.Generator().manual_seed(0)) * 3 + 2
    bn = nn.BatchNorm2d(3)
    nn.init.constant_(bn.bias, 0.5)
    try:
        y, refused = bn(x), False
    except ValueError:
        return [True, False, False, False]
    from_buffers = torch.allclose(y, nn.BatchNorm2d(3).eval()(x) + 0.5, atol=1e-3)
    only_beta = torch.allclose(y, torch.full_like(y, 0.5), atol=1e-3)
    instance = torch.allclose(y, nn.InstanceNorm2d(3)(x) + 0.5, atol=1e-5)
    return [refused, from_buffers, only_beta, instance]


def remedies_evidence():
    import copy

    import torch
    from torch import nn

    images = torch.randn(16, 4, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    pairs = images.split(2)

    def outputs(make):
        """Pair by pair, each with a layer of its own, as on GPUs that do not talk, or one batch after the other."""
        return torch.cat([make()(pair) for pair in pairs])

    by_pairs = outputs(lambda: nn.BatchNorm2d(4, dtype=torch.float64))

    def rid(result):
        return not torch.allclose(result, by_pairs)

    accumulating = nn.BatchNorm2d(4, dtype=torch.float64)
    accumulated = torch.cat([accumulating(pair) for pair in pairs])
    accumulated.square().sum().backward()  # one gradient of all the small batches
    group = rid(outputs(lambda: nn.GroupNorm(2, 4, dtype=torch.float64)))
    # what SyncBatchNorm computes: sums of x and x² and counts, added up over the GPUs
    total = sum(pair.sum((0, 2, 3)) for pair in pairs) / (16 * 9)
    square = sum(pair.square().sum((0, 2, 3)) for pair in pairs) / (16 * 9)
    shape = (1, 4, 1, 1)
    synced = (images - total.view(shape)) / (square - total**2 + 1e-5).view(shape).sqrt()
    together = torch.allclose(synced, nn.BatchNorm2d(4, dtype=torch.float64)(images))
    master = nn.BatchNorm2d(4, dtype=torch.float64)
    replicas = outputs(lambda: copy.deepcopy(master))  # DistributedDataParallel: a copy on each GPU
    smoothed = outputs(lambda: nn.BatchNorm2d(4, momentum=0.01, dtype=torch.float64))
    return [group, rid(accumulated), rid(synced) and together, rid(replicas), rid(smoothed)]


def noise_ratio_draw(rng):
    while True:
        small, ratio = rng.choice([2, 3, 4, 5, 6, 8]), rng.choice([4, 9, 16, 25, 36])
        if small * ratio <= 150:
            values = {
                "answer": round(ratio**0.5),
                "linear": ratio,
                "from_one": round((small * ratio) ** 0.5, 2),
            }
            if small != ratio:
                return {"small": small, "large": small * ratio, **values}


def noise_ratio_evidence(drawn):
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    bn = nn.BatchNorm1d(5000, affine=False, momentum=1.0)  # running_mean is then the last batch's mean

    def deviation(size):
        means = []
        for _ in range(2):
            bn(torch.randn(size, 5000, generator=g))
            means.append(bn.running_mean.clone())
        return torch.cat(means).std().item()

    factor = deviation(drawn["small"]) / deviation(drawn["large"])
    return [
        abs(factor / value - 1) < 0.03 for value in (drawn["answer"], drawn["linear"], 1, drawn["from_one"])
    ]
