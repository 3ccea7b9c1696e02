"""Which import statement would give a name that nothing binds. Looks for modules, never imports one.

Answers only where a Python programmer would not have to ask: standard modules and installed ones used as modules, their
usual short names, and members of the standard library that mean one thing. The environment looked at is the one this
program runs in, which need not be the project's.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Collection, Iterable
from types import MappingProxyType


def import_for(name: str, uses: Iterable[ast.AST], parents: dict[ast.AST, ast.AST]) -> str:
    """The statement that binds `name` as `uses` (its `ast.Name` nodes) need it; "" when there is no sure one."""
    attributes = [_attribute(use, parents) for use in uses]
    as_module = bool(attributes) and all(attributes)
    if name in _BOTH:  # a module and its best known member share the name
        if as_module and not any(attribute in _BOTH[name] for attribute in attributes):
            return _module(name, attributes)
        return f"from {name} import {name}" if not as_module or name == "datetime" else ""
    if name in _MEMBERS:
        return f"from {_MEMBERS[name]} import {name}"
    if not as_module:
        return ""
    if name in _ALIASES:
        module = _ALIASES[name]
        return f"import {module} as {name}" if is_installed(module.partition(".")[0]) else ""
    return _module(name, attributes)


def is_installed(module: str) -> bool:
    """Whether a top-level module can be found here; nothing is imported."""
    if module in sys.stdlib_module_names:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError, AttributeError, OSError):  # half-initialised or odd entries of sys.modules
        return False


def _module(name: str, attributes: Collection[str]) -> str:
    if name.startswith("_") or name in _TOYS or not name.isascii() or not is_installed(name):
        return ""
    loaded = sys.modules.get(name)
    for attribute in attributes:
        first = attribute.partition(".")[0]
        if f"{name}.{first}" in _SUBMODULES or attribute in _SUBMODULES.get(name, ()):
            return f"import {name}.{first}"
        for deeper in _SUBMODULES.get(name, ()):
            if attribute == deeper or attribute.startswith(deeper + "."):
                return f"import {name}.{deeper}"
        # `string.lower()` is a variable that was forgotten, not the module.
        if name in sys.stdlib_module_names and loaded is not None and not hasattr(loaded, first):
            return ""
    return f"import {name}"


def _attribute(use: ast.AST, parents: dict[ast.AST, ast.AST]) -> str:
    """The dotted attributes read of one use: `os.path.join` → `path.join`; "" for any other use."""
    names = []
    above = parents.get(use)
    while isinstance(above, ast.Attribute) and isinstance(above.ctx, ast.Load):
        names.append(above.attr)
        above = parents.get(above)
    return ".".join(names)


_TOYS = frozenset(("this", "antigravity", "test", "idlelib", "turtledemo", "lib2to3", "tests"))

_SUBMODULES = MappingProxyType(
    {
        "collections": ("abc",),
        "concurrent": ("futures",),
        "email": ("message", "utils", "policy"),
        "html": ("parser", "entities"),
        "http": ("client", "server", "cookies", "cookiejar"),
        "importlib": ("util", "resources", "metadata", "abc", "machinery"),
        "logging": ("handlers", "config"),
        "multiprocessing": ("pool", "shared_memory"),
        "unittest": ("mock",),
        "urllib": ("parse", "request", "error", "robotparser"),
        "xml": ("etree.ElementTree", "dom.minidom", "sax"),
    }
)
"""Modules that importing their package does not (always) bring along."""

_ALIASES = MappingProxyType(
    {
        "np": "numpy",
        "pd": "pandas",
        "plt": "matplotlib.pyplot",
        "mpl": "matplotlib",
        "sns": "seaborn",
        "tf": "tensorflow",
        "nn": "torch.nn",
        "nx": "networkx",
        "sp": "scipy",
        "dt": "datetime",
        "ET": "xml.etree.ElementTree",
    }
)

_BOTH = MappingProxyType(
    {
        "datetime": frozenset(
            (
                *("now", "today", "utcnow", "strptime", "fromisoformat", "fromtimestamp", "combine", "fromordinal"),
                *("utcfromtimestamp", "min", "max"),
            )
        ),
        "bisect": frozenset[str](),
        "pprint": frozenset[str](),
        "glob": frozenset[str](),
        "time": frozenset[str](),
        "copy": frozenset[str](),
    }
)
"""Names of modules that hold a member of the same name, with the attributes that only the member has."""

_BY_MODULE = MappingProxyType(
    {
        "typing": (
            "Any Optional Union List Dict Tuple Set FrozenSet Type Callable Iterable Iterator Generator Sequence "
            "Mapping MutableMapping MutableSequence Awaitable Coroutine AsyncIterator AsyncIterable "
            "AsyncGenerator Literal TypeVar Generic Protocol NamedTuple TypedDict ClassVar Final Annotated "
            "TYPE_CHECKING NoReturn Hashable TypeAlias overload cast DefaultDict Deque"
        ),
        "collections": "defaultdict Counter deque OrderedDict ChainMap namedtuple",
        "functools": "reduce lru_cache cache partial wraps cmp_to_key total_ordering cached_property singledispatch",
        "itertools": (
            "chain product permutations combinations combinations_with_replacement accumulate groupby islice takewhile "
            "dropwhile zip_longest starmap pairwise"
        ),
        "math": (
            "sqrt ceil floor gcd lcm factorial comb perm isqrt prod isclose log2 log10 hypot sin cos tan atan2 exp pi"
        ),
        "heapq": "heappush heappop heapify heappushpop heapreplace nlargest nsmallest",
        "bisect": "bisect_left bisect_right insort insort_left insort_right",
        "datetime": "timedelta timezone",
        "pathlib": "Path PurePath PurePosixPath",
        "dataclasses": "dataclass",
        "enum": "Enum IntEnum StrEnum IntFlag",
        "decimal": "Decimal ROUND_HALF_UP ROUND_HALF_EVEN",
        "fractions": "Fraction",
        "abc": "ABC abstractmethod",
        "contextlib": "contextmanager asynccontextmanager suppress ExitStack redirect_stdout",
        "copy": "deepcopy",
        "io": "StringIO BytesIO",
        "operator": "itemgetter attrgetter methodcaller",
        "statistics": "mean median stdev pstdev",
        "random": "randint randrange",
        "string": "ascii_lowercase ascii_uppercase ascii_letters",
        "textwrap": "dedent",
        "tempfile": "TemporaryDirectory NamedTemporaryFile",
        "threading": "Thread",
        "concurrent.futures": "ThreadPoolExecutor ProcessPoolExecutor as_completed",
        "urllib.parse": "urlparse urljoin urlencode parse_qs",
        "uuid": "uuid4",
        "types": "SimpleNamespace MappingProxyType",
    }
)
_MEMBERS = MappingProxyType({name: module for module, names in _BY_MODULE.items() for name in names.split()})
