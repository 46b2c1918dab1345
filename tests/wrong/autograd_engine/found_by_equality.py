# mistake: Values compare equal when their numbers do, and the search takes them for one.
# bug: equal_taken_for_same
# line: 14
import math


class Value:
    def __init__(self, data, _children=()):
        self.data = data
        self.grad = 0.0
        self._backward = lambda: None
        self._prev = set(_children)

    def __eq__(self, other):
        return isinstance(other, Value) and self.data == other.data

    def __hash__(self):
        return hash(self.data)

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def _unary(self, data, slope):
        out = Value(data, (self,))

        def _backward():
            self.grad += slope * out.grad

        out._backward = _backward
        return out

    def __pow__(self, exponent):
        return self._unary(self.data**exponent, exponent * self.data ** (exponent - 1))

    def exp(self):
        return self._unary(math.exp(self.data), math.exp(self.data))

    def tanh(self):
        t = math.tanh(self.data)
        return self._unary(t, (1 - t) * (1 + t))

    def relu(self):
        return self._unary(max(0, self.data), float(self.data > 0))

    def __neg__(self):
        return self * -1

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return other + (-self)

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, other):
        return other * self**-1

    def backward(self):
        topo, entered, stack = [], set(), [(self, False)]
        while stack:
            value, done = stack.pop()
            if done:
                topo.append(value)
            elif value not in entered:
                entered.add(value)
                stack.append((value, True))
                stack += [(child, False) for child in value._prev]
        before = [value.grad for value in topo]
        for value in topo:
            value.grad = 0.0
        self.grad = 1.0
        for value in topo[::-1]:
            value._backward()
        for value, old in zip(topo, before):
            value.grad += old
