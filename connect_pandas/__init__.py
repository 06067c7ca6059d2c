"""A pandas DataFrame becomes an Acoustic Connect reference set in one line.

>>> import connect_pandas
>>> job = df.connect.create_reference_set("Orders")  # doctest: +SKIP
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from connect_pandas import accessor as _accessor  # noqa: F401 - registers df.connect

if TYPE_CHECKING:
    from connect_pandas._plan import ImportPlan
    from connect_pandas._sandbox import Sandbox
    from connect_pandas.api import (
        connect,
        create_reference_set,
        form,
        infer,
        jobs,
        plan,
        repair,
        sandbox,
        schema,
        setup,
        validate,
    )
    from connect_pandas.data.infer import Attribute, Attributes
    from connect_pandas.data.mends import Doubt
    from connect_pandas.data.problems import Problem, Problems
    from connect_pandas.data.repair import Repair
    from connect_pandas.errors import (
        AuthenticationFailed,
        ConfigurationError,
        ConnectError,
        ConnectionFailed,
        ConnectWarning,
        HostKeyError,
        ImportRejected,
        ImportTimeout,
        ImportUnconfirmed,
        PlanError,
        UploadFailed,
        ValidationError,
    )
    from connect_pandas.notebook.form import ImportForm
    from connect_pandas.notebook.setup_form import SetupForm
    from connect_pandas.service.connection import Connection
    from connect_pandas.service.history import job
    from connect_pandas.service.job import ImportJob
    from connect_pandas.service.verify import Verification

__version__ = "0.1.0"

__all__ = [
    "Attribute",
    "Attributes",
    "AuthenticationFailed",
    "ConfigurationError",
    "ConnectError",
    "ConnectWarning",
    "Connection",
    "ConnectionFailed",
    "Doubt",
    "HostKeyError",
    "ImportForm",
    "ImportJob",
    "ImportPlan",
    "ImportRejected",
    "ImportTimeout",
    "ImportUnconfirmed",
    "PlanError",
    "Problem",
    "Problems",
    "Repair",
    "Sandbox",
    "SetupForm",
    "UploadFailed",
    "ValidationError",
    "Verification",
    "connect",
    "create_reference_set",
    "form",
    "infer",
    "job",
    "jobs",
    "plan",
    "repair",
    "sandbox",
    "schema",
    "setup",
    "validate",
]

_ROOMS = {
    "api": "connect create_reference_set form infer jobs plan repair sandbox schema setup validate",
    "data.infer": "Attribute Attributes",
    "data.problems": "Problem Problems",
    "data.mends": "Doubt",
    "data.repair": "Repair",
    "errors": "AuthenticationFailed ConfigurationError ConnectError ConnectWarning ConnectionFailed "
    "HostKeyError ImportRejected ImportTimeout ImportUnconfirmed PlanError UploadFailed ValidationError",
    "notebook.form": "ImportForm",
    "notebook.setup_form": "SetupForm",
    "_plan": "ImportPlan",
    "_sandbox": "Sandbox",
    "service.connection": "Connection",
    "service.history": "job",
    "service.job": "ImportJob",
    "service.verify": "Verification",
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_import_module(f"{__name__}.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
