"""Runs the claims about one matrix for queries, keys and values."""


def _matmuls():
    """A mode that counts linear layers: calls and multiplications."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Counter(TorchFunctionMode):
        calls = products = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if func is torch.nn.functional.linear:
                self.calls += 1
                self.products += result.numel() * args[0].shape[-1]
            return result

    return Counter()


def _both(d, n=10):
    """Three layers and one that holds the same weights: parameters, calls, multiplications, outputs."""
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    x = torch.randn(n, d, generator=g, dtype=torch.float64)
    weights = torch.randn(3, d, d, generator=g, dtype=torch.float64) / d**0.5
    three = [nn.Linear(d, d, bias=False, dtype=torch.float64) for _ in range(3)]
    one = nn.Linear(d, 3 * d, bias=False, dtype=torch.float64)
    with torch.no_grad():
        for layer, weight in zip(three, weights, strict=True):
            layer.weight.copy_(weight)
        one.weight.copy_(weights.flatten(0, 1))
    with _matmuls() as separate:
        outputs = torch.cat([layer(x) for layer in three], dim=-1)
    with _matmuls() as fused:
        together = one(x)
    sizes = sum(layer.weight.numel() for layer in three), one.weight.numel()
    return sizes, separate, fused, torch.allclose(outputs, together), one


def what_changes_evidence():
    import torch

    sizes, separate, fused, same, one = _both(16)
    # Tied weights would move together when only the queries are trained.
    x = torch.ones(1, 16, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(one(x)[:, :16].sum(), one.weight)
    tied = bool((gradient[16:] != 0).any())
    fewer_products = fused.products < separate.products
    unchanged = same and sizes[0] == sizes[1] and not fewer_products
    return [sizes[1] < sizes[0], fewer_products, unchanged and fused.calls < separate.calls, tied]


def xavier_draw(rng):
    d = rng.choice([128, 200, 256, 288, 384, 400, 512, 640, 768])
    return {
        "d": d,
        "answer": float(f"{(2 / (4 * d)) ** 0.5:.3g}"),
        "separate": float(f"{(1 / d) ** 0.5:.3g}"),
        "bound": float(f"{(6 / (4 * d)) ** 0.5:.3g}"),
        "by_fan_in": float(f"{(2 / d) ** 0.5:.3g}"),
    }


def xavier_evidence(drawn):
    import torch

    d = drawn["d"]
    weight = torch.empty(3 * d, d)
    torch.nn.init.xavier_uniform_(weight, generator=torch.Generator().manual_seed(0))
    measured = weight.std().item()
    return [abs(drawn[name] / measured - 1) < 0.015 for name in ("answer", "separate", "bound", "by_fan_in")]


def gqa_width_draw(rng):
    heads, groups = rng.choice([(12, 4), (16, 4), (24, 8), (28, 4), (32, 4), (32, 8), (64, 8), (40, 8)])
    narrow = rng.choice([64, 128])
    return {
        "heads": heads,
        "groups": groups,
        "narrow": narrow,
        "answer": (heads + 2 * groups) * narrow,
        "as_mha": 3 * heads * narrow,
        "once": (heads + groups) * narrow,
        "as_mqa": (heads + 2) * narrow,
    }


def gqa_width_evidence(drawn):
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    heads, groups, narrow = drawn["heads"], drawn["groups"], drawn["narrow"]

    def serves(features):
        """Can a row of so many features be cut up, without rest, and be attended with?"""
        y = torch.zeros(1, 3, features)
        try:
            q, k, v = y.split([heads * narrow, groups * narrow, groups * narrow], dim=-1)
        except RuntimeError:  # the parts do not add up
            return False
        q, k, v = (t.view(1, 3, -1, narrow).transpose(1, 2) for t in (q, k, v))
        return scaled_dot_product_attention(q, k, v, enable_gqa=True).shape == q.shape

    return [serves(drawn[name]) for name in ("answer", "as_mha", "once", "as_mqa")]


def not_in_cross_evidence():
    import torch
    from torch import nn

    torch.manual_seed(0)
    d = 8
    layer = nn.MultiheadAttention(d, 2, batch_first=True, bias=False)
    target, source = torch.randn(1, 4, d), torch.randn(1, 6, d)
    wide = layer.in_proj_weight  # (3d, d)
    one_shape = (target @ wide.T).shape[-1] == (source @ wide.T).shape[-1] == 3 * d
    w_q, w_k, w_v = (w.T for w in wide.chunk(3))

    def attend(q, k, v):
        q, k, v = (t.view(1, -1, 2, d // 2).transpose(1, 2) for t in (q, k, v))
        out = (q @ k.mT / (d // 2) ** 0.5).softmax(-1) @ v
        return layer.out_proj(out.transpose(1, 2).flatten(2))

    wanted = layer(target, source, source)[0]
    half_fused = (source @ torch.cat([w_k, w_v], dim=1)).chunk(2, dim=-1)
    two_inputs = torch.allclose(attend(target @ w_q, *half_fused), wanted, atol=1e-6)
    one_input = torch.allclose(attend(*(target @ wide.T).chunk(3, dim=-1)), wanted, atol=1e-3)
    learned = torch.autograd.grad(wanted.sum(), wide)[0]
    constant = bool((learned[d:] == 0).all())
    other = nn.MultiheadAttention(d, 2, kdim=5, vdim=5, batch_first=True)
    narrow = torch.randn(1, 6, 5)
    needs_width = other(target, narrow, narrow)[0].shape != target.shape
    return [two_inputs and not one_input, not one_shape, constant, needs_width]


def worked():
    import torch

    g, d = torch.Generator().manual_seed(0), 768
    exact = [(2 / (d + rows)) ** 0.5 for rows in (3 * d, d)]
    for value, rows in zip(exact, (3 * d, d), strict=True):
        drawn = torch.nn.init.xavier_uniform_(torch.empty(rows, d), generator=g).std().item()
        assert abs(drawn / value - 1) < 0.01
    return [f"{value:.4f}" for value in exact]


def experiment():
    import torch

    d = 256
    sizes, separate, fused, same, _ = _both(d)
    assert same, "fused or not, the results are the same"
    assert sizes[0] == sizes[1] and separate.products == fused.products, "and so are size and FLOPs"
    g = torch.Generator().manual_seed(0)
    spreads = [
        torch.nn.init.xavier_uniform_(torch.empty(rows, d), generator=g).std().item() for rows in (d, 3 * d)
    ]
    assert abs(spreads[0] / spreads[1] / 2**0.5 - 1) < 0.02, "Xavier on the whole is smaller by √2"
    rows = [
        [("three layers", "三个层"), separate.calls, sizes[0], separate.products, f"{spreads[0]:.4f}"],
        [("one fused", "合并为一个"), fused.calls, sizes[1], fused.products, f"{spreads[1]:.4f}"],
    ]
    return {
        "says": (
            f"One product in place of three gives the same numbers with the same {fused.products:,} "
            f"multiplications. But Xavier starts the fused matrix at a spread of {spreads[1]:.4f}, not "
            f"{spreads[0]:.4f}.",
            f"一次乘法代替三次，结果相同，乘法次数也同样是 {fused.products:,}。但 Xavier 给合并矩阵的初始标准差是 "
            f"{spreads[1]:.4f}，而不是 {spreads[0]:.4f}。",
        ),
        "title": (f"Q, K and V of 10 tokens, d = {d}", f"10 个 token 的 Q、K、V，d = {d}"),
        "chart": "table",
        "columns": [
            "Q, K, V",
            ("products", "乘法调用"),
            ("parameters", "参数量"),
            ("multiplications", "乘法次数"),
            ("Xavier std", "Xavier 标准差"),
        ],
        "rows": rows,
    }
