"""When a process that answers requests looks for garbage."""

from __future__ import annotations

import gc

from django.urls import get_resolver

# New containers between two looks at the young ones; Python's own is 700.
_YOUNG = 20_000


def settle() -> None:
    """Call once, when the application is loaded and before the first request.

    Python frees nearly everything by counting; the collector only finds rings. Left alone it looks
    a dozen times at the young objects of one full calendar page, and now and then at everything
    that is alive: nearly 200,000 objects of Django and ours that are never freed, which took 80 ms
    out of a single request. `gc.freeze` keeps those out of sight for good, and with the higher
    threshold most pages are drawn without a look. What it costs is memory, because rings wait
    longer: 8 MB a process on top of 142, and no more after 700 full pages than after 100 (50,000
    would cost 22).
    """
    # Views, forms and serializers are imported with the addresses, else by the first request.
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
    _, middle, old = gc.get_threshold()
    gc.set_threshold(_YOUNG, middle, old)
