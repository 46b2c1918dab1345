# mistake: one_hot guesses the number of classes from the targets at hand
# bug: classes_from_targets
# line: 38
import torch.nn.functional as F


class Linear:
    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, g):
        flat = g.reshape(-1, g.shape[-1])
        self.dw = flat.T @ self.x.reshape(-1, self.x.shape[-1])
        self.db = flat.sum(0)
        return g @ self.weight


class ReLU:
    def forward(self, x):
        self.on = x > 0
        return x.clamp(min=0)

    def backward(self, g):
        return g * self.on


class CrossEntropy:
    def forward(self, s, target):
        self.p = s.softmax(-1)
        self.target = target
        return F.cross_entropy(s.reshape(-1, s.shape[-1]), target.reshape(-1))

    def backward(self):
        hot = F.one_hot(self.target)
        return (self.p - hot) / self.target.numel()


def _layers(w1, b1, w2, b2):
    return Linear(w1, b1), ReLU(), Linear(w2, b2)


def forward(x, w1, b1, w2, b2):
    for layer in _layers(w1, b1, w2, b2):
        x = layer.forward(x)
    return x


def backprop(x, target, w1, b1, w2, b2):
    layers = _layers(w1, b1, w2, b2)
    end = CrossEntropy()
    for layer in layers:
        x = layer.forward(x)
    loss, g = end.forward(x, target), end.backward()
    for layer in reversed(layers):
        g = layer.backward(g)
    first, _, second = layers
    return loss, {"x": g, "w1": first.dw, "b1": first.db, "w2": second.dw, "b2": second.db}
