"""Passes, FLOPs and tapes of the two modes, counted."""


def _flops(work):
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        result = work()
    return counter.get_total_flops(), result


def _net(n, m, width=64, seed=0):
    import torch

    g = torch.Generator().manual_seed(seed)
    sizes = [(width, n), (width, width), (width, width), (m, width)]
    weights = [torch.randn(size, generator=g, dtype=torch.float64) / size[1] ** 0.5 for size in sizes]

    def net(x):  # (n, 1) → (m, 1)
        for w in weights[:-1]:
            x = torch.tanh(w @ x)
        return weights[-1] @ x

    return net, torch.randn(n, 1, generator=g, dtype=torch.float64)


def _jacobian(n, m, mode, seed=0):
    """Full Jacobian by one pass a row or a column: FLOPs in forward passes, the number of passes, the matrix."""
    import torch
    from torch.autograd import forward_ad

    net, x = _net(n, m, seed=seed)
    one, _y = _flops(lambda: net(x))

    def reverse():
        inner = x.clone().requires_grad_()
        y = net(inner)
        return torch.cat([torch.autograd.grad(y[i, 0], inner, retain_graph=True)[0].mT for i in range(m)])

    def forward():
        columns = []
        for i in range(n):
            direction = torch.zeros_like(x)
            direction[i] = 1
            with forward_ad.dual_level():
                out = net(forward_ad.make_dual(x, direction))
                columns.append(forward_ad.unpack_dual(out).tangent)
        return torch.cat(columns, 1)

    total, matrix = _flops(reverse if mode == "reverse" else forward)
    return total / one, (m if mode == "reverse" else n), matrix


def experiment(off=False):
    import torch

    sizes = [1, 2, 4, 8, 16, 32, 64]
    cost = {"reverse": [], "forward": []}
    for n in sizes:
        both = {mode: _jacobian(n, n if off else 1, mode) for mode in cost}
        assert torch.allclose(both["reverse"][2], both["forward"][2]), "both modes give the same, exactly"
        for mode, row in cost.items():
            row.append(both[mode][0])
    reverse, forward = cost["reverse"], cost["forward"]
    if off:
        assert reverse[-1] > 20 and forward[-1] > 20, "with n outputs both need n passes"
        says = (
            f"With as many outputs as inputs, 64 each, reverse mode costs {reverse[-1]:.0f} forward passes and forward mode "
            f"{forward[-1]:.0f} (each of its passes computes the value again): neither stays level.",
            f"输出与输入一样多，各 64 个时，反向模式相当于 {reverse[-1]:.0f} 次前向，前向模式 {forward[-1]:.0f} 次"
            "（它每一遍都要重算一次值）：谁都不再持平。",
        )
    else:
        assert max(reverse) < 2.1, "one output: reverse mode costs two forward passes for any n"
        assert all(abs(cost / (3 * n) - 1) < 0.01 for cost, n in zip(forward, sizes, strict=True)), (
            "3n of them"
        )
        says = (
            f"By 64 inputs: reverse mode {reverse[-1]:.1f} forward passes, forward mode {forward[-1]:.0f} "
            "(a pass: the value, its tangent, and in PyTorch a product with the weights' zero tangent). The two gradients "
            "agree to rounding.",
            f"对 64 个输入求导：反向模式相当于 {reverse[-1]:.1f} 次前向，前向模式 {forward[-1]:.0f} 次"
            "（每遍：值、切向量，PyTorch 还有一次与权重的零切向量的乘法）。两者的梯度在舍入误差内一致。",
        )
    return {
        "says": says,
        "off": ("as many outputs as inputs", "输出与输入一样多"),
        "title": ("Cost in forward passes", "代价（以前向次数计）"),
        "chart": "curves",
        "x": sizes,
        "x_label": ("inputs n", "输入个数 n"),
        "log_x": True,
        "log_y": True,
        "series": [(("reverse mode", "反向模式"), reverse), (("forward mode", "前向模式"), forward)],
    }


def growth_evidence():
    costs = {mode: [_jacobian(n, 1, mode)[0] for n in (1, 64)] for mode in ("reverse", "forward")}
    level = {mode: b < 1.5 * a for mode, (a, b) in costs.items()}
    grows = {mode: b > 20 * a for mode, (a, b) in costs.items()}
    return [
        level["forward"] and grows["reverse"],
        level["reverse"] and grows["forward"],
        level["reverse"] and level["forward"],
        grows["reverse"] and grows["forward"],
    ]


def _taped(mode, depth=100):
    """Bytes saved for backward, or in forward mode for whatever it might need."""
    import torch
    from torch.autograd import forward_ad

    kept = []

    def pack(tensor):
        kept.append(tensor)
        return tensor

    x = torch.ones(1000)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), forward_ad.dual_level():
        y = x.requires_grad_() if mode == "reverse" else forward_ad.make_dual(x, torch.ones(1000))
        for _ in range(depth):
            y = torch.tanh(y)
        made = y.grad_fn is not None
    return sum(t.numel() * t.element_size() for t in kept), made


def tape_evidence():
    reverse = [_taped("reverse", depth)[0] for depth in (50, 100)]
    forward = [_taped("forward", depth) for depth in (50, 100)]
    free = forward == [(0, False), (0, False)]
    assert reverse[1] == 2 * reverse[0] > 0
    return [not free, None, free, None]


def why_reverse_evidence():
    import torch

    tape = _taped("forward")[0] > 0
    _cost, _passes, by_forward = _jacobian(8, 1, "forward")
    _cost, passes, by_reverse = _jacobian(8, 1, "reverse")
    exact = torch.allclose(by_forward, by_reverse, rtol=1e-12, atol=1e-14)
    return [tape, not exact, passes == 1 and exact and _jacobian(8, 1, "forward")[1] == 8, None]


def passes_draw(rng):
    few, many = rng.randint(2, 9), rng.randint(20, 900)
    by_input = rng.random() < 0.5
    n, m = (few, many) if by_input else (many, few)
    mode = (
        ("Forward mode: a pass an input", "前向模式：每个输入一遍")
        if by_input
        else (
            "Reverse mode: a pass an output",
            "反向模式：每个输出一遍",
        )
    )
    size = ("a column", "一列", m) if by_input else ("a row", "一行", n)
    return {
        "n": n,
        "m": m,
        "answer": few,
        "other": many,
        "entries": few * many,
        "mode_en": mode[0],
        "mode_zh": mode[1],
        "size_en": size[0],
        "size_zh": size[1],
        "size": size[2],
    }


def passes_evidence(drawn):
    import torch

    n, m = drawn["n"], drawn["m"]
    matrix = torch.randn(m, n)
    x = torch.randn(n, requires_grad=True)
    y = matrix @ x
    rows = columns = 0
    if m < n:
        for i in range(m):
            assert torch.equal(torch.autograd.grad(y[i], x, retain_graph=True)[0], matrix[i])
            rows += 1
    else:
        for i in range(n):
            direction = torch.zeros(n)
            direction[i] = 1
            out, tangent = torch.func.jvp(lambda v: matrix @ v, (x.detach(),), (direction,))
            assert torch.allclose(tangent, matrix[:, i]) and out.shape == (m,)
            columns += 1
    needed = rows or columns
    return [needed == value for value in (drawn["answer"], drawn["other"], drawn["entries"], 1)]


def backward_flops_draw(rng):
    batch = rng.choice([32, 64, 128])
    a, b, c = rng.choice([100, 200, 300]), rng.choice([400, 500, 600]), rng.choice([150, 250, 350])
    first, second = (2 * batch * m * n / 1e6 for m, n in ((a, b), (b, c)))
    values = {
        "first": first,
        "second": second,
        "forward": first + second,
        "answer": first + 2 * second,
        "twice": 2 * (first + second),
        "step": 2 * first + 3 * second,
    }
    return {"a": a, "b": b, "c": c, "batch": batch} | {name: round(v, 2) for name, v in values.items()}


def backward_flops_evidence(drawn):
    import torch

    w1 = torch.randn(drawn["b"], drawn["a"], requires_grad=True)
    w2 = torch.randn(drawn["c"], drawn["b"], requires_grad=True)
    x = torch.randn(drawn["batch"], drawn["a"])
    y = (x @ w1.T).relu() @ w2.T
    flops, _none = _flops(lambda: y.sum().backward())
    return [abs(flops / 1e6 - drawn[k]) < 0.005 * drawn[k] for k in ("answer", "twice", "forward", "step")]


def many_outputs_evidence():
    import torch

    n, m = 3, 40  # as in the question, smaller
    forward, forward_passes, matrix = _jacobian(n, m, "forward")
    reverse, _passes, _matrix = _jacobian(n, m, "reverse")
    net, x = _net(n, m)
    inner = x.clone().requires_grad_()
    net(inner).sum().backward()
    whole = inner.grad.numel() == matrix.numel()
    y = net(inner)
    batched, _rows = _flops(
        lambda: torch.autograd.grad(
            y, inner, torch.eye(m, dtype=x.dtype).unsqueeze(-1), is_grads_batched=True
        )
    )
    one, _y = _flops(lambda: net(x))
    return [whole, forward_passes == 3 and forward < reverse / 4, None, batched / one <= 3 * n]


def worked():
    d = 100
    left, right = d * d + d * d, d * d * d + d * d
    return [f"{left:,}", f"{d**3:,}", f"{right:,}", f"{right / left:.0f}"]
