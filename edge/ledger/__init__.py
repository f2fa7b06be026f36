"""The counter's ledger: one SQLite file of facts and events, written by the engine's thread alone.

Nothing is imported here: the bridge reads the outbox without the 20 MB of sqlite-utils.
"""
