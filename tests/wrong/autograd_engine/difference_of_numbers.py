# mistake: The subtrahend enters as a number, so it gets no gradient.
# bug: subtrahend_cut
# line: 47
import math
from collections import deque


def lift(v):
    return v if isinstance(v, Value) else Value(v)


class Value:
    def __init__(self, data, parents=(), pull=None):
        self.data, self.grad = data, 0.0
        self.parents, self.pull = parents, pull

    def __add__(self, other):
        other = lift(other)
        return Value(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        other = lift(other)
        a, b = self.data, other.data
        return Value(a * b, (self, other), lambda g: (g * b, g * a))

    def __pow__(self, exponent):
        x = self.data
        return Value(x**exponent, (self,), lambda g: (g * exponent * x ** (exponent - 1),))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, (self,), lambda g: (g * e,))

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, (self,), lambda g: (g - g * t * t,))

    def relu(self):
        on = self.data > 0
        return Value(self.data if on else 0.0, (self,), lambda g: (g if on else 0.0,))

    def __neg__(self):
        return Value(-self.data, (self,), lambda g: (-g,))

    def __sub__(self, other):
        other = lift(other)
        return Value(self.data - other.data, (self,), lambda g: (g,))

    def __truediv__(self, other):
        other = lift(other)
        a, b = self.data, other.data
        return Value(a / b, (self, other), lambda g: (g / b, -g * a / b / b))

    def __radd__(self, other):
        return lift(other) + self

    def __rmul__(self, other):
        return lift(other) * self

    def __rsub__(self, other):
        return lift(other) - self

    def __rtruediv__(self, other):
        return lift(other) / self

    def backward(self):
        waiting, found = {}, [self]
        for value in found:
            for parent in value.parents:
                if id(parent) not in waiting:
                    waiting[id(parent)] = 0
                    found.append(parent)
                waiting[id(parent)] += 1
        arrived = {id(value): 0.0 for value in found}
        arrived[id(self)] = 1.0
        ready = deque([self])
        while ready:
            value = ready.popleft()
            g = arrived[id(value)]
            value.grad += g
            if value.pull is None:
                continue
            for parent, share in zip(value.parents, value.pull(g)):
                arrived[id(parent)] += share
                waiting[id(parent)] -= 1
                if waiting[id(parent)] == 0:
                    ready.append(parent)
