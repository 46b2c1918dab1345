"""Grades katas/lstm.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    adopt,
    alike,
    calls_apart,
    characters,
    data_file,
    draw,
    first_remembered,
    follows,
    gradients,
    normal,
    not_reseeded,
    pair,
    place,
    reaches,
    same,
    setting,
    share_nothing,
    starts_uniform,
    travels,
    unchanged,
    undisturbed,
)

# Parameters first: a nan in one sequence spoils all of ∂L/∂W, but not all of ∂L/∂x.
LEARNED = ["∂L/∂weight_ih", "∂L/∂weight_hh", "∂L/∂bias"]
B, T, D, H = 4, 6, 5, 3
ROUGH = (
    1e-2,
    1e-2,
)  # pre-activations of size 300 are right to four digits in float32; where they cancel, gates are, too


def twins(candidate, reference, seed, kind, sizes=(D, H), scale=0.7):
    """The attempt's module and the reference's, with the same weights."""
    return alike(*(place(getattr(m, kind)(*sizes)) for m in (candidate, reference)), seed, scale)


def step(cell, x, state):
    """What a cell returns: [h, c]."""
    return pair(
        cell(x, state),
        "The cell returns the tuple (h, c), both of the new step.",
        "单元返回 tuple (h, c)，两者都是新一步的。",
    )


def walk(layer, x, *state):
    """What a layer returns: [output, h, c]."""
    promise = (
        "The layer returns (output, (h, c)): a tuple whose second member is the tuple of both last states.",
        "层返回 (output, (h, c))：tuple 的第二个成员是由最后一步的两个状态组成的 tuple。",
    )
    output, last = pair(layer(x, *state), *promise)
    return [output, *pair(last, *promise)]


def learned(module):
    """weight_ih, weight_hh, bias, in whatever order they were registered."""
    values = module.state_dict(keep_vars=True)
    return [values[name] for name in sorted(values, key=lambda n: ("bias" in n, "hh" in n))]


def judged(mine, theirs, names, leaves, note="", tolerance=None):
    """Compares what both returned, then the gradients of the weights and of other leaves."""
    (module, outputs, inputs), (right, right_outputs, right_inputs) = mine, theirs
    same(outputs, right_outputs, [f"{name}{note}" for name in names], tolerance=tolerance)
    same(
        gradients(outputs, [*learned(module), *inputs]),
        gradients(right_outputs, [*learned(right), *right_inputs]),
        [*LEARNED, *leaves],
        tolerance=tolerance,
    )


def test_cell(candidate, reference, seed):
    """One step of the cell: h and c are right
    单元的一步：h 和 c 正确"""
    mine, theirs = twins(candidate, reference, seed, "LSTMCell")
    results = []
    for cell in (mine, theirs):
        x, h, c = normal(seed, (B, D), (B, H), (B, H), scale=1.3)
        results.append(step(cell, x, (h, c)))
    same(*results, ["h", "c"])


def test_cell_gradients(candidate, reference, seed):
    """One step of the cell: gradients of x, h, c and the parameters are right
    单元的一步：x、h、c 和各参数的梯度正确"""
    mine, theirs = twins(candidate, reference, seed, "LSTMCell")
    found = []
    for cell in (mine, theirs):
        x, h, c = normal(seed, (B, D), (B, H), (B, H))
        found.append((cell, step(cell, x, (h, c)), [x, h, c]))
    judged(*found, ["h", "c"], ["∂L/∂x", "∂L/∂h", "∂L/∂c"])


def test_layer(candidate, reference, seed):
    """The layer from zero states: the output of every step and the last states are right
    层从零状态出发：每一步的输出和最后的状态正确"""
    mine, theirs = twins(candidate, reference, seed, "LSTM")
    results = [walk(layer, *normal(seed, (B, T, D))) for layer in (mine, theirs)]
    same(*results, ["output", "h", "c"])


def test_initial_state(candidate, reference, seed):
    """The layer starts from the state it is given
    层从传入的状态出发"""
    mine, theirs = twins(candidate, reference, seed, "LSTM")
    results = []
    for layer in (mine, theirs):
        x, h, c = normal(seed, (B, T, D), (B, H), (B, H), scale=1.3)
        results.append(walk(layer, x, (h, c)))
    same(*results, ["output", "h", "c"])


def test_layer_gradients(candidate, reference, seed):
    """Gradients flow through all steps: to x, to the parameters and to the initial state
    梯度流过所有时间步：传到 x、各参数和初始状态"""
    mine, theirs = twins(candidate, reference, seed, "LSTM")
    found = []
    for layer in (mine, theirs):
        (x,) = normal(seed, (B, T, D))
        found.append((layer, walk(layer, x), [x]))
    judged(*found, ["output", "h", "c"], ["∂L/∂x"])
    found = []
    for layer in (mine, theirs):
        x, h, c = normal(seed, (B, T, D), (B, H), (B, H))
        found.append((layer, walk(layer, x, (h, c)), [x, h, c]))
    judged(*found, ["output", "h", "c"], ["∂L/∂x", "∂L/∂h₀", "∂L/∂c₀"])


def test_gradient_of_each_result(candidate, reference, seed):
    """Output, h and c each carry gradients of their own
    output、h、c 各自都能传回梯度"""
    mine, theirs = twins(candidate, reference, seed, "LSTM")
    for part, name in enumerate(("output", "h", "c")):
        found = []
        for layer in (mine, theirs):
            x, h, c = normal(seed, (B, T, D), (B, H), (B, H))
            result = walk(layer, x, (h, c))[part]
            found.append(gradients(result, [*learned(layer), x, h, c]))
        leaves = [*LEARNED, "∂L/∂x", "∂L/∂h₀", "∂L/∂c₀"]
        same(*found, [f"{leaf} (L from {name})" for leaf in leaves])


def test_two_pieces(candidate, reference, seed):
    """A sequence fed in two pieces, the state passed on, gives what the whole gives
    序列分两段输入、状态接着传，与整段输入的结果一致"""
    pieces = []
    for layer in twins(candidate, reference, seed, "LSTM"):
        (x,) = normal(seed, (B, T, D))
        pieces.append((layer, x, walk(layer, x[:, :2])))
    # Judged before it goes on: states of the wrong shape would crash in as many ways as there are styles.
    same(*(first for _, _, first in pieces), [f"{name} (first piece)" for name in ("output", "h", "c")])
    results = []
    for layer, x, (start, h, c) in pieces:
        rest, h, c = walk(layer, x[:, 2:], (h, c))
        output = torch.cat([start, rest], dim=1)
        results.append([output, h, c, *gradients([output, h, c], [x])])
    same(*results, ["output", "h", "c", "∂L/∂x"])


def test_long_sequence(candidate, reference, seed):
    """Forty steps, with gradients back to the first
    四十步的序列，梯度一直传回第一步"""
    mine, theirs = twins(candidate, reference, seed, "LSTM")
    found = []
    for layer in (mine, theirs):
        x, h, c = normal(seed, (2, 40, D), (2, H), (2, H), scale=0.5)
        output, _, last = walk(layer, x, (h, c))
        found.append((layer, [output[:, -1], last], [x, h, c]))
    judged(*found, ["output[:, -1]", "c"], ["∂L/∂x", "∂L/∂h₀", "∂L/∂c₀"])


def test_fresh(candidate, reference, seed):
    """A new cell and a new layer: names, shapes, bias 1 for the forget gate, uniform weights
    新建的单元和层：名字、形状、遗忘门 bias 为 1、权重均匀分布"""
    hidden = 12
    for kind in ("LSTMCell", "LSTM"):
        right = getattr(reference, kind)(7, hidden)
        bounds = {name: hidden**-0.5 for name in right.state_dict() if "weight" in name}
        bias = {name: value.clone() for name, value in right.state_dict().items() if "bias" in name}
        starts_uniform(partial(getattr(candidate, kind), 7, hidden), right, bounds, bias)


def test_saturated(candidate, reference, seed):
    """Saturated gates: values and gradients stay finite and right
    门饱和时，数值和梯度仍然有限且正确"""
    for dtype in (setting.dtype, torch.float32):
        mine, theirs = (m.to(dtype) for m in twins(candidate, reference, seed, "LSTMCell", scale=1.0))
        found = []
        for cell in (mine, theirs):
            # The first two sequences saturate, the others do not.
            x, h, c = normal(seed, (B, D), (B, H), (B, H), dtype=dtype)
            loud = x.new_tensor([300.0, 150.0, 1.0, 0.5])[:, None]
            found.append((cell, step(cell, x * loud, (h, c)), [h, c, x]))
        note = f" ({str(dtype)[6:]})"
        judged(
            *found, ["h", "c"], ["∂L/∂h", "∂L/∂c", "∂L/∂x"], note, ROUGH if dtype == torch.float32 else None
        )


def test_sizes(candidate, reference, seed):
    """Any sizes work: one sequence, one step, one feature, one hidden unit
    任何尺寸都可以：一条序列、一步、一个特征、一个隐藏单元"""
    cases = (1, 1, 5, 3), (1, 4, 2, 7), (3, 1, 7, 2), (2, 3, 1, 4), (2, 3, 4, 1), (2, 3, 1, 1), (4, 4, 4, 4)
    for batch, steps, size, hidden in cases:
        mine, theirs = twins(candidate, reference, seed, "LSTM", (size, hidden))
        found = []
        for layer in (mine, theirs):
            x, h, c = normal(seed, (batch, steps, size), (batch, hidden), (batch, hidden))
            found.append([*walk(layer, x), *walk(layer, x, (h, c))])
        note = f" (B={batch}, T={steps}, D={size}, H={hidden})"
        same(*found, [name + note for name in ("output", "h", "c") * 2])
        found = []
        for cell in twins(candidate, reference, seed, "LSTMCell", (size, hidden)):
            x, h, c = normal(seed, (batch, size), (batch, hidden), (batch, hidden))
            states = step(cell, x, (h, c))
            found.append([*states, *gradients(states, [x, h, c])])
        same(*found, [f"h{note}", f"c{note}", "∂L/∂x", "∂L/∂h", "∂L/∂c"])


def test_many_calls(candidate, reference, seed):
    """Calls are independent: other batches, lengths and modes before change nothing
    各次调用互不影响：之前用过别的 batch、长度和模式也一样"""
    mine, theirs = twins(candidate, reference, seed, "LSTM")
    found = []
    for layer in (mine, theirs):
        found.append([part for _ in range(2) for part in walk(layer, *normal(seed, (B, T, D)))])
    same(*found, [*("output", "h", "c"), *("output (again)", "h (again)", "c (again)")])
    found = []
    for layer in (mine, theirs):
        results = []
        for shape in ((2, 7, D), (7, 2, D)):
            results += walk(layer, *normal(seed, shape))
        for turn in range(2):  # of one shape, of other values
            with torch.no_grad():
                results += walk(layer.eval(), *normal(seed + turn, (B, T, D)))
        (x,) = normal(seed + 1, (B, T, D))
        outputs = walk(layer, x)
        results += [*outputs, *gradients(outputs, [x])]
        layer.train()
        x, h, c = normal(seed, (B, 1, D), (B, H), (B, H))
        results += step(layer.cell, x[:, 0], (h, c))
        found.append(results)
    same(
        *found,
        [*("output", "h", "c") * 2, *("output (eval)", "h (eval)", "c (eval)") * 3, "∂L/∂x (eval)", "h", "c"],
    )


def test_instances(candidate, reference, seed):
    """Two layers share nothing
    两个层之间不共享任何东西"""
    pairs = [twins(candidate, reference, seed + i, "LSTM", sizes) for i, sizes in enumerate(((D, H), (D, H)))]
    for number, (mine, theirs) in enumerate(pairs):
        results = [walk(layer, *normal(seed, (B, T, D))) for layer in (mine, theirs)]
        same(*results, [f"{name} ({number})" for name in ("output", "h", "c")])


class Walked(nn.Module):
    """What a layer returns, in a row."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return list(walk(self.layer, x))


def test_nothing_is_remembered(candidate, seed):
    """Neither weights that were replaced nor what a tensor held before count, nor what another layer is or has learned
    已被替换的权重、张量里以前的内容、另一层的尺寸和参数，都不起作用"""

    def build():
        return Walked(draw(place(candidate.LSTM(D, H))))

    travels(build(), build, lambda i: normal(seed + i, (B, T, D))[0])
    calls_apart(build, lambda i: normal(seed + i, (B, T, D))[0])
    share_nothing(build, lambda: normal(seed, (B, T, D))[0], beside=lambda: candidate.LSTM(D + 1, H + 2))


def test_float32(candidate, reference, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    found = []
    for layer in twins(candidate, reference, seed, "LSTM"):
        walk(layer, *normal(seed, (B, T, D)))  # what it may keep of this call must not stay
        layer.float()
        x, h, c = normal(seed, (B, T, D), (B, H), (B, H), dtype=torch.float32)
        outputs = [*walk(layer, x), *walk(layer, x, (h, c))]
        found.append([*outputs, *gradients(outputs, [*learned(layer), x, h, c])])
    same(*found, [*("output", "h", "c") * 2, *LEARNED, "∂L/∂x", "∂L/∂h₀", "∂L/∂c₀"])


def test_non_contiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs and states work
    输入和状态是转置、带步长的切片或 expand 的结果时也正确"""
    mine, theirs = twins(candidate, reference, seed, "LSTM")
    found = []
    for layer in (mine, theirs):
        late, wide, h, c = normal(seed, (T, B, D), (B, 2 * T, 2 * D), (H, B), (1, H))
        results = walk(layer, late.transpose(0, 1), (h.T, c.expand(B, H)))
        results += walk(layer, wide[:, ::2, 1::2])
        found.append([*results, *gradients(results, [late, wide, h, c])])
    leaves = ["∂L/∂x (transposed)", "∂L/∂x (strided)", "∂L/∂h₀", "∂L/∂c₀"]
    same(*found, [*("output", "h", "c") * 2, *leaves])


def test_side_effects(candidate, seed):
    """Inputs, states and parameters are left alone, also by later calls; nothing is reseeded
    输入、状态和参数保持不变，之后的调用也不会改动；不重新设种子"""
    layer = draw(place(candidate.LSTM(D, H)))
    x, h, c = normal(seed, (B, T, D), (B, H), (B, H), grad=False)
    with unchanged(x=x, h=h, c=c, **dict(sorted(layer.named_parameters()))):
        output, (last_h, last_c) = layer(x, (h, c))
        with unchanged(output=output, last_h=last_h, last_c=last_c):
            layer(x, (2 * h, c + 1))[0].sum().backward()
            layer.cell(x[:, 0], (h, c))
            layer.eval()(x)
    not_reseeded(lambda: candidate.LSTM(2, 3)(torch.rand(2, 4, 2)))
    first = x[:, 0].clone()
    calls = [partial(layer, x), partial(layer, x, (h, c)), partial(layer.cell, first, (h, c))]
    undisturbed(calls, layer, x=x, h=h, c=c, first=first)


def model(module, size, hidden, kinds):
    """A layer and a linear head, with parameters drawn from their names."""
    return draw(place(module.LSTM(size, hidden))), draw(place(nn.Linear(hidden, kinds)))


@pytest.mark.training
def test_characters(candidate, reference, seed):
    """A character model of The Time Machine learns as with the reference
    在《时间机器》上训练字符模型，loss 曲线与参考实现一致"""

    text = data_file(__file__, "time_machine.txt").read_text(encoding="utf-8")[:1441]
    kinds = len(set(text))
    curves = []
    for module in (candidate, reference):
        layer, head = model(module, kinds, 24, kinds)
        adopt(layer, place(reference.LSTM(kinds, 24)))
        curves.append(characters(layer, head, text))
    follows(*curves, 1e-6 if setting.dtype == torch.float64 else 1e-3)


@pytest.mark.training
def test_remembers(candidate, seed):
    """It learns to tell the first token after 30 steps: accuracy ≥ 0.95
    能学会在 30 步之后说出第一个 token：准确率 ≥ 0.95"""
    layer, head = model(candidate, 6, 40, 3)
    with torch.no_grad():  # gates that start wide open: the usual start where memories are long
        layer.cell.bias[40:80] = 6.0
    accuracy, losses = first_remembered(layer, head, seed)
    # Without a memory it stays at 1/3.
    reaches(accuracy, 0.95, "accuracy", losses=losses)
