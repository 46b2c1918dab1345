"""Experiment, draws and evidence for oom.md. What autograd keeps is counted on the CPU."""

MODELS = {  # width, vocabulary
    "GPT-2": (768, 50257),
    "Llama-2-7B": (4096, 32000),
    "Llama-3-8B": (4096, 128256),
    "Llama-3-70B": (8192, 128256),
}
LLAMA_3_8B = 32 * (2 * 4096**2 + 2 * 4096 * 1024 + 3 * 4096 * 14336 + 2 * 4096) + 2 * 128256 * 4096 + 4096
LLAMA_2_7B = 32 * (4 * 4096**2 + 3 * 4096 * 11008 + 2 * 4096) + 2 * 32000 * 4096 + 4096


def worked():
    import torch

    logits = torch.empty(1, 8192, 128256, device="meta")
    weights = torch.empty(32, 8192, 8192, dtype=torch.bfloat16, device="meta")
    return [
        f"{LLAMA_3_8B / 1e9:.2f} · 10⁹",
        f"{16 * LLAMA_3_8B / 1e9:.1f} GB",
        f"{logits.nbytes / 1e9:.1f} GB",
        f"{weights.nbytes / 1e9:.1f} GB",
    ]


def _block(d=64, wide=176, heads=4):
    """A Transformer block as a function of x and of the kind of attention, and its parameters."""
    import torch
    from torch import nn
    from torch.nn.functional import scaled_dot_product_attention, silu

    norms = [nn.RMSNorm(d) for _ in range(2)]
    q, k, v, o = (nn.Linear(d, d, bias=False) for _ in range(4))
    gate, up, down = (
        nn.Linear(d, wide, bias=False),
        nn.Linear(d, wide, bias=False),
        nn.Linear(wide, d, bias=False),
    )

    def run(x, fused):
        a = norms[0](x)
        one, two, three = (f(a).unflatten(-1, (heads, -1)).transpose(1, 2) for f in (q, k, v))
        if fused:
            y = scaled_dot_product_attention(one, two, three)
        else:
            y = (one @ two.mT * (d // heads) ** -0.5).softmax(-1) @ three
        x = x + o(y.transpose(1, 2).flatten(2))
        a = norms[1](x)
        return x + down(silu(gate(a)) * up(a))

    modules = [*norms, q, k, v, o, gate, up, down]
    torch.manual_seed(0)
    return run, [p for m in modules for p in m.parameters()]


def _kept(batch, n, fused):
    """MiB that one block keeps for the backward pass, each storage counted once, without the parameters."""
    import torch

    with torch.random.fork_rng():
        run, parameters = _block()
    own = {p.untyped_storage().data_ptr() for p in parameters}
    kept = {}

    def pack(t):
        storage = t.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage
        return t

    x = torch.ones(batch, n, 64, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        run(x, fused)
    return sum(storage.nbytes() for storage in kept.values()) / 2**20


def experiment(off=False):
    full, batch, length = (_kept(b, n, fused=off) for b, n in ((4, 512), (2, 512), (4, 256)))
    assert abs(batch / full - 0.5) < 0.01, "half the batch keeps half"
    if off:
        assert abs(length / full - 0.5) < 0.01, "without n² weights, so does half the length"
        says = (
            f"With fused attention {full:.1f} MiB are kept; half the batch leaves {batch:.1f}, half the length {length:.1f}: "
            "only the number of tokens counts.",
            f"用融合的注意力，要保存 {full:.1f} MiB；batch 减半剩 {batch:.1f}，长度减半剩 {length:.1f}：只看 token 总数。",
        )
    else:
        assert length / full < 0.4, "half the length keeps clearly less than half"
        says = (
            f"With plain attention {full:.1f} MiB are kept; half the batch leaves {batch:.1f}, half the length {length:.1f}, "
            f"{length / full:.0%} of the whole: the n² weights fall to a quarter.",
            f"用普通注意力，要保存 {full:.1f} MiB；batch 减半剩 {batch:.1f}，长度减半剩 {length:.1f}，即原来的 "
            f"{length / full:.0%}：n² 的权重降到了四分之一。",
        )
    return {
        "says": says,
        "off": ("attention is fused, its weights are not kept", "改用融合的注意力，不保存注意力权重"),
        "title": ("Kept for the backward pass of one block", "一个 block 为反向传播保存的量"),
        "chart": "bars",
        "bars": [
            (("4 × 512 tokens", "4 × 512 个 token"), round(full, 2)),
            (("half the batch", "batch 减半"), round(batch, 2)),
            (("half the length", "长度减半"), round(length, 2)),
        ],
        "unit": "MiB",
    }


def halve_evidence():
    full, batch, length = (_kept(b, n, fused=False) for b, n in ((4, 512), (2, 512), (4, 256)))
    return [batch < 0.95 * length, length < 0.8 * batch, abs(batch / length - 1) < 0.05, batch > 0.9 * full]


def logits_draw(rng):
    model, batch, n = rng.choice(list(MODELS)), rng.choice([3, 4, 6, 8]), rng.choice([1024, 2048, 4096, 8192])
    width, words = MODELS[model]
    size = 4 * batch * n * words / 1e9
    values = {"answer": size, "hidden": size * width / words, "one": size / batch, "half": size / 2}
    asked = {"model": model, "width": width, "words": words, "batch": batch, "n": n}
    return asked | {name: float(f"{v:.4g}") for name, v in values.items()}


def logits_evidence(drawn):
    import torch
    from torch import nn

    out = nn.Linear(drawn["width"], drawn["words"], bias=False, device="meta", dtype=torch.bfloat16)
    hidden = torch.empty(drawn["batch"], drawn["n"], drawn["width"], device="meta", dtype=torch.bfloat16)
    size = out(hidden).float().nbytes / 1e9
    return [abs(drawn[name] / size - 1) < 0.01 for name in ("answer", "hidden", "one", "half")]


def fits_evidence():
    gpu, activations, few = 80, 20, 3
    states, frozen = 16 * LLAMA_2_7B / 1e9, 2 * LLAMA_2_7B / 1e9
    needed = [
        states + few,
        states / 8 + activations,
        states + activations / 4,
        frozen + 0.005 * states + activations,
        (2 + 2 + 4 + 1 + 1) * LLAMA_2_7B / 1e9 + activations,
    ]
    return [size < gpu for size in needed]


class _Alive:
    """Counts the numbers that autograd keeps at any moment, and their peak."""

    def __init__(self):
        self.now = self.peak = 0

    def hooks(self):
        import torch

        counter = self

        class Held:
            def __init__(self, t):
                self.tensor = t
                counter.now += t.numel()
                counter.peak = max(counter.peak, counter.now)

            def __del__(self):
                counter.now -= self.tensor.numel()

        return torch.autograd.graph.saved_tensors_hooks(Held, lambda held: held.tensor)


def _net(seed=0):
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Linear(12, 32), nn.Tanh(), nn.Dropout(0.1), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
        )
    return net.double()


def growing_evidence():
    import torch

    def climb(batch=16, no_grad=False):
        net, alive, total, seen = _net().eval(), _Alive(), 0.0, []
        with alive.hooks(), torch.set_grad_enabled(not no_grad):
            for _ in range(4):
                total = total + net(torch.ones(batch, 12).double()).square().mean()
                seen.append(alive.now)
        return seen[-1] > seen[0]

    return [not climb(batch=4), None, climb() and not climb(no_grad=True), not climb()]


def _accumulated(way, seed=0):
    """Peak of what is kept, and the gradient: the whole batch, micro-batches, or micro-batches with one backward."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x, net, alive = torch.randn(64, 12, generator=g, dtype=torch.float64), _net(seed).eval(), _Alive()
    parts = [x] if way == "whole" else x.split(16)
    with alive.hooks():
        if way == "late":
            (sum(net(part).square().mean() for part in parts) / len(parts)).backward()
        else:
            for part in parts:
                (net(part).square().mean() / len(parts)).backward()
    return alive.peak, torch.cat([p.grad.flatten() for p in net.parameters()])


def late_backward_evidence():
    import torch

    found = []
    for seed in range(3):
        (peak, gradient), (late, its) = _accumulated("whole", seed), _accumulated("late", seed)
        found.append((late / peak, torch.allclose(gradient, its)))
    quarter = all(ratio < 0.4 for ratio, _same in found)
    whole = all(ratio > 0.95 for ratio, _same in found)
    same = all(equal for _ratio, equal in found)
    return [quarter and not same, quarter and same, whole and not same, whole and same]


def weights_draw(rng):
    while True:
        counts = [rng.choice([20, 25, 40, 50, 60, 80, 100, 120, 150, 200]) for _ in range(4)]
        total, least, most = sum(counts), min(counts), max(counts)
        values = {
            "answer": total / (4 * least),
            "against_longest": most / least,
            "no_division": total / least,
            "inverted": 4 * least / total,
        }
        apart = all(
            abs(a / b - 1) > 0.05 for i, a in enumerate(values.values()) for b in list(values.values())[:i]
        )
        if apart and len(set(counts)) == 4:
            shown = {name: float(f"{v:.4g}") for name, v in values.items()}
            return dict(zip("abcd", counts, strict=True)) | {"total": total, "least": least} | shown


def weights_evidence(drawn):
    import torch

    counts = [drawn[name] for name in "abcd"]
    losses = torch.ones(sum(counts), dtype=torch.float64, requires_grad=True)
    for part in losses.split(counts):
        (part.mean() / 4).backward()
    accumulated = losses.grad.clone()
    (whole,) = torch.autograd.grad(losses.mean(), losses)
    shortest = accumulated.split(counts)[counts.index(min(counts))]
    ratio = (shortest[0] / whole[0]).item()
    names = ("answer", "against_longest", "no_division", "inverted")
    return [abs(drawn[name] / ratio - 1) < 0.01 for name in names]


def freed_evidence():
    import torch

    (peak, gradient), (parts, its) = _accumulated("whole"), _accumulated("micro")
    less = parts < 0.4 * peak and torch.allclose(gradient, its)
    late = _accumulated("late")[0]  # the same micro-batches, whose activations are not freed in between
    return [None, less and late > 0.95 * peak, None, gradient.numel() != its.numel()]


def aloud_evidence():
    logits = 4 * 8192 * 128256 / 1e9
    peak, parts = _accumulated("whole")[0], _accumulated("micro")[0]
    return [
        None,
        16 * LLAMA_3_8B / 1e9 > 80 and logits > 4,
        parts < 0.4 * peak,
        not fits_evidence()[2],
        growing_evidence()[2],
    ]
