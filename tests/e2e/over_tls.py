"""A plugin of pytest: the same tests with keys and TLS instead of shared secrets, where they do not look into the line.

    python3 -m pytest -p over_tls tests/e2e/test_main_job.py     (PYTHONPATH=tests/e2e)
"""
import tls
import yz

yz.Field = tls.Field
