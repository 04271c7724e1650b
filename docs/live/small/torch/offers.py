"""How functions are offered. Each says so where it is defined, and nowhere else:

    @everywhere
    def square(input): ...

The methods of tensors, the names in torch and in torch.nn.functional, the lists in
torch.__doc__, and the hints at what is near a name that is not there all follow from it.
"""


class Offer(dict):
    """A decorator that keeps {name: function}; what has another name, or none, is given one."""

    def __call__(self, function, name=None):
        self[name or function.__name__] = function
        return function


everywhere = Offer()  # torch.f(x), x.f(), and x.f_(), which changes x
both = Offer()  # torch.f(x), x.f()
method = Offer()  # x.f()
in_torch = Offer()  # torch.f()
in_functional = Offer()  # torch.nn.functional.f()
