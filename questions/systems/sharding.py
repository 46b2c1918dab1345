"""Experiment, draws and evidence for sharding.md. Several workers are simulated in one process."""

BYTES = {"weights": 2, "gradients": 2, "states": 12}


class _Ring:
    """Counts the numbers that one worker sends, as a ring does it: all of the others' shares, once."""

    def __init__(self, workers):
        self.workers, self.sent = workers, 0

    def scatter(self, whole):
        """reduce-scatter: from a full vector on each worker to the mean of one shard on each."""
        self.sent += whole[0].numel() * (self.workers - 1) // self.workers
        return [sum(w.chunk(self.workers)[i] for w in whole) / self.workers for i in range(self.workers)]

    def gather(self, shards):
        """all-gather: from a shard on each worker to the full vector on each."""
        import torch

        self.sent += shards[0].numel() * (self.workers - 1)
        return torch.cat(shards)


def _train(stage, workers, seed, steps=20):
    """A two-layer net trained with Adam. Losses, bytes a parameter held, numbers sent a parameter and step."""
    import torch

    g = torch.Generator().manual_seed(seed)
    shapes = [(8, 16), (16, 4)]
    start = [torch.randn(s, generator=g, dtype=torch.float64) / s[0] ** 0.5 for s in shapes]
    x = torch.randn(32, 8, generator=g, dtype=torch.float64)
    y = torch.randn(32, 4, generator=g, dtype=torch.float64)
    ring, count = _Ring(workers), sum(w.numel() for w in start)
    # what stands on each worker between steps; whole where it is not cut
    weights = [
        [w.flatten().clone()] * workers if stage < 3 else list(w.flatten().chunk(workers)) for w in start
    ]
    own = [
        list(w.flatten().chunk(workers)) if stage else [w.flatten()] for w in start
    ]  # one, if all do the same
    moments = [[(torch.zeros_like(p), torch.zeros_like(p)) for p in shards] for shards in own]

    def full(layer):
        flat = ring.gather(weights[layer]) if stage == 3 else weights[layer][0]
        return flat.view(shapes[layer])

    def adam(p, grad, state, t):
        m, v = state
        m.mul_(0.9).add_(grad, alpha=0.1)
        v.mul_(0.99).addcmul_(grad, grad, value=0.01)
        return p - 0.02 * (m / (1 - 0.9**t)) / ((v / (1 - 0.99**t)).sqrt() + 1e-8)

    losses = []
    for t in range(1, steps + 1):
        first = full(0)
        hidden = [(part @ first).relu() for part in x.chunk(workers)]
        second = full(1)
        outs = [h @ second for h in hidden]
        errors = [o - part for o, part in zip(outs, y.chunk(workers), strict=True)]
        losses.append(sum(e.square().mean().item() for e in errors) / workers)
        at_out = [2 * e / e.numel() for e in errors]
        second = full(1)  # the backward pass needs the weights again
        grads = {1: [(h.T @ d).flatten() for h, d in zip(hidden, at_out, strict=True)]}
        at_hidden = [(d @ second.T) * (h > 0) for h, d in zip(hidden, at_out, strict=True)]
        full(0)  # for the gradient of this layer's input
        grads[0] = [(part.T @ d).flatten() for part, d in zip(x.chunk(workers), at_hidden, strict=True)]
        for layer in (1, 0):
            mean = ring.scatter(grads[layer])
            if not stage:
                mean = [ring.gather(mean)]  # together they are an all-reduce
            triples = zip(own[layer], mean, moments[layer], strict=True)
            own[layer] = [adam(p, grad, state, t) for p, grad, state in triples]
            if stage == 3:
                weights[layer] = own[layer]
            else:
                new = ring.gather(own[layer]) if stage else own[layer][0]
                weights[layer] = [new] * workers
    held = {
        "weights": sum(shards[0].numel() for shards in weights),
        "gradients": count // workers if stage >= 2 else count,
        "states": sum(shards[0].numel() for shards in own),
    }
    return losses, sum(BYTES[k] * n for k, n in held.items()) / count, ring.sent / count / steps


NAMES = [("plain", "不分片"), "ZeRO-1", "ZeRO-2", "ZeRO-3"]


def worked():
    billions, w = 6.74, 8
    a_parameter = [16, 4 + 12 / w, 2 + 14 / w, 16 / w]
    texts = [f"{billions * b:.1f}" for b in a_parameter]
    return [texts[0] + " GB", texts[1], texts[2], texts[3] + " GB"]


def experiment(off=False):
    workers = 1 if off else 4
    for seed in range(3):
        found = [_train(stage, workers, seed) for stage in range(4)]
        plain = found[0][0]
        assert plain[-1] < 0.9 * plain[0], "it learns"
        for losses, _held, _sent in found:
            gap = max(abs(a - b) for a, b in zip(losses, plain, strict=True))
            assert gap < 1e-9, "every stage trains as plain data parallelism does"
        held, sent = [f[1] for f in found], [f[2] for f in found]
        if off:
            assert held == [16.0] * 4 and sent == [0.0] * 4, "one worker: nothing to cut, nothing to send"
        else:
            assert held == [16.0, 7.0, 5.5, 4.0], "4 + 12/4, 2 + 14/4, 16/4"
            assert sent[0] == sent[1] == sent[2] == 1.5 and sent[3] == 2.25, "only stage 3 sends more"
    loss = f"{found[0][0][-1]:.3f}"
    if off:
        says = (
            f"With one worker every stage holds {held[3]:.0f} bytes a parameter and sends {sent[3]:.0f}; the loss ends "
            f"at {loss} for all.",
            f"只有一个 worker 时，每一级都存 {held[3]:.0f} 字节/参数，发送 {sent[3]:.0f} 个数；loss 都到 {loss}。",
        )
    else:
        says = (
            f"Four workers, the same losses at all stages (last {loss}). Bytes a parameter: {held[0]:g}, {held[1]:g}, "
            f"{held[2]:g}, {held[3]:g}. Sent a parameter and step: {sent[0]:g} numbers by plain data parallelism and "
            f"ZeRO-1 and 2, {sent[3]:g} by ZeRO-3: {sent[3] / sent[0]:.0%}.",
            f"四个 worker，各级的 loss 完全一样（最后为 {loss}）。每参数字节数：{held[0]:g}、{held[1]:g}、{held[2]:g}、"
            f"{held[3]:g}。每步每参数发送：普通数据并行、ZeRO-1、ZeRO-2 都是 {sent[0]:g} 个数，ZeRO-3 是 {sent[3]:g} 个，"
            f"即 {sent[3] / sent[0]:.0%}。",
        )
    return {
        "says": says,
        "off": ("one worker instead of four", "只用一个 worker，而不是四个"),
        "charts": [
            {
                "chart": "bars",
                "title": ("Bytes a parameter on each worker", "每个 worker 上每参数的字节数"),
                "bars": list(zip(NAMES, held, strict=True)),
            },
            {
                "chart": "bars",
                "title": (
                    "Numbers each worker sends, a parameter and step",
                    "每步每参数每个 worker 发送多少个数",
                ),
                "bars": list(zip(NAMES, sent, strict=True)),
            },
        ],
    }


def budget_draw(rng):
    billions = rng.choice([1.24, 3.21, 6.74, 8.03, 13.0, 70.6])
    workers, stage = rng.choice([8, 16, 32, 64]), rng.choice([1, 2, 3])
    whole = {1: 4, 2: 2, 3: 0}

    def size(at, total=16):
        return float(f"{billions * (whole[at] + (total - whole[at]) / workers):.4g}")

    other, another = [s for s in (1, 2, 3) if s != stage]
    return {
        "billions": billions,
        "workers": workers,
        "stage": stage,
        "whole": whole[stage],
        "cut": 16 - whole[stage],
        "other_stage": other,
        "another_stage": another,
        "answer": size(stage),
        "other": size(other),
        "another": size(another),
        "plain": round(16 * billions, 2),
        "moments": size(stage, 12),
    }


def budget_evidence(drawn):
    cut = {1: {"states"}, 2: {"states", "gradients"}, 3: {"states", "gradients", "weights"}}[drawn["stage"]]
    billions, workers = drawn["billions"], drawn["workers"]
    total = sum(n * billions / (workers if name in cut else 1) for name, n in BYTES.items())
    names = ("answer", "other", "another", "plain", "moments")
    return [abs(drawn[name] / total - 1) < 0.01 for name in names]


def traffic_evidence():
    plain, two, three = (_train(stage, 4, 0)[2] for stage in (0, 2, 3))
    shown = two / plain, three / plain
    return [shown == pair for pair in ((1.5, 1.5), (1, 2), (1, 1.5), (1.5, 2))]


def why_data_evidence():
    """Each worker's products under FSDP: as wide as the whole layer, on a share of the samples."""
    import torch

    workers, x, weight = 4, torch.randn(32, 8), torch.randn(8, 16)
    shards = weight.flatten().chunk(workers)
    gathered = torch.cat(shards).view(8, 16)
    outputs = [part @ gathered for part in x.chunk(workers)]
    by_samples = all(o.shape == (8, 16) for o in outputs) and torch.allclose(torch.cat(outputs), x @ weight)
    a_part_of_the_layer = any(o.shape[1] < 16 for o in outputs)
    return [None, a_part_of_the_layer, None, by_samples]


def layer_order_evidence():
    from itertools import permutations

    needs = [  # what must be there, what must not, what comes, what goes
        (set(), {"weights", "output", "gradient", "shard", "new"}, {"weights"}, set()),
        ({"weights"}, {"output"}, {"output"}, {"weights"}),
        ({"output"}, {"weights"}, {"weights"}, set()),
        ({"weights", "output"}, {"gradient"}, {"gradient"}, {"weights"}),
        ({"gradient"}, {"shard"}, {"shard"}, {"gradient"}),
        ({"shard"}, {"new"}, {"new"}, set()),
    ]

    def works(order):
        there = set()
        for step in order:
            must, mustnt, comes, goes = needs[step]
            if not must <= there or mustnt & there:
                return False
            there = (there | comes) - goes
        return True

    return [[order for order in permutations(range(6)) if works(order)] == [(0, 1, 2, 3, 4, 5)]]


def optimizers_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    weight, m, grad = (torch.randn(8, 6, generator=g, dtype=torch.float64) for _ in range(3))
    v = torch.rand(8, 6, generator=g, dtype=torch.float64)

    def adam(w, m, v, g):
        return (0.9 * m + 0.1 * g) / ((0.99 * v + 0.01 * g * g).sqrt() + 1e-8)

    def muon(w, m, v, g):
        u, _, vh = torch.linalg.svd(0.9 * m + g, full_matrices=False)
        return u @ vh

    def sgd(w, m, v, g):
        return 0.9 * m + g

    def lamb(w, m, v, g):
        update = adam(w, m, v, g)
        return update * w.norm() / update.norm()

    def lion(w, m, v, g):
        return (0.9 * m + 0.1 * g).sign()

    def adafactor(w, m, v, g):
        square = g * g
        rows, columns = square.mean(1, keepdim=True), square.mean(0, keepdim=True)
        return g / (rows * columns / rows.mean()).sqrt()

    def shards_do(update):
        whole = update(weight, m, v, grad)
        pieces = zip(*(t.chunk(2) for t in (weight, m, v, grad)), strict=True)
        return torch.allclose(torch.cat([update(*piece) for piece in pieces]), whole)

    return [shards_do(update) for update in (adam, muon, sgd, lamb, lion, adafactor)]


def _saved_a_token():
    """Numbers that autograd keeps for one token in one Llama-style layer, in units of d; counted on a small one."""
    import torch
    from torch import nn
    from torch.nn.functional import rms_norm, scaled_dot_product_attention, silu

    d, inner, heads, length = 64, 172, 4, 32  # 172/64 = 11008/4096
    ws = {k: nn.Parameter(torch.randn(d, d) / 8) for k in "qkvo"}
    ws |= {k: nn.Parameter(torch.randn(d, inner) / 8) for k in ("gate", "up")}
    ws["down"] = nn.Parameter(torch.randn(inner, d) / 13)
    own = {p.untyped_storage().data_ptr() for p in ws.values()}
    kept = {}

    def pack(t):
        if t.untyped_storage().data_ptr() not in own:
            kept[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes() // t.element_size()
            alive.append(t)
        return t

    alive = []
    x = torch.randn(length, d, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        h = rms_norm(x, (d,))
        q, k, v = ((h @ ws[n]).view(length, heads, -1).transpose(0, 1)[None] for n in "qkv")
        mixed = scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + mixed[0].transpose(0, 1).reshape(length, d) @ ws["o"]
        h = rms_norm(x, (d,))
        x = x + (silu(h @ ws["gate"]) * (h @ ws["up"])) @ ws["down"]
    return sum(kept.values()) / length / d


def long_sequences_evidence():
    layers, d, tokens, n = 32, 4096, 2 * 8192, 6.74
    layer = 2 * _saved_a_token() * d * tokens / 1e9  # bf16
    inputs = 2 * d * tokens * layers / 1e9
    assert abs(inputs - 4.3) < 0.05 and abs(layers * layer - 81) < 0.5 and abs(layer - 2.5) < 0.05
    logits = 2 * 4 * 32000 * tokens / 1e9  # float32, and their gradient
    assert abs(logits - 4) < 0.5
    assert abs(n * 16 / 64 - 1.7) < 0.05 and abs(n * 12 / 8 - 10.1) < 0.05
    assert abs(n * (2 + 14 / 8) - 25.3) < 0.05
    totals = [
        layers * layer + n * 16 / 64 + logits,
        inputs + layer + n * 16 / 8 + logits,
        layers * layer + n * 4 / 8 + logits,
        layers * layer + n * (2 + 14 / 8) + logits,
    ]
    return [total < 80 for total in totals]
