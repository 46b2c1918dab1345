"""Experiment, draws and evidence for nin.md."""


def _accuracy(relu, seed, differ=True, steps=120):
    """Two binary channels; the class shows in whether they differ at a pixel (or, else, in the second one alone)."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    middle = [nn.ReLU()] if relu else []
    net = nn.Sequential(
        nn.Conv2d(2, 8, 1), *middle, nn.Conv2d(8, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=0.03)

    def data(n):
        y = torch.randint(2, (n,))
        rate = torch.where(y == 1, 0.8, 0.2)[:, None, None]
        first, other = torch.rand(n, 5, 5) < 0.5, torch.rand(n, 5, 5) < rate
        return torch.stack([first, first ^ other if differ else other], 1).float(), y

    for _ in range(steps):
        x, y = data(48)
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, y = data(1000)
    return (net(x).argmax(1) == y).float().mean().item()


def experiment(off=False):
    runs = {relu: [_accuracy(relu, seed, differ=not off) for seed in range(3)] for relu in (True, False)}
    assert min(runs[True]) > 0.93, "a hidden layer per pixel learns it, with every seed"
    if off:
        assert min(runs[False]) > 0.93, "where one channel's mean tells, so does the linear net"
    else:
        assert max(runs[False]) < 0.57, "the linear one stays at guessing"
    mean = {relu: 100 * sum(values) / 3 for relu, values in runs.items()}
    return {
        "off": ("classes differ in one channel's mean", "两类只差在一个通道的均值上"),
        "says": (
            f"Accuracy (mean of 3 seeds): {mean[True]:.1f} % with ReLU between the 1×1 layers, {mean[False]:.1f} % without.",
            f"准确率（3 个种子平均）：1×1 层之间有 ReLU 为 {mean[True]:.1f} %，没有为 {mean[False]:.1f} %。",
        ),
        "title": ("Accuracy in %", "准确率（%）"),
        "chart": "bars",
        "bars": [(("with ReLU", "有 ReLU"), mean[True]), (("without", "没有"), mean[False])],
        "unit": "",
        "log": False,
    }


def _block(inp, out, k):
    import torch
    from torch import nn

    with torch.device("meta"):
        layers = [nn.Conv2d(inp, out, k), nn.Conv2d(out, out, 1), nn.Conv2d(out, out, 1)]
    return [sum(p.numel() for p in layer.parameters()) for layer in layers]


def worked():
    conv, one, _ = counts = _block(96, 256, 3)
    dense = 9216 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 + 1000
    return [str(conv), str(one), str(sum(counts)), str(sum(_block(384, 1000, 3))), str(dense)]


def purpose_evidence():
    import torch
    from torch import nn

    torch.manual_seed(0)
    x = torch.randn(1, 2, 9, 9, requires_grad=True)
    ones = (nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1))
    y = ones[1](torch.tanh(ones[0](torch.tanh(nn.Conv2d(2, 4, 3, padding=1)(x)))))
    y[0, :, 4, 4].sum().backward()
    reach = int((x.grad.abs().sum((0, 1)) > 0).any(0).sum())
    assert y.shape[2:] == x.shape[2:]  # 1×1 without padding keeps the size
    return [reach > 3, None, None, reach == 3 and min(_accuracy(True, s) for s in range(3)) > 0.93]


def block_draw(rng):
    inp, out, k = rng.choice([3, 32, 64, 96]), rng.choice([96, 128, 256, 384]), rng.choice([3, 5])
    conv, one = out * inp * k * k + out, out * out + out
    return {
        "inp": inp,
        "out": out,
        "k": k,
        "conv": conv,
        "one": one,
        "answer": conv + 2 * one,
        "single": conv + one,
        "scale": conv + 4 * out,
        "bias": conv + 2 * one - 3 * out,
    }


def block_evidence(drawn):
    total = sum(_block(drawn["inp"], drawn["out"], drawn["k"]))
    return [total == drawn[name] for name in ("answer", "single", "scale", "bias")]


def both_evidence():
    with_relu, without = ([_accuracy(relu, s) for s in range(3)] for relu in (True, False))
    learns, guesses = min(with_relu) > 0.93, max(without) < 0.57
    return [
        min(without) > 0.93,
        learns and guesses,
        max(with_relu) < 0.57,
        abs(with_relu[0] - 0.75) < 0.1 and abs(without[0] - 0.75) < 0.1,
    ]


def collapsed_evidence():
    import torch
    from torch.nn.functional import conv2d

    g = torch.Generator().manual_seed(0)
    w1 = torch.randn(4, 2, 3, 3, generator=g, dtype=torch.float64)
    w2, w3 = torch.randn(2, 4, 4, 1, 1, generator=g, dtype=torch.float64)
    x = torch.randn(1, 2, 7, 7, generator=g, dtype=torch.float64)
    one = torch.einsum("ij,jk,kabc->iabc", w3[..., 0, 0], w2[..., 0, 0], w1)
    linear = torch.allclose(conv2d(conv2d(conv2d(x, w1), w2), w3), conv2d(x, one))
    relu = torch.allclose(conv2d(conv2d(conv2d(x, w1).relu(), w2).relu(), w3), conv2d(x, one))
    mixes = bool((w2[..., 0, 0] - torch.diag(w2[..., 0, 0].diagonal())).abs().max() > 0)
    return [None, not mixes, None, linear and not relu]
