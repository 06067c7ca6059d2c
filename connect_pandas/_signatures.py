"""Signatures that say what a person types: keywords spelled out at run time, twins that share their words.

Type checkers read the keywords from the ``TypedDict``; ``help()``, Jupyter's completion and Shift-Tab read
``__signature__``, which would show them as ``**options``.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

_DEFAULTS: dict[str, Any] = {"folder": "", "header": True, "progress": True}


def spelled(function: F) -> F:
    """Spell out the keywords of a function whose last parameter is ``**options: Unpack[SomeTypedDict]``."""
    signature = inspect.signature(function)
    *given, options = signature.parameters.values()
    named = function.__globals__[re.sub(r"^Unpack\[(\w+)\]$", r"\1", str(options.annotation))]
    keywords = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS.get(name), annotation=_written(kind)
        )
        for name, kind in named.__annotations__.items()
    ]
    function.__signature__ = signature.replace(parameters=[*given, *keywords])  # type: ignore[attr-defined]
    return function


def _written(annotation: Any) -> str:
    return str(getattr(annotation, "__forward_arg__", annotation))


def twin_of(function: Callable[..., Any]) -> Callable[[F], F]:
    """Give a method the signature and the words of its twin, without the frame, which it has."""

    def like(method: F) -> F:
        signature = inspect.signature(function)
        _frame, *rest = signature.parameters.values()
        self = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        method.__signature__ = signature.replace(parameters=[self, *rest])  # type: ignore[attr-defined]
        words = inspect.getdoc(function) or ""
        words = re.sub(r"^df : pandas\.DataFrame\n( {4}.*\n)+", "", words, flags=re.MULTILINE)
        method.__doc__ = words.replace("Parameters\n----------\n\n", "")  # where there was only the frame
        return method

    return like
