"""Compare what was derived by hand with what autograd computed."""

# --8<-- [start:distance]
import torch


def distance(name, ours, theirs):
    """The largest difference, the largest entry, the difference allowed."""
    ours, theirs = torch.as_tensor(ours), torch.as_tensor(theirs)
    due, got = tuple(theirs.shape), tuple(ours.shape)
    assert got == due, f"{name} has shape {got} where {due} is due"
    maxdiff = (ours - theirs).abs().max().item()
    size = theirs.abs().max().item()
    double = theirs.element_size() == 8  # float64 has 8 bytes, float32 has 4
    allowed = 1e-9 * size + 1e-12 if double else 1e-6 * size + 1e-7
    return maxdiff, size, allowed


# --8<-- [end:distance]


# --8<-- [start:cmp]
def cmp(name, ours, t):
    """Compare our gradient with the one autograd left in t.grad."""
    assert t.grad is not None, f"{name}: autograd left no gradient here"
    maxdiff, size, allowed = distance(name, ours, t.grad)
    exact, approximate = torch.equal(ours, t.grad), maxdiff <= allowed
    print(f"{name} | exact: {exact} | approximate: {approximate}")
    shape = tuple(t.shape)
    print(f"    maxdiff: {maxdiff:.1e} | size: {size:.1e} | shape: {shape}")
    assert approximate, f"{name} disagrees with autograd by {maxdiff:.1e}"


# --8<-- [end:cmp]


# --8<-- [start:check]
def check(name, *sides, kind="equation"):
    """Compare the sides of an equation, or of anything else."""
    first, *others = sides
    for other in others:
        maxdiff, size, allowed = distance(name, other, first)
        if kind == "finite_difference":
            allowed = 1e-6 * size + 1e-7  # such a quotient has fewer digits
        print(f"{name} | {kind}")
        print(f"    maxdiff: {maxdiff:.1e} | size: {size:.1e}")
        assert maxdiff <= allowed, f"{name}: sides differ by {maxdiff:.1e}"


# --8<-- [end:check]


# --8<-- [start:refused]
import contextlib


@contextlib.contextmanager
def refused():
    """Run what must be refused; say how it was."""
    try:
        yield
    except AssertionError as refusal:
        print("refused:", refusal)
    else:
        raise AssertionError("this should have been refused")


# --8<-- [end:refused]
