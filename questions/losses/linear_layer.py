"""Experiment, draws and evidence for linear_layer.md."""


def count_draw(rng):
    a, h, o = rng.choice([784, 300, 128, 64]), rng.choice([256, 100, 32]), rng.choice([10, 3, 5])
    products = a * h + h * o
    return {
        "a": a,
        "h": h,
        "o": o,
        "answer": products + h + o,
        "no_bias": products,
        "one_each": products + 2,
        "of_inputs": products + a + h,
    }


def count_evidence(drawn):
    from torch import nn

    a, h, o = drawn["a"], drawn["h"], drawn["o"]
    net = nn.Sequential(nn.Linear(a, h), nn.ReLU(), nn.Linear(h, o))
    total = sum(p.numel() for p in net.parameters())
    return [drawn[k] == total for k in ("answer", "no_bias", "one_each", "of_inputs")]


def flops_draw(rng):
    name, name_zh, a, o = rng.choice(
        [
            ("down projection of Llama-3-8B's FFN", "Llama-3-8B 前馈层的 down 投影", 14336, 4096),
            ("up projection of Llama-2-7B's FFN", "Llama-2-7B 前馈层的 up 投影", 4096, 11008),
            ("key projection of Llama-3-8B", "Llama-3-8B 的 key 投影", 4096, 1024),
            ("query projection of a 70B Llama", "70B Llama 的 query 投影", 8192, 8192),
        ]
    )
    n = rng.choice([128, 512, 2048, 4096])
    macs = n * a * o / 1e9
    values = {"answer": 2 * macs, "macs": macs, "training": 6 * macs, "added": 2 * n * (a + o) / 1e9}
    shown = {k: f"{v:.3g}" if v < 1000 else f"{v:.0f}" for k, v in values.items()}
    return {"name": name, "name_zh": name_zh, "n": n, "a": a, "o": o, **shown}


def flops_evidence(drawn):
    """torch's own counter, on tensors without storage."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        layer = torch.nn.Linear(drawn["a"], drawn["o"], bias=False)
        x = torch.empty(drawn["n"], drawn["a"])
    with FlopCounterMode(display=False) as counter:
        layer(x)
    total = counter.get_total_flops() / 1e9
    return [abs(float(drawn[k]) / total - 1) < 0.01 for k in ("answer", "macs", "training", "added")]


def bias_sum_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    w, x = torch.randn(3, 4, generator=g), torch.randn(5, 4, generator=g)
    b = torch.zeros(3, requires_grad=True)
    y = x @ w.T + b
    y.retain_grad()
    y.square().amax().backward()  # no mean anywhere
    summed = torch.allclose(b.grad, y.grad.sum(0))
    needs_a_mean = not summed
    from_many_calls = not summed  # this was the first call
    copies = b.grad.shape == (5, 3)
    return [needs_a_mean, summed, from_many_calls, copies]


def derive_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x, b = torch.randn(5, 4, generator=g), torch.randn(3, generator=g)
    w = torch.randn(3, 4, generator=g, requires_grad=True)
    y = x @ w.T + b
    y.retain_grad()
    y.tanh().sum().backward()
    return [torch.allclose(w.grad, y.grad.T @ x) and w.grad.shape == w.shape]


def _rank(batch, seed):
    """Singular values of a hidden layer's gradient above a millionth of the largest."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 32), nn.Tanh(), nn.Linear(32, 10)
    ).double()
    x, y = torch.randn(batch, 64, dtype=torch.float64), torch.randint(10, (batch,))
    nn.functional.cross_entropy(net(x), y).backward()
    s = torch.linalg.svdvals(net[0].weight.grad)
    return int((s > 1e-6 * s[0]).sum())


def rank_evidence():
    ranks = {_rank(5, seed) for seed in range(3)}
    return [ranks == {n} for n in (1, 5, 48, 64)]


def mat1_mat2_evidence():
    import torch

    def message(layer, x):
        try:
            layer(x)
        except RuntimeError as error:
            return str(error)
        return ""

    x, layer = torch.zeros(64, 1, 28, 28), torch.nn.Linear(784, 10)
    seen = message(layer, x)
    assert "1792x28 and 784x10" in seen
    exchanged = message(torch.nn.Linear(10, 784), x) == seen
    squeezed = not message(layer, x.squeeze(1))
    any_rows = bool(message(layer, torch.zeros(1792, 784)))
    return [exchanged, squeezed, any_rows, not message(layer, x.flatten(1))]


def worked():
    import torch

    w = torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]])
    b, x, delta = torch.tensor([0.5, 0.0, -1.0]), torch.tensor([2.0, 1.0]), torch.tensor([1.0, 0.0, -2.0])

    def shown(v):
        return "(" + ", ".join(f"{n:g}".replace("-", "−") for n in v.tolist()) + ")"

    gradient = [shown(row + 0.0) for row in torch.outer(delta, x) + 0.0]
    return [f" {w.numel() + b.numel()} ", f"y = {shown(w @ x + b)}", *gradient, shown(delta @ w)]


def experiment(off=False):
    batches = (48, 64, 200, 500) if off else (1, 2, 5, 10, 20, 40)
    ranks = {n: [_rank(n, seed) for seed in range(3)] for n in batches}
    for n, found in ranks.items():
        assert all(rank == min(n, 48) for rank in found), "the rank is the batch size, up to the size of W"
    if off:
        says = (
            "From 48 rows on the gradient has full rank, 48, for each of 3 seeds: no direction of W is left out any more.",
            "行数达到 48 之后，3 个种子的梯度都是满秩 48：W 不再有遗漏的方向。",
        )
    else:
        says = (
            f"The gradient of a 48 × 64 weight from 5 samples has rank {ranks[5][0]}, from 20 samples {ranks[20][0]}, for each of 3 seeds: "
            f"one direction a sample, though the matrix has 3,072 entries.",
            f"48 × 64 的权重，5 个样本的梯度秩为 {ranks[5][0]}，20 个样本为 {ranks[20][0]}，3 个种子都一样：矩阵有 3,072 个元素，"
            "却是一个样本只贡献一个方向。",
        )
    return {
        "says": says,
        "off": ("batches as large as the layer", "batch 与层一样大"),
        "title": ("Rank of a weight's gradient by batch size", "权重梯度的秩随 batch 大小的变化"),
        "chart": "bars",
        "bars": [(str(n), found[0]) for n, found in ranks.items()],
    }
