"""The language of the terminal, which is the operator's and not the site's."""

import os


def language() -> str:
    """`zh-hans` where the environment's locale is Chinese, else `en`."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh-hans" if value.lower().startswith("zh") else "en"
    return "en"
