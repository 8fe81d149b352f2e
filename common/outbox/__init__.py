"""The outbox: write a row in the transaction, act after it, exactly as often as needed.

`enqueue` belongs into the transaction that makes the thing true. Celery is only the kick; the
sweep by beat finds whatever a lost broker, a dead worker or a passing failure left behind. A
message is claimed by a committed lease that is renewed while it is handled, handled with no
transaction open, and closed in a second transaction; when its lease runs out it is handled again
with the same dedupe key. `docs/decisions/0007-outbox.md` has the reasons.
"""

from __future__ import annotations

from common.outbox.delivery import deliver, deliver_now, sweep
from common.outbox.handlers import (
    DAY,
    HOUR,
    OF_MAIL,
    Handler,
    NotYet,
    duties,
    register,
    register_mail,
    words_for,
)
from common.outbox.queue import LEASE, claim, due_messages
from common.outbox.retrying import LONGEST_WAIT
from common.outbox.upkeep import Figures, figures, forget_old
from common.outbox.writing import (
    dismiss,
    enqueue,
    enqueue_new,
    is_appointment,
    kick,
    make_due,
    make_queue_due,
    put_back,
    send_again,
    withdraw,
)

__all__ = [
    "DAY",
    "HOUR",
    "LEASE",
    "LONGEST_WAIT",
    "OF_MAIL",
    "Figures",
    "Handler",
    "NotYet",
    "claim",
    "deliver",
    "deliver_now",
    "dismiss",
    "due_messages",
    "duties",
    "enqueue",
    "enqueue_new",
    "figures",
    "forget_old",
    "is_appointment",
    "kick",
    "make_due",
    "make_queue_due",
    "put_back",
    "register",
    "register_mail",
    "send_again",
    "sweep",
    "withdraw",
    "words_for",
]
