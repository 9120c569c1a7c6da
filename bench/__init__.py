"""Benchmarks: each module has `main(*, json_only: bool) -> dict`, run by `manage.py bench NAME`."""
