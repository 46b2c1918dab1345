"""Runs the claims about sharing keys and values between heads."""


def _step(heads, groups, length, narrow=16):
    """One decoding step: (multiplications, bytes of K and V read, scores), counted on real tensors."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Counter(TorchFunctionMode):
        products = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if func in (torch.Tensor.matmul, torch.Tensor.__matmul__):
                self.products += result.numel() * args[0].shape[-1]
            return result

    g = torch.Generator().manual_seed(0)
    q = torch.randn(groups, heads // groups, narrow, generator=g)
    k, v = torch.randn(2, groups, length, narrow, generator=g)
    with Counter() as counter:
        scores = q @ k.mT / narrow**0.5
        out = scores.softmax(-1) @ v
    assert out.shape == (groups, heads // groups, narrow)
    return counter.products, k.nbytes + v.nbytes, scores.flatten(0, 1)


def what_shrinks_evidence():
    from torch import nn

    width, heads, groups, narrow, length = 512, 32, 8, 16, 50

    def sizes(groups):
        query, keys = nn.Linear(width, heads * narrow), nn.Linear(width, groups * narrow)
        _, cache, scores = _step(heads, groups, length, narrow)
        return cache, keys.weight.numel(), query.weight.numel(), scores.shape[0]

    shrunk = [before / after for before, after in zip(sizes(heads), sizes(groups), strict=True)]
    cache, keys, query, maps = (ratio == 4 for ratio in shrunk)
    return [maps, query, cache and not keys, cache and keys and not query and not maps]


def parameters_draw(rng):
    while True:
        narrow = rng.choice([64, 128])
        heads = rng.choice([8, 12, 16, 24, 32])
        groups = rng.choice([g for g in (2, 4, 6, 8) if heads % g == 0 and g < heads])
        width = narrow * heads
        drawn = {
            "width": width,
            "heads": heads,
            "narrow": narrow,
            "groups": groups,
            "answer": 2 * width * groups * narrow,
            "as_mha": 2 * width * width,
            "as_mqa": 2 * width * narrow,
            "only_one": width * groups * narrow,
        }
        if len({drawn[name] for name in ("answer", "as_mha", "as_mqa", "only_one")}) == 4:
            return drawn


def parameters_evidence(drawn):
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    w_k, w_v = (torch.zeros(drawn["width"], drawn["groups"] * drawn["narrow"]) for _ in range(2))
    query = torch.zeros(1, drawn["heads"], 3, drawn["narrow"])
    x = torch.ones(1, 3, drawn["width"])
    k, v = ((x @ w).view(1, 3, drawn["groups"], drawn["narrow"]).transpose(1, 2) for w in (w_k, w_v))
    together = scaled_dot_product_attention(query, k, v, enable_gqa=True)
    assert together.shape == query.shape, "these projections serve all query heads"
    count = w_k.numel() + w_v.numel()
    return [drawn[name] == count for name in ("answer", "as_mha", "as_mqa", "only_one")]


def why_faster_evidence():
    heads, groups, length = 16, 4, 100
    products, read, scores = _step(heads, heads, length)
    fewer_products, fewer_read, shared = _step(heads, groups, length)
    in_group = shared[: heads // groups]
    return [
        fewer_products == products and fewer_read * heads == read * groups,
        fewer_products < products,
        shared.numel() < scores.numel(),
        bool((in_group == in_group[0]).all()),
    ]


def experiment():
    import torch

    layers, heads, narrow, length = 32, 32, 128, 4096
    variants = ("MHA", 32), ("GQA", 8), ("GQA", 4), ("MQA", 1)
    rows, sizes = [], []
    for name, groups in variants:
        one = torch.empty(groups, length, narrow, dtype=torch.bfloat16, device="meta")
        cache = layers * 2 * one.nbytes / 2**20
        products, read, scores = _step(heads, groups, 64)
        sizes.append((groups, cache, products, scores.shape[0]))
        rows.append([f"{name}, g = {groups}", round(cache), round(read / 1024), products])
    full = sizes[0]
    for groups, cache, products, maps in sizes:
        assert cache * heads == full[1] * groups, "the cache is proportional to the K/V heads"
        assert (products, maps) == full[2:], "the multiplications and the attention maps stay"
    return {
        "says": (
            f"{layers} layers, {heads} query heads of width {narrow}, {length} tokens in bfloat16: the cache "
            f"goes from {rows[0][1]} MiB (MHA) to {rows[1][1]} (8 K/V heads) and {rows[3][1]} (MQA). The "
            f"multiplications of a small trial step stay at {products:,}.",
            f"{layers} 层、{heads} 个宽 {narrow} 的 query head、{length} 个 token、bfloat16："
            f"cache 从 {rows[0][1]} MiB（MHA）降到 {rows[1][1]}（8 个 K/V head），再到 {rows[3][1]}（MQA）。小规模试跑一步，乘法次数始终是 {products:,}。",
        ),
        "charts": [
            {
                "title": ("KV cache of one sequence", "一条序列的 KV cache"),
                "chart": "bars",
                "bars": [(row[0], row[1]) for row in rows],
                "unit": "MiB",
                "log": False,
            },
            {
                "title": ("One decoding step on 64 tokens, one layer", "64 个 token 时的一步解码，单层"),
                "chart": "table",
                "columns": [
                    ("variant", "变体"),
                    ("KiB read", "读取 KiB"),
                    ("multiplications", "乘法次数"),
                ],
                "rows": [[name, read, products] for name, _, read, products in rows],
            },
        ],
    }
