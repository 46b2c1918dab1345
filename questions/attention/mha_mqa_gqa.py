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


def intensity_draw(rng):
    heads, groups, narrow = rng.choice(
        [(32, 8, 128), (64, 8, 128), (28, 4, 128), (16, 4, 64), (40, 8, 128), (24, 8, 64)]
    )
    ratio = heads // groups
    sizes = {"heads": heads, "groups": groups, "narrow": narrow, "length": rng.choice([1024, 4096, 8192])}
    return sizes | {"answer": ratio, "inverse": round(1 / ratio, 4)}


def intensity_evidence(drawn):
    products, read, _ = _step(drawn["heads"], drawn["groups"], 64, drawn["narrow"])
    each = 2 * products / (read / 2)  # _step holds float32, bf16 is half of it
    return [abs(value / each - 1) < 0.01 for value in (drawn["answer"], 1, drawn["heads"], drawn["inverse"])]


def converted_evidence():
    import torch
    from torch.nn.functional import scaled_dot_product_attention as attend

    g = torch.Generator().manual_seed(0)
    q = torch.randn(1, 32, 3, 8, generator=g, dtype=torch.float64)
    k, v = (torch.randn(1, 8, 5, 8, generator=g, dtype=torch.float64) for _ in range(2))
    right = attend(q, k, v, enable_gqa=True)

    def spread(x):
        return x.repeat(1, 4, 1, 1)

    def aside(x):
        return x.repeat_interleave(4, dim=1)

    try:
        unexpanded = torch.allclose(attend(q, aside(k), v), right)
    except RuntimeError:
        unexpanded = False
    quarter = torch.allclose(attend(q / 4, aside(k), aside(v)), right)
    order = torch.allclose(attend(q, aside(k), aside(v)), right) and not torch.allclose(
        attend(q, spread(k), spread(v)), right
    )
    shares = spread(k).data_ptr() == k.data_ptr()
    return [unexpanded, quarter, order, shares]


def worked():
    import torch

    def bytes_of(groups, length):
        shape = groups, length, 128
        return 80 * 2 * torch.empty(shape, dtype=torch.bfloat16, device="meta").nbytes

    shown = []
    for groups in (8, 64):
        shown += [f"{bytes_of(groups, 1) // 2**10:,} KiB", f"{bytes_of(groups, 4096) / 2**30:.2f} GiB"]
    return shown


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
