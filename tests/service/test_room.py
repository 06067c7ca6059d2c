"""A subscription may have 5 sets, or up to 25: which, only the service knows, and it says so after the upload."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest
from fixtures_service import FakeApi, OrdersPlan, good

from connect_pandas.errors import ConnectWarning
from connect_pandas.service.journal import Journal
from connect_pandas.service.submit import submit

if TYPE_CHECKING:
    from connect_pandas._sandbox import Sandbox
    from connect_pandas.service.connection import Connection


def hold(fake: FakeApi, number: int) -> None:
    nodes = [{"name": f"Set{n}", "dataSetId": f"{n}", "type": "REFERENCE_SET"} for n in range(number)]
    fake.query = good(dataSets={"nodes": nodes})


def test_where_a_set_may_be_refused_that_is_said_before_the_upload(
    connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    hold(fake, 4)
    submit(OrdersPlan(name="Fifth", folder="fifth"), connection)  # without a warning
    hold(fake, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConnectWarning) as caught:
            submit(OrdersPlan(name="Sixth", folder="sixth"), connection)
    said = str(caught.value)
    assert "has 5 reference sets already: the service may refuse another" in said
    assert "delete one in its explorer" in said  # the file server is a sandbox's
    assert "sixth" not in set(box.files.folder)
    assert len(fake.mutations) == 1
    assert [entry.data_set_name for entry in Journal.open(connection).entries()] == ["Fifth"]
    told: list[str] = []
    submit(
        OrdersPlan(name="Sixth", folder="sixth"), connection, tell=told.append
    )  # as a form does, which has said it
    assert told == []
