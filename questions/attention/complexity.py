"""Runs the claims about attention's cost and about online softmax."""


def _plain(q, k, v):
    """The output, the multiplications, and the largest number of scores held at a time."""
    scores = q @ k.mT
    out = scores.softmax(-1) @ v
    return out, scores.numel() * (q.shape[-1] + v.shape[-1]), scores.numel()


def _online(q, k, v, block=16, rescale=True):
    """The same, with the queries and the keys in blocks, and what is kept between blocks."""
    import torch

    outputs, products, held, kept = [], 0, 0, 0
    for rows in q.split(block):
        m = torch.full((len(rows), 1), float("-inf"), dtype=q.dtype)
        total, out = torch.zeros_like(m), torch.zeros(len(rows), v.shape[-1], dtype=q.dtype)
        for keys, values in zip(k.split(block), v.split(block), strict=True):
            scores = rows @ keys.mT
            larger = torch.maximum(m, scores.amax(-1, keepdim=True))
            factor = (m - larger).exp() if rescale else (m > float("-inf")).to(q.dtype)
            terms = (scores - larger).exp()
            total = factor * total + terms.sum(-1, keepdim=True)
            out = factor * out + terms @ values
            m = larger
            products += scores.numel() * (rows.shape[-1] + values.shape[-1])
            held = max(held, scores.numel())
        outputs.append(out / total)
        kept += out.numel() + m.numel() + total.numel()
    return torch.cat(outputs), products, held, kept


def _qkv(n, d=8, seed=0):
    import torch

    g = torch.Generator().manual_seed(seed)
    return torch.randn(3, n, d, generator=g, dtype=torch.float64)


def flash_evidence():
    import torch

    q, k, v = _qkv(96)
    out, products, scores = _plain(q, k, v)
    online, same_products, held, _ = _online(q, k, v)
    exact = torch.allclose(out, online, rtol=1e-12)
    fewer = same_products < products
    features = [torch.nn.functional.elu(x) + 1 for x in (q, k)]  # as linear attention often has them
    weights = features[0] @ features[1].mT
    factorised = torch.allclose(weights / weights.sum(-1, keepdim=True) @ v, online, atol=1e-3)
    half = torch.clamp((q @ k.mT / 0.1).round(), -128, 127) * 0.1  # scores in 8 bits
    coarse = torch.allclose(half.softmax(-1) @ v, online, rtol=1e-12)
    return [fewer, factorised, exact and not fewer and held < scores / 10, coarse]


def rescale_evidence():
    import torch

    q, k, v = _qkv(64)
    q = 3 * q
    out, _, _ = _plain(q, k, v)
    online, _, _, _ = _online(q, k, v)
    without, _, _, _ = _online(q, k, v, rescale=False)
    needed = torch.allclose(out, online) and not torch.allclose(out, without, atol=1e-2)
    backwards, _, _, _ = _online(q, k.flip(0), v.flip(0))
    fades = not torch.allclose(backwards, online)
    # After the factor, do the running terms sum to 1? Watch one query over two blocks.
    scores = (q @ k.mT)[0]
    m, larger = scores[:32].max(), scores.max()
    total = (scores[:32] - m).exp().sum()
    factor = (m - larger).exp()
    one = torch.allclose(factor * total, torch.ones((), dtype=q.dtype), atol=1e-3)
    undoes = abs(factor.item() - 8**0.5) < 1e-3 or abs(factor.item() - 8**-0.5) < 1e-3
    return [needed, fades, one, undoes]


def merge_draw(rng):
    while True:
        m_one, m_two = rng.randint(1, 3), rng.randint(2, 6)
        l_one, l_two = rng.choice([2, 3, 4, 5, 6]), rng.choice([1.5, 2, 2.5, 3, 4])
        if not 1 <= m_two - m_one <= 3:
            continue
        factor = 2.0 ** (m_one - m_two)
        drawn = {
            "m_one": m_one,
            "l_one": l_one,
            "m_two": m_two,
            "l_two": l_two,
            "factor": factor,
            "answer": l_one * factor + l_two,
            "unscaled": float(l_one + l_two),
            "inverted": l_one / factor + l_two,
            "wrong_side": l_one + l_two * factor,
        }
        values = [drawn[name] for name in ("answer", "unscaled", "inverted", "wrong_side")]
        if all(abs(a - b) > 0.05 * a for i, a in enumerate(values) for b in values[:i]):
            return drawn


def merge_evidence(drawn):
    import math

    import torch

    def block(maximum, total, count=8):
        """Scores whose maximum, and sum of exponentials relative to it, are these."""
        other = math.log((total - 1) / count)  # they must not be above the maximum
        assert other <= 0
        scores = [maximum * math.log(2)] + [maximum * math.log(2) + other] * count
        return torch.tensor(scores, dtype=torch.float64)

    one, two = block(drawn["m_one"], drawn["l_one"]), block(drawn["m_two"], drawn["l_two"])
    row = torch.cat([one, two])
    merged = 1 / row.softmax(-1).max().item()  # the largest weight is e^0 / ℓ
    return [
        abs(drawn[name] / merged - 1) < 0.005 for name in ("answer", "unscaled", "inverted", "wrong_side")
    ]


def crossover_draw(rng):
    width = rng.choice([256, 384, 512, 768, 1024, 2048, 4096])
    return {"width": width, "answer": 6 * width, "no_ffn": 2 * width, "one_product": 12 * width}


def crossover_evidence(drawn):
    import torch
    from torch.overrides import TorchFunctionMode

    class Counter(TorchFunctionMode):
        products = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if func in (torch.Tensor.matmul, torch.Tensor.__matmul__):
                self.products += result.numel() * args[0].shape[-1]
            return result

    d = drawn["width"]

    def balance(n):
        """Multiplications of the attention over those of the linear layers; a 64th of every size is run."""
        n, width = n // 64, d // 64
        x = torch.ones(n, width)
        square, up, down = (
            torch.ones(width, width),
            torch.ones(width, 4 * width),
            torch.ones(4 * width, width),
        )
        with Counter() as linear:
            q, k, v = x @ square, x @ square, x @ square
            x @ square  # W_o
            (x @ up).relu() @ down
        with Counter() as attention:
            (q @ k.mT).softmax(-1) @ v
        return attention.products / linear.products

    values = drawn["answer"], drawn["no_ffn"], drawn["one_product"], d
    return [abs(balance(n) - 1) < 1e-6 for n in values]


def doubled_evidence():
    _, products, _, kept = _online(*_qkv(64))
    _, more_products, _, more_kept = _online(*_qkv(128))
    grown = more_products / products, more_kept / kept
    return [grown == (2, 2), grown == (4, 4), grown == (4, 2), grown == (2, 1)]


def interview_evidence():
    import torch

    q, k, v = _qkv(96)
    q = 3 * q
    out, products, scores = _plain(q, k, v)
    online, same, held, kept = _online(q, k, v)
    without, _, _, _ = _online(q, k, v, rescale=False)
    exact = torch.allclose(out, online, rtol=1e-12)
    return [
        exact,
        exact and not torch.allclose(out, without, atol=1e-2),
        held < scores / 10 and kept < scores / 5,
        same == products,
    ]


def score_bytes_draw(rng):
    while True:
        layers, heads, width = rng.choice([(12, 12, 768), (24, 16, 1024), (32, 32, 4096), (40, 40, 5120)])
        length, batch = rng.choice([1024, 2048, 4096]), rng.choice([1, 2, 4])
        pairs = batch * layers * length**2 * 2 / 2**30
        values = {
            "answer": heads * pairs,
            "one_head": pairs,
            "linear": batch * layers * length * width * 2 / 2**30,
            "in_float32": 2 * heads * pairs,
        }
        if len(set(values.values())) == 4:
            sizes = {"layers": layers, "heads": heads, "width": width, "length": length, "batch": batch}
            return sizes | {name: float(f"{value:.4g}") for name, value in values.items()}


def score_bytes_evidence(drawn):
    import torch
    from torch import nn

    n, kept = 48, []  # what autograd keeps of a small layer, scaled up
    heads, narrow = drawn["heads"], drawn["width"] // drawn["heads"]
    q, k, v = (torch.randn(1, heads, n, narrow, dtype=torch.bfloat16, requires_grad=True) for _ in range(3))

    def keep(tensor):
        if tensor.shape[-2:] == (n, n):
            kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        nn.functional.softmax(q @ k.mT, -1) @ v
    assert len({tensor.data_ptr() for tensor in kept}) == 1, "softmax and the product keep the same weights"
    scale = drawn["batch"] * drawn["layers"] * (drawn["length"] / n) ** 2
    gib = kept[0].numel() * kept[0].element_size() * scale / 2**30
    return [abs(drawn[name] / gib - 1) < 0.01 for name in ("answer", "one_head", "linear", "in_float32")]


def out_of_memory_evidence():
    import torch

    def scores(batch, length):
        q = torch.empty(batch, 32, length, 128, dtype=torch.bfloat16, device="meta")
        return (q @ q.mT).nbytes / 2**30

    failed = scores(2, 16_384)
    fits = 8  # what is left on the device, generously, in GiB; the old shape's 4 GiB did fit
    assert failed == 32 and scores(16, 2048) == 4
    q, k, v = _qkv(64)
    _, _, held, kept = _online(q, k, v)
    blocks = (held + kept) / 64**2  # of the plain scores, and it falls with the length
    return [scores(1, 16_384) < fits, None, blocks < 0.5, None]


def worked():
    import math

    import torch

    layers, d, heads, hidden = 32, 4096, 32, 11_008

    def gib(*shape):
        return torch.empty(shape, dtype=torch.bfloat16, device="meta").nbytes / 2**30

    def flops(n):
        return 2 * n * (4 * d * d + 3 * d * hidden), 2 * 2 * n * n * d

    linear, attention = flops(4096)
    long_linear, long_attention = flops(32_768)
    m, total, out = 2.0, math.exp(-1) + 1, math.exp(-1) * 1 + 2
    merged, after = math.exp(m - 3) * total + 1, math.exp(m - 3) * out + 3
    exact = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert abs(after / merged - (exact.softmax(0) @ exact).item()) < 1e-12
    return [
        f"{6 * d:,}",
        f"{gib(heads, 4096, 4096):.2f} GiB",
        f"{gib(layers, heads, 4096, 4096):.1f} GiB",
        f"{gib(4, 4096, d):.3f} GiB",
        f"{linear / 1e12:.2f}·10¹²",
        f"{attention / 1e12:.2f}·10¹²",
        f"{100 * attention / (linear + attention):.0f}",
        f"{100 * long_attention / (long_linear + long_attention):.0f}",
        f"{gib(heads, 32_768, 32_768):.1f} GiB",
        *(f"{v:.3f}" for v in (total, out, merged, after, after / merged)),
    ]


def experiment(off=False):
    import torch

    sizes, plain_held, online_held, work = [64, 128, 256, 512, 1024, 2048], [], [], []
    worst = 0.0
    for n in sizes:
        q, k, v = _qkv(n, 16)
        out, products, held = _plain(q, k, v)
        online, same_products, block, kept = _online(q, k, v, block=n if off else 64)
        assert torch.allclose(out, online, rtol=1e-10), "online softmax is exact"
        assert products == same_products, "it takes as many multiplications"
        worst = max(worst, (out - online).abs().max().item())
        plain_held.append(held)
        online_held.append(block + kept)
        work.append(products)
    assert plain_held[-1] == 4 * plain_held[-2], "the scores grow with the square of n"
    assert work[-1] == 4 * work[-2], "and so does the work, in either way"
    if off:
        assert online_held[-1] >= plain_held[-1], (
            "one block as long as the sequence holds all n × n scores again"
        )
        says = (
            f"With one block as long as the sequence, {sizes[-1]} tokens hold {online_held[-1]:,} numbers, no fewer than the "
            f"plain way's {plain_held[-1]:,}. The saving comes from small blocks; the multiplications are {work[-1]:,} in "
            "every case.",
            f"整条序列只算一块时，{sizes[-1]} 个 token 要保存 {online_held[-1]:,} 个数，不比直接算的 {plain_held[-1]:,} 个少。"
            f"省显存靠的是块小；乘法次数怎样都是 {work[-1]:,}。",
        )
    else:
        assert online_held[-1] < 2.1 * online_held[-2], "the blocks and what is kept grow with n"
        q, k, v = _qkv(512, 16)
        forgetful, _, _, _ = _online(q, k, v, block=64, rescale=False)
        error = (_plain(q, k, v)[0] - forgetful).abs().max().item()
        assert error > 0.01, "without rescaling old blocks the result is wrong"
        says = (
            f"From {sizes[-2]} to {sizes[-1]} tokens the multiplications grow fourfold either way. The plain way then holds "
            f"{plain_held[-1]:,} scores; in blocks of 64 it is {online_held[-1]:,} numbers in all, not quite twice as many as before. "
            f"The outputs differ by at most {worst:.0e}; without the rescaling they would differ by {error:.1f}.",
            f"从 {sizes[-2]} 个 token 到 {sizes[-1]} 个，两种算法的乘法次数都变为 4 倍。直接算这时要保存 {plain_held[-1]:,} "
            f"个分数；按 64 分块总共只有 {online_held[-1]:,} 个数，不到原来的两倍。输出最多相差 {worst:.0e}；"
            f"如果不重新缩放，会相差 {error:.1f}。",
        )
    return {
        "says": says,
        "off": ("a single block as long as the sequence", "整条序列只算一块"),
        "title": ("Numbers held during one head's attention", "一个 head 做注意力时保存的数"),
        "chart": "curves",
        "x": sizes,
        "x_label": ("tokens n", "token 数 n"),
        "y_label": ("numbers held", "保存的数"),
        "log_x": True,
        "log_y": True,
        "series": [
            (("plain: all n × n scores", "直接算：n × n 个分数"), plain_held),
            (("online softmax in blocks", "分块的 online softmax"), online_held),
        ],
    }
