"""Experiment, draws and evidence for flash_io.md: attention on a memory that counts what is read and written."""

MODELS = {  # layers, heads
    "Llama-2-7B": (32, 32),
    "Llama-2-13B": (40, 40),
    "Llama-2-70B": (80, 64),
}


class _Memory:
    """HBM without a cache: every load and store is counted, and so are the multiplications of the products."""

    def __init__(self):
        self.moved = self.multiplications = 0

    def load(self, tensor):
        self.moved += tensor.numel()
        return tensor

    def store(self, tensor):
        self.moved += tensor.numel()
        return tensor

    def product(self, a, b):
        self.multiplications += a.shape[0] * a.shape[1] * b.shape[1]
        return a @ b


def _plain(memory, q, k, v):
    scores = memory.store(memory.product(memory.load(q), memory.load(k).T) / q.shape[1] ** 0.5)
    weights = memory.store(memory.load(scores).softmax(1))
    return memory.store(memory.product(memory.load(weights), memory.load(v)))


def _flash(memory, q, k, v, block=128, keys=128):
    import torch

    out = []
    for rows in q.split(block):
        rows = memory.load(rows)
        top = rows.new_full((rows.shape[0], 1), -1e30)
        total, mean = torch.zeros_like(top), torch.zeros_like(rows)
        for some_k, some_v in zip(k.split(keys), v.split(keys), strict=True):
            scores = memory.product(rows, memory.load(some_k).T) / q.shape[1] ** 0.5
            higher = torch.maximum(top, scores.amax(1, keepdim=True))
            shrink, tile = (top - higher).exp(), (scores - higher).exp()
            total = shrink * total + tile.sum(1, keepdim=True)
            mean = shrink * mean + memory.product(tile, memory.load(some_v))
            top = higher
        memory.store(top + total.log())  # one number a row, for the backward pass
        out.append(memory.store(mean / total))
    return torch.cat(out)


def _inputs(n, d, seed=0, device="cpu"):
    import torch

    if device == "meta":
        return [torch.empty(n, d, device="meta") for _ in range(3)]
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(n, d, generator=g, dtype=torch.float64) for _ in range(3)]


def _counted(n, d, block, seed=0):
    """Both ways on the same inputs, which must give the same output."""
    import torch

    q, k, v = _inputs(n, d, seed)
    plain, flash = _Memory(), _Memory()
    same = torch.allclose(_plain(plain, q, k, v), _flash(flash, q, k, v, block), atol=1e-10)
    return plain, flash, same


def worked():
    def mib(numbers):
        return f"{2 * numbers / 2**20:.0f} MiB"

    n, d, block = 4096, 64, 128
    plain, flash = _Memory(), _Memory()
    _plain(plain, *_inputs(n, d, device="meta"))
    _flash(flash, *_inputs(n, d, device="meta"), block)
    weights, rows = 32 * n * n * 2, 32 * n * 4
    return [
        mib(plain.moved),
        mib(flash.moved),
        f"{2 * n * 128 * 2 / 2**20:.0f} MiB",
        f"{weights / 2**30:.0f} GiB",
        f"{rows / 2**10:.0f} KiB",
    ]


def experiment(off=False):
    block, d, lengths = (1 if off else 128), 64, [128, 256, 512, 1024]
    both = [_counted(n, d, block) for n in lengths]
    for seed in (1, 2):
        assert _counted(256, d, block, seed)[2], "both give the same output"
    for plain, flash, same in both:
        assert same, "both give the same output"
        assert plain.multiplications == flash.multiplications, "and multiply equally often"
    plain, flash = both[-1][0].moved, both[-1][1].moved
    if off:
        assert flash > 20 * plain, "a query at a time reads K and V so often that nothing is saved"
        says = (
            f"With room for one query at a time, flash attention moves {flash / 1e6:.1f} million numbers at n = 1024, plain "
            f"attention {plain / 1e6:.1f}: what is saved on scores is lost many times over on reading K and V again.",
            f"片上每次只放一个 query，n = 1024 时 flash attention 要读写 {flash / 1e4:.0f} 万个数，普通注意力是 "
            f"{plain / 1e4:.0f} 万：省下了分数，却在重读 K 和 V 上赔了许多倍。",
        )
    else:
        assert flash < 0.3 * plain, "tiles save most of the traffic"
        says = (
            f"At n = 1024 plain attention moves {plain / 1e6:.2f} million numbers, flash attention {flash / 1e6:.2f}, a factor "
            f"of {plain / flash:.1f}. Both do {both[-1][0].multiplications / 1e6:.0f} million multiplications, and the outputs agree.",
            f"n = 1024 时，普通注意力读写 {plain / 1e4:.0f} 万个数，flash attention 是 {flash / 1e4:.0f} 万，相差 "
            f"{plain / flash:.1f} 倍。两者都做 {both[-1][0].multiplications / 1e8:.2f} 亿次乘法，输出一致。",
        )
    return {
        "says": says,
        "off": ("the chip holds one query at a time, not 128", "片上每次只放一个 query，而不是 128 个"),
        "title": ("Numbers read and written, one head, d = 64", "读写的数的个数，一个 head，d = 64"),
        "chart": "curves",
        "x": lengths,
        "x_label": ("n tokens", "n 个 token"),
        "y_label": ("numbers moved", "读写的数"),
        "log_x": True,
        "log_y": True,
        "series": [
            (("plain", "普通"), [float(a.moved) for a, _b, _same in both]),
            ("flash", [float(b.moved) for _a, b, _same in both]),
        ],
    }


def counted_evidence():
    plain, flash, same = _counted(1024, 64, 128)
    moved, work = flash.moved / plain.moved, flash.multiplications / plain.multiplications
    quarter, equal = abs(moved - 0.25) < 0.03, abs(moved - 1) < 0.1
    return [quarter and work < 0.6, equal and work < 0.6, same and quarter and work == 1, equal and work == 1]


def traffic_draw(rng):
    while True:
        n, d, block = rng.choice([1024, 2048, 4096]), rng.choice([64, 128]), rng.choice([64, 128, 256])
        numbers = {
            "answer": 2 * n * d * (1 + n // block),
            "once": 4 * n * d,
            "plain": 4 * n * n + 4 * n * d,
            "one_by_one": 2 * n * d * (1 + n),
        }
        mib = {name: float(f"{2 * count / 2**20:.5g}") for name, count in numbers.items()}
        if all(abs(mib["answer"] / mib[name] - 1) > 0.05 for name in ("once", "plain", "one_by_one")):
            return {"n": n, "d": d, "block": block, "blocks": n // block} | mib


def traffic_evidence(drawn):
    memory = _Memory()
    _flash(memory, *_inputs(drawn["n"], drawn["d"], device="meta"), drawn["block"], keys=256)
    mib = 2 * (memory.moved - drawn["n"]) / 2**20
    return [abs(drawn[name] / mib - 1) < 0.01 for name in ("answer", "once", "plain", "one_by_one")]


def kept_draw(rng):
    model, n, batch = rng.choice(list(MODELS)), rng.choice([2048, 4096, 8192]), rng.choice([1, 2, 4])
    layers, heads = MODELS[model]
    gib = batch * layers * heads * n * n * 2 / 2**30
    values = {"answer": gib, "one_layer": gib / layers, "wide": 2 * gib, "per_row": gib * 2 / n}
    asked = {"model": model, "layers": layers, "heads": heads, "n": n, "batch": batch}
    return asked | {name: float(f"{v:.4g}") for name, v in values.items()}


def kept_evidence(drawn):
    """Counts the n × n tensors that autograd keeps for a small attention, then takes the model's sizes."""
    import torch

    heads, n, d, kept = 3, 20, 4, {}
    q, k, v = (torch.ones(heads, n, d, requires_grad=True) for _ in range(3))

    def pack(t):
        if t.shape == (heads, n, n):
            kept[t.data_ptr()] = t.numel()
        return t

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        ((q @ k.mT) / d**0.5).softmax(-1) @ v
    each = sum(kept.values()) / (heads * n * n)
    gib = each * drawn["batch"] * drawn["layers"] * drawn["heads"] * drawn["n"] ** 2 * 2 / 2**30
    return [abs(drawn[name] / gib - 1) < 0.01 for name in ("answer", "one_layer", "wide", "per_row")]


def _backward(q, k, v, out, logs, arriving):
    """The backward pass of flash attention, untiled: from q, k, v, the output and one number a row."""
    scale = q.shape[-1] ** -0.5
    weights = (q @ k.mT * scale - logs).exp()  # computed again
    to_v = weights.mT @ arriving
    to_weights = arriving @ v.mT
    to_scores = weights * (to_weights - (arriving * out).sum(-1, keepdim=True)) * scale
    return to_scores @ k, to_scores.mT @ q, to_v


def _products():
    """FLOPs of matrix products in training, plain and flash, and whether the gradients agree."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    q, k, v = (t[None].requires_grad_() for t in _inputs(24, 8))
    arriving = torch.ones(1, 24, 8, dtype=torch.float64).cumsum(1)
    with FlopCounterMode(display=False) as plain:
        out = ((q @ k.mT) * 8**-0.5).softmax(-1) @ v
        gradients = torch.autograd.grad(out, (q, k, v), arriving)
    with torch.no_grad(), FlopCounterMode(display=False) as flash:
        scores = q @ k.mT * 8**-0.5
        logs = scores.logsumexp(-1, keepdim=True)
        out = (scores - logs).exp() @ v
        mine = _backward(q, k, v, out, logs, arriving)
    agree = all(torch.allclose(a, b) for a, b in zip(gradients, mine, strict=True))
    return plain.get_total_flops(), flash.get_total_flops(), agree


def recompute_evidence():
    peak, rate, d = 989e12, 3.35e12, 128  # an H100
    again, moving = 2 * d / peak, 4 / rate  # seconds for each score
    plain, flash, agree = _products()
    return [None, agree and flash > plain and again < 0.5 * moving, not agree, None]


def products_draw(rng):
    plain = 6 * rng.choice([2, 3, 4, 5, 7, 8, 10, 12, 15, 20])
    return {"plain": plain, "answer": plain * 7 // 6, "both": plain * 8 // 6, "fewer": plain * 5 // 6}


def products_evidence(drawn):
    plain, flash, agree = _products()
    value = drawn["plain"] * flash / plain
    return [agree and abs(drawn[name] / value - 1) < 0.005 for name in ("answer", "plain", "both", "fewer")]


def one_query_evidence():
    import torch

    n, d = 8192, 128

    def gain(queries):
        q, k, v = torch.empty(queries, d, device="meta"), *_inputs(n, d, device="meta")[:2]
        plain, flash = _Memory(), _Memory()
        _plain(plain, q, k, v)
        _flash(flash, q, k, v, block=256, keys=512)
        return plain.moved / flash.moved

    q, k, v = _inputs(64, 8)  # a single row in tiles of seven keys
    tiled = torch.allclose(_flash(_Memory(), q[:1], k, v, keys=7), _plain(_Memory(), q[:1], k, v))
    return [gain(1) < 1.05 and gain(n) > 2, None, None, not tiled]


def aloud_evidence():
    plain, flash, same = _counted(1024, 64, 128)
    flops = _products()
    less = flash.moved < 0.3 * plain.moved
    return [plain.moved > 4 * 1024**2, less, same, flops[2] and flops[1] > flops[0], same]
