"""Settings of every test."""

from hypothesis import HealthCheck, settings

# How fast a machine makes examples says nothing about the code: speed is held by benchmarks.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
