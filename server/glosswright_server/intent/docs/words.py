"""The words that open a section of documentation, in eleven human languages. Data and one look-up, nothing else.

A word stands here only when people use it as a heading of its own ("Args", "返回值", "Rückgabe"): what a *sentence*
says about arguments and results is the business of `prose`.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType


class Kind(str, Enum):
    """What a section is about."""

    PARAMETERS = "parameters"
    RETURNS = "returns"
    YIELDS = "yields"
    RAISES = "raises"
    PANICS = "panics"  # Rust, Go: an exception without a name
    EXAMPLES = "examples"
    COMPLEXITY = "complexity"
    NOTES = "notes"  # belongs to the description: says more about what is wanted
    TEXT = "text"  # "Description:": its text is prose like that above it
    OTHER = "other"  # asks for nothing: authors, references, attributes of a class


def kind_of(heading: str) -> Kind | None:
    """The kind of section that a bare heading (no colon, no marks) opens; None where it opens none."""
    return _KINDS.get(heading.strip().casefold())


def is_of_example(heading: str) -> bool:
    """Whether the heading can be half of an example as well: "Input: [1, 2]", "Output: 3"."""
    return heading.strip().casefold() in _HALVES


_HALVES = frozenset(("input", "inputs", "output", "outputs", "result", "results", "输入", "输出", "输出结果", "结果"))

# One line for each human language; headings without regard to case.
_WORDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (
        Kind.PARAMETERS,
        (
            "args|arg|arguments|argument|parameters|parameter|params|param|inputs|input|keyword args|keyword arguments"
            "|other parameters|kwargs",
            "参数|参数列表|参数说明|入参|形参|输入|输入参数|關鍵字參數|關鍵字参数|关键字参数|參數|引數",
            "argumente|eingabe|übergabeparameter",
            "paramètres|paramètre|entrée|entrées",
            "parámetros|parámetro|argumentos|argumento|entrada",
            "parâmetros|parâmetro",
            "parametri|argomenti",
            "引数|パラメータ|パラメーター|入力",
            "매개변수|인자|인수|파라미터",
            "параметры|параметр|аргументы|аргумент",
        ),
    ),
    (
        Kind.RETURNS,
        (
            "returns|return|return value|return values|returned value|outputs|output|result|results",
            "返回|返回值|返回结果|返回说明|出参|输出|输出结果|结果|回傳|回傳值|返回數值|返回類型",
            "rückgabe|rückgabewert|gibt zurück|ergebnis",
            "retourne|renvoie|retour|valeur de retour|résultat|sortie",
            "devuelve|retorna|retorno|valor devuelto|salida",
            "valor de retorno|retornos",
            "restituisce|ritorna|valore restituito",
            "戻り値|返り値|返却値|出力",
            "반환|반환값|리턴|결과",
            "возвращает|возвращаемое значение|результат",
        ),
    ),
    (
        Kind.YIELDS,
        (
            "yields|yield|generates",
            "生成|产出|生成值|产生|產生|产出值",
            "liefert",
            "génère",
            "genera",
            "生成値",
            "генерирует",
        ),
    ),
    (
        Kind.RAISES,
        (
            "raises|raise|throws|throw|exceptions|exception|errors",
            "异常|抛出|抛出异常|引发|引发异常|错误|可能的异常|異常|拋出|拋出異常|例外",
            "ausnahmen|ausnahme|wirft|fehler",
            "lève|lance|erreurs",
            "lanza|excepciones|excepción|errores",
            "lança|exceções",
            "solleva|eccezioni",
            "例外|エラー|送出",
            "예외|오류|발생",
            "исключения|исключение|вызывает|ошибки",
        ),
    ),
    (Kind.PANICS, ("panics|panic",)),
    (
        Kind.EXAMPLES,
        (
            "examples|example|for example|usage|sample|samples|sample usage|doctest|doctests|tests|test cases|test case"
            "|sample input|sample output|expected output|e.g.",
            "示例|例子|例如|例|样例|用例|举例|范例|示範|範例|使用示例|示例代码|用法|用法示例|测试用例|比如",
            "beispiel|beispiele|zum beispiel",
            "exemple|exemples|par exemple",
            "ejemplo|ejemplos|por ejemplo",
            "exemplo|exemplos",
            "esempio|esempi",
            "使用例",
            "예시|예제|예",
            "пример|примеры|например",
        ),
    ),
    (
        Kind.COMPLEXITY,
        (
            "complexity|time complexity|space complexity|performance|runtime",
            "复杂度|时间复杂度|空间复杂度|時間複雜度|空間複雜度|性能|性能要求",
            "komplexität|laufzeit",
            "complexité",
            "complejidad",
            "計算量",
            "복잡도|시간 복잡도",
            "сложность",
        ),
    ),
    (
        Kind.NOTES,
        (
            "note|notes|warning|warnings|warns|remark|remarks|important|constraints|constraint|requirements|requirement"
            "|safety|implementation note|implementation notes|algorithm|hint|hints|caution|tip"
            "|preconditions|edge cases",
            "注意|注|备注|注意事项|提示|要求|约束|约束条件|限制|限制条件|算法|实现要求|警告|備註|思路|边界情况",
            "hinweis|hinweise|anmerkung|achtung",
            "remarque|remarques|attention|contraintes",
            "nota|notas|aviso|restricciones",
            "注意点|備考|制約",
            "참고|주의|제약",
            "примечание|примечания|внимание|ограничения",
        ),
    ),
    (
        Kind.TEXT,
        (
            "description|summary|purpose|task|brief",
            "说明|描述|功能|功能说明|功能描述|概述|简介|作用|用途|任务|题目|需求|說明|摘要",
            "beschreibung|aufgabe",
            "objectif",
            "descripción|descripcion|resumen",
            "概要|機能",
            "설명|기능",
            "описание|задача",
        ),
    ),
    (
        Kind.OTHER,
        (
            "attributes|attribute|methods|see also|see|references|reference|author|authors|since|version|date|history"
            "|changelog|copyright|license|deprecated|todo|todos|warrants|type parameters|receives",
            "属性|作者|日期|版本|参见|参考|参考资料|另见|创建时间|修改记录|创建日期|修改时间",
            "siehe auch|autor",
            "voir aussi|auteur",
            "véase también",
            "関連項目",
        ),
    ),
)  # fmt: skip

_KINDS = MappingProxyType({word: kind for kind, rows in reversed(_WORDS) for row in rows for word in row.split("|")})
