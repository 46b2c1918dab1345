"""Runs the claims about self-attention and cross-attention."""


def sources_evidence():
    import torch
    from torch import nn

    torch.manual_seed(0)
    model = nn.Transformer(16, 2, 1, 1, 32, dropout=0.0, batch_first=True)
    seen, memory = {}, []
    names = {name: part for name, part in model.named_modules() if isinstance(part, nn.MultiheadAttention)}
    for name, part in names.items():
        part.register_forward_pre_hook(lambda _, args, name=name: seen.__setitem__(name, args[:3]))
    model.encoder.register_forward_hook(lambda _, args, output: memory.append(output))
    model(torch.randn(2, 7, 16), torch.randn(2, 5, 16))
    encoder = memory[0]
    selfish = [name for name, (q, k, v) in seen.items() if q is k and k is v]
    q, k, v = next(given for name, given in seen.items() if name not in selfish)
    from_encoder = [torch.equal(x, encoder) if x.shape == encoder.shape else False for x in (q, k, v)]
    two = len(seen) == 3 and len(selfish) == 2
    return [
        len(selfish) == 3,
        two and from_encoder == [True, False, False],
        two and from_encoder == [False, True, True],
        two and from_encoder == [False, False, True],
    ]


def how_source_enters_evidence():
    import torch
    from torch import nn

    torch.manual_seed(0)
    layer = nn.MultiheadAttention(8, 1, batch_first=True)
    target, source = torch.randn(1, 4, 8), torch.randn(1, 6, 8)
    out, weights = layer(target, source, source)
    w_v, b_v = layer.in_proj_weight[16:], layer.in_proj_bias[16:]
    mixture = layer.out_proj(weights @ (source @ w_v.T + b_v))
    own_target = layer(target, target, target)[0]
    own_source = layer(source, source, source)[0]
    try:
        added = torch.allclose(out, own_target + own_source)
    except RuntimeError:  # the lengths differ
        added = False
    # Were the sequences joined, another target token would change the first one's output.
    other = target.clone()
    other[0, 1:] += 1
    joined = not torch.allclose(layer(other, source, source)[0][0, 0], out[0, 0], atol=1e-6)
    same = torch.allclose(out[0, 0], out[0, 1], atol=1e-4)
    is_mean = torch.allclose(out, mixture, atol=1e-6) and torch.allclose(weights.sum(-1), torch.ones(1, 4))
    return [added, joined, same, is_mean]


def no_causal_evidence():
    import torch
    from torch import nn

    torch.manual_seed(0)
    model = nn.Transformer(16, 2, 1, 2, 32, dropout=0.0, batch_first=True)
    source, target = torch.randn(1, 6, 16), torch.randn(1, 6, 16)
    causal = nn.Transformer.generate_square_subsequent_mask(6)

    def run(source, target):
        return model(source, target, tgt_mask=causal)  # no mask on the memory

    before = run(source, target)
    later = target.clone()
    later[0, 4] += 1
    leak = (run(source, later) - before)[0, :4].abs().max().item()
    changed = source.clone()
    changed[0, 5] += 1
    first_token = (model.encoder(changed) - model.encoder(source))[0, 0].abs().max().item()
    queries = []
    layer = model.decoder.layers[0].multihead_attn
    hook = layer.register_forward_pre_hook(lambda _, args: queries.append(args[0].shape[1]))
    run(source, target)
    hook.remove()
    x = torch.randn(1, 6, 16)
    masked_sum = layer(x, source, source, attn_mask=causal)[1].sum(-1)
    return [
        first_token == 0,  # would hold if the encoder hid later tokens
        leak < 1e-6,
        queries == [1] * 6,
        not torch.allclose(masked_sum, torch.ones(1, 6)),
    ]


def two_caches_draw(rng):
    layers, width = rng.choice([(6, 512), (6, 1024), (12, 768), (12, 1024), (24, 1024)])
    source, target = rng.choice([120, 200, 300, 400]), rng.choice([50, 80, 150])
    mib = 2**20
    values = {
        "answer": 4 * layers * width * (target + source) / mib,
        "self_only": 4 * layers * width * target / mib,
        "shared": (4 * layers * width * target + 4 * width * source) / mib,
        "product": 2 * layers * target * source / mib,
    }
    sizes = {"layers": layers, "width": width, "source": source, "target": target}
    return sizes | {name: float(f"{value:.3g}") for name, value in values.items()}


def two_caches_evidence(drawn):
    import torch

    kept = 0
    for _ in range(drawn["layers"]):
        for length in (drawn["source"], drawn["target"]):
            x = torch.empty(length, drawn["width"], dtype=torch.bfloat16, device="meta")
            w = torch.empty(drawn["width"], drawn["width"], dtype=torch.bfloat16, device="meta")
            kept += (x @ w).nbytes + (x @ w).nbytes  # keys and values
    names = "answer", "self_only", "shared", "product"
    return [abs(drawn[name] * 2**20 / kept - 1) < 0.01 for name in names]


def _moved(masked=True, seed=0):
    """For each place: how many outputs move when the source, or the target, is changed there."""
    import torch
    from torch import nn

    n, m = 6, 9
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.Transformer(32, 4, 2, 2, 64, dropout=0.0, batch_first=True)
        source, target = torch.randn(1, m, 32), torch.randn(1, n, 32)
    causal = nn.Transformer.generate_square_subsequent_mask(n) if masked else None
    before = model(source, target, tgt_mask=causal)

    def count(changed_source, changed_target):
        after = model(changed_source, changed_target, tgt_mask=causal)
        return int(((after - before).abs().amax(-1) > 1e-5).sum())

    rows = []
    for place in range(n):
        x, y = source.clone(), target.clone()
        x[0, m - n + place] += 1
        y[0, place] += 1
        rows.append((count(x, target), count(source, y)))
    return rows


def reach_evidence():
    lasts = {_moved(seed=seed)[-1] for seed in range(3)}
    return [lasts == {pair} for pair in ((1, 1), (6, 1), (1, 6), (6, 6))]


def worked():
    import math

    import torch

    scores = torch.tensor([0.0, math.log(3)])
    weights = scores.softmax(0)
    out = (weights @ torch.tensor([4.0, 8.0])).item()
    return [f"{math.log(3):.3f}", *(f"{w:.2f}" for w in weights.tolist()), f"{out:.2f}"]


def experiment(off=False):
    n, runs = 6, [_moved(not off, seed) for seed in range(3)]
    moved = runs[0]
    assert all(run == moved for run in runs), "the counts do not depend on the seed"
    for place, (by_source, by_target) in enumerate(moved):
        assert by_source == n, "a source token reaches every target position"
        assert by_target == (n if off else n - place), (
            "a target token reaches only itself and later positions"
        )
    says = (
        f"Changing the last source token moves all {n} outputs; changing the last target token moves only {moved[-1][1]}. "
        "Cross-attention needs no causal mask, self-attention does.",
        f"改动最后一个源 token，{n} 个输出全变；改动最后一个目标 token，只变 {moved[-1][1]} 个："
        "交叉注意力不需要 causal mask，自注意力需要。",
    )
    if off:
        says = (
            f"Without the causal mask the last target token moves all {n} outputs too: position 0 sees the token that it is "
            "to predict, and those after it.",
            f"去掉 causal mask，改动最后一个目标 token 也会让 {n} 个输出全变：位置 0 看得到它要预测的 token，以及后面所有的。",
        )
    return {
        "says": says,
        "off": ("no causal mask", "不用 causal mask"),
        "title": (f"Outputs that change, of {n}", f"发生变化的输出（共 {n} 个）"),
        "chart": "table",
        "columns": [
            ("position changed", "改动的位置"),
            ("in the source", "改源序列"),
            ("in the target", "改目标序列"),
        ],
        "rows": [[str(place), *moved[place]] for place in (0, n // 2, n - 1)],
    }
