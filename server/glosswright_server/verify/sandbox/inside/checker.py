"""Evaluates examples, one command at a time, and describes what came. It judges nothing that can be judged outside.

A command is a line of words in hexadecimal UTF-8, an answer a line of JSON whose strings are in hexadecimal:

    load TOKEN SOURCE                           → [TOKEN, "value", ["N"], PRINTED]
    run TOKEN SESSION BODY LAST WANTS           → the value of the expression LAST, after the statements BODY
    same TOKEN SESSION EXPECTED                 → whether the value before equals this expression, as a value
    [TOKEN, "raised", [class, base, …], message, errno or null, whether a file is named, name of a missing module]

It shares its process with the code it checks, which may look for it and change it. So expected values are told only
where they cannot be compared outside, after the value is known; its functions hold what they need from before the code
was read, in cells and not in globals; and where anything of it fails, the process ends without an answer, which counts
as a failure. Values are described by their exact type, never by asking them. Runs on Python 3.8 and later.
"""

import _thread
import gc
import io
import os
import sys

MOST_PARTS = 20_000
MOST_DEPTH = 100
MOST_TEXT = 200_000
MOST_REPR = 4_000
MOST_PRINTED = 65_536


def serve(commands, answers):  # type: ignore[no-untyped-def] # runs where annotations would only cost time
    """Answer commands from one file number on another until they end. Does not return."""
    read, write, leave = os.read, os.write, os._exit
    settrace, setprofile, setrecursionlimit = sys.settrace, sys.setprofile, sys.setrecursionlimit
    deepest = sys.getrecursionlimit()
    compile_, eval_, exec_, isinstance_, type_ = compile, eval, exec, isinstance, type
    threads, callbacks, collect_not = _thread._count, gc.callbacks, gc.disable
    modules, module_type, system = sys.modules, type(sys), sys
    describe, describe_error, printed_by = describer(), error_describer(), printer()
    memory_error, base_exception = MemoryError, BaseException
    same = same_value()
    module = module_type("program")
    spaces = {}
    last = [None]
    waiting = [b""]

    def receive():  # type: ignore[no-untyped-def] # as above
        while b"\n" not in waiting[0]:
            chunk = read(commands, 65_536)
            if not chunk:
                leave(0)
            waiting[0] += chunk
        line, _, waiting[0] = waiting[0].partition(b"\n")
        return [bytes.fromhex(word.decode()).decode("utf-8", "surrogatepass") for word in line.split(b" ")]

    def answer(text):  # type: ignore[no-untyped-def] # as above
        data = (text + "\n").encode()
        while data:
            data = data[write(answers, data) :]

    def calm():  # type: ignore[no-untyped-def] # as above
        setrecursionlimit(deepest)
        settrace(None)
        setprofile(None)
        callbacks.clear()

    def attempt(token, work):  # type: ignore[no-untyped-def] # as above
        system.stdout = system.stderr = stream = printed_by()
        try:
            try:
                value = work(stream)
                calm()
                tree = describe(value)
                text = '"value",%s,"%s"' % (tree, stream.taken().hex())
            except memory_error:
                calm()
                text = '"memory"'
            except base_exception as why:
                calm()
                text = '"raised",' + describe_error(why)
        except base_exception:
            leave(70)  # not even its failure can be told
        answer('["%s",%s]' % (token, text))

    write(answers, b'["ready"]\n')
    while True:
        op, token, *words = receive()
        if op == "load":
            (source,) = words

            def work(stream, source=source):  # type: ignore[no-untyped-def] # as above
                modules["program"] = module
                exec_(compile_(source, "<program>", "exec", 0, True), module.__dict__)

        elif op == "run":
            session, body, expression, wants = words

            def work(  # type: ignore[no-untyped-def] # as above
                stream, session=session, body=body, expression=expression, wants=wants
            ):
                space = spaces.get(session)
                if space is None:
                    space = spaces[session] = dict(module.__dict__)
                last[0] = None
                if body:
                    exec_(compile_(body, "<example>", "exec", 0, True), space)
                value = eval_(compile_(expression, "<example>", "eval", 0, True), space) if expression else None
                if wants == "prints" and value is not None:
                    stream.write(repr(value) + "\n")
                    value = None
                last[0] = value
                return value

        else:
            session, expected = words

            def work(stream, session=session, expected=expected):  # type: ignore[no-untyped-def] # as above
                wanted = eval_(compile_(expected, "<expected>", "eval", 0, True), spaces.get(session, {}))
                calm()
                collect_not()
                # Values of the file's own classes are compared here; those of builtin types as they are described.
                alike = threads() == 0 and type_(wanted) is type_(last[0]) and same(last[0], wanted)
                return (wanted, alike)

        attempt(token, work)
        del work


def same_value():  # type: ignore[no-untyped-def] # runs where annotations would only cost time
    """A function that says whether two values are equal, by the operator and nothing else."""

    def same(first, second):  # type: ignore[no-untyped-def] # as above
        return (first == second) is True

    return same


def describer():  # type: ignore[no-untyped-def] # runs where annotations would only cost time
    """A function from a value to its description, JSON text. `["N"]`, `["T"]` and `["F"]` are None, True and False,
    `["i", hex]`, `["f", hex]`, `["c", hex, hex]`, `["s", hex]`, `["b", hex]`, `["B", hex]` numbers, text and bytes,
    `["l", …]`, `["t", …]`, `["S", …]`, `["Z", …]` list, tuple, set and frozenset, `["d", key, value, …]` a dict,
    `["u", class, repr, description]` a value of a class derived from one of these, `["o", class, repr]` any other,
    `["x", why]` what is too large."""
    type_, repr_, len_, base_exception = type, repr, len, BaseException
    name_of = type.__dict__["__name__"].__get__
    bases_of = type.__dict__["__mro__"].__get__
    kinds = {
        int: ("i", lambda v: '"%s"' % int.__format__(v, "x")),
        float: ("f", lambda v: '"%s"' % float.hex(v)),
        complex: ("c", lambda v: '"%s","%s"' % (float.hex(real(v)), float.hex(imaginary(v)))),
        str: ("s", lambda v: '"%s"' % str.encode(v, "utf-8", "surrogatepass").hex()),
        bytes: ("b", lambda v: '"%s"' % bytes.hex(v)),
        bytearray: ("B", lambda v: '"%s"' % bytearray.hex(v)),
    }
    real = complex.__dict__["real"].__get__
    imaginary = complex.__dict__["imag"].__get__
    sizes = {
        int: lambda v: int.bit_length(v) // 4,
        str: str.__len__,
        bytes: bytes.__len__,
        bytearray: bytearray.__len__,
        float: lambda v: 1,
        complex: lambda v: 2,
    }
    letters = {list: "l", tuple: "t", set: "S", frozenset: "Z", dict: "d"}
    walks = {
        list: list.__iter__,
        tuple: tuple.__iter__,
        set: set.__iter__,
        frozenset: frozenset.__iter__,
        dict: lambda v: (part for item in dict.items(v) for part in item),
    }
    singles = {None: '["N"]', True: '["T"]', False: '["F"]'}
    most_parts, most_depth, most_text, most_repr = MOST_PARTS, MOST_DEPTH, MOST_TEXT, MOST_REPR

    def describe(value):  # type: ignore[no-untyped-def] # as above
        left = [most_parts, most_text]

        def shown(value):  # type: ignore[no-untyped-def] # as above
            try:
                text = repr_(value)
                text = str.__getitem__(text, slice(0, min(most_repr, max(left[1], 0))))
                left[1] -= str.__len__(text)
            except base_exception as why:
                text = "<%s whose repr raises %s>" % (name_of(type_(value)), name_of(type_(why)))
            return str.encode(text, "utf-8", "surrogatepass").hex()

        def describe_as(value, kind, depth):  # type: ignore[no-untyped-def] # as above
            if kind in kinds:
                left[1] -= sizes[kind](value)
                if left[1] < 0:
                    return '["x","size"]'
                letter, text = kinds[kind]
                return '["%s",%s]' % (letter, text(value))
            if depth > most_depth:
                return '["x","depth"]'
            parts = ['"%s"' % letters[kind]]
            for part in walks[kind](value):
                if left[0] < 0:
                    return '["x","size"]'
                parts.append(tree(part, depth + 1))
            return "[%s]" % ",".join(parts)

        def tree(value, depth):  # type: ignore[no-untyped-def] # as above
            left[0] -= 1
            kind = type_(value)
            if value is None or value is True or value is False:
                return singles[value]
            if kind in kinds or kind in letters:
                return describe_as(value, kind, depth)
            name = name_of(kind).encode("utf-8", "surrogatepass").hex()
            for base in bases_of(kind):
                if base in kinds or base in letters:
                    return '["u","%s","%s",%s]' % (name, shown(value), describe_as(value, base, depth + 1))
            return '["o","%s","%s"]' % (name, shown(value))

        return tree(value, 0)

    return describe


def error_describer():  # type: ignore[no-untyped-def] # runs where annotations would only cost time
    """A function from an exception to its classes, message, errno, whether it names a file, and a missing module."""
    type_, str_, base_exception, os_error, import_error = type, str, BaseException, OSError, ImportError
    name_of = type.__dict__["__name__"].__get__
    bases_of = type.__dict__["__mro__"].__get__
    number_of = OSError.__dict__["errno"].__get__
    file_of = OSError.__dict__["filename"].__get__
    module_of = ImportError.__dict__["name"].__get__

    def hexed(text):  # type: ignore[no-untyped-def] # as above
        return str_.encode(text[:2000], "utf-8", "surrogatepass").hex()

    def describe_error(why):  # type: ignore[no-untyped-def] # as above
        bases = bases_of(type_(why))
        try:
            message = str_.__getitem__(str_(why), slice(0, 2000))
        except base_exception:
            message = ""
        number, named, missing = "null", "false", ""
        if os_error in bases:
            code = number_of(why)
            number = int.__format__(code, "d") if type_(code) is int else "null"
            named = "true" if file_of(why) is not None else "false"
        if import_error in bases and type_(module_of(why)) is str_:
            missing = module_of(why)
        classes = ",".join(['"%s"' % hexed(name_of(base)) for base in bases[:20]])
        return '[%s],"%s",%s,%s,"%s"' % (classes, hexed(message), number, named, hexed(missing))

    return describe_error


def printer():  # type: ignore[no-untyped-def] # runs where annotations would only cost time
    """A function that makes text streams which keep the first part of what is written and drop the rest."""

    class Kept(io.RawIOBase):
        """Bytes, up to a limit."""

        def __init__(self):  # type: ignore[no-untyped-def] # as above
            self.data = bytearray()

        def writable(self):  # type: ignore[no-untyped-def] # as above
            return True

        def write(self, data):  # type: ignore[no-untyped-def] # as above
            size = memoryview(data).nbytes
            room = MOST_PRINTED - len(self.data)
            if room > 0:
                self.data += memoryview(data)[:room]
            return size

    class Stream(io.TextIOWrapper):
        """What print writes to."""

        def taken(self):  # type: ignore[no-untyped-def] # as above
            """What was printed, as UTF-8; nothing when the stream was closed or tampered with."""
            try:
                self.flush()
                return bytes(self.buffer.raw.data)
            except ValueError:
                return b""

    def make():  # type: ignore[no-untyped-def] # as above
        return Stream(io.BufferedWriter(Kept()), encoding="utf-8", errors="surrogatepass", newline="\n")

    return make
