"""Experiment, draws and evidence for model_states.md."""

MODELS = {  # layers, width, K/V width, feed-forward width, vocabulary
    "Llama-2-7B": (32, 4096, 4096, 11008, 32000),
    "Llama-2-13B": (40, 5120, 5120, 13824, 32000),
    "Llama-2-70B": (80, 8192, 1024, 28672, 32000),
    "Llama-3-8B": (32, 4096, 1024, 14336, 128256),
    "Llama-3-70B": (80, 8192, 1024, 28672, 128256),
}


def _layer(d, kv, wide):
    """One layer without data, on the device that stores none."""
    from torch import nn

    sizes = [(d, d), (d, kv), (d, kv), (d, d), (d, wide), (d, wide), (wide, d)]
    linear = [nn.Linear(a, b, bias=False, device="meta") for a, b in sizes]
    return nn.ModuleList([*linear, nn.RMSNorm(d, device="meta"), nn.RMSNorm(d, device="meta")])


def _numel(module):
    return sum(p.numel() for p in module.parameters())


def _counted(name):
    """Parameters of a model, counted in its modules."""
    from torch import nn

    layers, d, kv, wide, words = MODELS[name]
    ends = [nn.Embedding(words, d, device="meta"), nn.Linear(d, words, bias=False, device="meta")]
    return (
        layers * _numel(_layer(d, kv, wide)) + sum(map(_numel, ends)) + _numel(nn.RMSNorm(d, device="meta"))
    )


def _reckoned(name):
    """The same from the sizes alone."""
    layers, d, kv, wide, words = MODELS[name]
    return layers * (2 * d * d + 2 * d * kv + 3 * d * wide + 2 * d) + 2 * words * d + d


def worked():
    layer, whole = _numel(_layer(4096, 4096, 11008)), _counted("Llama-2-7B")
    return [f"{layer:,}", f"{whole / 1e9:.3f}", f"{2 * whole / 1e9:.1f} GB", f"{16 * whole / 1e9:.1f} GB"]


def _train(recipe, seed=0, lr=1e-5, rule="AdamW"):
    """Bytes a parameter after one step, by purpose, and the share of weights that the step has changed."""
    import torch
    from torch import nn

    half = recipe in ("bf16 + master", "bf16 only")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Linear(96, 96), nn.Tanh(), nn.Linear(96, 96))
    net.to(torch.bfloat16 if half else torch.float32)
    weights = list(net.parameters())
    master = [w.detach().float() for w in weights] if recipe == "bf16 + master" else []
    updated = master or weights
    before = [w.detach().clone() for w in updated]
    if rule == "AdamW":
        optimizer = torch.optim.AdamW(updated, lr=lr, weight_decay=0.0, foreach=False)
    else:
        optimizer = torch.optim.SGD(updated, lr=lr, momentum=0.9, foreach=False)
    g = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(32, 96, generator=g).to(weights[0].dtype) for _ in range(2))
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe == "autocast"):
        out = net(x)
    (out.float() - y.float()).square().mean().backward()
    for m, w in zip(master, weights, strict=False):
        m.grad = w.grad.float()
    optimizer.step()
    for m, w in zip(master, weights, strict=False):
        m.grad = None  # a passing copy
        w.data.copy_(m)
    states = [t for s in optimizer.state.values() for t in s.values() if torch.is_tensor(t) and t.dim()]
    count = sum(w.numel() for w in weights)

    def held(tensors):
        return sum(t.numel() * t.element_size() for t in tensors) / count

    moved = sum((a != b).sum().item() for a, b in zip(before, updated, strict=True)) / count
    parts = [held(weights), held([w.grad for w in weights]), held(master), held(states)]
    return parts, moved


def experiment(off=False):
    third = "bf16 only" if off else "bf16 + master"
    recipes = ["fp32", "autocast", third]
    runs = {recipe: [_train(recipe, seed) for seed in range(3)] for recipe in recipes}
    totals = {recipe: sum(found[0][0]) for recipe, found in runs.items()}
    moved = {recipe: [share for _parts, share in found] for recipe, found in runs.items()}
    assert abs(totals["fp32"] - 16) < 0.01 and abs(totals["autocast"] - 16) < 0.01, (
        "16 bytes, autocast or not"
    )
    assert min(moved["fp32"]) > 0.9, "in fp32 nearly every weight takes part in a small step"
    labels = {
        "fp32": "fp32",
        "autocast": "autocast",
        "bf16 + master": "bf16 + fp32 master",
        "bf16 only": "bf16",
    }
    if off:
        assert abs(totals[third] - 8) < 0.01, "without fp32 copies it is 8 bytes"
        assert max(moved[third]) < 0.4 * min(moved["fp32"]), "and most weights do not move"
        says = (
            f"All in bf16, a parameter takes {totals[third]:.0f} bytes instead of {totals['fp32']:.0f}. But a step with "
            f"learning rate 1e-5 changes only {max(moved[third]):.0%} of the weights at most (three seeds), against "
            f"{min(moved['fp32']):.0%} in fp32: the rest of the updates is rounded away.",
            f"全用 bf16，每个参数占 {totals[third]:.0f} 字节，不再是 {totals['fp32']:.0f}。但学习率 1e-5 的一步最多只改动 "
            f"{max(moved[third]):.0%} 的权重（三个种子），fp32 下是 {min(moved['fp32']):.0%}：其余的更新都被舍入掉了。",
        )
    else:
        assert abs(totals[third] - 16) < 0.01, "bf16 with a master copy takes 16 bytes, too"
        assert min(moved[third]) > 0.9, "and its master weights take every small step"
        says = (
            f"All three ways take {totals['fp32']:.0f} bytes a parameter: what bf16 saves on weights and gradients, the "
            f"master copy takes. A step with learning rate 1e-5 changes {min(moved[third]):.0%} of the master weights.",
            f"三种方式都是每个参数 {totals['fp32']:.0f} 字节：bf16 在权重和梯度上省下的，正好被主权重占去。学习率 1e-5 "
            f"的一步改动了 {min(moved[third]):.0%} 的主权重。",
        )
    return {
        "says": says,
        "off": (
            "the third way keeps everything in bf16, without a master copy",
            "第三种方式全用 bf16，不另存主权重",
        ),
        "title": ("Bytes a parameter after one step of Adam", "Adam 走一步之后，每个参数占的字节数"),
        "chart": "table",
        "columns": [
            "",
            ("weight", "权重"),
            ("gradient", "梯度"),
            ("master", "主权重"),
            "m + v",
            ("total", "合计"),
        ],
        "rows": [
            [labels[recipe], *(round(part, 2) for part in found[0][0]), round(totals[recipe], 2)]
            for recipe, found in runs.items()
        ],
    }


def budget_draw(rng):
    model = rng.choice(list(MODELS))
    optimizer, states = rng.choice([("AdamW", 2), ("SGD(momentum=0.9)", 1)])
    count = _reckoned(model) / 1e9

    def shown(size):
        return float(f"{size * count:.4g}")

    return {
        "model": model,
        "optimizer": optimizer,
        "billions": float(f"{count:.3g}"),
        "bytes": 8 + 4 * states,
        "sum": "2 + 2 + 4" + states * " + 4",
        "answer": shown(8 + 4 * states),
        "no_master": shown(4 + 4 * states),
        "all_half": shown(4 + 2 * states),
        "weights": shown(2),
    }


def budget_evidence(drawn):
    rule = "AdamW" if drawn["optimizer"] == "AdamW" else "SGD"
    parts, _moved = _train("bf16 + master", rule=rule)
    size = sum(parts) * _counted(drawn["model"]) / 1e9
    return [abs(drawn[name] / size - 1) < 0.02 for name in ("answer", "no_master", "all_half", "weights")]


def bars_evidence():
    found = [round(sum(_train(recipe)[0]), 2) for recipe in ("fp32", "autocast", "bf16 + master")]
    return [found == said for said in ([16, 12, 8], [16, 8, 8], [16, 18, 20], [16, 16, 16])]


def master_evidence():
    import torch

    lost, kept = [], []
    for seed in range(3):
        kept.append(_train("bf16 + master", seed)[1])
        lost.append(1 - _train("bf16 only", seed)[1])
    rounded_away = min(lost) > 0.6 and min(kept) > 0.9
    overflows = torch.tensor(65504.0 * 4).to(torch.bfloat16).isinf().item()
    return [None, None, rounded_away, overflows]


def first_step_evidence():
    """Counts what is alive at the end of backward and after the first step, for two batch sizes."""
    import torch
    from torch import nn

    def at_step(batch, rule):
        net = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64))
        weights = list(net.parameters())
        alive = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: alive.append(t) or t, lambda t: t):
            loss = net(torch.ones(batch, 64)).square().mean()
        saved = len(alive)
        alive.clear()
        loss.backward()
        freed = loss.grad_fn.next_functions[0][0]  # its saved tensors are gone after backward
        try:
            gone = freed._saved_self is None
        except RuntimeError:
            gone = True
        optimizer = rule(weights)
        optimizer.step()
        states = sum(
            t.numel() for s in optimizer.state.values() for t in s.values() if torch.is_tensor(t) and t.dim()
        )
        return saved > 0 and gone, states / sum(w.numel() for w in weights)

    def adam(weights):
        return torch.optim.AdamW(weights, foreach=False)

    def momentum(weights):
        return torch.optim.SGD(weights, momentum=0.9, foreach=False)

    (gone, short), (_gone, long) = at_step(1, adam), at_step(64, adam)
    fewer = at_step(64, momentum)[1] < long  # fewer bytes of state do lower what the step needs
    return [not gone, gone and fewer and long == 2, short < long, None]


def aloud_evidence():
    parts, _moved = _train("bf16 + master")
    sizes = [round(part) for part in parts] == [2, 2, 4, 8]
    others = [round(sum(_train(recipe)[0])) for recipe in ("fp32", "autocast")] == [16, 16]
    return [sizes, 7e9 * sum(parts) > 80e9, others, None, None]
