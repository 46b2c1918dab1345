"""Which tensors get a gradient, and which spellings freeze a parameter."""


def _typo(body):
    for p in body.parameters():
        p.require_grad = False


FREEZE = {
    "body.eval()": lambda body: body.eval(),
    "body.requires_grad_(False)": lambda body: body.requires_grad_(False),
    "body.requires_grad = False": lambda body: setattr(body, "requires_grad", False),
    "p.require_grad = False": _typo,
}


def _moved(freeze, seed=0, steps=20):
    """By how much the body and the head have moved after some steps of SGD over all parameters."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)
    body, head = nn.Sequential(nn.Linear(4, 8), nn.Tanh()), nn.Linear(8, 1)
    with torch.no_grad():
        for p in (*body.parameters(), *head.parameters()):
            p.copy_(torch.randn(p.shape, generator=g) / 2)
    freeze(body)
    optimizer = torch.optim.SGD(
        [*body.parameters(), *head.parameters()], lr=0.05, momentum=0.9, weight_decay=0.01
    )
    before = [p.detach().clone() for p in (*body.parameters(), *head.parameters())]
    x = torch.randn(32, 4, generator=g)
    y = x[:, :1] * x[:, 1:2]
    for _ in range(steps):
        optimizer.zero_grad()
        (head(body(x)) - y).square().mean().backward()
        optimizer.step()
    change = [
        (p - old).abs().max().item()
        for p, old in zip((*body.parameters(), *head.parameters()), before, strict=True)
    ]
    return max(change[:2]), max(change[2:])


def freeze_evidence():
    runs = [[_moved(freeze, seed) for seed in range(3)] for freeze in FREEZE.values()]
    assert all(head > 0.01 for run in runs for _body, head in run)
    return [all(body == 0 for body, _head in run) for run in runs]


def why_scalar_evidence():
    import torch

    x = torch.ones(5, requires_grad=True)

    def runs(y, **how):
        x.grad = None
        try:
            y.backward(**how)
        except RuntimeError:
            return False
        return True

    v = torch.arange(5.0)
    assert not runs(x * x)
    weighted = runs(x * x, gradient=v) and torch.equal(x.grad, 2 * v)
    same = runs((v * x * x).sum()) and torch.equal(x.grad, 2 * v)  # the gradient of the scalar v·y
    leaf = torch.tensor(2.0, requires_grad=True)
    assert runs(leaf) and leaf.grad.item() == 1  # a leaf may start one as well
    only_leaves = not runs((x * x).sum())
    return [only_leaves, None, weighted and same, None]


def vector_draw(rng):
    while True:
        a, b, c, d = (rng.randint(1, 9) for _ in range(4))
        v, w = rng.randint(2, 6), rng.randint(2, 6)
        values = {"answer": v * a + w * c, "row": a * v + b * w, "ones": a + c, "diagonal": v * a}
        if len(set(values.values())) == 4:
            return {"a": a, "b": b, "c": c, "d": d, "v": v, "w": w} | values


def vector_evidence(drawn):
    import torch

    matrix = torch.tensor([[drawn["a"], drawn["b"]], [drawn["c"], drawn["d"]]], dtype=torch.float32)
    x = torch.zeros(2, requires_grad=True)
    (matrix @ x).backward(gradient=torch.tensor([float(drawn["v"]), float(drawn["w"])]))
    return [x.grad[0].item() == drawn[k] for k in ("answer", "row", "ones", "diagonal")]


def lost_leaf_evidence():
    import warnings

    import torch

    def gradient(w):
        (torch.ones(2, 784) @ w).sum().backward()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return w.grad

    leaf = torch.randn(784, 10, requires_grad=True)
    missing = gradient(leaf * 0.01) is None and leaf.grad is not None
    repaired = gradient((torch.randn(784, 10) * 0.01).requires_grad_()) is not None
    small = gradient((torch.randn(784, 10) * 1e-30).requires_grad_()) is None
    return [small, missing and repaired, None, None]


def aloud_evidence():
    import warnings

    import torch

    a = torch.ones(2, requires_grad=True)
    b = a * 2
    b.retain_grad()
    (b * b).backward(gradient=torch.tensor([1.0, 0.0]))
    moved = (torch.ones(2, requires_grad=True) * 0.5).requires_grad
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        c = torch.ones(2, requires_grad=True) * 0.5
        c.sum().backward()
        lost = c.grad is None
    return [
        a.is_leaf and a.grad_fn is None and not b.is_leaf and torch.ones(1).is_leaf,
        (b + torch.ones(2)).requires_grad and moved,
        a.grad is not None and b.grad is not None,
        a.grad.tolist() == [8.0, 0.0],
        lost,
    ]


def worked():
    import torch

    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x * x).backward(gradient=torch.tensor([1.0, 0.0, 10.0]))
    return ["(" + ", ".join(f"{v:.0f}" for v in t.tolist()) + ")" for t in ((2 * x).detach(), x.grad)]


def experiment():
    rows = {name: [_moved(freeze, seed) for seed in range(3)] for name, freeze in FREEZE.items()}
    for name, runs in rows.items():
        for body, head in runs:
            assert head > 0.01, "the head trains"
            assert (body == 0) == (name == "body.requires_grad_(False)"), "one spelling alone freezes"
    shown = {name: [sum(values) / 3 for values in zip(*runs, strict=True)] for name, runs in rows.items()}
    typo = shown["p.require_grad = False"][0]
    return {
        "says": (
            f"Only requires_grad_(False) keeps the body where it was, weight decay and momentum notwithstanding. With the "
            f"missing s it moved by {typo:.2f} (mean of 3 seeds), without a word.",
            f"只有 requires_grad_(False) 让主体原地不动，权重衰减和动量也不起作用。少写一个 s，主体移动了 {typo:.2f}"
            "（3 个种子平均），没有任何提示。",
        ),
        "title": ("Largest change of a parameter in 20 steps", "20 步中参数的最大变化"),
        "chart": "table",
        "columns": [("before training", "训练之前"), ("body", "主体"), "head"],
        "rows": [[name, *(f"{value:.3f}" for value in values)] for name, values in shown.items()],
    }
