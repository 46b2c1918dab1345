"""Experiment, draws and evidence for activation_checkpointing.md. What autograd keeps is counted on the CPU."""

MODELS = {  # layers, width, heads
    "Llama-2-7B": (32, 4096, 32),
    "Llama-2-13B": (40, 5120, 40),
    "Llama-2-70B": (80, 8192, 64),
}


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


def _peak(layers, k, kept, size=1000):
    """Peak, in inputs of a layer, of equal layers that keep `kept` tensors each; k = 0: without checkpointing."""
    import torch
    from torch.utils.checkpoint import checkpoint

    def run(count, x):
        for _ in range(count * kept):
            x = x.tanh()  # keeps its output
        return x

    alive, x = _Alive(), torch.full((size,), 0.5, requires_grad=True)
    with alive.hooks():
        y = x
        if k:
            for start in range(0, layers, k):
                count = min(k, layers - start)
                # this form saves its input like any operation, so that the hooks see it
                y = checkpoint(run, count, y, use_reentrant=True, preserve_rng_state=False)
        else:
            y = run(layers, y)
        y.sum().backward()
    return alive.peak / size


def _transformer_keeps():
    """What a Transformer layer with fused attention keeps, in units of its input."""
    import torch
    from torch import nn
    from torch.nn.functional import scaled_dot_product_attention, silu

    d, wide, heads, n = 64, 172, 4, 256  # the proportions of Llama-2-7B: 11008/4096
    norms = [nn.RMSNorm(d) for _ in range(2)]
    q, k, v, o = (nn.Linear(d, d, bias=False) for _ in range(4))
    gate, up, down = (
        nn.Linear(d, wide, bias=False),
        nn.Linear(d, wide, bias=False),
        nn.Linear(wide, d, bias=False),
    )
    own = {
        p.untyped_storage().data_ptr() for m in (*norms, q, k, v, o, gate, up, down) for p in m.parameters()
    }
    kept = {}

    def pack(t):
        storage = t.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage
        return t

    x = torch.ones(1, n, d, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        a = norms[0](x)
        y = scaled_dot_product_attention(
            *(f(a).unflatten(-1, (heads, -1)).transpose(1, 2) for f in (q, k, v))
        )
        h = x + o(y.transpose(1, 2).flatten(2))
        a = norms[1](h)
        h + down(silu(gate(a)) * up(a))
    return sum(storage.nbytes() for storage in kept.values()) / x.nbytes


def worked():
    import torch

    inputs = torch.empty(32, 1, 4096, 4096, dtype=torch.bfloat16, device="meta").nbytes
    return [
        f"{_peak(36, 6, 1):.0f} ",
        f"a = {_transformer_keeps():.0f}",
        f"{_peak(36, 1, 21):.0f}",
        f"{_peak(36, 0, 21):.0f}",
        f"{inputs / 32 / 2**20:.0f} MiB",
        f"{inputs / 2**30:.1f} GiB",
    ]


def experiment(off=False):
    layers, kept = 36, 21 if off else 1
    lengths = [1, 2, 3, 4, 6, 9, 12, 18, 36]
    peaks = [_peak(layers, k, kept) for k in lengths]
    without = _peak(layers, 0, kept)
    best = lengths[peaks.index(min(peaks))]
    assert all(peak == layers / k + k * kept for k, peak in zip(lengths, peaks, strict=True)), "L/k + k·a"
    if off:
        assert best == 1 and peaks == sorted(peaks), "layers that keep much: a segment for each is best"
        says = (
            f"When a layer keeps 21 tensors, the peak is least at k = 1: {peaks[0]:.0f}, against {peaks[4]:.0f} at k = 6 and "
            f"{without:.0f} without checkpointing. Nothing is left of √L.",
            f"每层保存 21 个张量时，峰值在 k = 1 处最低：{peaks[0]:.0f}；k = 6 时是 {peaks[4]:.0f}，不用重计算是 "
            f"{without:.0f}。√L 的规律不见了。",
        )
    else:
        assert best == 6, "the least peak is at √L"
        says = (
            f"The peak falls from {peaks[0]:.0f} tensors at k = 1 to {min(peaks):.0f} at k = {best} and rises to "
            f"{peaks[-1]:.0f} at k = 36; without checkpointing it is {without:.0f}.",
            f"峰值从 k = 1 的 {peaks[0]:.0f} 个张量降到 k = {best} 的 {min(peaks):.0f} 个，再升到 k = 36 的 {peaks[-1]:.0f} "
            f"个；不用重计算是 {without:.0f} 个。",
        )
    return {
        "says": says,
        "off": ("each layer keeps 21 tensors instead of one", "每层保存 21 个张量，而不是 1 个"),
        "title": ("Tensors kept at the peak, 36 layers", "峰值时保存的张量数，36 层"),
        "chart": "curves",
        "x": lengths,
        "x_label": ("k layers a segment", "每段 k 层"),
        "y_label": ("tensors", "张量数"),
        "log_x": True,
        "log_y": off,
        "series": [
            (("checkpointed", "激活重计算"), peaks),
            (("without", "不用"), [without] * len(lengths)),
        ],
    }


def segments_evidence():
    lengths = [1, 2, 3, 4, 6, 9, 12, 18, 36]
    peaks = [_peak(36, k, 1) for k in lengths]
    falls, rises = peaks == sorted(peaks, reverse=True), peaks == sorted(peaks)
    between = lengths[peaks.index(min(peaks))] == 6 and peaks[0] > 2 * min(peaks) < peaks[-1]
    return [falls, between, rises, max(peaks) < 1.1 * min(peaks)]


def peak_draw(rng):
    while True:
        layers, kept, parts = (
            rng.choice([24, 32, 36, 40, 48, 64]),
            rng.choice([2, 3, 4, 5, 8]),
            rng.choice([4, 6, 8, 12]),
        )
        if layers % parts or layers == parts:
            continue
        k = layers // parts
        values = {
            "answer": parts + k * kept,
            "inputs": parts,
            "one_layer": parts + kept,
            "nothing": layers * kept,
        }
        if len(set(values.values())) == 4:
            return {"layers": layers, "kept": kept, "k": k, "segments": parts} | values


def peak_evidence(drawn):
    peak = _peak(drawn["layers"], drawn["k"], drawn["kept"])
    return [drawn[name] == peak for name in ("answer", "inputs", "one_layer", "nothing")]


def stored_draw(rng):
    model, batch, n = rng.choice(list(MODELS)), rng.choice([4, 8, 16]), rng.choice([2048, 4096, 8192])
    layers, width, heads = MODELS[model]
    gib = layers * batch * n * width * 2 / 2**30
    values = {"answer": gib, "per_head": gib / heads, "one": gib / batch, "wide": 2 * gib}
    asked = {"model": model, "layers": layers, "width": width, "heads": heads, "batch": batch, "n": n}
    return asked | {name: float(f"{v:.4g}") for name, v in values.items()}


def stored_evidence(drawn):
    import torch

    shape = drawn["layers"], drawn["batch"], drawn["n"], drawn["width"]
    gib = torch.empty(shape, dtype=torch.bfloat16, device="meta").nbytes / 2**30
    return [abs(drawn[name] / gib - 1) < 0.01 for name in ("answer", "per_head", "one", "wide")]


def slower_draw(rng):
    step, percent = rng.choice([240, 300, 360, 420, 480, 600]), rng.choice([25, 50, 75, 100])
    share = percent / 100
    return {
        "step": step,
        "percent": percent,
        "share": share,
        "answer": round(step * (3 + share) / 3, 2),
        "whole_step": round(step * (1 + share), 2),
        "equal_halves": round(step * (2 + share) / 2, 2),
        "as_backward": round(step * (3 + 2 * share) / 3, 2),
    }


def _flops(share):
    """FLOPs of a step of eight equal linear layers, of which a share is checkpointed."""
    import torch
    from torch.utils.checkpoint import checkpoint
    from torch.utils.flop_counter import FlopCounterMode

    w = [torch.full((16, 16), 0.1, requires_grad=True) for _ in range(8)]
    x = torch.ones(4, 16, requires_grad=True)  # as if further layers came before

    def layer(x, w):
        return (x @ w).tanh()

    with FlopCounterMode(display=False) as counter:
        for number, weight in enumerate(w):
            again = number < share * len(w)
            x = checkpoint(layer, x, weight, use_reentrant=True) if again else layer(x, weight)
        x.sum().backward()
    return counter.get_total_flops()


def slower_evidence(drawn):
    ms = drawn["step"] * _flops(drawn["share"]) / _flops(0)
    return [
        abs(drawn[name] / ms - 1) < 0.005 for name in ("answer", "whole_step", "equal_halves", "as_backward")
    ]


def _dropout_gradient(seed, p, restore):
    """The gradient of the first weight, plain and with checkpointing."""
    import torch
    from torch.nn.functional import dropout
    from torch.utils.checkpoint import checkpoint

    g = torch.Generator().manual_seed(seed)
    x, one, two = (
        torch.randn(a, b, generator=g, dtype=torch.float64) for a, b in ((64, 10), (10, 20), (20, 5))
    )
    one.requires_grad_()

    def run(w):
        return dropout((x @ w).relu(), p, True) @ two

    found = []
    for wrapped in (False, True):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            y = checkpoint(run, one, use_reentrant=False, preserve_rng_state=restore) if wrapped else run(one)
            found.append(torch.autograd.grad(y.square().mean(), one)[0])
    return found


def silent_evidence():
    def apart(p, restore):
        found = []
        for seed in range(3):
            plain, other = _dropout_gradient(seed, p, restore)
            found.append(((plain - other).norm() / plain.norm()).item())
        return found

    wrong, right, without = apart(0.3, False), apart(0.3, True), apart(0.0, False)
    runs = min(wrong) > 0.1 and max(right) < 1e-9 and max(without) < 1e-9
    return [max(without) > 1e-9, max(right) > 1e-9, None, runs]


def every_layer_evidence():
    kept = round(_transformer_keeps())
    lengths = [1, 2, 4, 8, 16, 32]
    much, little = ([_peak(32, k, a) for k in lengths] for a in (kept, 1))
    best = lengths[much.index(min(much))] == 1 and lengths[little.index(min(little))] in (4, 8)
    square = min(range(1, 37), key=lambda k: 36 / k + k * kept) != 1  # a number of layers with a whole root
    return [None, None, square, 15 < kept < 30 and best]


def holds_evidence():
    import warnings

    import torch
    from torch import nn
    from torch.utils.checkpoint import checkpoint

    def step(wrapped, reentrant=False):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            net = nn.Sequential(
                nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Tanh(), nn.Linear(8, 2)
            ).double()
            x = torch.randn(32, 6, dtype=torch.float64)
            y = checkpoint(net, x, use_reentrant=reentrant) if wrapped else net(x)
            if reentrant:
                return y.requires_grad
            y.square().mean().backward()
        return [p.grad for p in net.parameters()], net[1].num_batches_tracked.item(), net, x

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not step(True, reentrant=True), "the older kind: no gradient, as the input needs none"
    (plain, once, net, x), (again, twice, _net, _x) = step(False), step(True)
    same = all(torch.allclose(a, b) for a, b in zip(plain, again, strict=True))
    fewer = sum(g.numel() for g in again) < sum(g.numel() for g in plain)
    alive = _Alive()
    with alive.hooks(), torch.no_grad():
        net.eval()(x)
    return [same, fewer, once == 1 and twice == 2, alive.peak > 0]


def aloud_evidence():
    exact = (
        max((a - b).abs().max().item() for a, b in [_dropout_gradient(s, 0.3, True) for s in range(3)]) < 1e-9
    )
    less = _peak(36, 6, 1) < _peak(36, 0, 1)
    return [
        less,
        segments_evidence()[1],
        abs(_flops(1) / _flops(0) - 4 / 3) < 0.01,
        exact,
        holds_evidence()[2],
    ]
