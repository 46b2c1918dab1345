"""Grades katas/positional_encoding.py."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
    adopt,
    descend,
    difference,
    draw,
    follows,
    gradients,
    holds,
    integers,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    setting,
    unchanged,
    undisturbed,
)

# Hides what is only coarse, frequencies rounded to float32: test_precision alone shows it, whatever its digits.
COARSE = (1e-5, 1e-5)
FLOAT32 = (0.0, 1e-4)  # near position 0; right styles differ by 10⁻⁶


def places(seed, shape=(9,), scale=6.0, **how):
    """Positions between the integers, of both signs."""
    return normal(seed, shape, scale=scale, **how)[0]


def loaded(layer, seed):
    """A float64 layer with a table that is no sinusoid: rows added from elsewhere show, and exactly."""
    layer = place(layer)
    (table,) = normal(seed + 50, tuple(layer.pe.shape), grad=False)
    layer.load_state_dict({"pe": table})
    return layer


def twins(candidate, reference, seed, d_model=6, max_len=11):
    theirs = loaded(reference.PositionalEncoding(d_model, max_len), seed)
    return adopt(place(candidate.PositionalEncoding(d_model, max_len)), theirs, as_it_is=True), theirs


def test_encoding(candidate, reference, seed):
    """The encoding of the positions 0, 1, 2, … is right
    位置 0、1、2、…… 的编码正确"""
    for count, d_model in ((7, 10), (3, 4), (5, 2)):
        mine, theirs = (torch.arange(count, dtype=setting.dtype, device=setting.device) for _ in range(2))
        encoding = candidate.sinusoidal(mine, d_model)
        same(encoding, reference.sinusoidal(theirs, d_model), f"encoding (D = {d_model})", tolerance=COARSE)


def test_odd_width(candidate, reference, seed):
    """An odd d_model ends in a sine
    d_model 为奇数时，最后一维是正弦"""
    for d_model in (7, 5, 3, 1):
        encoding = candidate.sinusoidal(places(seed), d_model)
        expected = reference.sinusoidal(places(seed), d_model)
        same(encoding, expected, f"encoding (D = {d_model})", tolerance=COARSE)


def test_any_positions(candidate, reference, seed):
    """Positions may be fractional and negative, in any order
    位置可以是小数或负数，顺序任意"""
    encoding = candidate.sinusoidal(places(seed), 10)
    same(encoding, reference.sinusoidal(places(seed), 10), "encoding", tolerance=COARSE)


def test_any_shape(candidate, reference, seed):
    """Positions may have any shape, none too
    positions 可以是任意形状，标量也行"""
    for shape in ((2, 3), (), (1,), (4, 1, 3), (10, 10), (2, 1, 5, 3)):
        encoding = candidate.sinusoidal(places(seed, shape), 10)
        expected = reference.sinusoidal(places(seed, shape), 10)
        same(encoding, expected, f"encoding (positions.shape = {shape})", tolerance=COARSE)
    stepped, other = places(seed, (5, 8)), places(seed, (5, 8))
    encoding = candidate.sinusoidal(stepped.mT[::3], 10)
    same(encoding, reference.sinusoidal(other.mT[::3], 10), "encoding (positions.mT[::3])", tolerance=COARSE)


def test_gradients(candidate, reference, seed):
    """Gradients reach the positions, and are right
    梯度能传到 positions，且数值正确"""
    for shape, d_model in (((9,), 10), ((2, 3), 7), ((), 4), ((4,), 1)):
        mine, theirs = places(seed, shape), places(seed, shape)
        found = gradients(candidate.sinusoidal(mine, d_model), [mine])
        expected = gradients(reference.sinusoidal(theirs, d_model), [theirs])
        same(found, expected, ["∂L/∂positions"], tolerance=COARSE)


def test_precision(candidate, reference, seed):
    """float64 positions are encoded with the precision of float64, large ones too
    float64 的位置按 float64 的精度编码，很大的位置也一样"""

    def far():
        (noise,) = normal(seed, (9,), grad=False)
        reach = 20_000 if setting.dtype == torch.float64 else 20
        return torch.linspace(-1.0, 1.5, 9, dtype=setting.dtype, device=setting.device) * reach + noise

    encoding, expected = candidate.sinusoidal(far(), 10), reference.sinusoidal(far(), 10)
    same(encoding, expected, "encoding", tolerance=(0.0, 5e-2))  # what float32 loses here is 10⁻³
    tolerance = (0.0, 1e-7) if setting.dtype == torch.float64 else (0.0, 1e-4)
    # Not judged as values: every rounding on the way is the same mistake.
    holds(
        difference(encoding, expected, "encoding", tolerance) is None,
        "Somewhere digits are lost: the frequencies or the angles are not computed in the dtype of positions.",
        "途中丢了精度：频率或角度没有按 positions 的 dtype 计算。",
    )


def test_float32_positions(candidate, reference, seed):
    """float32 positions give a float32 encoding, and stay as they are
    float32 的位置得到 float32 的编码，positions 保持不变"""
    mine, theirs = (places(seed, scale=3.0, grad=False, dtype=torch.float32) for _ in range(2))
    with unchanged(positions=mine):
        encoding = candidate.sinusoidal(mine, 10)
    same(encoding, reference.sinusoidal(theirs, 10), "encoding", tolerance=FLOAT32)
    not_reseeded(lambda: (torch.rand(()), candidate.sinusoidal(mine, 6)))


def test_new_layer(candidate, reference, seed):
    """A new layer holds the encodings of 0 … max_len − 1 as the buffer pe, and no parameters
    新建的层以 buffer pe 保存 0 … max_len − 1 的编码，没有参数"""
    mine, theirs = candidate.PositionalEncoding(6, 11), reference.PositionalEncoding(6, max_len=11)
    initial = {name: value.clone() for name, value in mine.state_dict().items()}
    adopt(mine, theirs, as_it_is=True)  # says which name or shape is not the contract's
    same(initial, dict(theirs.state_dict()), "state_dict", tolerance=FLOAT32)
    learned = ", ".join(name for name, _value in mine.named_parameters()) or "none"
    holds(
        learned == "none",
        "The layer has a parameter: an optimizer would change the table. It is not learned.",
        "这一层出现了参数，优化器会改动这张表。位置编码表是不学习的。",
        value=learned,
        name="parameters",
    )
    for d_model, max_len in ((7, 4), (1, 4), (6, 1)):
        mine, theirs = (m.PositionalEncoding(d_model, max_len) for m in (candidate, reference))
        same(mine.pe, theirs.pe, f"pe (d_model = {d_model}, max_len = {max_len})", tolerance=FLOAT32)


def test_default_max_len(candidate, reference, seed):
    """Without max_len there are 5000 positions
    不传 max_len 时有 5000 个位置"""
    mine, theirs = candidate.PositionalEncoding(d_model=6), reference.PositionalEncoding(6)
    table = mine.state_dict().get("pe")
    # Not judged by its value: every other number of rows is the same mistake.
    holds(
        table is None or 5000 in table.shape,
        "Without max_len the table does not have 5000 rows.",
        "不传 max_len 时，表不是 5000 行。",
    )
    # An angle near 5000 is good to three digits in float32, if its frequency is.
    same(table, theirs.pe, "pe", tolerance=(0.0, 5e-2))


def test_output(candidate, reference, seed):
    """Each token gets the row of its position, in every sequence of the batch
    每个 token 加上自己位置的那一行，batch 中的每条序列都如此"""
    mine, theirs = twins(candidate, reference, seed)
    for shape in ((3, 5, 6), (2, 11, 6), (4, 1, 6), (5, 5, 6), (1, 3, 6)):
        (x,), (other) = normal(seed, shape), normal(seed, shape)
        output, expected = mine(x), theirs(*other)
        same(output, expected, f"output (x.shape = {shape})")
        same(gradients(output, [x]), gradients(expected, other), ["∂L/∂x"])
    (x,), (other) = normal(seed, (3, 5, 6)), normal(seed, (3, 5, 6))
    for turn in range(2):  # of one shape, of other values
        (x,), (other) = normal(seed + turn, (3, 5, 6)), normal(seed + turn, (3, 5, 6))
        output, expected = mine.eval()(x), theirs.eval()(*other)
        same(output, expected, f"output (eval, #{turn})")
        same(gradients(output, [x]), gradients(expected, other), ["∂L/∂x (eval)"])
    for width, rows, shape in ((1, 5, (3, 4, 1)), (6, 1, (3, 1, 6)), (1, 1, (3, 2, 1, 1))):
        small = twins(candidate, reference, seed, width, rows)
        output, expected = (layer(*normal(seed, shape)) for layer in small)
        same(output, expected, f"output (x.shape = {shape}, max_len = {rows})")


def test_leading_dimensions(candidate, reference, seed):
    """Any number of leading dimensions, none too
    前面有任意多维都可以，没有也行"""
    mine, theirs = twins(candidate, reference, seed)
    for shape in ((4, 6), (3, 2, 5, 6), (11, 6), (2, 1, 3, 4, 6)):
        output, expected = mine(*normal(seed, shape)), theirs(*normal(seed, shape))
        same(output, expected, f"output (x.shape = {shape})")


def test_start(candidate, reference, seed):
    """With start, the tokens stand further along
    传入 start 时，token 从那个位置排起"""
    for start, tokens in ((4, 3), (1, 5), (7, 2), (10, 1), (2, 9), (0, 4)):
        mine, theirs = twins(candidate, reference, seed)
        output = mine(*normal(seed, (2, tokens, 6)), start=start)
        same(output, theirs(*normal(seed, (2, tokens, 6)), start), f"output (start = {start}, T = {tokens})")
    for lead in ((), (3, 2)):
        output, expected = (layer(*normal(seed, (*lead, 4, 6)), 5) for layer in (mine, theirs))
        same(output, expected, f"output (start = 5, x.shape = {(*lead, 4, 6)})")


def test_token_by_token(candidate, reference, seed):
    """Fed one token at a time, with start, a sequence gets what it gets at once
    用 start 逐个 token 送入，结果与一次送入整个序列相同"""
    mine, theirs = twins(candidate, reference, seed)
    (x,), (other) = normal(seed, (3, 8, 6), grad=False), normal(seed, (3, 8, 6), grad=False)
    steps = [mine(x[:, t : t + 1], t) for t in range(8)]
    same(torch.cat(steps, dim=1), theirs(*other), "outputs")


def test_conversion(candidate, reference, seed):
    """The table moves with the module: a float64, bfloat16 or float16 layer gives that dtype
    表随模块一起转换：float64、bfloat16、float16 的层输出同样的 dtype"""
    for dtype in (setting.dtype, torch.bfloat16, torch.float16):
        mine = candidate.PositionalEncoding(6, 11).to(setting.device, dtype)
        theirs = reference.PositionalEncoding(6, 11).to(setting.device, dtype)
        tolerance = FLOAT32 if dtype == setting.dtype else (2e-2, 5e-2)
        output, expected = (layer(*normal(seed, (3, 5, 6), dtype=dtype)) for layer in (mine, theirs))
        same(output, expected, f"output ({str(dtype).removeprefix('torch.')})", tolerance=tolerance)


def test_side_effects(candidate, seed):
    """x and the table stay as they are, also after later calls; train and eval mode do the same
    x 和表保持不变，之后再调用也一样；train 和 eval 模式行为相同"""
    layer = place(candidate.PositionalEncoding(6, 11))
    (x,) = normal(seed, (3, 5, 6), grad=False)
    with unchanged(x=x):
        first = layer(x)
    kept = first.clone()
    with unchanged(x=x):
        layer(x + 1)
        evaluated, trained = layer.eval()(x), layer.train()(x)
    names = ["output", "output (eval)", "output (train)"]
    same([first, evaluated, trained], [kept, kept, kept], names, tolerance=COARSE)
    not_reseeded(lambda: (torch.rand(()), candidate.PositionalEncoding(4, 3)(torch.rand(2, 3, 4))))
    short = candidate.PositionalEncoding(4, 3).to(setting.device, torch.bfloat16)
    wide, narrow = (
        normal(seed, (2, 3, 6), grad=False),
        normal(seed, (2, 3, 4), grad=False, dtype=torch.bfloat16),
    )
    calls = [partial(layer, *wide), partial(layer, *wide, 4), partial(short, *narrow)]
    positions = places(seed, grad=False)
    calls.append(partial(candidate.sinusoidal, positions, 6))
    undisturbed(calls, layer, short, x=wide[0], short=narrow[0], positions=positions)


def test_two_layers(candidate, reference, seed):
    """Each layer has a table of its own, and uses what is loaded into it; x may be non-contiguous
    每一层有自己的表，加载新表后用新表；x 可以不是 contiguous 的"""
    sizes = (6, 11), (4, 7), (6, 9)
    pairs = [twins(candidate, reference, seed + i, d, n) for i, (d, n) in enumerate(sizes)]
    for turn in (0, 1, 2, 0):
        width = sizes[turn][0]
        x, other = normal(seed, (width, 5, 6))[0], normal(seed, (width, 5, 6))[0]
        output, expected = pairs[turn][0](x.transpose(0, 2)[::2]), pairs[turn][1](other.transpose(0, 2)[::2])
        same(output, expected, f"output (layer {turn})")

    def reloaded(module):
        """What two layers of one size give after another table was loaded into the first."""
        first, second = module.PositionalEncoding(6, 11), module.PositionalEncoding(6, 11)
        before = first(torch.ones(5, 6))
        first.load_state_dict({name: value + 0.5 for name, value in first.state_dict().items()})
        return [layer(torch.ones(5, 6)) - before for layer in (first, second)]

    same(
        reloaded(candidate),
        reloaded(reference),
        ["output (loaded)", "output (other layer)"],
        tolerance=FLOAT32,
    )


# What stands at position 4? A bag of words can't tell.

SYMBOLS, LENGTH, ASKED, WIDTH = 6, 9, 4, 16


class Finder(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.symbol = nn.Embedding(SYMBOLS, WIDTH)
        self.position = module.PositionalEncoding(WIDTH, 20)
        self.score = nn.Linear(WIDTH, 1)
        self.head = nn.Linear(WIDTH, SYMBOLS)

    def forward(self, sequence):
        x = self.position(self.symbol(sequence))  # (B, T, WIDTH)
        weights = self.score(x).softmax(dim=1)
        return self.head((weights * x).sum(dim=1))


def train(model, seed, steps):
    (batches,) = integers(seed, SYMBOLS, (steps, 32, LENGTH))

    def loss_of(step):
        return F.cross_entropy(model(batches[step]), batches[step][:, ASKED])

    return descend(model.parameters(), loss_of, steps, 0.05)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Trained inside a small model, the losses follow the reference
    放进一个小模型训练，loss 与参考实现一致"""
    theirs = place(Finder(reference))
    mine = adopt(place(Finder(candidate)), theirs)
    follows(train(mine, seed, 12), train(theirs, seed, 12))


@pytest.mark.training
def test_training_finds(candidate, seed):
    """Trained inside a small model, it learns to find the token at a given position: accuracy ≥ 0.95
    放进一个小模型训练，能学会找出指定位置的 token：准确率 ≥ 0.95"""
    model = draw(place(Finder(candidate)))
    losses = train(model, seed, 140)
    (sequences,) = integers(seed + 1, SYMBOLS, (400, LENGTH))
    with torch.no_grad():
        right = model(sequences).argmax(dim=-1) == sequences[:, ASKED]
    reaches(right.double().mean().item(), 0.95, "accuracy", losses=losses)
