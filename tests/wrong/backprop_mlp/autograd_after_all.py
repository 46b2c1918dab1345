# mistake: autograd does the work, through Tensor.backward
import torch


def forward(x, w1, b1, w2, b2):
    return torch.relu(x @ w1.T + b1) @ w2.T + b2


def backprop(x, target, w1, b1, w2, b2):
    given = {"x": x, "w1": w1, "b1": b1, "w2": w2, "b2": b2}
    leaves = {name: value.detach().clone().requires_grad_() for name, value in given.items()}
    with torch.enable_grad():
        loss = torch.nn.functional.cross_entropy(forward(**leaves).reshape(-1, len(b2)), target.reshape(-1))
        loss.backward()
    return loss.detach(), {name: leaf.grad for name, leaf in leaves.items()}
