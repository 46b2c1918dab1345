"""What a training step holds, counted in bytes."""


def _kept(compute, own=()):
    """Bytes saved for backward by `compute`, each piece of memory once, without the parameters `own`."""
    import torch

    pieces, params = {}, {p.untyped_storage().data_ptr() for p in own}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in params:
            pieces[storage.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = compute()
    return sum(tensor.untyped_storage().nbytes() for tensor in pieces.values()), result


def _llama_layer(frozen=False):
    """Bytes that a layer of Llama-2-7B's proportions keeps, divided by those of its input."""
    import torch
    from torch import nn
    from torch.nn.functional import scaled_dot_product_attention, silu

    d, wide, heads, n = 64, 172, 4, 64  # 11008/4096 = 172/64
    g = torch.Generator().manual_seed(0)
    norms = [nn.RMSNorm(d).requires_grad_(not frozen) for _ in range(2)]
    sizes = {name: (d, d) for name in "qkvo"} | {"gate": (wide, d), "up": (wide, d), "down": (d, wide)}
    w = {
        name: (torch.randn(size, generator=g) / 8).requires_grad_(not frozen) for name, size in sizes.items()
    }
    x = torch.randn(1, n, d, generator=g).requires_grad_()

    def layer():
        a = norms[0](x)
        q, k, v = ((a @ w[name].T).view(1, n, heads, d // heads).transpose(1, 2) for name in "qkv")
        mixed = scaled_dot_product_attention(q, k, v, is_causal=True)
        h = x + mixed.transpose(1, 2).reshape(1, n, d) @ w["o"].T
        a = norms[1](h)
        return h + (silu(a @ w["gate"].T) * (a @ w["up"].T)) @ w["down"].T

    own = [*w.values(), *(p for norm in norms for p in norm.parameters())]
    return _kept(layer, own)[0] / (n * d * 4)


def _budget(batch, n, times=20.75, layers=32, d=4096):
    return batch * n * d * 2 * times * layers / 1e9


def worked():
    layer, whole = 4 * 4096**2 + 3 * 4096 * 11008 + 2 * 4096, 2 * 32000 * 4096 + 4096
    params = 32 * layer + whole
    numbers = 10 * 4096 + 4 * 11008
    measured = _llama_layer()
    assert abs(measured / (numbers / 4096) - 1) < 0.02, measured  # row statistics come on top
    stay = (6 * 4096 + 3 * 11008) / 4096  # of a frozen layer above a trained one
    assert abs(_llama_layer(frozen=True) / stay - 1) < 0.02
    return [
        f"{stay:.2f}",
        f"{numbers:,}",
        f"{numbers / 4096:.2f}",
        f"{2 * numbers:,}",
        f"{_budget(1, 4096):.1f} GB",
        f"{_budget(4, 4096):.1f} GB",
        f"{16 * params / 1e9:.1f} GB",
        f"{2 * params / 1e9:.1f} GB",
    ]


def llama_draw(rng):
    batch, n = rng.choice([2, 3, 4, 6, 8]), rng.choice([1024, 2048, 4096])
    values = {
        "answer": _budget(batch, n),
        "inputs": _budget(batch, n, 1),
        "one": _budget(batch, n, layers=1),
        "elements": _budget(batch, n) / 2,
    }
    return {"batch": batch, "n": n} | {name: float(f"{value:.3g}") for name, value in values.items()}


def llama_evidence(drawn):
    measured = _llama_layer() * 32 * drawn["batch"] * drawn["n"] * 4096 * 2 / 1e9
    return [abs(measured / drawn[k] - 1) < 0.025 for k in ("answer", "inputs", "one", "elements")]


def largest_batch_draw(rng):
    while True:
        b, slope = rng.choice([2, 3, 4, 5]), rng.choice([1.5, 2.0, 2.5, 3.0, 3.5])
        fixed, limit = rng.randint(14, 40), rng.choice([80, 94, 141])
        low, high = fixed + slope * b, fixed + slope * 2 * b
        values = {
            "answer": int((limit - fixed) / slope),
            "proportional": int(limit / (high / (2 * b))),
            "no_fixed": int(limit / slope),
            "small": int(limit / (low / b)),
        }
        if high < limit and len(set(values.values())) == 4 and values["answer"] > 2 * b:
            shown = {"b": b, "twice": 2 * b, "low": low, "high": high, "slope": slope}
            return shown | values | {"fixed": fixed, "limit": limit}


def largest_batch_evidence(drawn):
    slope = (drawn["high"] - drawn["low"]) / (drawn["twice"] - drawn["b"])
    batch = drawn["twice"]
    while drawn["high"] + slope * (batch + 1 - drawn["twice"]) <= drawn["limit"]:
        batch += 1
    return [batch == drawn[k] for k in ("answer", "proportional", "no_fixed", "small")]


def _mlp(batch, layers=4, d=256, grad=True):
    """Bytes of model states after a step of Adam, and of activations kept for its backward."""
    import torch
    from torch import nn

    parts = []
    for _ in range(layers):
        parts += [nn.Linear(d, d, bias=False), nn.ReLU()]
    net = nn.Sequential(*parts[:-1])
    optimizer = torch.optim.Adam(net.parameters(), foreach=False)
    x = torch.ones(batch, d)
    with torch.set_grad_enabled(grad):
        kept, y = _kept(lambda: net(x), list(net.parameters()))
    if grad:
        y.sum().backward()
        optimizer.step()
    held = list(net.parameters()) + [p.grad for p in net.parameters() if p.grad is not None]
    held += [t for state in optimizer.state.values() for t in state.values() if t.dim()]
    return sum(t.numel() * t.element_size() for t in held), kept


def overtake_evidence():
    def exceeds(batch, layers=4):
        states, kept = _mlp(batch, layers)
        return kept > states

    from_1024 = all(not exceeds(1024, n) and exceeds(1025, n) for n in (2, 4))
    grows = _mlp(512)[0] > _mlp(256)[0]
    return [exceeds(257), from_1024, exceeds(300, 4), grows]


def why_more_evidence():
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8))
    x = torch.ones(64, 8)
    own = list(net.parameters())
    kept, _y = _kept(lambda: net(x), own)  # neither dropout nor BatchNorm in it
    with torch.no_grad():
        inference, _y = _kept(lambda: net(x), own)
    seen = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: seen.append(t.data_ptr()) or t, lambda t: t):
        net(x)
    copied = net[2].weight.data_ptr() not in seen  # what is saved is the weight itself
    return [copied, None, kept > 0 == inference, None]


def experiment(off=False):
    batches = [64, 128, 256, 512, 1024, 2048]
    states, kept = zip(*(_mlp(b, grad=not off) for b in batches), strict=True)
    mib = [[max(v, 1) / 2**20 for v in row] for row in (states, kept)]
    if off:
        assert not any(kept), "without recording nothing is kept"
        assert states[0] == 4 * 4 * 256 * 256, "and the weights are all there is"
        says = (
            f"Under no_grad nothing is kept for backward at any batch, and of the states only the weights are there, "
            f"{mib[0][0]:.0f} MiB.",
            f"在 no_grad 下，batch 多大都不为反向保存任何东西，模型状态也只剩权重，{mib[0][0]:.0f} MiB。",
        )
    else:
        assert len(set(states)) == 1, "model states do not depend on the batch"
        assert all(k == 4 * b * 256 * 4 for k, b in zip(kept, batches, strict=True)), (
            "activations grow with it"
        )
        assert kept[4] == states[4], "they meet at batch 4 · 256"
        says = (
            f"Model states stay at {mib[0][0]:.0f} MiB. Activations grow from {mib[1][0]:.2f} MiB at batch 64 to "
            f"{mib[1][-1]:.0f} MiB at 2048; the two meet at batch 1024.",
            f"模型状态一直是 {mib[0][0]:.0f} MiB。激活值从 batch 64 的 {mib[1][0]:.2f} MiB 增长到 2048 的 {mib[1][-1]:.0f} MiB，"
            "两者在 batch 1024 处相等。",
        )
    return {
        "says": says,
        "off": ("the forward pass under no_grad, no step", "前向在 no_grad 下进行，不更新"),
        "title": ("Four layers of 256 × 256, Adam (MiB)", "四层 256 × 256，Adam（MiB）"),
        "chart": "curves",
        "x": batches,
        "x_label": "batch",
        "y_label": "MiB",
        "log_x": True,
        "log_y": not off,
        "series": [
            (("model states", "模型状态"), mib[0]),
            (("activations kept", "保存的激活值"), [0.0] * len(batches) if off else mib[1]),
        ],
    }
