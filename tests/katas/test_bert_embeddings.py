"""Grades katas/bert_embeddings.py.

What is drawn at random is judged by statistics: of dropout by bounds six deviations away, about a dozen of them, so a
right attempt is turned away less than once in 10⁶; their coins come from fixed seeds. No mask is compared with another.
"""

from functools import partial
from math import sqrt

import pytest
import torch
from torch import nn

from dlkata.suite import (
    agree,
    calls_apart,
    copies_apart,
    descend,
    draw,
    follows,
    gradients,
    holds,
    independent,
    integers,
    keeps_dtype,
    layouts,
    leaves_alone,
    modes_alike,
    near,
    normal,
    not_reseeded,
    place,
    reaches,
    rejects,
    same,
    same_names,
    setting,
    share_nothing,
    spread,
    starts_like,
    travels,
    twins,
)

V, D, L, S = 11, 6, 9, 3
SIZES = (V, D, L, S)
SEP = 5
P = 0.3


def close(one, other):
    """Equal but for rounding."""
    return torch.isclose(one, other, *((1e-7, 1e-9) if setting.dtype == torch.float64 else (1e-4, 1e-5)))


def pair(candidate, reference, sizes=SIZES, **options):
    """The attempt's layer and the reference's in eval mode, with the same parameters, no row near 0."""
    mine, theirs = (m.eval() for m in twins(candidate, reference, "BertEmbeddings", *sizes, **options))
    # one row, and not the longest: what is wrong with other shapes is to be seen where they are asked for
    row = torch.zeros(1, max(sizes[2] - 1, 1), dtype=torch.int64, device=setting.device)
    steady = torch.equal(mine(row), mine(row))
    holds(
        steady,
        "Two calls on the same tokens in eval mode give different outputs: something is dropped.",
        "eval 模式下，对同样的 token 调用两次，输出却不同：有元素被丢弃了。",
        value=str(steady),
        name="eval mode repeats itself",
    )
    return [mine, theirs]


def drawn(candidate, *sizes, **options):
    return draw(place(candidate.BertEmbeddings(*(sizes or SIZES), **({"p": 0.0} | options))))


def text(seed, *shape, size=V):
    """Token ids, padding (0) among them."""
    return integers(seed, size, shape or (4, 7))[0]


def parts(seed, *shape, n=S):
    return integers(seed + 50, n, shape or (4, 7))[0]


def both(seed, *shape, size=V, n=S):
    return {"tokens": text(seed, *shape, size=size), "segments": parts(seed, *shape, n=n)}


# ---------------------------------------------------------------- segments


def sentences(seed, *shape):
    """Rows of [CLS] … [SEP] … [SEP] and padding, of all lengths."""
    tokens = 6 + integers(seed, 4, shape)[0]
    for row in tokens.view(-1, shape[-1]):
        first, second = sorted(integers(seed + int(row.sum()), shape[-1], (2,))[0].tolist())
        row[0], row[first], row[second] = 1, SEP, SEP
        row[second + 1 :] = 0
    return tokens


def kinds(side, tokens, **options):
    return side.segment_ids(tokens, SEP, **options)


def test_segments(candidate, reference, seed):
    """[SEP] ends the first sentence and belongs to it; what follows is 1
    [SEP] 结束第一句，自己也属于第一句；其后为 1"""
    for shape in ((9, 12), (3, 2, 10), (8,), (1, 6)):
        same(*(kinds(side, sentences(seed, *shape)) for side in (candidate, reference)), f"segments {shape}")


def test_segments_of_padding(candidate, reference):
    """Padding gets 0, after one sentence, after two, and between tokens
    填充为 0：一句之后、两句之后、夹在中间都一样"""
    for row in (
        [1, 7, SEP, 0, 0],
        [1, 7, SEP, 8, SEP, 0, 0],
        [1, SEP, 0, 8, 0, SEP],
        [0, 0, 1, SEP, 6, SEP],
        [0, 0],
    ):
        make = lambda row=row: torch.tensor([row], device=setting.device)  # noqa: E731
        same(*(kinds(side, make()) for side in (candidate, reference)), f"segments of {row}")
    for pad in (8, 10):
        row = torch.tensor([1, 8, SEP, 10, 8, 0, SEP, 8, 10], device=setting.device)
        answers = (kinds(side, row.clone(), pad_id=pad) for side in (candidate, reference))
        same(*answers, f"segments of {row.tolist()}, pad_id = {pad}")


def test_segments_of_many(candidate, reference):
    """More than two [SEP], none, or several in a row: still 0 and 1 alone
    [SEP] 多于两个、一个也没有、或连着几个：仍然只有 0 和 1"""
    for row in (
        [1, SEP, 7, SEP, 8, SEP, 9, SEP, 9],
        [1, 7, 8, 6, 9, 7],
        [SEP, SEP, SEP, 7],
        [SEP],
        [7],
        [7, SEP],
        [SEP, 7],
    ):
        make = lambda row=row: torch.tensor([row, row[::-1]], device=setting.device)  # noqa: E731
        same(*(kinds(side, make()) for side in (candidate, reference)), f"segments of {row} and its reverse")


def test_segments_layouts(candidate, reference, seed):
    """tokens are left as they are, and may be non-contiguous
    tokens 保持不变，也可以不是 contiguous 的"""
    for name, base, view in layouts(4, 6):
        make = lambda base=base, view=view: view(sentences(seed, *base))  # noqa: E731
        same(*(kinds(side, make()) for side in (candidate, reference)), f"segments ({name})")
    leaves_alone(lambda: candidate.segment_ids, lambda i: sentences(seed + i, 5, 8), sep_id=SEP)


# ---------------------------------------------------------------- the sum and the norm


def test_output(candidate, reference, seed):
    """The output in eval mode is right, and so are the gradients of all parameters
    eval 模式下输出正确，所有参数的梯度也正确"""
    agree(*pair(candidate, reference), partial(both, seed))


def test_without_segments(candidate, reference, seed):
    """Without segments all are 0: row 0 of the table is added, and learned
    不传 segments 时全为 0：照样加上表的第 0 行，它也参与学习"""
    agree(*pair(candidate, reference), partial(text, seed))
    agree(
        *pair(candidate, reference),
        lambda: {"tokens": text(seed), "segments": 0 * text(seed)},
        "output (zeros)",
    )


def test_positions(candidate, reference, seed):
    """Positions count from 0 in each row; the same token differs from place to place
    每一行的位置都从 0 数起；同一个 token 在不同位置上输出不同"""
    for shape in ((5, L), (L, L), (L, 5), (1, 3)):
        row = lambda shape=shape: torch.full(shape, 7, device=setting.device)  # noqa: E731
        agree(*pair(candidate, reference), row, f"output (one token, {shape})")


def test_any_shape(candidate, reference, seed):
    """Any leading dimensions, none too; one token, one row
    前面有任意多维都可以，没有也行；一个 token、一行也行"""
    mine, theirs = pair(candidate, reference)
    for shape in ((5,), (1,), (1, 1), (4, 1), (1, 5), (D, D), (2, 3, 5), (2, 1, 3, 4)):
        agree(mine, theirs, partial(both, seed, *shape), f"output (tokens.shape = {shape})")
        agree(mine, theirs, partial(text, seed, *shape), f"output (tokens.shape = {shape}, no segments)")


def test_sizes(candidate, reference, seed):
    """Tables of any size, of one row, one feature, one segment
    任意大小的表：只有一行、一个特征、一种 segment 的都行"""
    for sizes in ((6, 6, 6, 6), (3, 10, 4, 2), (20, 1, 5, 2), (8, 2, 5, 1), (1, 4, 5, 2), (40, 3, 30, 5)):
        # one feature has no variance: beside an ε of 10⁻¹² gradients would be rounding errors alone
        mine, theirs = pair(candidate, reference, sizes, eps=0.01)
        make = partial(both, seed, 3, 4, size=sizes[0], n=sizes[3])
        agree(mine, theirs, make, f"output (V, d, L, n = {sizes})")


def test_longest(candidate, reference, seed):
    """All L positions can be used; one token more raises ValueError
    L 个位置都可以用；再多一个 token 就抛出 ValueError"""
    for longest in (L, 4, 1):
        sizes = (V, D, longest, S)
        mine, theirs = pair(candidate, reference, sizes)
        agree(mine, theirs, partial(both, seed, 2, longest), f"output (T = L = {longest})")
        for shape in ((2, longest + 1), (longest + 3,), (1, 40)):
            rejects(
                ValueError,
                partial(tried, mine, text(seed, *shape)),
                f"L = {longest}, tokens of shape {shape}: no ValueError is raised.",
                f"L = {longest}，tokens 形状为 {shape}：没有抛出 ValueError。",
            )


def tried(layer, tokens):
    try:
        layer(tokens)
    except (IndexError, RuntimeError, AssertionError):
        pass  # whatever it says, it is no ValueError


def test_padding(candidate, reference, seed):
    """Padding tokens send no gradient to their row, but to positions, segments and the norm
    填充 token 不给自己的行传梯度，但给位置、segment 和 norm 传"""
    for pad in (0, 4, V - 1):
        mine, theirs = pair(candidate, reference, pad_id=pad)
        agree(mine, theirs, partial(both, seed, 6, 8), f"output (pad_id = {pad})")
        make = lambda pad=pad: torch.full((2, 5), pad, device=setting.device)  # noqa: E731
        agree(mine, theirs, make, f"output (nothing but padding, pad_id = {pad})")
        ends = [[pad, pad, 6, 3, pad], [2, pad, pad, 6, pad]]
        tokens = lambda ends=ends: torch.tensor(ends, device=setting.device)  # noqa: E731
        agree(mine, theirs, tokens, f"output (padding at both ends, pad_id = {pad})")


def quiet(module, scale):
    """The layer with tables so small that ε counts."""
    with torch.no_grad():
        for name in ("token", "position", "segment"):
            module.state_dict(keep_vars=True)[f"{name}.weight"].mul_(scale)
    return module


def test_eps(candidate, reference, seed):
    """eps is the one that was passed, and stands under the root
    eps 用的是传入的值，并且在根号内"""
    for eps in (1e-12, 1e-5, 0.01, 0.7):
        mine, theirs = (quiet(module, eps**0.5) for module in pair(candidate, reference, eps=eps))
        judge = partial(same, tolerance=(1e-6, 1e-6 / eps**0.5))
        answers = [module(*both(seed).values()) for module in (mine, theirs)]
        same(*answers, f"output (eps = {eps:g})", tolerance=(1e-6, 1e-6))
        agree(mine, theirs, partial(both, seed), f"output and slopes (eps = {eps:g})", judge=judge)


def test_default_eps(candidate, reference, seed):
    """Without eps it is 1e-12
    不传 eps 时是 1e-12"""
    for scale in (1e-6, 0.003):
        mine, theirs = (quiet(module, scale) for module in pair(candidate, reference))
        answers = [module(*both(seed).values()) for module in (mine, theirs)]
        same(*answers, f"output (tables of size {scale:g})", tolerance=(1e-6, 1e-6))


def test_default_pad(candidate, reference, seed):
    """Without pad_id it is 0
    不传 pad_id 时是 0"""
    mine, theirs = pair(candidate, reference)
    make = lambda: torch.tensor([[0, 1, 2, 0], [V - 1, 0, 1, 0]], device=setting.device)  # noqa: E731
    agree(mine, theirs, make)


# ---------------------------------------------------------------- a new layer


def test_new_layer(candidate, reference, seed):
    """A new layer holds five parameters of the right names and shapes, float32, the norm 1 and 0, and nothing else
    新建的层有五个参数，名字和形状正确，float32，norm 为 1 和 0；没有别的"""
    for sizes, options in ((SIZES, {}), ((4, 3), {"pad_id": 2, "p": 0.0, "eps": 1e-5}), ((5, 2, 7), {})):
        mine, theirs = (side.BertEmbeddings(*sizes, **options) for side in (candidate, reference))
        starts_like(mine, theirs, given=lambda name: name.startswith("norm"))
        dtypes = sorted({str(value.dtype) for value in mine.state_dict().values()})
        holds(
            dtypes == ["torch.float32"],
            "A new layer is not float32.",
            "新建的层不是 float32。",
            value=", ".join(dtypes),
            name="dtypes",
        )


def fresh(candidate, reference, *sizes, **options):
    """The tables of a new layer, untouched, once names and shapes are right."""
    module = candidate.BertEmbeddings(*sizes, **options)
    same_names(module, reference.BertEmbeddings(*sizes, **options))
    return {name: value.detach() for name, value in module.state_dict().items() if "norm" not in name}


def test_new_token_table(candidate, reference, seed):
    """The entries of a new token table are drawn from N(0, 0.02²), whatever the width
    新建的 token 表，元素都取自 N(0, 0.02²)，与宽度无关"""
    for size in (90, 20, 1200):
        values = fresh(candidate, reference, 14000 // size, size, pad_id=3)["token.weight"]
        spread(torch.cat([values[:3], values[4:]]), 0.02, f"token.weight (d = {size})", uniform=False)


def test_new_position_and_segment_tables(candidate, reference, seed):
    """So are those of new tables of positions and segments
    新建的位置表和 segment 表也一样"""
    tables = fresh(candidate, reference, 4, 90, 160, 170)
    for name in ("position.weight", "segment.weight"):
        spread(tables[name], 0.02, name, uniform=False)


def test_new_padding_row(candidate, reference, seed):
    """The padding row of a new token table is 0, and no other row of any table
    新建的 token 表里填充行为 0，其他各表各行都不为 0"""
    for options in ({}, {"pad_id": 7}, {"pad_id": V - 1}):
        tables = fresh(candidate, reference, *SIZES, **options)
        zero = [
            f"{name}[{i}]" for name in sorted(tables) for i, row in enumerate(tables[name]) if not row.any()
        ]
        right = [f"token.weight[{options.get('pad_id', 0)}]"]
        holds(
            zero == right,
            f"{options}: the rows of 0 are {', '.join(zero) or 'none'}; it should be {right[0]} alone.",
            f"{options}：为 0 的行是 {', '.join(zero) or '无'}；应当只有 {right[0]}。",
            value=", ".join(zero) or "none",
            name=f"rows of 0 ({options})",
        )


def test_new_entries_are_independent(candidate, reference, seed):
    """Every entry is drawn by itself; nothing is reseeded
    每个元素都独立抽取；不重新设种子"""
    fresh(candidate, reference, 3, 3, 2, 2)
    independent(
        lambda: [v[1:] if "token" in k else v for k, v in fresh(candidate, reference, 3, 3, 2, 2).items()],
        "new tables",
    )
    not_reseeded(lambda: candidate.BertEmbeddings(4, 3))


# ---------------------------------------------------------------- dropout


def together(dropped, dim):
    """Neighbours along a dimension always meet the same fate, though not all entries do."""
    size = dropped.shape[dim] - 1
    alike = dropped.narrow(dim, 0, size) == dropped.narrow(dim, 1, size)
    return alike.numel() >= 300 and bool(alike.all()) and bool(dropped.any()) and not dropped.all()


def thinned(module, seed, p, *shape, name):
    """What dropout did to an output: the share of 0, the share of entries as they were, and the factor of the others."""
    inputs = both(seed, *shape)
    whole = module.eval()(*inputs.values())
    torch.manual_seed(4321)
    output = module.train()(*inputs.values())
    same(output * 0, whole * 0, f"0 · output ({name})")  # shape, dtype, nothing inf
    dropped, untouched = output == 0, close(output, whole)
    count = output.numel()
    shared = [f"dim {dim}" for dim in range(dropped.dim()) if together(dropped, dim)]
    holds(
        not shared,
        f"Entries share coins: along {' and '.join(shared)} all are dropped, or none.",
        f"有些元素共用一次硬币：沿着 {'、'.join(shared)}，要么全部丢弃，要么一个不丢。",
        value=", ".join(shared) or "none",
        name=f"shared coins ({name})",
    )
    for found, right, what in ((untouched, 0.0, "as they are in eval mode"), (dropped, p, "0")):
        near(
            found.double().mean().item(), right, max(6 * sqrt(p * (1 - p) / count), 0.01), f"share {what} ({name})",
            f"In train mode the share of entries that are {what} is wrong.",
            "train 模式下，" + ("与 eval 模式相同的元素" if right == 0 else "为 0 的元素") + "比例不对。",
        )  # fmt: skip
    scaled = close(output * (1 - p), whole) | dropped
    holds(
        scaled.all(),
        "In train mode each entry must be 0 or that of eval mode divided by 1 − p.",
        "train 模式下，每个元素应为 0，或者是 eval 模式的值除以 1 − p。",
        value=str(bool(scaled.all())),
        name=f"0 or x/(1 − p) ({name})",
    )
    return dropped


def test_dropout(candidate, reference, seed):
    """In train mode a share p of the output is 0, the rest divided by 1 − p
    train 模式下输出有 p 的比例为 0，其余除以 1 − p"""
    for p in (P, 0.6):
        mine, _ = pair(candidate, reference, p=p)
        thinned(mine, seed, p, 80, L, name=f"p = {p}")


def test_dropout_without_gradients(candidate, reference, seed):
    """The mode decides, not whether gradients are recorded: no_grad in train mode drops as well
    由模式决定，与是否记录梯度无关：train 模式下放在 no_grad 里也照样丢弃"""
    mine, _ = pair(candidate, reference, p=P)
    with torch.no_grad():
        thinned(mine, seed, P, 80, L, name="no_grad")


def test_default_dropout(candidate, reference, seed):
    """By default p is 0.1
    p 默认是 0.1"""
    mine, _ = pair(candidate, reference)
    thinned(mine, seed, 0.1, 200, L, name="default p")


def test_dropout_comes_last(candidate, reference, seed):
    """What is dropped is the output of the norm, whatever the tables hold
    被丢弃的是 norm 的输出，与各表内容无关"""
    for silent in ("token", "position", "segment"):
        mine, _ = pair(candidate, reference, p=P)
        with torch.no_grad():
            mine.state_dict(keep_vars=True)[f"{silent}.weight"].zero_()
        thinned(mine, seed, P, 60, L, name=f"{silent}.weight = 0")


def test_dropout_of_each_entry(candidate, reference, seed):
    """Each entry has a coin of its own, in each call
    每个元素各抛一次硬币，每次调用都重新抛"""
    mine, _ = pair(candidate, reference, p=P)
    alike = P**2 + (1 - P) ** 2
    one = thinned(mine, seed, P, 60, L, name="first call")
    other = mine(*both(seed, 60, L).values()) == 0
    pairs = {
        f"neighbours along dim {d}": (one.narrow(d, 1, n - 1), one.narrow(d, 0, n - 1))
        for d, n in enumerate(one.shape)
    }
    for name, (left, right) in (pairs | {"two calls": (one, other)}).items():
        near(
            (left == right).double().mean().item(), alike, 6.5 * sqrt(alike * (1 - alike) / left.numel()),
            f"share of the same fate ({name})",
            "Entries share coins: each must be dropped independently, in each call.",
            "有些元素共用了硬币：每个元素、每次调用都应独立。",
        )  # fmt: skip


def test_dropout_of_zero(candidate, reference, seed):
    """With p = 0 train mode is eval mode
    p = 0 时 train 模式与 eval 模式相同"""
    mine, theirs = (module.train() for module in pair(candidate, reference, p=0.0))
    agree(mine, theirs, partial(both, seed))
    modes_alike(partial(drawn, candidate), lambda i: both(seed + i))


def test_dropout_in_the_gradient(candidate, reference, seed):
    """Backward uses the coins of the forward pass: gradients are those of what was kept
    反向传播用的是前向的那些硬币：梯度只来自留下的元素"""
    mine, theirs = pair(candidate, reference, p=P)
    inputs = both(seed, 5, L)
    output = mine.train()(*inputs.values())
    kept = (output.detach() != 0).to(output.dtype) / (1 - P)
    right = theirs(*inputs.values()) * kept
    names = sorted(name for name, _ in theirs.named_parameters())
    found, wanted = (
        gradients(value, [module.state_dict(keep_vars=True)[name] for name in names])
        for value, module in ((output, mine), (right, theirs))
    )
    for name, one, other in zip(names, found, wanted, strict=True):
        true = one is not None and one.shape == other.shape and bool(close(one, other).all())
        holds(
            true,
            f"∂L/∂{name} in train mode does not fit what was dropped.",
            f"train 模式下的 ∂L/∂{name} 与被丢弃的元素不符。",
            value=str(true),
            name=f"∂L/∂{name} (train)",
        )


def test_coins_are_global(candidate, reference, seed):
    """torch.manual_seed decides what is dropped; nothing is reseeded
    丢弃哪些由 torch.manual_seed 决定；不重新设种子"""
    mine, _ = pair(candidate, reference, p=P)
    tokens = text(seed, 6, L)
    found = []
    for number in (5, 5, 6):
        torch.manual_seed(number)
        found.append(mine.train()(tokens) == 0)
    for right, name, en, zh in (
        (
            torch.equal(found[0], found[1]),
            "same seed",
            "The same seed drops other entries.",
            "种子相同，丢弃的元素却不同。",
        ),
        (
            not torch.equal(found[1], found[2]),
            "other seed",
            "Another seed drops the same entries.",
            "种子不同，丢弃的元素却相同。",
        ),
    ):
        holds(right, en, zh, value=str(right), name=name)
    not_reseeded(lambda: mine(tokens))


# ---------------------------------------------------------------- the house contract


def test_present_values(candidate, reference, seed):
    """The output follows parameters that are loaded or updated between calls
    两次调用之间加载或更新了参数，输出随之变化"""
    mine, theirs = pair(candidate, reference)
    for call in range(3):
        agree(mine, theirs, partial(both, seed), f"output (call {call + 1})")
        changes = normal(
            seed + call, *(tuple(v.shape) for _, v in sorted(theirs.state_dict().items())), grad=False
        )
        for module in (mine, theirs):
            for (_, value), change in zip(sorted(module.state_dict().items()), changes, strict=True):
                value.add_(change)


def test_calls(candidate, seed):
    """Calls do not depend on each other: inputs of one shape, then of another
    各次调用互不影响，形状相同或不同都一样"""
    calls_apart(partial(drawn, candidate), lambda i: both(seed + i))
    layer = drawn(candidate).eval()
    first = layer(*both(seed).values()).detach().clone()
    for shape in ((2, L), (1, 1), (5, 3)):
        layer(*both(seed + 1, *shape).values())
    same(layer(*both(seed).values()).detach(), first, "output (again, after other lengths)")


def test_samples_apart(candidate, reference, seed):
    """A position’s output depends on its own token and segment alone
    每个位置的输出只取决于自己的 token 和 segment"""
    mine, theirs = pair(candidate, reference)
    for other in (0, 3, V - 1):
        tokens = torch.tensor([[4, other, 4], [other, other, 2]], device=setting.device)
        segments = torch.tensor([[1, other % S, 1], [2, 0, other % S]], device=setting.device)
        same(mine(tokens, segments), theirs(tokens, segments), f"output (beside token {other})")


def test_state(candidate, seed):
    """The parameters are all the state there is; layers and copies share none of it
    参数就是全部的状态；不同的层、副本之间互不共享"""
    build = partial(candidate.BertEmbeddings, *SIZES, p=0.0)
    travels(draw(place(build())), build, lambda i: text(seed + i))
    share_nothing(partial(candidate.BertEmbeddings, *SIZES), partial(text, seed))
    copies_apart(partial(drawn, candidate), lambda i: text(seed + i))


def test_float32(candidate, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    keeps_dtype(partial(drawn, candidate), partial(both, seed))
    layer = candidate.BertEmbeddings(*SIZES, p=P).to(setting.device)
    for training in (True, False):
        found = str(layer.train(training)(text(seed)).dtype)
        holds(
            found == "torch.float32",
            "The output of a new layer is not float32.",
            "新建的层输出不是 float32。",
            value=found,
            name=f"dtype of a new layer's output ({'train' if training else 'eval'})",
        )


def test_layouts(candidate, reference, seed):
    """Transposed, strided and expanded tokens and segments work
    tokens、segments 是转置、带步长的切片或 expand 的结果时也正确"""
    for name, base, view in layouts(4, 3, 7):
        make = lambda base=base, view=view: {k: view(v) for k, v in both(seed, *base).items()}  # noqa: E731
        agree(*pair(candidate, reference, (V, D, 20, S)), make, f"output ({name})")


def test_side_effects(candidate, seed):
    """Tokens, segments and parameters are left alone
    tokens、segments 和参数保持不变"""
    leaves_alone(partial(drawn, candidate, p=P), lambda i: both(seed + i))
    leaves_alone(partial(drawn, candidate, p=P), lambda i: text(seed + i))


# ---------------------------------------------------------------- training


class Tagger(nn.Module):
    """Says of each position whether token, place and sentence together are odd."""

    def __init__(self, module):
        super().__init__()
        self.embeddings = module.BertEmbeddings(8, 16, 6, p=0.0)
        self.hidden, self.out = nn.Linear(16, 32), nn.Linear(32, 2)

    def forward(self, tokens, segments):
        return self.out(torch.relu(self.hidden(self.embeddings(tokens, segments))))


def learn(net, seed, steps):
    """The losses, and the share of right answers over all cases at last."""

    def case(shift, rows):
        tokens, segments = (
            integers(seed + shift, 8, (rows, 6))[0],
            integers(seed + shift + 1, 2, (rows, 6))[0],
        )
        odd = (tokens + segments + torch.arange(6, device=tokens.device)) % 2
        return tokens, segments, odd

    def loss_of(step):
        tokens, segments, odd = case(2 * step, 12)
        return nn.functional.cross_entropy(net(tokens, segments).flatten(0, 1), odd.flatten())

    losses = descend(net.parameters(), loss_of, steps, 0.02)
    tokens, segments, odd = case(9000, 60)
    with torch.no_grad():
        return losses, (net(tokens, segments).argmax(-1) == odd).double().mean().item()


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small network on top trains as it does with the reference
    上面接一个小网络训练，loss 曲线与参考实现一致"""
    (mine, _), (theirs, _) = (learn(draw(place(Tagger(side))), seed, 15) for side in (candidate, reference))
    follows(mine, theirs, 1e-6 if setting.dtype == torch.float64 else 1e-3)


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """It learns what depends on token, place and sentence together: accuracy ≥ 0.95
    能学会由 token、位置和句子共同决定的标签：准确率 ≥ 0.95"""
    losses, found = learn(draw(place(Tagger(candidate))), seed, 150)
    reaches(found, 0.95, "accuracy", losses=losses)  # without one of the three: 0.5
