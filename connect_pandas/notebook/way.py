"""The picture of the way: frame → file → folder → set, with the numbers on it; a plan's and its job's are one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from connect_pandas.notebook.draw import Stop, count
from connect_pandas.rules import DATE_FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connect_pandas.notebook.draw import Verdict

_DELIMITER: Final = {",": "comma-separated", "\t": "tab-separated", "|": "pipe-separated"}
_NAMED: Final = 3
"""So many addresses are named; more are counted."""


def way(asked: Mapping[str, Any], rows: int, file_size: str, host: str = "") -> tuple[Stop, Stop, Stop, Stop]:
    """Return the four places that the data pass.

    Parameters
    ----------
    asked : mapping
        The guide's ``importInput``.
    rows : int
        How many records there are; the header is none.
    file_size : str
        The size of the file in words, and how exact it is; empty where nothing is known.
    host : str
        The file server; empty where it is not known yet.
    """
    attributes, place = asked["attributes"]["create"], asked["fileLocation"]
    header = "with header" if asked.get("skipFirstRow") else "no header"
    form = f"{_DELIMITER[asked.get('delimiter', ',')]}, {header}"
    folder = place["folder"] or "(the subscription's own)"
    return (
        Stop("frame", (f"{count(rows, 'row')} × {count(len(attributes), 'column')}",)),
        Stop("file", (place["filename"], form, *([file_size] if file_size else []))),
        Stop("folder", (folder, *([f"on {host}"] if host else []))),
        Stop("set", (asked["dataSetName"], _attributes(attributes), *_dates(asked))),
    )


def told(stop: Stop, verdict: Verdict, *words: str) -> Stop:
    """Return a place with how far the import has come there."""
    return replace(stop, verdict=verdict, words=(*stop.words, *words))


def notified(to: Sequence[str]) -> str:
    """Say who gets an e-mail."""
    if not to:
        return "nobody"
    return ", ".join(to[:_NAMED]) + (f" and {count(len(to) - _NAMED, 'other')}" if len(to) > _NAMED else "")


def _attributes(attributes: Sequence[Mapping[str, Any]]) -> str:
    key = next((a["name"] for a in attributes if (a.get("identifyAs") or {}).get("key")), None)
    return f"{count(len(attributes), 'attribute')}, {'no key yet' if key is None else f'key {key}'}"


def _dates(asked: Mapping[str, Any]) -> tuple[str, ...]:
    pattern = next((f.pattern for f in DATE_FORMATS if f.name == asked.get("dateFormat")), None)
    return (f"dates {pattern}",) if pattern else ()
