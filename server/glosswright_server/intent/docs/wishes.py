"""Demands on how a thing is done: complexity, means, style. As written, in the order they stand.

Only what is surely about *how* counts: "without recursion" is a wish, "words without vowels" is the task. So means and
prohibitions are known by a list of techniques, and complexity by its notation.
"""

from __future__ import annotations

import re

MAX_WISHES = 20
"""Wishes of one documentation that are kept."""
_MAX_SENTENCE = 1_000


def wishes_in(sentences: list[str]) -> tuple[str, ...]:
    """The wishes that sentences hold; what is said twice is kept once, and a part of a longer one not at all."""
    found: dict[str, str] = {}
    for sentence in sentences:
        text = sentence[:_MAX_SENTENCE]
        spans = {(match.start(), -match.end()) for pattern in _PATTERNS for match in pattern.finditer(text)}
        covered = 0
        for start, minus_end in sorted(spans):
            if -minus_end <= covered:
                continue
            covered = -minus_end
            wish = text[start:covered].strip(" ,.;:，。；")
            found.setdefault(wish.casefold(), wish)
    return tuple(found.values())[:MAX_WISHES]


# Means that code can use or do without. In these rows "_" is a space or a hyphen, and "?" follows what may be missing.
_TECHNIQUES = """
recursion|recursive_calls?|iteration|loops?|for_loops?|while_loops?|explicit_loops?|nested_loops?|single_loop
regex(es)?|regexps?|regular_expressions?|eval|exec|goto|reflection|lambdas?|f_strings?|type_(hints|annotations)
sort|sorting|sorted|(quick|merge|bubble|insertion|selection|heap|counting|radix|topological)_?sort
built_?ins?( functions?)?|standard_library( only)?|(external |third_party |other )?(libraries|library|packages|modules)
dependencies|imports|numpy|pandas|itertools|functools(\\.\\w+)?|collections(\\.\\w+)?|heapq|bisect|streams?|Streams? API
(extra|additional|auxiliary)_(memory|space|storage|arrays?|lists?)|allocations?|heap_allocations?|allocating|copying
division|multiplication|modulo|(division|modulo|multiplication)_operator|unsafe|unsafe_code|type_casts|exceptions
(list |dict |set )?comprehensions?|generators?|generator_expressions?|iterators?|reduce|global_(variables|state)|globals
(min_|max_|binary_|priority_)?(heap|queue|stack|deque|trie)|hash_?(map|table|set)|cache|memoi[sz]ation
dynamic_programming|binary_search|two_pointers?( technique)?|sliding_window|backtracking|divide_and_conquer|union_find
greedy( algorithm| approach)?|BFS|DFS|(breadth|depth)_first_search|sieve( of Eratosthenes)?|bit_manipulation
bit(wise)?_(operations?|operators?)|Newton('s method)?|Horner'?s (method|scheme|rule)|Euclid('s|ean) algorithm
(Dijkstra|Kadane)'?s algorithm|async/await|promises|goroutines|channels|mutex|threads|locks?|side_effects|mutation
"""
_ARTICLES = r"(?:(?:an?|any|the|only|one) ){0,2}"
_MEANS = (
    _ARTICLES
    + "(?:"
    + "|".join(_TECHNIQUES.split("\n")[1:-1]).replace("(", "(?:").replace("_", "[ -]")
    + r")(?:\(\))?(?![\w-])"
)
_INPUT = (
    r"(?:(?:the |its |their )?(?:input|original|given|argument|passed)(?:s\b| \w+)?"
    r"|(?:the )?(?:list|array|arguments?|string|dict|slice))(?!\w)"
)
_TICKED = r"`[^`\n]{1,40}`"
_NOTATION = r"(?-i:[OΘΩ]\s?\([^()\n]{1,40}(?:\([^()\n]{0,20}\)[^()\n]{0,20})?\))"
_REST = r"(?:[^.;,，。；()\n]|\(\)|\.(?=\w)){0,60}"  # to the end of the clause

_CJK_NOT = "(?:不要|不能|不得|不可以|不可|不允许|不许|禁止|请勿|勿|避免|无需|不)(?:再)?"
_CJK_USE = "(?:使用|调用|借助|依赖|修改|改变|导入|引入|用)"
_CJK_TECHNIQUES = """
尾递归|递归|迭代|循环|最小堆|最大堆|小顶堆|大顶堆|优先队列|堆|单调栈|栈|双端队列|队列|哈希表|哈希|散列表|字典|集合|动态规划
双指针|二分查找|二分搜索|二分法|二分|贪心|回溯|位运算|正则表达式|正则|列表推导式?|生成器|快速排序|归并排序|冒泡排序|插入排序
选择排序|堆排序|埃氏筛法?|埃拉托斯特尼筛法?|筛法|滑动窗口|记忆化搜索|记忆化递归|记忆化|标准库|深度优先搜索|深度优先遍历|深度优先
广度优先搜索|广度优先遍历|广度优先|前缀和|分治法?|并查集|辗转相除法|牛顿迭代法|牛顿法|欧几里得算法|线程池|流式处理
"""
_CJK_MEANS = "(?:" + "|".join(_CJK_TECHNIQUES.split()) + ")(?:法|算法|实现|方式)?"
_CJK_COMPLEXITY = "(?:复杂度|複雜度)"

_COMPLEXITY = (
    rf"\b(?:(?:time|space|runtime|overall|worst-case) )?complexity(?: (?:is|of|must be|should be|at most))?"
    rf"\s?[:=]?\s?{_NOTATION}(?: (?:time|space))?",
    rf"(?<!\w)(?:amorti[sz]ed |expected |worst-case )?{_NOTATION}"
    r"(?: (?:extra|additional|auxiliary|amorti[sz]ed|worst-case|expected|average)){0,2}"
    r"(?: (?:time|space|memory))?(?: complexity)?",
    rf"(?:时间|空间|時間|空間)?{_CJK_COMPLEXITY}(?:要求|必须|应|需|不超过|控制在|小于|[为是:：]|\s){{0,6}}{_NOTATION}",
    rf"{_NOTATION}\s?的?(?:时间|空间|额外空间|時間|空間){_CJK_COMPLEXITY}?",
    r"\b(?:in |use |using |with )?(?:linear|constant|logarithmic|sub-?linear|quadratic|log-linear) (?:extra )?"
    r"(?:time|space|memory)\b",
    r"\b(?:in|with|using) (?:a|one) (?:single )?pass\b|\b(?:single|one)[- ]pass\b",
    r"(?:线性|常数|对数)级?的?(?:时间|空间|额外空间)",
    r"(?:使用|用)?(?:只需?|需)?(?:一次|单次)(?:遍历|扫描)|只遍历一次|一趟(?:扫描|遍历)",
)
_PROHIBITIONS = (
    r"\bwithout (?:using|importing|calling|relying on) (?:[^\s.;,，。；()]|\(\)|\.(?=\w)){1,40}"
    r"(?: (?:module|library|function|operator|method|statement|command)s?\b)?",
    rf"\bwithout (?:using |the use of |use of |relying on )?(?:{_MEANS}|{_TICKED})(?: (?:or|and) {_MEANS})?",
    rf"\bwithout (?:modifying|mutating|changing|altering|touching|copying|sorting) {_INPUT}",
    r"\b(?:don['’]t|do not|must not|mustn't|should not|shouldn't|never|may not|cannot|can't|not allowed to) "
    rf"(?:use|using|import|call|rely on|allocate|recurse|mutate|modify|sort)\b{_REST}",
    rf"\b(?:does|do|must|should|may) not (?:modify|mutate|change|alter) {_INPUT}",
    rf"\b(?:avoid|avoiding|no) (?:using |use of )?{_MEANS}(?: (?:or|and) {_MEANS})?",
    rf"{_CJK_NOT}{_CJK_USE}(?!户|于|处|途|的|完|到)[^，。；、,;.（）()\s]{{1,20}}(?:\s?[A-Za-z_][\w.]{{0,40}}(?:\(\))?)?",
    rf"{_CJK_NOT}{_CJK_USE}\s+[A-Za-z_][\w.]{{0,40}}(?:\(\))?(?:\s?(?:库|函数|模块|方法))?",
)
_WAYS = (
    rf"\b(?:using|use|uses|via|by means of|implemented with|written with) (?:{_MEANS}|{_TICKED})",
    r"\b(?:with|by) (?:(?:an?|one) )?(?:(?:single )?loop|recursion|iteration|dynamic programming|memoi[sz]ation|heap"
    r"|stack|queue|deque|backtracking|binary search|two pointers|bit manipulation|bitwise operations|sliding window"
    r"|sieve|divide and conquer|(?:quick|merge|bubble|insertion|selection|heap|counting|radix)[ -]?sort)\b",
    r"\brecursively\b|\biteratively\b|\btail[- ]recursi(?:ve|vely|on)\b|\blazily\b",
    rf"(?:使用|采用|利用|借助|通过|用|以)(?:一个|一次)?{_CJK_MEANS}",
    r"(?:使用|采用|利用|用)\s?(?:heapq|bisect|numpy|itertools|functools|collections|re|Stream|HashMap|HashSet|reduce"
    r"|map|filter)(?![\w.])(?:\s?(?:库|模块))?",
)
_STYLE = (
    r"\bin[- ]place\b(?! of)|\bin (?:one|a single) (?:line|expression)\b|\b(?:as )?a one-liner\b|\bone-liner\b",
    r"(?:^|(?<=[,;(] ))one line(?=$|[.,;)])",
    r"\bthread[- ]safe\b|\bno side[- ]effects\b|\bpure function\b|\bstable sort\b|\bmust be stable\b",
    r"\b(?:standard library|stdlib) only\b|\bonly (?:use )?the standard library\b|\bpure python\b|\bno_std\b",
    r"\bmust be (?:fast|efficient|iterative|recursive|lazy|immutable|pure|reentrant|constant[- ]time)\b",
    r"(?:原地|就地)(?:修改|操作|排序|反转|交换|算法)?|只?用?一行(?:代码|表达式)(?:实现|完成)?|单行(?:代码|实现)",
    r"尾递归|线程安全|无副作用|纯函数|稳定排序",
)
_PATTERNS = tuple(re.compile(one, re.IGNORECASE) for one in (*_COMPLEXITY, *_PROHIBITIONS, *_WAYS, *_STYLE))
