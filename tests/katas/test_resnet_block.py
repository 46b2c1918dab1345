"""Grades katas/resnet_block.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    accuracy,
    adopt,
    agree,
    any_layout,
    calls_apart,
    copies_apart,
    digits,
    drawn_apart,
    follows,
    holds,
    keeps_dtype,
    leaves_alone,
    near,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    setting,
    share_nothing,
    starts_like,
    stir,
    train,
    travels,
    twins,
    varies,
)

KEEPS = (5, 5)  # in_channels, out_channels, stride
PROJECTS = ((3, 5), (5, 3), (4, 4, 2), (3, 5, 2), (5, 3, 3), (1, 5), (3, 1, 2))


def pair(candidate, reference, *sizes, kind="ResidualBlock"):
    """The attempt's module and the reference's, in the same state, far from where they begin."""
    return twins(candidate, reference, kind, *sizes)


def block(candidate, *sizes):
    """The attempt's block, all its state drawn from the names."""
    return stir(place(candidate.ResidualBlock(*sizes)))


def image(seed, channels, shape=(2, 7, 6), scale=1.0):
    """(N, channels, H, W); odd and even, and never square."""
    return normal(seed, (shape[0], channels, *shape[1:]), scale=scale)[0]


def statistics(module):
    return {name: v for name, v in sorted(module.state_dict().items()) if "running" in name}


def test_identity(candidate, reference, seed):
    """A block that keeps the shape adds its input as it is
    形状不变的块，直接加上输入本身"""
    for channels in (5, 1):
        mine, theirs = pair(candidate, reference, channels, channels)
        same(mine(image(seed, channels)), theirs(image(seed, channels)), f"output ({channels} channels)")


def test_projection(candidate, reference, seed):
    """A block that changes channels or size projects its input
    通道数或尺寸改变的块，要对输入做投影"""
    for sizes in PROJECTS:
        mine, theirs = pair(candidate, reference, *sizes)
        for shape in ((2, 7, 6), (3, 4, 9), (1, 5, 4), (2, 1, 6), (3, 7, 1)):
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


def test_fresh_block(candidate, reference):
    """A new block has the promised names and shapes, and its batch normalisations start as usual
    新建的块，名字和形状符合约定，BatchNorm 的初始值与默认一致"""
    for sizes in (KEEPS, *PROJECTS):
        mine, theirs = candidate.ResidualBlock(*sizes), reference.ResidualBlock(*sizes)
        starts_like(mine, theirs, lambda name: "bn" in name)


def test_initial_weights(candidate):
    """Convolutions start uniform in ±1/√(fan in), each drawn for itself
    卷积权重初始服从 ±1/√(fan in) 上的均匀分布，各自独立采样"""
    stage = candidate.ResidualStage(16, 32, 3, 2)
    weights = {name: v for name, v in sorted(stage.named_parameters()) if v.dim() == 4}
    for name, weight in weights.items():
        bound, n = weight[0].numel() ** -0.5, weight.numel()
        values = weight.detach().double().cpu() / bound
        # Over right attempts: deviations of 0.26/√n of the first (and a largest near 1 − 1/n), 0.58/√n of the last.
        near(values.std(), 3**-0.5, 1.4 / n**0.5, f"{name}: std · √(fan in)")
        near(values.abs().max(), 1.0, 16 / n, f"{name}: max · √(fan in)")
        near(values.mean(), 0.0, 3 / n**0.5, f"{name}: mean · √(fan in)")
    drawn_apart(weights)
    wide = candidate.ResidualBlock(4, 160)  # columns long enough to set them beside each other
    drawn_apart({"conv1.weight": wide.conv1.weight, "proj.weight": wide.proj.weight})
    varies(lambda: candidate.ResidualBlock(2, 3).conv1.weight, (3 * 18) ** -0.5, "conv1.weight")


def test_gradients(candidate, reference, seed):
    """Gradients of the input and of every parameter are right
    输入和每个参数的梯度都正确"""
    for sizes in (KEEPS, (4, 4, 2), (3, 5)):
        agree(*pair(candidate, reference, *sizes), lambda sizes=sizes: image(seed, sizes[0]))


def test_running_statistics(candidate, reference, seed):
    """Each training call renews the running statistics once
    训练时每次调用恰好更新一次滑动统计量"""
    for sizes in (KEEPS, (3, 5, 2)):
        mine, theirs = pair(candidate, reference, *sizes)
        for step in range(2):
            mine(image(seed + step, sizes[0])), theirs(image(seed + step, sizes[0]))
            same(statistics(mine), statistics(theirs), "state_dict")


def test_eval_mode(candidate, reference, seed):
    """Eval mode uses the running statistics and leaves them alone; one image is enough
    eval 模式使用滑动统计量且不改动它们；只有一张图也可以"""
    for sizes in (KEEPS, (3, 5, 2)):
        mine, theirs = (module.eval() for module in pair(candidate, reference, *sizes))
        for shape in ((1, 3, 4), (1, 1, 1)):
            agree(mine, theirs, lambda c=sizes[0], s=shape: image(seed, c, s), "output (eval)")
        same(statistics(mine), statistics(theirs), "state_dict")
        mine.train(), theirs.train()
        same(mine(image(seed, sizes[0])), theirs(image(seed, sizes[0])), "output (train)")


def test_without_gradients(candidate, reference, seed):
    """Without gradients the outputs are the same, in both modes
    不记录梯度时，两种模式的输出也正确"""
    for sizes in (KEEPS, (3, 5, 2)):
        mine, theirs = pair(candidate, reference, *sizes)
        x = image(seed, sizes[0]).detach()
        with torch.no_grad():
            same(mine(x.clone()), theirs(x.clone()), "output (train)")
            same(mine.eval()(x.clone()), theirs.eval()(x.clone()), "output (eval)")


def test_faint_images(candidate, reference, seed):
    """Activations so faint that ε matters are normalised as torch does
    激活值小到 ε 起作用时，归一化也与 torch 一致"""
    for sizes in (KEEPS, (3, 5, 2)):
        mine, theirs = pair(candidate, reference, *sizes)
        x, same_x = (image(seed, sizes[0], scale=3e-3) for _ in range(2))
        same(mine(x), theirs(same_x))


def test_stage(candidate, reference, seed):
    """A stage runs its blocks in turn; only the first strides and changes channels
    一个 stage 依次运行各块；只有第一块带 stride、改变通道数"""
    for sizes in ((3, 5, 1, 2), (3, 5, 3, 2), (5, 5, 2), (4, 6, 2), (4, 4, 2, 3)):
        mine, theirs = pair(candidate, reference, *sizes, kind="ResidualStage")
        same(mine(image(seed, sizes[0])), theirs(image(seed, sizes[0])), f"output {sizes}")
        x, same_x = image(seed + 1, sizes[0]), image(seed + 1, sizes[0])
        same(mine.eval()(x), theirs.eval()(same_x), f"output (eval) {sizes}")


def test_stage_gradients(candidate, reference, seed):
    """Gradients reach every block of a stage
    梯度传到 stage 的每一块"""
    mine, theirs = pair(candidate, reference, 3, 5, 3, 2, kind="ResidualStage")
    agree(mine, theirs, lambda: image(seed, 3, (3, 7, 6)))
    same(statistics(mine), statistics(theirs), "state_dict")


def test_keywords_and_defaults(candidate, seed):
    """Arguments go by name, and stride is 1 unless given
    参数可按名字传入；不传 stride 时为 1"""

    def shapes(by_name, by_position):
        return [list(place(module)(image(seed, 3)).shape) for module in (by_name, by_position)]

    block, stage = candidate.ResidualBlock, candidate.ResidualStage
    for name, (found, right) in {
        "ResidualBlock(out_channels=5, in_channels=3)": shapes(
            block(out_channels=5, in_channels=3), block(3, 5, 1)
        ),
        "ResidualBlock(…, stride=2)": shapes(block(3, 5, stride=2), block(3, 5, 2)),
        "ResidualStage(num_blocks=2, stride=2, …)": shapes(
            stage(num_blocks=2, stride=2, out_channels=5, in_channels=3), stage(3, 5, 2, 2)
        ),
        "ResidualStage(…, num_blocks=1)": shapes(stage(3, 5, num_blocks=1), stage(3, 5, 1, 1)),
    }.items():
        holds(
            found == right,
            f"{name} gives an output of shape {found}; with all arguments by position it is {right}.",
            f"{name} 的输出形状是 {found}；全部按位置传参时是 {right}。",
            value=torch.tensor(found),
            name=name,
        )


def test_float32(candidate, seed):
    """A float32 block gives float32 outputs and gradients
    float32 的块，输出和梯度都是 float32"""
    for sizes in (KEEPS, (3, 5, 2)):
        # Faint enough a shortcut and shifts so large that no value lies beside a ReLU's kink, where rounding decides.
        def lifted(sizes=sizes):
            module = block(candidate, *sizes)
            with torch.no_grad():
                for name, value in module.named_parameters():
                    value.copy_(
                        value.abs() + 6 if name.endswith("bn1.bias") or name.endswith("bn2.bias") else value
                    )
            return module

        keeps_dtype(lifted, lambda sizes=sizes: image(seed, sizes[0], scale=0.3), tolerance=(1e-3, 1e-3))


def test_noncontiguous(candidate, seed):
    """Transposed, strided, expanded and channels-last inputs work
    输入是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    for sizes in (KEEPS, (5, 3, 2)):
        any_layout(partial(block, candidate, *sizes), lambda shape: normal(seed, shape)[0], (2, 5, 7, 6))


def test_side_effects(candidate, seed):
    """The input and the parameters are left alone by every call, with and without gradients; nothing is reseeded
    有无梯度，每次调用都不改动输入和参数；不重新设种子"""
    for sizes in (KEEPS, (5, 3, 2)):
        leaves_alone(partial(block, candidate, *sizes), lambda i: image(seed + i, 5))
    not_reseeded(lambda: candidate.ResidualStage(2, 3, 2)(torch.rand(2, 2, 3, 3)))


def test_calls_are_independent(candidate, seed):
    """A later call does not change earlier outputs or their gradients; blocks share nothing; loaded state counts
    之后的调用不影响之前的输出和梯度；块与块之间不共享任何东西；加载的参数立即生效"""
    for sizes in (KEEPS, (5, 3, 2)):
        calls_apart(partial(block, candidate, *sizes), lambda i: image(seed + i, 5))
    share_nothing(lambda: candidate.ResidualBlock(5, 3, 2), lambda: image(seed, 5))
    copies_apart(partial(block, candidate, 5, 3, 2), lambda i: image(seed + i, 5))
    travels(block(candidate, 5, 3, 2), partial(block, candidate, 5, 3, 2), lambda i: image(seed + i, 5))


class Network(nn.Module):
    """Twenty-six convolutions in the branches: deeper than plain layers can be trained in so few steps."""

    def __init__(self, module):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.stages = nn.Sequential(module.ResidualStage(8, 8, 6, 2), module.ResidualStage(8, 12, 7, 2))
        self.head = nn.Linear(12, 10)

    def forward(self, images):
        return self.head(self.stages(self.stem(images)).mean((2, 3)))


def trained(net, seed, steps):
    """The losses, and the accuracy in train mode: the running averages lag behind."""
    images, labels = digits()
    images = images[:, None].to(net.head.weight.dtype)
    losses = train(net, images, labels, seed, steps=steps, batch=40, lr=0.05, momentum=0.9)
    return losses, accuracy(net, images, labels)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A deep network trains as it does with the reference
    用它训练深层网络，loss 曲线与参考实现一致"""
    theirs = place(Network(reference))
    mine = adopt(place(Network(candidate)), theirs)
    follows(*(trained(net, seed, 6)[0] for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """A network of 28 layers learns the handwritten digits in 60 steps: accuracy ≥ 0.6
    28 层的网络 60 步就能学会认手写数字：准确率 ≥ 0.6"""
    net = Network(candidate).to(setting.device)
    losses, share = trained(net, seed, 60)
    # Without the additions it stays near 0.3.
    reaches(share, 0.6, "accuracy", losses=losses)
