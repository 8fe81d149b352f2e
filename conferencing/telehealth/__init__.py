"""Telehealth: join links of ours, and the LiveKit rooms behind them.

`links` makes and reads the addresses, `sittings` knows when a room is wanted, `rooms` keeps rooms
as those times say, `door` lets people in.
"""
