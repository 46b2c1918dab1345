"""Norms: values by hand, and what L1 and L2 penalties leave of the weights."""


def l1_by_hand_draw(rng):
    while True:
        x = [rng.choice([1, -1]) * rng.randint(1, 9) for _ in range(4)]
        values = {
            "answer": sum(map(abs, x)),
            "plain": sum(x),
            "euclid": round(sum(v * v for v in x) ** 0.5, 3),
            "largest": max(map(abs, x)),
        }
        numbers = list(values.values())
        apart = all(abs(a - b) > 0.5 for i, a in enumerate(numbers) for b in numbers[:i])
        if min(x) < 0 < max(x) and apart and values["plain"] != 0:
            return {f"x{i}": v for i, v in enumerate(x, 1)} | values


def l1_by_hand_evidence(drawn):
    import torch

    x = torch.tensor([float(drawn[f"x{i}"]) for i in range(1, 5)], dtype=torch.float64)
    size = torch.linalg.vector_norm(x, 1).item()
    return [abs(drawn[name] - size) < 0.005 * size for name in ("answer", "plain", "euclid", "largest")]


def fitted(seed, penalty, strength=0.15, soft=True, steps=400):
    """Weights of 20 inputs, 4 of which matter, from 60 samples, at the minimum of
    1/(2n)·‖Xw − y‖² plus the penalty."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(60, 20, generator=g, dtype=torch.float64)
    true = torch.zeros(20, dtype=torch.float64)
    true[:4] = torch.tensor([2.0, -1.5, 1.0, -1.0])
    y = x @ true + 0.3 * torch.randn(60, generator=g, dtype=torch.float64)
    curvature = x.T @ x / 60
    if penalty == "l2":
        return torch.linalg.solve(curvature + strength * torch.eye(20, dtype=torch.float64), x.T @ y / 60)
    w = torch.zeros(20, dtype=torch.float64)
    lr = 0.9 / torch.linalg.matrix_norm(curvature, 2).item()
    for _ in range(steps):
        slope = curvature @ w - x.T @ y / 60
        if soft:
            w = w - lr * slope
            w = w.sign() * (w.abs() - lr * strength).clamp(min=0)
        else:
            w = w - lr * (slope + strength * w.sign())
    return w


def _zeros(penalty, soft=True):
    return [(fitted(seed, penalty, soft=soft) == 0).sum().item() for seed in range(3)]


def _noise_slopes(seed):
    """The largest slope at w = 0 that the noise alone gives the loss of `fitted`."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(60, 20, generator=g, dtype=torch.float64)
    return (x.T @ (0.3 * torch.randn(60, generator=g, dtype=torch.float64)) / 60).abs().max().item()


def sparse_evidence():
    assert all(_noise_slopes(seed) < 0.15 for seed in range(3)), "λ = 0.15 is above the noise"
    few = [(fitted(seed, "l1", strength=0.001, steps=1500) == 0).sum().item() for seed in range(3)]
    assert max(few) <= 2, "a tiny λ leaves hardly a zero"
    l1, l2 = _zeros("l1"), _zeros("l2")
    nearly, none = [min(n) >= 13 for n in (l1, l2)], [max(n) == 0 for n in (l1, l2)]
    return [nearly[0] and nearly[1], none[0] and nearly[1], nearly[0] and none[1], none[0] and none[1]]


def why_zero_evidence():
    import torch

    # ½(w − a)² + penalty: where is the minimum, for slopes a of the loss at 0 weaker and stronger than λ = 1?
    grid = torch.linspace(-3, 3, 6001, dtype=torch.float64)

    def minimum(a, penalty):
        return grid[(0.5 * (grid - a) ** 2 + penalty(grid)).argmin()].item()

    weak, strong = (0.3, -0.9), (1.5, -2.0)
    holds = all(abs(minimum(a, torch.abs)) < 1e-9 for a in weak)
    moves = all(abs(minimum(a, torch.abs)) > 0.4 for a in strong)
    gives_way = all(abs(minimum(a, torch.square)) > 0.05 for a in weak)
    no_autograd_zeros = max(_zeros("l1", soft=False)) == 0
    return [None, None, holds and moves and gives_way, not no_autograd_zeros]


def logged_norm_evidence():
    import torch

    clipped, together, mean = [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        parameters = [torch.nn.Parameter(torch.zeros(8)) for _ in range(24)]
        for p in parameters:
            p.grad = torch.randn(8, generator=g)
            p.grad *= (0.5 + 0.2 * torch.rand(1, generator=g)) / p.grad.norm()
        before = [p.grad.clone() for p in parameters]
        summed = sum(p.grad.norm().item() for p in parameters)
        returned = torch.nn.utils.clip_grad_norm_(parameters, 5.0).item()
        assert 4 < summed / returned <= 24**0.5 + 1e-4
        clipped.append(any(not torch.equal(p.grad, b) for p, b in zip(parameters, before, strict=True)))
        together.append(abs(returned - torch.cat(before).norm().item()) < 1e-4)
        mean.append(abs(returned - summed / 24) < 1e-3)
    return [any(clipped), all(together), any(mean), None]


def aloud_evidence():
    import torch

    l1, l2 = min(_zeros("l1")) >= 13, max(_zeros("l2")) == 0
    a = torch.randn(5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    s = torch.linalg.svdvals(a)
    frobenius = torch.isclose(torch.linalg.norm(a), s.square().sum().sqrt()).item()
    x = a[0]
    one, two, top = (torch.linalg.vector_norm(x, o).item() for o in (1, 2, float("inf")))
    return [True, frobenius, l1 and l2, None, top <= two <= one <= 7**0.5 * two]


def worked():
    import torch

    x = torch.tensor([3.0, -4.0], dtype=torch.float64)
    a = torch.tensor([[3.0, 0.0], [4.0, 5.0]], dtype=torch.float64)
    large, small = torch.linalg.svdvals(a).tolist()
    sizes = [torch.linalg.vector_norm(x, o).item() for o in (1, 2, float("inf"))]
    return [
        f"‖x‖₁ = 3 + 4 = {sizes[0]:.0f}",
        f"√25 = {sizes[1]:.0f}",
        f"‖x‖∞ = {sizes[2]:.0f}",
        f"3 − 4 = −{abs(x.sum().item()):.0f}",
        f"‖A‖_F = {torch.linalg.norm(a).item():.3f}",
        f"{large:.3f}",
        f"{small:.3f}",
    ]


def experiment(off=False):
    weights = {name: fitted(0, name, soft=not off) for name in ("l1", "l2")}
    l1, l2 = _zeros("l1", soft=not off), _zeros("l2")
    assert max(l2) == 0, "the L2 penalty leaves no weight at exactly 0"
    if off:
        assert max(l1) == 0, "plain gradient steps on |w| leave none either"
        small = weights["l1"][4:].abs().median().item()
        says = (
            f"With plain gradient steps on λ|w|, as autograd takes them, none of 20 weights is exactly 0 in 3 seeds: half of the 16 useless "
            f"ones hop about 0 within {small:.3f}. The zeros belong to the minimum, and only a step that knows of it reaches them.",
            f"按 autograd 给出的斜率对 λ|w| 做普通的梯度步，3 个种子里 20 个权重没有一个恰好为 0：16 个没用的权重，一半在离 0 不超过 {small:.3f} "
            "处来回跳。零是最小点的性质，要用软阈值这类专门的更新才能到达。",
        )
    else:
        assert min(l1) >= 13, "the L1 penalty zeroes nearly all of the 16 useless weights"
        assert all((fitted(seed, "l1")[:4] != 0).all() for seed in range(3)), "and keeps the 4 that matter"
        says = (
            f"Exact zeros among 20 weights in 3 seeds: {', '.join(map(str, l1))} with L1, {', '.join(map(str, l2))} with L2. "
            "The four inputs that matter keep their weights under both, somewhat shrunk.",
            f"3 个种子里，20 个权重中恰好为 0 的个数：L1 为 {'、'.join(map(str, l1))}，L2 为 {'、'.join(map(str, l2))}。"
            "真正有用的四个输入在两种惩罚下都保住了权重，只是略小。",
        )
    return {
        "says": says,
        "off": ("plain gradient steps instead of soft thresholding", "用普通梯度步代替软阈值"),
        "title": ("Sizes of the 20 weights", "20 个权重的大小"),
        "chart": "picture",
        "values": [weights[name].abs().tolist() for name in ("l1", "l2")],
        "rows": ["L1", "L2"],
        "low": 0,
        "high": 0.5,
    }
