"""Grades katas/gqa.py."""

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
    causal,
    descend,
    draw,
    follows,
    gradients,
    integers,
    normal,
    not_reseeded,
    opposed,
    place,
    reaches,
    refuses_sizes,
    same,
    setting,
    slopes,
    starts_uniform,
    travels,
    unchanged,
    undisturbed,
    visible,
)

PARAMETERS = ["w_q.weight", "w_k.weight", "w_v.weight", "w_o.weight"]
GRADIENTS = ["∂L/∂x", *(f"∂L/∂{name}" for name in PARAMETERS)]


def twins(candidate, reference, seed, *sizes):
    """The attempt's layer and the reference's, alike. All sizes differ: 2 query heads share one of keys."""
    layers = (place(m.GroupedQueryAttention(*(sizes or (24, 6, 3)))) for m in (candidate, reference))
    return alike(*layers, seed, 1.5, by_width=True)


def tokens(seed, *shape, **how):
    return normal(seed, shape or (5, 7, 24), **how)[0]


def mask_of(seed, *shape):
    return visible(seed, *(shape or (5, 7, 7)))


def grads(layer, x, *masks):
    return slopes(layer, PARAMETERS, x, *masks)


def test_output(candidate, reference, seed):
    """The output is right without a mask
    不带 mask 时输出正确"""
    mine, theirs = twins(candidate, reference, seed)
    same(mine(tokens(seed)), theirs(tokens(seed)))


def test_gradients(candidate, reference, seed):
    """Gradients of x and of every weight are right
    x 和每个权重的梯度都正确"""
    mine, theirs = twins(candidate, reference, seed)
    same(grads(mine, tokens(seed)), grads(theirs, tokens(seed)), GRADIENTS)


def test_groups(candidate, reference, seed):
    """Neighbouring query heads share keys and values, whatever the number of groups
    无论分成几组，都是相邻的 query 头共用 key 和 value"""
    for heads, groups in ((6, 2), (8, 4), (12, 3), (9, 3)):
        width = 4 * heads
        mine, theirs = twins(candidate, reference, seed, width, heads, groups)
        x, other = tokens(seed, 5, 7, width), tokens(seed, 5, 7, width)
        same(mine(x), theirs(other), f"output (H = {heads}, G = {groups})")


def test_mha_and_mqa(candidate, reference, seed):
    """G = H is multi-head attention, G = 1 multi-query attention
    G = H 时是多头注意力，G = 1 时是多查询注意力"""
    for groups in (6, 1):
        mine, theirs = twins(candidate, reference, seed, 24, 6, groups)
        same(mine(tokens(seed)), theirs(tokens(seed)), f"output (H = 6, G = {groups})")
        output, expected = mine(tokens(seed), mask_of(seed)), theirs(tokens(seed), mask_of(seed))
        same(output, expected, f"output (H = 6, G = {groups}, mask)")
        same(grads(mine, tokens(seed)), grads(theirs, tokens(seed)), GRADIENTS)


def test_mask(candidate, reference, seed):
    """With a mask, each query looks at exactly the keys it may look at
    带 mask 时，每个 query 恰好只看允许看的 key"""
    mine, theirs = twins(candidate, reference, seed)
    same(mine(tokens(seed), mask_of(seed, 7, 7)), theirs(tokens(seed), mask_of(seed, 7, 7)))
    for name, mask in (("causal", causal(7)), ("anticausal", causal(7).mT)):  # each has a full row
        same(mine(tokens(seed), mask.clone()), theirs(tokens(seed), mask), f"output ({name})")


def test_mask_for_each_sequence(candidate, reference, seed):
    """A mask of shape (B, T, T) holds one for each sequence
    形状为 (B, T, T) 的 mask，每个序列用自己的那一个"""
    mine, theirs = twins(candidate, reference, seed)
    same(mine(tokens(seed), mask_of(seed)), theirs(tokens(seed), mask_of(seed)))


def test_mask_gradients(candidate, reference, seed):
    """Gradients under a mask are right
    带 mask 时梯度正确"""
    mine, theirs = twins(candidate, reference, seed)
    for shape in ((5, 7, 7), (7, 7)):
        found, expected = (grads(layer, tokens(seed), mask_of(seed, *shape)) for layer in (mine, theirs))
        same(found, expected, GRADIENTS)


def test_sizes(candidate, reference, seed):
    """Any number of sequences, tokens and heads, also one
    batch、token 数和头数任意，为 1 也行"""
    for batch, length, width, heads, groups in (
        (4, 1, 8, 2, 1),
        (1, 5, 16, 4, 2),
        (3, 2, 4, 1, 1),
        (2, 4, 4, 4, 2),
        (1, 1, 1, 1, 1),
        (4, 4, 16, 4, 4),
        (3, 6, 32, 2, 1),
        (2, 19, 12, 6, 3),
    ):
        mine, theirs = twins(candidate, reference, seed, width, heads, groups)
        name = f"output (B = {batch}, T = {length}, D = {width}, H = {heads}, G = {groups}"
        shape = batch, length, width
        same(mine(tokens(seed, *shape)), theirs(tokens(seed, *shape)), f"{name})")
        same(grads(mine, tokens(seed, *shape)), grads(theirs, tokens(seed, *shape)), GRADIENTS)
        for size in ((length, length), (batch, length, length)):
            masks = [mask_of(seed, *size) for _ in range(2)]
            output, expected = mine(tokens(seed, *shape), masks[0]), theirs(tokens(seed, *shape), masks[1])
            same(output, expected, f"{name}, mask.shape = {size})")


def test_scale(candidate, reference, seed):
    """The scores are scaled for any width of a head
    任意头宽下，分数的缩放都正确"""
    for width, heads, groups in ((10, 2, 1), (12, 4, 2), (6, 1, 1), (28, 4, 2), (40, 2, 2)):
        mine, theirs = twins(candidate, reference, seed, width, heads, groups)
        x, other = tokens(seed, 2, 5, width), tokens(seed, 2, 5, width)
        same(mine(x), theirs(other), f"output (D = {width}, H = {heads}, G = {groups})", tolerance=COARSE)


def test_large_scores(candidate, reference, seed):
    """Large scores neither overflow nor vanish
    分数很大时既不上溢也不下溢"""
    mine, theirs = twins(candidate, reference, seed)
    for scale in (10.0, 100.0):
        x, other = tokens(seed, scale=scale), tokens(seed, scale=scale)
        same(mine(x), theirs(other), f"output (x of size {scale:g})", tolerance=(1e-7, 1e-6))
    builds = (partial(m.GroupedQueryAttention, 8, 2, 1) for m in (candidate, reference))
    for label, layers, within in opposed(seed, *builds):
        # In the first sequence each query meets high scores and low ones, in the second low ones only.
        outputs = (layer(torch.stack([x[0], x[1, [0, 2, 0, 2]]])) for layer, x in layers)
        same(*outputs, f"output ({label})", tolerance=within)


def test_hidden_scores(candidate, reference, seed):
    """What a mask hides stays hidden, however large its score
    被挡住的 key 分数再高也分不到权重"""
    alike = torch.ones(4, 4, dtype=torch.bool, device=setting.device)
    alike[0::2, 1::2] = alike[1::2, 0::2] = False  # hides all high scores
    builds = (partial(m.GroupedQueryAttention, 8, 2, 1) for m in (candidate, reference))
    for label, layers, within in opposed(seed, *builds):
        for name, mask in (("causal", causal(4)), ("others hidden", alike)):
            outputs = (layer(x, mask.clone()) for layer, x in layers)
            same(*outputs, f"output ({label}, {name})", tolerance=within)


def test_float32(candidate, reference, seed):
    """float32 stays float32, with a mask and without
    float32 输入得到 float32 输出，无论有没有 mask"""
    mine, theirs = (layer.float() for layer in twins(candidate, reference, seed))
    for masks in ((), (mask_of(seed),)):
        x, other = (tokens(seed, dtype=torch.float32) for _ in range(2))
        same(mine(x, *masks), theirs(other, *masks), tolerance=(1e-3, 1e-4))
        same(grads(mine, x, *masks), grads(theirs, other, *masks), GRADIENTS, tolerance=(1e-3, 1e-3))


def test_half_precision(candidate, reference, seed):
    """float16 and bfloat16 work, with a mask and without
    float16 和 bfloat16 可用，无论有没有 mask"""
    for dtype, within in ((torch.float16, 5e-2), (torch.bfloat16, 3e-1)):
        name = f"output ({str(dtype).removeprefix('torch.')}"
        mine, theirs = (layer.to(dtype) for layer in twins(candidate, reference, seed))
        x, other = (tokens(seed, dtype=dtype) for _ in range(2))
        same(mine(x), theirs(other), f"{name})", tolerance=(0.0, within))
        for shape in ((7, 7), (5, 7, 7)):
            output, expected = mine(x, mask_of(seed, *shape)), theirs(other, mask_of(seed, *shape))
            same(output, expected, f"{name}, mask.shape = {shape})", tolerance=(0.0, within))
        same(mine.state_dict(), theirs.state_dict(), "state_dict")  # still of this dtype


def test_new_layer(candidate, reference, seed):
    """A new layer has the four projections of the contract, initialised as nn.Linear does
    新建的层有约定的四个投影，初始化与 nn.Linear 相同"""
    starts_uniform(
        lambda: candidate.GroupedQueryAttention(d_model=12, n_heads=6, n_kv_heads=2),
        reference.GroupedQueryAttention(12, 6, 2),
        dict.fromkeys(PARAMETERS, 12**-0.5),
    )


def test_bad_sizes(candidate, seed):
    """Heads that can't share the width, or groups that can't share the heads, raise ValueError
    d_model 不能被 n_heads 整除、n_heads 不能被 n_kv_heads 整除时，抛出 ValueError"""

    names = "d_model", "n_heads", "n_kv_heads"
    wrong = (10, 4, 2), (12, 5, 1), (12, 6, 4), (24, 6, 12), (24, 4, 3)
    refuses_sizes(candidate.GroupedQueryAttention, *(dict(zip(names, sizes, strict=True)) for sizes in wrong))


def test_train_and_eval(candidate, reference, seed):
    """Train and eval mode do the same
    train 和 eval 模式行为相同"""
    mine, theirs = twins(candidate, reference, seed)
    for mode in (False, True):
        mine.train(mode), theirs.train(mode)
        for turn in range(2):  # of one shape, of other values
            x, other = (tokens(seed + turn) for _ in range(2))
            output, expected = mine(x, mask_of(seed + turn)), theirs(other, mask_of(seed + turn))
            same(output, expected, f"output[{turn}] ({'train' if mode else 'eval'})")
            same(grads(mine, x), grads(theirs, other), GRADIENTS)
            with torch.no_grad():
                same(mine(x), theirs(other), f"output[{turn}] (no_grad)")


def test_calls(candidate, reference, seed):
    """Calls know nothing of each other, nor do layers; a mask that hides nothing changes nothing
    各次调用、各个层之间互不影响；什么都不挡的 mask 不改变结果"""
    sizes = (24, 6, 3), (24, 6, 2), (20, 4, 2)
    layers = [twins(candidate, reference, seed + i, *size) for i, size in enumerate(sizes)]
    for turn, (layer, batch, length, masked) in enumerate(
        (
            (0, 2, 3, True),
            (1, 3, 7, False),
            (0, 2, 6, True),
            (2, 1, 4, True),
            (1, 4, 5, True),
            (0, 2, 6, False),
        )
    ):
        mine, theirs = layers[layer]
        shape = batch, length, sizes[layer][0]
        masks = [mask_of(seed + turn, length, length) if masked else None for _ in range(2)]
        output = mine(mask=masks[0], x=tokens(seed + turn, *shape))
        same(output, theirs(tokens(seed + turn, *shape), masks[1]), f"output[{turn}]")
    mine, theirs = layers[0]
    everything = torch.ones(7, 7, dtype=torch.bool, device=setting.device)
    same(mine(tokens(seed), everything), theirs(tokens(seed)), "output (mask = True)")


def test_nothing_is_remembered(candidate, seed):
    """Neither weights that were replaced nor what a tensor held before count
    已被替换的权重、张量里以前的内容，都不再起作用"""

    def build():
        return draw(place(candidate.GroupedQueryAttention(24, 6, 3)))

    travels(build(), build, lambda i: tokens(seed + i))
    calls_apart(build, lambda i: tokens(seed + i))


def test_side_effects(candidate, seed):
    """x, the mask, the weights and the random generator are left as they were
    x、mask、权重和随机数生成器都保持原样"""
    layer = draw(place(candidate.GroupedQueryAttention(24, 6, 3)))
    x, single, several = tokens(seed, 5, 3, 24, grad=False), mask_of(seed, 3, 3), mask_of(seed, 5, 3, 3)
    for mask in (single, several):
        with unchanged(x=x, mask=mask):
            layer(x, mask)
            layer(
                tokens(seed + 1, 5, 3, 24), mask.clone()
            ).sum().backward()  # nor later, through what was kept
        not_reseeded(lambda m=mask: (torch.rand(()), layer(x, m)))
    not_reseeded(lambda: candidate.GroupedQueryAttention(8, 2, 1))
    half = draw(candidate.GroupedQueryAttention(24, 6, 3)).to(setting.device, torch.bfloat16)
    short = x.to(torch.bfloat16)
    calls = [partial(layer, x), *(partial(layer, x, mask) for mask in (single, several))]
    calls.append(partial(half, short, several))
    undisturbed(calls, layer, half, x=x, mask=single, masks=several, short=short)


def test_not_contiguous(candidate, reference, seed):
    """Transposed and sliced inputs and masks, with their gradients
    转置、切片得到的输入和 mask，以及它们的梯度"""
    mine, theirs = twins(candidate, reference, seed)
    for flat in (False, True):
        results = []
        for layer in (mine, theirs):
            leaf = tokens(seed, 7, 5, 48)
            mask = mask_of(seed, 10, 7, 7)[::2].mT.contiguous().mT
            output = layer(leaf.transpose(0, 1)[..., ::2], mask[0] if flat else mask)
            results.append((output, *gradients(output, [leaf])))
        same(*results, ["output", "∂L/∂x"])


# A list is read twice: in the second half each token says what will come next, which stood in the first half.

SYMBOLS, HALF, WIDTH, HEADS, GROUPS = 6, 3, 16, 4, 2


class Copier(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.symbol = nn.Embedding(SYMBOLS, WIDTH)
        self.position = nn.Parameter(torch.randn(2 * HALF, WIDTH))
        self.attention = module.GroupedQueryAttention(WIDTH, HEADS, GROUPS)
        self.head = nn.Linear(WIDTH, SYMBOLS)

    def forward(self, sequence):
        x = self.symbol(sequence) + self.position
        return self.head(self.attention(x, causal(2 * HALF)))[:, HALF - 1 : -1]


def lists(seed, *size):
    (first,) = integers(seed, SYMBOLS, (*size, HALF))
    return torch.cat([first, first], dim=-1)


def train(model, seed, steps):
    batches = lists(seed, steps, 12)

    def loss_of(step):
        return F.cross_entropy(model(batches[step]).flatten(0, 1), batches[step][:, HALF:].flatten())

    return descend(model.parameters(), loss_of, steps, 0.03)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Trained inside a small model, the losses follow the reference
    放进一个小模型训练，loss 与参考实现一致"""
    theirs = place(Copier(reference))
    mine = adopt(place(Copier(candidate)), theirs)
    follows(train(mine, seed, 12), train(theirs, seed, 12))


@pytest.mark.training
def test_training_copies(candidate, seed):
    """Trained inside a small model, it learns to repeat a list: accuracy ≥ 0.95
    放进一个小模型训练，能学会把列表重复一遍：准确率 ≥ 0.95"""
    model = draw(place(Copier(candidate)))
    losses = train(model, seed, 70)
    sequences = lists(seed + 1, 200)
    with torch.no_grad():
        right = model(sequences).argmax(dim=-1) == sequences[:, HALF:]
    reaches(right.double().mean().item(), 0.95, "accuracy", losses=losses)
