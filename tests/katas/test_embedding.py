"""Grades katas/embedding.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    agree,
    any_layout,
    calls_apart,
    copies_apart,
    data_file,
    descend,
    draw,
    follows,
    holds,
    independent,
    integers,
    keeps_dtype,
    leaves_alone,
    modes_alike,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    same_names,
    samples_apart,
    setting,
    share_nothing,
    spread,
    starts_like,
    travels,
    twins,
)

V, D = 9, 4  # √4 is exact, whatever it is computed in
ROUND = partial(same, tolerance=(1e-6, 1e-6))  # a right root taken in float32 is right to seven digits


class Head(nn.Module):
    """The way out alone."""

    def __init__(self, embedding):
        super().__init__()
        self.embedding = embedding

    def forward(self, h):
        return self.embedding.logits(h)


class Tied(Head):
    """In and out by one table."""

    def forward(self, tokens):
        return self.embedding.logits(torch.tanh(self.embedding(tokens)))


def pair(candidate, reference, sizes=(V, D), wrap=lambda module: module, **options):
    """The attempt's and the reference's, with the same table, its padding row far from 0."""
    return [wrap(module) for module in twins(candidate, reference, "Embedding", *sizes, **options)]


def drawn(candidate, wrap=lambda module: module, **options):
    return wrap(draw(place(candidate.Embedding(V, D, **options))))


def tokens(seed, *shape, size=V):
    return integers(seed, size, shape or (5, 6))[0]


def hidden(seed, *shape):
    return normal(seed, shape or (5, 6, D))[0]


def every(seed, size=V):
    """All tokens, some of them several times, in any order."""
    row = torch.cat([torch.arange(size), torch.arange(size) // 2]).to(setting.device)
    return row[normal(seed, row.shape, grad=False)[0].argsort()].view(2, size)


def test_lookup(candidate, reference, seed):
    """Each token gets its row
    每个 token 取到自己的那一行"""
    mine, theirs = pair(candidate, reference)
    same(mine(tokens(seed)), theirs(tokens(seed)))


def test_gradients(candidate, reference, seed):
    """A row gets the gradients of all its tokens, other rows get none
    每一行得到它所有 token 的梯度之和，其余的行没有梯度"""
    agree(*pair(candidate, reference), partial(tokens, seed))
    agree(*pair(candidate, reference), partial(every, seed))
    agree(*pair(candidate, reference), lambda: torch.full((3, 4), 5, device=setting.device))


def test_any_shape(candidate, reference, seed):
    """Tokens of any shape, a single one too
    tokens 可以是任意形状，单个 token 也行"""
    mine, theirs = pair(candidate, reference, padding_idx=2, scale=True)
    for shape in ((1,), (7,), (1, 1), (4, 1), (1, 5), (D, D), (2, 3, 1, 4)):
        agree(mine, theirs, partial(tokens, seed, *shape), f"output (tokens.shape = {shape})")
    for token in (2, 3):
        make = partial(torch.tensor, token, device=setting.device)
        agree(mine, theirs, make, "output (tokens.shape = ())")


def test_sizes(candidate, reference, seed):
    """Tables of any size: square, wide, of one row, of one column
    任意大小的表：方的、宽的、只有一行或一列的"""
    for sizes in ((6, 6), (3, 10), (1, 5), (7, 1), (1, 1), (40, 3)):
        for wrap, make in ((lambda x: x, tokens), (Tied, tokens), (Head, hidden)):
            draws = partial(make, seed, 2, 5, size=sizes[0])
            if make is hidden:
                draws = partial(hidden, seed, 2, 5, sizes[1])
            agree(*pair(candidate, reference, sizes, wrap), draws, f"output (V, d = {sizes})")


def test_scale(candidate, reference, seed):
    """With scale=True rows are multiplied by √d on the way in
    scale=True 时，查出的行乘以 √d"""
    for width in (4, 16, 9, 5, 2, 1):
        mine, theirs = pair(candidate, reference, (V, width), scale=True)
        agree(mine, theirs, partial(tokens, seed), f"output (d = {width})", judge=ROUND)


def test_scale_and_logits(candidate, reference, seed):
    """With scale=True logits are what they are without
    scale=True 时，logits 不变"""
    agree(*pair(candidate, reference, wrap=Head, scale=True), partial(hidden, seed))


def test_default_scale(candidate, reference, seed):
    """Without scale, and with scale=False, rows come out as they are
    不传 scale 或 scale=False 时，查出的行原样输出"""
    agree(*pair(candidate, reference, (V, 5), scale=False), partial(tokens, seed))
    agree(*pair(candidate, reference, (V, 5)), partial(tokens, seed))


def test_padding(candidate, reference, seed):
    """The padding token sends no gradient to its row
    填充 token 不给自己的行传梯度"""
    for index in (3, 8, 1):
        agree(*pair(candidate, reference, padding_idx=index), partial(every, seed), f"output (pad {index})")


def test_padding_zero(candidate, reference, seed):
    """A padding index of 0 is one
    填充下标可以是 0"""
    agree(*pair(candidate, reference, padding_idx=0), partial(every, seed), "output (pad 0)")


def test_padding_from_the_end(candidate, reference, seed):
    """A negative padding index counts from the end
    负的填充下标从末尾数"""
    for index in (-1, -4, -V):
        agree(*pair(candidate, reference, padding_idx=index), partial(every, seed), f"output (pad {index})")


def test_no_padding(candidate, reference, seed):
    """Without padding_idx every row is learned, the first and the last too
    不给 padding_idx 时，每一行都参与学习，第一行和最后一行也不例外"""
    agree(*pair(candidate, reference), partial(every, seed), "output (every token)")
    agree(*pair(candidate, reference, padding_idx=None), partial(every, seed), "output (every token)")


def test_padding_alone(candidate, reference, seed):
    """Nothing but padding: rows come out, gradients are 0
    全是填充 token 时，行照常查出，梯度为 0"""
    mine, theirs = pair(candidate, reference, padding_idx=3)
    make = partial(torch.full, (2, 5), 3, device=setting.device)
    outputs = [module(make()) for module in (mine, theirs)]
    same(*outputs)
    found = []
    for module, output in zip((mine, theirs), outputs, strict=True):
        if output.requires_grad:
            output.sum().backward()
        found.append(module.weight.grad)
    same(*found, "∂L/∂weight")


def test_padding_scaled(candidate, reference, seed):
    """With scale=True the row of the padding token is scaled like the others
    scale=True 时，填充 token 的行与其他行一样缩放"""
    agree(*pair(candidate, reference, padding_idx=3, scale=True), partial(every, seed))


def test_logits(candidate, reference, seed):
    """Logits are right, and so are the gradients of h and of the table
    logits 正确，h 和表的梯度也正确"""
    agree(*pair(candidate, reference, wrap=Head), partial(hidden, seed), "logits")
    for shape in ((D,), (1, D), (V, D), (2, 1, 3, D)):
        agree(
            *pair(candidate, reference, wrap=Head),
            partial(hidden, seed, *shape),
            f"logits (h.shape = {shape})",
        )


def test_padding_in_logits(candidate, reference, seed):
    """The padding row has a logit, and gets its gradient from there
    填充行也有 logit，并从那里得到梯度"""
    for index in (3, 0, -1):
        agree(*pair(candidate, reference, wrap=Head, padding_idx=index), partial(hidden, seed), "logits")


def test_both_ends(candidate, reference, seed):
    """In a model that uses both ends, the gradients of both add up in one table
    模型两端都用这张表时，两处的梯度加在同一张表上"""
    for options in ({}, {"scale": True}, {"padding_idx": 3}, {"padding_idx": -2, "scale": True}):
        agree(*pair(candidate, reference, wrap=Tied, **options), partial(every, seed), "logits")


def test_parameters(candidate, reference, seed):
    """weight is the one parameter, of shape (V, d) and float32, and all of the state_dict
    weight 是唯一的参数，形状 (V, d)，float32；state_dict 里没有别的"""
    for options in ({}, {"padding_idx": 2, "scale": True}):
        mine, theirs = (side.Embedding(V, D, **options) for side in (candidate, reference))
        starts_like(mine, theirs, given=lambda name: False)
        found = str(mine.state_dict()["weight"].dtype)
        holds(
            found == "torch.float32",
            "A new table is not float32.",
            "新建的表不是 float32。",
            value=found,
            name="dtype",
        )


def fresh(candidate, reference, *sizes, **options):
    """A new table of the attempt, untouched, once its name and shape are right."""
    same_names(candidate.Embedding(*sizes, **options), reference.Embedding(*sizes, **options))
    return candidate.Embedding(*sizes, **options).state_dict()["weight"].detach()


def test_new_table(candidate, reference, seed):
    """The entries of a new table are drawn from N(0, 1/d), with scale and without
    新表的元素取自 N(0, 1/d)，与 scale 无关"""
    for sizes, options in (((150, 100), {}), ((3000, 5), {"scale": True}), ((30, 480), {"scale": False})):
        spread(
            fresh(candidate, reference, *sizes, **options), sizes[1] ** -0.5, f"weight {sizes}", uniform=False
        )


def padded(candidate, reference, *indices):
    for index in indices:
        weight = fresh(candidate, reference, 200, 80, index)
        others = torch.cat([weight[: index % 200], weight[index % 200 + 1 :]])
        cleared = not weight[index].any(), bool((others != 0).any(0).all())
        holds(
            cleared[0],
            f"padding_idx = {index}: that row of a new table is not 0.",
            f"padding_idx = {index}：新表的这一行不为 0。",
            value=str(cleared),
            name=f"weight[{index}]",
        )
        spread(others, 80**-0.5, f"weight but row {index}", uniform=False)


def test_new_table_with_padding(candidate, reference, seed):
    """The padding row of a new table is 0, the others are drawn
    新表的填充行为 0，其余的行随机抽取"""
    padded(candidate, reference, 7, 199, -1, -3)


def test_new_table_with_padding_zero(candidate, reference, seed):
    """So it is where the padding index is 0
    填充下标为 0 时也一样"""
    padded(candidate, reference, 0)


def test_new_rows_are_independent(candidate, reference, seed):
    """Every entry of a new table is drawn by itself; nothing is reseeded
    新表的每个元素都独立抽取；不重新设种子"""
    fresh(candidate, reference, 4, 3)
    two = lambda: [candidate.Embedding(4, 3).state_dict()["weight"] for _ in range(2)]  # noqa: E731
    independent(two, "two new tables")
    not_reseeded(lambda: candidate.Embedding(4, 3))


def test_present_values(candidate, reference, seed):
    """Both ends follow a table that is loaded or updated between calls
    两次调用之间加载或更新了表，两端随之变化"""
    mine, theirs = pair(candidate, reference, padding_idx=3, scale=True)
    for call in range(3):
        for wrap, make in ((lambda x: x, tokens), (Head, hidden)):
            agree(wrap(mine), wrap(theirs), partial(make, seed), f"output (call {call + 1})")
        (change,) = normal(seed + call, (V, D), grad=False)
        for module in (mine, theirs):
            if call == 0:
                module.load_state_dict({"weight": change.clone()})
            else:
                with torch.no_grad():
                    module.weight.add_(change)


def test_state_travels(candidate, seed):
    """The table is all the state there is
    表就是全部的状态"""
    build = partial(candidate.Embedding, V, D, padding_idx=3, scale=True)
    for wrap, make in ((lambda x: x, tokens), (Tied, tokens)):
        layer = wrap(draw(place(build())))
        travels(layer, lambda wrap=wrap: wrap(build()), lambda i, make=make: make(seed + i))


def test_float32(candidate, seed):
    """A float32 table gives float32 outputs, logits and gradients
    float32 的表，输出、logits 和梯度都是 float32"""
    keeps_dtype(partial(drawn, candidate, padding_idx=3, scale=True), partial(tokens, seed))
    keeps_dtype(partial(drawn, candidate, Head, padding_idx=3, scale=True), partial(hidden, seed))


def test_train_and_eval(candidate, seed):
    """Train and eval mode give the same, whatever was looked up before
    train 和 eval 模式结果相同，与之前查过什么无关"""
    modes_alike(partial(drawn, candidate, padding_idx=3), lambda i: tokens(seed + i))
    modes_alike(partial(drawn, candidate, Tied, padding_idx=3), lambda i: tokens(seed + i))


def test_many_calls(candidate, seed):
    """A call neither depends on earlier calls nor changes their outputs
    每次调用都不依赖之前的调用，也不改动之前的输出"""
    calls_apart(partial(drawn, candidate, padding_idx=3, scale=True), lambda i: tokens(seed + i))
    calls_apart(partial(drawn, candidate, Head, padding_idx=3), lambda i: hidden(seed + i))


def test_samples_apart(candidate, reference, seed):
    """What comes out depends on one token, one hidden vector alone
    每个输出只取决于一个 token、一个隐藏向量"""
    for dim in (0, 1):
        samples_apart(drawn(candidate, Head), partial(hidden, seed), dim=dim, name="h")
    mine, theirs = pair(candidate, reference, padding_idx=3, scale=True)
    for other in range(V):
        row = torch.tensor([[4, other, 4], [other, other, 2]], device=setting.device)
        same(mine(row), theirs(row), f"output (beside token {other})")


def test_layers_share_nothing(candidate, seed):
    """What one table learns is not seen by another, nor by a copy
    一张表学到的东西，不影响另一张，也不影响它的副本"""
    share_nothing(
        lambda: candidate.Embedding(V, D, 3),
        partial(tokens, seed),
        beside=lambda: candidate.Embedding(V + 1, 9, 1, True),
    )
    copies_apart(partial(drawn, candidate, padding_idx=3, scale=True), lambda i: tokens(seed + i))
    copies_apart(partial(drawn, candidate, Tied, padding_idx=3), lambda i: tokens(seed + i))


def test_noncontiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    build = partial(drawn, candidate, padding_idx=3, scale=True)
    any_layout(build, lambda shape: tokens(seed, *shape), (4, 3, 7))
    any_layout(partial(drawn, candidate, Head), lambda shape: normal(seed, shape)[0], (5, 3, D))


def test_side_effects(candidate, seed):
    """Tokens, h and the table are left alone, also by later calls
    tokens、h 和表保持不变，之后的调用也不会改动它们"""
    leaves_alone(partial(drawn, candidate, padding_idx=3, scale=True), lambda i: tokens(seed + i))
    leaves_alone(partial(drawn, candidate, Head, padding_idx=3), lambda i: hidden(seed + i))


def counts():
    """How often each character follows each other one in The Time Machine; number 0 is padding."""
    text = data_file(__file__, "time_machine.txt").read_text(encoding="utf-8")[:20001]
    alphabet = sorted(set(text))
    codes = torch.tensor([1 + alphabet.index(c) for c in text], device=setting.device)
    table = torch.zeros(2 * [len(alphabet) + 1], dtype=setting.dtype, device=setting.device)
    return table.index_put_((codes[:-1], codes[1:]), table.new_ones(()), accumulate=True)


class Bigrams(nn.Module):
    """The next character from the one before, by one table at both ends."""

    def __init__(self, module, size):
        super().__init__()
        self.embedding = module.Embedding(size, 16, padding_idx=0, scale=True)
        self.hidden = nn.Linear(16, 16)

    def forward(self, tokens):
        return self.embedding.logits(self.hidden(self.embedding(tokens)))


def learn(net, steps):
    """The losses on all pairs of the text at once, and the share of next characters found at last."""
    pairs = counts()
    before = torch.arange(1, len(pairs), device=setting.device)

    def loss_of(step):
        return -(pairs[1:] * net(before).log_softmax(-1)).sum() / pairs.sum()

    losses = descend(net.parameters(), loss_of, steps, 0.03)
    with torch.no_grad():
        found = pairs[before, net(before).argmax(-1)].sum() / pairs.sum()
    return losses, found.item()


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A tied bigram model of The Time Machine learns as with the reference
    在《时间机器》上训练两端共享的 bigram 模型，loss 曲线与参考实现一致"""
    size = len(counts())
    (mine, _), (theirs, _) = (learn(draw(place(Bigrams(m, size))), 15) for m in (candidate, reference))
    follows(mine, theirs, 1e-6 if setting.dtype == torch.float64 else 1e-3)


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """It predicts the next character: right in at least 28 % of places
    能预测下一个字符：至少 28% 的位置正确"""
    losses, found = learn(draw(place(Bigrams(candidate, len(counts())))), 70)
    # The most frequent character alone is right in 18 %, the best table of pairs in 30 %.
    reaches(found, 0.28, "accuracy", losses=losses)
