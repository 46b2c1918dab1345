"""Experiment, draws and evidence for gap.md."""

from functools import cache


@cache
def _accuracy(pooled, seed, both=False, steps=80):
    """Trained with patterns in the left half (or in both); accuracy with patterns left and right."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    patterns = 2 * torch.stack([torch.eye(3), torch.eye(3).flip(0)])

    def data(n, halves):
        y, x = torch.randint(2, (n,)), 0.3 * torch.randn(n, 1, 8, 16)
        rows, columns = torch.randint(6, (2, n)).tolist()
        shift = (8 * torch.tensor(halves)[torch.randint(len(halves), (n,))]).tolist()
        for i in range(n):
            r, c = rows[i], columns[i] + shift[i]
            x[i, 0, r : r + 3, c : c + 3] += patterns[y[i]]
        return x, y

    last = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)]
    flat = [nn.Flatten(), nn.Linear(8 * 8 * 16, 2)]
    convs = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()]
    net = nn.Sequential(*convs, *(last if pooled else flat))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    images, labels = data(512, [0, 1] if both else [0])
    for _ in range(steps):
        pick = torch.randint(512, (24,))
        loss = nn.functional.cross_entropy(net(images[pick]), labels[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scores = []
    for half in (0, 1):
        x, y = data(300, [half])
        scores.append((net(x).argmax(1) == y).float().mean().item())
    return tuple(scores)


def experiment(off=False):
    runs = {pooled: [_accuracy(pooled, seed, off) for seed in range(3)] for pooled in (True, False)}
    for pooled in (True, False):
        assert min(left for left, _ in runs[pooled]) > 0.9, "on the left both learn, with every seed"
    assert min(right for _, right in runs[True]) > 0.9, "pooled, it holds on the right as well"
    if off:
        assert min(right for _, right in runs[False]) > 0.9, (
            "trained in both halves, the flat head does as well"
        )
    else:
        assert max(right for _, right in runs[False]) < 0.65, (
            "the flat head is no better than guessing there, or worse"
        )
    mean = {p: [100 * sum(column) / 3 for column in zip(*runs[p], strict=True)] for p in runs}
    return {
        "off": ("training patterns in both halves", "训练时图案左右都有"),
        "says": (
            f"Patterns on the right (mean of 3 seeds): {mean[True][1]:.1f} % with global average pooling, "
            f"{mean[False][1]:.1f} % with the flat head; on the left {mean[True][0]:.1f} % and {mean[False][0]:.1f} %.",
            f"图案在右边（3 个种子平均）：全局平均汇聚 {mean[True][1]:.1f} %，展平 {mean[False][1]:.1f} %；"
            f"在左边分别是 {mean[True][0]:.1f} % 和 {mean[False][0]:.1f} %。",
        ),
        "title": ("Accuracy in %", "准确率（%）"),
        "chart": "table",
        "columns": [("head", "分类层"), ("left", "左"), ("right", "右")],
        "rows": [
            [("global average", "全局平均"), *(f"{v:.1f}" for v in mean[True])],
            [("flat", "展平"), *(f"{v:.1f}" for v in mean[False])],
        ],
    }


def _dense(features, classes):
    import torch
    from torch import nn

    with torch.device("meta"):
        return sum(p.numel() for p in nn.Linear(features, classes).parameters())


def worked():
    import torch

    mean = torch.tensor([1.0, 0, 3, 4]).mean().item()
    return [f"{mean:.0f}", str(_dense(2048 * 49, 1000)), str(_dense(2048, 1000))]


def head_draw(rng):
    c, h, k = rng.choice([256, 512, 1024, 2048]), rng.choice([6, 7, 8]), rng.choice([10, 100, 1000])
    answer = (c + 1) * k
    return {
        "c": c,
        "h": h,
        "k": k,
        "answer": answer,
        "flat": (c * h * h + 1) * k,
        "pool": answer + c * h * h,
        "bias": c * k,
    }


def head_evidence(drawn):
    import torch
    from torch import nn

    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(drawn["c"], drawn["k"]))
    assert head(torch.zeros(1, drawn["c"], drawn["h"], drawn["h"])).shape == (1, drawn["k"])
    count = sum(p.numel() for p in head.parameters())
    return [count == drawn[name] for name in ("answer", "flat", "pool", "bias")]


def moved_evidence():
    pooled, flat = ([_accuracy(p, seed)[1] for seed in range(3)] for p in (True, False))
    good, bad = min(pooled) > 0.9, max(flat) < 0.65
    return [good and not bad, not good and min(flat) > 0.9, good and bad, max(pooled) < 0.65 and bad]


def size_evidence():
    import torch
    from torch import nn

    conv, dense = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4 * 7 * 7, 2)

    def works(head, n):
        try:
            return head(nn.functional.max_pool2d(conv(torch.zeros(1, 3, n, n)), 32)).shape == (1, 2)
        except RuntimeError:
            return False

    flat = nn.Sequential(nn.Flatten(), dense)
    adaptive = nn.Sequential(nn.AdaptiveAvgPool2d(7), nn.Flatten(), dense)
    convs_fail = conv(torch.zeros(1, 3, 320, 320)).shape[-1] != 320
    fits = (512 * 10 * 10, 512 * 7 * 7) == (51200, 25088) and works(flat, 224) and works(adaptive, 320)
    return [convs_fail, None, fits and not works(flat, 320), None]
