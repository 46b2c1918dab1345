"""Grades katas/transformer_block.py."""

import itertools
import math
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
    adopt,
    alike,
    calls_apart,
    descend,
    draw,
    follows,
    gradients,
    holds,
    integers,
    modes_alike,
    near,
    normal,
    not_reseeded,
    parameters_of,
    place,
    reaches,
    same,
    setting,
    starts_uniform,
    travels,
    unchanged,
    undisturbed,
)

B, T, D, H, WIDE = 3, 5, 8, 2, 7
LINEAR = ("w_q", "w_k", "w_v", "w_o", "ff1", "ff2")
LEARNED = [f"{layer}.{kind}" for layer in (*LINEAR, "norm1", "norm2") for kind in ("weight", "bias")]
NORM_STARTS = (("weight", 1.0), ("bias", 0.0))
KINDS = ((True, "pre-norm"), (False, "post-norm"))


def twins(candidate, reference, seed, norm_first, sizes=(D, H, WIDE), dropout=0.0):
    """The attempt's block and the reference's, with the same weights, none of them where it starts."""
    blocks = (place(m.TransformerBlock(*sizes, dropout, norm_first)) for m in (candidate, reference))
    return alike(*blocks, seed, 0.6)


def tokens(seed, shape=(B, T, D)):
    return normal(seed, shape, scale=1.5)[0]


def padding(device=None):
    """Padding at the end, in the middle, and none."""
    rows = [[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [1, 1, 1, 1, 1]]
    return torch.tensor(rows, dtype=torch.bool, device=device or setting.device)


def judged(found, options):
    """Outputs, then gradients of x and of every parameter, of blocks called with the same options."""
    outputs, grads = [], []
    for block, x in found:
        outputs.append(block(x, **options))
    same(*outputs)
    for (block, x), output in zip(found, outputs, strict=True):
        grads.append(gradients(output, [x, *parameters_of(block, LEARNED)]))
    same(*grads, ["∂L/∂x", *(f"∂L/∂{name}" for name in LEARNED)])


def test_pre_norm(candidate, reference, seed):
    """Pre-norm: the output is right
    pre-norm：输出正确"""
    mine, theirs = twins(candidate, reference, seed, True)
    same(mine(tokens(seed)), theirs(tokens(seed)))


def test_post_norm(candidate, reference, seed):
    """Post-norm: the output is right
    post-norm：输出正确"""
    mine, theirs = twins(candidate, reference, seed, False)
    same(mine(tokens(seed)), theirs(tokens(seed)))


def test_gradients(candidate, reference, seed):
    """Gradients of x and of all parameters are right
    x 和所有参数的梯度正确"""
    for norm_first, _name in KINDS:
        judged([(block, tokens(seed)) for block in twins(candidate, reference, seed, norm_first)], {})


def test_causal(candidate, reference, seed):
    """Causal: no position sees what comes after it
    causal：任何位置都看不到后面的内容"""
    for norm_first, _name in KINDS:
        found = [(block, tokens(seed)) for block in twins(candidate, reference, seed, norm_first)]
        judged(found, {"causal": True})


def test_padding(candidate, reference, seed):
    """Padding is hidden from every query
    任何 query 都看不到 padding"""
    for norm_first, _name in KINDS:
        found = [(block, tokens(seed)) for block in twins(candidate, reference, seed, norm_first)]
        judged(found, {"valid": padding()})


def test_both_masks(candidate, reference, seed):
    """Both masks together: a key must be allowed by both
    两种 mask 同时使用：key 必须两边都允许"""
    for norm_first, _name in KINDS:
        found = [(block, tokens(seed)) for block in twins(candidate, reference, seed, norm_first)]
        judged(found, {"valid": padding(), "causal": True})


def test_hidden_tokens(candidate, seed):
    """What a hidden token holds changes nothing elsewhere, however large it is
    被挡住的 token 内容再大，也不影响其他位置"""
    block = draw(place(candidate.TransformerBlock(D, H, WIDE, 0.0, False)))
    x, loud = tokens(seed).detach(), tokens(seed).detach()
    loud[:, 3] = 1e3 * loud[:, 3] + 500
    valid = padding()
    valid[:, 3] = False
    seen = [0, 1, 2, 4]
    same(block(loud, valid)[:, seen].detach(), block(x, valid)[:, seen].detach(), "output (padding)")
    same(block(loud, causal=True)[:, :3].detach(), block(x, causal=True)[:, :3].detach(), "output (causal)")


def test_sizes(candidate, reference, seed):
    """Other numbers of heads, one token, one sequence, narrow and wide FFN
    不同的头数、单个 token、单条序列、窄的和宽的 FFN"""
    for shape, heads, wide in (
        ((2, 4, 12), 3, 5),
        ((1, 1, 6), 6, 9),
        ((3, 1, 6), 2, 5),
        ((4, 4, 4), 1, 4),
        ((1, 7, 10), 5, 1),
        ((3, 5, 6), 6, 1),
    ):
        for norm_first, name in KINDS:
            mine, theirs = twins(candidate, reference, seed, norm_first, (shape[-1], heads, wide))
            label = f"output ({name}, x {shape}, H={heads}, d_ff={wide})"
            same(mine(tokens(seed, shape)), theirs(tokens(seed, shape)), label)


def test_fresh(candidate, reference, seed):
    """A new block has the promised parameters, started as nn.Linear and nn.LayerNorm start
    新建的 block 参数符合约定，初始化与 nn.Linear、nn.LayerNorm 相同"""
    sizes = (12, 3, 20)
    width = {layer: 12 for layer in LINEAR} | {"ff2": 20}
    bounds = {f"{layer}.{kind}": width[layer] ** -0.5 for layer in LINEAR for kind in ("weight", "bias")}
    norms = {f"{norm}.{k}": torch.full((12,), v) for norm in ("norm1", "norm2") for k, v in NORM_STARTS}
    build = partial(candidate.TransformerBlock, *sizes)
    starts_uniform(build, reference.TransformerBlock(*sizes), bounds, norms)


def test_default_norm(candidate, reference, seed):
    """Without norm_first the block is pre-norm
    不传 norm_first 时是 pre-norm"""
    theirs = place(reference.TransformerBlock(D, H, WIDE, 0.0))
    mine = adopt(place(candidate.TransformerBlock(D, H, WIDE, dropout=0.0)), theirs)
    same(mine(tokens(seed)), theirs(tokens(seed)))


def test_epsilon(candidate, reference, seed):
    """Tokens of tiny variance show that ε is 1e-5
    方差极小的 token 能看出 ε 是 1e-5"""
    for norm_first, name in KINDS:
        mine, theirs = twins(candidate, reference, seed, norm_first)
        outputs = []
        for block in (mine, theirs):
            for layer in ("w_o", "ff2"):  # small branches too, for the norms after them
                block.state_dict()[f"{layer}.weight"].mul_(1e-3)
                block.state_dict()[f"{layer}.bias"].mul_(1e-3)
            outputs.append(block(2e-3 * tokens(seed)))
        same(*outputs, f"output ({name})")


def test_eval(candidate, reference, seed):
    """In eval mode dropout does nothing
    eval 模式下 dropout 不起作用"""
    for norm_first, name in KINDS:
        mine, theirs = twins(candidate, reference, seed, norm_first, dropout=0.4)
        for turn in range(2):  # of one shape, of other values
            output, expected = mine.eval()(tokens(seed + turn)), theirs.eval()(tokens(seed + turn))
            same(output, expected, f"output ({name}, #{turn})")
            output, expected = (b(tokens(seed + turn), padding(), True) for b in (mine, theirs))
            same(output, expected, f"output ({name}, #{turn}, masks)")


def attention_of(state, x):
    """A(x) with one head, written out here: what dropout then acts on."""
    q, k, v = (F.linear(x, state[f"{w}.weight"], state[f"{w}.bias"]) for w in ("w_q", "w_k", "w_v"))
    mixed = (q @ k.mT / math.sqrt(x.shape[-1])).softmax(-1) @ v
    return F.linear(mixed, state["w_o.weight"], state["w_o.bias"])


def thought_of(state, x):
    hidden = F.gelu(F.linear(x, state["ff1.weight"], state["ff1.bias"]))
    return F.linear(hidden, state["ff2.weight"], state["ff2.bias"])


def norm_of(state, x, name):
    return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])


def block_of(state, x, norm_first, silent, factor):
    """The block with one head and one silent branch; what comes out of the other one is multiplied by `factor`."""
    branch = attention_of if silent == "ff2" else thought_of
    if norm_first:
        return x + factor * branch(state, norm_of(state, x, "norm1" if silent == "ff2" else "norm2"))
    if silent == "ff2":
        return norm_of(state, norm_of(state, x + factor * branch(state, x), "norm1"), "norm2")
    inner = norm_of(state, x, "norm1")
    return norm_of(state, inner + factor * branch(state, inner), "norm2")


def dropped(candidate, reference, seed, silent, p, **options):
    """Blocks of width 3 of which one branch is silent: for each token the 8 ways to drop entries of the other
    are tried. Tells for each kind of block how its tokens fit them, and which entries were kept.
    """
    for norm_first, name in KINDS:
        theirs = place(reference.TransformerBlock(3, 1, 11, 0.0, norm_first))
        shapes = [tuple(w.shape) for w in parameters_of(theirs, LEARNED)]
        state = dict(zip(LEARNED, normal(seed + 5, *shapes, grad=False), strict=True))
        state[f"{silent}.weight"].zero_()
        state[f"{silent}.bias"].zero_()
        theirs.load_state_dict(state)
        mine = place(candidate.TransformerBlock(3, 1, 11, norm_first=norm_first, **options))
        adopt(mine, theirs, as_it_is=True)
        (x,) = normal(seed, (80, 5, 3), grad=False)
        output = mine(x).detach()
        ways = torch.tensor(list(itertools.product((0.0, 1.0), repeat=3)), dtype=x.dtype, device=x.device)
        right = block_of(state, x, norm_first, silent, ways[:, None, None] / (1 - p))  # (8, 80, 5, 3)
        best, way = (right - output).abs().amax(-1).min(0)  # (80, 5)
        close = 1e-6 if setting.dtype == torch.float64 else 1e-3
        if best.max() < close:
            fit = "right"
        elif (block_of(state, x, norm_first, silent, 1.0) - output).abs().max() < close:
            fit = "nothing dropped"
        else:
            fit = "holes in the output" if (output == 0).any() else "something else"
        yield name, fit, ways[way]


def judge_dropout(found, p, en, zh):
    for name, fit, kept in found:
        holds(fit == "right", en, zh, value=fit, name=name)
        lost = (kept == 0).double()
        rate = "The share of dropped entries is not the one asked for.", "被置零的比例与要求的不符。"
        near(lost.mean().item(), p, 0.08, f"dropped ({name})", *rate)
        near(lost.prod(-1).mean().item(), p**3, 0.08, f"dropped, all three ({name})", *rate)
        for axis, en_pair, zh_pair in (
            (1, "tokens of a sequence", "同一序列的 token"),
            (0, "sequences", "序列"),
        ):
            apart = lost.transpose(0, axis)
            first, second = apart[: len(apart) // 2 * 2].chunk(2)
            near(
                (first * second).mean().item(),
                p**2,
                0.08,
                f"dropped in two {en_pair} ({name})",
                f"Two {en_pair} lose the same entries too often or too seldom: single entries are dropped.",
                f"两个{zh_pair}同时被置零的位置过多或过少：应当逐元素置零。",
            )


def test_dropout_of_attention(candidate, reference, seed):
    """Dropout acts on single entries of the attention's output, and nowhere else in this branch
    dropout 逐元素作用于注意力的输出，这个分支的其他地方没有 dropout"""
    judge_dropout(
        dropped(candidate, reference, seed, "ff2", 0.35, dropout=0.35),
        0.35,
        "In training, the attention branch is not what it would be with some entries of A(…) set to zero and the "
        "others scaled by 1/(1 − p).",
        "训练模式下，注意力分支的结果不等于把 A(…) 的某些元素置零、其余乘 1/(1 − p)。",
    )


def test_dropout_of_ffn(candidate, reference, seed):
    """Dropout acts on single entries of the FFN's output, and nowhere else in this branch
    dropout 逐元素作用于 FFN 的输出，这个分支的其他地方没有 dropout"""
    judge_dropout(
        dropped(candidate, reference, seed, "w_o", 0.35, dropout=0.35),
        0.35,
        "In training, the FFN branch is not what it would be with some entries of FFN(…) set to zero and the "
        "others scaled by 1/(1 − p).",
        "训练模式下，FFN 分支的结果不等于把 FFN(…) 的某些元素置零、其余乘 1/(1 − p)。",
    )


def test_dropouts_are_independent(candidate, seed):
    """The two dropouts draw masks of their own
    两处 dropout 各自抽取自己的 mask"""
    block = place(candidate.TransformerBlock(D, H, WIDE, 0.5))
    with torch.no_grad():
        state = block.state_dict(keep_vars=True)
        for value in state.values():
            value.zero_()
        state["w_o.bias"].fill_(1.0)  # each branch is a constant: what was dropped can be read off
        state["ff2.bias"].fill_(10.0)
        x = torch.zeros(24, 2 * T, D, dtype=setting.dtype, device=setting.device)
        dropped = block.train()(x).abs() < 0.5
    share = dropped.double().mean().item()
    holds(
        abs(share - 0.25) < 0.08,
        "The two dropouts (p = 0.5) do not drop independently: a quarter of all entries should lose both branches.",
        "两处 dropout（p = 0.5）不是相互独立的：应当有四分之一的元素同时失去两个分支。",
        value="a quarter"
        if abs(share - 0.25) < 0.08
        else "half"
        if abs(share - 0.5) < 0.08
        else "another share",
        name="entries without both branches",
    )


def test_default_dropout(candidate, reference, seed):
    """Without the argument `dropout`, p is 0.1
    不传 dropout 时 p 为 0.1"""
    for name, fit, kept in dropped(candidate, reference, seed, "w_o", 0.1):
        right = fit == "right" and abs((kept == 0).double().mean().item() - 0.1) < 0.06
        holds(
            right,
            "Without the argument, the block does not drop a tenth of the entries of the FFN's output.",
            "不传 dropout 时，FFN 输出中被置零的元素不是十分之一。",
            value=fit,
            name=name,
        )


def test_many_calls(candidate, reference, seed):
    """Calls are independent: other shapes, masks and modes before change nothing
    各次调用互不影响：之前用过别的形状、mask 和模式也一样"""
    mine, theirs = twins(candidate, reference, seed, True)
    found = []
    for block in (mine, theirs):
        results = [block(tokens(seed), padding(), True), block(tokens(seed))]
        results += [
            block(tokens(seed, shape), causal=causal)
            for shape in ((2, 9, D), (6, 2, D))
            for causal in (True, False)
        ]
        with torch.no_grad():
            results.append(block.eval()(tokens(seed), causal=True))
        results.append(block.train()(tokens(seed), padding()))
        found.append(results)
    same(*found, "outputs")


def test_instances(candidate, reference, seed):
    """Two blocks share nothing
    两个 block 之间不共享任何东西"""
    pairs = [twins(candidate, reference, seed + i, bool(i)) for i in range(2)]
    for number, (mine, theirs) in enumerate(pairs):
        same(mine(tokens(seed)), theirs(tokens(seed)), f"output ({number})")


def test_nothing_is_remembered(candidate, seed):
    """Neither weights that were replaced nor what a tensor held before count; eval mode has gradients, too
    已被替换的权重、张量里以前的内容，都不再起作用；eval 模式下也有梯度"""
    for norm_first, _kind in KINDS:
        build = partial(built, candidate, norm_first)
        travels(build(), build, lambda i: tokens(seed + i))
        calls_apart(build, lambda i: tokens(seed + i))
        modes_alike(build, lambda i: tokens(seed + i))


def built(candidate, norm_first):
    return draw(place(candidate.TransformerBlock(D, H, WIDE, 0.0, norm_first)))


def test_float32(candidate, reference, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    for norm_first, name in KINDS:
        found = []
        for block in twins(candidate, reference, seed, norm_first):
            (x,) = normal(seed, (B, T, D), dtype=torch.float32)
            output = block.float()(x, padding(), True)
            found.append([output, *gradients(output, [x])])
        # Judged to the digit in float64; right styles differ by up to 10⁻⁶ here.
        same(*found, [f"output ({name})", "∂L/∂x"], tolerance=(1e-3, 1e-4))


def test_non_contiguous(candidate, reference, seed):
    """Transposed and strided inputs and masks work
    输入和 mask 是转置或带步长的切片时也正确"""
    for norm_first, name in KINDS:
        found = []
        for block in twins(candidate, reference, seed, norm_first):
            late, wide = normal(seed, (T, B, D), (B, 2 * T, 2 * D))
            masks = padding().T.contiguous().T, padding().repeat_interleave(2, dim=1)[:, ::2]
            results = [
                block(late.transpose(0, 1), masks[0]),
                block(wide[:, ::2, 1::2], masks[1], causal=True),
            ]
            found.append([*results, *gradients(results, [late, wide])])
        same(*found, [f"output ({name})", f"output ({name})", "∂L/∂x (transposed)", "∂L/∂x (strided)"])


def test_side_effects(candidate, seed):
    """x, the mask and the parameters are left alone, also by later calls; nothing is reseeded
    x、mask 和参数保持不变，之后的调用也不会改动；不重新设种子"""
    x, valid, small = tokens(seed).detach(), padding(), tokens(seed, (B, 3, D)).detach()
    mask = padding()[:, :3].clone()
    blocks, calls = [], []
    for norm_first in (True, False):
        block = draw(place(candidate.TransformerBlock(D, H, WIDE, 0.0, norm_first)))
        with unchanged(x=x, valid=valid, **dict(sorted(block.named_parameters()))):
            output = block(x, valid)
            with unchanged(output=output):
                block(x, valid, True).sum().backward()
                block.eval()(x, valid, causal=True)
        not_reseeded(
            lambda first=norm_first: candidate.TransformerBlock(4, 2, 3, 0.5, first)(torch.rand(2, 3, 4))
        )
        calls += [partial(block, small, *masks) for masks in ((), (mask,), (None, True), (mask, True))]
        blocks.append(block)
    undisturbed(calls, *blocks, x=small, valid=mask)


def test_draws_from_the_global_generator(candidate, seed):
    """Dropout draws from torch's global generator: with its seed the same, without it something new
    dropout 从 torch 的全局生成器抽取：种子相同则结果相同，否则每次都不同"""
    block, x = draw(place(candidate.TransformerBlock(D, H, WIDE, 0.5))), tokens(seed).detach()
    found = []
    for start in (seed + 1, seed + 1, seed + 2):
        torch.manual_seed(start)
        found.append([block(x).detach(), block(x).detach()])
    again, other = (bool((found[0][0] == found[i][0]).all()) for i in (1, 2))
    holds(
        again and not other and bool((found[0][0] != found[0][1]).any()),
        "What dropout zeroes does not follow torch's global random generator, and it alone.",
        "dropout 置零哪些元素，并不是由 torch 的全局随机数生成器（且仅由它）决定的。",
        value=f"same seed: {'same' if again else 'other'}, other seed: {'same' if other else 'other'}",
        name="dropout",
    )


class Reverser(nn.Module):
    """Reads a sequence of tokens and writes it backwards."""

    def __init__(self, module, kinds, length, norm_first):
        super().__init__()
        self.tokens, self.places = nn.Embedding(kinds, 24), nn.Embedding(length, 24)
        self.blocks = nn.ModuleList(module.TransformerBlock(24, 2, 32, 0.0, norm_first) for _ in range(2))
        self.head = nn.Linear(24, kinds)

    def forward(self, sequences):
        x = self.tokens(sequences) + self.places.weight
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def train(net, seed, steps, kinds=7, length=5, batch=10):
    def loss_of(step):
        (sequences,) = integers(1000 * seed + step, kinds, (batch, length))
        return F.cross_entropy(net(sequences).flatten(0, 1), sequences.flip(1).flatten())

    return descend(net.parameters(), loss_of, steps, 0.01)


@pytest.mark.training
def test_follows(candidate, reference, seed):
    """Learning to reverse a sequence, the losses are the reference's
    学习把序列倒过来，loss 曲线与参考实现一致"""
    for norm_first, _name in KINDS:
        theirs = place(Reverser(reference, 7, 5, norm_first))
        mine = adopt(place(Reverser(candidate, 7, 5, norm_first)), theirs)
        curves = [train(net, seed, 8) for net in (mine, theirs)]
        follows(*curves, 1e-6 if setting.dtype == torch.float64 else 1e-3)


@pytest.mark.training
def test_reaches(candidate, seed):
    """Two blocks learn to reverse sequences: accuracy ≥ 0.95
    两个 block 学会把序列倒过来：准确率 ≥ 0.95"""
    net = draw(place(Reverser(candidate, 7, 5, True)))
    losses = train(net, seed, 100)
    (sequences,) = integers(seed + 1, 7, (200, 5))
    with torch.no_grad():
        right = net(sequences).argmax(-1) == sequences.flip(1)
    # Without attention it stays near 0.25.
    reaches(right.double().mean().item(), 0.95, "accuracy", losses=losses)
