"""Evaluates examples, one command at a time, and describes what came. It judges nothing that can be judged outside.

A command is a line of words in hexadecimal UTF-8, an answer a line of JSON whose strings are in hexadecimal:

    load TOKEN SOURCE                     → [TOKEN, "value", ["N"], PRINTED]
    run TOKEN SESSION BODY LAST WANTS     → the value of the expression LAST, after the statements BODY
    same TOKEN SESSION EXPECTED HOW       → a tuple of the value of EXPECTED, and whether the one before equals it,
                                            "strictly": and is of its class, or is only "equal"
    watch TOKEN                           → None; the program's lines are noted as they run from now on
    reached TOKEN                         → two tuples in one: the lines of its functions that ran since this was last
                                            asked, and all that there are
    or [TOKEN, "raised", [class, base, …], message, errno or null, whether a file is named, name of a missing module]
    or [TOKEN, "memory"]

It shares its process with the code it checks, which may look for it and change it. So expected values are told only
where they cannot be compared outside, after the value is known; its functions hold what they need from before the code
was read, in cells and not in globals; and where anything of it fails, the process ends without an answer, which counts
as a failure. Values are described by their exact type, never by asking them. Runs on Python 3.8 and later.
"""

from __future__ import annotations

import _thread
import gc
import io
import os
import sys

TYPE_CHECKING = False  # importing typing takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

MOST_PARTS = 20_000
MOST_DEPTH = 100
MOST_TEXT = 100_000
MOST_REPR = 4_000
MOST_MESSAGE = 2_000
MOST_PRINTED = 65_536
TOP_LEVEL_AWAIT, COROUTINE = 0x2000, 0x80  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, inspect.CO_COROUTINE
UNTELLABLE = 70


def serve(commands: int, answers: int) -> NoReturn:
    """Answer commands from one file number on another until they end."""
    write, leave, system = os.write, os._exit, sys
    memory_error, base_exception = MemoryError, BaseException
    receive, calm, works = receiver(commands), calmer(), workers()
    describe, describe_error, stream = describer(), error_describer(), streams()

    def attempt(op: str, words: list[str]) -> str:
        printed = stream()
        system.stdout, system.stderr = printed, stream()
        try:
            try:
                value = works[op](*words)
                calm()
                return f'"value",{describe(value)},"{printed.taken().hex()}"'
            except memory_error:
                calm()
                return '"memory"'
            except base_exception as why:
                calm()
                return '"raised",' + describe_error(why)
        except base_exception:
            leave(UNTELLABLE)  # not even its failure can be told

    write(answers, b'["ready"]\n')
    while True:
        op, token, *words = receive()
        data = f'["{token}",{attempt(op, words)}]\n'.encode()
        while data:
            data = data[write(answers, data) :]


def receiver(commands: int) -> Callable[[], list[str]]:
    """A function that waits for the next command. It ends the process when there are no more."""
    read, leave = os.read, os._exit
    waiting = [b""]

    def receive() -> list[str]:
        while b"\n" not in waiting[0]:
            chunk = read(commands, 65_536)
            if not chunk:
                leave(0)
            waiting[0] += chunk
        line, _, waiting[0] = waiting[0].partition(b"\n")
        return [bytes.fromhex(word.decode()).decode("utf-8", "surrogatepass") for word in line.split(b" ")]

    return receive


def calmer() -> Callable[[], None]:
    """A function that takes away what code may have hung into the interpreter to be called later."""
    settrace, setprofile, setrecursionlimit = sys.settrace, sys.setprofile, sys.setrecursionlimit
    deepest, callbacks = sys.getrecursionlimit(), gc.callbacks

    def calm() -> None:
        setrecursionlimit(deepest)
        settrace(None)
        setprofile(None)
        callbacks.clear()

    return calm


def workers() -> dict[str, Callable[..., Any]]:
    """What each command does. Every session has its own copy of the program's names."""
    compile_, exec_, eval_, repr_, print_, type_ = compile, exec, eval, repr, print, type
    object_ = object
    modules, threads, calm = sys.modules, _thread._count, calmer()
    module = type(sys)("program")
    spaces: dict[str, dict[str, Any]] = {}
    last: list[Any] = [None]
    loaded, watch, follow, reached = watcher()

    def load(source: str) -> None:
        modules["program"] = module
        code = compile_(source, "<program>", "exec", 0, True)
        loaded(code)
        exec_(code, module.__dict__)

    def value_of(session: str, expression: str) -> Any:
        code = compile_(expression, "<example>", "eval", TOP_LEVEL_AWAIT, True)
        value = eval_(code, spaces[session])
        return finished(value) if code.co_flags & COROUTINE else value

    def run(session: str, body: str, expression: str, wants: str) -> Any:
        last[0] = None
        space = spaces.setdefault(session, dict(module.__dict__))
        do_without_sockets()
        follow()
        if body:
            exec_(compile_(body, "<example>", "exec", 0, True), space)
        value = value_of(session, expression) if expression else None
        if wants == "prints" and value is not None:  # as at the prompt
            print_(repr_(value))
            value = None
        last[0] = value
        return value

    def same(session: str, expected: str, how: str = "strictly") -> tuple[Any, bool]:
        wanted = value_of(session, expected)
        calm()
        # Neither a thread that still runs nor a class that equals anything has a say in this.
        if threads() != 0 or not (how == "equal" or type_(wanted) is type_(last[0])):
            return wanted, False
        honest = how != "equal" or (last[0] == object_()) is False
        return wanted, honest and (last[0] == wanted) is True

    return {"load": load, "run": run, "same": same, "watch": watch, "reached": reached}


def watcher() -> tuple[Callable[[Any], None], Callable[[], None], Callable[[], None], Callable[[], Any]]:
    """Four functions: to be given the program's code once; to begin noting which of its lines run; to be called before
    each run from then on, since `calm` ends it; and one that says which lines of its functions have run since it was
    last called, and which there are. Code that is clever enough can end the noting, or add to it: it is no proof."""
    settrace, sorted_, tuple_, hasattr_, type_ = sys.settrace, sorted, tuple, hasattr, type
    ran: set[int] = set()
    programs: list[Any] = []
    watching = [False]

    def within(frame: Any, event: str, _: Any) -> Any:
        ran.add(frame.f_lineno)
        return within

    def entered(frame: Any, event: str, _: Any) -> Any:
        return within if frame.f_code.co_filename == "<program>" else None

    def watch() -> None:
        watching[0] = True

    def follow() -> None:
        if watching[0]:
            settrace(entered)

    def reached() -> Any:
        there, stack = set(), [inner for code in programs for inner in code.co_consts]
        while stack:
            code = stack.pop()
            if type_(code) is type_(within.__code__) and hasattr_(code, "co_lines"):  # Python 3.10
                there.update([line for _, _, line in code.co_lines() if line])
                stack.extend(code.co_consts)
        lines = sorted_(ran)
        ran.clear()
        return tuple_(lines), tuple_(sorted_(there))

    return programs.append, watch, follow, reached


def finished(waiting: Any) -> Any:
    """The result of a coroutine."""
    import asyncio

    do_without_sockets()
    return asyncio.run(waiting)


def do_without_sockets() -> None:
    """Let event loops run: threads wake them through a pair of sockets, and there are none here. Pipes will do."""
    events: Any = sys.modules.get("asyncio.selector_events")
    if events is None:
        return

    def make(loop: Any) -> None:
        loop._ssock, loop._csock = map(PipeEnd, os.pipe())
        loop._internal_fds += 1
        loop._add_reader(loop._ssock.fileno(), loop._read_from_self)

    events.BaseSelectorEventLoop._make_self_pipe = make


class PipeEnd:
    """One end of a pipe, with as much of a socket as an event loop asks of it."""

    def __init__(self, number: int) -> None:
        os.set_blocking(number, False)
        self.number = number

    def fileno(self) -> int:
        """Its number."""
        return self.number

    def recv(self, most: int) -> bytes:
        """What was sent at the other end."""
        return os.read(self.number, most)

    def send(self, data: bytes) -> int:
        """Send something."""
        return os.write(self.number, data)

    def close(self) -> None:
        """Give it back."""
        os.close(self.number)


def describer() -> Callable[[object], str]:
    """A function from a value to its description, JSON text.

    `["N"]`, `["T"]` and `["F"]` are None, True and False, `["i", hex]`, `["f", hex]`, `["c", hex, hex]`, `["s", hex]`,
    `["b", hex]`, `["B", hex]` numbers, text and bytes, `["l", …]`, `["t", …]`, `["S", …]`, `["Z", …]` list, tuple, set
    and frozenset, `["d", key, value, …]` a dict, `["u", class, repr, description]` a value of a class derived from one
    of these, `["o", class, repr]` any other, `["x", why]` what is too large.
    """
    type_, repr_, base_exception = type, repr, BaseException
    name_of, bases_of = class_readers()
    module_of: Any = type.__dict__["__module__"].__get__
    real: Any = complex.__dict__["real"].__get__
    imaginary: Any = complex.__dict__["imag"].__get__
    letters: dict[Any, str] = {list: "l", tuple: "t", set: "S", frozenset: "Z", dict: "d"}
    walks: dict[Any, Callable[[Any], Iterator[Any]]] = {
        list: list.__iter__,
        tuple: tuple.__iter__,
        set: set.__iter__,
        frozenset: frozenset.__iter__,
        dict: lambda v: (part for item in dict.items(v) for part in item),
    }
    singles: dict[Any, Callable[[Any], tuple[int, str]]] = {
        int: lambda v: (int.bit_length(v) // 4, f'["i","{int.__format__(v, "x") if small(v) else 0}"]'),
        float: lambda v: (1, f'["f","{float.hex(v)}"]'),
        complex: lambda v: (1, f'["c","{float.hex(real(v))}","{float.hex(imaginary(v))}"]'),
        str: lambda v: (str.__len__(v), f'["s","{hexed(str.__getitem__(v, slice(0, MOST_TEXT)))}"]'),
        bytes: lambda v: (bytes.__len__(v), f'["b","{bytes.hex(bytes.__getitem__(v, slice(0, MOST_TEXT)))}"]'),
        bytearray: lambda v: (
            bytearray.__len__(v),
            f'["B","{bytearray.hex(bytearray.__getitem__(v, slice(0, MOST_TEXT)))}"]',
        ),
    }

    def small(value: int) -> bool:
        return int.bit_length(value) < 4 * MOST_TEXT

    def describe(value: object) -> str:
        parts_left, text_left = [MOST_PARTS], [MOST_TEXT]

        def shown(value: object) -> str:
            try:
                text = str.__getitem__(repr_(value), slice(0, min(MOST_REPR, max(text_left[0], 0))))
            except base_exception as why:
                text = f"<{name_of(type_(value))} whose repr raises {name_of(type_(why))}>"
            text_left[0] -= str.__len__(text)
            return hexed(text)

        def described_as(value: Any, kind: Any, depth: int) -> str:
            if kind in singles:
                size, text = singles[kind](value)
                text_left[0] -= size
                return text if text_left[0] >= 0 else '["x","size"]'
            if depth > MOST_DEPTH:
                return '["x","depth"]'
            parts = [f'"{letters[kind]}"']
            for part in walks[kind](value):
                if parts_left[0] < 0:
                    return '["x","size"]'
                parts.append(tree(part, depth + 1))
            return f"[{','.join(parts)}]"

        def tree(value: object, depth: int) -> str:
            parts_left[0] -= 1
            if value is None:
                return '["N"]'
            if value is True or value is False:
                return '["T"]' if value else '["F"]'
            kind: Any = type_(value)
            if kind in singles or kind in letters:
                return described_as(value, kind, depth)
            name = hexed(name_of(kind)[:200])
            for base in bases_of(kind):
                if base in singles or base in letters:
                    return f'["u","{name}","{shown(value)}",{described_as(value, base, depth + 1)}]'
            text = shown(value)
            try:
                # Numbers and arrays of numpy are those of Python to whoever writes an example.
                plain = (
                    kind.tolist(value)
                    if module_of(kind) == "numpy" and kind.size.__get__(value) < MOST_PARTS
                    else value
                )
            except base_exception:
                plain = value
            if type_(plain) in singles or type_(plain) is list or plain is True or plain is False:
                return f'["u","{name}","{text}",{tree(plain, depth + 1)}]'
            return f'["o","{name}","{text}"]'

        return tree(value, 0)

    return describe


def error_describer() -> Callable[[BaseException], str]:
    """A function from an exception to the rest of its record."""
    type_, str_, base_exception = type, str, BaseException
    os_error, import_error = OSError, ModuleNotFoundError
    name_of, bases_of = class_readers()
    number_of: Any = OSError.__dict__["errno"].__get__
    file_of: Any = OSError.__dict__["filename"].__get__
    module_of: Any = ImportError.__dict__["name"].__get__

    def describe_error(why: BaseException) -> str:
        bases = bases_of(type_(why))
        try:
            message = str_.__getitem__(str_(why), slice(0, MOST_MESSAGE))
        except base_exception:
            message = ""
        number, named, missing = "null", "false", ""
        if os_error in bases:
            code = number_of(why)
            number = int.__format__(code, "d") if type_(code) is int and 0 < code < 10_000 else "null"
            named = "true" if file_of(why) is not None else "false"
        if import_error in bases and type_(module_of(why)) is str_:
            missing = module_of(why)[:200]
        classes = ",".join([f'"{hexed(name_of(base)[:200])}"' for base in bases[:20]])
        return f'[{classes}],"{hexed(message)}",{number},{named},"{hexed(missing)}"'

    return describe_error


def class_readers() -> tuple[Any, Any]:
    """The name and the bases of a class as the interpreter keeps them, whatever its metaclass says."""
    return type.__dict__["__name__"].__get__, type.__dict__["__mro__"].__get__


def hexed(text: str) -> str:
    """Text as it travels."""
    return str.encode(text, "utf-8", "surrogatepass").hex()


def streams() -> Callable[[], Stream]:
    """A function that makes what `print` writes to."""

    def stream() -> Stream:
        return Stream(Kept())

    return stream


class Kept(io.RawIOBase):
    """Bytes, the first of them only."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        """They can be written."""
        return True

    def write(self, data: Any) -> int:
        """Keep what there is room for, and say that all was kept."""
        part = memoryview(data).cast("B")
        self.data += part[: max(MOST_PRINTED - len(self.data), 0)]
        return part.nbytes


class Stream(io.TextIOWrapper):
    """A text stream that never ends up anywhere."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(io.BufferedWriter(kept), encoding="utf-8", errors="surrogatepass", newline="\n")
        self.kept = kept

    def taken(self) -> bytes:
        """What was written; less when it was closed or tampered with."""
        if not self.closed:
            self.flush()
        return bytes(self.kept.data)
