"""What arrives by mail, read and judged: no table, no network, no clock.

`post` takes a mail apart, `lines` a calendar part, `reading` says what that means, and `rules`
what is to be done about it. RFC 5545 (iCalendar), RFC 5546 (iTIP) and RFC 6047 (iMIP).
"""
