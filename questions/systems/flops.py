"""Experiment, draws and evidence for flops.md: FLOPs are counted on tensors without data."""

LLAMA_2_7B = 32 * (4 * 4096**2 + 3 * 4096 * 11008 + 2 * 4096) + 2 * 32000 * 4096 + 4096


def _per_weight(width, n, layers=2):
    """Training FLOPs over weights times tokens, for a Transformer with full attention."""
    import torch
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    def linear(a, b):
        return nn.Linear(a, b, bias=False, device="meta")

    d = width
    blocks = [[*(linear(d, d) for _ in range(4)), linear(d, 4 * d), linear(4 * d, d)] for _ in range(layers)]
    h = torch.empty(1, n, d, device="meta", requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        for q, k, v, o, up, down in blocks:
            one, two, three = (f(h).unflatten(-1, (4, -1)).transpose(1, 2) for f in (q, k, v))
            h = h + o(((one @ two.mT).softmax(-1) @ three).transpose(1, 2).flatten(2))
            h = h + down(up(h).relu())
        h.sum().backward()
    weights = sum(f.weight.numel() for block in blocks for f in block)
    return counter.get_total_flops() / (weights * n)


def worked():
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    a = torch.empty(4096, 4096, device="meta")
    with FlopCounterMode(display=False) as counter:
        a @ a
    cost = 6 * LLAMA_2_7B * 2e12
    attention = 12 * 32 * 4096 * 4096 / (6 * LLAMA_2_7B)
    return [
        f"{counter.get_total_flops() / 1e9:.0f} GFLOP",
        f"{LLAMA_2_7B / 1e9:.2f} · 10⁹",
        f"{cost / 1e22:.2f} · 10²²",
        f"{cost / (256 * 989e12 * 0.4) / 86400:.1f}",
        f"{100 * attention:.0f} %",
    ]


def experiment(off=False):
    width, lengths = (12288 if off else 512), [64, 128, 256, 512, 1024, 2048, 4096]
    found = [_per_weight(width, n) for n in lengths]
    assert all(abs(v - (6 + n / width)) < 0.01 for n, v in zip(lengths, found, strict=True)), "6 + n/d"
    if off:
        assert max(found) < 6.4, "in a wide model attention adds little"
        says = (
            f"At width 12288, that of GPT-3, the quotient stays near 6: {found[0]:.2f} at n = 64 and {found[-1]:.2f} at "
            "n = 4096. There 6ND can be trusted.",
            f"宽 12288（GPT-3 的宽度）时，商一直接近 6：n = 64 时 {found[0]:.2f}，n = 4096 时 {found[-1]:.2f}。这时 6ND "
            "可以放心用。",
        )
    else:
        assert found[0] < 6.2 and found[-1] > 12, "attention's own products come to dominate"
        says = (
            f"FLOPs for each weight and token rise from {found[0]:.1f} at n = 64 to {found[-1]:.1f} at n = 4096: 6 for the "
            "weights, and n/d for the products of attention.",
            f"每个权重、每个 token 的 FLOPs 从 n = 64 的 {found[0]:.1f} 升到 n = 4096 的 {found[-1]:.1f}：6 来自权重，n/d "
            "来自注意力的乘法。",
        )
    return {
        "says": says,
        "off": ("the model is 24 times as wide (d = 12288)", "模型宽度是原来的 24 倍（d = 12288）"),
        "title": ("Training FLOPs for each weight and token", "每个权重、每个 token 的训练 FLOPs"),
        "chart": "curves",
        "x": lengths,
        "x_label": ("n tokens", "n 个 token"),
        "y_label": "FLOPs",
        "log_x": True,
        "series": [(("counted", "数出来的"), found), ("6", [6.0] * len(lengths))],
    }


def six_evidence():
    short, long = _per_weight(512, 64), _per_weight(512, 4096)
    return [abs(long - 6) < 0.5, long < 6, long > 50 * short, short < 6.2 and long > 12]


def matmul_draw(rng):
    batch, n = rng.choice([4, 8, 16]), rng.choice([512, 1024, 2048])
    inner, outer = rng.choice([(768, 3072), (1024, 4096), (4096, 11008), (4096, 14336), (8192, 28672)])
    value = 2 * batch * n * inner * outer / 1e9
    values = {"answer": value, "macs": value / 2, "one": value / batch, "training": 3 * value}
    asked = {"batch": batch, "n": n, "inner": inner, "outer": outer}
    return asked | {name: float(f"{v:.5g}") for name, v in values.items()}


def matmul_evidence(drawn):
    import torch
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    layer = nn.Linear(drawn["inner"], drawn["outer"], bias=False, device="meta")
    x = torch.empty(drawn["batch"], drawn["n"], drawn["inner"], device="meta")
    with FlopCounterMode(display=False) as counter:
        layer(x)
    value = counter.get_total_flops() / 1e9
    return [abs(drawn[name] / value - 1) < 0.01 for name in ("answer", "macs", "one", "training")]


def backward_evidence():
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    def counted(work):
        with FlopCounterMode(display=False) as counter:
            result = work()
        return result, counter.get_total_flops()

    g = torch.Generator().manual_seed(0)
    x, w, at_y = (torch.randn(s, generator=g, dtype=torch.float64) for s in ((7, 5), (5, 3), (7, 3)))
    x.requires_grad_()
    w.requires_grad_()
    y, forward = counted(lambda: x @ w)
    gradients, backward = counted(lambda: torch.autograd.grad(y, (x, w), at_y))
    mine, two = counted(lambda: (at_y @ w.T, x.T @ at_y))
    same = all(torch.allclose(a, b) for a, b in zip(gradients, mine, strict=True))
    again = backward == 3 * forward  # the two products, and forward once more
    return [again, same and backward == two == 2 * forward, None, None]


def days_draw(rng):
    billions, trillions = rng.choice([7, 8, 13, 34, 70]), rng.choice([1, 2, 5, 15])
    gpus, peak = rng.choice([256, 512, 1024, 2048]), rng.choice([312, 989])
    mfu = rng.choice([35, 40, 45, 50])
    days = 6 * billions * trillions * 1e21 / (gpus * peak * 1e12 * mfu / 100) / 86400
    values = {"answer": days, "forward": days / 3, "at_peak": days * mfu / 100, "recomputed": days * 4 / 3}
    asked = {"billions": billions, "trillions": trillions, "gpus": gpus, "peak": peak, "mfu": mfu}
    return asked | {"fraction": mfu / 100} | {name: float(f"{v:.4g}") for name, v in values.items()}


def _step_flops(weights=64 * 64, tokens=32):
    """FLOPs of a training step of a linear layer, for each weight and token."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    side = round(weights**0.5)
    w, x = torch.ones(side, side, requires_grad=True), torch.ones(tokens, side, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        (x @ w).sum().backward()
    return counter.get_total_flops() / (weights * tokens)


def days_evidence(drawn):
    tokens_a_second = drawn["gpus"] * drawn["peak"] * 1e12 * drawn["mfu"] / 100
    tokens_a_second /= _step_flops() * drawn["billions"] * 1e9
    days = drawn["trillions"] * 1e12 / tokens_a_second / 86400
    return [abs(drawn[name] / days - 1) < 0.02 for name in ("answer", "forward", "at_peak", "recomputed")]


def mfu_draw(rng):
    peak, billions = rng.choice([312, 989]), rng.choice([7, 8, 13, 30])
    mfu = rng.choice([0.3, 0.35, 0.4, 0.45, 0.5])
    rate = round(mfu * peak * 1e12 / (6e9 * billions), -1)
    value = 100 * 6e9 * billions * rate / (peak * 1e12)
    values = {"answer": value, "hardware": value * 4 / 3, "forward": value / 3, "macs": value / 2}
    asked = {"billions": billions, "rate": int(rate), "peak": peak}
    return asked | {name: float(f"{v:.4g}") for name, v in values.items()}


def mfu_evidence(drawn):
    value = 100 * _step_flops() * drawn["billions"] * 1e9 * drawn["rate"] / (drawn["peak"] * 1e12)
    return [abs(drawn[name] / value - 1) < 0.02 for name in ("answer", "hardware", "forward", "macs")]


def experts_draw(rng):
    shared, each = rng.choice([1.5, 2, 3, 4]), rng.choice([2, 2.5, 5, 5.5])
    experts, chosen = rng.choice([8, 16]), 2
    active = shared + chosen * each
    values = {
        "answer": 6 * active,
        "total": 6 * (shared + experts * each),
        "forward": 2 * active,
        "single": 6 * (shared + each),
    }
    asked = {"shared": shared, "each": each, "experts": experts, "chosen": chosen}
    return asked | {name: round(v, 3) for name, v in values.items()}


def experts_evidence(drawn):
    """Routes tokens of a small model of the same proportions, 100 weights for each 10⁹, and counts."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    def matrix(billions):
        return torch.full((10, round(10 * billions)), 0.1, dtype=torch.float64, requires_grad=True)

    g = torch.Generator().manual_seed(0)
    tokens, shared = 40, matrix(drawn["shared"])
    experts = [matrix(drawn["each"]) for _ in range(drawn["experts"])]
    x = torch.randn(tokens, 10, generator=g, dtype=torch.float64, requires_grad=True)
    routes = torch.rand(tokens, len(experts), generator=g).topk(drawn["chosen"], dim=1).indices
    with FlopCounterMode(display=False) as counter:
        total = (x @ shared).sum()
        for number, expert in enumerate(experts):
            mine = x[(routes == number).any(1)]
            if len(mine):
                total = total + (mine @ expert).sum()
        total.backward()
    value = counter.get_total_flops() / tokens / 100  # in units of 10⁹
    return [abs(drawn[name] / value - 1) < 0.01 for name in ("answer", "total", "forward", "single")]


def aloud_evidence():
    cost, speed = 6 * 7e9 * 2e12, 256 * 989e12 * 0.4
    days = cost / speed / 86400
    return [
        _step_flops() == 6,
        abs(cost / 8e22 - 1) < 0.06,
        abs(speed / 1e17 - 1) < 0.02,
        9 < days < 10,
        None,
    ]
