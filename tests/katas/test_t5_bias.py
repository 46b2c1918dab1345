"""Grades katas/t5_bias.py."""

from copy import deepcopy
from functools import partial

import torch
from torch import nn

from dlkata.suite import (
    adopted,
    agree,
    any_layout,
    calls_apart,
    copies_apart,
    gradients,
    keeps_dtype,
    leaves_alone,
    modes_alike,
    normal,
    place,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_like,
    stir,
    travels,
    unchanged,
)

DEFAULTS = (True, 32, 128), (False, 32, 128)
RULES = (  # bidirectional, n_buckets, max_distance: in none of them a whole quotient below max_distance
    (True, 10, 11),
    (False, 9, 20),
    (True, 32, 20),
    (False, 8, 1000),
    (True, 16, 300),
    (True, 4, 6),
    (False, 3, 50),
    (False, 2, 3),
)


def offsets():
    near = torch.arange(-300, 301)
    return torch.cat([near, torch.tensor([-1000000, -2500, 2500, 1000000])]).to(setting.device)


def inputs(seed, heads=3, new=7, seen=7, lead=(2,), d=4, d_v=5, **how):
    """q, k, v and a bias; all sizes differ but Tq = Tk."""
    shapes = (*lead, heads, new, d), (*lead, heads, seen, d), (*lead, heads, seen, d_v), (heads, new, seen)
    return dict(zip(("q", "k", "v", "bias"), normal(seed, *shapes, **how), strict=True))


def judge(candidate, reference, make, name, **options):
    mine, theirs = candidate.biased_attention, reference.biased_attention
    agree(mine, theirs, make, f"output ({name})", **options)


def biases(candidate, reference, *sizes):
    """Both sides' RelativeBias with the same numbers, all different."""
    mine, theirs = (place(side.RelativeBias(*sizes)) for side in (candidate, reference))
    return adopted(mine, stir(theirs)), theirs


def judge_bias(mine, theirs, name, *sizes):
    """The matrix and the gradient of the table."""
    found, right = mine(*sizes), theirs(*sizes)
    same(found, right, f"bias ({name})")
    grown, wanted = (
        gradients(one, [side.state_dict(keep_vars=True)["weight"]])
        for one, side in ((found, mine), (right, theirs))
    )
    same(grown, wanted, [f"∂L/∂weight ({name})"])


class Layer(nn.Module):
    """Self-attention with a bias of its own."""

    def __init__(self, side, causal=False, heads=3):
        super().__init__()
        self.bias = side.RelativeBias(heads, not causal, 8, 10)
        self.attend, self.causal = side.biased_attention, causal

    def forward(self, x):
        return self.attend(x, x, x, self.bias(x.shape[-2], x.shape[-2]), self.causal)


def layer(side, causal=False):
    return stir(place(Layer(side, causal)))


def tokens(seed, length=6):
    return normal(seed, (2, 3, length, 4))[0]


def test_buckets_both_ways(candidate, reference, seed):
    """32 buckets for both directions, as T5’s encoder has them
    两个方向共 32 个桶，与 T5 的编码器一致"""
    found, right = (side.relative_bucket(offsets()) for side in (candidate, reference))
    same(found, right, "buckets of −300 … 300 and further")


def test_buckets_one_way(candidate, reference, seed):
    """32 buckets for what lies behind, as T5’s decoder has them
    32 个桶全给前面的 key，与 T5 的解码器一致"""
    found, right = (side.relative_bucket(offsets(), bidirectional=False) for side in (candidate, reference))
    same(found, right, "buckets of −300 … 300 and further (one way)")


def test_other_buckets(candidate, reference, seed):
    """Any number of buckets and any largest distance
    桶数和最大距离可以任意设"""
    for rule in RULES:
        found, right = (side.relative_bucket(offsets(), *rule) for side in (candidate, reference))
        same(found, right, f"buckets {rule}")


def test_bucket_arguments(candidate, reference, seed):
    """Offsets of any shape, in any order, which are left alone; options by name or by position
    偏移的形状、次序任意，且不被修改；选项可以按名字传，也可以按位置传"""
    every = offsets()
    for name, given in (
        ("one", every[7]),
        ("mixed", every[:600].view(24, 25).mT),
        ("three dims", every[1::2].view(1, -1, 2)),
        ("repeated", every[290:293].expand(4, 3)),
    ):
        kept = given.clone()
        with unchanged(offset=given):
            found = candidate.relative_bucket(given, True, 32, 128)
        same(found, reference.relative_bucket(kept, True, 32, 128), f"buckets ({name})")
        with unchanged(offset=given):
            found = candidate.relative_bucket(given, max_distance=50, n_buckets=20, bidirectional=False)
        right = reference.relative_bucket(kept, max_distance=50, n_buckets=20, bidirectional=False)
        same(found, right, f"buckets ({name}, one way)")


def test_new_bias(candidate, reference, seed):
    """A new RelativeBias has one parameter, weight (n_buckets, n_heads), of zeros
    新建的 RelativeBias 只有一个参数 weight (n_buckets, n_heads)，全为 0"""
    for sizes in ((3,), (2, False, 9, 20), (1, True, 4, 6)):
        starts_like(candidate.RelativeBias(*sizes), reference.RelativeBias(*sizes))


def test_bias(candidate, reference, seed):
    """The bias of every head, query and key is right, and so is the gradient of the table
    每个 head、query、key 的偏置正确，表的梯度也正确"""
    for sizes in ((7, 7), (40, 40), (2, 140)):
        judge_bias(*biases(candidate, reference, 3), f"Tq, Tk = {sizes}", *sizes)


def test_bias_one_way(candidate, reference, seed):
    """So they are with bidirectional=False
    bidirectional=False 时也正确"""
    for sizes in ((7, 7), (40, 40), (2, 140)):
        judge_bias(*biases(candidate, reference, 3, False), f"Tq, Tk = {sizes}, one way", *sizes)


def test_bias_of_last_queries(candidate, reference, seed):
    """Fewer queries than keys are the last ones
    query 比 key 少时，它们是最后那几个"""
    for both in (True, False):
        mine, theirs = biases(candidate, reference, 3, both)
        for sizes in ((5, 7), (1, 7), (2, 30), (1, 1), (3, 4)):
            judge_bias(mine, theirs, f"Tq, Tk = {sizes}, {both}", *sizes)


def test_bias_options(candidate, reference, seed):
    """Options reach the buckets; one head, and texts beyond the largest distance
    各选项都传到分桶；只有一个 head、文本超过最大距离时也正确"""
    for rule in RULES:
        for heads in (1, 4):
            judge_bias(*biases(candidate, reference, heads, *rule), f"{heads} heads, {rule}", 9, 29)
    options = {"max_distance": 20, "n_buckets": 9, "bidirectional": False, "n_heads": 2}
    mine, theirs = (place(side.RelativeBias(**options)) for side in (candidate, reference))
    adopted(mine, stir(theirs))
    same(mine(keys=12, queries=5), theirs(keys=12, queries=5), "bias (all by name)")


def test_bias_again(candidate, reference, seed):
    """A call goes by the table as it is now, not by what an earlier call saw
    每次调用都用当前的表，而不是之前调用时的"""
    for both in (True, False):
        mine, theirs = biases(candidate, reference, 2, both, 8, 10)
        for step, sizes in enumerate(((6, 6), (6, 6), (4, 6), (6, 9), (9, 9), (6, 6))):
            for recording in (torch.no_grad, torch.enable_grad):
                for side in (mine, theirs):
                    side.train(step % 2 == 0)
                    with torch.no_grad():
                        side.state_dict()["weight"].mul_(-1.5)
                with recording():
                    same(
                        mine(*sizes), theirs(*sizes), f"bias (call {step + 1}, {both}, {recording.__name__})"
                    )
            judge_bias(mine, theirs, f"call {step + 1}, {both}", *sizes)
        first = mine(6, 6)
        kept = first.detach().clone()
        with torch.no_grad():
            mine.state_dict()["weight"].mul_(2)
            mine(6, 6)
            mine.state_dict()["weight"].div_(2)
        same(first, kept, f"bias (after another call, {both})")
        copied = deepcopy(mine)
        with torch.no_grad():
            copied.state_dict()["weight"].add_(1.0)
        right = theirs(6, 6)
        same(
            [copied(6, 6), mine(6, 6)], [right + 1, right], ["bias of a changed copy", "bias of its original"]
        )


def test_attention(candidate, reference, seed):
    """The bias is added to the scores before the softmax; gradients of q, k, v and bias are right
    softmax 之前把偏置加到分数上；q、k、v、bias 的梯度正确"""
    judge(candidate, reference, partial(inputs, seed), "Tq = Tk")
    judge(candidate, reference, partial(inputs, seed, new=5), "Tq = 5, Tk = 7")


def test_attention_causal(candidate, reference, seed):
    """With causal=True no query looks at keys after its own position
    causal=True 时，query 不看自己位置之后的 key"""
    judge(candidate, reference, partial(inputs, seed), "causal, Tq = Tk", causal=True)
    for new in (5, 1, 2):
        judge(
            candidate, reference, partial(inputs, seed, new=new), f"causal, Tq = {new}, Tk = 7", causal=True
        )


def test_attention_shapes(candidate, reference, seed):
    """Any leading dimensions, none too; sizes of 1; equal sizes; `causal` by position
    前面有任意多维都可以，没有也行；大小为 1 或各维相等也行；causal 可以按位置传"""
    for lead, heads, new, seen, d, d_v in (
        ((), 4, 5, 7, 3, 2),
        ((3, 2), 4, 2, 3, 1, 2),
        ((1,), 1, 1, 1, 1, 1),
        ((4,), 4, 4, 4, 4, 4),
        ((2,), 3, 1, 9, 6, 1),
        ((2,), 1, 5, 6, 2, 3),
    ):
        for causal in (False, True):
            make = partial(inputs, seed, heads, new, seen, lead, d, d_v)
            judge(
                candidate, reference, make, f"{(*lead, heads, new, d)}, {seen} keys, {causal}", causal=causal
            )
    found, right = (side.biased_attention(*inputs(seed).values(), True) for side in (candidate, reference))
    same(found, right, "output (True, by position)")


def test_large_scores(candidate, reference, seed):
    """Large scores and biases neither overflow nor uncover hidden keys
    分数和偏置很大时既不上溢，也不会露出被挡住的 key"""
    ramp = torch.linspace(-1, 1, 7, dtype=torch.float64)
    for reach, dtype, within in ((1e5, None, 1e-6), (1e3, torch.float32, 1e-2)):
        for name, levels in (("rising", ramp), ("low", -1 - 0 * ramp), ("high", 1 + 0 * ramp)):
            for causal in (False, True):
                found = []
                for side in (candidate, reference):
                    given = inputs(seed, dtype=dtype, grad=False)
                    given["q"][..., 0] = 1.0
                    given["k"][..., 0] = (reach * levels).to(given["k"])
                    given["bias"] *= 0.01 * reach
                    found.append(side.biased_attention(**given, causal=causal))
                same(*found, f"output (scores {name}, up to {reach:g}, {causal})", tolerance=(within, within))


def test_layer(candidate, reference, seed):
    """Both parts together: attention with a table, its gradients; one table for two layers
    两部分合在一起：带表的注意力及其梯度；两层共用一张表"""
    for causal in (False, True):
        mine, theirs = Layer(candidate, causal), Layer(reference, causal)
        adopted(place(mine), stir(place(theirs)))
        agree(mine, theirs, lambda: tokens(seed), f"output (layer, causal = {causal})")
        found, right = (
            gradients(each(each(tokens(seed))), [each.state_dict(keep_vars=True)["bias.weight"]])
            for each in (mine, theirs)
        )
        same(found, right, [f"∂L/∂weight (two layers, causal = {causal})"])


def test_decoding(candidate, seed):
    """One query after the other gives what all at once give
    逐个 query 计算，与一次全部计算结果相同"""
    bias = stir(place(candidate.RelativeBias(3, False, 8, 10)))
    q, k, v, _ = inputs(seed, grad=False).values()
    with torch.no_grad():
        together = candidate.biased_attention(q, k, v, bias(7, 7), True)
        each = [
            candidate.biased_attention(
                q[..., t : t + 1, :], k[..., : t + 1, :], v[..., : t + 1, :], bias(1, t + 1), True
            )
            for t in range(7)
        ]
    same(torch.cat(each, dim=-2), together, "output (one query at a time)")


def test_float32(candidate, seed):
    """float32 inputs give float32 outputs and gradients
    float32 的输入得到 float32 的输出和梯度"""
    for causal in (False, True):
        keeps_dtype(lambda: candidate.biased_attention, partial(inputs, seed), causal=causal)
        keeps_dtype(lambda causal=causal: layer(candidate, causal), lambda: tokens(seed))


def test_non_contiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    支持转置、带步长和 expand 得到的输入"""
    others = inputs(seed, 3, 4, 4, (), 5, 5, grad=False)
    for name, shape in (("q", (3, 4, 5)), ("k", (3, 4, 5)), ("v", (3, 4, 5)), ("bias", (3, 4, 4))):

        def attend(x, name=name):
            return candidate.biased_attention(**(others | {name: x}), causal=True)

        any_layout(lambda attend=attend: attend, lambda shape: normal(seed, shape)[0], shape)


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned
    每次调用与之前的调用无关，也不改动它们返回的结果"""
    for causal in (False, True):
        calls_apart(
            lambda: candidate.biased_attention,
            lambda i: inputs(seed + i),
            right=lambda: reference.biased_attention,
            causal=causal,
        )
        calls_apart(lambda causal=causal: layer(candidate, causal), lambda i: tokens(seed + i))
        modes_alike(lambda causal=causal: layer(candidate, causal), lambda i: tokens(seed + i))
        samples_apart(layer(candidate, causal), lambda: tokens(seed), name="x")


def test_state(candidate, seed):
    """Tables are apart: another layer’s, a copy’s, one that is loaded
    各层的表互不相干：另一层的、复制出来的、加载的都一样"""
    share_nothing(
        lambda: Layer(candidate), lambda: tokens(seed), beside=lambda: candidate.RelativeBias(2, False, 6, 7)
    )
    travels(layer(candidate), lambda: Layer(candidate), lambda i: tokens(seed + i))
    copies_apart(lambda: layer(candidate), lambda i: tokens(seed + i))


def test_inputs_unchanged(candidate, seed):
    """q, k, v, bias and the table are left alone
    不修改 q、k、v、bias，也不修改表"""
    for causal in (False, True):
        leaves_alone(lambda: candidate.biased_attention, lambda i: inputs(seed + i), causal=causal)
        leaves_alone(lambda causal=causal: layer(candidate, causal), lambda i: tokens(seed + i))
