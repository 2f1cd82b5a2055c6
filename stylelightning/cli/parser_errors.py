"""jsonargparse's messages, said in one line to a person."""

import difflib
import inspect
import re
from collections.abc import Iterable
from importlib import import_module

from stylelightning.cli.answer import near_ones

KEY = re.compile(r'Parser key "([^"]+)": ')
CLASS = re.compile(r"(?:given class_path '|class_path=')([^']+)'")
ROUTINE = re.compile(
    r"Expected |Does not validate|Not a valid subclass|Not of type|Problem with given|Parser key"
    r"|Import path does not correspond"
)
NO_ENTRY = re.compile(r"no class is named for the entry (\S+), of ?(.*)$")
NO_CONFIG = re.compile(r"Unable to load config '([^']*)'")
NO_SUBCLASS = re.compile(r"Not a valid subclass of (\w+)(?:\. Got value: (.*?))? Subclass types")
NO_OPTIONS = re.compile(r"object has no attribute 'keys'|is not iterable|unhashable type")
AMBIGUOUS = re.compile(r"(Multiple subclasses with name .*?)\. - ")
NO_OPTION = re.compile(r"Option '([^']+)' is not accepted")
NO_KEY = re.compile(r"(?:does not accept option|unrecognized arguments:) '?([^\s'=]+)")
NO_IMPORT = re.compile(r"module '[^']*' has no attribute '(\w+)'|No module named '([^']+)'")
NO_CLASS = re.compile(
    r"(?:Expected a dot import path string|Unexpected import path format): ?((?!- )\S*)"
)
OPTIONS_OR_WORD = re.compile(
    r"Subtypes: \[<class '([\w.]+)'>, typing\.Literal\[('\w+')\], <class 'NoneType'>\]"
)
ABSTRACT = re.compile(r"class, but \S+ is abstract|class_path 'lightning.Callback': Option")
MISSING = re.compile(r"arguments are required: (.*)$|[Kk]ey \"([^\"]+)\" is required")
UNION = re.compile(
    r"Subtypes: \[(.*)\] Errors:.*?Given value: ?(.*?)(?: - Expected|\. Got value|$)"
)
SINGLE = re.compile(r"Expected an? (.*?)\. Got value: ?(.*?) ?(?:- Expected|\. Got value|$)")
NO_CALLABLE = re.compile(r"expects a function or a callable class: .*?(?: Given value: (.*))?$")
TYPE = re.compile(r"<class '(?:\w+\.)*(\w+)'>|((?:list|dict|tuple)\[[^\]]*\])|Literal\[([^\]]*)\]")


def explain(message: str, keys: Iterable[str], classes: Iterable[str]) -> str:
    """Return one line that says what is wrong, the rule, what came and the way out.

    Args:
        message: What jsonargparse says.
        keys: The options that the parser knows, dotted.
        classes: Class names that a config may use by their bare name.

    Returns:
        The line; jsonargparse's own words, joined to one line, where they are good enough.
    """
    text = re.sub(r"\s+", " ", message).strip()
    where, inner = _place(text)
    if match := NO_ENTRY.search(text):
        return (
            f"{where}.{match[1]}: there is no entry {match[1]!r} to change. "
            f"{near_ones(match[1], match[2].split(', '))}There {_are(match[2])}. For another one "
            f"give its class first, such as --{where}.{match[1]} CLASS."
        )
    if match := NO_CONFIG.search(text):
        return f"{where} must be the path of a YAML file with its keys, got {_got(match[1])}."
    if match := NO_SUBCLASS.search(text):
        got = re.split(" - Expected| Given value", match[2] or _value(text))[0]
        return f"{where} must name a class, a {match[1]}, got {got}."
    if NO_OPTIONS.search(text):
        return (
            f"{where}: a class is written as its name, or as `class_path`, a text, and "
            f"`init_args`, keys with values, got {_value(text)}."
        )
    if match := AMBIGUOUS.search(text):
        return f"{where}: {match[1]}."
    stray = NO_OPTION.search(text)
    mixed = ABSTRACT.search(text) and "'class_path'" in _value(text)
    if mixed or (stray and stray[1] in ("class_path", "init_args", "dict_kwargs")):
        return (
            f"{where}: beside `class_path` there may be `init_args` and `dict_kwargs` alone, and "
            f"the class must not be abstract, got {_value(text)}."
        )
    if ABSTRACT.search(text):
        return (
            f"{where}: an entry of the value {_value(text)} names no class. Check the entry's "
            f"name, or give its class first, such as --{where}.NAME CLASS."
        )
    if (match := stray) and CLASS.search(text):
        path = CLASS.findall(text)[-1]
        options = _options(path)
        return (
            f"{where}: {path.rpartition('.')[2]} has no option {match[1]!r}. "
            f"{_near(match[1], options)}Its options are {', '.join(options)}."
        )
    if match := MISSING.search(text):
        missing = re.split(r" - | Given value", match[1] or match[2])[0]
        if where:
            return f"{where}: {missing} must be given."
        return f"{missing} must be given: start from a whole config, --config FILE."
    if match := NO_KEY.search(text) or stray:
        word = match[1].lstrip("-")
        return f"There is no option {word!r}. {_near_keys(word, keys)}".strip()
    if match := NO_IMPORT.search(text):
        word = match[1] or match[2]
        return f"{where}: there is no {word!r} to import. {_near(word, classes)}".strip()
    if NO_CLASS.search(text) and (match := OPTIONS_OR_WORD.search(text)):
        names = ", ".join(_options(match[1]))
        return f"{where} must be options ({names}), {match[2]} or null, got {_value(text)}."
    if (match := NO_CLASS.search(text)) and match[1] in (classes := set(classes)):
        return f"{where}: {match[1]} is a class of another kind, and can't stand here."
    if match and (not where or where in KEY.findall(text)):
        return (
            f"{where}: there is no class {match[1]!r}. {_near(match[1], classes)}"
            "A class of your own is named with its module, such as my_module.MyClass."
        )
    if (match := NO_CALLABLE.search(text)) and ": " not in where:
        return f"{where} must name a class or a function, got {match[1]}."
    if (essence := unwrap(text)) != text:
        return f"{where}: {essence}"
    if match := UNION.search(inner) or SINGLE.search(inner):
        return (
            f"{where} must be {_types(match[1])}, got {_got(match[2])}.{_quotes(*match.groups())}"
        )
    return text


def unwrap(text: str) -> str:
    """Return what went wrong inside a value of several types, or the text as it is.

    The types that simply are not the value's are not what went wrong.
    """
    _, inside, errors = text.rpartition("Errors: - ")
    parts = errors.partition(" Given value type: ")[0].split(" - ")
    while parts and ROUTINE.match(parts[0]):
        parts.pop(0)
    while parts and ROUTINE.match(parts[-1]):
        parts.pop()
    plain = inside and parts and not any(map(ROUTINE.match, parts))
    return " - ".join(parts) if plain else text


def _place(text: str) -> tuple[str, str]:
    """Return the innermost key with the class it belongs to, and what is said of it."""
    keys, classes = list(dict.fromkeys(KEY.findall(text))), CLASS.findall(text)
    where = keys[0] if keys else ""
    if len(keys) > 1:
        owner = f"{classes[-1].rpartition('.')[2]}'s " if classes else ""
        where = f"{where}: {owner}{keys[-1]}"
    return where, KEY.split(text)[-1]


def _value(text: str) -> str:
    match = re.search(r"Given value: (.*?)(?: - Expected|$)", text)
    return match[1] if match else "given"


def _got(text: str) -> str:
    """Return a value as people write it."""
    return {"": "''", "None": "null", "True": "true", "False": "false"}.get(text, text)


def _quotes(types: str, value: str) -> str:
    """Return the way out where a config has a number, or a word of YAML's, for a text."""
    is_one = re.fullmatch(r"[-+.\w]+", value) and "<class 'str'>" in types
    return " Put it in quotes: a text that looks like something else needs them." if is_one else ""


def _are(names: str) -> str:
    return f"are {names}" if "," in names else f"is {names or 'none'}"


def _types(text: str) -> str:
    """Return types as people write them: ``int or null``."""
    names = [a or b or c.replace("'", "") for a, b, c in TYPE.findall(text)]
    return " or ".join("null" if name == "NoneType" else name for name in names) or text


def _near(word: str, names: Iterable[str]) -> str:
    return near_ones(word, sorted(set(names)), cutoff=0.7)


def _near_keys(word: str, keys: Iterable[str]) -> str:
    """Suggest dotted keys; a word without a dot is compared with their last parts."""
    keys = list(keys)
    if "." in word:
        return _near(word, keys) or _near(word.partition(".")[0], keys)
    tails = {key.rpartition(".")[2]: key for key in keys}
    near = difflib.get_close_matches(word, tails, n=3, cutoff=0.7)
    return f"Did you mean {', '.join(tails[tail] for tail in near)}? " if near else ""


def _options(class_path: str) -> list[str]:
    module, _, name = class_path.rpartition(".")
    return list(inspect.signature(getattr(import_module(module), name)).parameters)
