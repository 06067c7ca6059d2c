"""Frames to try things with: the orders of the service's guide, and as many like them as you wish."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

ORDERS_CSV: Final = """\
Order ID,Client ID,Amount,Date,First-time purchase,Discount coupon
8783845,HX-18900123,623.70,2024-11-01T16:04:38Z,TRUE,FALL2024
8758175,HD-92590022,104.90,2024-11-01T16:04:38Z,TRUE,N/A
8130627,HO-52900998,930.67,2024-11-01T16:04:38Z,FALSE,N/A
8864985,HX-25900860,811.10,2024-10-31T21:15:38Z,TRUE,BLACKFRIDAY
8648971,HM-22800560,424.00,2024-10-31T20:36:55Z,FALSE,SAVE30
8794467,HA-22100109,1015.15,2024-10-31T20:02:17Z,FALSE,N/A
8794438,HH-87500445,1013.80,2024-10-31T19:17:56Z,FALSE,N/A
8791438,HM-22800560,485.25,2024-10-31T16:40:05Z,TRUE,BLACKFRIDAY
"""
"""The sample of the service's guide "Create a reference set", as a file. ``N/A`` is a value there."""


def orders() -> pd.DataFrame:
    """Return the eight orders of the service's guide."""
    import pandas as pd

    return pd.read_csv(io.StringIO(ORDERS_CSV), keep_default_na=False, parse_dates=["Date"])


def many_orders(rows: int, seed: int = 0) -> pd.DataFrame:
    """Return made-up orders with the columns of the guide's.

    Parameters
    ----------
    rows : int
    seed : int
        The same seed makes the same orders.
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    ids = pd.Series(rng.permutation(np.arange(8_000_000, 8_000_000 + rows)))
    start = pd.Timestamp("2024-01-01", tz="UTC")
    letters = pd.Series(rng.choice(["HA", "HD", "HH", "HM", "HO", "HX"], rows), dtype="str")
    numbers = pd.Series(rng.integers(10_000_000, 99_999_999, rows)).astype("str")
    return pd.DataFrame(
        {
            "Order ID": ids,
            "Client ID": letters + "-" + numbers,
            "Amount": rng.integers(500, 200_000, rows) / 100,
            "Date": (start + pd.to_timedelta(rng.integers(0, 366 * 86_400, rows), unit="s")).as_unit("us"),
            "First-time purchase": rng.random(rows) < 0.3,
            "Discount coupon": pd.Series(
                rng.choice(["N/A", "FALL2024", "BLACKFRIDAY", "SAVE30"], rows), dtype="str"
            ),
        }
    )
