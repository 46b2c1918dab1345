"""Grades katas/decoder_block.py."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

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
    real,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_uniform,
    travels,
    twins,
    undisturbed,
)

SIZES = D, H, WIDE = 8, 2, 7  # √4 is exact, whatever it is computed in
PARTS = "k", "v", "memory_k", "memory_v"


def layers(candidate, reference, *sizes):
    return twins(candidate, reference, "DecoderBlock", *(sizes or SIZES))


def alone(candidate, *sizes):
    return draw(place(candidate.DecoderBlock(*(sizes or SIZES))))


def inputs(seed, batch=2, new=4, seen=5, d=D, **how):
    """x and the memory."""
    return dict(zip(("x", "memory"), normal(seed, (batch, new, d), (batch, seen, d), **how), strict=True))


def called(block, *given, **options):
    """The output, and the cache as the block returned it: four tensors."""
    output, cache = pair(
        block(*given, **options),
        "forward must return the pair output, cache.",
        "forward 应返回 output、cache 这一对。",
    )
    four = isinstance(cache, (tuple, list)) and len(cache) == 4
    holds(
        four,
        "The cache must hold four tensors: k, v, memory_k, memory_v.",
        "cache 应有四个张量：k、v、memory_k、memory_v。",
        value=type(cache).__name__ if not isinstance(cache, (tuple, list)) else str(len(cache)),
        name="cache",
    )
    return output, cache


def fed(block, x, memory, pieces, valid=None):
    """The outputs of a text that is cut into pieces, and the last cache."""
    outputs, cache = [], None
    for piece in x.split(pieces, dim=1):
        source = {"memory": memory} if cache is None else {"cache": cache}
        output, cache = called(block, piece, valid=valid, **source)
        outputs.append(output)
    return outputs, cache


def compare(both, make, name="output", *, pieces=(4,), valid=lambda: None, tolerance=None):
    """Outputs and cache, and the gradients of x, the memory and all parameters."""
    answers = []
    for block in both:
        given = make()
        outputs, cache = fed(block, *given.values(), pieces, valid())
        leaves = given | learned(block, both[1])
        grown = gradients(outputs, list(leaves.values()))
        answers.append(([*outputs, *cache], dict(zip(leaves, grown, strict=True))))
    (found, grown), (right, wanted) = answers
    labels = [name] if len(pieces) == 1 else [f"{name}, call {i + 1}" for i in range(len(pieces))]
    same(found, right, [*labels, *PARTS], tolerance=tolerance)
    same(list(grown.values()), list(wanted.values()), [f"∂L/∂{n}" for n in wanted], tolerance=tolerance)


def test_output(candidate, reference, seed):
    """The output and the cache are right, and so are all gradients
    输出和 cache 正确，所有梯度也正确"""
    compare(layers(candidate, reference), partial(inputs, seed))


def test_pieces(candidate, reference, seed):
    """In several calls, with a cache, outputs and gradients are right
    借助 cache 分几次调用，输出和梯度都正确"""
    both = layers(candidate, reference)
    for pieces in ((3, 1), (1, 3), (1, 1, 1, 1), (2, 2)):
        compare(both, partial(inputs, seed), f"output (T = {pieces})", pieces=pieces)


def test_valid(candidate, reference, seed):
    """Source tokens that are not real get no weight, in the first call and later
    不真实的源 token 没有权重，第一次和之后的调用都是"""
    both = layers(candidate, reference)
    for pieces in ((4,), (2, 1, 1)):
        name = f"output (valid, T = {pieces})"
        compare(both, partial(inputs, seed, 3), name, pieces=pieces, valid=partial(real, seed, 3, 5))


def test_valid_anywhere(candidate, reference, seed):
    """Real source tokens may stand anywhere, a single one too
    真实的源 token 可以在任意位置，只有一个也行"""
    rows = lambda: torch.eye(5, dtype=torch.bool, device=setting.device)[[4, 1, 2]]  # noqa: E731
    both = layers(candidate, reference)
    make = partial(inputs, seed, 3)
    compare(both, make, "output (one real token a row)", valid=rows, pieces=(3, 1))
    compare(both, make, "output (one is not)", valid=lambda: ~rows())
    compare(both, make, "output (all real)", valid=lambda: rows() | True)


def test_sizes(candidate, reference, seed):
    """T and S are independent; any sizes, 1 too, equal ones too
    T 和 S 互不相干；大小任意，为 1 或相等也行"""
    for batch, pieces, seen, d, heads, wide in (
        (2, (6, 1), 3, 12, 3, 5),
        (1, (1,), 1, 4, 1, 3),
        (3, (1, 1), 4, 4, 4, 1),
        (4, (4,), 4, 4, 1, 4),
        (2, (2, 3), 1, 16, 4, 16),
        (1, (2, 2), 2, 1, 1, 2),
    ):
        both = layers(candidate, reference, d, heads, wide)
        name = f"output (B, T, S = {batch, pieces, seen}, D, H, d_ff = {d, heads, wide})"
        make = partial(inputs, seed, batch, sum(pieces), seen, d)
        compare(both, make, name, pieces=pieces)
        compare(both, make, f"{name}, valid", pieces=pieces, valid=partial(real, seed, batch, seen))


def test_scale(candidate, reference, seed):
    """Scores are scaled by the root of a head's width
    分数按单个 head 宽度的平方根缩放"""
    for d, heads in ((6, 2), (9, 3), (2, 1)):
        both = layers(candidate, reference, d, heads, 3)
        compare(both, partial(inputs, seed, d=d), f"output (D, H = {d, heads})", tolerance=COARSE)


def test_epsilon(candidate, reference, seed):
    """Tokens of tiny variance show that ε is 1e-5
    方差极小的 token 能看出 ε 是 1e-5"""
    found = []
    for block in layers(candidate, reference):
        with torch.no_grad():
            for name, value in learned(block, block).items():
                if name.startswith(("self_attn.w_o", "cross_attn.w_o")):
                    value.mul_(1e-3)  # small branches, for the norms behind them
        found.append(called(block, *inputs(seed, scale=3e-3).values())[0])
    same(*found)


def test_loud_source(candidate, reference, seed):
    """A source token that is not real stays hidden however large it is; large scores do not overflow
    不真实的源 token 再大也不会露出来；分数很大时不会溢出"""
    found = []
    for block in layers(candidate, reference):
        x, memory = inputs(seed, 3, grad=False).values()
        valid = real(seed, 3, 5)
        loud = torch.where(valid[..., None], memory, 1e5 * memory + 1e4)
        outputs, _cache = fed(block, x, loud, (2, 1, 1), valid)
        one = torch.eye(5, dtype=torch.bool, device=setting.device)[[4, 1, 2]]
        outputs += [fed(block, x, 1e5 * memory, (4,), mask)[0][0] / 1e5 for mask in (None, one, ~one)]
        found.append(outputs)
    names = [f"output (call {i + 1}, hidden tokens of size 10⁵)" for i in range(3)]
    names += [f"output / 10⁵ (memory of size 10⁵, {mask})" for mask in ("all real", "one real", "one not")]
    same(*found, names, tolerance=(1e-5, 1e-5))


def test_by_name(candidate, reference, seed):
    """Arguments go by name and by place
    参数可按名字或按位置传入"""
    found = []
    for side in (candidate, reference):
        block = draw(place(side.DecoderBlock(d_ff=WIDE, n_heads=H, d_model=D)))
        x, memory = inputs(seed, grad=False).values()
        valid = real(seed, 2, 5)
        first, cache = called(block, valid=valid, memory=memory, x=x)
        by_place = called(block, x, memory, valid)[0]
        found.append([first, by_place, called(block, x, None, valid, cache)[0]])
    same(*found, ["output (by name)", "output (by place)", "output (cache, by place)"])


def test_one_cache_for_several(candidate, reference, seed):
    """One cache serves several continuations; its rows may be chosen anew, its tokens taken back
    一个 cache 可以接着写几种后文；可以另选其中的行，也可以收回 token"""
    found = []
    for block in layers(candidate, reference):
        with torch.no_grad():
            x, memory = inputs(seed, 3, 6, grad=False).values()
            valid = real(seed, 3, 5)
            cache = called(block, x[:, :3], memory, valid)[1]
            ways = [called(block, part, None, valid, cache) for part in (x[:, 3:4], x[:, 4:], x[:, 3:4])]
            outputs = [output for output, _ in ways]
            outputs += [called(block, x[:, 5:], None, valid, after)[0] for _, after in ways]
            outputs.append(called(block, x[:, 4:], cache=cache)[0])
            order = torch.tensor([2, 0, 0, 1], device=x.device)
            beams = tuple(part[order] for part in cache)
            more, beams = called(block, x[order, 3:5], None, valid[order], beams)
            cut = (*(part[:, :, :2] for part in beams[:2]), *beams[2:])
            outputs += [more, called(block, x[order, 5:], None, valid[order], cut)[0]]
        found.append(outputs)
    where = "#1", "#2", "#1 again", "on from #1", "on from #2", "on again", "no valid", "rows chosen", "cut"
    same(*found, [f"output ({which})" for which in where])


def test_two_texts(candidate, reference, seed):
    """Texts with sources of their own stand beside each other; the block keeps none
    可以同时写几段文本，各有各的源；block 一个也不记住"""
    found = []
    for block in layers(candidate, reference):
        outputs, caches = [], {}
        with torch.no_grad():
            drawn = [inputs(seed + i, new=6, grad=False) for i in range(2)]
            for turn, text in enumerate((0, 1, 1, 0, 1, 0)):
                piece = drawn[text]["x"][:, turn : turn + 1]
                source = {"cache": caches[text]} if text in caches else {"memory": drawn[text]["memory"]}
                output, caches[text] = called(block, piece, **source)
                outputs.append(output)
            outputs.append(called(block, *drawn[0].values())[0])
        found.append(outputs)
    same(*found, [f"output (call {i + 1})" for i in range(7)])


def test_any_cut_gives_the_same(candidate, seed):
    """Whatever way a text is cut, the outputs are those of one call
    无论怎样切分，输出都与一次处理全文相同"""
    block = alone(candidate)
    with torch.no_grad():
        x, memory = inputs(seed, new=7, grad=False).values()
        whole = called(block, x, memory)[0]
        for pieces in ((1,) * 7, (4, 3), (3, 1, 1, 2)):
            gap = (torch.cat(fed(block, x, memory, pieces)[0], dim=1) - whole).abs().max()
            holds(
                gap < (1e-8 if setting.dtype == torch.float64 else 1e-4),
                f"Cut into calls of {', '.join(map(str, pieces))} tokens, the outputs differ from one call.",
                f"分成 {'、'.join(map(str, pieces))} 个 token 的几次调用，输出与一次处理全文不同。",
                value=gap,
                name="difference from one call",
            )


def test_what_is_independent(candidate, seed):
    """Sequences do not touch each other, nor does a token those before it
    序列之间互不影响，token 也不影响它之前的 token"""
    block = alone(candidate)
    x, memory = inputs(seed, grad=False).values()
    samples_apart(lambda x: block(x, memory)[0], lambda: inputs(seed)["x"])
    samples_apart(lambda memory: block(x, memory)[0], lambda: inputs(seed)["memory"], name="memory")
    later = x.clone()
    later[:, 2:] *= -3
    same(*(called(block, text, memory)[0][:, :2].detach() for text in (later, x)), "output of tokens 0 and 1")


def test_parameters(candidate, reference):
    """A new block has the parameters of the contract, started as nn.Linear and nn.LayerNorm start
    新建的 block 有约定的参数，初始化与 nn.Linear、nn.LayerNorm 相同"""
    right = reference.DecoderBlock(6, 3, 5)
    norms = {name: value.clone() for name, value in right.state_dict().items() if name.startswith("norm")}
    bounds = {name: 5**-0.5 if "ff2" in name else 6**-0.5 for name in right.state_dict() if name not in norms}
    starts_uniform(partial(candidate.DecoderBlock, 6, 3, 5), right, bounds, norms)
    not_reseeded(lambda: candidate.DecoderBlock(4, 2, 3)(torch.rand(1, 2, 4), torch.rand(1, 3, 4)))


def test_float32(candidate, reference, seed):
    """A float32 block gives float32 outputs, caches and gradients
    float32 的 block，输出、cache 和梯度都是 float32"""
    both = [block.float() for block in layers(candidate, reference)]
    make = partial(inputs, seed, 3, dtype=torch.float32)
    for pieces in ((4,), (2, 1, 1)):
        valid = partial(real, seed, 3, 5)
        compare(both, make, f"output (T = {pieces})", pieces=pieces, valid=valid, tolerance=(1e-3, 1e-4))


def test_noncontiguous(candidate, reference, seed):
    """Inputs may be transposed or strided, and so may a cache
    输入可以是转置或带步长的，cache 也一样"""
    found = []
    for block in layers(candidate, reference):
        x, memory = inputs(seed, 5, 2, 3, 2 * D).values()
        x, memory = x.transpose(0, 1)[..., ::2], memory.transpose(0, 1)[..., 1::2]
        memory = torch.cat([memory, memory + 1], dim=1).mT.contiguous().mT[:2]
        valid = real(seed, 2, 20)[:, ::2]
        output, cache = called(block, x, memory, valid)
        strided = tuple(part.mT.contiguous().mT for part in cache)
        found.append([output, called(block, x, None, valid, strided)[0]])
    same(*found, ["output (strided)", "output (strided cache)"])


class Itself(nn.Module):
    """A text that is its own source, in two calls: one input and one output."""

    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        first, cache = self.block(x[:, :2], x.flip(1))
        return torch.cat([first, self.block(x[:, 2:], cache=cache)[0]], dim=1)


def test_calls_apart(candidate, seed):
    """A call depends on nothing but its arguments; train and eval mode do the same
    每次调用只取决于它的参数；train 和 eval 模式行为相同"""
    build, make = lambda: Itself(alone(candidate)), lambda i: inputs(seed + i)["x"]
    calls_apart(build, make)
    modes_alike(build, make)


def test_blocks_share_nothing(candidate, seed):
    """Blocks share nothing, nor does a copy share with its original; state travels
    各个 block 互不共享，副本与原件也不共享；state_dict 可以互相加载"""
    build = lambda: Itself(alone(candidate))  # noqa: E731
    make = lambda i=0: inputs(seed + i)["x"]  # noqa: E731
    share_nothing(
        lambda: Itself(candidate.DecoderBlock(*SIZES)), make, beside=lambda: candidate.DecoderBlock(12, 4, 5)
    )
    copies_apart(build, make)
    travels(build(), build, make)


def test_side_effects(candidate, seed):
    """Inputs, masks, caches and parameters are left alone
    不修改输入、mask、cache 和参数"""
    block = alone(candidate)
    x, memory = inputs(seed, 4, grad=False).values()
    valid = real(seed, 4, 5)
    with torch.no_grad():
        cache = called(block, x, memory)[1]
    calls = (
        lambda: block(x, memory),
        lambda: block(x, memory, valid),
        lambda: block(x, valid=valid, cache=cache),
    )
    undisturbed(calls, block, x=x, memory=memory, valid=valid, **dict(zip(PARTS, cache, strict=True)))


# ---------------------------------------------------------------- a small model that writes its source backwards

SYMBOLS, LENGTH, WIDTH = 5, 4, 16


class Writer(nn.Module):
    """Reads a list of symbols and writes it backwards, each symbol after the one before."""

    def __init__(self, side):
        super().__init__()
        self.source, self.text = nn.Embedding(SYMBOLS, WIDTH), nn.Embedding(SYMBOLS + 1, WIDTH)
        self.there, self.here = nn.Embedding(LENGTH, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.block = side.DecoderBlock(WIDTH, 2, 24)
        self.head = nn.Linear(WIDTH, SYMBOLS)

    def memory(self, symbols):
        return self.source(symbols) + self.there.weight

    def forward(self, text, start=0, **source):
        x = self.text(text) + self.here.weight[start : start + text.shape[1]]
        output, cache = self.block(x, **source)
        return self.head(output), cache


def learn(model, seed, steps):
    def loss_of(step):
        (symbols,) = integers(1000 * seed + step, SYMBOLS, (24, LENGTH))
        target = symbols.flip(1)
        text = F.pad(target[:, :-1], (1, 0), value=SYMBOLS)
        return F.cross_entropy(model(text, memory=model.memory(symbols))[0].flatten(0, 1), target.flatten())

    return descend(model.parameters(), loss_of, steps, 0.02)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A model that writes lists backwards learns as with the reference
    把列表倒着写出来的小模型，训练 loss 与参考实现一致"""
    theirs = place(Writer(reference))
    mine = adopt(place(Writer(candidate)), theirs)
    follows(learn(mine, seed, 12), learn(theirs, seed, 12))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Trained on whole lists and writing with the cache, it gets at least 90 % right
    用完整的列表训练，再借助 cache 逐个写出，至少写对 90%"""
    model = draw(place(Writer(candidate)))
    losses = learn(model, seed, 130)
    (symbols,) = integers(seed + 1, SYMBOLS, (100, LENGTH))
    written, source = [torch.full_like(symbols[:, :1], SYMBOLS)], {"memory": model.memory(symbols)}
    with torch.no_grad():
        for start in range(LENGTH):
            scores, cache = model(written[-1], start, **source)
            written.append(scores.argmax(-1))
            source = {"cache": cache}
    right = torch.cat(written[1:], dim=1) == symbols.flip(1)
    reaches(right.double().mean().item(), 0.9, "accuracy", losses=losses)
