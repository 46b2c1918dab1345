"""Experiment, draws and evidence for softmax_ce_grad.md."""


def entry_draw(rng):
    import math

    while True:
        o = [rng.randint(-2, 3) for _ in range(3)]
        n, y, k = rng.choice([2, 4, 8]), rng.randrange(3), rng.randrange(3)
        e = [math.exp(v) for v in o]
        p = e[k] / sum(e)
        slope = p - (k == y)
        values = {"answer": slope / n, "no_mean": slope, "flipped": -slope / n, "diagonal": p * (1 - p) / n}
        numbers = list(values.values())
        if (
            len(set(o)) == 3
            and min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.05
        ):
            shown = {name: float(f"{v:.3g}") for name, v in values.items()}
            return {
                "n": n,
                "y": y,
                "k": k,
                "logits": ", ".join(str(v).replace("-", "−") for v in o),
                "p": f"{p:.3f}",
                "target_en": ", and y = 1" if k == y else ", and y = 0",
                "target_zh": "，y = 1" if k == y else "，y = 0",
                **shown,
            }


def entry_evidence(drawn):
    import torch

    n, y, k = drawn["n"], drawn["y"], drawn["k"]
    o = torch.zeros(n, 3, dtype=torch.float64)
    o[0] = torch.tensor([float(v.replace("−", "-")) for v in drawn["logits"].split(", ")])
    o.requires_grad_()
    torch.nn.functional.cross_entropy(o, torch.full((n,), y)).backward()
    slope = o.grad[0, k].item()
    return [abs(drawn[name] / slope - 1) < 0.01 for name in ("answer", "no_mean", "flipped", "diagonal")]


def derive_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    o = torch.randn(5, generator=g, dtype=torch.float64).requires_grad_()
    y = torch.rand(5, generator=g, dtype=torch.float64)
    y /= y.sum()
    loss = -(y * o.softmax(0).log()).sum()
    assert torch.allclose(loss, o.logsumexp(0) - y @ o)
    loss.backward()
    return [torch.allclose(o.grad, o.detach().softmax(0) - y)]


def wrong_step_evidence():
    """Which step fails: False for the steps that hold."""
    import torch
    from torch.autograd.functional import jacobian

    o, c = torch.tensor([0.3, -1.0, 2.0, 0.5], dtype=torch.float64), 1
    p = o.softmax(0)
    slope = jacobian(lambda q: -q[c].log(), p)[c]
    row = jacobian(lambda v: v.softmax(0)[c], o)
    claimed = torch.zeros(4, dtype=torch.float64)
    claimed[c] = p[c] * (1 - p[c])
    whole = jacobian(lambda v: -v.log_softmax(0)[c], o)
    fails = [
        not torch.allclose(slope, -1 / p[c]),
        not torch.allclose(row, claimed),
        not torch.allclose(whole, slope * row),
        not torch.allclose(whole[c], p[c] - 1),
    ]
    assert not torch.allclose(whole, slope * claimed) and torch.allclose((slope * claimed)[c], whole[c])
    return fails


def still_learns_evidence():
    import torch

    def gradient(loss):
        o = torch.tensor([0.0, 13.8], dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(loss(o.softmax(0)[0]), o)[0]

    entropy, squared = gradient(lambda p: -p.log()), gradient(lambda p: (1 - p) ** 2)
    by_the_log = abs(entropy[0].item() + 1) < 1e-5 and squared.abs().max().item() < 1e-5
    by_the_sum = abs(squared.sum().item()) > 1e-12  # the squared error's entries sum to zero, too
    certain = torch.tensor([20.0, 0.0], dtype=torch.float64, requires_grad=True)
    flat = torch.autograd.grad(-certain.log_softmax(0)[0], certain)[0].abs().max().item()
    o = torch.tensor([0.0, 13.8], dtype=torch.float64)
    unsaturated = not torch.allclose((o - o.max()).softmax(0), o.softmax(0))
    return [by_the_log, by_the_sum, flat > 1e-3, unsaturated]


def _fit(seed, bias=True):
    """A softmax regression on overlapping classes, by Newton's method; mean p and shares (and the accuracy)."""
    import torch

    g = torch.Generator().manual_seed(seed)
    y = torch.tensor([0] * 140 + [1] * 40 + [2] * 20)
    centres = torch.tensor([[0.0, 1.0], [1.0, 1.2], [0.5, 2.0]], dtype=torch.float64)
    x = centres[y] + torch.randn(200, 2, generator=g, dtype=torch.float64)
    if bias:
        x = torch.cat([x, torch.ones(200, 1, dtype=torch.float64)], 1)
    w = torch.zeros(3, x.shape[1], dtype=torch.float64)
    onehot = torch.nn.functional.one_hot(y, 3).double()
    for _ in range(30):
        p = (x @ w.T).softmax(1)
        gradient = ((p - onehot).T @ x / 200).flatten()
        local = torch.diag_embed(p) - p[:, :, None] * p[:, None]
        hessian = torch.einsum("nij,na,nb->iajb", local, x, x).reshape(w.numel(), -1) / 200
        w -= (torch.linalg.pinv(hessian, rtol=1e-10) @ gradient).view_as(w)
    assert gradient.abs().max() < 1e-8
    p = (x @ w.T).softmax(1)
    return p.mean(0), onehot.mean(0), (p.argmax(1) == y).double().mean().item(), p.argmax(1)


def shares_evidence():
    import torch

    fits = [_fit(seed) for seed in range(3)]
    third = all((p - 1 / 3).abs().max() < 0.05 for p, *_ in fits)
    exact = all(torch.allclose(p, share, atol=1e-7) and right < 0.95 for p, share, right, _ in fits)
    more = all(p[0] > 0.705 for p, *_ in fits)
    return [third, exact, more, not exact]


def times_n_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    o = torch.randn(64, 5, generator=g, requires_grad=True)
    y = torch.randint(5, (64,), generator=g)
    (true,) = torch.autograd.grad(torch.nn.functional.cross_entropy(o, y), o)
    own = o.detach().softmax(1) - torch.nn.functional.one_hot(y, 5)
    ratio = torch.allclose(own, 64 * true, atol=1e-5)
    (single,) = torch.autograd.grad(torch.nn.functional.cross_entropy(o[:1], y[:1]), o)
    passes = torch.allclose(own[0], single[0], atol=1e-6)
    sign = torch.allclose(-own[0], single[0], atol=1e-6)
    return [None, None, sign, ratio and passes]


def worked():
    import torch

    o = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(o, torch.tensor(0))
    loss.backward()

    def shown(v):
        return "(" + ", ".join(f"{n:.3f}".replace("-", "−") for n in v.tolist()) + ")"

    return [shown(o.detach().softmax(0)), f"{loss.item():.3f}", shown(o.grad)]


def experiment(off=False):
    fits = [_fit(seed, bias=not off) for seed in range(3)]
    gap = max((p - share).abs().max().item() for p, share, *_ in fits)
    p, _, right, chosen = fits[0]
    argmax = [(chosen == k).double().mean().item() for k in range(3)]
    shown = " / ".join(f"{100 * v:.1f}" for v in p.tolist())
    if off:
        assert all((p - share).abs().max() > 0.02 for p, share, *_ in fits), "without bias they differ"
        says = (
            f"Without a bias nothing asks for it: the mean probabilities are {shown} %, and the largest gap over 3 seeds is "
            f"{100 * gap:.1f} points.",
            f"没有偏置，就没有什么要求两者相等：平均概率是 {shown} %，3 个种子里最大相差 {100 * gap:.1f} 个百分点。",
        )
    else:
        assert gap < 1e-7, "the mean probabilities are the shares of the classes"
        says = (
            f"Mean probabilities {shown} %, exactly the shares of the classes (3 seeds, gap below 10⁻⁷), although only {right:.0%} of the "
            f"samples are right. The argmax is less fair: it takes the first class for {argmax[0]:.0%}.",
            f"平均概率是 {shown} %，恰好等于各类占比（3 个种子，差距小于 10⁻⁷），尽管只分对了 {right:.0%} 的样本。argmax 就不这么公平："
            f"{argmax[0]:.0%} 的样本被归入第一类。",
        )
    rows = [
        [str(k), f"{s:.0f} %", f"{100 * v:.2f} %", f"{100 * a:.1f} %"]
        for k, (s, v, a) in enumerate(zip((70, 20, 10), p.tolist(), argmax, strict=True))
    ]
    return {
        "says": says,
        "off": ("the classifier has no bias", "分类器没有偏置"),
        "title": ("Softmax regression at its optimum", "softmax 回归在最优处"),
        "chart": "table",
        "columns": [
            ("class", "类别"),
            ("share", "占比"),
            ("mean p", "平均概率"),
            ("argmax", "argmax 占比"),
        ],
        "rows": rows,
    }
