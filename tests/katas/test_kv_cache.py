"""Grades katas/kv_cache.py."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
    COARSE,
    adopt,
    alike,
    calls_apart,
    descend,
    draw,
    follows,
    gradients,
    holds,
    integers,
    normal,
    not_reseeded,
    opposed,
    parameters_of,
    place,
    reaches,
    refuses_sizes,
    rejects,
    same,
    setting,
    slopes,
    starts_uniform,
    travels,
    unchanged,
    undisturbed,
)

PARAMETERS = ["w_q.weight", "w_k.weight", "w_v.weight", "w_o.weight"]
GRADIENTS = ["∂L/∂x", *(f"∂L/∂{name}" for name in PARAMETERS)]


# ---------------------------------------------------------------- the cache


def keys_and_values(seed, count, batch=2, heads=3, width=4, **how):
    shape = batch, heads, count, width
    return normal(seed, shape, shape, grad=False, **how)


def parts(returned):
    """Copies of the keys and values that append returned; an answer that is no pair stands for the keys."""
    pair = isinstance(returned, (tuple, list)) and len(returned) == 2
    found = [*returned] if pair else [returned, None]
    return [x.clone() if type(x) is torch.Tensor else x for x in found]


def append_all(module, seed, counts, max_len, **how):
    """A cache, filled in steps; what each step returned, and the length after it."""
    cache = module.KVCache(max_len)
    steps = [len(cache)]
    for i, count in enumerate(counts):
        steps += [*parts(cache.append(*keys_and_values(seed + i, count, **how))), len(cache)]
    return cache, steps


def names(counts):
    return [
        "len(cache)",
        *(f"{part} (append #{i})" for i in range(len(counts)) for part in ("k", "v", "len")),
    ]


def refuses(call, *args):
    """Raises ValueError. Whatever else it raises or does is another matter."""

    def attempt():
        try:
            call(*args)
        except (RuntimeError, IndexError, AssertionError):
            pass  # no ValueError, whatever it says

    rejects(
        ValueError,
        attempt,
        "Tokens that do not fit into the cache are accepted, or refused with something else than ValueError.",
        "放不下的 token 也被接受了，或者抛出的不是 ValueError。",
    )


def fits(call, *args):
    """What the call returns; its ValueError is judged here, since everybody words it in another way."""
    answer, refused = None, False
    try:
        answer = call(*args)
    except ValueError:
        refused = True
    holds(
        not refused,
        "Tokens for which there is room raise ValueError: max_len tokens fit, not fewer.",
        "放得下的 token 却抛出了 ValueError：cache 最多可以放 max_len 个。",
    )
    return answer


def test_append(candidate, reference, seed):
    """append returns all tokens so far, oldest first, and counts them
    append 返回目前为止的全部 token（从最旧到最新），计数也正确"""
    for counts in ((5,), (5, 1, 1), (1, 1, 1, 1), (3, 4, 1, 6)):
        _cache, mine = append_all(candidate, seed, counts, 17)
        _cache, theirs = append_all(reference, seed, counts, 17)
        same(mine, theirs, names(counts))


def test_sizes_and_dtypes(candidate, reference, seed):
    """Any batch, heads and width, any dtype, non-contiguous keys and values
    任意 batch、头数、宽度和 dtype，k、v 可以不是 contiguous 的"""
    for sizes in ((1, 1, 1), (4, 2, 6), (5, 5, 5), (1, 8, 2), (3, 1, 2), (3, 2, 1)):
        shape = dict(zip(("batch", "heads", "width"), sizes, strict=True))
        _cache, mine = append_all(candidate, seed, (5, 1, 2), 9, **shape)
        _cache, theirs = append_all(reference, seed, (5, 1, 2), 9, **shape)
        same(mine, theirs, names((5, 1, 2)))
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        _cache, mine = append_all(candidate, seed, (5, 2), 9, dtype=dtype)
        _cache, theirs = append_all(reference, seed, (5, 2), 9, dtype=dtype)
        same(mine, theirs, names((5, 2)))
    caches = candidate.KVCache(max_len=9), reference.KVCache(9)
    for turn in range(2):
        k, v = keys_and_values(seed + turn, 3, batch=2, heads=4)
        both = [cache.append(k=k.transpose(1, 2), v=v.transpose(1, 2)) for cache in caches]
        same(*both, ["k (transposed)", "v (transposed)"])


def test_long_text(candidate, reference, seed):
    """Many tokens, in a cache with room for many more
    token 很多、空间更大的 cache"""
    counts = (60, 1, 1, 83, 1, 2)
    _cache, mine = append_all(candidate, seed, counts, 5000, batch=1, heads=2, width=3)
    _cache, theirs = append_all(reference, seed, counts, 5000, batch=1, heads=2, width=3)
    same(mine, theirs, names(counts))


def crowded(candidate, reference, seed, max_len, counts, too_many):
    """Fills a cache with counts, adds too many, and then as many as there is room for."""
    mine, theirs = candidate.KVCache(max_len), reference.KVCache(max_len)
    for i, count in enumerate(counts):
        returned = fits(mine.append, *keys_and_values(seed + i, count))
        same(returned, theirs.append(*keys_and_values(seed + i, count)), ["k", "v"])
    same(len(mine), len(theirs), "len(cache)")
    refuses(mine.append, *keys_and_values(seed + 50, too_many))
    same(len(mine), len(theirs), "len(cache) after ValueError")
    if room := max_len - sum(counts):
        returned = fits(mine.append, *keys_and_values(seed + 60, room))
        expected = theirs.append(*keys_and_values(seed + 60, room))
        same(returned, expected, ["k (after ValueError)", "v (after ValueError)"])


def test_capacity(candidate, reference, seed):
    """What doesn't fit into the room that is left raises ValueError and changes nothing
    剩余空间放不下时抛出 ValueError，且什么都不改变"""
    for counts, too_many in (((4, 3), 2), ((4, 2), 6), ((1,), 8), ((2, 1), 7)):
        crowded(candidate, reference, seed, 8, counts, too_many)


def test_full(candidate, reference, seed):
    """A cache may be filled to max_len; then not even one more token fits
    cache 可以恰好填满到 max_len；填满后一个 token 也放不下"""
    for counts in ((3, 4, 1), (8,)):
        crowded(candidate, reference, seed, 8, counts, 1)
    crowded(candidate, reference, seed, 1, (1,), 1)


def test_more_than_max_len(candidate, reference, seed):
    """More than max_len tokens at once raise ValueError
    一次送入超过 max_len 个 token 时抛出 ValueError"""
    for counts, too_many in (((), 9), ((), 30), ((5,), 9)):
        crowded(candidate, reference, seed, 8, counts, too_many)


def append_both(mine, theirs, seed, count, name, **how):
    """The same tokens into both caches; what they return must agree, and so must their lengths."""
    answers = []
    for cache in (mine, theirs):
        returned = parts(fits(cache.append, *keys_and_values(seed, count, **how)))
        answers.append([*returned, len(cache)])
    same(*answers, [f"k ({name})", f"v ({name})", f"len(cache) ({name})"])


def truncate_both(mine, theirs, length):
    """Both caches are cut to a length."""
    same(mine.truncate(length=length), theirs.truncate(length=length), f"truncate({length})")
    same(len(mine), len(theirs), f"len(cache) (truncate({length}))")


def test_truncate(candidate, reference, seed):
    """truncate keeps the first tokens; what is appended next follows on them
    truncate 保留最前面的 token，之后 append 的接在它们后面"""
    how = {"batch": 7, "heads": 9, "width": 8}  # sizes that nothing is cut to
    for kept, more in ((5, 2), (4, 1), (2, 3), (1, 8), (0, 6), (6, 1)):
        mine, steps = append_all(candidate, seed, (4, 2), 12, **how)
        theirs, expected = append_all(reference, seed, (4, 2), 12, **how)
        same(steps, expected, names((4, 2)))
        truncate_both(mine, theirs, kept)
        append_both(mine, theirs, seed + 9, more, f"after truncate({kept})", **how)
        append_both(mine, theirs, seed + 8, 1, "the next", **how)


def test_truncate_empty(candidate, reference, seed):
    """truncate(0) does no harm to an empty cache
    对空的 cache 调用 truncate(0) 也没问题"""
    mine, theirs = candidate.KVCache(9), reference.KVCache(9)
    problem = ""
    try:
        mine.truncate(0)
    except (AttributeError, IndexError, TypeError, RuntimeError, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
    holds(
        not problem,
        f"truncate(0) on a cache that nothing was appended to: {problem}",
        f"cache 还没有 append 过时调用 truncate(0)：{problem}",
        name="truncate(0)",
    )
    theirs.truncate(0)
    append_both(mine, theirs, seed, 4, "after truncate(0)")


def test_truncate_again(candidate, reference, seed):
    """truncate several times, and on a full cache
    连续多次 truncate，以及对填满的 cache 做 truncate"""
    mine, theirs = candidate.KVCache(9), reference.KVCache(9)
    append_both(mine, theirs, seed, 4, "append #0")
    truncate_both(mine, theirs, 2)
    truncate_both(mine, theirs, 1)
    append_both(mine, theirs, seed + 1, 3, "append #1")
    truncate_both(mine, theirs, 0)
    truncate_both(mine, theirs, 0)
    append_both(mine, theirs, seed + 2, 2, "append #2")
    cache = candidate.KVCache(9)
    fits(cache.append, *keys_and_values(seed, 9))
    same(len(cache), 9, "len(cache)")
    cache.truncate(6)
    refuses(cache.append, *keys_and_values(seed, 4))
    same(len(cache), 6, "len(cache) after ValueError")
    cache.truncate(2)
    fits(cache.append, *keys_and_values(seed, 7))
    same(len(cache), 9, "len(cache)")


def test_caches_are_their_own(candidate, reference, seed):
    """Caches share nothing, inputs stay as they are, and what was returned keeps its values
    各个 cache 互不共享，输入保持不变，已返回的张量值不变"""
    pairs = [(candidate.KVCache(9), reference.KVCache(9)) for _ in range(2)]
    for turn, which in enumerate((0, 1, 1, 0, 1)):
        mine, theirs = pairs[which]
        k, v = keys_and_values(seed + turn, 1 + turn % 3)
        with unchanged(k=k, v=v):
            returned = mine.append(k, v)
        same(returned, theirs.append(*keys_and_values(seed + turn, 1 + turn % 3)), ["k", "v"])
    for mine, other, theirs in (
        [candidate.KVCache(5), candidate.KVCache(20), reference.KVCache(5)],
        [candidate.KVCache(5), candidate.KVCache(2), reference.KVCache(5)],
    ):
        append_both(mine, theirs, seed, 3, "beside another max_len")
        refuses(mine.append, *keys_and_values(seed, 3))
        append_both(mine, theirs, seed, 1, "beside another max_len, again")
        same(len(other), 0, "len(cache) of the other")
    pieces = [keys_and_values(seed + i, count) for i, count in enumerate((3, 4, 1, 1))]
    watched, returned = {}, []
    for cache in (candidate.KVCache(12), reference.KVCache(12)):
        kept = []
        for i, (k, v) in enumerate(pieces):
            watched |= {f"k{i}": k, f"v{i}": v}
            with unchanged(**watched):
                kept += cache.append(k, v)
        returned.append(kept)
    labels = [f"{part} (append #{i}, at the end)" for i in range(len(pieces)) for part in ("k", "v")]
    same(*returned, labels)


def test_inputs_stay(candidate, seed):
    """The k and v that were appended stay as they are, through truncate and later appends too
    append 进去的 k、v 保持不变，经过 truncate 和之后的 append 也一样"""
    for dtype in (setting.dtype, torch.bfloat16):
        cache, watched = candidate.KVCache(9), {}
        for turn, (count, kept) in enumerate(((4, 2), (3, 1), (1, 0), (5, 3), (2, 5))):
            k, v = keys_and_values(seed + turn, count, dtype=dtype)
            watched |= {f"k{turn}": k, f"v{turn}": v}
            with unchanged(**watched):
                fits(cache.append, k, v)
            with unchanged(**watched):
                cache.truncate(kept)
        with unchanged(**watched):
            fits(cache.append, *keys_and_values(seed + 9, 4, dtype=dtype))


# ---------------------------------------------------------------- the layer


def twins(candidate, reference, seed, *sizes):
    layers = (place(m.CachedAttention(*(sizes or (12, 3)))) for m in (candidate, reference))
    return alike(*layers, seed, 1.5, by_width=True)


def tokens(seed, *shape, **how):
    return normal(seed, shape or (2, 7, 12), **how)[0]


def grads(layer, x):
    return slopes(layer, PARAMETERS, x)


def fed(layer, cache, x, pieces):
    """The outputs of each piece of x, fed one after the other; and the length of the cache at the end."""
    with torch.no_grad():
        outputs = [layer(piece, cache) for piece in x.split(pieces, dim=1)]
    return [*outputs, len(cache)]


def compare(candidate, reference, layers, seed, pieces, shape=None, **how):
    shape = shape or (2, sum(pieces), 12)
    room = 2 * sum(pieces) + 2
    caches = candidate.KVCache(room), reference.KVCache(room)
    both = [
        fed(layer, cache, tokens(seed, *shape, grad=False, **how), pieces)
        for layer, cache in zip(layers, caches, strict=True)
    ]
    return both, [*(f"output (pieces {pieces}, #{i})" for i in range(len(pieces))), "len(cache)"]


def test_without_cache(candidate, reference, seed):
    """Without a cache it is causal self-attention
    不带 cache 时，就是因果自注意力"""
    mine, theirs = twins(candidate, reference, seed)
    same(mine(tokens(seed)), theirs(tokens(seed)))


def test_gradients(candidate, reference, seed):
    """Without a cache, the gradients of x and of every weight are right
    不带 cache 时，x 和每个权重的梯度都正确"""
    mine, theirs = twins(candidate, reference, seed)
    same(grads(mine, tokens(seed)), grads(theirs, tokens(seed)), GRADIENTS)
    fixed = []  # x needs none
    for layer in (mine, theirs):
        fixed.append(gradients(layer(tokens(seed, grad=False)), parameters_of(layer, PARAMETERS)))
    same(*fixed, GRADIENTS[1:])


def test_prefill(candidate, reference, seed):
    """Prefill: the whole prompt into an empty cache
    prefill：把整个 prompt 送入空的 cache"""
    layers = twins(candidate, reference, seed)
    both, labels = compare(candidate, reference, layers, seed, (7,))
    same(*both, labels)


def test_decode(candidate, reference, seed):
    """Decode: one token after the other
    decode：逐个 token 送入"""
    layers = twins(candidate, reference, seed)
    for pieces in ((1,) * 6, (5, 1, 1)):
        both, labels = compare(candidate, reference, layers, seed, pieces)
        same(*both, labels)


def test_chunked_prefill(candidate, reference, seed):
    """Chunked prefill: several tokens, into a cache that holds some
    chunked prefill：cache 非空时一次送入多个 token"""
    layers = twins(candidate, reference, seed)
    for pieces in ((3, 4), (2, 2, 2), (1, 6), (4, 2, 1, 3), (1, 2, 5)):
        both, labels = compare(candidate, reference, layers, seed, pieces)
        same(*both, labels)


def test_stored_prompt(candidate, reference, seed):
    """The layer goes on from a cache that somebody else has filled
    cache 由别人填好时，也能接着往下算"""
    layers = twins(candidate, reference, seed, 2, 2)  # d = 1: whoever keeps scaled keys keeps the same
    for count in (3, 5000):  # long: positions beyond any table
        caches = candidate.KVCache(6000), reference.KVCache(6000)
        append_both(*caches, seed + 5, count, "by hand", batch=1, heads=2, width=1)
        results = [
            fed(layer, cache, tokens(seed, 1, 3, 2), (2, 1))
            for layer, cache in zip(layers, caches, strict=True)
        ]
        same(*results, ["output #0", "output #1", "len(cache)"])


def test_any_cut_gives_the_same(candidate, seed):
    """Whatever way a text is cut, the outputs are those of one pass
    无论怎样切分，输出都与一次处理全文相同"""
    layer = place(candidate.CachedAttention(12, 3))
    with torch.no_grad():
        x = tokens(seed, 2, 9, 12)
        whole = layer(x)
        for pieces in ((9,), (1,) * 9, (4, 5), (4, 1, 1, 3)):
            cache = candidate.KVCache(20)
            gap = torch.cat([layer(piece, cache) for piece in x.split(pieces, dim=1)], dim=1) - whole
            holds(
                gap.abs().max() < (1e-8 if setting.dtype == torch.float64 else 1e-4),
                f"Cut into pieces of {', '.join(map(str, pieces))} tokens, the outputs differ from one pass.",
                f"切成 {'、'.join(map(str, pieces))} 个 token 的几段后，输出与一次处理全文不同。",
                value=gap,
                name="difference from one pass",
            )


def test_long_text_in_pieces(candidate, reference, seed):
    """A long text, at once and in pieces, in a cache with room for much more
    长文本：一次处理，或分段送入空间大得多的 cache"""
    layers = twins(candidate, reference, seed, 4, 1)
    pieces = (190, 1, 80, 1, 40)  # short enough for loops over pairs of tokens
    caches = candidate.KVCache(8000), reference.KVCache(8000)
    texts = [tokens(seed, 1, sum(pieces), 4, grad=False) for _ in layers]
    same(*(layer(text) for layer, text in zip(layers, texts, strict=True)))
    both = [fed(layer, cache, text, pieces) for layer, cache, text in zip(layers, caches, texts, strict=True)]
    same(*both, [*(f"output (piece {i})" for i in range(len(pieces))), "len(cache)"])


def test_take_back(candidate, reference, seed):
    """After truncate, other tokens can be fed in place of those taken back
    truncate 之后，可以改送别的 token"""
    layers = twins(candidate, reference, seed)
    caches = candidate.KVCache(20), reference.KVCache(20)
    for turn, (kept, pieces) in enumerate(((0, (4, 2)), (5, (1,)), (2, (1, 3)), (0, (4, 1)))):
        if turn:
            truncate_both(*caches, kept)
        results = [
            fed(layer, cache, tokens(seed + turn, 2, sum(pieces), 12), pieces)
            for layer, cache in zip(layers, caches, strict=True)
        ]
        same(
            *results, [*(f"output (after truncate({kept}), #{i})" for i in range(len(pieces))), "len(cache)"]
        )


def test_several_caches(candidate, reference, seed):
    """One layer serves several caches in turn, and calls without one
    同一层可以轮流搭配多个 cache，也可以不带 cache"""
    layers = twins(candidate, reference, seed)
    caches = [(candidate.KVCache(20), reference.KVCache(20)) for _ in range(2)]
    for turn, (which, batch, count) in enumerate(
        ((0, 2, 3), (None, 2, 1), (1, 4, 2), (None, 3, 5), (0, 2, 1), (1, 4, 3), (None, 4, 1), (0, 2, 2))
    ):
        pair = caches[which] if which is not None else (None, None)
        with torch.no_grad():
            both = [
                layer(tokens(seed + turn, batch, count, 12), cache)
                for layer, cache in zip(layers, pair, strict=True)
            ]
        same(*both, f"output[{turn}]")
        if which is not None:
            same(len(pair[0]), len(pair[1]), "len(cache)")


def test_full_cache(candidate, reference, seed):
    """Tokens that do not fit raise ValueError; after that the layer goes on as before
    放不下时抛出 ValueError，之后仍能照常继续"""
    layers = twins(candidate, reference, seed)
    caches = candidate.KVCache(6), reference.KVCache(6)
    for layer, cache in zip(layers, caches, strict=True):
        fed(layer, cache, tokens(seed, 2, 4, 12), (4,))
    with torch.no_grad():
        refuses(layers[0], tokens(seed + 1, 2, 3, 12), caches[0])
    same(*map(len, caches), "len(cache) after ValueError")
    for i in range(2):
        with torch.no_grad():
            output = fits(layers[0], tokens(seed + 2 + i, 2, 1, 12), caches[0])
            expected = layers[1](tokens(seed + 2 + i, 2, 1, 12), caches[1])
        same(output, expected, "output (after ValueError)")
        same(*map(len, caches), "len(cache)")


def test_layer_sizes(candidate, reference, seed):
    """Any number of sequences and heads, also one
    batch 和头数任意，为 1 也行"""
    for batch, width, heads, pieces in (
        (1, 8, 2, (3, 1)),
        (3, 12, 3, (3, 3)),
        (5, 16, 1, (2, 4)),
        (4, 4, 4, (4, 1, 4)),
        (1, 1, 1, (1, 1)),
        (3, 8, 2, (1, 1)),
        (2, 32, 2, (5, 2)),
    ):
        mine, theirs = twins(candidate, reference, seed, width, heads)
        shape = batch, sum(pieces), width
        label = f"output (B = {batch}, D = {width}, H = {heads})"
        same(mine(tokens(seed, *shape)), theirs(tokens(seed, *shape)), label)
        shortest = batch, 1, width
        same(mine(tokens(seed, *shortest)), theirs(tokens(seed, *shortest)), f"{label[:-1]}, T = 1)")
        both, labels = compare(candidate, reference, (mine, theirs), seed, pieces, shape)
        same(*both, labels)


def test_scale(candidate, reference, seed):
    """The scores are scaled for any width of a head
    任意头宽下，分数的缩放都正确"""
    for width, heads in ((10, 2), (9, 3), (6, 1), (40, 2)):
        mine, theirs = twins(candidate, reference, seed, width, heads)
        x, other = tokens(seed, 2, 5, width), tokens(seed, 2, 5, width)
        same(mine(x), theirs(other), f"output (D = {width}, H = {heads})", tolerance=COARSE)


def test_large_scores(candidate, reference, seed):
    """Large scores neither overflow nor uncover later tokens
    分数很大时不会溢出，后面的 token 也不会露出来"""
    modules = candidate, reference
    builds = (partial(m.CachedAttention, 8, 2) for m in modules)
    for label, layers, within in opposed(seed, *builds, length=5):
        same(*(layer(x) for layer, x in layers), f"output ({label}, no cache)", tolerance=within)
        for pieces in ((1, 4), (3, 1, 1)):
            pairs = zip(modules, layers, strict=True)
            both = [fed(layer, m.KVCache(12), x, pieces)[:-1] for m, (layer, x) in pairs]
            same(*both, [f"output ({label}, {pieces})"] * len(pieces), tolerance=within)


def test_float32(candidate, reference, seed):
    """float32 stays float32, with a cache and without
    float32 输入得到 float32 输出，无论有没有 cache"""
    layers = [layer.float() for layer in twins(candidate, reference, seed)]
    x, other = (tokens(seed, dtype=torch.float32) for _ in range(2))
    same(layers[0](x), layers[1](other), tolerance=(1e-3, 1e-4))
    same(grads(layers[0], x), grads(layers[1], other), GRADIENTS, tolerance=(1e-3, 1e-3))
    both, labels = compare(candidate, reference, layers, seed, (3, 1, 2), dtype=torch.float32)
    same(*both, labels, tolerance=(1e-3, 1e-4))


def test_half_precision(candidate, reference, seed):
    """float16 and bfloat16 work, with a cache and without
    float16 和 bfloat16 可用，无论有没有 cache"""
    for dtype, within in ((torch.float16, 5e-2), (torch.bfloat16, 3e-1)):
        layers = [layer.to(dtype) for layer in twins(candidate, reference, seed)]
        name = f"output ({str(dtype).removeprefix('torch.')})"
        same(*(layer(tokens(seed, dtype=dtype)) for layer in layers), name, tolerance=(0.0, within))
        both, labels = compare(candidate, reference, layers, seed, (3, 1, 2), dtype=dtype)
        same(*both, labels, tolerance=(0.0, within))


def test_new_layer(candidate, reference, seed):
    """A new layer has the four projections, initialised as nn.Linear does
    新建的层有四个投影，初始化与 nn.Linear 相同"""
    starts_uniform(
        lambda: candidate.CachedAttention(d_model=12, n_heads=3),
        reference.CachedAttention(12, 3),
        dict.fromkeys(PARAMETERS, 12**-0.5),
    )


def test_layers_are_their_own(candidate, reference, seed):
    """Layers of other sizes and weights, side by side, don't touch each other
    尺寸、权重不同的层同时存在，互不影响"""
    sizes = (12, 3), (12, 12), (16, 1), (8, 2), (12, 3)
    pairs = [twins(candidate, reference, seed + i, *size) for i, size in enumerate(sizes)]
    caches = [(candidate.KVCache(20), reference.KVCache(20)) for _ in pairs]
    for pieces in ((3, 1), (2,)):
        for i, (layers, both) in enumerate(zip(pairs, caches, strict=True)):
            width = layers[1].w_q.weight.shape[0]
            x = [tokens(seed + len(pieces), 2, sum(pieces), width) for _ in layers]
            same(layers[0](x[0]), layers[1](x[1]), f"output (layer {i})")
            results = [fed(*each, pieces) for each in zip(layers, both, x, strict=True)]
            same(*results, [*(f"output (layer {i}, with cache)" for _ in pieces), "len(cache)"])


def test_nothing_is_remembered(candidate, seed):
    """Neither weights that were replaced nor what a tensor held before count
    已被替换的权重、张量里以前的内容，都不再起作用"""

    def build():
        return draw(place(candidate.CachedAttention(12, 3)))

    travels(build(), build, lambda i: tokens(seed + i))
    calls_apart(build, lambda i: tokens(seed + i))


def test_bad_sizes(candidate, seed):
    """A width that the heads can't share raises ValueError
    d_model 不能被 n_heads 整除时抛出 ValueError"""

    sizes = ({"d_model": width, "n_heads": heads} for width, heads in ((10, 3), (12, 5), (3, 4)))
    refuses_sizes(candidate.CachedAttention, *sizes)


def test_side_effects(candidate, reference, seed):
    """x, the weights and the random generator are left as they were; train and eval mode do the same
    x、权重和随机数生成器都保持原样；train 和 eval 模式行为相同"""
    mine, theirs = twins(candidate, reference, seed)
    x, cache = tokens(seed, grad=False), candidate.KVCache(20)
    with unchanged(x=x):
        mine(x)
        fed(mine, cache, x, (3, 4))
        fed(mine, cache, x + 1, (1, 6))
        mine(tokens(seed + 1)).sum().backward()  # nor later, through what was kept
    adopt(mine, theirs)  # the state_dict is still what it was
    for mode in (False, True):
        mine.train(mode), theirs.train(mode)
        for turn in range(2):  # of one shape, of other values
            mine_x, other = (tokens(seed + turn) for _ in range(2))
            same(mine(mine_x), theirs(other), f"output[{turn}] ({'train' if mode else 'eval'})")
            same(grads(mine, mine_x), grads(theirs, other), GRADIENTS)
            both, labels = compare(candidate, reference, (mine, theirs), seed + turn, (3, 1, 2))
            same(*both, labels)
    not_reseeded(lambda: (torch.rand(()), mine(x), fed(mine, candidate.KVCache(9), x, (3, 4))))
    not_reseeded(lambda: candidate.CachedAttention(8, 2))


def test_nothing_is_edited(candidate, seed):
    """x and the weights stay as they are after every single call, with a cache and without
    每次调用之后 x 和权重都保持不变，有无 cache 都一样"""
    layer = draw(place(candidate.CachedAttention(12, 3)))
    half = draw(candidate.CachedAttention(12, 3)).to(setting.device, torch.bfloat16)
    x = tokens(seed, 2, 3, 12, grad=False)
    short = x.to(torch.bfloat16)
    caches = {}

    def decode(layer, x):
        """One more call with a cache, which never leaves the mode it was made in."""
        mode = id(layer), torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        with torch.no_grad():
            layer(x, caches.setdefault(mode, candidate.KVCache(40)))

    calls = [partial(call, x) for call in (layer, partial(decode, layer), partial(decode, layer))]
    undisturbed([*calls, partial(half, short), partial(decode, half, short)], layer, half, x=x, short=short)


def test_not_contiguous(candidate, reference, seed):
    """Transposed and sliced inputs, with a cache and without
    转置、切片得到的输入，有无 cache 都行"""
    results = []
    for module, layer in zip((candidate, reference), twins(candidate, reference, seed), strict=True):
        leaf = tokens(seed, 7, 2, 24)
        x = leaf.transpose(0, 1)[..., ::2]
        output = layer(x)
        steps = fed(layer, module.KVCache(20), x.detach(), (2, 1, 4))
        results.append([output, *gradients(output, [leaf]), *steps])
    same(*results, ["output", "∂L/∂x", *["output (cache)"] * 3, "len(cache)"])


# A list, and then the same list again: trained on whole texts, then made to write with a cache.

SYMBOLS, HALF, WIDTH, HEADS = 6, 3, 16, 2


class Writer(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.symbol = nn.Embedding(SYMBOLS, WIDTH)
        self.position = nn.Parameter(torch.randn(2 * HALF, WIDTH))
        self.attention = module.CachedAttention(WIDTH, HEADS)
        self.head = nn.Linear(WIDTH, SYMBOLS)

    def forward(self, text, cache=None):
        start = 0 if cache is None else len(cache)
        x = self.symbol(text) + self.position[start : start + text.shape[1]]
        return self.head(self.attention(x, cache))


def train(model, seed, steps):
    (firsts,) = integers(seed, SYMBOLS, (steps, 12, HALF))

    def loss_of(step):
        scores = model(torch.cat([firsts[step]] * 2, dim=1))[:, HALF - 1 : -1]
        return F.cross_entropy(scores.flatten(0, 1), firsts[step].flatten())

    return descend(model.parameters(), loss_of, steps, 0.03)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Trained inside a small model, the losses follow the reference
    放进一个小模型训练，loss 与参考实现一致"""
    theirs = place(Writer(reference))
    mine = adopt(place(Writer(candidate)), theirs)
    follows(train(mine, seed, 12), train(theirs, seed, 12))


@pytest.mark.training
def test_trained_model_writes(candidate, seed):
    """A small model learns to repeat a list, and writes it with the cache: accuracy ≥ 0.95
    小模型学会重复一个列表，再借助 cache 逐个写出：准确率 ≥ 0.95"""
    model = draw(place(Writer(candidate)))
    losses = train(model, seed, 80)
    (lists,) = integers(seed + 1, SYMBOLS, (100, HALF))
    cache, written = candidate.KVCache(2 * HALF + 1), []
    with torch.no_grad():
        scores = model(lists, cache)  # prefill
        for _ in range(HALF):
            written.append(scores[:, -1].argmax(dim=-1))
            if len(written) < HALF:
                scores = model(written[-1][:, None], cache)  # decode
    right = torch.stack(written, dim=1) == lists
    reaches(right.float().mean().item(), 0.95, "accuracy", losses=losses)
