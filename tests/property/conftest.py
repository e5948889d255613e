"""How many examples the laws are tried on: 200, or 10,000 under HYPOTHESIS_PROFILE=deep."""

import os

from hypothesis import HealthCheck, settings

# No deadline: on a shared machine a slow example is not a wrong one.
settings.register_profile("quick", max_examples=200, deadline=None)
settings.register_profile(
    "deep",
    max_examples=10_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
