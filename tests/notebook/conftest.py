"""No form of one test looks up in another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _no_forms_left() -> Iterator[None]:
    widgets.Widget.close_all()
    yield
    widgets.Widget.close_all()
