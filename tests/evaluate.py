"""Run one expression with a torch, real or small, and tell what came of it in plain lists.

This file also runs in MicroPython: tests/test_small_torch.py sends it there with its cases.
"""


def evaluate(torch, case):
    """Run case["code"], which makes `out`; send a gradient back from all that can have one.

    Returns {"out": [shape, dtype, needs a gradient, entries] or a plain value, ...,
    "grads": {leaf: entries or None}}, or {"error": [type, text]}.
    """
    ns = {"torch": torch, "F": torch.nn.functional}
    leaves = {}
    for name, values in case["leaves"].items():
        leaves[name] = ns[name] = torch.tensor(values)
        if name in case["grad"]:
            ns[name].requires_grad_()
    try:
        exec(case["code"], ns)
        outs = told(torch, ns["out"])
        total = None
        for out in tensors(torch, ns["out"]):
            if out.requires_grad:
                part = (out * weights(torch, tuple(out.shape))).sum()
                total = part if total is None else total + part
        if total is not None:
            total.backward()
    except Exception as error:  # noqa: BLE001 - errors are what is compared
        return {"error": [type(error).__name__, str(error)]}
    grads = {}
    for name in case["grad"]:
        grad = leaves[name].grad
        grads[name] = None if grad is None else entries(grad)
    return {"out": outs, "grads": grads}


def tensors(torch, out):
    if isinstance(out, torch.Tensor):
        return [out]
    if isinstance(out, (str, bool, int, float)) or out is None:
        return []
    return [t for part in out for t in tensors(torch, part)]


def told(torch, out):
    if isinstance(out, torch.Tensor):
        return [list(out.shape), str(out.dtype), out.requires_grad, entries(out)]
    if isinstance(out, (str, bool, int)) or out is None:
        return out
    if isinstance(out, float):
        return plain(out)
    return [told(torch, part) for part in out]


def entries(tensor):
    flat = tensor.detach().clone().reshape(-1).tolist()
    return [plain(x) for x in flat]


def plain(x):
    """JSON has no nan and no infinity."""
    return x if x - x == 0 else str(x)


def weights(torch, shape):
    n = 1
    for length in shape:
        n *= length
    return torch.tensor([0.3 + (7 * k % 11) / 10 for k in range(n)]).reshape(shape)
