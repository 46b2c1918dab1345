"""view cuts the flat order anew, transpose changes which index means what."""


def view_fails_evidence():
    import torch

    x = torch.arange(24).view(2, 3, 4)
    swapped = x.transpose(1, 2)

    def views(tensor):
        try:
            tensor.view(2, 12)
        except RuntimeError:
            return False
        return True

    moved = swapped.untyped_storage().data_ptr() != x.untyped_storage().data_ptr()
    cannot_merge = not views(x)
    base_only = not views(x.view(6, 4))
    offsets = swapped.flatten(1)[0]  # x is an arange, so its values are the offsets
    one_stride = len(set(offsets.diff().tolist())) == 1
    swapped_strides = swapped.stride() == (12, 1, 4) and not one_stride and not views(swapped)
    return [moved, cannot_merge, base_only, swapped_strides and views(swapped.contiguous())]


def split_heads_evidence():
    import torch

    B, T, h, k = 2, 6, 3, 4
    x = torch.arange(B * T * h * k).view(B, T, h * k)
    wanted = torch.stack([x[:, :, i * k : (i + 1) * k] for i in range(h)], dim=1)
    options = [
        x.view(B, h, T, k).contiguous(),
        x.view(B, T, h, k).transpose(1, 2),
        x.transpose(1, 2).reshape(B, h, T, k),
        x.view(B, T, k, h).permute(0, 3, 1, 2),
    ]
    assert all(option.shape == wanted.shape for option in options)
    return [torch.equal(option, wanted) for option in options]


def strides_draw(rng):
    a, b, c = rng.sample(range(2, 10), 3)
    return {
        "a": a,
        "b": b,
        "c": c,
        "unchanged": f"({b * c}, {c}, 1)",
        "rewritten": f"({b * a}, {a}, 1)",
        "mirrored": f"(1, {a}, {a * b})",
        "right": f"(1, {c}, {b * c})",
    }


def strides_evidence(drawn):
    import torch

    x = torch.zeros(drawn["a"], drawn["b"], drawn["c"]).transpose(0, 2)
    return [str(x.stride()) == drawn[option] for option in ("unchanged", "rewritten", "mirrored", "right")]


def which_token_draw(rng):
    while True:
        h, k, T = rng.choice([2, 3, 4]), rng.choice([4, 8, 16]), rng.randint(5, 12)
        i, j = rng.randrange(1, h), rng.randrange(1, T)
        drawn = {
            "right": (i * T + j) // h,
            "intended": j,
            "block": i * T // h,
            "headless": j // h,
        }
        if len(set(drawn.values())) == 4:
            return {"T": T, "h": h, "k": k, "d": h * k, "i": i, "j": j, **drawn}


def which_token_evidence(drawn):
    import torch

    T, h, k, d = (drawn[name] for name in ("T", "h", "k", "d"))
    x = torch.arange(T).view(1, T, 1).expand(1, T, d).contiguous()  # every feature says its token
    (token,) = x.view(1, h, T, k)[0, drawn["i"], drawn["j"]].unique().tolist()
    return [token == drawn[option] for option in ("right", "intended", "block", "headless")]


def _split(x, h, by_view):
    b, t, d = x.shape
    return x.view(b, h, t, d // h) if by_view else x.view(b, t, h, d // h).transpose(1, 2)


def _causal(x, h, by_view, fill=float("-inf")):
    """Causal self-attention with q = k = v, split into heads one way or the other and joined properly."""
    import torch

    q = _split(x, h, by_view)
    hidden = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    out = (q @ q.mT / q.shape[-1] ** 0.5).masked_fill(hidden, fill).softmax(-1) @ q
    return out.transpose(1, 2).reshape(x.shape)


def _reached(token, **options):
    """The outputs that change when this token does."""
    import torch

    x = torch.randn(1, 6, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    other = x.clone()
    other[:, token] += 1
    change = (_causal(other, 2, **options) - _causal(x, 2, **options)).abs().amax(-1)[0]
    return [t for t in range(6) if change[t] > 1e-9]


def leaks_evidence():
    import torch

    tokens = torch.arange(6).view(1, 6, 1).expand(1, 6, 8).contiguous()
    head = _split(tokens, 2, by_view=True)[0, 0, :, 0].tolist()
    pieces, leak = head == [0, 0, 1, 1, 2, 2], min(_reached(3, by_view=True)) < 3
    return [not pieces and not leak, pieces and leak, pieces and not leak, not pieces and leak]


def too_good_evidence():
    """Does an output see a later token?"""

    def leaky(**options):
        return any(min(_reached(token, **options)) < token for token in range(6))

    return [leaky(by_view=True), leaky(by_view=False, fill=-1e4), leaky(by_view=False), leaky(by_view=False)]


def worked():
    import torch

    x = torch.arange(24).view(2, 3, 4)
    y = x.transpose(1, 2)
    assert x[1, 2, 3] == y[1, 3, 2] == 23
    return [str(x.stride()), f"{x[1, 2, 3].item()}", str(y.stride()), str(list(y.shape))]


def experiment():
    import torch

    B, T, h, k = 1, 6, 2, 4
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(B, T, h * k, generator=generator, dtype=torch.float64)
    tokens = torch.arange(T).view(1, T, 1).expand(1, T, h * k).contiguous()

    def by_transpose(t):
        return t.view(B, T, h, k).transpose(1, 2)

    def by_view(t):
        return t.view(B, h, T, k)

    def attend(t, split):
        q = split(t)
        scores = q @ q.mT / k**0.5
        hidden = torch.ones(T, T, dtype=torch.bool).triu(1)
        out = scores.masked_fill(hidden, float("-inf")).softmax(-1) @ q
        return out.transpose(1, 2).reshape(B, T, h * k)

    def reached(split, token):
        """The output positions that change when that token does, under a causal mask."""
        other = x.clone()
        other[:, token] += 1
        change = (attend(other, split) - attend(x, split)).abs().amax(-1)[0]
        return [t for t in range(T) if change[t] > 1e-9]

    rows, leaks = [], {}
    for name, split in (("view + transpose", by_transpose), ("view alone", by_view)):
        heads = [" ".join(map(str, head[:, 0].tolist())) for head in split(tokens)[0]]
        leaks[name] = reached(split, 3)
        rows.append([name, *heads, " ".join(map(str, leaks[name]))])
    assert leaks["view + transpose"] == [3, 4, 5], (
        "under a causal mask token 3 reaches itself and later outputs"
    )
    early = [t for t in leaks["view alone"] if t < 3]
    assert early, "with view alone the mask is over pieces of tokens, and the future leaks"
    assert rows[1][1] == "0 0 1 1 2 2", "head 0 gets the first half of the tokens in pieces"
    return {
        "says": (
            f"With view alone head 0 holds the tokens {rows[1][1]} instead of {rows[0][1]}, and token 3 changes "
            f"the outputs {rows[1][3]}: {len(early)} of them lie before it, in spite of the causal mask.",
            f"只用 view 时，head 0 里的 token 是 {rows[1][1]}，而不是 {rows[0][1]}；改动 token 3，会影响输出 "
            f"{rows[1][3]}，其中 {len(early)} 个位置在它之前，causal mask 形同虚设。",
        ),
        "title": ("6 tokens split into 2 heads", "6 个 token 拆成 2 个 head"),
        "chart": "table",
        "columns": [
            ("split", "拆分方式"),
            ("tokens in head 0", "head 0 里的 token"),
            ("in head 1", "head 1 里的"),
            ("token 3 changes", "token 3 影响的输出"),
        ],
        "rows": rows,
    }
