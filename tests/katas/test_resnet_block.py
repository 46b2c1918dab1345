"""Grades katas/resnet_block.py."""

import pytest
import torch
from torch import nn

from dlkata.suite import (
    adopt,
    digits,
    follows,
    gradients,
    holds,
    integers,
    near,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    setting,
    unchanged,
)

KEEPS = (5, 5)  # in_channels, out_channels, stride
PROJECTS = ((3, 5), (4, 4, 2), (3, 5, 2), (5, 3, 3))


def filled(module, seed):
    """Weights, scales, shifts and running statistics far from their initial values."""
    state = {name: v for name, v in module.state_dict().items() if v.is_floating_point()}
    drawn = normal(seed + 100, *(tuple(v.shape) for v in state.values()), grad=False)
    for (name, value), draw in zip(state.items(), drawn, strict=True):
        draw = draw * 0.4 if draw.dim() == 4 else draw
        value.copy_(draw.abs() + 0.3 if name.endswith("running_var") else draw)
    return module


def twins(candidate, reference, seed, *sizes, kind="ResidualBlock"):
    """The attempt's module and the reference's, in the same state."""
    theirs = filled(place(getattr(reference, kind)(*sizes)), seed)
    return adopt(place(getattr(candidate, kind)(*sizes)), theirs), theirs


def image(seed, channels, shape=(2, 7, 6), scale=1.0):
    """(N, channels, H, W); odd and even, and never square."""
    return normal(seed, (shape[0], channels, *shape[1:]), scale=scale)[0]


def learned(module):
    """Every parameter by name; those of the attempt in the order of the reference's."""
    return dict(sorted(module.named_parameters()))


def grads(module, x):
    parameters = learned(module)
    found = gradients(module(x), [x, *parameters.values()])
    return dict(zip(["x", *parameters], found, strict=True))


def statistics(module):
    return {name: v for name, v in sorted(module.state_dict().items()) if "running" in name}


def judge_gradients(mine, theirs, x, same_x):
    found, right = grads(mine, x), grads(theirs, same_x)
    same(list(found.values()), list(right.values()), [f"∂L/∂{name}" for name in right])


def test_identity(candidate, reference, seed):
    """A block that keeps the shape adds its input as it is
    形状不变的块，直接加上输入本身"""
    mine, theirs = twins(candidate, reference, seed, *KEEPS)
    same(mine(image(seed, 5)), theirs(image(seed, 5)))


def test_projection(candidate, reference, seed):
    """A block that changes channels or size projects its input
    通道数或尺寸改变的块，要对输入做投影"""
    for sizes in PROJECTS:
        mine, theirs = twins(candidate, reference, seed, *sizes)
        for shape in ((2, 7, 6), (3, 4, 9)):
            x, same_x = image(seed, sizes[0], shape), image(seed, sizes[0], shape)
            same(mine(x), theirs(same_x), f"output ({sizes}, x.shape = {tuple(x.shape)})")


def test_new_block_at_work(candidate, reference, seed):
    """A new block computes the right output, whatever its parts are called
    新建的块，无论各部分叫什么名字，输出都正确"""

    def outputs(module, sizes):
        block = place(module.ResidualBlock(*sizes))
        with torch.no_grad():
            for weight in block.parameters():
                if weight.dim() == 4:
                    weight.copy_(normal(seed, tuple(weight.shape), grad=False)[0])
        return [block(image(seed, sizes[0])), block.eval()(image(seed, sizes[0]))]

    for sizes in (KEEPS, (3, 5, 2)):
        same(outputs(candidate, sizes), outputs(reference, sizes), ["output (train)", "output (eval)"])


def test_fresh_block(candidate, reference, seed):
    """A new block has the promised names and shapes, and its batch normalisations start as usual
    新建的块，名字和形状符合约定，BatchNorm 的初始值与默认一致"""
    for sizes in (KEEPS, *PROJECTS):
        mine, theirs = candidate.ResidualBlock(*sizes), reference.ResidualBlock(*sizes)
        initial = {name: value.clone() for name, value in sorted(mine.state_dict().items()) if "bn" in name}
        adopt(mine, theirs)
        same(initial, {n: v for n, v in sorted(theirs.state_dict().items()) if "bn" in n}, "state_dict")
        names = [sorted(name for name, _ in block.named_parameters()) for block in (mine, theirs)]
        holds(
            names[0] == names[1],
            "Not all that is learned is a parameter, or something else is one.",
            "要学习的没有都注册成参数，或者多注册了别的。",
            value=str(names[0]),
        )


def test_initial_weights(candidate, seed):
    """Convolutions start uniform in ±1/√(fan in), each drawn for itself
    卷积权重初始服从 ±1/√(fan in) 上的均匀分布，各自独立采样"""
    stage = candidate.ResidualStage(16, 32, 3, 2)
    weights = {name: v.detach().double() for name, v in stage.named_parameters() if v.dim() == 4}
    for name, weight in sorted(weights.items()):
        bound = weight[0].numel() ** -0.5
        near(weight.std() / bound, 3**-0.5, 0.06, f"{name}: std · √(fan in)")
        near(weight.abs().max() / bound, 0.99, 0.0101, f"{name}: max · √(fan in)")
        near(weight.mean() / bound, 0.0, 0.15, f"{name}: mean · √(fan in)")
    flat = [weight.flatten() for name, weight in sorted(weights.items()) if "proj" not in name]
    alike = [
        float(torch.corrcoef(torch.stack([one[: other.numel()], other[: one.numel()]]))[0, 1])
        for i, one in enumerate(flat)
        for other in flat[:i]
    ]
    holds(
        max(alike, default=0.0) < 0.5,
        "Two convolutions start with the same weights.",
        "有两个卷积的初始权重相同。",
    )


def test_gradients(candidate, reference, seed):
    """Gradients of the input and of every parameter are right
    输入和每个参数的梯度都正确"""
    for sizes in (KEEPS, (4, 4, 2), (3, 5)):
        mine, theirs = twins(candidate, reference, seed, *sizes)
        judge_gradients(mine, theirs, image(seed, sizes[0]), image(seed, sizes[0]))


def test_running_statistics(candidate, reference, seed):
    """Each training call renews the running statistics once
    训练时每次调用恰好更新一次滑动统计量"""
    for sizes in (KEEPS, (3, 5, 2)):
        mine, theirs = twins(candidate, reference, seed, *sizes)
        for step in range(2):
            mine(image(seed + step, sizes[0])), theirs(image(seed + step, sizes[0]))
            same(statistics(mine), statistics(theirs), "state_dict")


def test_eval_mode(candidate, reference, seed):
    """Eval mode uses the running statistics and leaves them alone; one image is enough
    eval 模式使用滑动统计量且不改动它们；只有一张图也可以"""
    for sizes in (KEEPS, (3, 5, 2)):
        mine, theirs = (block.eval() for block in twins(candidate, reference, seed, *sizes))
        x, same_x = image(seed, sizes[0], (1, 3, 4)), image(seed, sizes[0], (1, 3, 4))
        same(mine(x), theirs(same_x), "output (eval)")
        judge_gradients(mine, theirs, x, same_x)
        same(statistics(mine), statistics(theirs), "state_dict")
        mine.train(), theirs.train()
        same(mine(image(seed, sizes[0])), theirs(image(seed, sizes[0])), "output (train)")


def test_without_gradients(candidate, reference, seed):
    """Without gradients the outputs are the same, in both modes
    不记录梯度时，两种模式的输出也正确"""
    for sizes in (KEEPS, (3, 5, 2)):
        mine, theirs = twins(candidate, reference, seed, *sizes)
        x = image(seed, sizes[0]).detach()
        with torch.no_grad():
            same(mine(x.clone()), theirs(x.clone()), "output (train)")
            same(mine.eval()(x.clone()), theirs.eval()(x.clone()), "output (eval)")


def test_faint_images(candidate, reference, seed):
    """Activations so faint that ε matters are normalised as torch does
    激活值小到 ε 起作用时，归一化也与 torch 一致"""
    for sizes in (KEEPS, (3, 5, 2)):
        mine, theirs = twins(candidate, reference, seed, *sizes)
        x, same_x = (image(seed, sizes[0], scale=3e-3) for _ in range(2))
        same(mine(x), theirs(same_x))


def test_stage(candidate, reference, seed):
    """A stage runs its blocks in turn; only the first strides and changes channels
    一个 stage 依次运行各块；只有第一块带 stride、改变通道数"""
    for sizes in ((3, 5, 1, 2), (3, 5, 3, 2), (5, 5, 2), (4, 6, 2), (4, 4, 2, 3)):
        mine, theirs = twins(candidate, reference, seed, *sizes, kind="ResidualStage")
        same(mine(image(seed, sizes[0])), theirs(image(seed, sizes[0])), f"output {sizes}")
        x, same_x = image(seed + 1, sizes[0]), image(seed + 1, sizes[0])
        same(mine.eval()(x), theirs.eval()(same_x), f"output (eval) {sizes}")


def test_stage_gradients(candidate, reference, seed):
    """Gradients reach every block of a stage
    梯度传到 stage 的每一块"""
    mine, theirs = twins(candidate, reference, seed, 3, 5, 3, 2, kind="ResidualStage")
    judge_gradients(mine, theirs, image(seed, 3, (3, 7, 6)), image(seed, 3, (3, 7, 6)))
    same(statistics(mine), statistics(theirs), "state_dict")


def test_keywords_and_defaults(candidate, reference, seed):
    """Arguments go by name, and stride is 1 unless given
    参数可按名字传入；不传 stride 时为 1"""

    def outputs(module):
        block = filled(place(module.ResidualBlock(out_channels=5, in_channels=3)), seed)
        stage = place(module.ResidualStage(num_blocks=2, stride=2, out_channels=5, in_channels=3))
        plain = place(module.ResidualStage(in_channels=3, out_channels=5, num_blocks=1))
        shapes = [tuple(m(image(seed, 3)).shape) for m in (block, stage, plain)]
        return torch.tensor(shapes, dtype=torch.float64)

    same(outputs(candidate), outputs(reference), "output.shape")


def test_float32(candidate, reference, seed):
    """A float32 block gives float32 outputs and gradients
    float32 的块，输出和梯度都是 float32"""
    for sizes in (KEEPS, (3, 5, 2)):
        mine, theirs = (block.float() for block in twins(candidate, reference, seed, *sizes))
        x, same_x = (normal(seed, (3, sizes[0], 7, 6), dtype=torch.float32)[0] for _ in range(2))
        output, right = mine(x), theirs(same_x)
        same(output, right, tolerance=(1e-3, 1e-3))
        found = gradients(output, [x]), gradients(right, [same_x])
        # Values are judged in float64; here a value beside a ReLU's kink may fall on either side.
        holds(
            found[0][0] is not None and found[0][0].dtype == torch.float32,
            "The gradient of a float32 input is not float32.",
            "float32 输入的梯度不是 float32。",
        )


def test_noncontiguous(candidate, reference, seed):
    """Transposed, strided, expanded and channels-last inputs work
    输入是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    cases = (
        ("x.mT", (2, 5, 6, 7), lambda x: x.mT),
        ("x[:, ::2, :, 1:]", (2, 10, 7, 8), lambda x: x[:, ::2, :, 1:]),
        ("x.expand", (1, 5, 7, 6), lambda x: x.expand(2, 5, 7, 6)),
        ("channels_last", (2, 5, 7, 6), lambda x: x.contiguous(memory_format=torch.channels_last)),
    )
    for sizes in (KEEPS, (5, 3, 2)):
        mine, theirs = twins(candidate, reference, seed, *sizes)
        for name, shape, view in cases:
            (x,), (same_x,) = normal(seed, shape), normal(seed, shape)
            output, right = mine(view(x)), theirs(view(same_x))
            same(output, right, f"output ({name})")
            same(gradients(output, [x]), gradients(right, [same_x]), ["∂L/∂x"])


def test_side_effects(candidate, seed):
    """The input and the parameters are left alone, with and without gradients; nothing is reseeded
    有无梯度，输入和参数都保持不变；不重新设种子"""
    for sizes in (KEEPS, (5, 3), (5, 5, 2)):
        block = place(candidate.ResidualBlock(*sizes))
        x = image(seed, 5).detach()
        with unchanged(x=x, **dict(block.named_parameters())):
            with torch.no_grad():
                block(x)
                block.eval()(x)
            block.train()(x).sum().backward()
    not_reseeded(lambda: candidate.ResidualStage(2, 3, 2)(torch.rand(2, 2, 3, 3)))


def test_calls_are_independent(candidate, reference, seed):
    """A later call does not change earlier outputs or their gradients; blocks share nothing
    之后的调用不影响之前的输出和梯度；块与块之间不共享任何东西"""
    (mine, other), (theirs, same_other) = zip(*(twins(candidate, reference, s, *KEEPS) for s in (seed, seed + 9)),
                                              strict=True)  # fmt: skip
    results = []
    for block, second in ((mine, other), (theirs, same_other)):
        xs = [image(seed + i, 5) for i in range(2)]
        outputs = [block(xs[0]), second(xs[1]), block(xs[1])]
        results.append([*outputs, *gradients(outputs, xs)])
    same(*results, ["output 1", "output 2", "output 3", "∂L/∂x₁", "∂L/∂x₂"])


class Network(nn.Module):
    """Twenty-six convolutions in the branches: deeper than plain layers can be trained in so few steps."""

    def __init__(self, module):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.stages = nn.Sequential(module.ResidualStage(8, 8, 6, 2), module.ResidualStage(8, 12, 7, 2))
        self.head = nn.Linear(12, 10)

    def forward(self, images):
        return self.head(self.stages(self.stem(images)).mean((2, 3)))


def train(net, seed, steps, rate):
    images, labels = digits()
    images = images[:, None].to(net.head.weight.dtype)
    optimizer = torch.optim.SGD(net.parameters(), rate, momentum=0.9)
    (batches,) = integers(seed, len(images), (steps, 40))
    losses = []
    for chosen in batches:
        loss = nn.functional.cross_entropy(net(images[chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        right = net(images).argmax(-1) == labels  # train mode: the running averages lag behind
    return losses, right.double().mean().item()


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A deep network trains as it does with the reference
    用它训练深层网络，loss 曲线与参考实现一致"""
    theirs = place(Network(reference))
    mine = adopt(place(Network(candidate)), theirs)
    follows(*(train(net, seed, 6, 0.05)[0] for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """A network of 28 layers learns the handwritten digits in 60 steps: accuracy ≥ 0.6
    28 层的网络 60 步就能学会认手写数字：准确率 ≥ 0.6"""
    net = Network(candidate).to(setting.device)
    losses, accuracy = train(net, seed, 60, 0.05)
    # Without the additions it stays near 0.3.
    reaches(accuracy, 0.6, "accuracy", losses=losses)
