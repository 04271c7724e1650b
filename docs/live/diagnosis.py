"""Judge a gradient that a reader wrote, and say kindly what is wrong with it.

judge(name, ours, due) compares what the reader's code left under that name (or what it
raised, or MISSING) with the true gradient, a copy taken before. It returns plain values:
"kind" (one of KINDS), its "state" and that one's "mark", "text", and where they make sense
"exact", "lines" (as `cmp` prints them), "line".
A reason is looked for with
  named: what the reader could use, {name: tensor or number};
  parts: of a tensor that is used several times, {user: its part of the gradient};
  again: a function that runs the code on random incoming gradients and returns its result,
         the true one and the parts; it is asked where zeros would pass.
It works on torch and on its stand-in, and changes nothing.
"""

import io
import sys

MISSING = object()
FILE = "<your code>"  # compile a reader's code under this name
MARKS = {"right": "✓", "nearly": "≈", "wrong": "✗"}  # how a reader sees each state
WRONG = ["zeros", "sign", "factor", "mean for sum", "missing sum", "missing branch", "wrong"]
WRONG += ["missing factor", "transposed", "wrong dimension", "shape", "some entries", "nan"]
WRONG += ["unnamed", "not a tensor", "broken"]
KINDS = dict.fromkeys(WRONG, "wrong")  # every kind of verdict: its state
KINDS.update({"right": "right", "unproved": "nearly", "almost": "nearly"})


def judge(name, ours, due, named=(), parts=(), again=None, code=""):
    case, note = Case(name, due, dict(named), dict(parts)), ""
    if isinstance(ours, BaseException):
        return broken(ours, code, case.named)
    if not hasattr(ours, "data_ptr"):
        return no_tensor(case, ours)
    ours, wanted = plain(ours), case.shape
    shape = tuple(ours.shape)
    if shape != wanted and (1,) * (len(wanted) - len(shape)) + shape == wanted:
        ours, note = (
            ours.reshape(wanted),
            f" Its shape is {shape}: keepdim=True would make it {wanted}.",
        )
    if tuple(ours.shape) != wanted:
        return verdict(*misshapen(case, ours))
    holes = [k for k, x in enumerate(flat(ours)) if x - x != 0]
    if holes:
        text = f"{len(holes)} of {due.numel()} entries are nan or infinite, the first is {place(holes[0], wanted)}."
        return verdict("nan", text + " Is there a division by zero, or log(0)?")
    lines = case.lines(ours)
    if not case.close(ours):
        return verdict(*reason(case, ours), lines=lines)
    doubt = again and unproved(case, again)
    if doubt:
        return verdict("unproved", "The value is right, because " + doubt, lines=lines)
    exact = case.off(ours) == 0
    text = "Right, to the last bit." if exact else "Right: only rounding differs from autograd's."
    return verdict("right", text + note, exact=exact, lines=lines)


def verdict(kind, text, **more):
    """A verdict of a kind that KINDS lists; any other kind is refused."""
    state = KINDS[kind]
    more.update(kind=kind, state=state, mark=MARKS[state], text=text)
    return more


def plain(tensor):
    return tensor.detach().double().clone()


def flat(tensor):
    return tensor.reshape(-1).tolist()


class Case:
    """The true gradient, in float64, and how far from it is still right."""

    def __init__(self, name, due, named, parts):
        self.name, self.x, self.named, self.shape = name, name[1:], named, tuple(due.shape)
        self.due, self.size = plain(due), due.abs().max().item()
        share, self.floor = (1e-9, 1e-12) if due.element_size() == 8 else (1e-6, 1e-7)
        self.allowed = share * self.size + self.floor
        self.parts = {user: plain(parts[user]) for user in parts}
        zero = [user for user in parts if parts[user].abs().max().item() <= self.floor]
        self.empty = sorted(zero)

    def off(self, ours):
        return (ours - self.due).abs().max().item()

    def close(self, ours):
        return self.off(ours) <= self.allowed

    def lines(self, ours):
        exact, approximate = str(self.off(ours) == 0), str(self.close(ours))
        return [
            f"{self.name:17} | exact: {exact:5} | approximate: {approximate:5}",
            f"{'':17} | maxdiff: {self.off(ours):.1e} | shape: {self.shape} | size: {self.size:.1e}",
        ]

    def scale(self, ours):
        square = (self.due * self.due).sum().item()
        k = (ours * self.due).sum().item() / square if square else 0
        return k if k and abs(k - 1) > 1e-3 and self.close(ours / k) else 0

    def tensors(self):
        tensors = [(name, self.named[name]) for name in sorted(self.named)]
        tensors = [
            (name, t) for name, t in tensors if hasattr(t, "data_ptr") and t.is_floating_point()
        ]
        return [(name, t.detach(), tuple(t.shape)) for name, t in tensors]


def unproved(case, again):
    """Why a line is wrong whose value is right because something is zero; or None."""
    if case.size > case.floor and not case.empty:
        return None
    ours, due, parts = again()
    there = Case(case.name, due, case.named, parts)
    ours = plain(ours) if hasattr(ours, "data_ptr") else due * 0
    ours = ours.reshape(there.shape) if ours.numel() == due.numel() else due * 0
    if there.close(ours):
        return None
    if case.size <= case.floor:
        why = reason(there, ours)[1]
        return f"the true gradient is zero here. With random incoming gradients it shows: {why}"
    why = branches(there, ours)  # a line that does not go by the parts may be right all the same
    return why and f"the part through `{case.empty[0]}` is zero here. {why}"


def reason(case, ours):
    if ours.abs().max().item() == 0:
        return "zeros", "Every entry is zero."
    k = case.scale(ours)
    scaled = k and factor(case, k)
    if scaled:
        return scaled
    square = len(case.shape) == 2 and case.shape[0] == case.shape[1]
    if square and (case.close(ours.T) or case.scale(ours.T)):
        return "transposed", "It is transposed: try .T, or swap the factors of the product."
    for kind, find in (("missing branch", branches), ("missing factor", missing_factor)):
        text = find(case, ours)
        if text:
            return kind, text
    return entries(case, ours)


def factor(case, k):
    """What a constant factor may be; of a single number, which always has one, None if unknown."""
    flipped, k, size = " And the sign is flipped." * (k < 0), abs(k), case.due.numel()
    if abs(k - 1) < 1e-6:  # so it was -1
        return "sign", "The sign is flipped: every entry is minus the true one."
    for _, t, shape in case.tensors():
        if between(shape, case.shape) and abs(k * (t.numel() // size) - 1) < 1e-6:
            return "mean for sum", f"It is a mean where a sum is due: the terms add up.{flipped}"
    text = "Right but for a constant factor"
    for value, word in known_numbers(case.named):
        if abs(k / value - 1) < 1e-6 or abs(k * value - 1) < 1e-6:
            much, missing = ("large", "missing") if k > 1 else ("small", "too much")
            hint = f"is a division by {word} {missing}?"
            hint = f"are {word.replace('/', ' and ')} mixed up?" if "/" in word else hint
            return "factor", f"{text}: {word} times too {much}; {hint}{flipped}"
    return ("factor", f"{text} of {k:.6g}.{flipped}") if size > 1 else None


def known_numbers(named):
    numbers = [(2.0, "2")]
    for _, name in sorted([(len(name), name) for name in named]):
        n = named[name]
        if isinstance(n, int) and n > 2:
            numbers.append((n, name))
            numbers += [(n - 1, "(n - 1)"), (n / (n - 1), "n/(n - 1)")] * (name == "n")
    return numbers + [(a * b, f"{one} * {other}") for a, one in numbers for b, other in numbers]


def between(wide, narrow):
    """The dimensions over which one shape is summed to make another, or None."""
    narrow = (1,) * (len(wide) - len(narrow)) + narrow
    dims = [d for d in range(len(wide)) if narrow[d] == 1 != wide[d]]
    rest = [d for d in range(len(wide)) if d not in dims and narrow[d] != wide[d]]
    return None if rest or len(narrow) > len(wide) else dims


def branches(case, ours):
    users = [user for user in sorted(case.parts) if user not in case.empty]
    parts = [case.parts[user] for user in users]
    rows = [[(p * q).sum().item() for q in parts + [ours]] for p in parts]
    weights, made, said = len(users) > 1 and solved(rows), ours * 0, []
    for user, p, weight in zip(users, parts, weights or ()):
        made, times = made + p * weight, f"is there {weight:.6g} times"
        if abs(weight - 1) > 1e-6:
            times = "is missing" if abs(weight) < 1e-6 else times
            times = "has the wrong sign" if abs(weight + 1) < 1e-6 else times
            said.append(f"the part through `{user}` {times}")
    if said and (made - ours).abs().max().item() <= case.allowed:
        return f"`{case.x}` is used {len(users)} times, and the parts add up: {', '.join(said)}."


def solved(rows):
    """Gauss, on rows of coefficients and a right side."""
    for k in range(len(rows)):
        pivot = rows[k][k]
        if abs(pivot) < 1e-30:
            return None
        rows[k] = [x / pivot for x in rows[k]]
        for j in range(len(rows)):
            if j != k:
                rows[j] = [x - rows[j][k] * y for x, y in zip(rows[j], rows[k])]
    return [row[-1] for row in rows]


def missing_factor(case, ours):
    """A tensor by whose power ours should be multiplied or divided, or None."""
    true = flat(case.due)
    k = max(range(len(true)), key=lambda j: abs(true[j]))
    spot = tuple(place(k, case.shape))
    mine = abs(ours[spot].item())
    for name, t, shape in case.tensors():
        if t.numel() < 2 <= len(true) or between(case.shape, shape) is None:
            continue
        t = t.double().expand(case.shape)
        x = abs(t[spot].item())
        for power in (1, 2, 3, 4, -1, -2, -3, -4) if x else ():
            # one entry rules out nearly all
            if abs(mine * x**power - abs(true[k])) <= 10 * case.allowed:
                for sign in ("", "-"):
                    if case.close(ours * t**power * (-1 if sign else 1)):
                        how = "Multiplied" if power > 0 else "Divided"
                        what = f"{sign}{name}" + f"**{abs(power)}" * (abs(power) > 1)
                        return f"{how} by `{what}` it would be right."


def entries(case, ours):
    """Almost, some entries, or wrong: where, and by how much."""
    theirs, true, share = flat(ours), flat(case.due), case.off(ours) / (case.size or 1)
    apart = [abs(a - b) for a, b in zip(theirs, true)]
    bad = [k for k, gap in enumerate(apart) if gap > case.allowed]
    spots = [place(k, case.shape) for k in bad]
    mine, due = digits(theirs[bad[0]], true[bad[0]])
    if len(true) == 1:
        return "wrong", f"The number is wrong: yours is {mine}, the true one {due}."
    first = f" At {spots[0]} yours is {mine}, the true one {due}."
    if share < 1e-2 and 2 * len([gap for gap in apart if gap > 1e-9 * case.size]) > len(apart):
        guess = "is an epsilon left out" + ", or n mixed up with n - 1" * (share > 1e-3)
        text = f"Almost: off by {share:.0e} of the largest entry, more than rounding: {guess}?"
        return "almost", text + first
    text = f"{len(bad)} of {len(true)} entries are wrong{pattern(spots, case.shape)}."
    return "wrong" if 2 * len(bad) > len(true) else "some entries", text + first


def pattern(spots, shape):
    if len(shape) != 2 or len(spots) < 2:
        return ""
    rows, columns = [{spot[d] for spot in spots} for d in (0, 1)]
    if len(rows) == 1 or len(columns) == 1:
        return f", all in {'row' if len(rows) == 1 else 'column'} {spots[0][len(rows) != 1]}"
    return ", one in each row" if len(rows) == len(spots) == shape[0] else ""


def place(k, shape):
    index = []
    for length in reversed(shape):
        index.insert(0, k % length)
        k //= length
    return index


def digits(a, b):
    for n in range(3, 17):
        one, other = f"{a:.{n}g}", f"{b:.{n}g}"
        if one != other:
            break
    return one, other


def misshapen(case, ours):
    shape, wanted, x = tuple(ours.shape), case.shape, case.x
    start = f"`{case.name}` has shape {shape}, and `{x}` has {wanted}, so this is due. "
    mends, dims = [], between(shape, wanted)
    if len(shape) == 2 and (shape[1], shape[0]) == wanted:
        text = "It looks transposed: try .T, or swap the factors of the product."
        mends.append(("transposed", ours.T, text))
    if dims:
        how = f".sum({listed(dims)}{', keepdim=True' * (len(wanted) == len(shape))})"
        text = (
            f"`{x}` was repeated along dimension {listed(dims)}, so its gradient is a sum: {how}."
        )
        mends.append(("missing sum", ours.sum(dims, keepdim=True).reshape(wanted), text))
    if ours.numel() == case.due.numel():
        text = f"The number of entries is right: .view{wanted} or keepdim mends it."
        mends.append(("shape", ours.reshape(wanted), text))
    if between(wanted, shape):
        text = f"Each of its numbers goes to several entries: * torch.ones_like({x}) repeats it."
        mends.append(("shape", ours.expand(wanted), text))
    for kind, mended, text in mends:
        if case.close(mended):
            return kind, start + text
    for kind, mended, text in mends:
        k = case.scale(mended)
        scaled = k and factor(case, k)
        more = scaled[1] if scaled else branches(case, mended)
        if more:
            return kind, f"{start}{text} And then: {more}"
    for _, _, wide in case.tensors():  # the wrong dimension?
        due = between(wide, wanted)
        over = [d for d in range(len(wide)) if d not in (due or ())]
        if due and over and [n for n in shape if n != 1] == [wide[d] for d in due]:
            text = f"It is summed over dimension {listed(over)}; dimension {listed(due)} is due."
            return "wrong dimension", start + text
    return mends[0][0] if mends else "shape", start + (mends[0][2] if mends else "")


def listed(dims):
    return dims[0] if len(dims) == 1 else tuple(dims)


def no_tensor(case, ours):
    name, size = case.name, case.due.numel()
    if ours is MISSING:
        other = near(name, [n for n in case.named if n != case.x])
        hint = f" It assigns `{other}`: is that the one?" if other else ""
        return verdict("unnamed", f"Your code does not assign `{name}`.{hint}")
    text = f"`{name}` is of type {type(ours).__name__}; a tensor of shape {case.shape} is due."
    if ours is None:
        text += " Does a function end without return?"
    elif isinstance(ours, (int, float)) and size == 1 and case.close(case.due * 0 + ours):
        text += " The number is right: leave out .item()."
    return verdict("not a tensor", text)


def broken(error, code, named):
    kind, words, line, hint = type(error).__name__, str(error), line_of(error), ""
    quoted, known = words.split("'"), list(named) + ["True", "False", "None", "range"]
    if kind in ("NameError", "AttributeError") and len(quoted) > 2:
        word, obj = quoted[1], getattr(error, "obj", None)
        if kind == "AttributeError":
            word, known = quoted[-2], dir(obj)
        other = near(word, known)
        hint = f" Did you mean {other}?" if other else ""
    if "cannot be multiplied" in words:
        hint = " The two inner lengths must be equal: try .T on one of the two."
    if isinstance(error, SyntaxError):
        words = str(error.args[0])
        for opened, closed in ("()", "[]", "{}"):
            if code.count(opened) != code.count(closed):
                counts = code.count(opened), code.count(closed)
                hint = f" There are {counts[0]} {opened} and {counts[1]} {closed}."
    where = f"Line {line}: " if line else ""
    return verdict(
        "broken", f"{where}{kind}: {words}{'.' * (words[-1:] not in '.!?')}{hint}", line=line
    )


def line_of(error):
    """The last line of the reader's code that an error came through."""
    line = getattr(error, "lineno", None)
    if hasattr(sys, "print_exception"):  # MicroPython
        printed = io.StringIO()
        sys.print_exception(error, printed)
        for rest in printed.getvalue().split(f'"{FILE}", line ')[1:]:
            line = int(rest.split("\n")[0].split(",")[0])
        return line
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def near(word, names):
    nearest = sorted([(slips(word, name), name) for name in names if name[:1] != "_"])
    return nearest[0][1] if nearest and 0 < nearest[0][0] <= max(1, len(word) // 4) else None


def slips(a, b):
    """How many letters to change, add or drop."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        above, row = row, [i + 1]
        for j, y in enumerate(b):
            row.append(min(above[j + 1] + 1, row[j] + 1, above[j] + (x != y)))
    return row[-1]
