"""Grades katas/llama_block.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    COARSE,
    adopt,
    calls_apart,
    copies_apart,
    descend,
    draw,
    follows,
    gradients,
    holds,
    integers,
    learned,
    modes_alike,
    normal,
    not_reseeded,
    pair,
    place,
    reaches,
    refuses_sizes,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_uniform,
    travels,
    twins,
    undisturbed,
)

SIZES = 16, 4, 2, 7  # d = 4: the root is exact, whatever it is computed in
ARGUMENTS = "d_model", "n_heads", "n_kv_heads", "d_ff"


def blocks(candidate, reference, *sizes, **options):
    return twins(candidate, reference, "LlamaBlock", *(sizes or SIZES), **options)


def single(candidate):
    return draw(place(candidate.LlamaBlock(*SIZES)))


def tokens(seed, batch=2, count=5, width=SIZES[0], **how):
    return normal(seed, (batch, count, width), **how)[0]


def asked(block, *given, **options):
    """The output, and the cache as the block returned it."""
    returned = block(*given, **options)
    output, cache = pair(
        returned, "forward must return output and cache.", "forward 应返回 output 和 cache。"
    )
    pair(cache, "The cache must be the pair k, v.", "cache 应为 k、v 这一对。")
    return output, cache


def read(block, text, counts, cache=None):
    """What comes out of a text that is read in several calls; keys and values stand at the end."""
    results, start = [], 0
    for count in counts:
        output, cache = asked(block, text[:, start : start + count], cache)
        results.append(output)
        start += count
    return [*results, *cache]


def judge(both, make, *counts, label="", tolerance=None):
    """Outputs and cache of a text, read in calls of so many tokens; gradients of the text and all parameters."""
    texts = [make() for _ in both]
    counts = counts or (texts[0].shape[1],)
    results = [read(block, text, counts) for block, text in zip(both, texts, strict=True)]
    outputs = [f"output {label}", *(f"output {label} (call {i + 2})" for i in range(len(counts) - 1))]
    same(*results, [*outputs, "k", "v"], tolerance=tolerance)
    leaves = [{"x": text} | learned(block, both[1]) for block, text in zip(both, texts, strict=True)]
    grown = (gradients(found[:-2], [*by.values()]) for found, by in zip(results, leaves, strict=True))
    same(*grown, [f"∂L/∂{name}" for name in leaves[1]], tolerance=tolerance)


def test_output(candidate, reference, seed):
    """The output, keys and values are right, and so are all gradients
    输出、key 和 value 正确，所有梯度也正确"""
    judge(blocks(candidate, reference), partial(tokens, seed))


def test_one_token(candidate, reference, seed):
    """A single token at position 0: no mask matters, nothing is turned
    只有位置 0 的一个 token：用不到 mask，也没有旋转"""
    judge(blocks(candidate, reference), partial(tokens, seed, 3, 1))


def test_calls(candidate, reference, seed):
    """Read in several calls, outputs and gradients are right
    分几次调用读入，输出和梯度都正确"""
    both = blocks(candidate, reference)
    for counts in ((4, 1), (1, 4), (2, 2, 1), (1,) * 5):
        judge(both, partial(tokens, seed), *counts, label=str(counts))


def test_groups(candidate, reference, seed):
    """Neighbouring query heads share keys and values, from one head for all to one for each
    相邻的 query head 共用 key 和 value，从全部共用一个到各用各的"""
    for heads, groups in ((6, 3), (6, 2), (4, 1), (3, 3), (1, 1)):
        both = blocks(candidate, reference, 4 * heads, heads, groups, 5)
        judge(both, partial(tokens, seed, width=4 * heads), 3, 2, label=f"(H, G = {heads, groups})")


def test_sizes(candidate, reference, seed):
    """Any sizes, 1 too, equal ones too
    大小任意，为 1 或相等也行"""
    for batch, counts, *sizes in (
        (1, (1, 1), 2, 1, 1, 1),
        (4, (4,), 8, 2, 2, 4),
        (2, (2, 2), 16, 4, 4, 16),
        (1, (3, 1), 8, 4, 2, 3),
        (3, (1, 1, 1), 24, 2, 1, 1),
    ):
        both = blocks(candidate, reference, *sizes)
        make = partial(tokens, seed, batch, sum(counts), sizes[0])
        judge(both, make, *counts, label=f"(B, T = {batch, counts}, {sizes})", tolerance=COARSE)


def test_scale(candidate, reference, seed):
    """Scores are scaled by the root of a head's width
    分数按单个 head 宽度的平方根缩放"""
    for width, heads in ((6, 1), (12, 2), (20, 1)):
        both = blocks(candidate, reference, width, heads, 1, 3)
        judge(both, partial(tokens, seed, width=width), label=f"(D, H = {width, heads})", tolerance=COARSE)


def test_base(candidate, reference, seed):
    """The base of the angles is the one given, 10,000 if none is
    角度的底数用传入的值，不传时为 10000"""
    for options in ({}, {"base": 50.0}, {"base": 500000}):
        both = blocks(candidate, reference, 12, 2, 1, 3, **options)
        judge(both, partial(tokens, seed, width=12), 3, 2, label=f"({options})", tolerance=COARSE)


def test_epsilon(candidate, reference, seed):
    """Tokens of tiny size show ε: where it stands, which it is, 1e-6 if none is given
    极小的 token 能看出 ε：放在哪里、取多少，不传时为 1e-6"""
    for options in ({}, {"eps": 1e-3}):
        found = []
        for block in blocks(candidate, reference, **options):
            with torch.no_grad():
                for name, value in learned(block, block).items():
                    if name == "w_o.weight":
                        value.mul_(1e-3)  # so that the second norm reads something small, too
            x = tokens(seed, scale=1e-3)
            output, (k, v) = asked(block, x)
            found.append([output, k, v, *gradients(output, [x]), asked(block, 0 * x.detach())[0]])
        names = [f"{name} ({options})" for name in ("output", "k", "v", "∂L/∂x", "output of zeros")]
        same(*found, names)


def test_far_positions(candidate, reference, seed):
    """The text goes on from a cache that was made elsewhere, however long
    可以接着别处得到的 cache 往下写，多长都行"""
    for length in (3, 70, 9000):
        shape = 1, 1, length, 4
        found = []
        for block in blocks(candidate, reference, 8, 2, 1, 3):
            with torch.no_grad():
                found.append(
                    read(block, tokens(seed, 1, 3, 8), (2, 1), tuple(normal(seed + 1, shape, shape)))
                )
        fresh = [[*outputs, k[:, :, length:], v[:, :, length:]] for *outputs, k, v in found]
        same(*fresh, [f"{name} (L = {length})" for name in ("output", "output (call 2)", "new k", "new v")])


def test_large_scores(candidate, reference, seed):
    """Large scores do not overflow, nor uncover later tokens
    分数很大时不会溢出，后面的 token 也不会露出来"""
    found = []
    for block in blocks(candidate, reference):
        with torch.no_grad():
            for name, value in learned(block, block).items():
                value.mul_(1e5 if name == "w_q.weight" else 1)
            found.append(read(block, tokens(seed, 2, 7), (4, 2, 1)))
    names = [f"output (scores of size 10⁵, call {i + 1})" for i in range(3)]
    same(*(each[:3] for each in found), names, tolerance=(1e-5, 1e-5))


def test_float32(candidate, reference, seed):
    """A float32 block gives float32 outputs, caches and gradients
    float32 的 block，输出、cache 和梯度都是 float32"""
    both = [block.float() for block in blocks(candidate, reference)]
    for counts in ((5,), (3, 1, 1)):
        make = partial(tokens, seed, 3, dtype=torch.float32)
        judge(both, make, *counts, label=str(counts), tolerance=(1e-3, 2e-4))


def test_half_precision(candidate, reference, seed):
    """In half precision squares do not overflow, and far positions are told apart
    半精度时平方不上溢，很远的位置也能区分"""
    for dtype, within, length in ((torch.float16, 3e-2, 3001), (torch.bfloat16, 2e-1, 603)):
        found = []
        for block in blocks(candidate, reference):
            block, shape = block.to(dtype), (2, 2, length, 4)
            with torch.no_grad():
                x = tokens(seed, dtype=dtype, grad=False)
                x[..., 0] = 800.0  # its square is no float16
                outputs = [output[..., 1:] for output in read(block, x, (4, 1))[:2]]
                cache = tuple(normal(seed + 1, shape, shape, dtype=dtype, grad=False))
                x = tokens(seed + 2, dtype=dtype, grad=False)
                *more, k, v = read(block, x, (4, 1), cache)
            found.append([*outputs, *more, k[:, :, length:], v[:, :, length:]])
        says = "", " (call 2)", f" (L = {length})", f" (L = {length}, call 2)"
        names = [*(f"output{what}, {str(dtype)[6:]}" for what in says), "new k", "new v"]
        same(*found, names, tolerance=(0.0, within))


def test_any_cut_gives_the_same(candidate, seed):
    """Decoding equals the full pass, however the text is cut
    无论怎样切分，逐段解码都与一次处理全文相同"""
    block = single(candidate)
    text = tokens(seed, 2, 9, grad=False)
    whole = read(block, text, (9,))
    for counts in ((1,) * 9, (5, 4), (4, 1, 1, 3)):
        *outputs, k, v = read(block, text, counts)
        for name, found, right in zip(
            ("output", "k", "v"), (torch.cat(outputs, 1), k, v), whole, strict=True
        ):
            apart = (found - right).detach().abs().max()
            holds(
                apart < (1e-8 if setting.dtype == torch.float64 else 1e-4),
                f"Read in calls of {', '.join(map(str, counts))} tokens, {name} differs from one call.",
                f"分成 {'、'.join(map(str, counts))} 个 token 的几次调用，{name} 与一次调用不同。",
                value=apart,
                name=f"{name}: difference from one call",
            )


def test_cache_is_the_callers(candidate, reference, seed):
    """One cache serves several continuations; rows may be chosen, the last tokens taken back
    一个 cache 可以接着写几种后文；可以另选其中的行，也可以收回末尾的 token"""
    found = []
    for block in blocks(candidate, reference):
        with torch.no_grad():
            text = tokens(seed, 3, 8, grad=False)
            prompt = asked(block, text[:, :4])[1]
            branches = [asked(block, part, prompt) for part in (text[:, 4:5], text[:, 5:], text[:, 4:5])]
            later = [asked(block, text[:, 6:], cache)[0] for _, cache in branches]
            chosen = torch.tensor([1, 1, 2, 0], device=text.device)
            beams, cache = asked(block, text[chosen, 4:6], tuple(part[chosen] for part in prompt))
            back = tuple(part[:, :, :3] for part in cache)
            results = [*(output for output, _ in branches), *later, beams]
            found.append([*results, asked(block, text[chosen, 6:], back)[0]])
    where = "#1", "#2", "#1 again", "on from #1", "on from #2", "on again", "rows chosen", "tokens taken back"
    same(*found, [f"output ({which})" for which in where])


def test_texts_in_turn(candidate, reference, seed):
    """Several texts are written in turn; the block keeps none of them
    可以轮流写几段文本；block 一段也不记住"""
    found = []
    for block in blocks(candidate, reference):
        texts, caches, results = [tokens(seed + i, grad=False) for i in range(2)], [None, None], []
        with torch.no_grad():
            for step, which in enumerate((0, 1, 1, 0, 1)):
                output, caches[which] = asked(block, texts[which][:, step : step + 1], caches[which])
                results.append(output)
            results += [asked(block, text)[0] for text in texts]
        found.append(results)
    same(*found, [f"output (turn {i})" for i in range(7)])


def test_independence(candidate, seed):
    """Sequences do not touch each other, nor does a token those before it
    序列之间互不影响，token 也不影响它之前的 token"""
    block = single(candidate)
    samples_apart(lambda x: block(x)[0], partial(tokens, seed))
    text = tokens(seed, grad=False)
    changed = torch.cat([text[:, :3], 2 - 5 * text[:, 3:]], dim=1)
    outputs = (asked(block, x)[0][:, :3].detach() for x in (changed, text))
    same(*outputs, "output of the first three tokens")


def test_parameters(candidate, reference):
    """A new block has the parameters of the contract: matrices as nn.Linear draws them, γ of ones
    新建的 block 有约定的参数：矩阵按 nn.Linear 的方式抽取，γ 全为 1"""
    right = reference.LlamaBlock(12, 3, 1, 5)
    state = right.state_dict()
    ones = {name: torch.ones(12) for name in state if "norm" in name}
    bounds = {name: weight.shape[1] ** -0.5 for name, weight in state.items() if name not in ones}
    build = partial(candidate.LlamaBlock, **dict(zip(ARGUMENTS, (12, 3, 1, 5), strict=True)))
    starts_uniform(build, right, bounds, ones)
    not_reseeded(lambda: candidate.LlamaBlock(8, 2, 1, 3)(torch.rand(1, 2, 8)))


def test_refuses(candidate):
    """Sizes that do not divide each other, or an odd d, raise ValueError
    大小不能整除，或 d 为奇数时，抛出 ValueError"""
    wrong = (18, 4, 2, 5), (12, 6, 4, 5), (12, 4, 2, 5), (8, 2, 4, 5), (3, 1, 1, 2)
    refuses_sizes(candidate.LlamaBlock, *(dict(zip(ARGUMENTS, sizes, strict=True)) for sizes in wrong))


def test_noncontiguous(candidate, reference, seed):
    """x may be transposed or strided, and so may a cache
    x 可以是转置或带步长的，cache 也一样"""
    found = []
    for block in blocks(candidate, reference):
        leaf = tokens(seed, 5, 2, 2 * SIZES[0])
        x = leaf.transpose(0, 1)[..., 1::2]
        output, cache = asked(block, x=x, cache=None)
        cache = tuple(part.permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0) for part in cache)
        more = asked(block, cache=cache, x=x + 1)[0]
        found.append([output, more, *gradients([output, more], [leaf])])
    same(*found, ["output", "output (strided cache)", "∂L/∂x"])


class Twice(nn.Module):
    """A text in two calls: one input and one output."""

    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        first, cache = self.block(x[:, :3])
        return torch.cat([first, self.block(x[:, 3:], cache)[0]], dim=1)


def test_calls_apart(candidate, seed):
    """A call depends on its arguments alone; train and eval mode do the same
    每次调用只取决于它的参数；train 和 eval 模式行为相同"""
    calls_apart(lambda: Twice(single(candidate)), lambda i: tokens(seed + i))
    modes_alike(lambda: Twice(single(candidate)), lambda i: tokens(seed + i))


def test_blocks_share_nothing(candidate, seed):
    """Blocks share nothing, nor does a copy share with its original; state travels
    各个 block 互不共享，副本与原件也不共享；state_dict 可以互相加载"""
    build = lambda: Twice(single(candidate))  # noqa: E731
    share_nothing(
        lambda: Twice(candidate.LlamaBlock(*SIZES)),
        partial(tokens, seed),
        beside=lambda: candidate.LlamaBlock(8, 2, 1, 3, 50.0, 0.1),
    )
    copies_apart(build, lambda i: tokens(seed + i))
    travels(build(), build, lambda i: tokens(seed + i))


def test_side_effects(candidate, seed):
    """x, caches and parameters are left alone
    不修改 x、cache 和参数"""
    block, half = single(candidate), single(candidate).to(torch.bfloat16)
    x, short = tokens(seed, 4, grad=False), tokens(seed, 4, dtype=torch.bfloat16, grad=False)
    with torch.no_grad():
        (k, v), few = asked(block, x)[1], asked(half, short)[1]
    calls = (
        lambda: block(x),
        lambda: block(x, (k, v)),
        lambda: half(short),
        lambda: half(short, few),
    )
    undisturbed(calls, block, half, x=x, k=k, v=v, short=short, short_k=few[0], short_v=few[1])


# ---------------------------------------------------------------- a small model that says a list over and over

SYMBOLS, PERIOD, WIDTH = 6, 3, 16


class Parrot(nn.Module):
    """After a list it says the list again: what comes next stood so many tokens before."""

    def __init__(self, side):
        super().__init__()
        self.symbol = nn.Embedding(SYMBOLS, WIDTH)
        self.block = side.LlamaBlock(WIDTH, 2, 1, 20, base=20.0)
        self.head = nn.Linear(WIDTH, SYMBOLS)

    def forward(self, text, cache=None):
        output, cache = self.block(self.symbol(text), cache)
        return self.head(output), cache


def learn(model, seed, steps):
    (lists,) = integers(seed, SYMBOLS, (steps, 16, PERIOD))

    def loss_of(step):
        text = lists[step].repeat(1, 3)
        scores = model(text)[0][:, PERIOD - 1 : -1]
        return nn.functional.cross_entropy(scores.flatten(0, 1), text[:, PERIOD:].flatten())

    return descend(model.parameters(), loss_of, steps, 0.03)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A model that repeats lists learns as with the reference
    重复列表的小模型，训练 loss 与参考实现一致"""
    theirs = place(Parrot(reference))
    mine = adopt(place(Parrot(candidate)), theirs)
    follows(learn(mine, seed, 12), learn(theirs, seed, 12))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Trained on whole texts and writing with the cache, it gets at least 75 % right
    用完整文本训练，再借助 cache 逐个写出，至少写对 75%"""
    model = draw(place(Parrot(candidate)))
    losses = learn(model, seed, 140)
    (lists,) = integers(seed + 1, SYMBOLS, (100, PERIOD))
    text, cache, written = lists, None, []
    with torch.no_grad():
        for _ in range(2 * PERIOD):
            scores, cache = model(text, cache)
            text = scores[:, -1:].argmax(-1)
            written.append(text)
    right = torch.cat(written, dim=1) == lists.repeat(1, 2)
    reaches(right.double().mean().item(), 0.75, "accuracy", losses=losses)
