"""``df.connect``: each method is one call to its typed twin.

No state: pandas makes a new accessor on every access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd

from connect_pandas import api
from connect_pandas._signatures import twin_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandera.pandas as pa

    from connect_pandas._plan import ImportPlan
    from connect_pandas.data.infer import Attributes
    from connect_pandas.data.repair import Repair
    from connect_pandas.notebook.form import ImportForm
    from connect_pandas.rules import AttributeType
    from connect_pandas.service.job import ImportJob


@pd.api.extensions.register_dataframe_accessor("connect")
class ConnectAccessor:
    """A DataFrame as an Acoustic Connect reference set.

    Shown by itself it says what every column becomes, why, which is the key, and what is wrong::

        df.connect
        df.connect.create_reference_set("Orders")

    ``infer`` looks, ``validate`` checks, ``repair`` puts right, ``schema`` gives the Pandera contract, ``plan``
    decides everything and does nothing yet, ``create_reference_set`` does it, ``form`` is a form over the plan.
    Every method has a twin that type checkers and editors see: ``connect_pandas.plan(df, "Orders")``.
    """

    def __init__(self, df: pd.DataFrame) -> None:
        self._df = df

    @twin_of(api.infer)
    def infer(self) -> Attributes:
        return api.infer(self._df)

    @twin_of(api.schema)
    def schema(
        self,
        *,
        key: Hashable | list[Any] | None = None,
        types: Mapping[Any, AttributeType] | None = None,
        names: Mapping[Any, str] | None = None,
        date_format: str | None = None,
    ) -> pa.DataFrameSchema:
        return api.schema(self._df, key=key, types=types, names=names, date_format=date_format)

    @twin_of(api.validate)
    def validate(
        self,
        schema: api.Schema | None = None,
        *,
        key: Hashable | list[Any] | None = None,
        types: Mapping[Any, AttributeType] | None = None,
    ) -> pd.DataFrame:
        return api.validate(self._df, schema, key=key, types=types)

    @twin_of(api.repair)
    def repair(self, **rules: Any) -> Repair:
        return api.repair(self._df, **rules)

    @twin_of(api.plan)
    def plan(self, name: str, **options: Unpack[api.PlanOptions]) -> ImportPlan:
        return api.plan(self._df, name, **options)

    @twin_of(api.create_reference_set)
    def create_reference_set(self, name: str, **options: Unpack[api.SubmitOptions]) -> ImportJob:
        return api.create_reference_set(self._df, name, **options)

    @twin_of(api.form)
    def form(self, name: str, **options: Unpack[api.SubmitOptions]) -> ImportForm:
        return api.form(self._df, name, **options)

    def __repr__(self) -> str:
        return repr(self.infer())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.infer()._repr_mimebundle_(include, exclude)
