import heapq
import itertools
import math

clock = itertools.count()


class Value:
    """Values are numbered as they are made; backward takes the youngest first, from a heap."""

    def __init__(self, data: float):
        self.data = float(data)
        self.grad = 0.0
        self.number = next(clock)
        self.inputs = []

    def _result(self, data, *inputs):
        out = Value(data)
        out.inputs.extend(inputs)
        return out

    def __add__(self, other):
        if not isinstance(other, Value):
            return self._result(self.data + other, (self, 1.0))
        return self._result(self.data + other.data, (self, 1.0), (other, 1.0))

    def __sub__(self, other):
        if not isinstance(other, Value):
            return self._result(self.data - other, (self, 1.0))
        return self._result(self.data - other.data, (self, 1.0), (other, -1.0))

    def __mul__(self, other):
        if not isinstance(other, Value):
            return self._result(self.data * other, (self, other))
        return self._result(self.data * other.data, (self, other.data), (other, self.data))

    def __truediv__(self, other):
        if not isinstance(other, Value):
            return self._result(self.data / other, (self, 1 / other))
        q = self.data / other.data
        return self._result(q, (self, 1 / other.data), (other, -q / other.data))

    def __radd__(self, other):
        return self._result(other + self.data, (self, 1.0))

    def __rmul__(self, other):
        return self._result(other * self.data, (self, other))

    def __rsub__(self, other):
        return self._result(other - self.data, (self, -1.0))

    def __rtruediv__(self, other):
        return self._result(other / self.data, (self, -other / self.data**2))

    def __neg__(self):
        return self._result(-self.data, (self, -1.0))

    def __pow__(self, exponent):
        y = self.data**exponent
        slope = exponent * y / self.data if self.data else exponent * self.data ** (exponent - 1)
        return self._result(y, (self, slope))

    def exp(self):
        y = math.exp(self.data)
        return self._result(y, (self, y))

    def tanh(self):
        e = math.exp(-2 * abs(self.data))
        y = math.copysign((1 - e) / (1 + e), self.data)
        return self._result(y, (self, (1 - y) * (1 + y)))

    def relu(self):
        return self._result(self.data if self.data > 0 else 0.0, (self, int(self.data > 0)))

    def backward(self):
        found = {self.number: 1.0}
        heap = [(-self.number, self)]
        while heap:
            number, value = heapq.heappop(heap)
            up = found.pop(-number)
            value.grad += up
            for source, slope in value.inputs:
                if source.number not in found:
                    found[source.number] = 0.0
                    heapq.heappush(heap, (-source.number, source))
                found[source.number] += up * slope
