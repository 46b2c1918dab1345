"""Experiment, draws and evidence for decoder_block.md."""


def worked():
    from torch import nn

    def weights(kind):
        layer = kind(512, 8, 2048, device="meta")
        return sum(p.numel() for p in layer.parameters() if p.dim() > 1)

    encoder, decoder = weights(nn.TransformerEncoderLayer), weights(nn.TransformerDecoderLayer)
    assert (encoder, decoder) == (12 * 512**2, 16 * 512**2)
    return [f"{encoder:,}", f"{decoder:,}"]


def _influence(causal, seed, n=6, m=8, width=16):
    """‖∂ output i / ∂ input j‖ of two stacked decoder blocks: one row a target position, columns source | target."""
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        blocks = [nn.TransformerDecoderLayer(width, 2, 32, dropout=0.0, batch_first=True) for _ in range(2)]
        target, source = torch.randn(1, n, width), torch.randn(1, m, width)
    mask = nn.Transformer.generate_square_subsequent_mask(n) if causal else None

    def run(source, target):
        for block in blocks:
            target = block(target, source, tgt_mask=mask)
        return target[0]

    parts = torch.autograd.functional.jacobian(run, (source, target))  # (n, width, 1, m or n, width)
    return torch.cat([part[:, :, 0].pow(2).sum((1, 3)).sqrt() for part in parts], dim=1)


def _triangular(square):
    return square.triu(1).amax().item() == 0 and square.tril().diagonal().amin().item() > 0


def experiment(off=False):
    n, m = 6, 8
    maps = [_influence(not off, seed, n, m) for seed in range(3)]
    later = sum(m_[:, m:].triu(1).count_nonzero().item() for m_ in maps) / 3
    least = min(m_[:, :m].amin().item() for m_ in maps)
    assert least > 0, "every target position depends on every source position"
    if off:
        assert later == n * (n - 1) / 2, "without the mask later targets are read"
        says = (
            f"Without the causal mask all {n * (n - 1) // 2} pairs above the diagonal are alive: early outputs read "
            f"later tokens, among them the answers. The source part is full as before.",
            f"去掉 causal mask，对角线以上的 {n * (n - 1) // 2} 对全都有依赖：靠前的输出读到了后面的 token，包括答案。"
            f"源序列部分和原来一样是满的。",
        )
    else:
        assert all(_triangular(m_[:, m:]) for m_ in maps), "the target part is triangular, exactly"
        says = (
            f"Each of the {n} outputs depends on all {m} source positions (weakest influence {least:.1g}), "
            f"and on target inputs up to its own: above the diagonal the influence is exactly {later:.0f}, for three seeds.",
            f"{n} 个输出都依赖全部 {m} 个源位置（最弱的影响为 {least:.1g}），目标输入则只依赖到自己为止：三个种子下，"
            f"对角线以上的影响恰好为 {later:.0f}。",
        )
    shown = maps[0] / maps[0].amax(1, keepdim=True)
    picture = [[*row[:m], 0.0, *row[m:]] for row in shown.sqrt().tolist()]
    return {
        "says": says,
        "off": ("no causal mask", "不加 causal mask"),
        "chart": "picture",
        "title": (
            "Which input each output depends on: source | target",
            "每个输出依赖哪些输入：源序列 | 目标序列",
        ),
        "values": picture,
        "rows": [f"y{i}" for i in range(n)],
        "columns": [*(f"s{j}" for j in range(m)), "|", *(f"t{j}" for j in range(n))],
        "low": 0,
        "high": 1,
    }


def sublayers_evidence():
    from itertools import permutations

    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [nn.TransformerDecoderLayer(8, 2, 16, 0.0, batch_first=True, norm_first=True) for _ in "ab"]
        final = nn.LayerNorm(8)
        y, memory = torch.randn(1, 4, 8), torch.randn(1, 5, 8)
        head = nn.Linear(8, 7)
    mask = nn.Transformer.generate_square_subsequent_mask(4)
    stack = nn.TransformerDecoder(layers[0], 2, norm=final)
    stack.layers = nn.ModuleList(layers)
    expected = head(stack(y, memory, tgt_mask=mask))
    a, b = layers

    def self_attention(layer, y):
        h = layer.norm1(y)
        return y + layer.self_attn(h, h, h, attn_mask=mask)[0]

    def cross_attention(layer, y):
        return y + layer.multihead_attn(layer.norm2(y), memory, memory)[0]

    def ffn(layer, y):
        return y + layer.linear2(torch.relu(layer.linear1(layer.norm3(y))))

    steps = [
        lambda y: self_attention(a, y),
        lambda y: cross_attention(a, y),
        lambda y: ffn(a, y),
        lambda y: ffn(b, cross_attention(b, self_attention(b, y))),
        final,
    ]
    right = []
    for order in permutations(range(5)):
        h = y
        for step in order:
            h = steps[step](h)
        if torch.allclose(head(h), expected, atol=1e-5):
            right.append(order)
    return [right == [(0, 1, 2, 3, 4)]]


def no_causal_evidence():
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        cross = nn.MultiheadAttention(8, 2, batch_first=True)
    source, target = torch.randn(1, 6, 8, generator=g), torch.randn(1, 4, 8, generator=g)
    mask = torch.zeros(4, 6, dtype=torch.bool)
    mask[:, 5] = True
    fits = cross(target, source, source, attn_mask=mask)[0].shape == (1, 4, 8)  # a mask could have that shape
    slopes = torch.autograd.functional.jacobian(lambda s: encoder(s)[0, 0, 0], source)
    encoder_causal = slopes[0, 1:].abs().amax().item() == 0
    # the source is known: all memory can be computed without a single target token
    known = encoder(source).shape[1] == 6
    return [None if fits else True, None, known, encoder_causal]


def sees_evidence():
    maps = [_influence(True, seed) for seed in range(3)]
    source_full = all(m[:, :8].amin().item() > 0 for m in maps)
    target_triangle = all(_triangular(m[:, 8:]) for m in maps)
    return [
        source_full and not target_triangle,
        not source_full and target_triangle,
        not source_full and not target_triangle,
        source_full and target_triangle,
    ]


def cross_cache_draw(rng):
    layers, width = rng.choice([(4, 384), (6, 512), (12, 768), (24, 1024), (32, 1280)])
    batch = rng.choice([4, 8, 16, 24])
    mib = 2 * layers * 1500 * width * 2 * batch / 2**20
    values = {"answer": mib, "keys": mib / 2, "states": mib / 2 / layers, "growing": mib * 448 / 1500}
    return {"layers": layers, "width": width, "batch": batch} | {n: round(v, 2) for n, v in values.items()}


def cross_cache_evidence(drawn):
    import torch

    memory = torch.empty(drawn["batch"], 1500, drawn["width"], dtype=torch.float16, device="meta")
    project = torch.nn.Linear(drawn["width"], drawn["width"], dtype=torch.float16, device="meta")
    cache = [project(memory) for _ in range(drawn["layers"]) for _key_or_value in "kv"]
    mib = sum(t.nbytes for t in cache) / 2**20
    return [abs(mib / drawn[name] - 1) < 0.01 for name in ("answer", "keys", "states", "growing")]


def fluent_nonsense_evidence():
    """Of each mistake: does the source no longer reach the output, and does the answer stay out of the input?"""
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        block = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        tokens, source = (
            torch.randn(1, 6, 8),
            torch.randn(1, 7, 8),
        )  # tokens 0 … 5; token i is to be predicted
    causal = nn.Transformer.generate_square_subsequent_mask(5)

    def symptoms(mask=causal, shifted=True, own_states=False, lost=False, padding=None):
        def run(source, tokens):
            y = tokens[:, :-1] if shifted else tokens[:, 1:]  # position t is to predict token t + 1
            h = block.norm1(y + block.self_attn(y, y, y, attn_mask=mask)[0])
            memory = h if own_states else source
            crossed = block.multihead_attn(h, memory, memory, key_padding_mask=padding)[0]
            h = block.norm2(h + (0 * crossed if lost else crossed))
            return block.norm3(h + block.linear2(torch.relu(block.linear1(h))))[0, 2]

        to_source, to_tokens = torch.autograd.functional.jacobian(run, (source, tokens))
        return to_source.abs().amax().item() == 0, to_tokens[:, 0, 3].abs().amax().item() == 0

    assert symptoms() == (False, True), "wired rightly: reads the source, does not read the answer"
    assert symptoms(padding=torch.arange(7)[None] > 4) == (False, True)
    cases = [
        symptoms(mask=None),
        symptoms(shifted=False),
        symptoms(own_states=True),
        symptoms(lost=True),
        symptoms(),
    ]
    return [case == (True, True) for case in cases]
