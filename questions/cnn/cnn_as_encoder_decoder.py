"""Experiment, draws and evidence for cnn_as_encoder_decoder.md."""

LENGTH = 12


def _kernel_matrix(kernel, x):
    """aᵢⱼ of a one-dimensional convolution with zero padding: ∂yᵢ/∂xⱼ at x."""
    import torch
    from torch.nn.functional import conv1d

    def layer(signal):
        return conv1d(signal[None, None], kernel[None, None], padding=len(kernel) // 2)[0, 0]

    return torch.autograd.functional.jacobian(layer, x)


def _attention_matrix(x, seed, content=True):
    """aᵢⱼ of a random head; without content, of scores that depend on j − i only and end with a window of 3."""
    import torch

    g = torch.Generator().manual_seed(seed)
    d = x.shape[-1]
    wq, wk = torch.randn(2, d, d, generator=g, dtype=torch.float64) / d**0.5
    if content:
        return ((x @ wq) @ (x @ wk).T / d**0.5).softmax(-1)
    scores = torch.full((len(x), len(x)), -torch.inf, dtype=torch.float64)
    for offset, score in zip((-1, 0, 1), torch.randn(3, generator=g).tolist(), strict=True):
        scores.diagonal(offset).fill_(score)
    return scores.softmax(-1)


def _changes(seed, content=True):
    import torch

    g = torch.Generator().manual_seed(100 + seed)
    one, other = torch.randn(2, LENGTH, 8, generator=g, dtype=torch.float64)
    kernel = torch.randn(3, generator=g, dtype=torch.float64)
    bands = [_kernel_matrix(kernel, x[:, 0]) for x in (one, other)]
    heads = [_attention_matrix(x, seed, content) for x in (one, other)]
    change = [((a - b).norm() / a.norm()).item() for a, b in (bands, heads)]
    return change, bands, heads


def experiment(off=False):
    runs = [_changes(seed, content=not off) for seed in range(5)]
    for (band, head), *_ in runs:
        assert band == 0, "a kernel's weights do not depend on the input"
        if off:
            assert head == 0, "scores from the position alone: nor do the head's"
        else:
            assert head > 0.3, "attention's do"
    low, high = min(c[1] for c, *_ in runs), max(c[1] for c, *_ in runs)
    _, bands, heads = runs[0]

    def picture(title, matrix):
        return {
            "title": title,
            "chart": "picture",
            "values": matrix.abs().tolist(),
            "low": 0,
            "high": matrix.abs().max().item(),
        }

    return {
        "off": ("scores from the offset alone, window of 3", "分数只取决于偏移，窗口为 3"),
        "says": (
            f"Relative change of the weights from one input to the other (5 seeds): kernel 0, head {low:.2f} to {high:.2f}."
            + (
                " Within a window and by position alone, attention is a convolution (but for the borders, where softmax shares out anew)."
                if off
                else ""
            ),
            f"换一个输入，权重的相对变化（5 个种子）：卷积核 0，head {low:.2f} 到 {high:.2f}。"
            + (
                "限制在窗口内、只看位置，注意力就是卷积（边缘除外，softmax 在那里重新分配权重）。"
                if off
                else ""
            ),
        ),
        "charts": [
            picture(("kernel, |weights|, either input", "卷积核，|权重|，两个输入都一样"), bands[0]),
            picture(("head, first input", "head，第一个输入"), heads[0]),
            picture(("head, second input", "head，第二个输入"), heads[1]),
        ],
    }


def worked():
    import torch

    kernel, x = torch.tensor([1.0, 2, 3]), torch.tensor([4.0, 0, 5])
    middle = (_kernel_matrix(kernel, x) @ x)[1].item()
    parts = [(v * x[j]).item() for v, j in zip(kernel, (0, 1, 2), strict=True)]
    assert sum(parts) == middle
    return [f"3·5 = {middle:.0f}", f" {parts[0]:.0f}", f" {parts[1]:.0f}", f" {parts[2]:.0f}"]


def heads_draw(rng):
    k, c = rng.choice([2, 3, 5, 7]), rng.choice([16, 32, 64, 128])
    return {"k": k, "c": c, "answer": k * k, "side": k, "channels": c}


def heads_evidence(drawn):
    """Which number of heads is enough, and not more than needed? The offsets' matrices are independent."""
    import torch
    from torch.nn.functional import conv2d

    k, c = drawn["k"], 2
    g = torch.Generator().manual_seed(0)
    x = torch.randn(1, c, k + 1, k + 1, generator=g, dtype=torch.float64)
    w = torch.randn(c, c, k, k, generator=g, dtype=torch.float64)
    y, total, heads, enough = conv2d(x, w), 0, 0, None
    for a in range(k):
        for b in range(k):  # a head: all its weight on one offset, value matrix w[:, :, a, b]
            total = total + torch.einsum("oc,nchw->nohw", w[:, :, a, b], x[..., a : a + 2, b : b + 2])
            heads += 1
            if enough is None and torch.allclose(total, y):
                enough = heads
    return [enough == n for n in (drawn["answer"], drawn["side"], 1, drawn["channels"])]


def difference_evidence():
    import torch

    runs = [_changes(seed)[0] for seed in range(5)]
    uniform = torch.full((4, 4), 0.25)  # positive, sums to one, and the same for every input
    assert torch.allclose(uniform.sum(1), torch.ones(4))
    _, bands, _ = _changes(0)
    assert torch.equal(*bands)  # a kernel's weights, whatever its width, are the same for both inputs
    g = torch.Generator().manual_seed(0)
    kernel = torch.randn(3, generator=g).requires_grad_()
    y = torch.nn.functional.conv1d(torch.randn(1, 1, 9, generator=g), kernel[None, None])
    (slope,) = torch.autograd.grad(y.square().sum(), kernel)
    fixed = not bool(slope.abs().max() > 0)  # training moves the kernel
    return [None, fixed, None, all(band == 0 and head > 0.3 for band, head in runs)]


def matrix_evidence():
    runs = [_changes(seed)[0] for seed in range(5)]
    band = all(change[0] > 0 for change in runs)
    head = all(change[1] > 0.3 for change in runs)
    return [band and head, not band and head, not band and not head, band and not head]


def frozen_evidence():
    import torch
    from torch import nn

    decays, drifts, weights = [], [], []
    for seed in range(3):
        torch.manual_seed(seed)
        encoder = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()
        ).requires_grad_(False)
        head = nn.Linear(4 * 16, 2)
        everything = [*encoder.parameters(), *head.parameters()]
        optimizer = torch.optim.SGD(everything, lr=0.1, weight_decay=0.1)
        image, before = torch.randn(1, 1, 6, 6), [p.clone() for p in encoder.parameters()]
        seen = {}
        for mode in (False, True):
            start = encoder.eval()(image)
            encoder.train(mode)
            for _ in range(5):
                loss = head(encoder(2 + torch.randn(8, 1, 6, 6))).square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            seen[mode] = (encoder.eval()(image) - start).abs().max().item()
        moved = any(not torch.equal(a, b) for a, b in zip(before, encoder.parameters(), strict=True))
        decays.append(moved)
        weights.append(moved)
        drifts.append(seen[True] > 0.05 and seen[False] == 0)
    return [any(decays), any(weights), all(drifts), None]
