"""The form over a plan, driven by its widgets against the sandbox."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import connect_pandas
from connect_pandas import ImportForm, Sandbox, samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with connect_pandas.sandbox() as sandbox:
        yield sandbox


def eventually(so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_the_form_shows_the_plan_and_its_line_of_code() -> None:
    form = samples.orders().connect.form("Orders", notify="ann@shop.example", folder="RS")
    assert form.plan.key == "Order ID"
    assert form.code == (
        "job = df.connect.create_reference_set("
        "'Orders', key='Order ID', notify=['ann@shop.example'], folder='RS')"
    )
    assert "Order ID" in form._shown.value
    assert not form._create.disabled


def test_another_key_makes_another_plan_and_its_problem_stops_the_button() -> None:
    form = samples.orders().connect.form("Orders")
    before = form.plan
    form._key.value = "Client ID"
    assert (before.key, form.plan.key) == ("Order ID", "Client ID")
    assert form._create.disabled
    assert "repeats the key" in form._shown.value
    form._key.value = "Order ID"
    assert not form._create.disabled


def test_a_wrong_address_stands_in_the_form_and_the_plan_stays() -> None:
    form = samples.orders().connect.form("Orders")
    form._notify.value = "ann@shop.example\nnobody"
    assert form.plan.notify == ()
    assert "nobody" in form._wrong.value
    assert form._create.disabled
    form._notify.value = "ann@shop.example\n"
    assert form.plan.notify == ("ann@shop.example",)
    assert not form._create.disabled


def test_an_unclear_key_is_asked_for() -> None:
    frame = pd.DataFrame({"amount": [1, 2, 2], "row id": ["a", "b", "c"], "ticket id": ["x", "y", "z"]})
    form = frame.connect.form("Tickets")
    assert form.plan.key is None
    assert form._create.disabled
    form._key.value = "ticket id"
    assert form.plan.key == "ticket id"
    assert not form._create.disabled


def test_create_imports_once_and_shows_the_end(box: Sandbox) -> None:
    form = samples.orders().connect.form("Orders")
    form._create.click()
    form._create.click()
    eventually(lambda: "no difference" in form._state.value)
    assert form.job is not None
    assert form.job.status == "completed"
    assert len(box.jobs) == 1
    form._create.click()
    assert len(box.jobs) == 1


def test_an_error_stands_in_the_form_in_words_and_allows_another_try(box: Sandbox) -> None:
    samples.orders().connect.create_reference_set("Orders", progress=False).wait()
    form = samples.orders().connect.form("Orders")
    form._create.click()
    eventually(lambda: "is taken" in form._state.value)
    eventually(lambda: not form._create.disabled)
    assert form.job is None


def test_a_column_named_like_markup_is_shown_as_text() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "<script>alert(1)</script>": ["<b>", "&"]})
    form = ImportForm(connect_pandas.plan(frame, "Markup"))
    assert "<script>" not in form._shown.value
    assert "&lt;script&gt;" in form._shown.value
