"""Settings that hold for every test."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["support.postgres_fixtures"]

# A deadline would judge the machine. In continuous integration the same examples run every time;
# at a desk each run looks at new ones and prints how to repeat what it found.
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("dev", deadline=None, print_blob=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)
